#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The method tun: the packet goes to the server inside an outer packet (IPv4 in IPv4, IPv6 in
# IPv6), the reply goes from the server to the client without the director. The way to the
# servers has an MTU of 1500 as all others, so that full-size packets do not fit: the clients
# must be told.
#
#        10.1.0.2            10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- e0 [ s1 ]  ipip, lo: 10.9.0.80
#       c1 10.2.0.254         10.9.0.80       +--- e0 [ s2 ]  ipip, lo: 10.9.0.80
#        +------------------------------------+
#
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/traffic.inc"
topology routed 2
load_halb
carry tun
done_testing
