#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a vrrp_sync_group has of its own: whom it tells, and what it tracks for all of its members, with the
# real keepalived and halbd one after the other in the same place.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
chmod 755 "$TMP"
cat > "$TMP/say" <<-END
	#!/bin/sh
	echo "\$*" >> $TMP/said
END
printf '#!/bin/sh\ntest ! -e %s/bad\n' "$TMP" > "$TMP/good"
chmod 755 "$TMP/say" "$TMP/good"

write() { # LINE... of the group
	local n
	{
		printf '%s\n' "global_defs {" "script_user root" "}" "vrrp_script s {" "script $TMP/good" "interval 1" "}" \
			"track_file f {" "file $TMP/value" "weight 1" "}"
		printf '%s\n' "vrrp_sync_group G {" "group {" VI_1 VI_2 "}" "$@" "}"
		for n in 1 2; do
			conf $A 100 "version 3" "advert_int 0.2" "interface eth$((n - 1))" "virtual_router_id 5$n" \
				"virtual_ipaddress { 192.168.$((3 + n)).80/24 }"
			sed "s/VI_1/VI_$n/" "$TMP/$A.conf"
		done
	} > "$TMP/new"
	mv "$TMP/new" "$TMP/$A.conf"
}
both() { holds $A && holds $A 192.168.5.80; }
neither() { lacks $A && lacks $A 192.168.5.80; }
told() { [ "$(grep -c . "$TMP/said")" -ge "$1" ]; }

# --- telling ---------------------------------------------------------------------------
# Each line once: master, a fault of one member, master, stop
for kind in keepalived halbd; do
	: > "$TMP/said"
	echo 0 > "$TMP/value"
	write "notify $TMP/say" "notify_master \"$TMP/say master\"" "notify_backup \"$TMP/say backup\"" \
		"notify_fault \"$TMP/say fault\"" "notify_stop \"$TMP/say stop\""
	start $kind $A
	check "$kind: both are master" wait_for 8 both
	wait_for 5 grep -q "GROUP G MASTER" "$TMP/said"
	cut $A eth1
	check "... the one's fault is the other's, too" wait_for 8 neither
	wait_for 5 grep -q "GROUP G FAULT" "$TMP/said"
	mend $A eth1
	check "... until it is over" wait_for 10 both
	wait_for 5 eval "[ \$(grep -c ^master $TMP/said) = 2 ]"
	stop $A
	wait_for 5 grep -q "GROUP G STOP" "$TMP/said"
	# Scripts of one moment run side by side.
	sort "$TMP/said" | uniq -c | sed 's/^ *//' > "$TMP/$kind.said"
done
is "$(cat "$TMP/halbd.said")" "$(cat "$TMP/keepalived.said")" "notify, notify_master, notify_backup, notify_fault, notify_stop: keepalived's"

# --- tracking --------------------------------------------------------------------------
# tracks NAME BREAK MEND LINES...: a fault of both while it is broken
tracks() {
	local name=$1 break=$2 mend=$3 kind
	shift 3
	write "$@"
	for kind in keepalived halbd; do
		rm -f "$TMP/bad"
		echo 0 > "$TMP/value"
		start $kind $A
		wait_for 8 both
		eval "$break"
		check "$name of a group: a fault of both, $kind" wait_for 8 neither
		eval "$mend"
		check "... until it is over" wait_for 10 both
		stop $A
	done
}
ip -n $A link add eth2 type veth peer name eth3
ip -n $A link set eth2 up
ip -n $A link set eth3 up
tracks track_interface "ip -n $A link set eth3 down" "ip -n $A link set eth3 up" "track_interface {" eth2 "}"
tracks track_script "touch $TMP/bad" "rm $TMP/bad" "track_script {" s "}"
tracks track_file "echo 1 > $TMP/value" "echo 0 > $TMP/value" "track_file {" "f weight 0" "}"
done_testing
