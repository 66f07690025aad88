#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SCTP: associations reach the servers by every method, their checksums are right, their states
# are ip_vs's.
#
#                      10.9.0.80 port 7000
#   [ cl ] 10.1.0.2 ---+--- [ dir ]   halb   ---+--- [ s1 ] 10.2.0.11  port 7001 (nat), 7000
#                      +--- [ dir2 ]  ip_vs  ---+--- [ s2 ] 10.2.0.12
. "$(dirname "$0")/lib.sh"
topology routed 2 2
load_halb
modprobe sctp || bail "no SCTP in this kernel"
modprobe ip_vs || bail "no ip_vs in this kernel"
SCTP=$HALB_SRC/selftests/sctp.py

start_sctp() { # NS NAME PORT ADDRESS...
	local ready=$TMP/sctp-$1-$3
	nsenter --net="/run/netns/$1" -- python3 "$SCTP" server "$2" "$3" "$ready" "${@:4}" &
	disown
	wait_for 30 test -e "$ready" || bail "the SCTP server in $1 does not start"
}
source_for() { is6 "$1" && echo fd00:1::2 || echo 10.1.0.2; } # VIP
ask() { cl python3 "$SCTP" ask "$1" 7000 "$(source_for "$1")" "${@:2}"; } # VIP OPTIONS...

# A session that stays open: `begin VIP SPORT`, then `again`, then `finish`. The first two leave
# what the server says in $answer.
begin() {
	local ready=$TMP/session
	rm -f "$ready.in" "$ready.out"
	mkfifo "$ready.in" "$ready.out"
	nsenter --net=/run/netns/cl -- python3 "$SCTP" session "$1" 7000 "$(source_for "$1")" \
		"sport=$2" < "$ready.in" > "$ready.out" 2>/dev/null &
	disown
	exec 8> "$ready.in" 9< "$ready.out"
	read -r -t 30 -u 9 answer || answer=nothing
}
again() { echo >&8; read -r -t 30 -u 9 answer || answer=nothing; }
finish() { exec 8>&-; while read -r -t 10 -u 9; do :; done; exec 9<&-; }
offload() { # on|off
	local n
	for n in cl/c0 s1/e0 s2/e0 dir/d0 dir/d1; do
		on "${n%/*}" ethtool -K "${n#*/}" tx-checksum-sctp "$1" gso "$1" tx-sctp-segmentation "$1" >/dev/null 2>&1
	done
}

for n in 1 2; do
	dr_server s$n $VIP4 $VIP6
	start_sctp s$n "${NAMES[n]}" 7001 "$(server4 $n)" "$(server6 $n)"
	start_sctp s$n "${NAMES[n]}" 7000 $VIP4 $VIP6
done

# --- every method ----------------------------------------------------------------------------
services() { # METHOD VIP
	local n port=7000
	[ "$1" = nat ] && port=7001
	hc service add sctp "$(endpoint $2 7000)" scheduler rr || bail "cannot add the service"
	for n in 1 2; do
		hc server add sctp "$(endpoint $2 7000)" "$(endpoint "$(server_addr $n $2)" $port)" \
			method $1 || bail "cannot add a server"
	done
	prepare $1 $2
}
for vip in $VIP4 $VIP6; do
	for method in nat dr; do
		services $method $vip
		before=$(figures '(.drops | add)' '.paths["stack-output"]')
		is "$(tally "$(ask $vip n=4)")" "one=2 two=2" "$vip, $method: two associations to each server"
		is "$(tally "$(ask $vip n=2 size=300000)")" "one=1 two=1" "$vip, $method: with 300 kB to and fro"
		if [ $method = nat ]; then
			# Checksums in software: another port changes them.
			offload off
			is "$(tally "$(ask $vip n=2 size=100000)")" "one=1 two=1" "$vip, $method: the same without offload"
			offload on
		fi
		is "$(figures '(.drops | add)' '.paths["stack-output"]')" "$before" "$vip, $method: nothing was dropped, all went directly"
		hc service flush
		hc conn flush >/dev/null
	done
	gw_via s1 dir
	gw_via s2 dir
done

# --- a wrong checksum stays wrong ---------------------------------------------------------------
errors() { on s1 awk '$1 == "SctpChecksumErrors" { print $2 }' /proc/net/sctp/snmp; }
hc service add sctp $VIP4:7000
hc server add sctp $VIP4:7000 10.2.0.11:7001 method nat
was=$(errors)
cl python3 "$SCTP" bad $VIP4 7000 10.1.0.2
check "a packet with a wrong checksum reaches the server with a wrong one" \
	wait_for 10 eval '[ "$(errors)" = $((was + 1)) ]'
hc conn flush >/dev/null

# --- states -------------------------------------------------------------------------------------
dir2 ipvsadm -A --sctp-service $VIP4:7000 -s wlc
dir2 ipvsadm -a --sctp-service $VIP4:7000 -r 10.2.0.11:7001 -m
vip_local dir2 $VIP4
state() { # dir|dir2 SPORT: of the association, as ipvsadm lists it
	local list="ipvsadm -Lnc"
	[ "$1" = dir ] && list="halbctl -Lnc"
	on "$1" $list | awk -v port=":$2" 'index($4, port) { print $1, $3, $4, $5, $6 }'
}
for d in dir2 dir; do
	to_director $VIP4 $d
	gw_via s1 $d
	begin $VIP4 5001
	is "$answer" one "$d: an association"
	open=$(state $d 5001)
	finish
	closed=$(state $d 5001)
	[ $d = dir2 ] && open2=$open closed2=$closed
done
like "$open2" "SCTP ESTABLISHED 10.1.0.2:5001" "ip_vs: the association is established"
is "$open" "$open2" "halb lists it as ip_vs does"
is "$closed" "$closed2" "and also when it is closed"
is "$(hc -j server show sctp $VIP4:7000 | jq -c '.[0] | [.active_conns, .inactive_conns]')" "[0,1]" "then it counts as inactive"
is "$(ask $VIP4 sport=5001)" one "the same port begins a new one at once"

# --- what ends an association ---------------------------------------------------------------------
begin $VIP4 5002
again
is "$answer" one "an association"
hc server del sctp $VIP4:7000 10.2.0.11:7001
again
like "$answer" "reset|closed" "its server is removed: it is aborted"
finish
hc server add sctp $VIP4:7000 10.2.0.12:7001 method nat
gw_via s2 dir
begin $VIP4 5003
is "$answer" two "another association"
hc conn flush >/dev/null
again
like "$answer" "reset|closed" "it is flushed: it is aborted"
finish
hc service set sctp $VIP4:7000 persistent 60
is "$(ask $VIP4 n=2)" "two two" "a persistent one"
is "$(hc -j conn show sctp | jq -r '[.[] | select(.state == "template")] | length')" 1 "has a template"
done_testing
