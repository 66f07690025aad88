#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a master and a backup make of an advertisement, where keywords decide it: the client sends one, and
# the real keepalived and halbd do the same.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
slow=("version 3" "advert_int 2" "down_timer_adverts 1" "garp_master_delay 0")

# answers KIND PRIORITY: the master hears one of this priority, just behind one of its own; how many it sends
# within 1.5 seconds, which are answers as its next one is later.
answers() {
	start "$1" $A
	wait_for 12 holds $A
	watch "ip proto 112"
	AFTER=1 advert "$2"
	sleep 2
	unwatch
	stop $A
	awk '/192.168.4.9 >/ { at = $1 } at && /192.168.4.1 >.* prio 100/ && $1 - at < 1.5 { n++ } END { print n + 0 }' \
		"$TMP/watched"
}
same_answers() { # NAME PRIORITY EXPECTED
	is "$(answers keepalived "$2")" "$3" "$1: $3 answers of keepalived"
	is "$(answers halbd "$2")" "$3" "... and of halbd"
}
conf $A 100 "${slow[@]}"
same_answers "a lower priority" 50 1
same_answers "a higher priority" 200 0
global $A "vrrp_lower_prio_no_advert" "vrrp_higher_prio_send_advert"
same_answers "vrrp_lower_prio_no_advert" 50 0
same_answers "vrrp_higher_prio_send_advert" 200 1
conf $A 100 "${slow[@]}" "lower_prio_no_advert" "higher_prio_send_advert"
same_answers "lower_prio_no_advert" 50 0
same_answers "higher_prio_send_advert" 200 1

# --- what is no advertisement ---------------------------------------------------------------
# Of priority 200, and all the same it changes nothing.
conf $A 100 "version 3" "advert_int 1" "down_timer_adverts 1"
start halbd $A
wait_for 12 holds $A
for wrong in ttl checksum length type version; do
	WRONG=$wrong advert 200
	check "a wrong $wrong is counted" wait_for 5 eval "[ \"\$(status $A .counters.refused.$wrong)\" = 1 ]"
done
is "$(status $A .state) $(grep -c "Entering BACKUP" "$TMP/$A.log")" "MASTER 1" "... and ignored"
advert 200
check "a right one is not" wait_for 5 eval "[ \$(grep -c 'Entering BACKUP' $TMP/$A.log) = 2 ]"
stop $A

# --- the owner ----------------------------------------------------------------------------
# owner NAME STAYS: two say that they own the addresses, and the other one's address is higher
owner() {
	start halbd $A
	wait_for 12 holds $A
	advert 255
	wait_for 5 eval "[ \$(status $A .counters.received) -ge 1 ] || logged $A 'Entering BACKUP'"
	is "$(grep -c "Entering BACKUP" "$TMP/$A.log")" "$2" "$1"
	stop $A
}
conf $A 255 "${slow[@]}"
owner "an owner of a lower address gives way" 1
conf $A 255 "${slow[@]}" "owner_ignore_adverts"
start halbd $A
wait_for 12 holds $A
for _ in 1 2 3; do advert 255; done
sleep 0.5
is "$(grep -c "Entering BACKUP" "$TMP/$A.log")" 0 "owner_ignore_adverts: it stays"
sed -i /owner_ignore_adverts/d "$TMP/$A.conf"
global $A "vrrp_owner_ignore_adverts"
reload $A
wait_for 5 logged $A "Configuration reloaded"
for _ in 1 2 3; do advert 255; done
sleep 0.5
is "$(grep -c "Entering BACKUP" "$TMP/$A.log")" 0 "vrrp_owner_ignore_adverts: it stays"
stop $A

# --- how long until a silent one is dead --------------------------------------------------------
conf $A 100 "version 3" "advert_int 0.5"
global $A "vrrp_down_timer_adverts 8"
for kind in keepalived halbd; do
	start $kind $A
	wait_for 5 logged $A "Entering BACKUP"
	advert 200 50
	begin=$(date +%s%3N)
	wait_for 12 holds $A
	# 8 * 0.5 s + (256 - 100) / 256 * 0.5 s
	between $(($(date +%s%3N) - begin)) 3500 30000 "vrrp_down_timer_adverts: $kind waits for eight"
	stop $A
done

# --- preempt --------------------------------------------------------------------------------------
for keyword in nopreempt preempt; do
	conf $A 100 "version 3" "advert_int 0.2" nopreempt "$keyword"
	conf $B 90 "version 3" "advert_int 0.2"
	for kind in keepalived halbd; do
		start keepalived $B
		wait_for 8 holds $B
		start $kind $A
		wait_for 5 logged $A "Entering BACKUP"
		if [ $keyword = preempt ]; then
			check "preempt after nopreempt: $kind takes over" wait_for 8 only $A $B
		else
			sleep 1.5
			check "nopreempt: $kind does not" only $B $A
		fi
		stop $A $B
	done
done

# --- whose addresses are compared ------------------------------------------------------------------
# Three advertisements of a master with another address: how many were found to be so
compared() {
	start halbd $A
	wait_for 5 logged $A "Entering BACKUP"
	for _ in 1 2 3; do advert 200 400 192.168.4.88; done
	wait_for 5 eval "[ \$(status $A .counters.received) -ge 3 ]"
	status $A .counters.refused.addresses
	stop $A
}
conf $A 100 "version 3" "advert_int 4"
is "$(compared)" 3 "addresses are compared each time"
conf $A 100 "version 3" "advert_int 4" "skip_check_adv_addr"
is "$(compared)" 1 "skip_check_adv_addr: the first time"
conf $A 100 "version 3" "advert_int 4"
global $A "vrrp_skip_check_adv_addr"
is "$(compared)" 1 "vrrp_skip_check_adv_addr: too"

# --- unicast ----------------------------------------------------------------------------------------
conf $A 100 "version 3" "advert_int 0.1" "unicast_src_ip 192.168.4.1" "unicast_peer { 192.168.4.9 }"
global $A "vrrp_check_unicast_src"
conf $B 200 "version 3" "advert_int 0.1" "unicast_src_ip 192.168.4.2" "unicast_peer { 192.168.4.1 }"
start keepalived $B
wait_for 8 holds $B
for kind in keepalived halbd; do
	start $kind $A
	check "vrrp_check_unicast_src: $kind does not hear who is no peer" wait_for 8 holds $A
	stop $A
done
stop $B

# --- its socket -----------------------------------------------------------------------------------------
# rx_buf PID...: of the VRRP socket that such a process has
rx_buf() {
	python3 - "$@" <<-'END'
		import ctypes, os, socket, sys
		libc = ctypes.CDLL(None)
		for pid in map(int, sys.argv[1:]):
		    pidfd = os.pidfd_open(pid)
		    for fd in map(int, os.listdir("/proc/%d/fd" % pid)):
		        copy = libc.syscall(438, pidfd, fd, 0)  # pidfd_getfd
		        try:
		            s = socket.socket(fileno=copy)
		            if s.type == socket.SOCK_RAW and s.proto == 112:
		                print(s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
		        except OSError:
		            pass
	END
}
conf $A 100 "version 3" "advert_int 0.1" "kernel_rx_buf_size 70000"
for kind in keepalived halbd; do
	start $kind $A
	wait_for 8 holds $A
	# The kernel doubles it.
	check "kernel_rx_buf_size: the buffer of $kind" eval "rx_buf $(vrrp_pid $A) | grep -qx 140000"
	stop $A
done
done_testing
