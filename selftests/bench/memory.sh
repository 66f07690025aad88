#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What connections take in memory, and what big configurations take in time.
#
#   selftests/vm/run.sh -i -k 6.12 -m 4G selftests/bench/memory.sh
#
# Prints lines "bytes WORK SYSTEM N" and "ms WORK SYSTEM N". Bytes are the growth of slab (what
# the kernel took, not what is in use) and vmalloc, where big hash tables are, divided by the
# number of connections. Milliseconds: see took().
. "$(dirname "$0")/bench.inc"

CONNS=${CONNS:-300000}

# bytes: slab and vmalloc, once what is due to be freed is freed
bytes() {
	sync
	echo 2 > /proc/sys/vm/drop_caches
	sleep 3
	awk '/^(Slab|VmallocUsed):/ { n += $2 } END { print n * 1024 }' /proc/meminfo
}
# conns WORK SYSTEM METHOD KIND
conns() {
	local before after
	"$2_on" "$3" "${4: -1}" udp rr 1
	before=$(bytes)
	# shellcheck disable=SC2046
	{
		silently $(to "$4" "$(vip_of "${4: -1}")") -f "$CONNS"
		[ "$3" != nat ] || silently $(back "$4") -f "$CONNS"
	}
	after=$(bytes)
	echo "bytes $1 $2 $(((after - before + CONNS / 2) / CONNS))"
	"$2_off"
}

bench_up
load_halb
conns dr ipvs dr udp4
for method in dr nat tun; do conns $method halb $method udp4; done
conns dr6 halb dr udp6
conns nat6 halb nat udp6

many 10000 5 wlc > "$TMP/many"
took "apply 10,000 services, 50,000 servers" halb on dir halbctl restore "$TMP/many"
took "apply the same again" halb on dir halbctl restore "$TMP/many"
took dump halb on dir sh -c "halbctl save > $TMP/saved"
took "flush" halb on dir halbctl service flush
many 1 200 mh > "$TMP/mh"
on dir halbctl restore "$TMP/mh"
took "rebuild a Maglev table of 200 servers" halb on dir halbctl server set tcp 10.100.0.1:80 10.2.0.20:8000 weight 2
on dir halbctl service set tcp 10.100.0.1:80 scheduler rr
took "the same change with rr" halb on dir halbctl server set tcp 10.100.0.1:80 10.2.0.20:8000 weight 1
