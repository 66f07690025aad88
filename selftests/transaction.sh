#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module makes one change of a network namespace at a time. A transaction so long that a backup
# would take the master for dead delays no advertisement, though another instance's states change
# meanwhile; and the module knows the last of them afterwards.
#
#        10.1.0.2       10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 ---------- d0 [ dir ] d1 --------- e0 [ s1 ]  replies via 10.2.0.1
#              VIP: 10.1.0.80, .81
#
. "$(dirname "$0")/lib.sh"
topology routed 1
load_halb
start_nginx s1 one
VIP=10.1.0.80 VIP2=10.1.0.81
ip -n dir link add flap type dummy
ip -n dir link set flap up

instance() { # NAME VRID VIP [LINE]
	cat <<-END
		vrrp_instance $1 {
			interface d0
			virtual_router_id $2
			priority 150
			version 3
			advert_int 1
			virtual_ipaddress {
				$3/24
			}
			${4:-}
		}
		virtual_server $3 80 {
			protocol TCP
			lb_algo rr
			lb_kind NAT
			real_server 10.2.0.11 80 {
			}
		}
	END
}
{
	instance VI_1 51 $VIP
	instance VI_2 52 $VIP2 "track_interface {
		flap
	}"
} > "$TMP/halbd.conf"
nsenter --net=/run/netns/dir -- halbd -n -l -D -f "$TMP/halbd.conf" -p "$TMP/halbd.pid" > "$TMP/halbd.log" 2>&1 &
status() { dir halbctl -j status | jq -r ".instances[] | select(.name == \"$1\") | .state"; }
object() { hc -j vrrp show "$1" | jq -r ".[0].state"; }
both() { [ "$("$1" VI_1) $("$1" VI_2)" = "$2" ]; } # status|object STATES
check "two instances are master" wait_for 30 both status "MASTER MASTER"
check "... and the module knows it" wait_for 10 both object "master master"
check "... and serves" http cl "$(url $VIP2)"

# --- a transaction that is long enough here -----------------------------------------------------
# Services without traffic, beside halbd's, in one transaction; how long does another change wait?
# Their Maglev tables are what takes long.
many() { # -A|-D
	awk -v n="$count" -v what="$1" 'BEGIN {
		for (i = 0; i < n; i++) {
			vip = sprintf("10.%d.%d.%d:80", 100 + int(i / 62500), int(i / 250) % 250, i % 250 + 1)
			if (what == "-D") {
				print "-D -t " vip
				continue
			}
			print "-A -t " vip " -s mh"
			print "-a -t " vip " -r 10.2.0.11 -m"
			print "-a -t " vip " -r 10.2.0.12 -m"
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
count=500 waits=0
while [ $waits -lt 3000 ] && [ $count -lt 32000 ]; do
	count=$((count * 2))
	transact
	waits=$(longest_wait $restore)
	wait $restore || bail "$count services are refused"
	diag "$count services: another change waits $waits ms"
	many -D > "$TMP/services"
	hc -R < "$TMP/services" || bail "the services cannot be removed"
done
between $waits 3000 600000 "a transaction that lets others wait longer than two advertisements"

# --- advertisements meanwhile --------------------------------------------------------------------
nsenter --net=/run/netns/dir -- tcpdump --immediate-mode -l -n -tt -i d0 "ip proto 112" > "$TMP/adverts" 2>/dev/null &
sniffer=$!
sent() { [ "$(grep -c "vrid $1" "$TMP/adverts")" -ge "$2" ]; }
check "both advertise" wait_for 10 eval "sent 51 2 && sent 52 2"
: > "$TMP/adverts.before"
transact
flaps=0
while kill -0 $restore 2>/dev/null; do
	ip -n dir link set flap down
	sleep 0.05
	ip -n dir link set flap up
	sleep 0.05
	flaps=$((flaps + 1))
done
wait $restore
is $? 0 "the transaction succeeds"
now=$(grep -c "vrid 51" "$TMP/adverts")
check "it advertises afterwards" wait_for 10 sent 51 $((now + 2))
gap=$(awk '/vrid 51/ { if (last && $1 - last > gap) gap = $1 - last; last = $1 } END { printf "%d", gap * 1000 }' "$TMP/adverts")
diag "$flaps changes of VI_2's interface, longest time between two advertisements of VI_1: $gap ms"
between $flaps 1 100000 "VI_2's interface changed during the transaction"
between "$gap" 900 1500 "no advertisement of VI_1 came later than half an interval"
kill $sniffer

check "VI_2 is master again" wait_for 20 eval '[ "$(status VI_2)" = MASTER ]'
check "... which the module knows" wait_for 10 both object "master master"
check "... has its address" wait_for 5 eval 'dir ip -o addr show | grep -qF " $VIP2/24"'
check "... and is served" http cl "$(url $VIP2)"
is "$(grep -c "cannot tell the module" "$TMP/halbd.log")" 0 "nothing was refused" || diag "$(cat "$TMP/halbd.log")"
done_testing
