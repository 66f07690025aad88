#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Persistence: a client, or a network of clients, stays with a server across connections.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
#                                  +--- [ s3 ]
#   The client has the networks 10.5.0.0/16 and fd00:5::/64 besides its own address.
. "$(dirname "$0")/lib.sh"
topology routed 3
load_halb
ip -n cl route add local 10.5.0.0/16 dev lo
ip -n cl -6 route add local fd00:5::/64 dev lo
ip -n dir route add 10.5.0.0/16 via 10.1.0.2
ip -n dir -6 route add fd00:5::/64 via fd00:1::2
start_servers 1 2 3
flows_start
set -f

templates() { hc -j conn show | jq -c '[.[] | select(.state == "template")] | length'; }

for vip in $VIP4 $VIP6; do
	service="tcp $(endpoint $vip 80)"
	is6 $vip && from=fd00:5::%x || from=10.5.0.%d
	balance nat tcp $vip 80
	is "$(flows once tcp $vip 80 n=3 from=$from | tr ' ' '\n' | sort | xargs)" "one three two" \
		"$vip: without persistence each connection is scheduled"
	hc service set $service persistent 600
	# Ten connections of client 1, with a new port each.
	is6 $vip && first=fd00:5::1 second=fd00:5::2 || first=10.5.0.1 second=10.5.0.2
	got=$(flows once tcp $vip 80 n=10 from=$first)
	is "$got" "$(names 10 "${got%% *}")" "$vip: ten connections of a client, one server"
	other=$(flows once tcp $vip 80 n=4 from=$second)
	is "$other" "$(names 4 "${other%% *}")" "$vip: four of another client, one server"
	is "$([ "${got%% *}" != "${other%% *}" ] && echo differ)" differ "$vip: and that is another one"
	is "$(templates)" 2 "$vip: two templates are listed"
	is "$(hc -j server show $service | jq '[.[].persist_conns] | add')" 2 "$vip: and counted by their servers"
	like "$(hc service show $service | head -n 2)" 'persistent 600' "$vip: the listing says so"

	# As in ip_vs, a server of weight 0 keeps its persistent clients.
	for n in 1 2 3; do
		[ "${NAMES[n]}" = "${got%% *}" ] && mine=$(endpoint "$(server_addr $n $vip)" 80)
	done
	hc server set $service $mine weight 0
	is "$(flows once tcp $vip 80 from=$first)" "${got%% *}" "$vip: a draining server keeps its persistent client"
	# Unless its administrator wants it empty: the next connection goes elsewhere, and stays there.
	hc settings set expire-quiescent-template on
	moved=$(flows once tcp $vip 80 n=3 from=$first)
	is "$moved" "$(names 3 "${moved%% *}")" "$vip: expire-quiescent-template: the client moves, to one server"
	is "$([ "${moved%% *}" != "${got%% *}" ] && echo differ)" differ "$vip: and that is not the draining one"
	is "$(templates)" 2 "$vip: it still has one template"
	hc settings set expire-quiescent-template off
	hc server set $service $mine weight 1
	is "$(flows once tcp $vip 80 from=$first)" "${moved%% *}" "$vip: nor does it come back with the weight"
	for n in 1 2 3; do
		[ "${NAMES[n]}" = "${moved%% *}" ] && mine=$(endpoint "$(server_addr $n $vip)" 80)
	done
	got=$moved
	hc server del $service $mine
	now=$(flows once tcp $vip 80 n=3 from=$first)
	is "$now" "$(names 3 "${now%% *}")" "$vip: when the server leaves, the client gets another and stays there"
	is "$([ "${now%% *}" != "${got%% *}" ] && echo differ)" differ "$vip: and that is not the one that left"
	hc service flush
	hc conn flush >/dev/null
done

# Networks: 10.5.0.x is one client, 10.5.1.x another.
balance nat tcp $VIP4 80
hc service set tcp $VIP4:80 persistent 600 netmask 255.255.255.0
a=$(flows once tcp $VIP4 80 n=8 from=10.5.0.%d)
b=$(flows once tcp $VIP4 80 n=8 from=10.5.1.%d)
is "$a" "$(names 8 "${a%% *}")" "netmask 255.255.255.0: eight clients of a network, one server"
is "$b" "$(names 8 "${b%% *}")" "and of the next network"
is "$(templates)" 2 "a template for each network"
is "$([ "${a%% *}" != "${b%% *}" ] && echo differ)" differ "the networks have different servers"
hc service set tcp $VIP4:80 no-persistent
is "$(flows once tcp $VIP4 80 n=3 from=10.5.0.%d | tr ' ' '\n' | sort | xargs)" "one three two" \
	"no-persistent: each connection is scheduled again"
hc service flush
hc conn flush >/dev/null
balance nat udp $VIP6 53
hc service set udp "[$VIP6]:53" persistent 600 prefix 120
a=$(flows once udp $VIP6 53 n=8 from=fd00:5::%x)
is "$a" "$(names 8 "${a%% *}")" "prefix 120, UDP: eight clients of a network, one server"
hc service flush
hc conn flush >/dev/null

# The time is over: two seconds after the last packet, connections included.
balance nat udp $VIP4 53
hc settings set udp-timeout 1
hc service set udp $VIP4:53 persistent 2
first=$(flows once udp $VIP4 53 from=10.5.7.1)
for _ in 1 2 3; do
	check "the template expires" wait_for 30 eval '[ "$(templates)" = 0 ]'
	last=$(flows once udp $VIP4 53 from=10.5.7.1)
	[ "$last" != "$first" ] && break
done
is "$([ "$last" != "$first" ] && echo differ)" differ "afterwards the client is scheduled again"
done_testing
