#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The method dr: the packet goes on unchanged to the server's MAC address, the reply goes from
# the server to the client without the director.
#
#        10.1.0.2            10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- e0 [ s1 ]  lo: 10.9.0.80
#       c1 10.2.0.254         10.9.0.80       +--- e0 [ s2 ]  lo: 10.9.0.80
#        +------------------------------------+
#
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/traffic.inc"
topology routed 2
load_halb
carry dr

# The neighbour is the server's, also while it has yet to be asked for: the packet that waits for
# the answer has the VIP as its destination, and nobody answers for the VIP.
for vip in $VIP4 $VIP6; do
	balance dr udp $vip 53
	for time in first second third; do
		ip -n dir neigh flush dev d1
		is "$(tally "$(flows once udp $vip 53 n=2)")" "one=1 two=1" "$vip: the $time datagrams to neighbours not known yet"
	done
	is "$(ip -n dir neigh show to $vip)" "" "$vip: the director never asks for the VIP's own neighbour"
	hc service flush
done
done_testing
