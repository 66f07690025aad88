#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What is none of halb's business goes on as if halb were not there: forwarded traffic, also to
# and from servers, the director's own services, pings, other ports of a VIP, and connections
# that were there before the service.
#
#        10.1.0.2            10.1.0.1  10.2.0.1
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- [ s1 ]  nat servers
#                        lo: 10.9.0.80        +--- [ s2 ]
#                                             +--- [ s3 ]  not a server
. "$(dirname "$0")/lib.sh"
topology routed 3
load_halb
vip_local dir $VIP4 $VIP6
for n in 1 2 3; do
	start_nginx s$n "${NAMES[n]}"
done
start_nginx dir director 80
start_nginx dir admin 8080
start_udp dir director
start_udp s1 one
flows_start

# A client is connected to the director's own server on the VIP, and then halb takes the port.
own=$(flows open tcp $VIP4 80)
own6=$(flows open tcp $VIP6 80)
is "$own $own6" "director director" "before: the director's own server answers on the VIP"
SERVERS=2
balance nat tcp $VIP4 80
balance nat tcp $VIP6 80
SERVERS=3
passed=$(passes tcp-not-syn)
is "$(flows ask)" "director director" "its connections go on when halb balances the port"
between "$(passes tcp-not-syn)" $((passed + 2)) $((passed + 100)) "and are counted as tcp-not-syn"
is "$(tally "$(flows once tcp $VIP4 80 n=4)")" "one=2 two=2" "new connections are balanced"

before=$(figures '(.drops | add)' .total.conns .total.in_packets '.passes["no-service"]')
for vip in $VIP4 $VIP6; do
	is6 $vip && me=fd00:1::1 side=fd00:2::1 || me=10.1.0.1 side=10.2.0.1
	for n in 1 2 3; do
		is "$(http cl "$(url "$(server_addr $n $vip)")")" "${NAMES[n]}" "forwarded: the client reaches s$n directly"
	done
	check "forwarded: a file of 1 MB to and from a server" get_files cl "$(server_addr 1 $vip)" 1000000
	check "forwarded: sent to the server" put_files cl "$(server_addr 1 $vip)" 1000000
	is "$(http cl "$(url $me)")" director "the director's own server, on its own address"
	is "$(http s1 "$(url $side)")" director "also when a server asks"
	is "$(http cl "$(url $me 8080)")" admin "and on another port"
	check "ping of the director" cl ping -qc 1 -W 5 $me
	check "ping of the local VIP" cl ping -qc 1 -W 5 $vip
	check "ping of a server" cl ping -qc 1 -W 5 "$(server_addr 1 $vip)"
	check "ping from a server to the client" s1 ping -qc 1 -W 5 "$(is6 $vip && echo fd00:1::2 || echo 10.1.0.2)"
done
is "$(figures '(.drops | add)' .total.conns .total.in_packets '.passes["no-service"]')" "$before" \
	"none of that is counted as halb's"

for vip in $VIP4 $VIP6; do
	before=$(passes no-service)
	is "$(http cl "$(url $vip 8080)")" admin "another port of the local VIP: the director's own server answers"
	after=$(passes no-service)
	between "$after" $((before + 5)) $((before + 50)) "and its packets are counted as no-service"
	is "$(flows once udp $vip 53)" director "the same port number over UDP is another service"
	is "$(passes no-service)" $((after + 1)) "one packet from the client, counted once"
	# The way from the VIP: what a server asks the director's VIP is a client's request, too.
	is "$(http s3 "$(url $vip 8080)")" admin "also when a server's neighbour asks"
done

# The first question about a packet, whether an address may be a VIP or a server, has a wrong answer
# for some addresses: two or three of a hundred here. Nobody may notice. Of a fragmented datagram one
# fragment comes this way, thousands of times, and must go on; a protocol that is not balanced is not
# counted as left to the stack.
for family in 4 6; do
	[ $family = 4 ] && net=10.77.0.0/16 dir=10.1.0.1 s3=10.2.0.13 || net=fd00:77::/64 dir=fd00:1::1 s3=fd00:2::d
	ip -n cl -$family route add $net via $dir
	ip -n dir -$family route add $net via $s3
	cl ping -qc 1 -W 5 $s3 > /dev/null || bail "no way to s3"
done
on s3 nft -f - <<-'END' || bail "nft in s3"
	table netdev arrived {
		counter fragments4 { }
		counter fragments6 { }
		counter gre4 { }
		counter gre6 { }
		chain in {
			type filter hook ingress device e0 priority 0
			ip daddr 10.77.0.0/16 ip frag-off & 0x3fff == 0x2000 counter name fragments4
			ip daddr 10.77.0.0/16 ip protocol gre counter name gre4
			ip6 daddr fd00:77::/64 ip6 nexthdr 44 counter name fragments6
			ip6 daddr fd00:77::/64 ip6 nexthdr gre counter name gre6
		}
	}
END
arrived() {
	on s3 nft -j list counters table netdev arrived | jq -r '[.nftables[].counter // empty | "\(.name)=\(.packets)"] | sort | join(" ")'
}
before=$(figures '(.drops | add)' '(.passes | add)')
cl python3 "$HALB_SRC/selftests/foreign.py" 2000
is "$(arrived)" "fragments4=4000 fragments6=4000 gre4=4000 gre6=4000" \
	"fragments and GRE to 2000 foreign addresses, and from as many, all went on at once"
is "$(figures '(.drops | add)' '(.passes | add)')" "$before" "and none is counted"

# A server as a client of other services: its replies are translated, its own flows are not.
start_udp cl client 5353
start_nginx cl client 8081
is "$(http s1 "$(url 10.1.0.2 8081)")" client "a nat server asks the client's machine over TCP"
is "$(udp s1 10.1.0.2 5353)" client "and over UDP"
is "$(http s1 "$(url 10.1.0.2 8081 addr)")" "10.1.0.2 10.2.0.11" "and keeps its own address"

# Without any service: no hooks, nothing to notice.
hc service flush
hc conn flush >/dev/null
is "$(http cl "$(url $VIP4)")" director "without services the VIP is the director's again"
is "$(http cl "$(url "$(server4 1)")")" one "and forwarding goes on"
done_testing
