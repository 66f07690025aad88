#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# UDP: what makes a flow, how long it lasts, and whom it follows. (Payloads: nat.sh, dr.sh and
# tun.sh)
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
for n in 1 2; do start_udp s$n "${NAMES[n]}"; done
flows_start
conns() { hc -j conn show udp | jq length; }

for method in nat dr tun; do
	for vip in $VIP4 $VIP6; do
		balance $method udp $vip 53
		# One socket is one flow, each new one is scheduled.
		one=$(flows open udp $vip 53)
		two=$(flows open udp $vip 53)
		is "$(tally "$one $two")" "one=1 two=1" "$method, $vip: two sockets, two servers"
		is "$(flows ask 1) $(flows ask 2) $(flows ask 1)" "$one $two $one" "$method, $vip: each stays with its server"
		is "$(conns)" 2 "$method, $vip: two connections"
		flows forget >/dev/null
		# The same source port again: the same flow, also from a new socket.
		one=$(flows once udp $vip 53 sport=4000)
		is "$(flows once udp $vip 53 n=3 sport=4000)" "$(names 3 "$one")" "$method, $vip: a source port used again is the same flow"
		is "$(hc -j conn show client "$(endpoint "$(is6 $vip && echo fd00:1::2 || echo 10.1.0.2)" 4000)" |
			jq -c '.[] | [.state, .method, .service_port, .expires > 200]')" \
			"[\"udp\",\"$method\",53,true]" "$method, $vip: it is listed, with its time to live"
		hc service flush
		hc conn flush >/dev/null
	done
done

# --- the time to live ------------------------------------------------------------------------
balance nat udp $VIP4 53
hc settings set udp-timeout 2
got=
for _ in 1 2 3 4; do
	got+="$(flows once udp $VIP4 53 sport=4001) "
	check "an idle flow is forgotten" wait_for 30 eval '[ "$(conns)" = 0 ]'
done
is "$(tally "$got")" "one=2 two=2" "and scheduled anew when it speaks again"
# It is the idle time that counts, not the age.
hc settings set udp-timeout 30
first=$(flows open udp $VIP4 53)
check "the clock runs" wait_for 30 eval '[ "$(hc -j conn show | jq ".[0].expires")" -le 27 ]'
is "$(flows ask)" "$first" "a packet in time"
between "$(hc -j conn show | jq '.[0].expires')" 28 30 "starts the time anew"

# --- the same port number over TCP and UDP, and on another VIP --------------------------------
hc service flush
hc conn flush >/dev/null
flows forget >/dev/null
start_nginx s1 one 53
balance nat udp $VIP4 53 rr 0 1
balance nat tcp $VIP4 53 rr 1 0
is "$(flows once udp $VIP4 53 n=2) $(flows once tcp $VIP4 53 n=2)" "two two one one" "TCP and UDP of one port are two services"
hc service del tcp $VIP4:53
is "$(flows once udp $VIP4 53)" two "one of them may leave"
done_testing
