#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# One-packet scheduling: each datagram goes its own way, as with ip_vs, and nothing remembers it.
#
#   [ cl ] ---+--- 10.9.0.80 -> [ dir ]  -----------+--- [ s1 ]
#             +--- 10.9.0.81 -> [ dir2, ip_vs ] ----+--- [ s2 ]
. "$(dirname "$0")/lib.sh"
IPVS=10.9.0.81 IPVS6=fd00:9::81
topology routed 2 2
load_halb
to_director $IPVS dir2
to_director $IPVS6 dir2
for n in 1 2; do start_udp s$n "${NAMES[n]}"; done
flows_start
conns() { hc -j conn show | jq "[.[] | select(.state ${1:-!=} \"template\")] | length"; }
# asked TIMES: what one socket is answered, that many times
asked() {
	local n got=
	for n in $(seq "$1"); do got+="$(flows ask) "; done
	echo "$got"
}
received() { on "s$1" nft list counter inet asked questions | awk '/packets/ { print $2 }'; }
for n in 1 2; do
	on s$n nft -f - <<-END || bail "nft does not count"
		table inet asked {
			counter questions { }
			chain in { type filter hook input priority 0; udp dport 53 counter name questions; }
		}
	END
done

# --- as ip_vs does ---------------------------------------------------------------------------
for pair in "$VIP4 $IPVS" "$VIP6 $IPVS6"; do
	read -r vip other <<< "$pair"
	for method in dr tun; do
		# ip_vs's tunnels of IPv6 need a route of their own: dr is the oracle for both
		balance $method udp $vip 53
		hc service set udp "$(endpoint $vip 53)" ops
		stack_watch dir
		like "$(flows open udp $vip 53)" 'one|two' "$vip, $method: a socket"
		got=$(asked 6)
		is "$(conns)" 0 "$vip, $method: there is no connection"
		is "$(figures .total.conns)" "$(hc -j server show | jq '[.[].stats.in_packets] | add')" \
			"$vip, $method: each packet counts as one that was scheduled"
		is "$(stack_saw dir)" "input=0 forward=0 output=0 postrouting=0" "$vip, $method: the stack saw none"
		dir nft delete table inet watch
		flows forget >/dev/null
		is "$(tally "$got")" "one=3 two=3" "$vip, $method: every other question goes to the other server"
		hc service flush
		hc zero
	done
	balance_ipvs dr udp $other 53
	dir2 ipvsadm -E -u "$(endpoint $other 53)" -s rr -o || bail "ip_vs does not take -o"
	flows open udp $other 53 >/dev/null
	is "$(tally "$(asked 6)")" "$(tally "$got")" "$vip: as with ip_vs"
	flows forget >/dev/null
done

# --- nat: there and not back, as with ip_vs -----------------------------------------------------
balance nat udp $VIP4 53
hc service set udp $VIP4:53 ops
flows timeout 1 >/dev/null
before=$(($(received 1) + $(received 2)))
flows once udp $VIP4 53 n=2 sport=4000 >/dev/null
is $(($(received 1) + $(received 2))) $((before + 2)) "nat: both questions arrive"
is "$(conns)" 0 "nat: there is no connection"
flows timeout 10 >/dev/null

# --- a client network stays where it is, if it is to -----------------------------------------------
hc service flush
balance dr udp $VIP4 53
hc service set udp $VIP4:53 ops persistent 300
first=$(flows open udp $VIP4 53)
is "$(asked 3)" "$(names 3 "$first") " "persistent: one server"
is "$(conns) $(conns "==")" "0 1" "persistent: a template, no connection"
flows forget >/dev/null

# --- when there are too many connections ------------------------------------------------------------
hc service flush
hc conn flush >/dev/null
check "the table is empty" wait_for 30 eval '[ "$(hc -j conn show | jq length)" = 0 ]'
balance dr udp $VIP4 53
balance dr udp $VIP4 54
hc settings set conn-limit 1
for n in 1 2; do start_udp s$n "${NAMES[n]}" 54; done
like "$(flows open udp $VIP4 54)" 'one|two' "a connection, and there may be no other"
hc service set udp $VIP4:53 ops
before=$(drops conn-limit)
like "$(flows once udp $VIP4 53 n=2)" '^(one two|two one)$' "which a datagram does not need"
is "$(drops conn-limit)" "$before" "nothing was dropped"
flows forget >/dev/null
hc settings set conn-limit 1000

# --- by mark: the UDP only ----------------------------------------------------------------------------
hc service flush
hc conn flush >/dev/null
for n in 1 2; do start_nginx s$n "${NAMES[n]}"; done
hc service add fwmark 7 scheduler rr ops
for n in 1 2; do hc server add fwmark 7 "$(server4 $n)" method dr; done
dir nft -f - <<-END || bail "nft does not mark"
	table inet marks {
		chain prerouting {
			type filter hook prerouting priority mangle;
			ip daddr $VIP4 meta mark set 7
		}
	}
END
flows open udp $VIP4 53 >/dev/null
is "$(tally "$(asked 4)")" "one=2 two=2" "by mark: UDP, each to the other server"
is "$(conns)" 0 "by mark: no connection"
flows forget >/dev/null
first=$(flows open tcp $VIP4 80)
is "$(asked 3)" "$(names 3 "$first") " "by mark: TCP stays"
is "$(conns)" 1 "by mark: and has a connection"
flows forget >/dev/null

# --- on and off under way -------------------------------------------------------------------------------
hc service flush
hc conn flush >/dev/null
dir nft delete table inet marks
balance dr udp $VIP4 53
first=$(flows open udp $VIP4 53)
hc service set udp $VIP4:53 ops
is "$(asked 3)" "$(names 3 "$first") " "a flow with a connection keeps its server"
hc conn flush >/dev/null
is "$(tally "$(asked 4)")" "one=2 two=2" "once it is flushed each packet is scheduled"
hc service set udp $VIP4:53 no-ops
first=$(flows ask)
is "$(asked 3)" "$(names 3 "$first") " "no-ops: a flow has one server again"
hc service del udp $VIP4:53
flows forget >/dev/null

# --- what it is not for ------------------------------------------------------------------------------------
fails_with 1 'one-packet scheduling is for UDP' "not for TCP" hc service add tcp 10.9.0.90:80 ops
hc service add udp 10.9.0.90:53 ops sources 10.2.0.200
fails_with 1 'fullnat needs connections' "not with fullnat" hc server add udp 10.9.0.90:53 10.2.0.11 method fullnat
hc service set udp 10.9.0.90:53 no-ops
hc server add udp 10.9.0.90:53 10.2.0.11 method fullnat
fails_with 1 'method fullnat, which need connections' "nor once there are such servers" hc service set udp 10.9.0.90:53 ops
done_testing
