#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Regenerates uapi/linux/halb.h and kmod/netlink_gen.[ch] from uapi/halb.yaml
# with the kernel's own ynl-gen-c.py. The generator looks for the root of a
# kernel tree upwards from the spec and never stops without one, so that the
# spec is copied into a scratch tree that has what it needs.
#
# usage: generate.sh LINUX_SOURCE [OUTPUT_DIR]    (default: into this checkout)
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
src=${1:?usage: generate.sh LINUX_SOURCE [OUTPUT_DIR]}
out=${2:-$top}

[ -e "$src/tools/net/ynl/ynl-gen-c.py" ] || {
	echo "generate.sh: $src has no tools/net/ynl/ynl-gen-c.py:" \
	     "give the folder of an unpacked linux-source-6.12" >&2
	exit 1
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/Documentation/netlink/specs"
cp "$src/MAINTAINERS" "$tmp/"
cp "$src"/Documentation/netlink/*.yaml "$tmp/Documentation/netlink/"
cp "$top/uapi/halb.yaml" "$tmp/Documentation/netlink/specs/"

gen() { # MODE SWITCH FILE
	mkdir -p "$(dirname "$out/$3")"
	/usr/bin/python3 "$src/tools/net/ynl/ynl-gen-c.py" --mode "$1" "$2" \
		--spec "$tmp/Documentation/netlink/specs/halb.yaml" \
		-o "$out/$3"
}
gen uapi   --header uapi/linux/halb.h
gen kernel --header kmod/netlink_gen.h
gen kernel --source kmod/netlink_gen.c
