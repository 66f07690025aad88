#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Services by firewall mark, and for all ports of a VIP.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]  nginx on 80 and 8080, UDP on 53
#             nft marks in mangle  +--- [ s2 ]  likewise
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
for n in 1 2; do
	start_nginx s$n "${NAMES[n]}"
	start_nginx s$n "${NAMES[n]}" 8080
	start_udp s$n "${NAMES[n]}"
done
flows_start
flows timeout 3 >/dev/null
# with_servers VIP SERVICE METHOD PROPERTY...: a service with both servers
with_servers() {
	local vip=$1 service=$2 method=$3 n
	shift 3
	# shellcheck disable=SC2086
	hc service add $service "$@" || bail "cannot add $service"
	for n in 1 2; do
		# shellcheck disable=SC2086
		hc server add $service "$(server_name $n $vip)" method $method || bail "cannot add a server to $service"
	done
	prepare $method $vip
}
server_name() { is6 "$2" && echo "[$(server6 "$1")]" || server4 "$1"; } # N VIP: without a port
rules() { dir nft -f - || bail "nft does not take the rules"; }
marked() { dir nft list counter inet marks seen | awk '/packets/ { print $2 }'; }
# The priority of every hook of halb in the director.
hooks() { dir nft list hooks | awk '/\[halb\]/ { sub(/^[+-]?0*/, "&", $1); print $1 + 0 }' | sort -n | xargs; }

rules <<-END
	table inet marks {
		counter seen { }
		chain prerouting {
			type filter hook prerouting priority mangle;
			ip daddr $VIP4 meta l4proto { tcp, udp } th dport { 53, 80, 8080 } counter name seen meta mark set 7
			ip6 daddr $VIP6 meta l4proto { tcp, udp } th dport { 53, 80, 8080 } counter name seen meta mark set 7
		}
		chain track { type filter hook forward priority 0; ct state new,established accept; }
	}
END
stack_watch dir

# --- the second hook, only while there is such a service ----------------------------------------
hc service add tcp 10.9.0.1:80
# 6.1 cannot tell whose hook it is.
if [ -n "$(hooks)" ]; then
is "$(hooks)" "-299 -299" "a service by address: one hook for each family"
hc service add fwmark 7 scheduler rr
is "$(hooks)" "-299 -299 -149" "a service by mark: a hook after mangle"
hc service add fwmark 7 inet6 scheduler rr
is "$(hooks)" "-299 -299 -149 -149" "and one for IPv6"
hc service del fwmark 7
check "the service is gone, and so is its hook" wait_for 20 eval '[ "$(hooks)" = "-299 -299 -149" ]'
else
skip "hooks" "nft does not list them on this kernel"
fi
hc service flush
check "without services there is none" wait_for 20 eval '[ -z "$(hooks)" ]'

# --- flows by mark --------------------------------------------------------------------------------
for vip in $VIP4 $VIP6; do
	is6 $vip && service="fwmark 7 inet6" || service="fwmark 7"
	is6 $vip && methods="nat tun" || methods="nat dr"
	for method in $methods; do
		with_servers $vip "$service" $method scheduler rr
		before=$(figures '(.drops | del(.["packet-too-big"]) | add)')
		is "$(tally "$(flows once tcp $vip 80 n=6)")" "one=3 two=3" "$vip, $method: TCP, three to each server"
		is "$(tally "$(flows once tcp $vip 8080 n=4)")" "one=2 two=2" "$vip, $method: to another port"
		is "$(tally "$(flows once udp $vip 53 n=4)")" "one=2 two=2" "$vip, $method: UDP"
		seen=$(marked)
		check "$vip, $method: a large file" get_files cl $vip 1000000
		is "$(marked)" $((seen + 1)) "$vip, $method: only the first packet of a flow meets mangle"
		check "$vip, $method: and one to the server" put_files cl $vip 1000000
		is "$(figures '(.drops | del(.["packet-too-big"]) | add)')" "$before" "$vip, $method: nothing was dropped but what a tunnel is too narrow for"
		hc service flush
		hc conn flush >/dev/null
	done
	gw_via s1 dir
	gw_via s2 dir
done
is "$(stack_saw dir)" "input=0 forward=0 output=0 postrouting=0" "the stack saw none of it"
is "$(dir conntrack -L 2>/dev/null | grep -cE "$VIP4|$VIP6")" 0 "conntrack keeps no entry of it"

# --- what takes precedence ---------------------------------------------------------------------
hc service add fwmark 7
hc server add fwmark 7 10.2.0.11 method nat
hc service add tcp $VIP4:80
hc server add tcp $VIP4:80 10.2.0.12 method nat
hc service add tcp $VIP4:81
hc server add tcp $VIP4:81 10.2.0.12:80 method nat
is "$(flows once tcp $VIP4 80)" one "a mark comes before address and port"
is "$(flows once tcp $VIP4 81)" two "a packet without mark is its address's"
like "$(flows open tcp $VIP4 80)" one "a flow is open"
dir nft flush chain inet marks prerouting
is "$(flows ask)" one "the rule is gone: the flow goes on"
is "$(flows once tcp $VIP4 80)" two "and new ones are their address's"
flows forget >/dev/null
before=$(passes no-service)
is "$(flows once tcp $VIP4 82)" unreachable "a port without a service is the stack's"
is "$(passes no-service)" $((before + 1)) "and is counted once"
dir nft add rule inet marks prerouting ip daddr 10.9.0.77 meta mark set 9
is "$(flows once tcp $VIP4 80)" two "other marks change nothing"
hc service flush
hc conn flush >/dev/null

# --- persistence: ports and protocols together --------------------------------------------------
dir nft add rule inet marks prerouting ip daddr $VIP4 meta mark set 7
dir nft add rule inet marks prerouting ip6 daddr $VIP6 meta mark set 7
for vip in $VIP4 $VIP6; do
	is6 $vip && service="fwmark 7 inet6" || service="fwmark 7"
	with_servers $vip "$service" nat scheduler rr persistent 300
	got=$(flows once tcp $vip 80 n=2)
	is "$got $(flows once tcp $vip 8080) $(flows once udp $vip 53)" "$(names 4 "${got%% *}")" \
		"$vip: a client's ports and protocols by mark, one server"
	is "$(hc -j conn show | jq -c '[.[] | select(.state == "template") | .fwmark]')" "[7]" "$vip: one template, with the mark"
	is "$(hc -j conn show service fwmark 7 | jq length)" "$(hc -j conn show | jq length)" "$vip: all are listed by the mark"
	hc service flush
	hc conn flush >/dev/null
done
dir nft delete table inet marks

# --- all ports of a VIP ----------------------------------------------------------------------------
for vip in $VIP4 $VIP6; do
	service="tcp $(endpoint $vip 0)"
	with_servers $vip "$service" nat scheduler rr persistent 300
	got=$(flows once tcp $vip 80 n=2)
	is "$got $(flows once tcp $vip 8080 n=2)" "$(names 4 "${got%% *}")" "$vip, port 0: all ports, one server"
	is "$(hc -j conn show | jq -r '.[] | select(.state != "template") | "\(.service_port) \(.server_port)"' | sort -u | xargs)" \
		"80 80 8080 8080" "$vip, port 0: the ports stay as they are"
	before=$(passes no-service)
	flows once udp $vip 53 >/dev/null
	is "$(passes no-service)" $((before + 1)) "$vip, port 0: another protocol is not meant"
	other=one
	[ "${got%% *}" = one ] && other=two
	[ $other = one ] && n=1 || n=2
	hc service add tcp "$(endpoint $vip 80)"
	hc server add tcp "$(endpoint $vip 80)" "$(server_name $n $vip)" method nat
	is "$(flows once tcp $vip 80) $(flows once tcp $vip 8080)" "$other ${got%% *}" "$vip: a service with a port comes first"
	hc service flush
	hc conn flush >/dev/null
	# What ip_vs does not have: without persistence, and all ports to one.
	# shellcheck disable=SC2086
	{
		hc service add $service scheduler rr
		hc server add $service "$(endpoint "$(server_addr 1 $vip)" 80)" method nat
		hc server add $service "$(server_name 2 $vip)" method nat
	}
	is "$(tally "$(flows once tcp $vip 80 n=4)")" "one=2 two=2" "$vip, port 0 without persistence: each flow is scheduled"
	is "$(tally "$(flows once tcp $vip 8080 n=2) $(flows once tcp $vip 81 n=2)")" "one=2 refused=1 two=1" \
		"$vip: a server with a port gets all there, one without gets each as it was"
	hc service flush
	hc conn flush >/dev/null
done
done_testing
