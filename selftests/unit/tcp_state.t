#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
cd "$(dirname "$0")" || exit 1
out=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}/unit
make -s --no-print-directory OUT="$out" "$out/tcp_state" && exec "$out/tcp_state"
