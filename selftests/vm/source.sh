#!/bin/bash
# What the tests need of the kernel's source package, which is too big to ask for otherwise:
# checkpatch and the netlink code generator. Unpacked once into the cache; prints where.
set -u
cache=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
out=$cache/source
name=linux-source-6.12
parts=(scripts/checkpatch.pl scripts/spelling.txt scripts/const_structs.checkpatch MAINTAINERS
	tools/net/ynl Documentation/netlink)

mkdir -p "$cache" || exit 1
exec 9>"$cache/.source.lock"
flock 9
if [ ! -e "$out/.complete" ]; then
	tmp=$(mktemp -d "$cache/.source.XXXXXX") || exit 1
	trap 'rm -rf "$tmp"' EXIT
	tarball=/usr/src/$name.tar.xz
	if [ ! -e $tarball ]; then
		echo "# downloading $name (150 MB) for checkpatch and the netlink code generator" >&2
		(cd "$tmp" && apt-get -qq -o APT::Sandbox::User=root download $name </dev/null >&2 &&
			dpkg-deb -x ${name}_*.deb .) || {
			echo "source: no $name: is bookworm-security in the apt sources?" >&2
			exit 1
		}
		tarball=$tmp$tarball
	fi
	mkdir "$tmp/tree"
	tar -C "$tmp/tree" --strip-components=1 -xf "$tarball" "${parts[@]/#/$name/}" || exit 1
	rm -rf "$out"
	mv "$tmp/tree" "$out" || exit 1
	touch "$out/.complete"
fi
echo "$out"
