#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A flood of SYNs from random forged sources, more than a thousand for each attempt of a real
# client: clients get their answers all the same, established connections do not notice, and
# half-open ones stay within their share of the limit. ip_vs's figures beside it.
#
#   [ cl ] c0 ---+--- d0 [ dir  ] d1 ---+--- [ s1 ]   SYN cookies
#                |                      |
#                +--- d0 [ dir2 ] d1 ---+--- [ s2 ]   SYN cookies
. "$(dirname "$0")/lib.sh"
FLOOD=${FLOOD:-300000}	# bounded, and to addresses of this VM only
LIMIT=200000

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
conns() { hc -j settings show | jq .conns; }

# flood DIRECTOR: starts it; FLOODER is its process
flood() {
	nsenter --net=/run/netns/cl -- nice -n 5 "$TMP/gen" -i c0 -m "$(mac_of "$1")" -s 172.16.0.1 -P 1024 -d $VIP4 \
		-t 2 -f 3000000000 -r -w 0 -q -n "$FLOOD" &
	FLOODER=$!
}
flooding() { [ -d /proc/$FLOODER ] && [ "$(cut -d' ' -f3 /proc/$FLOODER/stat)" != Z ]; }
# try DIRECTOR: clients, six at a time, as long as the flood goes on; three seconds each
try() {
	local now start n
	TRIED=0 GOOD=0 PEAK=0 SLAB=0
	start=$(slab)
	while flooding && [ $TRIED -le $((FLOOD / 1000 - 6)) ]; do
		TRIED=$((TRIED + 6))
		n=$(seq 6 | cl xargs -P 6 -I{} curl -s --max-time 3 "http://$VIP4/" | grep -cE '^(one|two)$')
		GOOD=$((GOOD + n))
		if [ "$1" = dir ]; then now=$(conns); else now=$(dir2 ipvsadm -ln | awk '/->/ { n += $5 + $6 } END { print n + 0 }'); fi
		[ "$now" -le $PEAK ] || PEAK=$now
		now=$(($(slab) - start))
		[ "$now" -le $SLAB ] || SLAB=$now
	done
	wait $FLOODER
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
	between "$TRIED" 24 $((FLOOD / 1000)) "$method: clients tried, a thousand SYNs or more for each"
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
