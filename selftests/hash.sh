#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sh and mh: a client stays with its server because of its address. sh sends each client where
# ip_vs sends it; mh (Maglev) moves few when a server leaves, and two directors that were
# configured in another order agree on every client.
#
#            10.9.0.80 -> [ dir, halb        ] ---+--- [ s1 ]
#   [ cl ] ---+                                   +--- [ s2 ]
#             + either -> [ dir2, halb, ip_vs ] --+--- [ s3 ]
#
#   The client has the networks 10.5.0.0/16 and fd00:5::/64 besides its own address.
. "$(dirname "$0")/lib.sh"
topology routed 3 2
load_halb
modprobe ip_vs || bail "no ip_vs in this kernel"
IPVS=10.9.0.81 IPVS6=fd00:9::81
to_director $IPVS dir2
to_director $IPVS6 dir2
ip -n cl route add local 10.5.0.0/16 dev lo
ip -n cl -6 route add local fd00:5::/64 dev lo
for d in dir dir2 s1 s2 s3; do
	case $d in
	dir*) v4=10.1.0.2 v6=fd00:1::2 ;;
	*) v4=10.2.0.254 v6=fd00:2::fe ;;
	esac
	ip -n $d route add 10.5.0.0/16 via $v4
	ip -n $d -6 route add fd00:5::/64 via $v6
done
for n in 1 2 3; do start_udp s$n "${NAMES[n]}"; done
flows_start
CLIENTS=120

# ask VIP: the name that each of the clients gets
ask() {
	if is6 "$1"; then flows once udp "$1" 53 n=$CLIENTS from=fd00:5::%x
	else flows once udp "$1" 53 n=$CLIENTS from=10.5.3.%d; fi
}
# moved OLD NEW [NAME]: how many words differ; with NAME only those that were not NAME
moved() {
	paste -d' ' <(tr ' ' '\n' <<< "$1") <(tr ' ' '\n' <<< "$2") |
		awk -v name="${3:-}" '$1 != $2 && $1 != name { n++ } END { print n + 0 }'
}
share() { tr ' ' '\n' <<< "$1" | grep -cx "$2"; } # WORDS NAME
afresh() { hc service flush; hc conn flush > /dev/null; }
forget_flows() { hc conn flush > /dev/null; }

# --- sh -------------------------------------------------------------------------------------
for vip in $VIP4 $VIP6; do
	is6 $vip && other=$IPVS6 || other=$IPVS
	afresh
	balance dr udp $vip 53 sh 1 2 3
	balance_ipvs dr udp $other 53 sh 1 2 3
	first=$(ask $vip)
	forget_flows
	is "$(ask $vip)" "$first" "sh: $vip: each client gets the same server again"
	is "$first" "$(ask $other)" "sh: $vip: each client gets the server that ip_vs gives it"
	is "$(tr ' ' '\n' <<< "$first" | sort -u | xargs)" "one three two" "sh: $vip: all servers get clients"
done
# The last service was IPv6's, and it is still there.
is "$(tally "$(flows once udp $VIP6 53 n=12)")" "$(flows once udp $VIP6 53)=12" \
	"sh: another source port is the same client"
hc service set udp "[$VIP6]:53" sh-port
between "$(flows once udp $VIP6 53 n=40 | tr ' ' '\n' | sort -u | wc -l)" 2 3 \
	"sh with sh-port: another source port may be another server"

# --- mh -------------------------------------------------------------------------------------
for vip in $VIP4 $VIP6; do
	afresh
	balance dr udp $vip 53 mh 1 1 1
	service="udp $(endpoint $vip 53)"
	first=$(ask $vip)
	for name in one two three; do
		# 120 of 3 equal: 40, by hashing; six standard deviations are 31.
		between "$(share "$first" $name)" 9 71 "mh: $vip: a third of the clients for $name, more or less"
	done
	forget_flows
	is "$(ask $vip)" "$first" "mh: $vip: each client gets the same server again"

	# shellcheck disable=SC2086
	hc server del $service "$(endpoint "$(server_addr 2 $vip)" 53)"
	forget_flows
	without=$(ask $vip)
	is "$(share "$without" two)" 0 "mh: $vip: nobody goes to the server that left"
	# Maglev's own figure for the others is a few per cent (NSDI 2016, 5.3).
	between "$(moved "$first" "$without" two)" 0 $((CLIENTS * 6 / 100)) \
		"mh: $vip: hardly a client of the others moved"
	# shellcheck disable=SC2086
	hc server add $service "$(endpoint "$(server_addr 2 $vip)" 53)" method dr
	forget_flows
	is "$(ask $vip)" "$first" "mh: $vip: when it is back, all is as before"

	# The other director, configured backwards.
	# shellcheck disable=SC2086
	dir2 halbctl service add $service scheduler mh
	for n in 3 1 2; do
		# shellcheck disable=SC2086
		dir2 halbctl server add $service "$(endpoint "$(server_addr $n $vip)" 53)" method dr
	done
	to_director $vip dir2
	is "$(ask $vip)" "$first" "mh: $vip: the second director sends every client to the same server"
	is "$(dir2 halbctl -j service show | jq '.[0].stats.conns')" $CLIENTS "mh: $vip: it was the second director"
	to_director $vip dir
	dir2 halbctl service flush
done
afresh
balance dr udp $VIP4 53 mh 1 0 3
got=$(ask $VIP4)
is "$(share "$got" two)" 0 "mh 1 0 3: none for weight 0"
# 30 of 120 expected, standard deviation below 5.
between "$(share "$got" one)" 5 55 "mh 1 0 3: a quarter for weight 1, more or less"
done_testing
