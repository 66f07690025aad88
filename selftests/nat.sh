#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The method nat: requests and replies both pass the director, which rewrites them.
#
#        10.1.0.2            10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- e0 [ s1 ]  replies via 10.2.0.1
#                             10.9.0.80       +--- e0 [ s2 ]
#
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/traffic.inc"
topology routed 2
load_halb
carry nat

# A port of its own: the client sees the VIP's, the server its own.
start_nginx s1 other 8080
for vip in $VIP4 $VIP6; do
	service="tcp $(endpoint $vip 81)"
	# shellcheck disable=SC2086
	hc service add $service
	# shellcheck disable=SC2086
	hc server add $service "$(endpoint "$(server_addr 1 $vip)" 8080)" method nat
	is "$(http cl "$(url $vip 81)")" other "$vip: a service on port 81, its server on 8080"
done
done_testing
