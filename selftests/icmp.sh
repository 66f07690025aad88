#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ICMP follows the connection of the packet that it quotes: a client hears of its server's
# closed port, of packets that are too big and of a TTL that is spent, and from somebody whom it
# believes. The link between the routers r and q gets a small MTU:
#
#        10.1.0.2           10.1.0.1     10.4.0.1    10.4.0.2             10.6.0.2
#   [ cl ] c0 ------------- d0 [ dir ] d2 --- r0 [ r ] r1 ... q0 [ q ] q1 --- f0 [ far ]
#                              d1 --- [ s1 ]
. "$(dirname "$0")/lib.sh"
topology routed 1
load_halb
setup_ns r q far
forwarding r
forwarding q
wire dir d2 r r0
wire r r1 q q0
wire q q1 far f0
address dir d2 10.4.0.1/24 fd00:4::1/64
address r r0 10.4.0.2/24 fd00:4::2/64
address r r1 10.5.0.1/24 fd00:5::1/64
address q q0 10.5.0.2/24 fd00:5::2/64
address q q1 10.6.0.1/24 fd00:6::1/64
address far f0 10.6.0.2/24 fd00:6::2/64
ip -n dir route add 10.6.0.0/24 via 10.4.0.2
ip -n dir -6 route add fd00:6::/64 via fd00:4::2
ip -n r route add 10.6.0.0/24 via 10.5.0.2
ip -n r -6 route add fd00:6::/64 via fd00:5::2
ip -n r route add default via 10.4.0.1
ip -n r -6 route add default via fd00:4::1
ip -n q route add default via 10.5.0.1
ip -n q -6 route add default via fd00:5::1
ip -n far route add default via 10.6.0.1
ip -n far -6 route add default via fd00:6::1
start_nginx far far
start_udp far far
start_servers 1
flows_start
set -f

small() { ip -n r link set r1 mtu "$1"; ip -n q link set q0 mtu "$1"; }
# What hosts have learnt about paths is forgotten, the director's knowledge as well.
forget() {
	local ns
	for ns in cl dir far; do
		ip -n $ns route flush cache
		ip -n $ns -6 route flush cache
	done
}

for vip in $VIP4 $VIP6; do
	is6 $vip && far=fd00:6::2 s1=fd00:2::b v=-6 largest=1452 || far=10.6.0.2 s1=10.2.0.11 v=-4 largest=1472
	tcp="tcp $(endpoint $vip 80)" udp="udp $(endpoint $vip 53)" closed="udp $(endpoint $vip 54)"
	for p in "$tcp" "$udp" "$closed"; do
		hc service add $p
		hc server add $p "$(is6 $vip && echo "[$far]" || echo $far)" method nat
	done
	is "$(flows once tcp $vip 80) $(flows once udp $vip 53)" "far far" "$vip: the far server answers"

	# --- a closed port -----------------------------------------------------------------
	is "$(flows once udp $vip 54)" refused "$vip: nat: a closed port at the server: the client is told"
	is "$(flows once tcp $vip 80)" far "$vip: the open one is not concerned"

	# --- a router between with a small MTU, both ways -----------------------------------
	small 1280
	forget
	check "$vip: nat: a file through an MTU of 1280" get_files cl $vip 1000000
	forget
	check "$vip: nat: a file to the server through an MTU of 1280" put_files cl $vip 1000000
	like "$(ip -n cl $v route get $vip)" 'mtu 1280' "$vip: nat: the client has learnt the MTU of the path to the VIP"
	is "$(flows echo $vip 53 $largest tries=3)" same "$vip: nat: a datagram too big for the path, once that is known"
	small 1500
	forget

	# --- the director's own link is the small one ----------------------------------------
	before=$(drops packet-too-big)
	ip -n dir link set d2 mtu 1300
	ip -n r link set r0 mtu 1300
	check "$vip: nat: a file to the server, the director's link has an MTU of 1300" put_files cl $vip 1000000
	between "$(drops packet-too-big)" $((before + 1)) $((before + 20)) "$vip: nat: the director answered for itself"
	like "$(ip -n cl $v route get $vip)" 'mtu 1300' "$vip: nat: the client has learnt the MTU"
	ip -n dir link set d2 mtu 1500
	ip -n r link set r0 mtu 1500
	forget
	hc service flush

	# --- tun: the outer packet meets the small MTU ---------------------------------------
	n=$(is6 $vip && echo ip6tnl || echo ipip)
	if is6 $vip; then
		modprobe -q ip6_tunnel
		ip -n far link add tun6 type ip6tnl mode any local fd00:6::2 remote ::
	else
		ip -n far link add tun4 type ipip local 10.6.0.2 remote any
	fi
	ip -n far link set "$(is6 $vip && echo tun6 || echo tun4)" up
	dr_server far $vip
	hc service add $tcp
	hc server add $tcp "$(is6 $vip && echo "[$far]" || echo $far)" method tun
	is "$(flows once tcp $vip 80)" far "$vip: $n: the far server answers"
	# The inner packet must still be 1280 bytes long, RFC 8200, 5.
	small 1400
	forget
	check "$vip: $n: a file to the server, the path has an MTU of 1400" put_files cl $vip 1000000
	is6 $vip && inner=1360 || inner=1380
	like "$(ip -n cl $v route get $vip)" "mtu $inner" "$vip: $n: the client has learnt $inner: the path's MTU less the outer header"
	small 1500
	forget
	hc service flush

	# --- TTL -----------------------------------------------------------------------------
	balance nat udp $vip 53
	is6 $vip && raw="raw6 udp fd00:1::2 $vip" || raw="raw4 udp 10.1.0.2 $vip"
	cl tcpdump -i c0 -nn -l -c 1 '(icmp and icmp[0] = 11) or (icmp6 and ip6[40] = 3)' \
		> "$TMP/ttl" 2> "$TMP/ttl.err" &
	dump=$!
	check "$vip: tcpdump listens" wait_for 20 grep -q listening "$TMP/ttl.err"
	before=$(drops ttl-exceeded)
	is "$(flows $raw 4000 53 ttl=1)" sent "$vip: a packet with a TTL of 1"
	check "$vip: time exceeded comes back" wait_for 20 eval "! kill -0 $dump"
	kill $dump 2>/dev/null
	like "$(cat "$TMP/ttl")" "$(is6 $vip && echo 'fd00:1::1 > fd00:1::2.*time exceeded' || echo '10.1.0.1 > 10.1.0.2.*time exceeded')" \
		"$vip: from the director"
	is "$(drops ttl-exceeded)" $((before + 1)) "$vip: counted"
	before=$(figures .total.in_packets .total.out_packets)
	is "$(flows $raw 4000 53 ttl=2 size=5)" sent "$vip: one with a TTL of 2"
	check "$vip: reaches the server, and is answered" wait_for 10 eval \
		"[ \"\$(figures .total.in_packets .total.out_packets)\" != '$before' ]"
	hc service flush

	# --- nobody there ----------------------------------------------------------------------
	hc service add $udp
	hc service add $tcp
	before=$(drops no-server)
	is "$(flows once udp $vip 53) $(flows once tcp $vip 80)" "refused refused" "$vip: no server: the client is told at once"
	# A SYN is sent once more when the error finds the client's socket busy.
	between "$(drops no-server)" $((before + 2)) $((before + 5)) "$vip: no server: counted"
	hc service flush
	hc conn flush >/dev/null
done

# Pings are nobody's connection: the stack's.
balance nat tcp $VIP4 80
vip_local dir $VIP4
check "ping of a local VIP" cl ping -qc 2 -W 5 $VIP4
check "ping through the director to a nat server" cl ping -qc 2 -W 5 10.2.0.11
check "ping of a nat server that answers for itself" s1 ping -qc 2 -W 5 10.1.0.2
done_testing
