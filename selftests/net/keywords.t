#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Keywords whose effect is small, and seen nowhere else: each is set, and looked for. Where others can
# see it, the real keepalived runs with the same file, and shows the same.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
chmod 755 "$TMP"
global() { # NS LINE...
	local ns=$1
	shift
	{
		echo "global_defs {"
		printf '%s\n' "$@"
		echo "}"
		cat "$TMP/$ns.conf"
	} > "$TMP/new"
	mv "$TMP/new" "$TMP/$ns.conf"
}
fast=("version 3" "advert_int 0.1")

# --- FIFOs -----------------------------------------------------------------------------
# keepalived's lines, and then halbd's, of the same events: start, a priority that changes, a reload
lines_of() { # KIND
	rm -f "$TMP/fifo"
	mkfifo "$TMP/fifo"
	exec 7<> "$TMP/fifo"
	echo 0 > "$TMP/value"
	conf $A 100 "${fast[@]}" "track_file { tf }" "notify_priority_changes true"
	printf 'track_file tf {\n  file %s\n  weight 1\n}\n' "$TMP/value" | cat - "$TMP/$A.conf" > "$TMP/new"
	mv "$TMP/new" "$TMP/$A.conf"
	global $A "vrrp_notify_fifo $TMP/fifo" "fifo_write_vrrp_states_on_reload"
	start "$1" $A
	wait_for 8 holds $A
	echo -20 > "$TMP/value"
	wait_for 5 logged $A "ffective priority from 100 to 80"
	reload $A
	wait_for 5 grep -qE "Configuration reloaded|Reload complete" "$TMP/$A.log"
	sleep 0.5
	timeout 1 cat <&7 > "$TMP/$1.fifo"
	exec 7>&-
	stop $A
}
lines_of keepalived
lines_of halbd
is "$(head -n 3 "$TMP/halbd.fifo")" "$(head -n 3 "$TMP/keepalived.fifo")" \
	"vrrp_notify_fifo and notify_priority_changes: keepalived's lines"
like "$(cat "$TMP/keepalived.fifo")" "MASTER_PRIORITY 80" "... and keepalived tells of the priority"
# keepalived 2.2.7 writes a line of its priority there.
is "$(tail -n +4 "$TMP/halbd.fifo")" 'INSTANCE "VI_1" MASTER 80' "fifo_write_vrrp_states_on_reload"

# --- track_src_ip -------------------------------------------------------------------------
conf $A 100 "${fast[@]}" "mcast_src_ip 192.168.4.77" "track_src_ip"
start halbd $A
wait_for 5 logged $A "Entering FAULT"
is "$(status $A .reason)" "interface eth0 has not the source address" "track_src_ip: a fault without it"
ip -n $A addr add 192.168.4.77/24 dev eth0
check "... and none with it" wait_for 5 holds $A
stop $A
ip -n $A addr del 192.168.4.77/24 dev eth0

# --- ARP -------------------------------------------------------------------------------------
# How many messages there are within two seconds of the first, with how long between the first two
garps() { # KIND
	announcements "$1" 2
	grep -c . "$TMP/arp"
}
conf $A 100 "${fast[@]}" "garp_master_delay 1"
is "$(garps halbd)" 10 "garp_master_delay: two bursts of five"
conf $A 100 "${fast[@]}"
global $A "vrrp_min_garp"
is "$(garps keepalived)" 1 "vrrp_min_garp: keepalived says one message"
is "$(garps halbd)" 1 "... and halbd too"
conf $A 100 "${fast[@]}" "garp_master_delay 0"
cat >> "$TMP/$A.conf" <<-END
	garp_group {
	  garp_interval 0.2
	  interfaces {
	    eth0
	  }
	}
END
is "$(garps halbd)" 5 "garp_group: all messages are sent"
gap=$(awk '/who-has/ && n++ { s += $1 - last } /who-has/ { last = $1 } END { printf "%d", s / (n - 1) * 1000 }' "$TMP/arp")
between "$gap" 180 260 "... at its pace"

# --- processes and files -----------------------------------------------------------------------
cat > "$TMP/script" <<-END
	#!/bin/sh
	echo "\$1 \$(id -G)" >> $TMP/ran
	sleep "\${2:-0}"
END
: > "$TMP/ran"
chmod 755 "$TMP/script"
chmod 666 "$TMP/ran"
conf $A 100 "${fast[@]}" "notify_master \"$TMP/script master\""
global $A "script_user daemon" "startup_script \"$TMP/script up 0.5\" root" "shutdown_script \"$TMP/script down\" root" \
	"set_supplementary_groups" "umask 0077" "vrrp_cpu_affinity 1" "vrrp_rt_priority 40" "router_id x"
start halbd $A
wait_for 8 holds $A
wait_for 5 grep -q master "$TMP/ran"
is "$(head -n 1 "$TMP/ran" | awk "{ print \$1 }")" up "startup_script runs before all else"
is "$(grep master "$TMP/ran" | sed "s,^[^ ]* ,,")" "$(id -G daemon)" "set_supplementary_groups: the script has its user's"
is "$(stat -c %a "$TMP/$A.pid")" 600 "umask: of the pid file"
vrrp=$(vrrp_pid $A)
is "$(taskset -pc "$vrrp" | sed 's/.*: //')" 1 "vrrp_cpu_affinity"
is "$(chrt -p "$vrrp" | sed -n 's/.*priority: //p')" 40 "vrrp_rt_priority"
like "$(grep VmLck "/proc/$vrrp/status")" "[1-9][0-9]+ kB" "its memory is locked"
stop $A
is "$(tail -n 1 "$TMP/ran" | awk "{ print \$1 }")" down "shutdown_script runs after all else"

conf $A 100 "${fast[@]}"
global $A "startup_script \"$TMP/script up 30\" root" "startup_script_timeout 1"
start halbd $A
check "startup_script_timeout: it is not waited for any longer" wait_for 8 holds $A
like "$(log $A)" "startup_script failed: no end in time" "... which is said"
stop $A

conf $A 100 "${fast[@]}"
{ echo "instance one"; echo "use_pid_dir"; } >> "$TMP/$A.conf"
nsenter --net=/run/netns/$A -- "$HALBD" -n -l -f "$TMP/$A.conf" 2> "$TMP/$A.log" &
PID[$A]=$!
check "instance and use_pid_dir: the pid file is named so" wait_for 5 test -s /run/halb/halbd_one.pid
stop $A
rmdir /run/halb 2>/dev/null

conf $A 100 "${fast[@]}"
echo "net_namespace $A" >> "$TMP/$A.conf"
"$HALBD" -n -l -f "$TMP/$A.conf" 2> "$TMP/$A.log" &
PID[$A]=$!
check "net_namespace: it works there" wait_for 5 holds $A
check "... and its pid file has that name" test -s "/run/halbd_$A.pid"
stop $A

conf $A 100 "${fast[@]}"
global $A "reload_check_config $TMP/report"
start halbd $A
wait_for 5 holds $A
sed -i 's/priority 100/priority 1000/' "$TMP/$A.conf"
reload $A
check "reload_check_config: its file has what was wrong" wait_for 5 grep -q "priority" "$TMP/report"
check "... and the old configuration goes on" holds $A
stop $A

# --- what -t exits with -----------------------------------------------------------------
codes() { # NAME EXPECTED LINE...
	local name=$1 expected=$2
	shift 2
	conf $A 100 "$@"
	on $A keepalived -t -f "$TMP/$A.conf" >/dev/null 2>&1
	is "$?" "$expected" "-t with $name: keepalived exits with $expected"
	on $A "$HALBD" -t -f "$TMP/$A.conf" >/dev/null
	is "$?" "$expected" "... and halbd"
}
codes "nothing wrong" 0
codes "an unknown keyword" 5 "bogus 1"
codes "a value out of range" 5 "priority 1000"
codes "a script and no enable_script_security" 6 "notify /bin/true"
done_testing
