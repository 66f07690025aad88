#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A client that opens a connection from a port that it has just used gets a new one at once: its
# first SYN reaches a server, whichever is next, and never one of weight 0. ip_vs, beside it,
# keeps such a client on the server of weight 0, or drops the SYN and lets the client wait.
#
#   [ cl ] ---+--- 10.9.0.80 -> [ dir ]  -----------+--- [ s1 ]
#             +--- 10.9.0.81 -> [ dir2, ip_vs ] ----+--- [ s2 ]
. "$(dirname "$0")/lib.sh"
IPVS=10.9.0.81 IPVS6=fd00:9::81
topology routed 2 2
load_halb
to_director $IPVS dir2
to_director $IPVS6 dir2
for n in 1 2; do start_nginx s$n "${NAMES[n]}"; done
flows_start
set -f
cl sysctl -qw net.ipv4.tcp_max_tw_buckets=0

# SYNs that left the client, and those that came to a server: the rest was lost on the way.
for ns in cl s1 s2; do
	[ $ns = cl ] && hook=output || hook=input
	on $ns nft -f - <<-END || bail "nft does not count"
		table inet reuse {
			counter syns { }
			chain seen { type filter hook $hook priority 0;
				tcp dport 80 tcp flags & (syn | ack) == syn counter name syns; }
		}
	END
done
# conntrack on both directors, which is what makes ip_vs drop a SYN
for ns in dir dir2; do
	on $ns nft -f - <<-END || bail "nft does not track"
		table inet track {
			chain forward { type filter hook forward priority 0; ct state new,established accept; }
		}
	END
done
syns() { on "$1" nft list counter inet reuse syns | awk '/packets/ { print $2 }'; }
lost() { echo $(($(syns cl) - $(syns s1) - $(syns s2) - before)); }
port=20000
next_port() {
	port=$((port + 1))
	before=0
	before=$(lost)
}
on_port() { hc -j conn show server "$1" client "$(endpoint "$2" $port)" | jq length; } # SERVER CLIENT
me() { is6 "$1" && echo fd00:1::2 || echo 10.1.0.2; }
other_than() { [ "$1" = one ] && echo two || echo one; }
number_of() { [ "$1" = one ] && echo 1 || echo 2; }

for method in nat dr tun; do
	for vip in $VIP4 $VIP6; do
		tcp="tcp $(endpoint $vip 80)"
		balance $method tcp $vip 80
		http_many cl "$(url $vip)" 4 >/dev/null
		for end in client server reset; do
			what="$method, $vip, ended by ${end/reset/a reset}"
			next_port
			conns=$(figures .total.conns)
			got=$(flows again $vip 80 $port n=4 end=$end)
			is "$(tally "$got")" "one=2 two=2" "$what: four connections from one port, each scheduled"
			is "$(lost)" 0 "$what: each with its first SYN"
			is "$(figures .total.conns)" $((conns + 4)) "$what: each is counted"

			# A server of weight 0 gets the client's next connection no more.
			next_port
			first=$(flows again $vip 80 $port end=$end)
			s=$(server_addr "$(number_of "$first")" $vip)
			is6 $vip && s="[$s]"
			hc server drain $tcp $s
			is "$(flows again $vip 80 $port n=3 end=$end)" "$(names 3 "$(other_than "$first")")" \
				"$what: the server drains: the same port goes to the other one, three times"
			is "$(lost)" 0 "$what: each with its first SYN"
			is "$(on_port $s "$(me $vip)")" 0 "$what: nothing keeps the first server"
			hc server set $tcp $s weight 1
		done
		hc service flush
		hc conn flush >/dev/null
	done
done

# --- the same with ip_vs ---------------------------------------------------------------------------------
for vip in $IPVS $IPVS6; do
	balance_ipvs dr tcp $vip 80
	dir2 sysctl -qw net.ipv4.vs.conntrack=0 net.ipv4.vs.conn_reuse_mode=1
	http_many cl "$(url $vip)" 4 >/dev/null
	next_port
	first=$(flows again $vip 80 $port end=server)
	like "$first" '^(one|two)$' "ip_vs, $vip: a connection"
	s=$(endpoint "$(server_addr "$(number_of "$first")" $vip)" 80)
	dir2 ipvsadm -e -t "$(endpoint $vip 80)" -r "$s" -g -w 0
	is "$(flows again $vip 80 $port n=3 end=server)" "$(names 3 "$first")" \
		"ip_vs, $vip: its server drains, and gets the client again and again"
	dir2 ipvsadm -C
	# Told to reuse such connections it drops the SYN: the client waits for a second.
	dir2 sysctl -qw net.ipv4.vs.conntrack=1 net.ipv4.vs.conn_reuse_mode=3
	balance_ipvs dr tcp $vip 80
	next_port
	got=$(flows again $vip 80 $port n=2 end=server)
	like "$got" '^(one|two) (one|two)$' "ip_vs, $vip: two connections from one port"
	between "$(lost)" 1 3 "ip_vs, $vip: the second one's SYN is dropped"
	dir2 ipvsadm -C
done
done_testing
