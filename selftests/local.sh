#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The director itself as a server and as a client.
#
#   [ cl ] c0 --- d0 [ dir ] d1 --- [ s1 ]  nginx on 80, UDP on 53
#                nginx on 8080 and 80, UDP on 5353
#
# Its own server has the address of d1, 10.2.0.1.
. "$(dirname "$0")/lib.sh"
topology routed 1
load_halb
start_servers 1
start_nginx dir self 8080
start_nginx dir top
start_udp dir self 5353
flows_start
flows timeout 5 >/dev/null
own() { is6 "$1" && echo fd00:2::1 || echo 10.2.0.1; } # VIP
dropped() { figures '(.drops | add)'; }
# The priorities of halb's hooks in LOCAL_OUT; 6.1 cannot tell whose hook it is.
hooks() { dir nft list hooks | sed -n '/hook output {/,/}/p' | grep -c '\[halb\]'; }
TELLS=
# has_hooks N NAME
has_hooks() {
	[ -n "$TELLS" ] || { dir nft list hooks | grep -q '\[halb\]' && TELLS=yes || TELLS=no; }
	if [ $TELLS = yes ]; then check "$2" wait_for 20 eval '[ "$(hooks)" = '"$1"' ]'
	else skip "$2" "nft does not say on this kernel whose hook it is"; fi
}
# A firewall as directors have it: by the state that conntrack has of each flow.
dir nft -f - <<-END2 || bail "nft does not take the rules"
	table inet fw {
		counter invalid { }
		counter refused { }
		chain input {
			type filter hook input priority 0;
			iif lo accept
			# a client that is gone, when halb asks it whether it waits for a removed server:
			# the numbers are those of the question, and fit nothing
			ct state invalid tcp flags & (rst | ack) == rst drop
			ct state invalid counter name invalid drop
			ct state established,related accept
			meta l4proto { tcp, udp } th dport { 80, 8080, 5353, 5354 } accept
			meta l4proto { tcp, udp } counter name refused drop
		}
		chain output {
			type filter hook output priority 0;
			oif lo accept
			meta l4proto { tcp, udp } ct state invalid counter name invalid drop
		}
	}
END2
firewall() { dir nft list counters table inet fw | awk '/packets/ { printf "%s%s", s, $2; s = " " } END { print "" }'; }

# --- the hook in OUTPUT, only while it is needed --------------------------------------------------
# Orphans would keep it: no connection has been made yet.
hc service add tcp $VIP4:80 scheduler rr
hc server add tcp $VIP4:80 10.2.0.11 method nat
has_hooks 0 "a server elsewhere needs no hook in OUTPUT"
hc server add tcp $VIP4:80 10.2.0.1:8080 method nat
has_hooks 2 "a local one has it, for each family"
hc server del tcp $VIP4:80 10.2.0.1:8080
has_hooks 0 "and takes it away"
hc server add tcp $VIP4:80 10.2.0.1:80 method dr
has_hooks 0 "under dr a local server needs none"
hc settings set local-clients on
has_hooks 2 "local-clients need it"
hc settings set local-clients off
has_hooks 0 "and without them it goes"
hc service flush

# --- a local server under nat -----------------------------------------------------------------
for vip in $VIP4 $VIP6; do
	before=$(dropped)
	own=$(own $vip)
	service="tcp $(endpoint $vip 80)"
	# shellcheck disable=SC2086
	{
		hc service add $service scheduler rr
		hc server add $service "$(endpoint "$(server_addr 1 $vip)" 80)" method nat
		hc server add $service "$(endpoint "$own" 8080)" method nat
	}
	is "$(tally "$(flows once tcp $vip 80 n=6)")" "one=3 self=3" "$vip: each server gets its share"
	# shellcheck disable=SC2086
	hc server del $service "$(endpoint "$(server_addr 1 $vip)" 80)"
	hc conn flush >/dev/null
	is6 $vip && want="fd00:2::1 fd00:1::2" || want="10.2.0.1 10.1.0.2"
	is "$(http cl "$(url $vip 80 addr)")" "$want" "$vip: the server sees its own address and the client's"
	check "$vip: files of $WWW_SIZES bytes" get_files cl $vip
	check "$vip: the same, sent to the server" put_files cl $vip
	is "$(on cl curl -sg "$(url "$own" 8080)")" self "$vip: the server is there under its own name, too"
	is "$(hc -j conn show | jq -r '[.[] | "\(.server_address) \(.server_port) \(.method)"] | unique | join(",")')" \
		"$own 8080 nat" "$vip: the connections are listed"

	is "$(dropped)" "$before" "$vip: nothing was dropped"

	# Removed, it answers no more, and who waits is told so.
	like "$(flows open tcp $vip 80)" self "$vip: a flow is open"
	# shellcheck disable=SC2086
	hc server del $service "$(endpoint "$own" 8080)"
	is "$(flows ask)" reset "$vip: the local server is removed: a reset"
	flows forget >/dev/null
	is "$(flows once tcp $vip 80)" refused "$vip: and nobody is there"
	hc service flush
	hc conn flush >/dev/null

	before=$(dropped)
	service="udp $(endpoint $vip 53)"
	# shellcheck disable=SC2086
	{
		hc service add $service scheduler rr
		hc server add $service "$(endpoint "$own" 5353)" method nat
	}
	is "$(flows once udp $vip 53 n=3)" "self self self" "$vip: UDP"
	is "$(flows echo $vip 53 1 100 1400 n=2)" same "$vip: datagrams of 1 to 1400 bytes"
	is6 $vip || is "$(flows echo $vip 53 1473 20000 65507)" same "$vip: fragmented datagrams"
	# shellcheck disable=SC2086
	{
		hc server add $service "$(endpoint "$own" 5354)" method nat
		hc server del $service "$(endpoint "$own" 5353)"
	}
	hc conn flush >/dev/null
	is "$(flows once udp $vip 53)" refused "$vip: where nobody listens, the client is told so"
	is "$(dropped)" "$before" "$vip: nothing was dropped"
	hc service flush
	hc conn flush >/dev/null
done
is "$(firewall)" "0 0" "conntrack saw whole flows, and the firewall let them all in"

# An address that becomes the director's own later.
hc service add tcp $VIP4:80 scheduler rr
hc server add tcp $VIP4:80 10.2.0.77:8080 method nat
ip -n dir addr add 10.2.0.77/24 dev d1
check "an address that is the director's own since a moment ago" wait_for 20 eval '[ "$(flows once tcp $VIP4 80)" = self ]'
hc server del tcp $VIP4:80 10.2.0.77:8080
ip -n dir addr del 10.2.0.77/24 dev d1

# --- under other methods, and what is of no use -------------------------------------------------
before=$(drops server-is-local)
hc server add tcp $VIP4:80 127.0.0.1:8080 method nat
flows timeout 1 >/dev/null
is "$(flows once tcp $VIP4 80)" timeout "nat to the loopback address: the answer could not leave"
refute "it is dropped by name" [ "$(drops server-is-local)" = "$before" ]
flows timeout 5 >/dev/null
hc server del tcp $VIP4:80 127.0.0.1:8080
for vip in $VIP4 $VIP6; do
	service="tcp $(endpoint $vip 80)"
	is6 $vip && hc service add "tcp" "[$vip]:80" scheduler rr
	is6 $vip && lo="[::1]:80" || lo=127.0.0.1:80
	vip_local dir $vip
	before=$(passes local-server)
	for server in "$lo" "$(endpoint "$(own $vip)" 80)"; do
		# shellcheck disable=SC2086
		hc server add $service "$server" method dr
		is "$(flows once tcp $vip 80)" top "$vip, $server, dr: the packet goes up as it is"
		# shellcheck disable=SC2086
		hc server del $service "$server"
	done
	refute "$vip: it is counted" [ "$(passes local-server)" = "$before" ]
	hc service flush
	hc conn flush >/dev/null
done
stop_nginx dir

# --- clients on the director --------------------------------------------------------------------
# Under nat with the VIP as an address of the director: its processes ask from the VIP itself.
flows_start dir
flows timeout 5 >/dev/null
for vip in $VIP4 $VIP6; do
	own=$(own $vip)
	for service in "tcp $(endpoint $vip 80)" "udp $(endpoint $vip 53)"; do
		# shellcheck disable=SC2086
		{
			hc service add $service scheduler rr
			hc server add $service "$(endpoint "$(server_addr 1 $vip)" "${service##*:}")" method nat
		}
	done
	is "$(flows once tcp $vip 80)" refused "$vip: without local-clients the director's processes ask the director"
	hc settings set local-clients on
	is "$(flows once tcp $vip 80 n=3)" "one one one" "$vip: a client on the director"
	is "$(flows once udp $vip 53 n=2)" "one one" "$vip: UDP"
	check "$vip: files of $WWW_SIZES bytes" get_files dir $vip
	check "$vip: the same, sent to the server" put_files dir $vip
	is "$(flows echo $vip 53 1 100 1400)" same "$vip: datagrams"
	is6 $vip || is "$(flows echo $vip 53 1473 20000 65507)" same "$vip: large datagrams"
	is "$(http cl "$(url $vip)")" one "$vip: the clients elsewhere are served as before"

	# Client and server on the director.
	# shellcheck disable=SC2086
	hc server add tcp "$(endpoint $vip 80)" "$(endpoint "$own" 8080)" method nat
	is "$(tally "$(flows once tcp $vip 80 n=4)")" "one=2 self=2" "$vip: and one of the servers there, too"
	check "$vip: files from it" get_files dir $vip 1000000

	like "$(flows open tcp $vip 80 n=2)" "one" "$vip: flows are open"
	hc server del tcp "$(endpoint $vip 80)" "$(endpoint "$(server_addr 1 $vip)" 80)"
	hc server del tcp "$(endpoint $vip 80)" "$(endpoint "$own" 8080)"
	is "$(flows ask)" "reset reset" "$vip: the servers are removed: resets"
	flows forget >/dev/null
	is "$(flows once tcp $vip 80)" refused "$vip: no server: connect() fails at once"
	is "$(flows once tcp $vip 81)" refused "$vip: a port without a service is the stack's"
	hc service flush
	hc conn flush >/dev/null
	hc settings set local-clients off
done
is "$(firewall)" "0 0" "conntrack saw whole flows of these, too"

# Under dr, where the VIP is no address of the director.
hc settings set local-clients on
for vip in $VIP4 $VIP6; do
	is6 $vip && len=128 || len=32
	ip -n dir addr del $vip/$len dev lo
	is6 $vip && ip -n dir -6 route add default via fd00:1::2 || ip -n dir route add default via 10.1.0.2
	balance dr tcp $vip 80
	gw_via s1 dir
	is "$(flows once tcp $vip 80 n=2)" "one one" "$vip, dr: a client on the director"
	check "$vip, dr: a file" get_files dir $vip 1000000
	hc service flush
	hc conn flush >/dev/null
done
hc service add fwmark 7 scheduler rr
hc server add fwmark 7 10.2.0.11 method nat
prepare nat $VIP4
dir nft add table ip marks
dir nft 'add chain ip marks out { type route hook output priority mangle; }'
dir nft add rule ip marks out ip daddr 10.9.0.99 meta mark set 7
is "$(flows once tcp 10.9.0.99 80 n=2)" "one one" "a service by mark"
dir nft delete table ip marks
hc service flush
done_testing
