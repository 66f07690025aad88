#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The netlink contract, spoken without halbctl: what is refused and with which words, what a
# transaction does and does not, dumps under changes, events, who may do what.
#
#   [ cl ] c0 --- d0 [ dir ] d1 --- [ s1 ] [ s2 ]       and [ other ], a namespace of its own
#
. "$(dirname "$0")/lib.sh"
topology routed 2
setup_ns other
load_halb
# The tests are Python's, see netlink.py; they print their own TAP.
python3 "$HALB_SRC/selftests/netlink.py"
