#!/bin/bash
# Style and static checks, as TAP: W=1 and sparse (with endian checks) for both kernels, checkpatch,
# shellcheck, mandoc, the list of mutations. Prints what is to mend and fails if there is anything.
set -u
src=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
vm=$src/selftests/vm
export HALB_CACHE=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
cd "$src" || exit 1
n=0 bad=0
# verdict NAME FINDINGS: fails if there are findings.
verdict() {
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
		bad=$((bad + 1))
	fi
}

scripts=$("$vm/source.sh")/scripts

while read -r _ kver kdir; do
	rm -rf "$HALB_CACHE/build/$kver.style"
	found=
	HALB_VARIANT=style "$vm/build.sh" "$kver" "$kdir" W=1 C=2 CF=-D__CHECK_ENDIAN__ > /dev/null 2>&1 ||
		found="it does not build"
	# sparse' own news goes to the log only; a warning anywhere in our files counts.
	found+=$(grep -hE 'kmod/.*(warning|error):' "$HALB_CACHE/build/$kver.style.log" | sort -u)
	verdict "W=1 and sparse, $kver" "$found"
done < <("$vm/kernels.sh")
[ $n -ge 2 ] || verdict "W=1 and sparse" "kernels.sh gave $n kernels"

# An external module: no MAINTAINERS, no kernel tree around it, its own compat.h, which asks for
# the kernel's version and has macros that use less on one kernel than on another. And lists
# of names as macros (counters.h), which cannot stand in parentheses.
if [ -e "$scripts/checkpatch.pl" ]; then
	verdict checkpatch "$(git ls-files 'kmod/*.[ch]' 'uapi/*.h' 'tools/*.[ch]' | grep -v '_gen\.[ch]$' |
		xargs perl "$scripts/checkpatch.pl" --no-tree --no-summary --terse --show-types -f \
			--max-line-length=100 \
			--ignore FILE_PATH_CHANGES,LINUX_VERSION_CODE,SPDX_LICENSE_TAG,CONST_STRUCT \
			--ignore CONSTANT_COMPARISON,COMPLEX_MACRO,MACRO_ARG_UNUSED 2>&1)"
else
	verdict checkpatch "no checkpatch.pl: is there linux-source-6.12 (from bookworm-security) in the apt sources?"
fi

verdict shellcheck "$(git ls-files '*.sh' .ci/run |
	xargs shellcheck -x -S warning -e SC1090,SC1091,SC2034 -f gcc 2>&1)"
verdict mandoc "$(for f in tools/*.[58]; do mandoc -Tlint -W warning "$f" 2>&1; done)"
# A mutation that no longer finds its lines tries nothing.
verdict "mutations fit the sources" "$(selftests/mutate/run.py -n 2>&1 >/dev/null)"

echo "1..$n"
exit $((bad > 0))
