#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# save | restore | save is the identity; a restore is one transaction: all of it or nothing, and
# flows that are in both configurations never notice.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]        [ other ]: an empty namespace
#                                  +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
setup_ns other
load_halb
for n in 1 2; do start_nginx s$n "${NAMES[n]}"; done
flows_start

# Everything that can be configured, with values that are not the defaults.
cat > "$TMP/config" <<END
settings set tcp-timeout 800 tcp-fin-timeout 90 udp-timeout 70 conn-limit 123456 vip-unmatched reject source-check off expire-quiescent-template on local-clients on suspect-after 7
service add tcp $VIP4:80 scheduler wrr
server add tcp $VIP4:80 10.2.0.11:80 method nat weight 1
server add tcp $VIP4:80 10.2.0.12:80 method nat weight 2 upper 1000 lower 500
service add udp $VIP4:53 scheduler rr persistent 50 netmask 255.255.255.0
server add udp $VIP4:53 10.2.0.11:5353 method nat weight 65535
server add udp $VIP4:53 10.2.0.12:53 method dr weight 0
service add tcp [$VIP6]:443 scheduler mh persistent 2678400 prefix 64 sh-fallback sh-port
server add tcp [$VIP6]:443 [fd00:2::b]:443 method tun weight 3
server add tcp [$VIP6]:443 [fd00:2::c]:8443 method nat weight 4 upper 10
service add tcp 10.9.0.81:80 scheduler sh sh-port adopt through-stack
service add tcp 10.9.0.82:1 scheduler lc
service add udp [$VIP6]:65535 scheduler wlc persistent 300
END
check "restore a configuration with everything in it" hc restore "$TMP/config"
hc save > "$TMP/saved"
is "$(cat "$TMP/saved")" "$(cat "$TMP/config")" "save gives back what was restored, line by line"
check "restore what was saved, from stdin" eval 'hc restore < "$TMP/saved"'
is "$(hc save)" "$(cat "$TMP/saved")" "and save it again: the same"
check "the pipe, into an empty namespace" eval 'hc save | on other halbctl restore'
is "$(on other halbctl save)" "$(cat "$TMP/saved")" "the other namespace has the same"
check "comments and empty lines" eval '{ echo "# saved"; echo; cat "$TMP/saved"; echo "   # end"; } | hc restore'
is "$(hc save)" "$(cat "$TMP/saved")" "change nothing"

# Line by line as commands: the same result as in one transaction.
on other halbctl service flush
sed 's/^/halbctl /' "$TMP/config" > "$TMP/commands"
check "each line is a command" on other bash -e "$TMP/commands"
is "$(on other halbctl save)" "$(cat "$TMP/saved")" "with the same result"

# --- all or nothing --------------------------------------------------------------------------
flow=$(flows open tcp $VIP4 80)
conns=$(figures .total.conns)
bad() { # LINE-NUMBER STATUS LINE REGEX NAME
	sed "$1i $3" "$TMP/saved" > "$TMP/bad"
	fails_with "$2" "line $1: .*$4" "$5" hc restore "$TMP/bad"
	is "$(hc save)" "$(cat "$TMP/saved")" "$5: nothing has changed"
}
bad 5 2 'service add tcp 10.9.0.83:80 schedluer rr' "did you mean 'scheduler'" "a restore with a misspelt word"
bad 9 2 'server add tcp 10.9.0.83:99999 10.0.0.1' 'ports are 0 to 65535' "a restore with a bad port"
bad 2 1 'server add tcp 10.9.0.83:80 10.0.0.1' 'no such service' "a restore with a server of no service"
bad 13 1 "service add tcp $VIP4:80" 'exists already' "a restore with a service twice"
bad 13 1 'service add tcp 10.9.0.83:80 scheduler foo' 'foo|rr' "a restore with an unknown scheduler at its end"
bad 1 2 'frobnicate' 'unknown command' "a restore with an unknown command"
head -c 5000 /dev/urandom | tr -d '\n#' > "$TMP/noise"
fails_with 2 'line 1: ' "a restore of noise" hc restore "$TMP/noise"
: > "$TMP/empty"
fails_with 1 'no line to restore' "a restore of an empty file" hc restore "$TMP/empty"
fails_with 1 'No such file' "a restore of no file" hc restore "$TMP/nowhere"
is "$(hc save)" "$(cat "$TMP/saved")" "nothing has changed"
is "$(flows ask)" "$flow" "a connection lives through all this"

# --- flows and statistics survive ---------------------------------------------------------------
grep -v 10.9.0.81 "$TMP/saved" | sed "s/10.2.0.11:80 method nat weight 1/10.2.0.11:80 method nat weight 7/" > "$TMP/next"
check "restore another configuration" hc restore "$TMP/next"
is "$(hc save)" "$(cat "$TMP/next")" "it took effect"
is "$(flows ask)" "$flow" "a connection of a service that is in both goes on"
is "$(figures .total.conns)" "$conns" "its statistics, too"

# Not a moment without service: requests all the while, until the configuration was replaced twenty times.
{
	while [ ! -e "$TMP/enough" ]; do http_many cl "$(url $VIP4)" 10 || exit; done > "$TMP/answers" 2> "$TMP/errors"
} &
client=$!
wait_for 30 [ -s "$TMP/answers" ]
for ((n = 0; n < 20; n += 2)); do
	hc restore "$TMP/saved" && hc restore "$TMP/next" || break
done
touch "$TMP/enough"
wait $client
is "$? $n $(cat "$TMP/errors")" "0 20 " "no request fails while the configuration is replaced"
between "$(wc -l < "$TMP/answers")" 20 100000 "requests were made meanwhile"
is "$(($(wc -l < "$TMP/answers") % 10))" 0 "each was answered"
done_testing
