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
