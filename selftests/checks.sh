#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Health checks: what keepalived decides with ip_vs, halbd decides with halb, at the same time.
# Both have the same configuration and check the same servers, whose behaviour checks.py scripts.
#
#   [ dir ] d1 (10.2.0.1) ---+--- [ s1 ] e0 10.2.0.11, 10.2.0.21 and on: all servers
#   [ dir2 ] d1 (10.2.0.3) --+
#
#   dir: halbd and halb     dir2: keepalived and ip_vs
. "$(dirname "$0")/lib.sh"
topology routed 1 2
load_halb
modprobe ip_vs || bail "cannot load ip_vs, which keepalived needs"
# Each of them watches its own; the scripts and files of both are the same ones.
on s1 python3 "$HALB_SRC/selftests/checks.py"
