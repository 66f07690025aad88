#!/bin/bash
# Proves that the debug kernel notices what it is there for, and that a run on it then fails:
# one bug of each kind in a module made for it. TAP on stdout.
#
#   detectors.sh KVER KDIR
set -u
here=$(dirname "$(readlink -f "$0")")
cache=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
kver=$1 kdir=$2
n=0 failed=0
ok() { echo "ok $((++n)) - $1"; }
not_ok() { echo "not ok $((++n)) - $1"; failed=1; }
test_that() { if "${@:2}"; then ok "$1"; else not_ok "$1"; fi; }

dir=$cache/build/$kver.detect
mkdir -p "$dir" && cp "$here"/detect/{Kbuild,detect.c} "$dir/" || exit 1
if ! make -C "$kdir" M="$dir" modules > "$dir/make.log" 2>&1; then
	sed 's/^/# /' "$dir/make.log"
	echo "Bail out! detect.ko does not build"
	exit 1
fi
ko=$dir/detect.ko

tmp=$(mktemp -d "${TMPDIR:-/tmp}/halb-detectors.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM HUP
# vm NAME SECONDS COMMAND...: what it printed is in $tmp/NAME, its status in $rc
vm() {
	local name=$1 limit=$2
	shift 2
	"$here/run.sh" -k debug -t "$limit" -o "$tmp/$name" "$@" > "$tmp/$name.log" 2>&1
	rc=$?
	out=$tmp/$name/output
}

# Every kind, in one VM that goes on after each.
vm bugs 1200 "$here/detect/bugs.sh" "$ko"
if [ ! -s "$out" ]; then
	sed 's/^/# /' "$tmp/bugs.log"
	echo "Bail out! the VM said nothing"
	exit 1
fi
while IFS= read -r line; do
	case $line in
	"ok "*) ok "${line#* - }" ;;
	"not ok "*) not_ok "${line#* - }" ;;
	"#"*) echo "$line" ;;
	esac
done < "$out"
test_that "all of it ran" grep -q '^1\.\.' "$out"
test_that "the run as a whole has failed" [ $rc -eq 99 ]
test_that "its last scan found the last leak" grep -q '^# vm: .*unreferenced object' "$out"
[ $failed -eq 0 ] || sed 's/^/# /' "$tmp/bugs.log"

# A warning ends the VM.
vm warn 600 bash -c "insmod $ko bug=lock-in-softirq; insmod $ko bug=warn; echo survived"
test_that "lock-in-softirq is noticed" grep -q 'inconsistent lock state' "$tmp/warn/console.log"
test_that "a warning ends the VM" grep -q 'panic_on_warn set' "$tmp/warn/console.log"
test_that "and fails the run" [ $rc -eq 99 ]
test_that "at once" bash -c '! grep -q survived "$1"' - "$out"

echo "1..$n"
exit $failed
