#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Keywords of vrrp_instance and of global_defs that bear on it: what they do on the wire, to addresses and
# to scripts. Where the wire shows it, the real keepalived sends the same.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
chmod 755 "$TMP"
fast=("version 3" "advert_int 0.1")
front() { # TEXT: before what is in the file
	{ printf '%s\n' "$1"; cat "$TMP/$A.conf"; } > "$TMP/new"
	mv "$TMP/new" "$TMP/$A.conf"
}
# wire KIND [FILTER]: one advertisement of A, as tcpdump -v tells it, without what differs each time
wire() {
	start "$1" $A
	on $CL timeout 10 tcpdump -i eth0 -c 1 -nvx "${2:-ip proto 112 and src host 192.168.4.1}" 2>/dev/null |
		sed 's/^[0-9:.]* //; s/ id [0-9]*,//; s/^\t0x0000:  \([0-9a-f]* [0-9a-f]*\) [0-9a-f]* \([0-9a-f]* [0-9a-f]*\) [0-9a-f]*/\1 \2/' > "$TMP/$1.wire"
	stop $A
}
same_wire() { # NAME TEXT [FILTER]
	wire keepalived "${3-}"
	wire halbd "${3-}"
	is "$(cat "$TMP/halbd.wire")" "$(cat "$TMP/keepalived.wire")" "$1: keepalived's packet" || diag "$(log $A)"
	like "$(cat "$TMP/halbd.wire")" "$2" "... in which it is seen"
}

# --- the wire ----------------------------------------------------------------------------
conf $A 100 "${fast[@]}" "virtual_ipaddress_excluded { 192.168.4.90/24 }"
same_wire "virtual_ipaddress_excluded" "addrs: $VIP"$'\n'
conf $A 100 "${fast[@]}" "mcast_dst_ip 224.0.0.88"
same_wire "mcast_dst_ip" "> 224.0.0.88: VRRP"
conf $A 100
front $'global_defs {\nvrrp_version 3\nvrrp_mcast_group4 224.0.0.77\n}'
same_wire "vrrp_version and vrrp_mcast_group4" "> 224.0.0.77: VRRPv3"
conf $A 100 "${fast[@]}"
sed -i '/interface eth0/d' "$TMP/$A.conf"
front $'global_defs {\ndefault_interface eth0\n}'
wire halbd
like "$(cat "$TMP/halbd.wire")" "VRRPv3" "default_interface"
conf $A 100 "${fast[@]}" "unicast_src_ip 192.168.4.1" "unicast_peer { 192.168.4.9 }" "unicast_ttl 9"
same_wire "unicast_peer and unicast_ttl" "ttl 9,"
conf $A 100 "${fast[@]}" "virtual_ipaddress { fe80::50/64 }"
front $'global_defs {\nvrrp_mcast_group6 ff02::77\n}'
same_wire "vrrp_mcast_group6" "ff02::77: .*vrid 50" "ip6 proto 112"
conf $A 100 "${fast[@]}"
front $'global_defs {\nv3_checksum_as_v2\n}'
wire halbd
like "$(cat "$TMP/halbd.wire")" "3132 6401 000a a5c9 c0a8 0450" "v3_checksum_as_v2 for all"
conf $A 100 "${fast[@]}" "v3_checksum_as_v2 true"
wire halbd
# 3132 6401 000a c0a8 0450 and what makes their sum ffff
like "$(cat "$TMP/halbd.wire")" "3132 6401 000a a5c9 c0a8 0450" "v3_checksum_as_v2: the sum of the message alone"
conf $A 100 "mcast_src_ip 192.168.4.7" "$PASS"
ip -n $A addr add 192.168.4.7/24 dev eth0
same_wire "mcast_src_ip, auth_type and auth_pass" "192.168.4.7 > .*authtype simple.*1111" "ip proto 112 and src host 192.168.4.7"
ip -n $A addr del 192.168.4.7/24 dev eth0
conf $A 100 "${fast[@]}" "native_ipv6 true" "virtual_ipaddress { fe80::50/64 }"
same_wire "native_ipv6" "ff02::12: .*vrid 50" "ip6 proto 112"

# --- ARP ---------------------------------------------------------------------------------
garps() { # KIND: how many there are within 2.5 s of the first
	announcements "$1" 2.5
	awk '/who-has/ { first = first ? first : $1; n += $1 - first < 2.5 } END { print n }' "$TMP/arp"
}
conf $A 100 "${fast[@]}" "garp_master_delay 0" "garp_master_repeat 2" "garp_master_refresh 1" \
	"garp_master_refresh_repeat 3"
theirs=$(garps keepalived)
is "$theirs" 8 "garp_master_repeat, garp_master_refresh, garp_master_refresh_repeat: keepalived's"
is "$(garps halbd)" "$theirs" "... and halbd's"

# --- who is heard ----------------------------------------------------------------------------
conf $A 100 "${fast[@]}" "unicast_src_ip 192.168.4.1" "unicast_peer { 192.168.4.9 }" "check_unicast_src"
conf $B 200 "${fast[@]}" "unicast_src_ip 192.168.4.2" "unicast_peer { 192.168.4.1 }"
start keepalived $B
start halbd $A
check "check_unicast_src: who is no peer is not heard" wait_for 8 eval \
	"holds $A && [ \$(status $A .counters.refused.peer) -ge 1 ]"
stop $A
sed -i /check_unicast_src/d "$TMP/$A.conf"
start halbd $A
wait_for 8 logged $A "Entering BACKUP"
sleep 1
check "... without it it is" lacks $A
stop $A $B
conf $A 100 "${fast[@]}" "unicast_src_ip 192.168.4.1" "unicast_peer {  }" "unicast_fault_no_peer"
start halbd $A
check "unicast_fault_no_peer" wait_for 5 eval "[ \"\$(status $A .reason)\" = 'there is no unicast_peer' ]"
stop $A
conf $A 100 "${fast[@]}"
front $'global_defs {\nlog_unknown_vrids\n}'
conf $B 100 "${fast[@]}" "virtual_router_id 99" "virtual_ipaddress { 192.168.4.99/24 }"
start keepalived $B
start halbd $A
check "log_unknown_vrids" wait_for 8 logged $A "Unknown VRID(99)"
stop $A $B

# --- time ------------------------------------------------------------------------------------
ms() { date +%s%3N; }
conf $A 100 "${fast[@]}"
front $'global_defs {\nvrrp_startup_delay 1.5\n}'
begin=$(ms)
start halbd $A
wait_for 8 holds $A
between $(($(ms) - begin)) 1700 30000 "vrrp_startup_delay"
stop $A
conf $A 100 "${fast[@]}" "preempt_delay 2"
conf $B 90 "${fast[@]}"
start keepalived $B
wait_for 8 holds $B
start halbd $A
begin=$(ms)
wait_for 8 only $A $B
between $(($(ms) - begin)) 1900 30000 "preempt_delay"
stop $A $B
conf $A 100 "${fast[@]}" "down_timer_adverts 15"
begin=$(ms)
start halbd $A
wait_for 8 holds $A
between $(($(ms) - begin)) 1500 30000 "down_timer_adverts"
stop $A

# --- its interface ---------------------------------------------------------------------------------
conf $A 100 "${fast[@]}" "dont_track_primary"
start halbd $A
wait_for 8 holds $A
cut $A
sleep 1
check "dont_track_primary: the cable is cut, and it stays master" holds $A
mend $A
stop $A

# --- what is run ---------------------------------------------------------------------------------------
cat > "$TMP/say" <<-END
	#!/bin/sh
	echo "\$*" >> $TMP/said
END
cat > "$TMP/reader" <<-END
	#!/bin/sh
	exec cat "\$2" > $TMP/read.\$1
END
chmod 755 "$TMP/say" "$TMP/reader"
: > "$TMP/said"
conf $A 100 "${fast[@]}" "notify_backup \"$TMP/say backup\"" "notify_fault \"$TMP/say fault\"" \
	"notify_master \"$TMP/say master\"" "notify_stop \"$TMP/say stop\"" "notify_deleted \"$TMP/say deleted\"" \
	"notify_master_rx_lower_pri \"$TMP/say lower\""
front "global_defs {
script_user root
notify_fifo $TMP/fifo1
notify_fifo_script \"$TMP/reader all\"
vrrp_notify_fifo $TMP/fifo2
vrrp_notify_fifo_script \"$TMP/reader vrrp\"
}"
# B does not hear, and so is a second master.
conf $B 50 "${fast[@]}"
on $B nft -f - <<-END
	table ip deaf { chain in { type filter hook input priority 0; ip protocol vrrp drop; }; }
END
start halbd $A
wait_for 8 holds $A
cut $A
wait_for 8 lacks $A
mend $A
wait_for 8 holds $A
start keepalived $B
check "a second master is noticed" wait_for 8 logged $A "with lower priority 50, ours 100, forcing new election"
check "... counted" wait_for 5 eval "[ \$(status $A '.counters[\"second-master\"]') -ge 1 ]"
check "notify_master_rx_lower_pri" wait_for 5 grep -q "^lower" "$TMP/said"
nsenter --net=/run/netns/$CL -- tcpdump -i eth0 -l -n "arp src host $VIP and ether src $(ip -n $A -o link show eth0 | sed 's/.*ether \([0-9a-f:]*\).*/\1/')" > "$TMP/arp" 2>"$TMP/tcpdump" &
dump=$!
wait_for 5 grep -q listening "$TMP/tcpdump"
on $B nft delete table ip deaf
check "it hears again, and gives way" wait_for 8 only $A $B
check "... which is noticed, and healed" wait_for 8 logged $A "is not heard any more: announced the addresses again"
check "... by ARP" wait_for 5 grep -q who-has "$TMP/arp"
kill $dump
wait $dump 2>/dev/null
stop $B
sed 's/VI_1/VI_2/; s/router_id 50/router_id 51/' "$TMP/$A.conf" > "$TMP/new"
mv "$TMP/new" "$TMP/$A.conf"
reload $A
check "notify_deleted" wait_for 5 grep -q "^deleted" "$TMP/said"
wait_for 5 holds $A
stop $A
is "$(grep -v lower "$TMP/said" | head -n 5 | tr '\n' ' ')" "backup master fault backup master " \
	"notify_backup, notify_master, notify_fault, in their order" || diag "$(cat "$TMP/said")"
check "notify_stop, of the one that was removed and the one that was stopped" wait_for 5 eval \
	"[ \$(grep -c ^stop $TMP/said) = 2 ]"
for f in all vrrp; do
	is "$(head -n 3 "$TMP/read.$f" | tr '\n' ' ')" \
		'INSTANCE "VI_1" BACKUP 100 INSTANCE "VI_1" MASTER 100 INSTANCE "VI_1" FAULT 100 ' \
		"the script of the FIFO for $f"
done

# --- its own address, and flapping -----------------------------------------------------------------
conf $A 100 "${fast[@]}"
conf $B 50 "${fast[@]}" "mcast_src_ip 192.168.4.1"
ip -n $B addr add 192.168.4.1/24 dev eth0
on $B nft -f - <<-END
	table ip deaf { chain in { type filter hook input priority 0; ip protocol vrrp drop; }; }
END
# Else the kernel drops what comes from an address of its own.
on $A sh -c 'echo 1 > /proc/sys/net/ipv4/conf/eth0/accept_local'
start halbd $A
wait_for 8 holds $A
start keepalived $B
check "its own VRID from its own address: said, and counted" wait_for 8 eval \
	"logged $A 'an address of this very host' && [ \$(status $A .counters.refused.own) -ge 1 ]" || diag "$(log $A)"
stop $B
ip -n $B addr del 192.168.4.1/24 dev eth0
on $B nft delete table ip deaf
# Fault, backup and master, each time, behind the first two
for _ in 1 2 3 4 5; do
	cut $A
	wait_for 3 lacks $A
	mend $A
	wait_for 3 holds $A
done
is "$(grep -c 'Entering' "$TMP/$A.log")" 10 "of many changes in a minute ten are logged"
check "... that it flaps" logged $A "flapping: further transitions are counted"
check "... and at its end how many there were, and what it is now" wait_for 70 grep -qE \
	"\(VI_1\) flapping: 1[1-7] transitions in 60 seconds, of which 10 were logged; now MASTER \(no master was heard\)" \
	"$TMP/$A.log" || diag "$(log $A)"
before=$(grep -c "Entering FAULT" "$TMP/$A.log")
cut $A
wait_for 3 lacks $A
is "$(grep -c "Entering FAULT" "$TMP/$A.log")" $((before + 1)) "... and the next one is logged again"
stop $A
mend $A

# --- what is tracked ------------------------------------------------------------------------------------
printf '#!/bin/sh\nsleep 0.7\ntest ! -e %s/bad\n' "$TMP" > "$TMP/script"
chmod 755 "$TMP/script"
rm -f "$TMP/bad"
conf $A 100 "${fast[@]}" "track_script { s }"
front "global_defs {
script_user root
}
vrrp_script s {
script $TMP/script
interval 1
timeout 20
init_fail
rise 2
}"
start halbd $A
check "init_fail: it begins with a fault" wait_for 5 logged $A "Entering FAULT"
check "... until the script has run" wait_for 5 holds $A
touch "$TMP/bad"
wait_for 5 lacks $A
rm "$TMP/bad"
begin=$(ms)
wait_for 8 holds $A
between $(($(ms) - begin)) 1500 30000 "rise 2: one good run is not enough"
stop $A
for keyword in sync_group_tracking_weight global_tracking; do
	rm -f "$TMP/value"
	conf $A 100 "${fast[@]}" "track_file { f }"
	front "vrrp_sync_group G {
	group {
	VI_1
	}
	$keyword
	}
	vrrp_track_file f {
	file $TMP/value
	weight 2
	init_file 7
	}"
	start halbd $A
	wait_for 8 holds $A
	is "$(cat "$TMP/value") $(status $A '["effective-priority"]')" "7 114" "vrrp_track_file, init_file and $keyword"
	stop $A
done

# --- VMAC ----------------------------------------------------------------------------------------------------
conf $A 100 "${fast[@]}" "use_vmac"
front $'global_defs {\nvmac_prefix vm.\n}'
start halbd $A
wait_for 8 holds $A
like "$(ip -n $A -o link show vm.50)" "00:00:5e:00:01:32" "vmac_prefix"
stop $A
done_testing
