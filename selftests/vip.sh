#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The VIP may be an address of the director, or just be routed to it. What comes to a VIP and
# matches no service meets the setting vip-unmatched, unless the VIP is local.
#
#        10.1.0.2            10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- e0 [ s1 ]
#                       10.9.0.80, or not     +--- e0 [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
start_servers 1 2
start_nginx dir director 8080
flows_start

local_vips() { # add|del
	ip -n dir addr "$1" $VIP4/32 dev lo
	ip -n dir addr "$1" $VIP6/128 dev lo ${2:-}
}

# --- every method, local and not -------------------------------------------------------------
for method in nat dr tun; do
	for vip in $VIP4 $VIP6; do
		balance $method tcp $vip 80
		balance $method udp $vip 53
	done
	for place in remote local; do
		[ $place = local ] && local_vips add nodad
		for vip in $VIP4 $VIP6; do
			is "$(tally "$(flows once tcp $vip 80 n=2) $(flows once udp $vip 53 n=2)")" "one=2 two=2" \
				"$method: $vip is $place: TCP and UDP are balanced"
		done
	done
	# It goes away under flows that are open, and comes back.
	flows forget >/dev/null
	began=$(flows open tcp $VIP4 80) && began+=" $(flows open tcp $VIP6 80)"
	local_vips del
	is "$(flows ask)" "$began" "$method: open flows do not care when the address goes"
	local_vips add nodad
	is "$(flows ask)" "$began" "$method: or comes"
	local_vips del
	hc service flush
	hc conn flush >/dev/null
done

# --- vip-unmatched -------------------------------------------------------------------------
balance nat tcp $VIP4 80
balance nat tcp $VIP6 80
hc settings set vip-unmatched drop
flows timeout 1 >/dev/null
for vip in $VIP4 $VIP6; do
	before=$(drops vip-unmatched)
	is "$(flows once tcp $vip 81) $(flows once udp $vip 53)" "timeout timeout" "$vip: drop: silence on other ports"
	between "$(drops vip-unmatched)" $((before + 2)) $((before + 3 + HALB_SLOW)) "$vip: drop: counted"
	is "$(tally "$(flows once tcp $vip 80 n=2)")" "one=1 two=1" "$vip: drop: the service is not concerned"
done
flows timeout 10 >/dev/null
hc settings set vip-unmatched reject
for vip in $VIP4 $VIP6; do
	before=$(drops vip-unmatched)
	sent=$(figures '.paths["rst-sent"]' '.paths["icmp-sent"]')
	is "$(flows once tcp $vip 81) $(flows once udp $vip 53)" "refused refused" "$vip: reject: refused at once"
	is "$(drops vip-unmatched)" $((before + 2)) "$vip: reject: counted"
	is "$(figures '.paths["rst-sent"]' '.paths["icmp-sent"]')" "$((${sent% *} + 1)) $((${sent#* } + 1))" \
		"$vip: reject: a RST for TCP, an ICMP error for UDP"
done
# It is the service's flows only that it is about: other VIPs' are not ours.
is "$(flows once tcp 10.9.0.99 81)" unreachable "reject: an address that is no VIP is the stack's"
hc settings set vip-unmatched accept
for vip in $VIP4 $VIP6; do
	before=$(passes no-service)
	# The director forwards it, and has no route for it.
	is "$(flows once tcp $vip 81)" unreachable "$vip: accept: the stack's own answer"
	# A SYN whose answer comes while the socket is busy is sent once more.
	between "$(passes no-service)" $((before + 1)) $((before + 2 + HALB_SLOW)) "$vip: accept: counted as passed on"
done
local_vips add nodad
hc settings set vip-unmatched reject
for vip in $VIP4 $VIP6; do
	is "$(http cl "$(url $vip 8080)")" director "$vip: local: the director's own server answers in spite of reject"
	is "$(flows once tcp $vip 81)" refused "$vip: local: a port without a server is refused by the stack"
done
done_testing
