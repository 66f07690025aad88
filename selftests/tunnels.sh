#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every kind of tunnel: ipip, gue and gre with each of their checksums, IPv4 and IPv6 inside,
# IPv4 and IPv6 outside. The server takes the packets out with the kernel's own devices. Its
# replies come back as they are, forwarded by the director's stack. The link between the router
# and the server can get a small MTU.
#
#        10.1.0.2           10.1.0.1   10.4.0.1    10.4.0.2        10.6.0.2
#   [ cl ] c0 ------------- d0 [ dir ] d2 ------ r0 [ r ] r1 ------ f0 [ far ] t-end
#
. "$(dirname "$0")/lib.sh"
topology routed 0
load_halb
setup_ns r far
forwarding r
wire dir d2 r r0
wire r r1 far f0
address dir d2 10.4.0.1/24 fd00:4::1/64
address r r0 10.4.0.2/24 fd00:4::2/64
address r r1 10.6.0.1/24 fd00:6::1/64
address far f0 10.6.0.2/24 fd00:6::2/64
address far f0 10.6.0.3/24 fd00:6::3/64
ip -n dir route add 10.6.0.0/24 via 10.4.0.2
ip -n dir -6 route add fd00:6::/64 via fd00:4::2
ip -n r route add default via 10.4.0.1
ip -n r -6 route add default via fd00:4::1
ip -n far route add default via 10.6.0.1
ip -n far -6 route add default via fd00:6::1
start_nginx far far
start_udp far far
flows_start
# Datagrams that do not fit are lost for the news, and sent again.
flows timeout 2 >/dev/null
set -f
GUE_PORT=6080
for m in ipip sit ip6_tunnel ip_gre ip6_gre fou fou6; do
	modprobe $m || bail "no module $m in this kernel"
done
on far ip fou add port $GUE_PORT gue || bail "no gue in far"
on far ip -6 fou add port $GUE_PORT gue || bail "no gue over IPv6 in far"
for vip in $VIP4 $VIP6; do dr_server far $vip; done

# end_at ADDRESS VIP TYPE CSUM: the server's end of the tunnel. A GRE device takes packets with a
# checksum only if it is told so, and then no others.
end_at() {
	local at=$1 vip=$2 type=$3 csum=$4 any=any kind=ipip more=()
	if is6 $at; then
		any=:: kind=ip6tnl more=(mode any)
	elif is6 $vip; then
		kind=sit
	fi
	if [ $type = gre ]; then
		kind=gre more=()
		is6 $at && kind=ip6gre
		[ $csum = none ] || more=(icsum)
	fi
	ip -n far link del t-end 2>/dev/null
	ip -n far link add t-end type $kind local $at remote $any "${more[@]}" &&
		ip -n far link set t-end up && on far sysctl -qw net.ipv4.conf.t-end.rp_filter=0
}

# overhead ADDRESS TYPE CSUM: bytes before the packet, by the documents of the protocols
overhead() {
	local n=20
	is6 $1 && n=40
	case $2:$3 in
	gue:remcsum) n=$((n + 20)) ;;	# UDP 8, GUE 4, private flags 4, offsets 4
	gue:*) n=$((n + 12)) ;;
	gre:csum) n=$((n + 8)) ;;
	gre:*) n=$((n + 4)) ;;
	esac
	echo $n
}

small() { ip -n r link set r1 mtu "$1"; }
# What the client and the director have learnt about paths is forgotten.
forget() {
	local ns
	for ns in cl dir; do
		ip -n $ns route flush cache
		ip -n $ns -6 route flush cache
	done
}
learnt() { # VIP
	local v=-4
	is6 $1 && v=-6
	ip -n cl $v route get $1 | sed -n 's/.* mtu \([0-9]*\).*/\1/p'
}
offloads() { # on|off
	cl ethtool -K c0 tx $1 sg $1 tso $1 gso $1 >/dev/null
	dir ethtool -K d0 gro $1 >/dev/null
	director_offloads $1
}
director_offloads() { # on|off
	dir ethtool -K d2 tx $1 sg $1 tso $1 gso $1 >/dev/null
}
errors() { # that the server counted in tunnels' headers
	on far nstat -asz | awk '/^(Udp6?InCsumErrors|Udp6?InErrors)/ { n += $2 } END { print n + 0 }'
	ip -n far -s -j link show t-end | jq '.[0].stats64.rx.errors'
}
unreachables() { cl nstat -asz | awk '/^Icmp6?InDestUnreachs/ { n += $2 } END { print n + 0 }'; }
other_drops() { figures '(.drops | del(.["packet-too-big"]) | add)'; }

carries() { # OUTER VIP TYPE CSUM
	local outer=$1 vip=$2 type=$3 csum=$4 at=10.6.0.2 inner=4 name n options s dropped was
	# At an address of its own: connections of the case before were flushed, and a reset by which
	# a client answers when it is asked still goes to their server, in their kind of tunnel.
	[ $type:$csum = gre:csum ] && at=10.6.0.3
	[ $outer = 6 ] && at=fd00:6::${at##*.}
	is6 $vip && inner=6
	name="IPv$inner in $type${csum/none/} in IPv$outer"
	[ $csum = none ] || name="IPv$inner in $type with $csum in IPv$outer"
	options="tun-type $type tun-csum $csum"
	[ $type = gue ] && options+=" tun-port $GUE_PORT"
	end_at $at $vip $type $csum || bail "cannot make the end of $name"
	for s in "tcp $(endpoint $vip 80)" "udp $(endpoint $vip 53)"; do
		hc service add $s
		hc server add $s "$(is6 $at && echo "[$at]" || echo $at)" method tun $options ||
			bail "halb does not take $options"
	done
	n=$(overhead $at $type $csum)
	dropped=$(other_drops)
	forget

	check "$name: sent to the server" put_files cl $vip 1 1460 65536 1000000 ${5:-}
	is "$(learnt $vip)" $((1500 - n)) "$name: the client has learnt $((1500 - n)): $n bytes less"
	check "$name: fetched from it" get_files cl $vip 65536
	is "$(flows echo $vip 53 1 100 1400 tries=3)" same "$name: datagrams"
	[ $inner = 6 ] || is "$(flows echo $vip 53 4000 20000 tries=3)" same "$name: fragmented ones"
	director_offloads off
	check "$name: sent, the director computes checksums and cuts" put_files cl $vip 1460 65536
	offloads off
	check "$name: sent, each packet by itself" put_files cl $vip 1460 65536
	is "$(flows echo $vip 53 1 1200 tries=3)" same "$name: datagrams with checksums"
	offloads on

	small 1400
	forget
	check "$name: sent, a router's link has an MTU of 1400" put_files cl $vip 65536
	is "$(learnt $vip)" $((1400 - n)) "$name: the client has learnt $((1400 - n))"
	is "$(flows echo $vip 53 1300 tries=4)" same "$name: a datagram"
	small 1500
	is "$(errors)" "$ERRORS" "$name: the server found nothing wrong"
	is "$(other_drops)" "$dropped" "$name: nothing was dropped but what was too big"

	was=$(unreachables)
	ip -n r route add unreachable $at
	is "$(flows once udp $vip 53)" timeout "$name: a server that cannot be reached"
	ip -n r route del unreachable $at
	check "$name: the client is told" wait_for 5 eval "[ \$(unreachables) -gt $was ]"
	hc service flush
	hc conn flush >/dev/null
}

end_at 10.6.0.2 $VIP4 ipip none
ERRORS=$(errors)
for outer in 4 6; do
	for vip in $VIP4 $VIP6; do
		for how in ipip:none gue:none gue:csum gue:remcsum gre:none gre:csum; do
			size=
			[ $outer = 4 ] && [ $vip = $VIP4 ] && size=10485760
			carries $outer $vip ${how%:*} ${how#*:} $size
		done
	done
done

# The kind of tunnel changes with the next packet, and connections stay.
at=10.6.0.2
end_at $at $VIP4 ipip none
hc service add tcp $VIP4:80
hc server add tcp $VIP4:80 $at method tun
is "$(flows open tcp $VIP4 80)" far "a connection through ipip"
end_at $at $VIP4 gre csum
check "it is to be gre" hc server set tcp $VIP4:80 $at tun-type gre tun-csum csum
is "$(flows ask)" far "the same connection through gre"
is "$(hc save | grep '^server')" "server add tcp $VIP4:80 $at:80 method tun weight 1 tun-type gre tun-csum csum" "saved"
check "it is to be ipip" hc server set tcp $VIP4:80 $at tun-type ipip
end_at $at $VIP4 ipip none
is "$(flows ask)" far "the same connection through ipip again"
is "$(hc -j server show | jq -c '.[0] | [.tun_type, .tun_port, .tun_csum]')" '["ipip",0,"none"]' "nothing of gre is left"
done_testing
