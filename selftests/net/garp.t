#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# How addresses are announced, by ARP and for IPv6 by neighbour advertisements: each keyword beside the
# real keepalived, which has the same file. How many messages there are, and in which groups.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
fast=("version 3" "advert_int 0.1")
NA="icmp6 and ip6[40] = 136 and ip6 src host fd00:4::80"

# Messages in groups, between which there was nothing for at least that long (ms): "5 5"
bursts() { # FILE MS
	awk -v pause="$2" '/who-has|advertisement/ { t = $1 * 1000; if (n && t - last >= pause) { printf "%d ", n; n = 0 }
		last = t; n++ } END { printf "%d", n }' "$1"
}
# The mean time (ms) between two messages
pace() {
	awk '/who-has|advertisement/ { if (n++) sum += $1 - last; last = $1 } END { printf "%d", (n > 1 ? sum / (n - 1) * 1000 : 0) }' "$1"
}
# same NAME EXPECTED SECONDS [FILTER]: keepalived has these groups, and halbd too
same() {
	announcements keepalived "$3" "${4-}"
	is "$(bursts "$TMP/arp" 400)" "$2" "$1: keepalived's" || diag "$(cat "$TMP/arp")"
	announcements halbd "$3" "${4-}"
	is "$(bursts "$TMP/arp" 400)" "$2" "... and halbd's" || diag "$(cat "$TMP/arp")"
}
# paced NAME FILTER: five messages, 0.2 seconds between two of them. (keepalived 2.2 keeps the pace, but
# forgets some of the messages.)
paced() {
	announcements halbd 3 "$2"
	is "$(bursts "$TMP/arp" 2000)" 5 "$1: five messages" || diag "$(cat "$TMP/arp")"
	between "$(pace "$TMP/arp")" 190 "${3:-300}" "... at their pace" || diag "$(cat "$TMP/arp")"
}

# --- what holds for all instances -----------------------------------------------------------
conf $A 100 "${fast[@]}"
global $A "vrrp_garp_master_delay 1" "vrrp_garp_master_repeat 3"
same "vrrp_garp_master_delay and vrrp_garp_master_repeat" "3 3" 2
conf $A 100 "${fast[@]}"
global $A "vrrp_garp_master_delay 0" "vrrp_garp_master_repeat 2" "vrrp_garp_master_refresh 1" \
	"vrrp_garp_master_refresh_repeat 3"
same "vrrp_garp_master_refresh and vrrp_garp_master_refresh_repeat" "2 3 3" 2.5
conf $A 100 "${fast[@]}" "garp_master_repeat 4"
global $A "vrrp_garp_master_delay 0" "vrrp_garp_master_repeat 2"
same "an instance has its own" 4 1

conf $A 100 "${fast[@]}"
global $A "vrrp_garp_master_delay 0" "vrrp_garp_interval 0.2"
paced vrrp_garp_interval "arp src host $VIP"
six=("${fast[@]}" "virtual_ipaddress { fe80::50/64; fd00:4::80/64 }")
conf $A 100 "${six[@]}"
global $A "vrrp_garp_master_delay 0" "vrrp_gna_interval 0.2"
# Of two addresses in turn
paced vrrp_gna_interval "$NA" 500

# --- groups of interfaces -----------------------------------------------------------------------
group() { printf '%s\n' "garp_group {" "$@" "}" >> "$TMP/$A.conf"; }
conf $A 100 "${six[@]}" "garp_master_delay 0"
group "gna_interval 0.2" "interface eth0"
paced "garp_group with gna_interval and interface" "$NA" 500
conf $A 100 "${fast[@]}" "garp_master_delay 0"
group "garp_interval 0.2" "interface eth1"
same "the group of another interface" 5 1

# --- another master, of lower priority -----------------------------------------------------------
# One advertisement comes, and no more: the addresses are announced at once, and again later.
rival() { # NAME EXPECTED
	local kind
	for kind in keepalived halbd; do
		start $kind $A
		wait_for 12 holds $A
		sleep 0.5
		watch "arp src host $VIP"
		advert 50
		sleep 5
		unwatch
		stop $A
		is "$(bursts "$TMP/watched" 1000)" "$2" "$1: $kind" || diag "$(cat "$TMP/watched" "$TMP/$A.log")"
	done
}
slow=("version 3" "advert_int 1" "down_timer_adverts 1" "garp_master_delay 0")
conf $A 100 "${slow[@]}" "garp_lower_prio_delay 3" "garp_lower_prio_repeat 2"
rival "garp_lower_prio_delay and garp_lower_prio_repeat" "2 2"
conf $A 100 "${slow[@]}"
global $A "vrrp_garp_lower_prio_delay 3" "vrrp_garp_lower_prio_repeat 3"
rival "vrrp_garp_lower_prio_delay and vrrp_garp_lower_prio_repeat" "3 3"
conf $A 100 "${slow[@]}" "garp_master_repeat 1" "garp_lower_prio_repeat 0"
rival "garp_lower_prio_repeat 0" 0
done_testing
