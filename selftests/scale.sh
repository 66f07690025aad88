#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 1,000 services with 10 servers each: restored at once, dumped, and changed during dumps. A dump
# is a picture of one moment: every dump must be one of the two configurations, never a mixture.
# Meanwhile traffic flows: no request fails while 11,002 lines are restored, or refused.
#
#   [ cl ] c0 --- d0 [ dir ] d1 --- [ s1 ]
#
. "$(dirname "$0")/lib.sh"
topology routed 1
load_halb
start_nginx s1 one
flows_start

# config WEIGHT: 700 TCP and UDP services over IPv4, 300 over IPv6
config() {
	awk -v w="$1" 'BEGIN {
		for (i = 0; i < 1000; i++) {
			if (i < 700) {
				vip = sprintf("%s 10.9.%d.%d:80", i % 2 ? "tcp" : "udp", 1 + int(i / 200), 1 + i % 200)
				net = "10.3." i % 250 "."
			} else {
				vip = sprintf("tcp [fd00:9::%x]:80", i)
				net = "fd00:3::" i ":"
			}
			print "service add " vip " scheduler wrr"
			for (j = 1; j <= 10; j++) {
				server = i < 700 ? net j ":80" : "[" net j "]:80"
				print "server add " vip " " server " method nat weight " w
			}
		}
	}'
}
took() { echo "$(( ($(date +%s%N) - $1) / 1000000 )) ms"; }

config 1 > "$TMP/one"
config 2 > "$TMP/two"
cat >> "$TMP/one" <<END
service add tcp $VIP4:80 scheduler rr
server add tcp $VIP4:80 10.2.0.11:80 method nat weight 1
END
cat >> "$TMP/two" <<END
service add tcp $VIP4:80 scheduler rr
server add tcp $VIP4:80 10.2.0.11:80 method nat weight 2
END
is "$(grep -c ^service "$TMP/one") $(grep -c ^server "$TMP/one")" "1001 10001" "1,000 services of 10 servers, and one for traffic"

start=$(date +%s%N)
check "restore 11,002 lines" hc restore "$TMP/one"
diag "restore: $(took "$start")"
start=$(date +%s%N)
hc save > "$TMP/saved"
diag "dump: $(took "$start")"
is "$(grep -v ^settings "$TMP/saved" | sort | sha256sum)" "$(sort "$TMP/one" | sha256sum)" "the dump has every line of it"
is "$(hc -j service show | jq -c '[length, (map(.servers | length) | add)]')" "[1001,10001]" "so has the JSON listing"
is "$(hc service show | wc -l)" 11003 "and the table, with a line of headings"
is "$(hc -j server show tcp 10.9.2.22:80 | jq length)" 10 "one service's servers"
is "$(flows open tcp $VIP4 80)" one "traffic flows"

# Only one service changes.
start=$(date +%s%N)
check "a change among the thousand" hc server set tcp 10.9.2.22:80 10.3.221.5:80 weight 9
diag "one change: $(took "$start")"
is "$(hc save | grep -c 'weight 9$')" 1 "it took effect, once"
check "add one" hc service add tcp 10.9.200.1:80
check "remove one" hc service del tcp 10.9.200.1:80

# --- all or nothing, under traffic -------------------------------------------------------------
# Requests one after another, a connection for each ten, until it is enough.
{
	while [ ! -e "$TMP/enough" ]; do http_many cl "$(url $VIP4)" 10 || exit; done > "$TMP/answers" 2> "$TMP/errors"
} &
client=$!
answers() { wc -l < "$TMP/answers"; }
# more: requests were made since, to the end of the last one that had begun then
more() { [ "$(answers)" -ge $((count + 20)) ]; }
check "requests are made" wait_for 30 eval '[ "$(answers)" -ge 10 ]'
refusals=$(figures '.drops["no-server"]' '.drops["server-removed"]' '.passes["no-service"]')
flows open tcp $VIP4 80 n=5 >/dev/null
hc save > "$TMP/before"
# refused STATUS REGEX LINE NAME: the second configuration with a bad last line
refused() {
	{ cat "$TMP/two"; echo "$3"; } > "$TMP/bad"
	count=$(answers)
	fails_with "$1" "line 11003: .*$2" "$4" hc restore "$TMP/bad"
	is "$(hc save | cmp - "$TMP/before" 2>&1)" "" "$4: of 11,002 good lines before it none took effect"
	check "$4: requests go on" wait_for 30 more
}
refused 1 "has this server already" "server add tcp $VIP4:80 10.2.0.11:80 method nat" "a last line that the module refuses"
refused 1 "no such service" "server add tcp 10.9.250.1:80 10.2.0.11:80" "a last line without its service"
refused 2 "unknown command" "frobnicate" "a last line of nonsense"
count=$(answers)
check "restore the second configuration" hc restore "$TMP/two"
is "$(hc save | grep -c 'weight 2$')" 10001 "all of it took effect"
check "requests go on" wait_for 30 more
is "$(flows ask 2 6)" "$(names 5 one)" "connections go on"

# --- dumps while everything changes -----------------------------------------------------------
change() {
	while [ ! -e "$TMP/stop" ]; do
		hc restore "$TMP/two" || echo "restore failed" >> "$TMP/trouble"
		hc restore "$TMP/one" || echo "restore failed" >> "$TMP/trouble"
	done
}
check "the first configuration again" hc restore "$TMP/one"
sort "$TMP/one" | sha256sum > "$TMP/sums"
sort "$TMP/two" | sha256sum >> "$TMP/sums"
: > "$TMP/trouble"
change 2>> "$TMP/trouble" &
changer=$!
torn=0 dumps=0 kinds=
while [ $dumps -lt 12 ] || { [ "$(tr ' ' '\n' <<< "$kinds" | sort -u | grep -c .)" -lt 2 ] && [ $dumps -lt 40 ]; }; do
	hc save 2>> "$TMP/trouble" | grep -v ^settings | sort | sha256sum > "$TMP/sum"
	line=$(grep -nxFf "$TMP/sum" "$TMP/sums" | cut -d: -f1)
	[ -n "$line" ] || torn=$((torn + 1))
	kinds+=" $line"
	dumps=$((dumps + 1))
done
touch "$TMP/stop"
wait $changer
is "$torn" 0 "$dumps dumps while everything changes: each is one of the two configurations"
is "$(tr ' ' '\n' <<< "$kinds" | sort -u | xargs)" "1 2" "and both were seen"
is "$(cat "$TMP/trouble")" "" "no dump and no restore failed"
is "$(flows ask)" "$(names 6 one)" "the connections went on through it all"
touch "$TMP/enough"
wait $client
is "$? $(cat "$TMP/errors")" "0 " "no request failed in all that time"
is "$(figures '.drops["no-server"]' '.drops["server-removed"]' '.passes["no-service"]')" "$refusals" \
	"none found no service or no server"
is "$(($(answers) % 10)) $(sort -u "$TMP/answers")" "0 one" "each of $(answers) was answered"

start=$(date +%s%N)
check "flush" hc service flush
diag "flush: $(took "$start")"
is "$(hc -j service show)" "[]" "nothing is left"
done_testing
