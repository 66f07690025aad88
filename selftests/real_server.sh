#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbctl real-server: a server takes packets for a VIP that the director answers for. All on one
# wire, so that a server that answers for the VIP takes it from the director; and everything as it
# was before, to the letter, when it is taken back. It needs no module.
#
#   [ cl ] 10.1.0.2 ---+--- 10.1.0.1, 10.2.0.1, 10.9.0.80 [ dir ]
#                      +--- e0 10.2.0.11 [ s1 ]
#                      +--- e0 10.2.0.12 [ s2 ]
#
. "$(dirname "$0")/lib.sh"
topology lan 2
rs() { s1 halbctl real-server "$@"; }

# all that a real server changes, of a namespace
settings() {
	on "$1" sysctl -a 2>/dev/null | grep -E '^net\.ipv4\.conf\..*\.(arp_|rp_filter)'
	on "$1" ip -o addr show | sed 's/valid_lft .*//'
	on "$1" ip -o -d link show | sed 's/ *qlen.*//'
	on "$1" ip route show table all
	on "$1" ip -6 route show table all | sed 's/expires [^ ]*//'
}
arp() { s1 sysctl -n "net.ipv4.conf.$1.arp_ignore" "net.ipv4.conf.$1.arp_announce" | xargs; }
same() { # NAME
	settings s1 > "$TMP/after"
	check "$1" diff -u "$TMP/before" "$TMP/after"
}

unload_halb
for module in ipip sit ip6_tunnel; do modprobe -q $module; done
settings s1 > "$TMP/before"

# --- one VIP, and back ---------------------------------------------------------------------------
is "$(rs)" "VIP  DEVICE  METHOD  ARP  STATE" "nothing is set up"
check "add" rs add $VIP4
is "$(arp all)" "1 2" "it keeps silent"
like "$(s1 ip -o addr show dev lo)" "$VIP4/32 scope host" "lo has the VIP"
is "$(rs show $VIP4 | tail -n 1 | xargs)" "$VIP4 lo dr all ready" "show"
check "add again" rs add $VIP4
check "del" rs del $VIP4
same "everything is as before"
fails_with 1 'was not set up by halbctl' "del again" rs del $VIP4
fails_with 1 'is not set up here' "show what is not there" rs show $VIP4

# --- several --------------------------------------------------------------------------------------
s1 sysctl -qw net.ipv4.conf.all.arp_announce=1
check "a first VIP" rs add $VIP4
check "a second" rs add 10.9.0.81
check "IPv6" rs add $VIP6
is "$(rs -j | jq -c '[.[] | [.vip, .device, .method, .arp, .ready]]')" \
	"[[\"$VIP4\",\"lo\",\"dr\",\"all\",true],[\"10.9.0.81\",\"lo\",\"dr\",\"all\",true],[\"$VIP6\",\"lo\",\"dr\",null,true]]" "JSON"
check "the first goes" rs del $VIP4
is "$(arp all)" "1 2" "the second still needs the silence"
s1 sysctl -qw net.ipv4.conf.all.arp_ignore=0
is "$(rs -j show 10.9.0.81 | jq -c '.[] | [.ready, .problem]')" \
	'[false,"net.ipv4.conf.all.arp_ignore is less than 1"]' "a setting that somebody changed is seen"
check "add mends it" rs add 10.9.0.81
is "$(arp all)" "1 2" "it is mended"
s1 ip addr del 10.9.0.81/32 dev lo
like "$(rs show)" "10.9.0.81 is no address of lo any more" "an address that somebody took is seen"
check "the second goes all the same" rs del 10.9.0.81
is "$(arp all)" "0 1" "the settings are as they were"
check "and IPv6" rs del $VIP6
s1 sysctl -qw net.ipv4.conf.all.arp_announce=0
same "everything is as before"

# --- what others have done ------------------------------------------------------------------------
s1 ip addr add $VIP4/32 dev lo
check "a VIP that was there" rs add $VIP4
check "is not taken away" rs del $VIP4
like "$(s1 ip -o addr show dev lo)" "$VIP4/32" "it is there"
s1 ip addr del $VIP4/32 dev lo
rs add $VIP4
s1 sysctl -qw net.ipv4.conf.all.arp_ignore=2
fails_with 1 'arp_ignore stays 2: somebody has changed it since; it was 0 before' \
	"a setting that somebody changed is left alone, and said" rs del $VIP4
is "$(arp all)" "2 0" "it is"
s1 sysctl -qw net.ipv4.conf.all.arp_ignore=0
same "everything else is as before"
check "dev" rs add $VIP4 dev e0
is "$(arp all) $(arp e0)" "0 0 1 2" "only that interface is silent"
fails_with 1 'is set up in another way: halbctl real-server del' "another way" rs add $VIP4
check "del" rs del $VIP4
same "everything is as before"
s1 ip addr add 10.9.0.82/24 dev e0
fails_with 1 'is an address of e0, where a real server must not have it' "a VIP on the wire" rs add 10.9.0.82
s1 ip addr del 10.9.0.82/24 dev e0
fails_with 2 "there is no interface 'nowhere'" "no such interface" rs add $VIP4 dev nowhere
fails_with 2 "is not a VIP" "multicast" rs add 224.0.0.1
fails_with 2 "is about ARP" "IPv6 has no ARP" rs add $VIP6 dev e0
fails_with 1 "run this as root" "not root" s1 setpriv --reuid 65534 --regid 65534 --clear-groups \
	--inh-caps -all "$HALB_TOOLS/halbctl" real-server add $VIP4
same "refusals change nothing"

# --- tunnels --------------------------------------------------------------------------------------
s1 sysctl -qw net.ipv4.conf.all.rp_filter=1
settings s1 > "$TMP/before"
check "ipip" rs add $VIP4 tun 10.2.0.11
check "sit" rs add $VIP6 tun 10.2.0.11
check "ip6tnl" rs add 10.9.0.81 tun fd00:2::b
is "$(rs -j | jq -r '.[].device' | xargs)" "halb-ipip halb-sit halb-ip6tnl" "a device each"
fails_with 1 'halb-ipip ends tunnels at 10.2.0.11' "another address of the same kind" \
	rs add 10.9.0.83 tun 10.2.0.77
check "a second VIP in the same kind of tunnel" rs add 10.9.0.83 tun 10.2.0.11
for vip in $VIP4 $VIP6 10.9.0.81; do check "del $vip" rs del $vip; done
check "the device stays for the second VIP" s1 ip link show halb-ipip
check "del" rs del 10.9.0.83
same "everything is as before, with tunnels"
s1 ip link add mine type ipip local 10.2.0.11 remote any
fails_with 1 'another ipip device ends tunnels at 10.2.0.11' "a device of somebody else" rs add $VIP4 tun 10.2.0.11
s1 ip link del mine
same "a refusal in the middle changes nothing"

# --- in earnest: one wire, and rp_filter is strict --------------------------------------------------
load_halb
start_nginx s1 one
start_nginx s2 two
# Not on lo, for which IPv6 does not answer.
address dir d0 $VIP4/32 $VIP6/128
on s2 sysctl -qw net.ipv4.conf.all.rp_filter=1
# The client asks on the wire for the VIP: whoever answers gets the packets.
ip -n cl route replace $VIP4 dev c0
ip -n cl -6 route replace $VIP6 dev c0
for n in 1 2; do gw_via s$n cl; done
mac=$(ip -n dir -j link show d0 | jq -r '.[0].address')
answers() { # VIP
	ip -n cl neigh flush dev c0
	cl ping -qc 1 -W 5 "$1" > /dev/null
	ip -n cl neigh show to "$1" dev c0 | sed -n 's/.*lladdr \([^ ]*\).*/\1/p'
}
for method in dr tun; do
	for vip in $VIP4 $VIP6; do
		hc service add tcp "$(endpoint $vip 80)" scheduler rr
		for n in 1 2; do
			to=$(server_addr $n $vip)
			hc server add tcp "$(endpoint $vip 80)" "$(endpoint "$to" 80)" method $method
			if [ $method = tun ]; then on s$n halbctl real-server add $vip tun "$to"
			else on s$n halbctl real-server add $vip; fi
		done
		is "$(answers $vip)" "$mac" "$method $vip: only the director answers for it"
		is "$(tally "$(http_many cl "$(url $vip)" 6 | xargs)")" "one=3 two=3" "$method $vip: both servers answer"
		for n in 1 2; do on s$n halbctl real-server del $vip; done
		hc service flush
	done
done
done_testing
