#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbd.service: systemd has no complaint, readiness comes when it is ready, a reload is told, and
# with exactly the capabilities that the unit leaves it all that needs one works.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
unit=$HALB_SRC/tools/halbd.service
command -v systemd-analyze >/dev/null || bail "there is no systemd-analyze: make deps"
sed "s,/usr/local/sbin/halbd,$HALBD," "$unit" > "$TMP/halbd.service"
# Documentation that is not installed here is none of its faults.
is "$(systemd-analyze verify "$TMP/halbd.service" 2>&1 | grep -v "Command 'man \|^$")" "" "systemd-analyze verify"
is "$(sed -n 's/^Type=//p; s/^Conflicts=//p' "$unit" | sort | tr '\n' ' ')" "keepalived.service notify " \
	"Type=notify, and not beside keepalived.service"

# --- what systemd is told -------------------------------------------------------------------
cat > "$TMP/listen.py" <<-'END'
	import socket, sys, time
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	while True:
	    print(s.recv(4096).decode().replace("\n", " "), flush=True)
END
python3 "$TMP/listen.py" "$TMP/notify" > "$TMP/told" &
listener=$!
wait_for 5 test -S "$TMP/notify"
export NOTIFY_SOCKET=$TMP/notify

# --- with these capabilities --------------------------------------------------------------------
caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
[ -n "$caps" ] || bail "the unit has no CapabilityBoundingSet"
chmod 755 "$TMP"
cat > "$TMP/script" <<-END
	#!/bin/sh
	echo "\$1 \$(id -un)" >> $TMP/ran
	sleep \${2:-0}
END
: > "$TMP/ran"
chmod 755 "$TMP/script"
chmod 666 "$TMP/ran"
conf $A 100 "version 3" "advert_int 0.1" "use_vmac" "virtual_routes { 10.1.0.0/16 via 192.168.4.200 }" \
	"promote_secondaries" "notify_master \"$TMP/script master\"" "track_script { slow }" \
	"smtp_alert"
# rt_rlimit, a FIFO of somebody else's, a script that is killed for its timeout
{
	printf '%s\n' "global_defs {" "script_user daemon" "vrrp_notify_fifo $TMP/fifo daemon" \
		"notification_email {" "a@example.net" "}" "notification_email_from b@example.net" \
		"smtp_server 192.168.4.9" "smtp_connect_timeout 1" "}" \
		"vrrp_script slow {" "script \"$TMP/script slow 20\"" "interval 1" "timeout 1" \
		"weight -5" "}" "static_ipaddress {" "192.168.77.1/24 dev eth1" "}"
	cat "$TMP/$A.conf"
} > "$TMP/new"
mv "$TMP/new" "$TMP/$A.conf"
install -d -m 700 -o daemon "$TMP/theirs"
: > "$TMP/$A.log"
nsenter --net=/run/netns/$A -- setpriv --bounding-set=-all,$caps --inh-caps=-all \
	"$HALBD" -n -l -D -f "$TMP/$A.conf" -p "$TMP/theirs/pid" >> "$TMP/$A.log" 2>&1 &
PID[$A]=$!
KIND[$A]=halbd
check "READY=1, once it works" wait_for 8 grep -q "READY=1" "$TMP/told"
check "it becomes master" wait_for 8 holds $A
capabilities() { capsh --decode="$(sed -n 's/^CapBnd:\t//p' "/proc/$1/status")" | sed 's/.*=//' | tr ',' '\n' | sort; }
# This host may be a container that has less.
is "$(capabilities "$(vrrp_pid $A)")" \
	"$(sed -n 's/^CapabilityBoundingSet=//p' "$unit" | tr 'A-Z ' 'a-z\n' | sort | comm -12 - <(capabilities self))" \
	"... with them alone"
check "its VMAC" ip -n $A link show vrrp.50
check "its route" eval "ip -n $A route show 10.1.0.0/16 | grep -q 192.168.4.200"
check "its static address" holds $A 192.168.77.1
is "$(chrt -p "$(vrrp_pid $A)" | sed -n 's/.*policy: \([A-Z_]*\).*/\1/p')" SCHED_RR "real-time priority"
like "$(grep VmLck "/proc/$(vrrp_pid $A)/status")" "[1-9][0-9]+ kB" "locked memory"
check "a script as its user" wait_for 5 grep -q "^master daemon" "$TMP/ran"
check "... which is killed for its timeout" wait_for 8 logged $A "VRRP_Script(slow) timed_out"
is "$(stat -c %U "$TMP/fifo")" daemon "a FIFO that belongs to its user"
check "a pid file in a directory of somebody else's" test -s "$TMP/theirs/pid"
check "mails are tried" wait_for 8 logged $A "A mail could not be sent"
check "the status" on $A "$HALBCTL" status
refute "nothing is refused" grep -iE "not permitted|denied|No real-time|not locked" "$TMP/$A.log"
fails_with 1 "another halbd .*SIGHUP" "another one is found" on $A setpriv --bounding-set=-all,$caps --inh-caps=-all \
	"$HALBD" -n -l -f "$TMP/$A.conf" -p "$TMP/other.pid"
reload $A
check "RELOADING=1 at a reload, and READY=1 after it" wait_for 5 eval \
	"[ \"\$(grep -oE 'RELOADING|READY' $TMP/told | tr '\n' ' ')\" = 'READY RELOADING READY ' ]"
stop $A
check "STOPPING=1" grep -q "STOPPING=1" "$TMP/told"
check "... and all is gone" eval "lacks $A && lacks $A 192.168.77.1 && ! ip -n $A link show vrrp.50 2>/dev/null"

# Real-time priority is gone if CAP_SYS_NICE is: then it says so, and works.
nsenter --net=/run/netns/$A -- setpriv --bounding-set=-all,+net_admin,+net_raw --inh-caps=-all \
	sh -c "ulimit -r 0; ulimit -l 64; exec '$HALBD' -n -l -D -f '$TMP/$A.conf' -p '$TMP/pid'" > "$TMP/$A.log" 2>&1 &
PID[$A]=$!
check "with less it says what it lacks" wait_for 8 logged $A "No real-time priority"
stop $A
kill $listener
done_testing
