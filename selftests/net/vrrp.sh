# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests of VRRP share. They need no VM: two directors and a client on one wire, in
# network namespaces of their own; halbd and the real keepalived run in them.
#
#   192.168.4.1 (a)   192.168.4.2 (b)   192.168.4.9 (cl)      fd00:4::1, ::2, ::9
#        eth0              eth0              eth0
#          |                 |                 |
#          +-----------------+-----------------+------ br0 [ sw ]
#
# eth1 of a and b are on br1, 192.168.5.1 and .2.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

HALBD=${HALBD:-$HALB_TOOLS/halbd}
HALBCTL=$HALB_TOOLS/halbctl
A=va$$ B=vb$$ CL=vc$$ SW=vs$$
VIP=192.168.4.80
[ -x "$HALBD" ] || bail "there is no $HALBD: make -C tools"
command -v keepalived >/dev/null || bail "there is no keepalived: make deps"

vrrp_topology() {
	local ns n=0 br
	setup_ns $A $B $CL $SW
	for br in br0 br1; do
		ip -n $SW link add $br type bridge forward_delay 0 stp_state 0 mcast_snooping 0
		ip -n $SW link set $br up
	done
	for ns in $A $B $CL; do
		n=$((n + 1))
		[ $ns = $CL ] && n=9
		cable $ns eth0 br0
		ip -n $ns addr add 192.168.4.$n/24 dev eth0
		ip -n $ns addr add fd00:4::$n/64 dev eth0 nodad
		cable $ns eth1 br1
		ip -n $ns addr add 192.168.5.$n/24 dev eth1
	done
}
cable() { # NS DEV BRIDGE
	ip link add "$2" netns "$1" type veth peer name "$1-$2" netns $SW
	ip -n "$1" link set "$2" up
	ip -n $SW link set "$1-$2" master "$3" up
}
cut() { ip -n $SW link set "$1-${2:-eth0}" down; } # NS [DEV]
mend() { ip -n $SW link set "$1-${2:-eth0}" up; }

# --- daemons: each has a configuration, a log and a process, by the name of its namespace ---
declare -A PID=() KIND=()
log() { cat "$TMP/$1.log"; }

# start halbd|keepalived NS: with $TMP/NS.conf
start() {
	local kind=$1 ns=$2
	: > "$TMP/$ns.log"
	if [ "$kind" = halbd ]; then
		nsenter --net=/run/netns/$ns -- "$HALBD" -n -l -D -f "$TMP/$ns.conf" -p "$TMP/$ns.pid" \
			>> "$TMP/$ns.log" 2>&1 &
	else
		nsenter --net=/run/netns/$ns -- keepalived -n -l -D -P -f "$TMP/$ns.conf" -p "$TMP/$ns.pid" \
			-r "$TMP/$ns.vrrp.pid" >> "$TMP/$ns.log" 2>&1 &
	fi
	PID[$ns]=$!
	KIND[$ns]=$kind
}
# The process that speaks VRRP.
vrrp_pid() { # NS
	if [ "${KIND[$1]}" = halbd ]; then pgrep -P "${PID[$1]}" -x halbd_vrrp
	else pgrep -P "${PID[$1]}" | head -n 1; fi
}
stop() { # NS...
	local ns
	for ns; do kill "${PID[$ns]}" 2>/dev/null; done
	for ns; do wait "${PID[$ns]}" 2>/dev/null; done
}
reload() { kill -HUP "${PID[$1]}"; }

holds() { ip -n "$1" -o addr show | grep -qF " ${2:-$VIP}/"; } # NS [ADDRESS]
lacks() { ! holds "$@"; }
only() { holds "$1" "${3:-$VIP}" && lacks "$2" "${3:-$VIP}"; } # NS OTHER [ADDRESS]
status() { on "$1" "$HALBCTL" -j status | jq -r ".instances[${3:-0}]$2"; } # NS FILTER [N]
logged() { grep -qF -- "$2" "$TMP/$1.log"; } # NS TEXT
# What the client's neighbour table has for the VIP is that director's address.
arp_from() { # NS [ADDRESS]
	local mac
	mac=$(ip -n "$1" -o link show eth0 | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/')
	on $CL ping -nqc1 -W1 "${2:-$VIP}" >/dev/null
	ip -n $CL neigh show "${2:-$VIP}" | grep -qF "$mac"
}

# conf NS PRIORITY [LINE...]: the seed's instance; lines are added, or replace one whose keyword is
# the same.
conf() {
	local ns=$1 priority=$2 line keyword
	local -A lines=([state]="state BACKUP" [interface]="interface eth0"
		[virtual_router_id]="virtual_router_id 50" [priority]="priority $priority"
		[advert_int]="advert_int 1" [virtual_ipaddress]="virtual_ipaddress { $VIP/24 }")
	shift 2
	for line; do
		read -r keyword _ <<< "$line"
		lines[$keyword]=$line
	done
	{
		echo "vrrp_instance VI_1 {"
		printf '%s\n' "${lines[@]}" | sed 's/ *[{;] */&\n/g; s/ *}/\n}/g; s/;//g'
		echo "}"
	} > "$TMP/$ns.conf"
}
PASS="authentication { auth_type PASS; auth_pass 1111 }"

# --- silence ---------------------------------------------------------------------------
# silence SECONDS COMMAND...: the longest time in ms without an answer from the VIP to a ping
# each 2 ms, in $SILENCE, over that time, near whose beginning the command runs. Where no request was
# lost, it was the ping that was silent, on a host that has other things to do.
silence() {
	local seconds=$1 ping
	shift
	on $CL timeout "$seconds" chrt -r 20 ping -D -n -i 0.002 $VIP > "$TMP/ping" 2>/dev/null &
	ping=$!
	wait_for 5 grep -q "bytes from" "$TMP/ping"
	"$@"
	wait $ping
	SILENCE=$(awk '/bytes from/ {
			t = substr($1, 2) + 0
			seq = substr($6, 10) + 0
			if (n++ && seq != (last_seq + 1) % 65536 && t - last > max) max = t - last
			last = t
			last_seq = seq
		}
		END { printf "%d", (n > 100 ? max * 1000 + 0.5 : 999999) }' "$TMP/ping")
}

# announcements KIND SECONDS: what $A says of $VIP by ARP, from its start to SECONDS after the first
# word of it, with times, in $TMP/arp.
announcements() {
	local dump

	: > "$TMP/tcpdump"
	nsenter --net=/run/netns/$CL -- tcpdump -i eth0 -l -tt -n "arp src host $VIP" > "$TMP/arp" 2>"$TMP/tcpdump" &
	dump=$!
	wait_for 5 grep -q listening "$TMP/tcpdump"
	start "$1" $A
	wait_for 8 grep -q . "$TMP/arp"
	sleep "$2"
	stop $A
	kill $dump
	wait $dump 2>/dev/null
}
