#!/bin/bash
# Builds the module for one kernel in the cache, from a copy of the sources, so that the
# modules of all kernels exist at once and the tree stays as it is. Prints the module's path.
# Beside it KVER.card/card.ko, which selftests/packets needs.
#
#   build.sh KVER KDIR [MAKE VARIABLES...]
#
# HALB_VARIANT names a build with other flags (debug, sparse): its own directory.
set -u
kver=$1 kdir=$2
shift 2
src=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
cache=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
dir=$cache/build/$kver${HALB_VARIANT:+.$HALB_VARIANT}
mkdir -p "$dir" || exit 1

exec 9>"$dir.lock"
flock 9
[ -e "$src/Kbuild" ] || { echo "build: no $src/Kbuild" >&2; exit 1; }
# Two checkouts may share the cache: content decides, and what differs gets a new time, so
# that make builds it again however old the file is. The first rule that matches counts: what
# make has built stays, and is not taken from a tree where somebody has built.
rsync -rlpc --delete \
	--exclude='*.o' --exclude='*.ko' --exclude='*.mod' --exclude='*.mod.c' --exclude='.*.cmd' \
	--include='/kmod/***' --include='/uapi/***' --include='/Kbuild' --exclude='/*' \
	"$src/" "$dir/" || exit 1
log=$dir.log
if ! make -C "$kdir" M="$dir" -j"$(nproc)" modules "$@" > "$log" 2>&1; then
	cat "$log" >&2
	echo "build: the module does not build for $kver" >&2
	exit 1
fi
# Warnings are shown, build lines are not.
grep -E -A8 'warning:|WARNING' "$log" >&2
# The kernel engineer's Kbuild says where the module ends up; the rest expects one place.
if [ ! -e "$dir/kmod/halb.ko" ] && [ -e "$dir/halb.ko" ]; then
	ln -sf ../halb.ko "$dir/kmod/halb.ko"
fi
[ -e "$dir/kmod/halb.ko" ] || { echo "build: no kmod/halb.ko came out" >&2; exit 1; }
card=$cache/build/$kver.card
mkdir -p "$card" && rsync -c "$src"/selftests/packets/card/{Kbuild,card.c} "$card/" || exit 1
if ! make -C "$kdir" M="$card" modules > "$card/make.log" 2>&1; then
	cat "$card/make.log" >&2
	echo "build: card.ko does not build for $kver" >&2
	exit 1
fi
echo "$dir/kmod/halb.ko"
