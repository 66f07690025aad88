#!/bin/bash
# Style and static checks: W=1 and sparse for both kernels, checkpatch, shellcheck, mandoc.
# Prints what is to mend and fails if there is anything.
set -u
here=$(dirname "$(readlink -f "$0")")
src=$(readlink -f "$here/../..")
export HALB_CACHE=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
cd "$src" || exit 1
bad=0
complain() { echo "style: $*"; bad=$((bad + 1)); }

# checkpatch comes with the kernel's source package, too big to ask for otherwise.
scripts=$HALB_CACHE/checkpatch
if [ ! -e "$scripts/checkpatch.pl" ]; then
	tmp=$(mktemp -d)
	mkdir -p "$scripts"
	tarball=/usr/src/linux-source-6.12.tar.xz
	if [ ! -e $tarball ]; then
		echo "style: downloading linux-source-6.12 for its checkpatch.pl"
		(cd "$tmp" && apt-get -qq -o APT::Sandbox::User=root download linux-source-6.12 </dev/null &&
			dpkg-deb -x linux-source-6.12_*.deb .) || complain "cannot download linux-source-6.12"
		tarball=$tmp$tarball
	fi
	s=linux-source-6.12/scripts
	tar -C "$tmp" -xf "$tarball" $s/checkpatch.pl $s/spelling.txt $s/const_structs.checkpatch &&
		cp "$tmp/$s/"* "$scripts/" || complain "no checkpatch.pl"
	rm -rf "$tmp"
fi

while read -r _ kver kdir; do
	rm -rf "$HALB_CACHE/build/$kver.style"
	out=$(HALB_VARIANT=style "$here/build.sh" "$kver" "$kdir" W=1 C=2 CF=-D__CHECK_ENDIAN__ 2>&1 >/dev/null) ||
		complain "the module does not build with W=1 C=2 for $kver"
	# sparse' own news goes to the log only; a warning anywhere in our files counts.
	found=$(grep -hE 'kmod/.*(warning|error):' "$HALB_CACHE/build/$kver.style.log" | sort -u)
	[ -z "$found" ] || complain "$kver: $found"
done < <("$here/kernels.sh")

mapfile -t sources < <(git ls-files 'kmod/*.[ch]' 'uapi/*.h' 'tools/*.[ch]' | grep -v '_gen\.[ch]$')
if [ ${#sources[@]} -gt 0 ] && [ -e "$scripts/checkpatch.pl" ]; then
	# An external module: no MAINTAINERS, no kernel tree around it, its own compat.h.
	out=$(perl "$scripts/checkpatch.pl" --no-tree --no-summary --terse --show-types -f \
		--max-line-length=100 \
		--ignore FILE_PATH_CHANGES,LINUX_VERSION_CODE,SPDX_LICENSE_TAG,CONST_STRUCT \
		"${sources[@]}" 2>&1 | grep -E 'ERROR:|WARNING:')
	[ -z "$out" ] || complain "checkpatch:"$'\n'"$out"
fi

if command -v shellcheck >/dev/null; then
	out=$(git ls-files '*.sh' .ci/run | xargs shellcheck -x -S warning \
		-e SC1090,SC1091,SC2034 -f gcc 2>&1)
	[ -z "$out" ] || complain "shellcheck:"$'\n'"$out"
else
	echo "style: shellcheck is not installed: shell scripts not checked"
fi

for f in tools/*.8; do
	[ -e "$f" ] || continue
	out=$(mandoc -Tlint -W warning "$f" 2>&1) || complain "$out"
done

[ $bad -eq 0 ] && echo "style: nothing to mend"
exit $((bad > 0))
