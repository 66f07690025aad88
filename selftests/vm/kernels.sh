#!/bin/bash
# Fetches the kernels that the tests boot: the newest Debian cloud kernels of each
# tested series, with their headers, unpacked (not installed) in the cache.
#
#   kernels.sh [6.1] [6.12]      prints one line per kernel: SERIES KVER KDIR
#
# The kernel is then $HALB_CACHE/kernels/KVER/boot/vmlinuz-KVER, its modules are in
# $HALB_CACHE/kernels/KVER/lib/modules/KVER, and `make KDIR=...` builds against it.
set -u
cache=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
export LC_ALL=C
mkdir -p "$cache/kernels" || exit 1

# The unpacked packages must not be mixed by two runs at once.
exec 9>"$cache/kernels/.lock"
flock 9

note() { echo "kernels: $*" >&2; }

newest() { # SERIES: newest version that apt knows
	apt-cache pkgnames "linux-image-$1." | sed -n \
		's/^linux-image-\([0-9.]*\(-[0-9]*\|+deb12\)-cloud-amd64\)$/\1/p' |
		sort -V | tail -n 1
}

cached() { # SERIES: newest complete version in the cache
	local d
	for d in "$cache/kernels/$1."*/; do
		[ -e "$d/.complete" ] && basename "$d"
	done | sort -V | tail -n 1
}

updated=
update() {
	[ -n "$updated" ] || [ "$(id -u)" -ne 0 ] && return 1
	updated=1
	note "apt-get update"
	apt-get -qq -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 update </dev/null >&2
}

download() { # DIR PACKAGE...
	local dir=$1
	shift
	(cd "$dir" && apt-get -qq -o Acquire::Retries=5 -o APT::Sandbox::User=root \
		download "$@" </dev/null >&2)
}

# The header packages a kernel's headers depend on: -common, and linux-kbuild.
header_packages() { # KVER
	echo "linux-headers-$1"
	apt-cache show --no-all-versions "linux-headers-$1" | sed -n 's/^Depends: //p' |
		tr ',|' '\n\n' | sed 's/(.*//; s/ //g' |
		grep -E '^linux-(headers-.*-common|kbuild-.*)$'
}

unpack() { # KVER
	local kver=$1 dir=$cache/kernels/$1 tmp=$cache/kernels/.tmp.$1 deb packages mod
	rm -rf "$tmp"
	mkdir -p "$tmp/debs" || return 1
	packages="linux-image-$kver $(header_packages "$kver")"
	note "downloading" $packages
	# shellcheck disable=SC2086
	download "$tmp/debs" $packages || { update && download "$tmp/debs" $packages; } || return 1
	for deb in "$tmp"/debs/*.deb; do
		dpkg-deb -x "$deb" "$tmp" || return 1
	done
	rm -rf "$tmp/debs"
	# Merged-/usr packages carry usr/lib/modules: one place for both layouts.
	if [ ! -d "$tmp/lib/modules/$kver" ] && [ -d "$tmp/usr/lib/modules/$kver" ]; then
		mkdir -p "$tmp/lib" && ln -s ../usr/lib/modules "$tmp/lib/modules"
	fi
	# The header packages name each other by absolute path.
	mod=$dir/usr
	grep -rlI --include=Makefile --include='.kernel*' -e '/usr/src/' -e '/usr/lib/linux-kbuild' \
		"$tmp"/usr/src/*/Makefile "$tmp"/usr/src/*/.kernelvariables 2>/dev/null |
		xargs -r sed -i "s,/usr/\(src\|lib/linux-kbuild\),$mod/\1,g"
	# With vmlinux there, building a module would need pahole, for BTF that no test uses.
	rm -f "$tmp/usr/src/linux-headers-$kver/vmlinux"
	rm -f "$tmp/lib/modules/$kver/build" "$tmp/lib/modules/$kver/source"
	ln -s "$dir/usr/src/linux-headers-$kver" "$tmp/lib/modules/$kver/build"
	/sbin/depmod -b "$tmp" "$kver" || return 1
	touch "$tmp/.complete"
	rm -rf "$dir"
	mv "$tmp" "$dir"
}

[ $# -gt 0 ] || set -- 6.1 6.12
status=0
for series in "$@"; do
	kver=$(newest "$series")
	[ -n "$kver" ] || { update; kver=$(newest "$series"); }
	if [ -z "$kver" ] || { [ ! -e "$cache/kernels/$kver/.complete" ] && ! unpack "$kver"; }; then
		old=$(cached "$series")
		if [ -z "$old" ]; then
			note "cannot get a linux-image-$series.*-cloud-amd64 with its headers from apt" \
				"(6.12 comes from bookworm-security: is it in the apt sources?)"
			status=1
			continue
		fi
		note "cannot get ${kver:-a $series kernel} from apt, using $old from the cache"
		kver=$old
	fi
	echo "$series $kver $cache/kernels/$kver/usr/src/linux-headers-$kver"
done
exit $status
