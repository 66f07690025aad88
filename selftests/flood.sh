#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A flood of SYNs from random forged sources, more than a thousand for each attempt of a real
# client: clients get their answers all the same, established connections do not notice, and
# half-open ones stay within their share of the limit. ip_vs's figures beside it.
#
# Runs in a VM that counts instructions (settings: vm.flood), so that the three seconds that a
# client has are the guest's, however busy the host. What is waited for is counted, not timed.
#
#   [ cl ] c0 ---+--- d0 [ dir  ] d1 ---+--- [ s1 ]   SYN cookies
#                |                      |
#                +--- d0 [ dir2 ] d1 ---+--- [ s2 ]   SYN cookies
. "$(dirname "$0")/lib.sh"
LIMIT=200000
CLIENTS=102		# real ones
EACH=1000		# forged SYNs for each of them, at least
BEFORE=$((LIMIT / 2))	# forged SYNs before the first of them
MOST=3000000		# forged SYNs at most, to addresses of this VM only

# While the guest waits for the host with nothing to do, that clock jumps: so there is always
# something to do.
if [ -n "${HALB_ICOUNT:-}" ]; then
	chrt -i 0 sh -c 'while :; do :; done' &
	at_exit kill $!
fi
topology routed 2 2
load_halb
for n in 1 2; do
	start_nginx s$n "${NAMES[n]}"
	on s$n sysctl -qw net.ipv4.tcp_syncookies=2
	on s$n ip route add 172.16.0.0/12 via 10.2.0.254
done
# The forged sources are somewhere behind the client, who answers nothing.
for d in dir dir2; do ip -n $d route add 172.16.0.0/12 via 10.1.0.2; done
gcc -O2 -o "$TMP/gen" "$HALB_SRC/selftests/bench/gen.c" || bail "gcc cannot build gen.c"
mac_of() { ip -n "$1" -j link show dev d0 | jq -r '.[0].address'; }
slab() { awk '/^Slab:/ { print $2 * 1024 }' /proc/meminfo; }

# packets that left the client's side
sent() { ip -n cl -s -j link show dev c0 | jq '.[0].stats64.tx.packets'; }
have_been_sent() { [ "$(sent)" -ge "$1" ]; }
# flood DIRECTOR: starts it; FLOODER is its process
flood() {
	BEGAN=$(sent)
	nsenter --net=/run/netns/cl -- nice -n 5 "$TMP/gen" -i c0 -m "$(mac_of "$1")" -s 172.16.0.1 -P 1024 -d $VIP4 \
		-t 2 -f 3000000000 -r -w 0 -q -n "$MOST" &
	FLOODER=$!
}
flooding() { [ -d /proc/$FLOODER ] && [ "$(cut -d' ' -f3 /proc/$FLOODER/stat)" != Z ]; }
# try DIRECTOR: clients, six at a time, each with three seconds, and EACH forged SYNs for every
# one of them. TRIED are those that the flood went on for.
try() {
	local now start n
	TRIED=0 GOOD=0 PEAK=0 SLAB=0
	start=$(slab)
	wait_for 300 have_been_sent $((BEGAN + BEFORE))
	while [ $TRIED -lt $CLIENTS ]; do
		n=$(seq 6 | cl xargs -P 6 -I{} curl -s --max-time 3 "http://$VIP4/" | grep -cE '^(one|two)$')
		if [ "$1" = dir ]; then now=$(conn_count); else now=$(dir2 ipvsadm -ln | awk '/->/ { n += $5 + $6 } END { print n + 0 }'); fi
		[ "$now" -le $PEAK ] || PEAK=$now
		now=$(($(slab) - start))
		[ "$now" -le $SLAB ] || SLAB=$now
		wait_for 300 have_been_sent $((BEGAN + BEFORE + (TRIED + 6) * EACH)) || break
		flooding || break
		TRIED=$((TRIED + 6)) GOOD=$((GOOD + n))
	done
	kill $FLOODER
	wait $FLOODER
	# the clients' own packets included, a few hundred
	FLOOD=$(($(sent) - BEGAN))
}

hc settings set conn-limit $LIMIT
for method in nat dr; do
	balance $method tcp $VIP4 80
	to_director $VIP4 dir
	flows_start
	began=$(flows open tcp $VIP4 80 n=10)
	is "$(tally "$began")" "one=5 two=5" "$method: ten connections before the flood"
	evicted=$(drops half-open-evicted) refused=$(drops conn-limit)
	flood dir
	try dir
	diag "$method: $FLOOD forged SYNs; $GOOD of $TRIED clients were answered; at most $PEAK connections"
	is "$TRIED" $CLIENTS "$method: clients tried, and $EACH forged SYNs or more came for each"
	between $((GOOD * 100)) $((TRIED * 99)) $((TRIED * 100)) "$method: 99 % of them got the whole answer within 3 s"
	is "$(flows ask)" "$began" "$method: the connections from before go on"
	between "$PEAK" 1 $((LIMIT / 2)) "$method: half-open ones never took half of the limit"
	evicted=$(($(drops half-open-evicted) - evicted))
	between "$evicted" $((FLOOD - LIMIT / 2)) "$FLOOD" "$method: the oldest of them made room ($evicted)"
	is "$(drops conn-limit)" "$refused" "$method: nobody was refused"
	between "$SLAB" 0 $((LIMIT * 128)) "$method: memory is below what the limit allows ($SLAB bytes more)"
	flows forget >/dev/null
	hc service flush
	hc conn flush >/dev/null
done

CLIENTS=30
for method in nat dr; do
	balance_ipvs $method tcp $VIP4 80
	to_director $VIP4 dir2
	gw_via s1 "$([ $method = nat ] && echo dir2 || echo cl)"
	gw_via s2 "$([ $method = nat ] && echo dir2 || echo cl)"
	flood dir2
	try dir2
	diag "ip_vs $method: $FLOOD forged SYNs; $GOOD of $TRIED clients were answered; at most $PEAK connections, $SLAB bytes more"
	dir2 ipvsadm -C
done
done_testing
