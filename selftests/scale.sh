#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 1,000 services with 10 servers each: restored at once, dumped, and changed during dumps. A dump
# is a picture of one moment: every dump must be one of the two configurations, never a mixture.
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
is "$(flows ask)" one "the connection went on through it all"

start=$(date +%s%N)
check "flush" hc service flush
diag "flush: $(took "$start")"
is "$(hc -j service show)" "[]" "nothing is left"
done_testing
