#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A connection stays with its server, whatever happens to the configuration, as long as the
# server is part of it.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
#                                  +--- [ s3 ]
. "$(dirname "$0")/lib.sh"
topology routed 3
load_halb
start_servers 1 2 3
flows_start
SERVERS=2

# stays WHAT: the flows answer as they did in the beginning
stays() { is "$(flows ask)" "$BEGAN" "$1: all flows stay where they were"; }

for vip in $VIP4 $VIP6; do
	tcp="tcp $(endpoint $vip 80)" udp="udp $(endpoint $vip 53)"
	s1=$(server_addr 1 $vip) s2=$(server_addr 2 $vip) s3=$(server_addr 3 $vip)
	is6 $vip && s1="[$s1]" s2="[$s2]" s3="[$s3]"
	method=nat
	is6 $vip && method=dr
	balance $method tcp $vip 80
	balance $method udp $vip 53
	prepare $method $vip 3
	flows forget >/dev/null
	BEGAN="$(flows open tcp $vip 80 n=4) $(flows open udp $vip 53 n=4)"
	is "$(tally "$BEGAN")" "one=4 two=4" "$vip: four flows to each"
	stays "$vip, $method"

	set -f
	hc server add $tcp $s3 method $method
	hc server add $udp $s3 method $method
	stays "a server more"
	is "$(flows once tcp $vip 80 n=3 | tr ' ' '\n' | sort | xargs)" "one three two" "a server more: it gets its share of the new"
	hc server set $tcp $s1 weight 100
	hc server set $udp $s1 weight 100
	stays "other weights"
	hc service set $tcp scheduler wrr
	hc service set $udp scheduler mh
	stays "other schedulers"
	hc server drain $tcp $s1
	hc server drain $udp $s1
	stays "a server drains"
	is "$(tally "$(flows once tcp $vip 80 n=4)")" "three=2 two=2" "a server drains: it gets none of the new"
	is "$(hc -j server show $tcp $s1 | jq -c '.[0] | [.weight, .active_conns]')" "[0,2]" \
		"a server drains: weight 0, and two connections are still open"
	hc server set $tcp $s2 upper 1
	stays "an upper limit below what is open"
	is "$(tally "$(flows once tcp $vip 80 n=2)")" "three=2" "an upper limit: no new ones beyond it"
	hc server del $tcp $s3
	hc server del $udp $s3
	stays "another server leaves"
	is "$(flows once tcp $vip 80)" refused "one drains, one is full: nobody is left for the new"
	# The same configuration once more, in one transaction.
	hc save > "$TMP/saved"
	check "restore" hc restore "$TMP/saved"
	stays "the same configuration restored"
	hc service flush
	set +f
done
done_testing
