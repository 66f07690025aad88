#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same flow on several processors at once: it becomes one connection, and every packet and
# every connection is counted, once.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#    a process per processor       +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
cpus=$(nproc)
between "$cpus" 2 64 "this machine has $cpus processors"
# Receive side: packets come in on the processor that sends them, and go on on it.
flows=300 rounds=10

# What the servers say to it would be counted, too, and would move TCP on.
for s in s1 s2; do
	on $s nft -f - <<-END
		table inet silence {
			chain in { type filter hook prerouting priority raw; iifname e0 meta l4proto { tcp, udp } drop; }
		}
	END
done

# flood_flows WHAT METHOD KIND [WEIGHT..]: all processors send the same flows to it
flood_flows() {
	local what=$1 method=$2 kind=$3 before sent lost flush
	shift 3
	balance "$method" "$kind" $VIP4 53 rr "$@"
	hc zero
	before=$(figures '(.drops | add)')
	sent=$(cl python3 "$HALB_SRC/selftests/smp.py" "$kind" $VIP4 53 $flows $rounds)
	is "$sent" $((cpus * flows * (1 + rounds))) "$what: $cpus processors have sent"
	is "$(figures .total.conns)" $flows "$what: $flows flows are as many connections"
	is "$(hc -j conn show | jq length)" $flows "$what: so are listed"
	is "$(conn_count)" $flows "$what: and counted against the limit"
	lost=$(($(figures '(.drops | add)') - before))
	is $(($(figures .total.in_packets) + lost)) "$sent" "$what: every packet is counted once ($lost dropped)"
	is "$lost" 0 "$what: none is dropped" ||
		hc -j stats | jq -c '.drops | with_entries(select(.value > 0))' | sed 's/^/# /'
	is "$(hc -j service show | jq '[.[0].servers[] | .active_conns + .inactive_conns] | add')" $flows \
		"$what: the servers' connections add up"
	is "$(hc -j service show | jq -c '[.[0].servers[] | select(.weight > 0).stats.conns] | [min > 0, add]')" \
		"[true,$flows]" "$what: every server has got some, and the statistics add up"
	hc conn flush > "$TMP/flushed" & flush=$!
	hc conn flush > "$TMP/flushed2"
	wait $flush
	is "$(cat "$TMP/flushed" "$TMP/flushed2" | awk '{ n += $1 } END { print n }')" $flows \
		"$what: two flushes at once end each of them once"
	is "$(hc -j service show | jq '[.[0].servers[] | .active_conns + .inactive_conns] | add')" 0 \
		"$what: no connection is left in the servers' counts"
	hc service flush
	check "$what: nor in the table" wait_for 30 no_conns
}

for method in nat dr tun; do
	for kind in udp tcp; do
		flood_flows "$method, $kind" $method $kind
	done
done
# The first of two processors with the same flow and the same server has the link for its replies,
# and not yet that for the client's packets, when the second asks for it.
flood_flows "nat, udp, one server" nat udp 1 0
flood_flows "nat, tcp, one server" nat tcp 0 1
done_testing
