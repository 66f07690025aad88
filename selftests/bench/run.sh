#!/bin/bash
# Measures halb beside the others, in VMs that count instructions, and prints one table.
#
#   run.sh [-k KERNEL] [-o DIR] [PATTERN...]
#
#   -k KERNEL   6.12 (default) or 6.1
#   -o DIR      leaves bench.json and bench.md there (default: bench in the cache)
#   PATTERN     rows of path.sh, as WORK/SYSTEM with wildcards; all, and memory.sh and scale.sh, without one
#
# HALB_KO and HALB_TOOLS may name another module and another halbctl (compare.sh). Where KVM
# works, the rows are taken once more at full speed, for packets per second.
set -u
here=$(dirname "$(readlink -f "$0")")
vm=$here/../vm
kernel=6.12 out=
while getopts k:o: o; do
	case $o in
	k) kernel=$OPTARG ;;
	o) out=$OPTARG ;;
	*) sed -n '2,/^set -u/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
out=${out:-${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}/bench}
mkdir -p "$out" || exit 1

# A whole run takes a while even on an idle machine; what was measured appears as it comes.
take() { # NAME RUN-OPTION SCRIPT [ARGS...]
	local name=$1 option=$2
	shift 2
	"$vm/run.sh" ${option:+"$option"} -k "$kernel" -m 4G -t 7200 -o "$out/$name" "$@" | tee "$out/$name.txt" >&2
	[ "${PIPESTATUS[0]}" -eq 0 ] || { echo "bench: $name failed" >&2; exit 1; }
}
has_kvm() { grep -qwE 'vmx|svm' /proc/cpuinfo && { : <> /dev/kvm; } 2>/dev/null; }

rm -f "$out"/*.txt
take path -i "$here/path.sh" "$@"
if has_kvm; then
	COUNT=1000000 take speed "" "$here/path.sh" "$@"
fi
if [ $# -eq 0 ]; then
	take memory -i "$here/memory.sh"
	take scale -i "$here/scale.sh"
fi
"$here/table.py" --kernel "$kernel" --json "$out/bench.json" "$out"/*.txt | tee "$out/bench.md"
