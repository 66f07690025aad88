#!/bin/bash
# Where the instructions of a row go: exact counts per function, by a plugin in QEMU.
#
#   profile.sh [-k KERNEL] ROW        ROW: one row of path.sh, as udp4-dr/halb
#
# Prints "instructions calls function", both per packet, over everything that ran while the row
# was measured, the generator included (function "user" is its user space part).
set -u
here=$(dirname "$(readlink -f "$0")")
kernel=6.12
while getopts k: o; do
	case $o in
	k) kernel=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || { sed -n '2,/^set -u/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
tmp=$(mktemp -d "${TMPDIR:-/tmp}/halb-profile.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
gcc -O2 -Wall -shared -fPIC -o "$tmp/profile.so" "$here/profile.c" || exit 1
HALB_QEMU="-plugin $tmp/profile.so,mark=10000000,out=$tmp/blocks" \
	"$here/../vm/run.sh" -i -k "$kernel" -m 4G -t 3600 -o "$tmp/out" "$here/path.sh" "$1" >&2 || exit 1
python3 - "$tmp/out/symbols" "$tmp/blocks" "${COUNT:-20000}" <<'END'
import bisect, collections, sys
symbols = sorted((int(l.split()[0], 16), l.split()[2]) for l in open(sys.argv[1])
                 if l.split()[1] in "tTwW")
addresses = [s[0] for s in symbols]
count = float(sys.argv[3])
insns, calls = collections.Counter(), collections.Counter()
for line in open(sys.argv[2]):
    addr, n, runs = line.split()
    addr, n, runs = int(addr, 16), int(n), int(runs)
    i = bisect.bisect_right(addresses, addr) - 1
    name = symbols[i][1] if i >= 0 and addr >> 63 else "user"
    insns[name] += n * runs
    if addresses[i] == addr:
        calls[name] += runs
for name, n in insns.most_common():
    if n / count >= 0.5:
        print(f"{n / count:9.1f} {calls[name] / count:7.2f}  {name}")
print(f"{sum(insns.values()) / count:9.1f}          all")
END
