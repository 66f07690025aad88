#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Which rules see traffic to a VIP: those at netdev ingress and in raw do, those in INPUT,
# FORWARD, OUTPUT and POSTROUTING do not, nor does conntrack.
#
#   [ cl ] c0 10.1.0.2, 10.1.0.66 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                    nft rules         +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
ip -n cl addr add 10.1.0.66/24 dev c0
ip -n cl addr add fd00:1::66/64 dev c0 nodad
start_servers 1 2
flows_start
for vip in $VIP4 $VIP6; do
	balance nat tcp $vip 80
	balance nat udp $vip 53
done
rules() { dir nft -f - || bail "nft does not take the rules"; }
counter() { dir nft list counter inet "$1" "$2" | awk '/packets/ { print $2 }'; } # TABLE NAME
answers() { tally "$(flows once tcp "$1" 80 n=2) $(flows once udp "$1" 53 n=2)"; } # VIP

# --- the stack's chains: everything is forbidden there, and it does not matter -----------------
rules <<-END
	table inet closed {
		counter tracked { }
		chain input { type filter hook input priority 0; policy drop; meta l4proto icmpv6 accept; }
		chain forward { type filter hook forward priority 0; policy drop; }
		chain output { type filter hook output priority 0; policy drop; meta l4proto icmpv6 accept; }
		chain postrouting { type filter hook postrouting priority 0; policy drop; meta l4proto icmpv6 accept; }
		chain late { type filter hook prerouting priority 0; ct state invalid,new,established,related counter name tracked; }
	}
END
for vip in $VIP4 $VIP6; do
	is "$(answers $vip)" "one=2 two=2" "$vip: INPUT, FORWARD, OUTPUT and POSTROUTING drop everything: the VIP is served"
	check "$vip: and whole files pass" get_files cl $vip 65536 1000000
	flows timeout 1 >/dev/null
	is "$(flows once tcp "$(server_addr 1 $vip)" 80)" timeout "$vip: the rules are in force: forwarded traffic is dropped"
	flows timeout 10 >/dev/null
done
dir nft delete table inet closed

# --- conntrack ------------------------------------------------------------------------------------
rules <<-END
	table inet tracked {
		counter tracked { }
		counter invalid { }
		chain forward {
			type filter hook forward priority 0;
			ct state invalid counter name invalid
			ct state new,established,related counter name tracked
		}
	}
END
dir sysctl -qw net.netfilter.nf_conntrack_acct=0
entries() { dir sysctl -n net.netfilter.nf_conntrack_count; }
is "$(http cl "$(url 10.2.0.11)")" one "conntrack is at work: a forwarded request"
between "$(entries)" 1 10 "has an entry"
dir conntrack -F 2>/dev/null
for vip in $VIP4 $VIP6; do
	is "$(answers $vip)" "one=2 two=2" "$vip: with conntrack in the director the VIP is served"
	# conntrack's reassembly comes before halb: then fragments of IPv6 are no problem either.
	is "$(flows echo $vip 53 1000 5000)" same "$vip: fragmented datagrams, too"
done
is "$(dir conntrack -L 2>/dev/null | grep -cE "$VIP4|$VIP6|dport=53|dport=80")" 0 "no entry was made"
is "$(counter tracked invalid)" 0 "and nothing was INVALID"
dir nft delete table inet tracked

# --- raw and netdev: here traffic to a VIP is filtered --------------------------------------------
rules <<-END
	table inet raw {
		counter raw { }
		chain prerouting {
			type filter hook prerouting priority raw;
			ip daddr $VIP4 ip saddr 10.1.0.66 counter name raw drop
			ip6 daddr $VIP6 ip6 saddr fd00:1::66 counter name raw drop
		}
	}
END
flows timeout 1 >/dev/null
for vip in $VIP4 $VIP6; do
	is6 $vip && bad=fd00:1::66 good=fd00:1::2 || bad=10.1.0.66 good=10.1.0.2
	before=$(counter raw raw)
	is "$(flows once tcp $vip 80 from=$bad) $(flows once udp $vip 53 from=$bad)" "timeout timeout" "$vip: raw blocks a client"
	between "$(counter raw raw)" $((before + 2)) $((before + 5)) "$vip: its packets were counted there"
	flows timeout 10 >/dev/null
	is "$(flows once tcp $vip 80 from=$good | wc -w)" 1 "$vip: another one is served"
	flows timeout 1 >/dev/null
done
# A connection that is open already is cut as well: every packet passes there.
flows timeout 10 >/dev/null
flows forget >/dev/null
dir nft flush chain inet raw prerouting
like "$(flows open tcp $VIP4 80 from=10.1.0.66)" 'one|two' "the rule is gone: the client is served"
dir nft add rule inet raw prerouting ip daddr $VIP4 ip saddr 10.1.0.66 drop
flows timeout 1 >/dev/null
is "$(flows ask)" timeout "the rule is back: the open connection is cut"
dir nft delete table inet raw

rules <<-END
	table netdev ingress {
		chain d0 {
			type filter hook ingress device "d0" priority 0;
			ip daddr $VIP4 udp dport 53 drop
			ip6 daddr $VIP6 udp dport 53 drop
		}
	}
END
for vip in $VIP4 $VIP6; do
	flows timeout 1 >/dev/null
	is "$(flows once udp $vip 53)" timeout "$vip: netdev ingress blocks a port"
	flows timeout 10 >/dev/null
	is "$(tally "$(flows once tcp $vip 80 n=2)")" "one=1 two=1" "$vip: the other one is served"
done
dir nft delete table netdev ingress

# --- rules of before and after can live with each other --------------------------------------------
# notrack in raw, masquerading for others in POSTROUTING: both ordinary on a director.
rules <<-END
	table inet usual {
		chain prerouting { type filter hook prerouting priority raw; ip daddr $VIP4 notrack; }
		chain postrouting { type nat hook postrouting priority srcnat; oifname "d1" masquerade; }
		chain redirect-admin { type nat hook prerouting priority dstnat; tcp dport 8888 redirect to :80; }
	}
END
for vip in $VIP4 $VIP6; do
	is "$(answers $vip)" "one=2 two=2" "$vip: beside notrack, masquerade and redirect"
done
is "$(http cl "$(url 10.2.0.11 80 addr)")" "10.2.0.11 10.2.0.1" "others are masqueraded"
is "$(http cl "$(url $VIP4 80 addr)" | cut -d' ' -f2)" 10.1.0.2 "clients of the VIP are not"
done_testing
