#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module makes one change of a network namespace at a time. A transaction so long that a backup
# would take the master for dead delays no advertisement, and an instance that becomes master
# meanwhile takes its addresses when the module knows it, never before: the stack would answer for
# them. If that takes longer than a backup waits, it gives up, and another director may have them.
# A process that is killed meanwhile does not wait for the end either: its address would.
#
#        10.1.0.2       10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 ---------- d0 [ dir ] d1 --------- e0 [ s1 ]  replies via 10.2.0.1
#              VIP: 10.1.0.80, .81, .82
#
. "$(dirname "$0")/lib.sh"
topology routed 1
load_halb
start_nginx s1 one
VIP=10.1.0.80 VIP2=10.1.0.81 VIP3=10.1.0.82
ip -n dir link add flap type dummy
ip -n dir link set flap up

instance() { # as vrrp_block, with a service
	vrrp_block "$@"
	cat <<-END
		virtual_server $5 80 {
			protocol TCP
			lb_algo rr
			lb_kind NAT
			real_server 10.2.0.11 80 {
			}
		}
	END
}
tracks="track_interface {
	flap
}"
# VI_2 is master 1.2 s after its interface is up, and a backup would wait as long for it; VI_3 at once, and 18 s.
{
	instance VI_1 51 150 1 $VIP
	instance VI_2 52 254 0.4 $VIP2 "$tracks"
	instance VI_3 53 255 $((6 * HALB_SLOW)) $VIP3 "$tracks"
} > "$TMP/halbd.conf"
nsenter --net=/run/netns/dir -- halbd -n -l -D -f "$TMP/halbd.conf" -p "$TMP/halbd.pid" > "$TMP/halbd.log" 2>&1 &
status() { dir halbctl -j status | jq -r ".instances[] | select(.name == \"$1\") | .state"; }
object() { hc -j vrrp show "$1" | jq -r ".[0].state"; }
all() { [ "$("$1" VI_1) $("$1" VI_2) $("$1" VI_3)" = "$2" ]; } # status|object STATES
has() { dir ip -o addr show | grep -qF " $1/24"; }
check "three instances are master" wait_for 30 all status "MASTER MASTER MASTER"
check "... and the module knows it" wait_for 10 all object "master master master"
check "... and serves" http cl "$(url $VIP2)"
# They wait for their interface from here on.
ip -n dir link set flap down
check "two of them fail" wait_for 10 all object "master fault fault"

# --- a transaction that is long enough here -----------------------------------------------------
# Services without traffic, beside halbd's, in one transaction; how long does another change wait?
# Their Maglev tables are what takes long, the more the more servers they have.
many() { # -A|-D
	awk -v n="$count" -v servers="$servers" -v what="$1" 'BEGIN {
		for (i = 0; i < n; i++) {
			vip = sprintf("10.%d.%d.%d:80", 100 + int(i / 62500), int(i / 250) % 250, i % 250 + 1)
			if (what == "-D") {
				print "-D -t " vip
				continue
			}
			print "-A -t " vip " -s mh"
			for (j = 1; j <= servers; j++)
				print "-a -t " vip " -r 10.2.1." j " -m"
		}
	}'
}
# Milliseconds of the longest of the changes that are asked for while PID runs
longest_wait() {
	local begun took longest=0
	while kill -0 "$1" 2>/dev/null; do
		begun=$(date +%s%N)
		hc vrrp set other backup
		took=$((($(date +%s%N) - begun) / 1000000))
		[ $took -le $longest ] || longest=$took
	done
	echo $longest
}
transact() {
	many -A > "$TMP/services"
	hc -R < "$TMP/services" &
	restore=$!
}
clear_away() {
	many -D > "$TMP/services"
	hc -R < "$TMP/services" || bail "the services cannot be removed"
}
# For how many that is long enough depends on the machine, and the next one may be shorter by half.
need=$((6000 + 3000 * HALB_SLOW))
count=500 servers=2 waits=0
while [ $waits -lt $need ] && [ $count -lt 32000 ]; do
	count=$((count * 2))
	[ $count -le 16000 ] || [ $servers -gt 2 ] || { count=1000 servers=64; }
	transact
	waits=$(longest_wait $restore)
	wait $restore || bail "$count services of $servers servers are refused"
	diag "$count services of $servers servers: another change waits $waits ms"
	clear_away
done
between $waits $need 600000 "a transaction that lets others wait longer than two advertisements"

# --- states that change meanwhile ------------------------------------------------------------------
log_lines() { grep -c "$1" "$TMP/halbd.log"; }
nsenter --net=/run/netns/dir -- tcpdump --immediate-mode -l -n -tt -i d0 "ip proto 112 or arp" > "$TMP/sent" 2>/dev/null &
sniffer=$!
sent() { [ "$(grep -c "$1" "$TMP/sent")" -ge "$2" ]; }
check "VI_1 advertises" wait_for 10 sent "vrid 51" 2
transact
# A change, in $probe, that has to wait: the module is in the transaction. What prepares it makes others
# wait, too, but not for as long.
in_module() { grep -qs halb_nl_lock "/proc/$(pgrep -fo '^halbctl vrrp set other fault')/stack"; }
under_way() {
	hc vrrp set other fault &
	probe=$!
	while kill -0 $probe 2>/dev/null; do
		in_module && sleep 0.5 && in_module && return
		sleep 0.02
	done
	return 1
}
# Not by check, which would keep $probe for itself.
wait_for 60 under_way
is $? 0 "the transaction is under way"
waited=$(log_lines "(VI_3) the module is busy")
ip -n dir link set flap up
master() { [ "$(log_lines "(VI_3) Entering MASTER")" -ge 2 ]; }
check "VI_3 becomes master" wait_for 10 master
kill -0 $restore 2>/dev/null
is $? 0 "... during the transaction"
is "$(log_lines "(VI_3) the module is busy")" $((waited + 1)) "... and waits for the module"
busy=0 early=0
while kill -0 $probe 2>/dev/null; do
	busy=$((busy + 1))
	# The probe may have been answered, and they as well, since it was looked at.
	if { has $VIP2 || has $VIP3; } && kill -0 $probe 2>/dev/null; then early=$((early + 1)); fi
	sleep 0.05
done
wait $restore
is $? 0 "the transaction succeeds"
between $busy 3 100000 "there was time to look at the addresses"
is $early 0 "none was there before the module knew the state"
check "VI_3 has its address then" wait_for 5 has $VIP3
check "... announces it" wait_for 5 sent "Request who-has $VIP3 .*tell $VIP3" 1
check "... and is served" http cl "$(url $VIP3)"
check "VI_2 gave up meanwhile" test "$(log_lines "(VI_2) Entering FAULT STATE (the module did not answer")" -ge 1 ||
	diag "$(cat "$TMP/halbd.log")"
check "... and is master again" wait_for 20 all status "MASTER MASTER MASTER"
check "... which the module knows" wait_for 10 all object "master master master"
check "... has its address" wait_for 5 has $VIP2
check "... and is served" http cl "$(url $VIP2)"
now=$(grep -c "vrid 51" "$TMP/sent")
check "VI_1 advertises on" wait_for 10 sent "vrid 51" $((now + 2))
gap=$(awk '/vrid 51/ { if (last && $1 - last > gap) gap = $1 - last; last = $1 } END { printf "%d", gap * 1000 }' "$TMP/sent")
diag "the longest time between two advertisements of VI_1: $gap ms"
between "$gap" 900 1500 "none of its advertisements came later than half an interval"
kill $sniffer

# --- a state that is old when the module hears of it ---------------------------------------------------
ip -n dir link set flap down
check "two fail again" wait_for 10 all object "master fault fault"
clear_away
transact
wait_for 60 under_way
is $? 0 "another transaction is under way"
before=$(log_lines "(VI_3) Entering MASTER")
ip -n dir link set flap up
check "VI_3 is master" wait_for 10 eval '[ "$(log_lines "(VI_3) Entering MASTER")" -gt $before ]'
ip -n dir link set flap down
# That the device goes down is of interest in the module, and nobody may wait there who holds RTNL.
check "... and is not" wait_for 2 eval '[ "$(status VI_3)" = FAULT ]'
kill -0 $restore 2>/dev/null
is $? 0 "... during the transaction"
wait $restore $probe
check "afterwards the module knows the last state" wait_for 10 all object "master fault fault"
is "$(dir ip -o addr show | grep -cE " ($VIP2|$VIP3)/")" 0 "... and there is no address"

# --- a process that is killed meanwhile ------------------------------------------------------------------
clear_away
transact
wait_for 60 under_way
is $? 0 "a third transaction is under way"
vrrp=$(pgrep -P "$(cat "$TMP/halbd.pid")" -x halbd_vrrp)
owned=$(log_lines "(VI_3) Entering MASTER")
waited=$(log_lines "(VI_3) the module is busy")
ip -n dir link set flap up
check "VI_3 is master" wait_for 10 eval '[ "$(log_lines "(VI_3) Entering MASTER")" -gt $owned ]'
check "... and waits for the module" wait_for 2 eval '[ "$(log_lines "(VI_3) the module is busy")" -gt $waited ]'
check "VI_1 has its address" has $VIP
# One thread of it waits in the module, and the close of its socket is of interest there; so is
# a device that goes, under RTNL, which the end of its other sockets needs.
ip -n dir link add gone type dummy
ip -n dir link set gone up
ip -n dir link del gone
kill -9 "${vrrp:?}"
check "the VRRP process is killed: it is gone" wait_for 2 eval '! kill -0 $vrrp 2>/dev/null'
check "... and so is the address" wait_for 2 eval '! has $VIP'
kill -0 $restore 2>/dev/null
is $? 0 "... before the end of the transaction"
wait $restore
is $? 0 "which succeeds"
wait $probe
check "another VRRP process goes on" wait_for 20 all status "MASTER MASTER MASTER"
check "... which the module knows" wait_for 20 all object "master master master"
check "... VI_1 has its address again" wait_for 10 has $VIP
check "... and is served" http cl "$(url $VIP)"
is "$(grep -c "cannot tell the module" "$TMP/halbd.log")" 0 "nothing was refused" || diag "$(cat "$TMP/halbd.log")"
done_testing
