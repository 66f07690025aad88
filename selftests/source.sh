#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Sources that are not to be believed: the stack's own checks come after PREROUTING, where
# packets to a VIP do not come any more, so halb makes them, for packets that begin a flow.
#
#   [ cl ] c0 10.1.0.2 --- d0 [ dir ] d1 ---+--- [ s1 ] 10.2.0.11
#
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
for n in 1 2; do start_udp s$n "${NAMES[n]}"; done
flows_start
balance nat udp $VIP4 53
balance nat udp $VIP6 53
balance nat tcp $VIP4 80

# Everything that counts what happens to a packet.
counted() { figures '(.drops | add)' .total.conns; }
# dropped REASON NAME COMMAND...: the packet is dropped, for this reason and no other
dropped() {
	local reason=$1 name=$2 sum before
	shift 2
	before=$(drops "$reason")
	sum=$(counted)
	is "$(flows "$@")" sent "$name: sent"
	check "$name: dropped as $reason" wait_for 10 eval "[ \"\$(drops $reason)\" = $((before + 1)) ]"
	is "$(counted)" "$((${sum% *} + 1)) ${sum#* }" "$name: dropped once, and nothing got through"
}
# passes_through NAME COMMAND...: the packet begins a flow to a server
passes_through() {
	local name=$1 before
	shift
	before=$(figures .total.conns)
	is "$(flows "$@")" sent "$name: sent"
	check "$name: it reaches a server" wait_for 10 eval "[ \"\$(figures .total.conns)\" = $((before + 1)) ]"
}

# The method of these tests works: packets with an honest source get through.
passes_through "an honest source" raw4 udp 10.1.0.2 $VIP4 4000 53
passes_through "an honest source, IPv6" raw6 udp fd00:1::2 $VIP6 4000 53

# Sources that cannot be: RFC 1122, 3.2.1.3; RFC 4291, 2.5
dropped martian-source "loopback" raw4 udp 127.0.0.1 $VIP4 4001 53
dropped martian-source "multicast" raw4 udp 224.0.0.1 $VIP4 4001 53
dropped martian-source "limited broadcast" raw4 udp 255.255.255.255 $VIP4 4001 53
dropped martian-source "loopback, a SYN" raw4 tcp 127.0.0.1 $VIP4 4001 80
dropped martian-source "IPv4 mapped" raw6 udp ::ffff:10.1.0.2 $VIP6 4001 53

# The VIP does not talk to itself.
dropped own-source "the VIP itself" raw4 udp $VIP4 $VIP4 4002 53
dropped own-source "the VIP itself, IPv6" raw6 udp $VIP6 $VIP6 4002 53

# Nor do the director's own addresses, however it came by them, and networks' broadcast addresses.
# Those that it has lost are anybody's.
own4() { dropped own-source "$1" raw4 udp "$2" $VIP4 4008 53; }
own6() { dropped own-source "$1" raw6 udp "$2" $VIP6 4008 53; }
others4() { passes_through "$1" raw4 udp "$2" $VIP4 4009 53; }
others6() { passes_through "$1" raw6 udp "$2" $VIP6 4009 53; }
own4 "the address towards the clients" 10.1.0.1
own4 "the address towards the servers" 10.2.0.1
own4 "the broadcast address of a network" 10.1.0.255
own6 "the address towards the clients, IPv6" fd00:1::1
ip -n dir addr add 10.1.0.77/24 dev d0
own4 "a further address of the same network" 10.1.0.77
ip -n dir addr add 198.51.100.1/32 dev lo
own4 "an address on lo" 198.51.100.1
ip -n dir addr del 198.51.100.1/32 dev lo
others4 "the same once it is gone" 198.51.100.1
ip -n dir addr add fd00:77::1/64 dev d0 nodad
own6 "a further IPv6 address" fd00:77::1
ip -n dir addr del fd00:77::1/64 dev d0
others6 "the same once it is gone, IPv6" fd00:77::1
# More than the module began with room for.
batch() { # add|del
	local i
	for i in $(seq 200); do
		echo "addr $1 198.18.0.$i/32 dev lo"
		printf 'addr %s fd00:18::%x/128 dev lo\n' "$1" "$i"
	done | ip -n dir -batch -
}
batch add
for n in 1 100 200; do
	own4 "address $n of 200" "198.18.0.$n"
	own6 "address $n of 200, IPv6" "$(printf 'fd00:18::%x' "$n")"
done
others4 "beside two hundred addresses" 198.19.0.1
batch del
others4 "without the two hundred" 198.18.0.100
# Whole prefixes, without an address for each.
ip -n dir route add local 198.51.100.0/24 dev lo
own4 "a prefix that is local by a route" 198.51.100.9
ip -n dir route del local 198.51.100.0/24 dev lo
others4 "the same without the route" 198.51.100.9
ip -n dir addr add 203.0.113.1/24 dev lo
own4 "a prefix that is local by an address on lo" 203.0.113.9
ip -n dir addr del 203.0.113.1/24 dev lo
others4 "the same without the address" 203.0.113.9

# rp_filter: 1 wants the way back by the same device, 2 any way back, 0 does not ask.
filter() { dir sysctl -qw net.ipv4.conf.d0.rp_filter="$1"; }
filter 1
dropped source-check "strict: a server's address from the clients' side" raw4 udp 10.2.0.11 $VIP4 4003 53
dropped source-check "strict: no way back" raw4 udp 192.0.2.1 $VIP4 4003 53
passes_through "strict: the client's own" raw4 udp 10.1.0.2 $VIP4 4003 53
filter 2
passes_through "loose: a server's address from the clients' side" raw4 udp 10.2.0.99 $VIP4 4004 53
dropped source-check "loose: no way back" raw4 udp 192.0.2.1 $VIP4 4004 53
hc settings set source-check off
passes_through "source-check off: nobody asks" raw4 udp 192.0.2.1 $VIP4 4005 53
hc settings set source-check on
filter 0
passes_through "rp_filter 0: nobody asks" raw4 udp 192.0.2.2 $VIP4 4006 53
# As with the stack, the device's and the common setting count, whichever is stricter.
dir sysctl -qw net.ipv4.conf.all.rp_filter=1
dropped source-check "conf.all strict" raw4 udp 192.0.2.3 $VIP4 4007 53
is "$(tally "$(flows once udp $VIP4 53 n=4)")" "one=2 two=2" "honest clients are served all the while"
done_testing
