#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packet path by a table: each row of packets/rows_*.py sends hand-written packets, and every
# byte that comes out must be the expected one, every counter as well. How rows are written:
# packets/net.py, which also draws this network.
#
#   the test --- d0 [ dir ] d1, d2 --- the test
#
#   packets.sh [REGEX]      only rows whose name matches
. "$(dirname "$0")/lib.sh"
modprobe -q tun
setup_ns dir
forwarding dir
# What the director sends by itself is the same each time.
dir sysctl -qw net.ipv6.auto_flowlabels=0 net.ipv6.conf.all.router_solicitations=0 \
	net.ipv6.conf.default.router_solicitations=0 net.ipv4.icmp_msgs_per_sec=1000000 \
	net.ipv4.icmp_msgs_burst=1000000
load_halb
# What some rows leave unfinished must not be told of in the middle of others, half a minute later.
dir sysctl -qw net.ipv4.ipfrag_time=3600 net.ipv6.ip6frag_time=3600 \
	net.netfilter.nf_conntrack_frag6_timeout=3600
# What the rows call by its name.
export CARD=$HALB_CACHE/build/$HALB_KVER.card/card.ko
dir /usr/bin/python3 "$HALB_SRC/selftests/packets/run.py" "$@"
exit
