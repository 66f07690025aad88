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
#
# The machine may be busy with something else. So keepalived runs with real-time priority, as halbd
# does by itself, and what measures, too; and what is waited for may take its time.
: "${HALB_SLOW:=10}"
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
		nsenter --net=/run/netns/$ns -- chrt -r 20 keepalived -n -l -D -P -f "$TMP/$ns.conf" -p "$TMP/$ns.pid" \
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
mac_of_eth0() { ip -n "$1" -o link show eth0 | sed 's/.*link\/ether \([0-9a-f:]*\).*/\1/'; } # NS
# What the client's neighbour table has for the VIP is that director's address.
arp_from() { # NS [ADDRESS]
	local mac
	mac=$(mac_of_eth0 "$1")
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
# global NS LINE...: before what is in the file
global() {
	local ns=$1
	shift
	{
		printf '%s\n' "global_defs {" "$@" "}"
		cat "$TMP/$ns.conf"
	} > "$TMP/new"
	mv "$TMP/new" "$TMP/$ns.conf"
}
PASS="authentication { auth_type PASS; auth_pass 1111 }"

# advert PRIORITY [CENTISECONDS [ADDRESS]]: one advertisement of version 3 from the client, of router 50
# with $VIP or that address; right behind one of $A's with AFTER=1; with WRONG=ttl,
# checksum, length, type or version this is wrong
advert() {
	on $CL chrt -r 30 python3 - "$1" "${2:-100}" "${3:-$VIP}" <<-'END'
		import os, socket, struct, sys
		priority, interval = int(sys.argv[1]), int(sys.argv[2])
		me, group, vip = map(socket.inet_aton, ("192.168.4.9", "224.0.0.18", sys.argv[3]))
		wrong = os.environ.get("WRONG")
		first = {"type": 0x32, "version": 0x41}.get(wrong, 0x31)
		body = struct.pack("!BBBBH", first, 50, priority, 1, interval)
		def inet_sum(data):
		    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
		    while total >> 16:
		        total = (total & 0xffff) + (total >> 16)
		    return 0xffff - total
		check = inet_sum(me + group + struct.pack("!HH", 112, 12) + body + b"\0\0" + vip)
		s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
		if wrong == "checksum":
		    check ^= 0x100
		if wrong == "length":
		    vip += b"\0"
		s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 254 if wrong == "ttl" else 255)
		s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, me)
		if os.environ.get("AFTER"):
		    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + me)
		    while s.recvfrom(2000)[1][0] != "192.168.4.1":
		        pass
		s.sendto(body + struct.pack("!H", check) + vip, ("224.0.0.18", 0))
	END
}
# watch FILTER: what passes on eth0, with times in seconds, in $TMP/watched, until `unwatch`
watch() {
	: > "$TMP/tcpdump"
	nsenter --net=/run/netns/$CL -- chrt -r 30 tcpdump --immediate-mode -i eth0 -l -tt -n "$1" > "$TMP/watched" 2>"$TMP/tcpdump" &
	WATCH=$!
	wait_for 5 grep -q listening "$TMP/tcpdump"
}
unwatch() {
	kill $WATCH
	wait $WATCH 2>/dev/null
}

# --- silence ---------------------------------------------------------------------------
# silence SECONDS COMMAND...: the longest time in ms without an answer from the VIP to a ping
# each 2 ms, in $SILENCE, from the command on for that time. Where no request was
# lost, it was the ping that was silent, on a host that has other things to do.
# $UNHEARD: from the last advertisement of $A that was heard before the end of it to that end, in ms.
silence() {
	local seconds=$1 ping sniffer
	shift
	nsenter --net=/run/netns/$CL -- chrt -r 30 tcpdump --immediate-mode -l -tt -n -i eth0 \
		"ip proto 112 and ether src $(mac_of_eth0 $A)" > "$TMP/heard" 2>/dev/null &
	sniffer=$!
	nsenter --net=/run/netns/$CL -- chrt -r 30 ping -D -n -i 0.002 $VIP > "$TMP/ping" 2>/dev/null &
	ping=$!
	wait_for 5 grep -q "bytes from" "$TMP/ping"
	wait_for 5 grep -q VRRP "$TMP/heard"
	"$@"
	sleep "$seconds"
	kill -INT $ping $sniffer
	wait $ping $sniffer
	read -r SILENCE UNHEARD < <(awk '
		FILENAME ~ /heard$/ { if (/VRRP/) heard[++adverts] = $1 + 0; next }
		/bytes from/ {
			t = substr($1, 2) + 0
			seq = substr($6, 10) + 0
			if (n++ && seq != (last_seq + 1) % 65536 && t - last > max) {
				max = t - last
				end = t
			}
			last = t
			last_seq = seq
		}
		END {
			for (i = 1; i <= adverts && heard[i] < end; i++)
				from = heard[i]
			printf "%d %d\n", (n > 100 ? max * 1000 + 0.5 : 999999),
				(n > 100 && from ? (end - from) * 1000 + 0.5 : 999999)
		}' "$TMP/heard" "$TMP/ping")
}

# dies NAME COMMAND TEXT...: the VRRP process of $A is killed, and what the command, which watches, says has each
# of the texts. (The next process may be master soon, and nobody would see what was in between.)
dies() {
	local name=$1 command=$2 text watcher
	shift 2
	# shellcheck disable=SC2086
	nsenter --net=/run/netns/$A -- chrt -r 30 $command > "$TMP/seen" &
	watcher=$!
	sleep 1
	kill -9 "$(vrrp_pid $A)"
	for text; do
		check "the process dies, $name: $text" wait_for 3 grep -q "$text" "$TMP/seen"
	done
	kill $watcher
	wait $watcher 2>/dev/null
}

# --- lateness --------------------------------------------------------------------------
# pacemaker: a keepalived on $B advertises all the time, ten times in a second and with real-time priority, as a
# halbd on $A has to: what this machine's own hypervisor takes away, it takes from both.
pacemaker() {
	conf $B 100 "version 3" "advert_int 0.1" "virtual_router_id 99" "virtual_ipaddress { 192.168.4.99/24 }"
	start keepalived $B
	wait_for 8 holds $B 192.168.4.99
}
# late COMMAND...: how long in ms there was no advertisement of $A's router 50, at most, while it ran: $LATE; and
# of keepalived's: $THEIRS
late() {
	watch "ip proto 112"
	"$@"
	unwatch
	lateness
}
lateness() {
	read -r LATE THEIRS <<< "$(awk '/vrid (50|99),/ { who = $3
			if (n[who]++ && $1 - last[who] > max[who]) max[who] = $1 - last[who]
			last[who] = $1 }
		function ms(who) { return n[who] > 20 ? int(max[who] * 1000) : 9999 }
		END { print ms("192.168.4.1"), ms("192.168.4.2") }' "$TMP/watched")"
}
# No advertisement is later than half an interval.
in_time() { # NAME
	between "$LATE" 90 $((THEIRS > 100 ? THEIRS + 50 : 150)) "$1: at most $LATE ms apart, keepalived's $THEIRS"
}

# announcements KIND SECONDS [FILTER]: what $A says of $VIP by ARP, or what else the filter says, from its
# start to SECONDS after the first word of it, with times, in $TMP/arp.
announcements() {
	watch "${3:-arp src host $VIP}"
	start "$1" $A
	wait_for 8 grep -q . "$TMP/watched"
	sleep "$2"
	stop $A
	unwatch
	awk -v seconds="$2" '!first { first = $1 } $1 - first < seconds' "$TMP/watched" > "$TMP/arp"
}
