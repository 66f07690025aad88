#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Builds a test and runs it: run.sh NAME
cd "$(dirname "$0")" || exit 1
out=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}/unit
make -s --no-print-directory OUT="$out" "$out/$1" || exit 1
# GCC 12's sanitizers do not start where the kernel randomizes addresses by 32 bits.
if setarch -R true 2>/dev/null; then
	exec setarch -R "$out/$1"
fi
exec "$out/$1"
