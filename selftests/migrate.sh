#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A running director is moved from ip_vs to halb under traffic, and back. What is connected
# stays where it is until it ends, what is new goes to the other one, nobody is refused or cut
# off. The commands are those of halbctl-ipvsadm(8).
#
#        10.1.0.2            10.1.0.1  10.2.0.1
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- [ s1 ]    nat, then dr
#                     lo: 10.9.0.80           +--- [ s2 ]
#                         fd00:9::80
. "$(dirname "$0")/lib.sh"
IPVSADM=/usr/sbin/ipvsadm
modprobe ip_vs || bail "no ip_vs in this kernel"
[ -x $IPVSADM ] || bail "no ipvsadm: run selftests/vm/deps.sh"

# traffic NAME VIP: one request after the other, each on a connection of its own, until the file
# $TMP/traffic is gone; the answers are in $TMP/NAME.
traffic() {
	while [ -e "$TMP/traffic" ]; do
		http cl "$(url "$2")" -H 'Connection: close' || echo failed
	done > "$TMP/$1" 2>&1 < /dev/null
}
# more NAME N: until N more answers are there
more() {
	local before
	before=$(wc -l < "$TMP/$1")
	wait_for 60 eval "[ \$(wc -l < $TMP/$1) -ge $((before + $2)) ]" || diag "the requests $1 stand still"
}
# Connections of some clients, ADDRESS:PORT each: the two families draw their ports from the same
# range, so that a port alone names nobody.
in_ip_vs() { dir $IPVSADM -Lnc | awk '{ print $4 }' | of_these "$@"; } # CLIENT...
in_halb() { # CLIENT...
	hc -j conn | jq -r '.[] | (.client_address | if test(":") then "[\(.)]" else . end) + ":\(.client_port)"' |
		of_these "$@"
}
of_these() { grep -cxF "$(printf '%s\n' "$@")"; }
clients() { flows list | tr ' ' '\n' | tail -n +"$1" | head -n "$2"; } # FIRST COUNT
idle() { [ "$(hc -j conn | jq '[.[] | select(.state == "established")] | length')" = 0 ]; }

# shellcheck disable=SC2046 # what clients prints is words
move() { # METHOD
	local method=$1 flag=-m vip n file out first second third total
	[ "$method" = nat ] || flag=-g
	topology routed 2
	vip_local dir $VIP4 $VIP6
	start_nginx s1 one
	start_nginx s2 two
	for vip in $VIP4 $VIP6; do
		dir $IPVSADM -A -t "$(endpoint $vip 80)" -s rr
		for n in 1 2; do
			dir $IPVSADM -a -t "$(endpoint $vip 80)" -r "$(endpoint "$(server_addr $n $vip)" 80)" $flag
		done
		prepare "$method" $vip
	done
	flows_start
	touch "$TMP/traffic"
	traffic v4 $VIP4 &
	traffic v6 $VIP6 &
	http cl "$(url $VIP4 80 10485760)" --limit-rate 300k --max-time 300 -o "$TMP/old" &
	file=$!
	first="$(flows open tcp $VIP4 80 n=3) $(flows open tcp $VIP6 80 n=3)"
	more v4 3
	more v6 3

	# A word to who did not know.
	out=$(hc service add tcp 10.9.0.99:80 2>&1)
	is "$? $out" "0 halb: ip_vs has 2 services here, which halb does not see; to take them over: $IPVSADM -S -n | halbctl -R" \
		"$method: halbctl tells of ip_vs"
	is "$(hc service add tcp 10.9.0.98:80 2>&1; hc -A -t 10.9.0.97:80 2>&1)" "" "$method: once"
	hc service flush

	# There.
	check "$method: the line that imports" dir bash -c "set -o pipefail; $IPVSADM -S -n | halbctl -R"
	is "$(hc -S -n | sort)" "$(dir $IPVSADM -S -n | sort)" "$method: halb has what ip_vs has"
	total=$(figures .total.conns)
	more v4 5
	more v6 5
	between "$(figures .total.conns)" $((total + 8)) 100000 "$method: new connections go to halb"
	is "$(flows ask)" "$first" "$method: old connections go on, with their servers"
	is "$(in_ip_vs $(clients 1 6)) $(in_halb $(clients 1 6))" "6 0" "$method: in ip_vs"
	second="$(flows open tcp $VIP4 80 n=2) $(flows open tcp $VIP6 80 n=2)"
	is "$(in_ip_vs $(clients 7 4)) $(in_halb $(clients 7 4))" "0 4" "$method: who connects now is in halb"

	# And back.
	check "$method: the line that gives back" dir bash -c \
		"set -o pipefail; halbctl save | sed '/^service add/s/\$/ yield/' | halbctl restore"
	more v4 2
	more v6 2
	total=$(figures .total.conns)
	more v4 5
	more v6 5
	is "$(figures .total.conns)" "$total" "$method: no new connection goes to halb"
	is "$(flows ask)" "$first $second" "$method: all connections go on, with their servers"
	third="$(flows open tcp $VIP4 80 n=2) $(flows open tcp $VIP6 80 n=2)"
	is "$(in_ip_vs $(clients 11 4)) $(in_halb $(clients 11 4))" "4 0" "$method: who connects now is in ip_vs"
	is "$(in_halb $(clients 7 4))" 4 "$method: halb still has its own"
	flows close 7 10 > /dev/null
	check "$method: halb's connections end" wait_for 60 idle
	hc service flush
	is "$(flows ask 1 6) $(flows ask 11 14)" "$first $third" "$method: without halb's services, those of ip_vs go on"
	more v4 2

	rm "$TMP/traffic"
	wait $file
	is $? 0 "$method: a download that began before and ended after all that"
	check "$method: is whole" cmp "$TMP/old" $WWW/10485760
	wait
	is "$(grep -cvxE 'one|two' "$TMP/v4" "$TMP/v6" | sed 's/.*://' | xargs)" "0 0" \
		"$method: of $(cat "$TMP/v4" "$TMP/v6" | wc -l) requests none was lost"
	flows forget > /dev/null
	dir $IPVSADM -C
	topology_down
}
load_halb
move nat
move dr
done_testing
