#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbd's options, its signals, and its log in syslog, whose levels and facility count. (As a daemon, and its
# pid file: daemon.t; -t: keywords.t; -I: restart.sh.)
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
children() { pgrep -P "${PID[$A]}" -l | awk '{ print $2 }' | grep -v halbd_log | sort | xargs; }
with() { # OPTION...
	: > "$TMP/$A.log"
	nsenter --net=/run/netns/$A -- "$HALBD" -n -f "$TMP/$A.conf" -p "$TMP/$A.pid" "$@" >> "$TMP/$A.log" 2>&1 &
	PID[$A]=$!
	KIND[$A]=halbd
}
like "$("$HALBD" -v)" "^halbd [0-9]" "-v"
like "$("$HALBD" -h)" "^Usage: halbd " "-h"
fails_with 2 "Usage: halbd" "an unknown option" "$HALBD" --bogus
fails_with 1 "there are no arguments" "an argument" "$HALBD" start

# --- its processes ------------------------------------------------------------------------
conf $A 100 "version 3" "advert_int 0.1"
cat >> "$TMP/$A.conf" <<-END
	virtual_server 10.99.0.1 80 {
	  lb_algo rr
	  lb_kind NAT
	  protocol TCP
	  real_server 10.99.0.2 80 {
	  }
	}
END
with -l
check "VRRP and checks" wait_for 8 eval '[ "$(children)" = "halbd_check halbd_scripts halbd_vrrp" ]'
stop $A
with -l -P
wait_for 8 holds $A
is "$(children)" "halbd_scripts halbd_vrrp" "-P: VRRP alone"
stop $A
with -l -C
check "-C: checks alone" wait_for 8 eval '[ "$(children)" = halbd_check ]'
stop $A

# --- what it logs -----------------------------------------------------------------------------
with -l -P
wait_for 8 holds $A
refute "the status is not logged by itself" logged $A 'status: {'
kill -USR1 "${PID[$A]}"
check "SIGUSR1: it is" wait_for 5 logged $A 'status: {'
check "... with the instance's state" wait_for 5 logged $A '"state":"MASTER"'
stop $A
with -l -P -d
check "-d: the status, once it runs" wait_for 8 logged $A 'status: {'
stop $A
printf '#!/bin/sh\nexit 3\n' > "$TMP/three"
chmod 755 "$TMP" "$TMP/three"
printf 'vrrp_script s {\nscript %s\ninterval 1\nweight 1\n}\n' "$TMP/three" > "$TMP/script"
conf $A 100 "version 3" "advert_int 0.1" "track_script { s }"
cat "$TMP/$A.conf" >> "$TMP/script"
cp "$TMP/script" "$TMP/$A.conf"
with -l
wait_for 8 logged $A "failed (exited with status 3)"
refute "details are not logged" logged $A "now returning"
stop $A
with -l -D
check "-D: they are" wait_for 8 logged $A "now returning 3"
stop $A

# --- syslog ----------------------------------------------------------------------------------------
cat > "$TMP/syslog.py" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	while True:
	    print(s.recv(4096).decode().rstrip("\0\n"), flush=True)
END
# A /dev of its own, whose log is that socket
cat > "$TMP/enter" <<-END
	#!/bin/bash
	mkdir -p "$TMP/dev"
	mount -t tmpfs none "$TMP/dev" || exit 1
	for f in null zero random urandom; do
	  touch "$TMP/dev/\$f"
	  mount --bind "/dev/\$f" "$TMP/dev/\$f"
	done
	touch "$TMP/dev/log"
	mount --bind "$TMP/log" "$TMP/dev/log"
	mount --rbind "$TMP/dev" /dev
	exec nsenter --net=/run/netns/$A -- "$HALBD" -n -f "$TMP/$A.conf" -p "$TMP/$A.pid" "\$@"
END
chmod 755 "$TMP/enter"
python3 "$TMP/syslog.py" "$TMP/log" > "$TMP/syslog" &
listener=$!
wait_for 10 test -S "$TMP/log"
in_syslog() { : > "$TMP/syslog"; unshare -m "$TMP/enter" "$@" & PID[$A]=$!; }
conf $A 100 "version 3" "advert_int 0.1" "bogus 1"
# RFC 5424: facility daemon is 3, local5 is 21; notice is 5, an error 3
in_syslog
check "syslog has it: a notice" wait_for 8 grep -q "^<29>.*halbd_vrrp\[[0-9]*\]: (VI_1) Entering MASTER STATE" "$TMP/syslog"
stop $A
in_syslog -S 5
check "-S: another facility" wait_for 8 grep -q "^<173>.*(VI_1) Entering MASTER STATE" "$TMP/syslog"
# It runs with the line in error; a reload tells of it again, now that there is a log.
kill -HUP "${PID[$A]}"
check "... and an error" wait_for 8 grep -q "^<171>.*unknown keyword 'bogus'" "$TMP/syslog"
stop $A
kill $listener
wait $listener 2>/dev/null
done_testing
