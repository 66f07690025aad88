#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SIGHUP takes over what differs and touches nothing else: no master bounces, no advertisement is missing, no
# address is away for a moment, whatever changes; and a file with errors changes nothing.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
fast=("version 3" "advert_int 0.1")

# write: two instances on eth0 and one on eth1, from $vips1, $vips2, $more1, $more2, $group, $top
vips1="$VIP/24" vips2="192.168.4.82/24" more1="" more2="" group="VI_1 VI_3" top=""
write() {
	{
		printf '%s\n' "$top"
		printf '%s\n' "vrrp_sync_group G {" "group {" "${group// /$'\n'}" "}" "}"
		conf $A 100 "${fast[@]}" "virtual_ipaddress { $vips1 }" "$@"
		sed '$d' "$TMP/$A.conf"
		printf '%s\n}\n' "$more1"
		conf $A 100 "${fast[@]}" "virtual_router_id 51" "virtual_ipaddress { $vips2 }"
		sed 's/VI_1/VI_2/; $d' "$TMP/$A.conf"
		printf '%s\n}\n' "$more2"
		conf $A 100 "${fast[@]}" "virtual_router_id 52" "interface eth1" "virtual_ipaddress { 192.168.5.80/24 }"
		sed 's/VI_1/VI_3/' "$TMP/$A.conf"
	} > "$TMP/new"
	mv "$TMP/new" "$TMP/$A.conf"
}
reloads() { grep -c "Configuration reloaded" "$TMP/$A.log"; }
masters() { [ "$(on $A "$HALBCTL" -j status | jq '[.instances[] | select(.state == "MASTER")] | length')" = "$1" ]; }
bounces() { grep -cE "Entering (BACKUP|FAULT|STOP|MASTER)" "$TMP/$A.log"; }
# change NAME: writes and reloads; watched all the time
change() {
	local name=$1 n
	n=$(reloads)
	shift
	write "$@"
	reload $A
	check "$name" wait_for 5 eval "[ \$(reloads) -gt $n ]"
}
write
start halbd $A
wait_for 8 masters 3
sleep 0.5
before=$(bounces)
pacemaker
watch "ip proto 112"
ip -n $A monitor address > "$TMP/monitor" &
monitor=$!

change "the same file"
check "... is said to change nothing" logged $A "Reload: nothing changes"
top=$'# a comment\n\n'
change "the same, some lines further down"
is "$(grep -c "Reload: nothing changes" "$TMP/$A.log")" 2 "... is nothing, too"
top=""
for _ in 1 2 3 4 5 6 7 8; do reload $A; sleep 0.02; done
change "nine times in a row"
more1=$'debug 2\nnotify_master /bin/true' more2="garp_master_refresh 5"
change "notify and ARP"
more2="preempt_delay 5"
change "another preempt_delay"
vips1="192.168.4.81/24; 192.168.4.84/24" vips2="192.168.4.82/24; $VIP/24"
change "an address moves to another instance, and others come"
check "... and all are there" wait_for 3 eval "holds $A && holds $A 192.168.4.81 && holds $A 192.168.4.84"
refute "... none has been away" grep "^Deleted" "$TMP/monitor"
vips1="$VIP/24; 192.168.4.82/24" vips2="192.168.4.81/24; 192.168.4.84/24"
change "they change places"
sleep 0.3
refute "... and none has been away" grep "^Deleted" "$TMP/monitor"
group="VI_1 VI_2"
change "another sync group"
more1="skip_check_adv_addr"
change "priority 150" "priority 150"
is "$(status $A .priority)" 150 "... which counts at once"
check "... and the log says what changes" logged $A "Reload: vrrp_instance VI_1 changes: "
like "$(log $A)" "priority 100 -> 150" "... from what to what"
sleep 1
unwatch
kill $monitor
wait $monitor 2>/dev/null
stop $B
is "$(bounces)" "$before" "no instance changed its state in all this" || diag "$(log $A)"
lateness
in_time "... and no advertisement was later than half an interval"
is "$(awk '/vrid 5/ && / prio (0|stop)/' "$TMP/watched")" "" "... nor was any of priority 0"

# --- what has to change does --------------------------------------------------------------
fast=("version 3" "advert_int 0.2")
change "another advert_int"
is "$(bounces)" "$before" "... and no master bounced"
fast=("version 3" "advert_int 0.1")
change "and back"
sed -i 's/virtual_router_id 51/virtual_router_id 61/' "$TMP/$A.conf"
reload $A
check "another virtual_router_id: that instance begins anew" wait_for 5 eval "[ \$(bounces) -gt $before ] && masters 3"
is "$(grep -c "(VI_1) Entering MASTER" "$TMP/$A.log") $(grep -c "(VI_3) Entering MASTER" "$TMP/$A.log")" "1 1" "... and no other"
n=$(bounces)
sed -i 's/VI_1 *VI_2/VI_1/; /^VI_2$/d' "$TMP/$A.conf"
awk '/vrrp_instance VI_2/ { skip = 1 } /vrrp_instance VI_3/ { skip = 0 } !skip' "$TMP/$A.conf" > "$TMP/new"
mv "$TMP/new" "$TMP/$A.conf"
reload $A
check "an instance is removed: its addresses are gone" wait_for 5 eval "lacks $A 192.168.4.84 && masters 2"
check "... and the others are not" holds $A

# --- errors -----------------------------------------------------------------------------------
cp "$TMP/$A.conf" "$TMP/good"
for bad in "vrrp_instance VI_9 { interface" "bogus_keyword 1" $'vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 9\n}'; do
	n=$(grep -c "the old one stays" "$TMP/$A.log")
	{ cat "$TMP/good"; echo "$bad"; } > "$TMP/$A.conf"
	sed -i "s/192.168.4.82/192.168.4.99/" "$TMP/$A.conf"
	reload $A
	check "a bad file (${bad%%$'\n'*}): the old one stays" wait_for 5 eval \
		"[ \$(grep -c 'the old one stays' $TMP/$A.log) -gt $n ]"
	check "... all of it" eval "holds $A 192.168.4.82 && lacks $A 192.168.4.99 && masters 2"
	like "$(log $A | grep -B3 "the old one stays" | tail -n 4)" "$TMP/$A.conf:[0-9]+: " "... and the line is named"
done
rm "$TMP/$A.conf"
reload $A
check "no file: the old one stays" wait_for 5 eval "[ \$(grep -c 'the old one stays' $TMP/$A.log) -eq 4 ] && masters 2"
cp "$TMP/good" "$TMP/$A.conf"
sed -i "s/192.168.4.82/192.168.4.99/" "$TMP/$A.conf"
reload $A
check "a good one is taken" wait_for 5 eval "holds $A 192.168.4.99 && lacks $A 192.168.4.82"

# --- a backup -----------------------------------------------------------------------------------
stop $A
conf $A 90 "advert_int 1" "authentication { auth_type PASS; auth_pass secret1 }"
conf $B 100 "advert_int 1" "authentication { auth_type PASS; auth_pass secret1 }"
start keepalived $B
wait_for 8 holds $B
start halbd $A
wait_for 5 logged $A "Entering BACKUP"
conf $A 110 "advert_int 1" "authentication { auth_type PASS; auth_pass secret1 }"
reload $A
check "a backup whose priority rises becomes master" wait_for 8 only $A $B
conf $A 110 "advert_int 1" "authentication { auth_type PASS; auth_pass secret2 }"
reload $A
check "another password" wait_for 5 logged $A "auth_pass"
refute "... is not in the log" grep -q "secret[12]" "$TMP/$A.log"
stop $A $B
done_testing
