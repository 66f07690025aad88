#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The ground the other scripts stand on: the VM, both topologies of lib.sh, the servers and
# clients, and ip_vs as an oracle. Does not need halb.
. "$(dirname "$0")/lib.sh"

is "$(uname -r)" "$HALB_KVER" "the VM runs the kernel that was asked for"
check "the file system is writable" touch "$HALB_SRC/.written" "/etc/.written"

for kind in routed lan; do
	topology $kind 2
	for n in 1 2; do
		check "$kind: ping s$n" cl ping -qc 1 -W 5 "$(server4 $n)"
		check "$kind: ping s$n, IPv6" cl ping -qc 1 -W 5 "$(server6 $n)"
	done
	refute "$kind: nobody has the VIP" cl ping -qc 1 -W 1 $VIP4
	start_nginx s1 one
	start_nginx s2 two
	for n in 1 2; do
		name=one
		[ $n = 2 ] && name=two
		is "$(http cl "$(url "$(server4 $n)")")" $name "$kind: s$n answers"
		is "$(http cl "$(url "$(server6 $n)")")" $name "$kind: s$n answers, IPv6"
	done
	[ $kind = lan ] && break
	for size in $WWW_SIZES; do
		check "a file of $size bytes" http_same cl "$(url "$(server4 1)")" "$size"
	done
	is "$(http_many cl "$(url "$(server4 1)")" 5 | http_share one)" 5 "five requests"
	start_udp s1 one
	is "$(udp cl "$(server4 1)" 53)" one "UDP: s1 says its name"
	is "$(udp cl "$(server6 1)" 53)" one "UDP: s1 says its name, IPv6"
	check "UDP: 1400 bytes come back" udp cl "$(server4 1)" 53 -e 1400 -n 3

	# The oracle, through the same network: nat, dr and tun by ip_vs.
	check "ip_vs loads" modprobe ip_vs
	vip_local dir $VIP4 $VIP6
	for vip in $VIP4 $VIP6; do
		service=$vip:80 server=$(server4 1):80
		is6 $vip && service=[$vip]:80 server=[$(server6 1)]:80
		dir ipvsadm -A -t "$service" -s rr
		dir ipvsadm -a -t "$service" -r "$server" -m
		is "$(http cl "$(url $vip)")" one "ip_vs: nat to $vip"
	done
	dir ipvsadm -C
	gw_via s2 cl
	dr_server s2 $VIP4 $VIP6
	for vip in $VIP4 $VIP6; do
		service=$vip:80 server=$(server4 2):80
		is6 $vip && service=[$vip]:80 server=[$(server6 2)]:80
		dir ipvsadm -A -t "$service" -s rr
		dir ipvsadm -a -t "$service" -r "$server" -g
		is "$(http cl "$(url $vip)")" two "ip_vs: dr to $vip"
	done
	dir ipvsadm -C
	gw_via s1 cl
	tun_server s1 $VIP4
	tun_server s1 $VIP6
	for vip in $VIP4 $VIP6; do
		service=$vip:80 server=$(server4 1):80
		is6 $vip && service=[$vip]:80 server=[$(server6 1)]:80
		dir ipvsadm -A -t "$service" -s rr
		dir ipvsadm -a -t "$service" -r "$server" -i
		is "$(http cl "$(url $vip)")" one "ip_vs: tun to $vip"
	done
	is "$(http cl "$(url $VIP4 80 addr)")" "$VIP4 10.1.0.2" "the server sees VIP and client"
	dir ipvsadm -C

	topology_down
done
done_testing
