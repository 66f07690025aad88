#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How late health checks begin, with many of them: see tools/tests/check_bench.c. Runs on
# the host, in a network namespace that it makes.
#
#   checks.sh [COUNT [SECONDS]]        10000 checks, 20 seconds
#
# Fails when 1 % of the checks begin 100 ms late or more.
set -eu
src=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
cache=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
make -s -C "$src/tools" >/dev/null
mkdir -p "$cache"
cd "$src/tools"
objects=$(ls check.o check_[^c]*.o service_quorum.o curl_loop.o script_run.o addr.o model.o)
# shellcheck disable=SC2086,SC2046
cc -O2 -std=c11 -D_GNU_SOURCE= -I. -I../uapi tests/check_bench.c $objects -o "$cache/check_bench" \
	$(pkg-config --libs libevent libcurl libcrypto libpcre2-8)

# shellcheck disable=SC2016
exec unshare -n sh -c '
	ip link set lo up
	# Where packets vanish: a wire to nobody.
	ip link add v0 type veth peer name v1
	ip link set v0 up
	ip link set v1 up
	ip addr add 198.19.0.2/16 dev v0
	ip neigh add 198.19.0.1 lladdr 02:00:00:00:00:01 dev v0 nud permanent
	ip route add 198.18.0.0/16 via 198.19.0.1
	# Each check leaves a closed connection for a minute.
	sysctl -qw net.ipv4.tcp_max_tw_buckets=1000
	exec "$@"' sh "$cache/check_bench" "${1:-10000}" "${2:-20}"
