#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# use_vmac: several virtual routers on one interface, IPv4 and IPv6, each with the RFC's MAC address, with
# halbd and the real keepalived in both places; what a client has in its neighbour table stays
# right when a router moves; vmac_xmit_base; and nothing is left behind.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
write() { # NS PRIORITY PRIORITY LINE...
	local ns=$1 one=$2 two=$3
	shift 3
	conf $ns "$one" "version 3" "advert_int 0.2" "use_vmac" "$@"
	cp "$TMP/$ns.conf" "$TMP/parts"
	conf $ns "$two" "version 3" "advert_int 0.2" "use_vmac" "virtual_router_id 51" \
		"virtual_ipaddress { 192.168.4.81/24 }" "$@"
	sed 's/VI_1/VI_2/' "$TMP/$ns.conf" >> "$TMP/parts"
	conf $ns "$one" "version 3" "advert_int 0.2" "use_vmac" "virtual_router_id 52" \
		"virtual_ipaddress { fe80::52/64; fd00:4::80/64 }" "$@"
	sed 's/VI_1/VI_3/' "$TMP/$ns.conf" >> "$TMP/parts"
	mv "$TMP/parts" "$TMP/$ns.conf"
}
# What the client resolves an address to
mac_of() {
	ip -n $CL neigh flush dev eth0
	on $CL ping -nqc1 -W2 "$1" >/dev/null
	ip -n $CL neigh show "${1%\%*}" dev eth0 | sed -n 's/.*lladdr \([0-9a-f:]*\).*/\1/p'
}
known() { ip -n $CL neigh show "$1" dev eth0 | sed -n 's/.*lladdr \([0-9a-f:]*\).*/\1/p'; }
answers() { on $CL ping -nqc1 -W1 "$1" >/dev/null; }
spread() { # where VI_1 and VI_3, where VI_2
	only "$1" "$2" && only "$1" "$2" fd00:4::80 && only "$2" "$1" 192.168.4.81
}
before=$(on $A sh -c 'grep . /proc/sys/net/ipv4/conf/eth0/arp_ignore /proc/sys/net/ipv4/conf/eth0/arp_announce')
for kinds in "halbd keepalived" "keepalived halbd" "halbd halbd"; do
	read -r first second <<< "$kinds"
	write $A 100 90
	write $B 90 100
	start "$first" $A
	start "$second" $B
	check "$kinds: two of three routers at the one, one at the other" wait_for 10 spread $A $B
	# keepalived asks for the client in the name of the address, by the interface's own MAC address.
	[ "$first" = keepalived ] || is "$(mac_of $VIP)" 00:00:5e:00:01:32 "$kinds: IPv4 has the MAC address of its router"
	[ "$second" = keepalived ] || is "$(mac_of 192.168.4.81)" 00:00:5e:00:01:33 "$kinds: the other one at the other has its own"
	is "$(mac_of fd00:4::80)" 00:00:5e:00:02:34 "$kinds: IPv6 too"
	is "$(mac_of fe80::52%eth0)" 00:00:5e:00:02:34 "$kinds: and its link-local address"
	mac_of $VIP > /dev/null
	on $CL ping -nqc1 -W2 fd00:4::80 >/dev/null
	stop $A
	check "$kinds: one stops, and the other has all three" wait_for 5 eval \
		"holds $B && holds $B fd00:4::80 && holds $B 192.168.4.81"
	check "$kinds: the client reaches IPv4" wait_for 3 answers $VIP
	check "$kinds: ... and IPv6" wait_for 3 answers fd00:4::80
	[ "$second" = keepalived ] || is "$(known $VIP) $(known fd00:4::80)" "00:00:5e:00:01:32 00:00:5e:00:02:34" \
		"$kinds: with the addresses that it knew"
	start "$first" $A
	check "$kinds: it returns" wait_for 10 spread $A $B
	check "$kinds: the client reaches IPv6 there" wait_for 3 answers fd00:4::80
	[ "$first" = keepalived ] && ours=$B || ours=$A
	is "$(status $ours '.counters.refused | add') $(status $ours '.counters.refused | add' 2)" "0 0" \
		"$kinds: no advertisement was refused"
	stop $A $B
	is "$(ip -n $A -o link show type macvlan; ip -n $B -o link show type macvlan)" "" "$kinds: no interface is left"
	[ "$first" = keepalived ] || is "$(on $A sh -c 'grep . /proc/sys/net/ipv4/conf/eth0/arp_ignore /proc/sys/net/ipv4/conf/eth0/arp_announce')" "$before" \
		"$kinds: the interface has its settings again"
	on $A sh -c 'echo 0 > /proc/sys/net/ipv4/conf/eth0/arp_ignore'
	for ns in $A $B; do ip -n $ns neigh flush dev eth0; done
done

# --- vmac_xmit_base ----------------------------------------------------------------------------
write $A 100 100 vmac_xmit_base
write $B 90 90
: > "$TMP/tcpdump"
nsenter --net=/run/netns/$CL -- tcpdump -i eth0 -l -e -n "ip proto 112" > "$TMP/adverts" 2>"$TMP/tcpdump" &
dump=$!
wait_for 5 grep -q listening "$TMP/tcpdump"
start halbd $A
wait_for 8 grep -q "vrid 50" "$TMP/adverts"
like "$(grep -m 1 "vrid 50" "$TMP/adverts")" "$(ip -n $A -o link show eth0 | sed 's/.*ether \([0-9a-f:]*\).*/\1/') >" \
	"vmac_xmit_base: advertisements come from the interface's own address"
kill $dump
wait $dump 2>/dev/null
is "$(mac_of $VIP)" 00:00:5e:00:01:32 "... and the virtual one from the router's"

# --- its process dies --------------------------------------------------------------------------------
dies "its addresses go" "ip monitor address" "Deleted.* $VIP/" "Deleted.* fd00:4::80/"
check "... and the next one takes the interfaces over" wait_for 8 eval "holds $A && holds $A fd00:4::80"
is "$(mac_of fd00:4::80)" 00:00:5e:00:02:34 "... with their addresses"
stop $A
is "$(ip -n $A -o link show type macvlan)" "" "... and removes them at the end"
done_testing
