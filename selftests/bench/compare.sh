#!/bin/bash
# What this tree's module costs against another revision's, measured the same way.
#
#   compare.sh REVISION [PATTERN...]       K=6.12
set -u
here=$(dirname "$(readlink -f "$0")")
src=$(readlink -f "$here/../..")
cache=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
kernel=${K:-6.12}
[ $# -gt 0 ] || { echo "compare: name a revision: make bench-compare BASE=main" >&2; exit 2; }
rev=$1
shift
base=$(mktemp -d "${TMPDIR:-/tmp}/halb-base.XXXXXX") || exit 1
# shellcheck disable=SC2329
cleanup() { git -C "$src" worktree remove --force "$base/tree"; rm -rf "$base"; }
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
git -C "$src" worktree add -q --detach "$base/tree" "$rev" || exit 1
mkdir -p "$base/cache"
ln -s "$cache/kernels" "$base/cache/kernels"
echo "Building $rev" >&2
HALB_CACHE=$base/cache make -s -C "$base/tree" vm-modules K="$kernel" >/dev/null || exit 1
[ $# -gt 0 ] || set -- '*/halb'
kver=$("$src/selftests/vm/kernels.sh" "$kernel" | cut -d' ' -f2)
HALB_KO=$base/cache/build/$kver/kmod/halb.ko HALB_TOOLS=$base/tree/tools \
	"$here/run.sh" -k "$kernel" -o "$cache/bench-base" "$@" > /dev/null || exit 1
"$here/run.sh" -k "$kernel" -o "$cache/bench-new" "$@" > /dev/null || exit 1
"$here/table.py" --compare "$cache/bench-base/bench.json" "$cache/bench-new/bench.json"
