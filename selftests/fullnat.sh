#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The method fullnat: servers see one of the director's source addresses as client, and answer
# it. They have no route to the clients, and share a wire with one of them. The source addresses
# are the director's own first, and then such as nobody has, but which are routed to it.
#
#        10.1.0.2            10.1.0.1  10.2.0.1           10.2.0.11
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- e0 [ s1 ]  no way to 10.1.0.0/24
#                             10.9.0.80       +--- e0 [ s2 ]
#       10.2.0.101-10.2.0.104 fd00:2::101-104 +--- n0 [ near ]  10.2.0.50, a client there
#
# shellcheck disable=SC2046
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/traffic.inc"
topology routed 2
load_halb
set -f
SOURCES4=10.2.0.101-10.2.0.104 SOURCES6=fd00:2::101-fd00:2::104
for i in 1 2 3 4; do
	ip -n dir addr add 10.2.0.10$i/32 dev d1
	ip -n dir addr add fd00:2::10$i/128 dev d1 nodad
done
for s in s1 s2; do
	ip -n $s route del default
	ip -n $s -6 route del default
done
setup_ns near
plug near n0 br0
address near n0 10.2.0.50/24 fd00:2::50/64
ip -n near route add 10.9.0.0/24 via 10.2.0.1
ip -n near -6 route add fd00:9::/64 via fd00:2::1

sources() { is6 $1 && echo $SOURCES6 || echo $SOURCES4; } # VIP
# full PROTO VIP PORT [OPTIONS]: a service with both servers under fullnat
full() {
	local proto=$1 vip=$2 port=$3 s=
	s="$proto $(endpoint $vip $port)"
	shift 3
	hc service add $s scheduler rr sources $(sources $vip) "$@" || bail "cannot add the service"
	for n in 1 2; do
		hc server add $s "$(endpoint $(server_addr $n $vip) $port)" method fullnat ||
			bail "cannot add a server"
	done
}
conns() { hc -j conn show | jq -r ".[] | $1"; }

start_servers 1 2
flows_start
stack_watch dir

for vip in $VIP4 $VIP6; do
	is6 $vip && source='^fd00:2::10[1-4]$' || source='^10\.2\.0\.10[1-4]$'
	full tcp $vip 80
	before=$(way_settled)
	is "$(tally "$(http_many cl "$(url $vip)" 6)")" "one=3 two=3" "$vip: six requests, three to each server"
	addr=$(http cl "$(url $vip 80 addr)")
	like "${addr#* }" "$source" "$vip: the server sees a source address"
	check "$vip: files of $WWW_SIZES bytes" get_files cl $vip
	check "$vip: the same, sent to the server" put_files cl $vip
	for n in cl/c0 dir/d0 dir/d1 s1/e0 s2/e0; do
		on ${n%/*} ethtool -K ${n#*/} tx off tso off gso off gro off >/dev/null
	done
	check "$vip: a file without offloads" get_files cl $vip 1000000
	check "$vip: the same, sent to the server" put_files cl $vip 1000000
	for n in cl/c0 dir/d0 dir/d1 s1/e0 s2/e0; do
		on ${n%/*} ethtool -K ${n#*/} tx on tso on gso on gro on >/dev/null
	done
	exact_path nat $vip "$before"
	is "$(http near "$(url $vip)" | sort)" one "$vip: a client on the servers' own wire"
	hc conn flush >/dev/null
	hc service flush

	full udp $vip 53
	is "$(tally "$(flows once udp $vip 53 n=6)")" "one=3 two=3" "$vip: UDP, three to each server"
	largest=1472
	is6 $vip && largest=1452
	is "$(flows echo $vip 53 1 2 100 1400 $largest n=2)" same "$vip: datagrams of 1 to $largest bytes"
	is6 $vip || is "$(flows echo $vip 53 1473 20000 65507 n=2)" same "$vip: fragmented datagrams"
	like "$(conns 'select(.method == "fullnat") | .source_address' | sort -u | head -n 1)" "$source" "$vip: the list of connections has their source"
	is "$(conns '[.source_address, .source_port, .server_address] | @tsv' | sort | uniq -d)" "" "$vip: no source is there twice for a server"
	low=$(dir sysctl -n net.ipv4.ip_local_port_range | cut -f 1) high=$(dir sysctl -n net.ipv4.ip_local_port_range | cut -f 2)
	is "$(conns .source_port | awk -v low=$low -v high=$high '$1 < 1024 || ($1 >= low && $1 <= high)')" "" "$vip: no port is one that sockets take"

	# A closed port at the server: the client is told by name of the VIP.
	hc service flush
	full udp $vip 54
	is "$(flows once udp $vip 54)" refused "$vip: a closed port at the server: the client is told"
	hc service flush
	hc conn flush >/dev/null

	# What the client's side says of the server's packets.
	full udp $vip 53
	like "$(flows open udp $vip 53)" '^(one|two)$' "$vip: a flow"
	at=$(conns .source_address) port=$(conns .source_port)
	server=s1
	[ "$(conns .server_address)" = $(server_addr 1 $vip) ] || server=s2
	was=$(on $server nstat -asz | awk '/Icmp6?InDestUnreachs/ { n += $2 } END { print n + 0 }')
	flows forget >/dev/null
	on $server python3 - $at $port <<-'END'
		import socket, struct, sys
		to, six = sys.argv[1], ":" in sys.argv[1]
		raw = socket.socket(socket.AF_INET6 if six else socket.AF_INET,
		                    socket.SOCK_RAW, socket.IPPROTO_UDP)
		if six:
		    raw.setsockopt(socket.IPPROTO_IPV6, 7, 6)	# a checksum, at offset 6
		raw.sendto(struct.pack("!HHHH", 53, int(sys.argv[2]), 8, 0), (to, 0))
	END
	check "$vip: an answer to a client that is gone: the server is told" wait_for 10 eval \
		"[ \$(on $server nstat -asz | awk '/Icmp6?InDestUnreachs/ { n += \$2 } END { print n + 0 }') -gt $was ]"
	hc service flush
	hc conn flush >/dev/null

	# A server that is removed: both ends are reset.
	full tcp $vip 80
	is "$(tally "$(flows open tcp $vip 80 n=2)")" "one=1 two=1" "$vip: two connections"
	hc server del tcp $(endpoint $vip 80) $(endpoint $(server_addr 1 $vip) 80)
	is "$(tally "$(flows ask)")" "reset=1 two=1" "$vip: the one whose server was removed is reset"
	flows forget >/dev/null
	hc service flush
	hc conn flush >/dev/null
done

# --- every port is taken ---------------------------------------------------------------------
# One address and few ports: 1024..1033 are what sockets leave.
dir sysctl -qw net.ipv4.ip_local_port_range="1034 65535"
hc monitor > "$TMP/events" 2>&1 &
monitor=$!
at_exit kill $monitor
hc service add udp $VIP4:53 scheduler rr sources 10.2.0.101
hc server add udp $VIP4:53 10.2.0.11 method fullnat
flows timeout 1 >/dev/null
answers=$(flows open udp $VIP4 53 n=12)
is "$(tally "$answers")" "one=10 timeout=2" "ten ports carry ten flows, and no more"
is "$(conns .source_port | sort -n | tr '\n' ' ')" "1024 1025 1026 1027 1028 1029 1030 1031 1032 1033 " "each port is taken once"
between "$(drops no-source-port)" 2 20 "the others are dropped, and counted"
like "$(hc server show)" no-source-port "the server says so"
check "so does an event" wait_for 10 grep -q no-source-port "$TMP/events"
is "$(tally "$(flows ask 1 10)")" "one=10" "the ten flows go on"
check "another server has ports of its own" hc server add udp $VIP4:53 10.2.0.12 method fullnat
is "$(flows once udp $VIP4 53)" two "which are free"
hc server del udp $VIP4:53 10.2.0.12
flows forget >/dev/null
hc conn flush >/dev/null
is "$(flows once udp $VIP4 53)" one "ports of connections that ended are free"
dir sysctl -qw net.ipv4.ip_local_port_range="1024 65535"
hc conn flush >/dev/null
before=$(drops no-source-port)
is "$(flows once udp $VIP4 53)" timeout "no port at all"
between "$(drops no-source-port)" $((before + 1)) $((before + 10)) "is counted as well"
dir sysctl -qw net.ipv4.ip_local_port_range="32768 60999"
flows timeout 10 >/dev/null

# --- refusals ---------------------------------------------------------------------------------
fails_with 1 "give the service sources first" "fullnat without source addresses" \
	eval "hc service add tcp $VIP4:99 && hc server add tcp $VIP4:99 10.2.0.11 method fullnat"
fails_with 1 "which need source addresses" "source addresses that are needed" \
	hc service set udp $VIP4:53 sources none
fails_with 1 "must have the service's family" "source addresses of the other family" \
	hc service set udp $VIP4:53 sources fd00:2::101
fails_with 2 "not a range of 1 to 256" "a range backwards" hc service set udp $VIP4:53 sources 10.2.0.104-10.2.0.101
fails_with 1 "IPv4 and IPv6 do not mix" "a server of the other family" \
	hc server add udp $VIP4:53 [fd00:2::b]:53 method fullnat
like "$(hc service set udp $VIP4:53 sources 10.2.0.201-10.2.0.202 2>&1)" "10.2.0.201 is no address of this machine" \
	"halbctl warns of addresses that are not the director's"
is "$(hc save | grep ' udp 10')" "service add udp $VIP4:53 scheduler rr sources 10.2.0.201-10.2.0.202
server add udp $VIP4:53 10.2.0.11:53 method fullnat weight 1" "saved"

# --- source addresses that nobody has, routed to the director --------------------------------
hc service flush
ip -n s1 route add 10.66.0.0/24 via 10.2.0.1
hc service add tcp $VIP4:80 sources 10.66.0.1-10.66.0.9 2>/dev/null
hc server add tcp $VIP4:80 10.2.0.11 method fullnat
like "$(http cl "$(url $VIP4 80 addr)")" ' 10\.66\.0\.[1-9]$' "a source address that is routed to the director"
fails_with 1 "use halbctl save" "ipvsadm's grammar has no words for it" hc -S -n
done_testing
