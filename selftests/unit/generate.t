#!/bin/bash
# uapi/linux/halb.h and kmod/netlink_gen.[ch] are what the kernel's generator makes of
# uapi/halb.yaml, and nothing else.
set -u
src=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0
tree=$("$src/selftests/vm/source.sh") && sh "$src/uapi/generate.sh" "$tree" "$tmp" > "$tmp/log" 2>&1 || {
	sed 's/^/# /' "$tmp/log" 2>/dev/null
	echo "not ok 1 - the generator runs"
	echo 1..1
	exit 1
}
for f in uapi/linux/halb.h kmod/netlink_gen.h kmod/netlink_gen.c; do
	n=$((n + 1))
	if out=$(diff -u "$src/$f" "$tmp/$f"); then
		echo "ok $n - $f is generated from uapi/halb.yaml"
	else
		echo "not ok $n - $f is generated from uapi/halb.yaml (make generate)"
		printf '%s\n' "$out" | head -n 40 | sed 's/^/# /'
		bad=1
	fi
done
echo "1..$n"
exit $bad
