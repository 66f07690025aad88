#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# through-stack: packets of such a service meet the director's FORWARD and POSTROUTING, and under
# nat its conntrack and masquerading; those of other services do not.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]  nginx on 80, UDP on 53
#             nft counts, filters, +--- [ s2 ]  likewise
#             masquerades
# shellcheck disable=SC2046
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
start_servers 1 2
flows_start
flows timeout 3 >/dev/null
stack_watch dir
through() { # METHOD PROTO VIP PORT
	balance "$@"
	hc service set "$2" "$(endpoint "$3" "$4")" through-stack
}
over() { hc service flush; hc conn flush >/dev/null; }
figs() { figures .total.in_packets .total.out_packets '.paths["through-stack"]' .paths.direct '(.drops | del(.["packet-too-big"]) | add)' '.drops["packet-too-big"]'; }
dropped() { figures '(.drops | add)'; }
saw() { stack_saw dir | sed 's/[a-z]*=//g'; }
# the same once the last packet has been counted in every place
settled() { # COMMAND
	local now before='' tries=50
	while now=$("$@") && [ "$now" != "$before" ] && [ $((tries--)) -gt 0 ]; do
		before=$now
		sleep 0.2
	done
	echo "$now"
}
# exact METHOD VIP: since `start`, all packets went by FORWARD and POSTROUTING, once each
start() { settled figs >/dev/null; read -ra F0 < <(figs); read -ra S0 < <(saw); }
exact() {
	local method=$1 vip=$2 f s in out
	settled figs >/dev/null
	read -ra f < <(figs)
	read -ra s < <(saw)
	in=$((f[0] - F0[0])) out=$((f[1] - F0[1]))
	between $in 30 100000 "$vip, $method: there were packets"
	is "$((f[2] - F0[2])) $((f[3] - F0[3]))" "$((in + out - f[5] + F0[5])) 0" "$vip, $method: all went through the stack, none directly"
	is "$((f[4] - F0[4]))" 0 "$vip, $method: none was dropped"
	[ "$method" = tun ] && return
	is "$((s[0] - S0[0])) $((s[1] - S0[1])) $((s[2] - S0[2])) $((s[3] - S0[3]))" "0 $((in + out)) 0 $((in + out))" \
		"$vip, $method: FORWARD and POSTROUTING saw each of them, INPUT and OUTPUT none"
}

for vip in $VIP4 $VIP6; do
	for method in nat dr tun; do
		through $method tcp $vip 80
		start
		is "$(tally "$(flows once tcp $vip 80 n=6)")" "one=3 two=3" "$vip, $method: six requests, three to each server"
		[ $method = tun ] || check "$vip, $method: a file" get_files cl $vip 1000000
		check "$vip, $method: and one to the server" put_files cl $vip 65536
		exact $method $vip
		over
	done
	gw_via s1 dir
	gw_via s2 dir
	through nat udp $vip 53
	start
	is "$(flows echo $vip 53 1 1400 n=20)" same "$vip, nat: datagrams"
	is6 $vip || is "$(flows echo $vip 53 20000 n=2)" same "$vip, nat: fragmented datagrams"
	settled figs >/dev/null
	read -ra f < <(figs)
	is "$((f[3] - F0[3])) $((f[4] - F0[4]))" "0 0" "$vip, nat: none went directly, none was dropped"
	over
done

# --- another service, at the same time ---------------------------------------------------------
through nat tcp $VIP4 80
balance nat tcp 10.9.0.81 80
read -ra S0 < <(saw)
check "a service without it" get_files cl 10.9.0.81 1000000
is "$(saw)" "${S0[*]}" "its packets skip the stack as ever"
hc service del tcp 10.9.0.81:80
# One's server is the other's client: its packets come to FORWARD as clients'.
hc service add tcp 10.9.0.82:80 scheduler rr through-stack
hc server add tcp 10.9.0.82:80 10.2.0.12:80 method dr
dr_server s2 10.9.0.82
before=$(dropped)
is "$(http s1 "$(url 10.9.0.82)")" two "a server asks another service with it, under dr"
is "$(dropped)" "$before" "nothing was dropped"
hc service del tcp 10.9.0.82:80

# --- what it is for -------------------------------------------------------------------------------
dir nft -f - <<-END2 || bail "nft does not take the rules"
	table inet fw {
		counter invalid { }
		counter shut { }
		chain forward {
			type filter hook forward priority 0; policy drop;
			ct state invalid counter name invalid drop
			ct state established,related accept
			ip saddr 10.1.0.66 counter name shut drop
			ip daddr 10.2.0.0/24 tcp dport 80 accept
		}
	}
END2
like "$(flows open tcp $VIP4 80)" 'one|two' "a firewall by states in FORWARD: a new flow"
check "a file" get_files cl $VIP4 1000000
ip -n cl addr add 10.1.0.66/32 dev c0
is "$(flows once tcp $VIP4 80 from=10.1.0.66)" timeout "who is shut out there stays out"
refute "and was counted there" eval 'dir nft list counter inet fw shut | grep -q "packets 0 "'
check "conntrack found nothing odd" eval 'dir nft list counter inet fw invalid | grep -q "packets 0 "'
like "$(flows ask)" 'one|two' "the flow is open"
hc service set tcp $VIP4:80 no-through-stack
like "$(flows ask)" 'one|two' "without through-stack it goes on"
read -ra S0 < <(saw)
like "$(flows ask)" 'one|two' "and does not meet"
is "$(saw)" "${S0[*]}" "the stack any more"
hc service set tcp $VIP4:80 through-stack
like "$(flows open tcp $VIP4 80)" 'one|two' "a new one, through the stack again"
hc server del tcp $VIP4:80 10.2.0.11:80
hc server del tcp $VIP4:80 10.2.0.12:80
like "$(flows ask 2)" 'reset|closed' "its server is removed: a reset"
flows forget >/dev/null
over
dir nft delete table inet fw

# Masquerading: the servers have no route to the clients.
dir nft -f - <<-END2 || bail "nft does not take the rules"
	table ip masq {
		chain post { type nat hook postrouting priority srcnat; oif d1 masquerade; }
	}
END2
for s in s1 s2; do ip -n $s route del default; done
hc service add tcp $VIP4:80 scheduler rr through-stack
for n in 1 2; do hc server add tcp $VIP4:80 "$(server4 $n):80" method nat; done
is "$(tally "$(flows once tcp $VIP4 80 n=4)")" "one=2 two=2" "masqueraded: servers without a route to the client"
like "$(http cl "$(url $VIP4 80 addr)")" '^10\.2\.0\.1[12] 10\.2\.0\.1$' "they see the director as client"
check "a file" get_files cl $VIP4 1000000
check "and one to the server" put_files cl $VIP4 1000000
over
dir nft delete table ip masq
gw_via s1 dir
gw_via s2 dir

# --- with marks -----------------------------------------------------------------------------------
# What was rewritten goes on past the hook where marks decide, and may carry the mark of a service.
through nat udp $VIP4 53
hc service add fwmark 7 scheduler rr
hc server add fwmark 7 10.2.0.12:53 method nat
dir nft -f - <<-END2 || bail "nft does not take the rules"
	table inet marks {
		chain pre { type filter hook prerouting priority -310; ip daddr { $VIP4, 10.2.0.0/24 } meta mark set 7; }
	}
END2
before=$(figures .total.conns)
is "$(flows echo $VIP4 53 1 1400 n=20)" same "datagrams rewritten once, though they carry a service's mark"
is "$(figures .total.conns)" "$((before + 40))" "and each scheduled once"
dir nft delete table inet marks
over
hc service add fwmark 7 scheduler rr through-stack
fails_with 1 'takes no server with nat' "by mark: no nat server through the stack" hc server add fwmark 7 10.2.0.12 method nat
hc service set fwmark 7 no-through-stack
hc server add fwmark 7 10.2.0.12 method nat
fails_with 1 'services of an address, not of a mark' "nor the stack for a nat server" hc service set fwmark 7 through-stack
over
done_testing
