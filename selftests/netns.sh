#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two directors in two network namespaces have nothing to do with each other: services,
# connections, settings, statistics. The same VIP and port may be in both.
#
#                -> [ dir  ] -> [ s1 ]
#   [ cl ] ---+
#                -> [ dir2 ] -> [ s2 ]     [ nobody ]: a namespace without a service
#
. "$(dirname "$0")/lib.sh"
topology routed 2 2
load_halb
setup_ns nobody
hc2() { dir2 halbctl "$@"; }
start_servers 1 2
gw_via s2 dir2
flows_start

for p in "tcp $VIP4:80" "udp $VIP4:53"; do
	hc service add $p
	hc server add $p 10.2.0.11 method nat
	hc2 service add $p
	hc2 server add $p 10.2.0.12 method nat
done
is "$(hc -j server show | jq -c 'map(.address) | unique')" '["10.2.0.11"]' "the first sees its own servers"
is "$(hc2 -j server show | jq -c 'map(.address) | unique')" '["10.2.0.12"]' "the second sees its own"
is "$(on nobody halbctl -j service show)" "[]" "a third namespace has no services"
is "$(halbctl -j service show)" "[]" "nor has the initial one"

is "$(flows once tcp $VIP4 80 n=2) $(flows once udp $VIP4 53)" "one one one" "traffic through the first"
first=$(flows open tcp $VIP4 80)
to_director $VIP4 dir2
is "$(flows once tcp $VIP4 80) $(flows once udp $VIP4 53)" "two two" "the same through the second"
second=$(flows open tcp $VIP4 80)
is "$first $second" "one two" "a connection through each stays open"
is "$(figures .total.conns) $(hc2 -j stats | jq .total.conns)" "4 3" "each counts its own connections"
is "$(hc -j conn show | jq -c '[.[].server_address] | unique')" '["10.2.0.11"]' "each lists its own connections"
is "$(hc2 -j conn show | jq -c '[.[].server_address] | unique')" '["10.2.0.12"]' "the other one, too"

hc settings set udp-timeout 77 conn-limit 10 vip-unmatched drop
is "$(hc2 -j settings show | jq -c '[.udp_timeout, .vip_unmatched]')" '[300,"accept"]' "settings of the first do not touch the second"
is "$(on nobody halbctl -j settings show | jq .udp_timeout)" 300 "nor a third namespace"
hc zero
is "$(figures .total.conns) $(hc2 -j stats | jq .total.conns)" "0 3" "statistics set to zero in one"

hc service flush
hc conn flush >/dev/null
is "$(hc2 -j service show | jq length)" 2 "services removed in one"
is "$(flows ask 2) $(flows once tcp $VIP4 80)" "two two" "the other one works on"

# A namespace goes away with everything in it; the other one does not notice.
to_director $VIP4 dir
hc service add tcp $VIP4:80
hc server add tcp $VIP4:80 10.2.0.11 method nat
is "$(flows open tcp $VIP4 80)" one "the first has a connection again"
ip netns del dir
check "the namespace is gone" wait_for 10 eval '! ip netns list | grep -qw dir'
to_director $VIP4 dir2
is "$(flows ask 2) $(flows once tcp $VIP4 80)" "two two" "the other one works on"
is "$(hc2 -j service show | jq length)" 2 "and has its services"
done_testing
