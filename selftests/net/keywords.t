#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Keywords whose effect is small, and seen nowhere else: each is set, and looked for. Where others can
# see it, the real keepalived runs with the same file, and shows the same.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
chmod 755 "$TMP"
fast=("version 3" "advert_int 0.1")

# --- FIFOs -----------------------------------------------------------------------------
# keepalived's lines, and then halbd's, of the same events: start, a priority that changes, a reload
lines_of() { # KIND [WHERE]
	local instance="notify_priority_changes true" all=""
	[ "${2-}" != global ] || instance="" all="vrrp_notify_priority_changes true"
	rm -f "$TMP/fifo"
	mkfifo "$TMP/fifo"
	exec 7<> "$TMP/fifo"
	echo 0 > "$TMP/value"
	conf $A 100 "${fast[@]}" "track_file { tf }" "$instance"
	printf 'track_file tf {\n  file %s\n  weight 1\n}\n' "$TMP/value" | cat - "$TMP/$A.conf" > "$TMP/new"
	mv "$TMP/new" "$TMP/$A.conf"
	global $A "vrrp_notify_fifo $TMP/fifo" "fifo_write_vrrp_states_on_reload" "$all"
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
lines_of keepalived global
lines_of halbd global
is "$(head -n 3 "$TMP/halbd.fifo")" "$(head -n 3 "$TMP/keepalived.fifo")" "vrrp_notify_priority_changes: keepalived's lines"
like "$(cat "$TMP/halbd.fifo")" "MASTER_PRIORITY 80" "... with the priority"

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

# --- scripts -------------------------------------------------------------------------------
printf '#!/bin/sh\necho "$1 $(id -un)" >> %s/ran\n' "$TMP" > "$TMP/who"
cp "$TMP/who" "$TMP/open"
chmod 755 "$TMP/who"
chmod 777 "$TMP/open"
: > "$TMP/ran"
conf $A 100 "${fast[@]}" "track_script { s }" "notify_master \"$TMP/open open\"" "notify_backup \"$TMP/who closed\""
printf 'vrrp_script s {\nscript "%s tracked"\ninterval 1\nuser daemon\n}\n' "$TMP/who" | cat - "$TMP/$A.conf" > "$TMP/new"
mv "$TMP/new" "$TMP/$A.conf"
cp "$TMP/$A.conf" "$TMP/plain"
global $A "script_user root"
start halbd $A
wait_for 8 holds $A
check "without enable_script_security all are run" wait_for 5 grep -q "open root" "$TMP/ran"
check "user: the script of a vrrp_script runs as its user" wait_for 5 grep -q "tracked daemon" "$TMP/ran"
stop $A
cp "$TMP/plain" "$TMP/$A.conf"
global $A "script_user root" "enable_script_security"
for kind in keepalived halbd; do
	: > "$TMP/ran"
	start $kind $A
	wait_for 8 holds $A
	wait_for 5 grep -q "closed root" "$TMP/ran"
	wait_for 5 grep -q "tracked daemon" "$TMP/ran"
	sleep 0.5
	is "$(awk '{ print $1 }' "$TMP/ran" | sort -u | xargs)" "closed tracked" \
		"enable_script_security: $kind does not run what others may change"
	stop $A
done
: > "$TMP/ran"
conf $A 100 "${fast[@]}"
global $A "shutdown_script \"$TMP/script down 60\" root" "shutdown_script_timeout 1"
start halbd $A
wait_for 8 holds $A
begin=$SECONDS
stop $A
between $((SECONDS - begin)) 1 40 "shutdown_script_timeout: it is not waited for any longer"
like "$(log $A)" "shutdown_script failed: no end in time" "... which is said"

# --- its processes ------------------------------------------------------------------------------
limit() { sed -n 's/^Max realtime timeout *\([^ ]*\) .*/\1/p' "/proc/$1/limits"; }
checker() { pgrep -P "${PID[$A]}" -x halbd_check; }
# Of a VIP that no instance has, for which the module, which is not there, is missed by nobody.
service="virtual_server 10.99.0.1 80 {
	delay_loop 60
	lb_algo rr
	lb_kind NAT
	protocol TCP
	real_server 10.99.0.2 80 {
	}
}"
conf $A 100 "${fast[@]}"
echo "$service" >> "$TMP/$A.conf"
cp "$TMP/$A.conf" "$TMP/plain"
global $A "vrrp_rlimit_rttime 3000000" "checker_rlimit_rttime 4000000" "checker_rt_priority 7" "checker_cpu_affinity 1" \
	"checker_no_swap"
start halbd $A
wait_for 8 holds $A
wait_for 8 checker
is "$(limit "$(vrrp_pid $A)") $(limit "$(checker)")" "3000000 4000000" "vrrp_rlimit_rttime and checker_rlimit_rttime"
is "$(chrt -p "$(checker)" | sed -n 's/.*priority: //p')" 7 "checker_rt_priority"
is "$(taskset -pc "$(checker)" | sed 's/.*: //')" 1 "checker_cpu_affinity"
like "$(grep VmLck "/proc/$(checker)/status")" "[1-9][0-9]+ kB" "checker_no_swap"
stop $A
cp "$TMP/plain" "$TMP/$A.conf"
global $A "vrrp_rlimit_rtime 5000000" "checker_rlimit_rtime 6000000" "checker_priority -3"
start halbd $A
wait_for 8 holds $A
wait_for 8 checker
is "$(limit "$(vrrp_pid $A)") $(limit "$(checker)")" "5000000 6000000" "vrrp_rlimit_rtime and checker_rlimit_rtime: the same by their old names"
is "$(ps -o ni= -p "$(checker)" | xargs)" -3 "checker_priority"
stop $A

# A process that does not end when it is told to
conf $A 100 "${fast[@]}"
echo "child_wait_time 8" >> "$TMP/$A.conf"
start halbd $A
wait_for 8 holds $A
kill -STOP "$(vrrp_pid $A)"
begin=$SECONDS
stop $A
between $((SECONDS - begin)) 8 60 "child_wait_time: so long it may take to stop"
check "... and then it is killed, and the address is gone" lacks $A

# --- what there need not be -------------------------------------------------------------------
conf $A 100 "${fast[@]}" "interface dyn0"
like "$("$HALBD" -t"$TMP/$A.conf")" "there is no interface dyn0" "an interface that is not there is missed"
global $A dynamic_interfaces
refute "dynamic_interfaces: it is not" grep -q dyn0 <("$HALBD" -t"$TMP/$A.conf")
for kind in keepalived halbd; do
	start $kind $A
	wait_for 5 grep -qi "fault\|dyn0" "$TMP/$A.log"
	ip -n $A link add dyn0 type veth peer name dyn1
	ip -n $A link set dyn1 up
	ip -n $A link set dyn0 up
	ip -n $A addr add 192.168.9.1/24 dev dyn0
	check "... and when it comes, $kind is master there" wait_for 10 holds $A
	stop $A
	ip -n $A link del dyn0
done
conf $A 100 "${fast[@]}" "virtual_ipaddress { }"
like "$("$HALBD" -t"$TMP/$A.conf")" "no address" "an instance without addresses is noticed"
conf $A 100 "${fast[@]}" "virtual_ipaddress { }" "no_virtual_ipaddress"
like "$("$HALBD" -t"$TMP/$A.conf")" "; 0 errors, 0 warnings" "no_virtual_ipaddress: it is meant so"
start halbd $A
check "... and it is master of them" wait_for 8 logged $A "Entering MASTER"
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
