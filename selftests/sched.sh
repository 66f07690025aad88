#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rr, wrr, lc and wlc: each against its definition, and against ip_vs with the same
# configuration, which stands in the second director. (sh and mh: hash.sh)
#
#                10.9.0.80 -> [ dir, halb   ] ---+--- [ s1 ]
#   [ cl ] ---+                                  +--- [ s2 ]
#             + 10.9.0.81 -> [ dir2, ip_vs ] ----+--- [ s3 ]
#
. "$(dirname "$0")/lib.sh"
topology routed 3 2
load_halb
modprobe ip_vs || bail "no ip_vs in this kernel"
# What has ended is forgotten after a second.
dir2 ipvsadm --set 900 1 300
HALB=$VIP4 IPVS=10.9.0.81
HALB6=$VIP6 IPVS6=fd00:9::81
to_director $IPVS dir2
to_director $IPVS6 dir2
start_servers 1 2 3
flows_start

# both SCHEDULER [WEIGHT...]: the configuration, TCP on port 80, in both directors; both without
# memory of the one before (ip_vs finds old servers and their counts again).
both() {
	flows forget >/dev/null
	hc service flush
	hc conn flush >/dev/null
	dir2 ipvsadm -C
	wait_for 30 eval '[ "$(dir2 ipvsadm -Lnc | wc -l)" -le 2 ]'
	balance dr tcp $HALB 80 "$@"
	balance_ipvs dr tcp $IPVS 80 "$@"
}
in_order() { http_many cl "$(url $1)" "$2" | tr '\n' ' ' | sed 's/ $//'; } # VIP N

# --- rr: one after the other -----------------------------------------------------------
# Which server is the first is nobody's business but ip_vs's: newest first.
both rr
got=$(in_order $HALB 9)
is "$got" "$(names 3 "$(cut -d' ' -f1-3 <<< "$got")")" "rr: the same order again and again"
is "$(tally "$got")" "one=3 three=3 two=3" "rr: equal shares"
is "$got" "$(in_order $IPVS 9)" "rr: the same order as ip_vs"
hc server set tcp $HALB:80 10.2.0.12 weight 0
dir2 ipvsadm -e -t $IPVS:80 -r 10.2.0.12:80 -g -w 0
got=$(in_order $HALB 6)
is "$(tally "$got")" "one=3 three=3" "rr: a server of weight 0 gets nothing"
is "$got" "$(in_order $IPVS 6)" "rr: the same order as ip_vs without it"

# --- wrr: in proportion to the weights, exactly, in each cycle --------------------------
both wrr 1 2 4
got=$(in_order $HALB 14)
is "$(tally "$(cut -d' ' -f1-7 <<< "$got")")" "one=1 three=4 two=2" "wrr 1 2 4: a cycle of seven has 1, 2 and 4"
is "$(tally "$(cut -d' ' -f8-14 <<< "$got")")" "one=1 three=4 two=2" "wrr 1 2 4: so has the next one"
is "$got" "$(in_order $IPVS 14)" "wrr 1 2 4: the same order as ip_vs"
both wrr 6 3 0
got=$(in_order $HALB 9)
is "$(tally "$got")" "one=6 two=3" "wrr 6 3 0: 2 to 1, and none for weight 0"
is "$got" "$(in_order $IPVS 9)" "wrr 6 3 0: the same order as ip_vs"
both wrr 65535 65535 1
got=$(in_order $HALB 20)
between "$(grep -o three <<< "$got" | wc -l)" 0 1 "wrr 65535 65535 1: hardly one for weight 1"
is "$got" "$(in_order $IPVS 20)" "wrr 65535 65535 1: the same order as ip_vs"

# The same over UDP and IPv6, where nothing but the flow's first packet is new.
hc service flush
balance nat udp $HALB6 53 wrr 1 2 3
is "$(tally "$(flows once udp $HALB6 53 n=12)")" "one=2 three=6 two=4" "wrr 1 2 3 over UDP and IPv6"

# --- lc and wlc: connections that stay open ---------------------------------------------
# What the director thinks is open and what is are the same when the client's last packet
# has been seen.
settled() { [ "$(hc -j service show | jq '[.[].active_conns] | add')" = "$1" ]; }
ipvs_settled() { [ "$(dir2 ipvsadm -Ln | awk '/Route/ { n += $5 } END { print n }')" = "$1" ]; }
open_both() { # N: N connections to halb, then as many to ip_vs
	got=$(flows open tcp $HALB 80 n="$1")
	want=$(flows open tcp $IPVS 80 n="$1")
}

both lc
open_both 6
is "$(tally "$got")" "one=2 three=2 two=2" "lc: six connections, two on each"
is "$got" "$want" "lc: the same order as ip_vs"
# Connections 1..6 are halb's, 7..12 ip_vs's. Two of the same server end on both sides.
first=${got%% *}
for i in 1 2 3 4 5 6; do
	[ "$(cut -d' ' -f$i <<< "$got")" = "$first" ] || continue
	flows close $i >/dev/null
	flows close $((i + 6)) >/dev/null
done
check "lc: two connections end" wait_for 10 settled 4
check "ip_vs: two connections end" wait_for 10 ipvs_settled 4
is "$(flows open tcp $HALB 80 n=2)" "$first $first" "lc: the next two go where there are fewest"
is "$(flows open tcp $IPVS 80 n=2)" "$first $first" "ip_vs: so they do"
both lc 1 1 0
open_both 4
is "$(tally "$got")" "one=2 two=2" "lc: none for weight 0"
is "$got" "$want" "lc: the same order as ip_vs"

both wlc 1 2 3
open_both 12
is "$(tally "$got")" "one=2 three=6 two=4" "wlc 1 2 3: twelve connections, 2, 4 and 6"
is "$got" "$want" "wlc 1 2 3: the same order as ip_vs"
hc server set tcp $HALB:80 10.2.0.11 weight 10
dir2 ipvsadm -e -t $IPVS:80 -r 10.2.0.11:80 -g -w 10
open_both 6
is "$(tally "$got")" "one=6" "wlc: a server that got weight 10 takes the next six"
is "$got" "$want" "wlc: so it does with ip_vs"

# --- what nobody can serve ----------------------------------------------------------------
both rr 0 0 0
before=$(drops no-server)
is "$(flows once tcp $HALB 80)" refused "no server but of weight 0: the client is refused at once"
is "$(drops no-server)" $((before + 1)) "and that is counted"
hc service add tcp $HALB:81
is "$(flows once tcp $HALB 81)" refused "no server at all: the client is refused at once"
done_testing
