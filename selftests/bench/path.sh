#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What one packet costs, in instructions, by the way it takes through the director.
#
#   selftests/vm/run.sh -i -k 6.12 selftests/bench/path.sh [ROW...]
#
#   [ cl ] c0 ---------- d0 [ dir ] d1 ---------- e0 [ srv ]
#   pktgen 10.1.0.2      10.1.0.1   10.2.0.1      10.2.0.11: drops at netdev ingress
#
# One CPU under -icount: the guest's nanoseconds are instructions, the same on every host and
# in every run (README.md). pktgen sends unshared 60-byte UDP packets of 1,000 flows; what it
# costs to make them, measured by dropping at the director's netdev ingress, is subtracted.
# Neighbours are permanent. The first packets of each row warm up and are not counted.
. "$(dirname "$0")/../lib.sh"
set +u

WARM=${WARM:-20000}
COUNT=${COUNT:-200000}
VIP=10.9.0.80
ROWS="${*:-forward ipvs-dr halb-dr ipvs-nat halb-nat ipvs-nat-back halb-nat-back ipvs-tun halb-tun
	ipvs-new halb-new bystander bystander-ipvs bystander-halb}"

pg() { echo "$2" > "/proc/net/pktgen/$1"; }

# pktgen lives in the namespace whose /proc it is told through.
gen() { # COUNT [SETTING...]
	ip netns exec cl bash -c '
		pg() { echo "$2" > "/proc/net/pktgen/$1" || echo "pktgen refused: $2" >&2; }
		count=$1; shift
		pg kpktgend_0 rem_device_all
		pg kpktgend_0 "add_device c0"
		for s in "count $count" "clone_skb 0" "pkt_size 60" "delay 0" "flag !SHARED" "$@"; do
			pg c0 "$s"
		done
		pg pgctrl start
		sed -n "s/^Result: OK: \([0-9]*\)(.*/\1/p" /proc/net/pktgen/c0' gen "$@"
}

# instructions per packet: the guest's microseconds x 1000 / packets
cost() { # [SETTING...]
	local us
	gen "$WARM" "$@" > /dev/null
	us=$(gen "$COUNT" "$@")
	echo $((us * 1000 / COUNT))
}

net_up() {
	ip netns add cl; ip netns add dir; ip netns add srv
	ip link add c0 netns cl type veth peer name d0 netns dir
	ip link add e0 netns srv type veth peer name d1 netns dir
	ip -n cl addr add 10.1.0.2/24 dev c0
	ip -n dir addr add 10.1.0.1/24 dev d0
	ip -n dir addr add 10.2.0.1/24 dev d1
	ip -n srv addr add 10.2.0.11/24 dev e0
	for i in $(seq 12 30); do ip -n srv addr add 10.2.0.$i/24 dev e0; done
	local x
	for x in "cl c0" "dir d0" "dir d1" "srv e0"; do
		set -- $x
		ip -n "$1" link set "$2" up
		ip -n "$1" link set lo up
	done
	ip netns exec dir sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
	MAC_D0=$(ip netns exec dir cat /sys/class/net/d0/address)
	MAC_D1=$(ip netns exec dir cat /sys/class/net/d1/address)
	MAC_E0=$(ip netns exec srv cat /sys/class/net/e0/address)
	MAC_C0=$(ip netns exec cl cat /sys/class/net/c0/address)
	ip -n dir neigh add 10.1.0.2 lladdr "$MAC_C0" dev d0 nud permanent
	for i in $(seq 11 30); do
		ip -n dir neigh add 10.2.0.$i lladdr "$MAC_E0" dev d1 nud permanent
	done
	# whatever arrives at an end is dropped as early as can be
	ip netns exec srv nft 'add table netdev t; add chain netdev t i { type filter hook ingress device e0 priority 0; policy drop; }'
	ip netns exec cl nft 'add table netdev t; add chain netdev t i { type filter hook ingress device c0 priority 0; policy drop; }'
}

FLOWS="udp_src_min 2001;udp_src_max 3000;udp_dst_min 80;udp_dst_max 80;src_min 10.1.0.2;src_max 10.1.0.2"
to() { # DST: settings for 1,000 established flows
	printf '%s;dst_min %s;dst_max %s;dst_mac %s' "$FLOWS" "$1" "$1" "$MAC_D0"
}
# every packet another flow: ports count up, then addresses
NEW="udp_src_min 2000;udp_src_max 60000;udp_dst_min 80;udp_dst_max 80;src_min 10.1.0.2;src_max 10.1.0.2"

run() { # NAME SETTINGS
	local IFS=';' c
	set -- "$1" $2
	local name=$1
	shift
	c=$(cost "$@")
	printf '%-18s %7d %7d\n' "$name" "$c" $((c - GENERATOR))
}

new_flows() { # NAME: 50,000 packets, each the first of its flow
	local us settings="$NEW;dst_min $VIP;dst_max $VIP;dst_mac $MAC_D0" IFS=';'
	us=$(gen 50000 $settings)
	printf '%-18s %7d %7d\n' "$1" $((us * 1000 / 50000)) $((us * 1000 / 50000 - GENERATOR))
}

ipvs_on() { # METHOD-OPTION [SCHED]
	ip netns exec dir sysctl -qw net.ipv4.vs.conntrack=0
	ip -n dir addr add $VIP/32 dev lo
	on dir ipvsadm -A -u $VIP:80 -s "${2:-rr}"
	on dir ipvsadm -a -u $VIP:80 -r 10.2.0.11:80 "$1"
	on dir ipvsadm -a -u $VIP:80 -r 10.2.0.12:80 "$1"
}
ipvs_off() { on dir ipvsadm -C; ip -n dir addr del $VIP/32 dev lo; }
halb_on() { # METHOD [SCHED]
	on dir halbctl service add udp $VIP:80 scheduler "${2:-rr}"
	on dir halbctl server add udp $VIP:80 10.2.0.11:80 method "$1"
	on dir halbctl server add udp $VIP:80 10.2.0.12:80 method "$1"
}
halb_off() { on dir halbctl service flush; on dir halbctl conn flush; }

# The way back: the servers' answers, sent by pktgen from srv.
back() { # NAME
	local us settings
	settings="udp_src_min 80;udp_src_max 80;udp_dst_min 2001;udp_dst_max 3000"
	settings="$settings;src_min 10.2.0.11;src_max 10.2.0.11;dst_min 10.1.0.2;dst_max 10.1.0.2;dst_mac $MAC_D1"
	local IFS=';'
	us=$(ip netns exec srv bash -c '
		pg() { echo "$2" > "/proc/net/pktgen/$1" || echo "pktgen refused: $2" >&2; }
		run() { pg e0 "count $1"; pg pgctrl start; sed -n "s/^Result: OK: \([0-9]*\)(.*/\1/p" /proc/net/pktgen/e0; }
		pg kpktgend_0 rem_device_all; pg kpktgend_0 "add_device e0"
		count=$1 warm=$2; shift 2
		for s in "clone_skb 0" "pkt_size 60" "delay 0" "flag !SHARED" "$@"; do pg e0 "$s"; done
		run $warm > /dev/null; run $count' gen "$COUNT" "$WARM" $settings)
	printf '%-18s %7d %7d\n' "$1" $((us * 1000 / COUNT)) $((us * 1000 / COUNT - GENERATOR))
}

modprobe pktgen || exit 1
net_up
load_halb

# the generator alone
ip netns exec dir nft 'add table netdev t; add chain netdev t i { type filter hook ingress device d0 priority 0; policy drop; }'
GENERATOR=0
IFS=';' read -r -a gen_settings <<< "$(to 10.9.0.80)"
GENERATOR=$(cost "${gen_settings[@]}")
ip netns exec dir nft delete table netdev t

printf '# %-16s %7s %7s\n' path whole "less generator"
printf '%-18s %7d %7d\n' generator "$GENERATOR" 0
for row in $ROWS; do
	case $row in
	forward) run forward "$(to 10.2.0.11)" ;;
	ipvs-dr) ipvs_on -g; run ipvs-dr "$(to $VIP)"; ipvs_off ;;
	ipvs-nat) ipvs_on -m; run ipvs-nat "$(to $VIP)"; ipvs_off ;;
	ipvs-nat-back) ipvs_on -m; on dir ipvsadm -d -u $VIP:80 -r 10.2.0.12:80
		run ipvs-nat.fill "$(to $VIP)" > /dev/null; back ipvs-nat-back; ipvs_off ;;
	ipvs-tun) ipvs_on -i; run ipvs-tun "$(to $VIP)"; ipvs_off ;;
	ipvs-new) ipvs_on -g; new_flows ipvs-new; ipvs_off ;;
	halb-dr) halb_on dr; run halb-dr "$(to $VIP)"; halb_off ;;
	halb-nat) halb_on nat; run halb-nat "$(to $VIP)"; halb_off ;;
	halb-nat-back) halb_on nat; on dir halbctl server del udp $VIP:80 10.2.0.12:80
		run halb-nat.fill "$(to $VIP)" > /dev/null; back halb-nat-back; halb_off ;;
	halb-tun) halb_on tun; run halb-tun "$(to $VIP)"; halb_off ;;
	halb-new) halb_on dr; new_flows halb-new; halb_off ;;
	bystander) run bystander "$(to 10.2.0.11)" ;;
	bystander-ipvs) ipvs_on -g; run bystander-ipvs "$(to 10.2.0.11)"; ipvs_off ;;
	bystander-halb) halb_on dr; run bystander-halb "$(to 10.2.0.11)"; halb_off ;;
	esac
done
on dir halbctl stats -a 2>/dev/null | sed 's/^/# /'
