#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a packet costs stays within the budget in bench/budget, and a change of a neighbour, a
# route or a server takes effect with the next packet and leaves the cost as it was. Runs in a
# VM that counts instructions (settings: vm.bench_budget); the whole table is `make bench`.
#
#   [ cl ] c0 --- d0 [ dir ] d1 --- e0 [ srv ]
. "$(dirname "$0")/bench/bench.inc"
series=$(echo "$HALB_KVER" | cut -d. -f1,2)

# --- budgets ----------------------------------------------------------------------------------
# Three percent more than the budget is too much.
mapfile -t rows < <(awk -v k="$series" '/^#/ { next } $2 == k { print $1 }' "$HALB_SRC/selftests/bench/budget")
: > "$TMP/figures"
if [ ${#rows[@]} -gt 0 ]; then
	COUNT=4000 NEW=4000 bash "$HALB_SRC/selftests/bench/path.sh" "${rows[@]}" > "$TMP/figures" 2>&1
	rmmod halb
else
	skip "what packets cost" "bench/budget has no figures for the kernel $series yet"
fi
for row in "${rows[@]}"; do
	budget=$(awk -v k="$series" -v r="$row" '$1 == r && $2 == k { print $3 }' "$HALB_SRC/selftests/bench/budget")
	got=$(awk -v r="$row" '$1 "/" $2 == r { print $4 }' "$TMP/figures")
	between "${got:-nothing}" 1 $((budget * 103 / 100)) "$row: ${got:-no} instructions, budget $budget"
done
grep -v generator "$TMP/figures" | grep '^#'

# --- changes ----------------------------------------------------------------------------------
bench_up
load_halb
# Beside dropping, the sink counts what comes to two MAC addresses.
OTHER_MAC=02:00:00:00:00:99
on srv ip link set e0 promisc on
to_mac() { on srv nft -j list counters table netdev seen | jq -r '[.nftables[].counter | select(. != null)] | sort_by(.name) | map(.packets) | join(" ")'; }
watch_macs() {
	pass_at srv
	on srv nft -f - <<-END || bail "nft does not count"
		table netdev seen {
			counter a-first { }
			counter b-other { }
			chain in {
				type filter hook ingress device e0 priority 0; policy drop;
				ether daddr $MAC_E0 counter name a-first drop
				ether daddr $OTHER_MAC counter name b-other drop
			}
		}
	END
}
unwatch_macs() { on srv nft delete table netdev seen; drop_at srv e0; }
# shellcheck disable=SC2046
established() { gen $(to udp4 $VIP4) -n 4000; }
# go_to WHERE NAME: 100 packets all come to the MAC address, from the first one on
go_to() {
	watch_macs
	# shellcheck disable=SC2046
	silently $(to udp4 $VIP4) -f 100 -w 100
	is "$(to_mac)" "$1" "$2"
	unwatch_macs
}
# as_before NAME: within 1 %
as_before() {
	local cost
	cost=$(established)
	between "${cost%.*}" $((${START%.*} * 99 / 100)) $((${START%.*} * 101 / 100)) "$1: the cost is as before ($START, now $cost)"
}

halb_on dr 4 udp rr 1
START=$(established)
go_to "100 0" "all packets go to the server"
server=$(bench_server 1 4)

ip -n dir neigh replace "$server" lladdr $OTHER_MAC dev d1 nud permanent
go_to "0 100" "the neighbour has another address: all packets go there"
as_before "another neighbour"
ip -n dir neigh replace "$server" lladdr "$MAC_E0" dev d1 nud permanent
go_to "100 0" "and back"

ip -n dir neigh replace 10.2.0.250 lladdr $OTHER_MAC dev d1 nud permanent
ip -n dir route add "$server/32" via 10.2.0.250
go_to "0 100" "a route by a gateway: all packets go to the gateway"
as_before "another route"
ip -n dir route del "$server/32"
go_to "100 0" "and back"
as_before "the first route again"

hc server add udp $VIP4:80 10.2.0.12:80 method dr
as_before "one more server"
hc server set udp $VIP4:80 10.2.0.12:80 weight 5
as_before "another weight"
ip -n dir neigh replace 10.2.0.12 lladdr $OTHER_MAC dev d1 nud permanent
hc server del udp $VIP4:80 "$server:80"
go_to "0 100" "the server is removed: its flows go to the other one at once"
as_before "a server less"
halb_off
done_testing
