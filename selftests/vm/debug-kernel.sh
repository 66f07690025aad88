#!/bin/bash
# Builds the kernel that watches: Debian's source of 6.12, small, with selftests/config and
# selftests/config.debug (KASAN, lockdep, kmemleak, ...). Once: the result stays in the cache until
# the configuration, the compiler or Debian's source changes.
#
#   debug-kernel.sh          prints "debug KVER KDIR", as kernels.sh does
#   debug-kernel.sh -b       only builds it; without -b its watchers are tried, too, in VMs
#   debug-kernel.sh -f       prints how many minutes that would take; 0 if the cache has it
#
# The kernel is then $HALB_CACHE/debug/boot/vmlinuz-KVER, its modules are in
# $HALB_CACHE/debug/lib/modules/KVER, and `make KDIR=...` builds against it. An interrupted build
# goes on where it was, in $HALB_CACHE/debug-build (or HALB_DEBUG_BUILD).
set -u
export LC_ALL=C
here=$(dirname "$(readlink -f "$0")")
src=$(readlink -f "$here/../..")
cache=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
export HALB_CACHE=$cache
out=$cache/debug
work=${HALB_DEBUG_BUILD:-$cache/debug-build}
package=linux-source-6.12
fragments=("$src/selftests/config" "$src/selftests/config.debug")
# What follows from this script: count up when the result would be another.
recipe=1
# For the forecast: processor minutes of the build, and lines of its log.
cpu_minutes=26 log_lines=2350

note() { echo "debug-kernel: $*" >&2; }
die() { note "$*"; exit 1; }
forecast='' build_only=''
case ${1:-} in
-f) forecast=1 ;;
-b) build_only=1 ;;
esac
mkdir -p "$cache" || exit 1
exec 9>"$cache/.debug.lock"
[ -n "$forecast" ] || flock -n 9 || { note "waiting for another build to end"; flock 9; }

# A watcher that sleeps is worse than none: they are tried once, and when the trial changes.
prove() { # KVER
	local trial
	trial=$(cat "$here"/detect/* "$here"/{detectors,watchers,klog}.sh | sha256sum)
	[ "$trial" = "$(cat "$out/.proven" 2>/dev/null)" ] && return
	note "trying the watchers: one bug of each kind (4 to 6 minutes, once)"
	if ! "$here/detectors.sh" "$1" "$out/build" > "$out/detectors.tap" 2>&1 </dev/null 9>&-; then
		cat "$out/detectors.tap" >&2
		die "the debug kernel does not notice every bug"
	fi
	note "each was noticed ($out/detectors.tap)"
	echo "$trial" > "$out/.proven"
}

result() {
	local kver
	kver=$(ls "$out/lib/modules")
	[ -n "$build_only" ] || prove "$kver"
	echo "debug $kver $out/build"
	exit 0
}

# --- what there is, and what should be -----------------------------------------------
apt_quiet() { apt-get -qq -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2; }
candidate() { apt-cache show --no-all-versions $package 2>/dev/null | sed -n 's/^Version: //p' | head -n 1; }

# The installed package, else what apt would give.
tarball=/usr/src/$package.tar.xz
version=$(dpkg-query -W -f '${db:Status-Abbrev} ${Version}' $package 2>/dev/null | sed -n 's/^ii *//p')
if [ -z "$version" ] || [ ! -e $tarball ]; then
	tarball=
	version=$(candidate)
fi
id=$({
	cat "${fragments[@]}" | grep -E '^CONFIG_' | sort
	gcc -dumpfullversion
	echo $recipe
} | sha256sum | cut -c1-16)

jobs=$(nproc)
have_version='' have_id=''
read -r have_version have_id < <(cat "$out/.complete" 2>/dev/null)
if [ -n "$forecast" ]; then
	if [ "$have_id" = "$id" ] && { [ "$have_version" = "$version" ] || [ -z "$version" ]; }; then
		echo 0
	else
		echo $((cpu_minutes / jobs + 1))
	fi
	exit 0
fi
if [ "$have_id" = "$id" ]; then
	if [ "$have_version" = "$version" ]; then
		result
	elif [ -z "$version" ]; then
		note "apt knows no $package, using the cached $have_version"
		result
	fi
fi
if [ -z "$version" ]; then
	[ "$(id -u)" -ne 0 ] || apt_quiet update
	version=$(candidate)
	[ -n "$version" ] ||
		die "apt knows no $package (it comes from bookworm-security: is that in the apt sources?)"
fi

# --- the source ----------------------------------------------------------------------
tree=$work/$package
if [ "$(cat "$work/.version" 2>/dev/null)" != "$version" ]; then
	rm -rf "$work"
	mkdir -p "$work" || exit 1
	[ "$(df --output=avail -k "$work" | tail -n 1)" -gt 5000000 ] ||
		die "the build needs 5 GB in $work for a while"
	if [ -z "$tarball" ]; then
		note "downloading $package $version (150 MB)"
		get() { (cd "$work" && apt_quiet -o APT::Sandbox::User=root download "$package=$version"); }
		get || { apt_quiet update; version=$(candidate); get; } || die "cannot download $package"
		dpkg-deb -x "$work/$package"_*.deb "$work" || die "cannot unpack $package"
		tarball=$work/usr/src/$package.tar.xz
	fi
	note "unpacking $package $version"
	# Documentation is needed for its Kconfig only.
	tar -C "$work" --exclude="$package/Documentation/*/*" -xf "$tarball" || die "cannot unpack $tarball"
	rm -rf "${work:?}/usr" "$work"/*.deb
	echo "$version" > "$work/.version"
fi
cd "$tree" || exit 1

# --- the configuration ---------------------------------------------------------------
export ARCH=x86_64 KBUILD_BUILD_USER=halb KBUILD_BUILD_HOST=vm
config() {
	scripts/kconfig/merge_config.sh -n "${fragments[@]}" > "$work/config.log" 2>&1 ||
		{ tail -n 20 "$work/config.log" >&2; die "the configuration fails"; }
	# An option that the kernel did not take (renamed, or a dependency is missing) is an error.
	local line key value got bad=0
	while IFS= read -r line; do
		key=${line%%=*} value=${line#*=}
		got=$(sed -n "s/^$key=//p" .config)
		[ "${got:-n}" = "$value" ] && continue
		note "$key should be $value, and is ${got:-n}"
		bad=1
	done < <(grep -hE '^CONFIG_' "${fragments[@]}")
	[ $bad -eq 0 ] || die "correct selftests/config or selftests/config.debug"
}
# The same configuration again must not make everything look new.
if [ "$(cat "$work/.config-id" 2>/dev/null)" != "$id" ]; then
	config
	echo "$id" > "$work/.config-id"
fi

# --- the build -----------------------------------------------------------------------
note "building $package $version with $(grep -c '=[ym]$' .config) options at -j$jobs:" \
	"about $((cpu_minutes / jobs + 1)) minutes on an idle machine, once"
note "(the log is $work/make.log)"
start=$SECONDS
nice -n 19 make -j"$jobs" bzImage modules > "$work/make.log" 2>&1 </dev/null 9>&- &
make=$!
trap 'kill $make; wait $make; exit 1' INT TERM HUP
next=120
while kill -0 $make 2>/dev/null; do
	sleep 1
	[ $((SECONDS - start)) -ge $next ] || continue
	done=$(($(wc -l < "$work/make.log") * 100 / log_lines))
	note "$((done > 99 ? 99 : done)) % after $((next / 60)) min"
	next=$((next + 120))
done
wait $make
status=$?
trap - INT TERM HUP
if [ $status -ne 0 ]; then
	grep -E -A5 'error|Error' "$work/make.log" | head -n 40 >&2
	die "the build failed; its log is $work/make.log"
fi
# In a pipeline it would be the times of the pipeline.
times > "$work/times"
note "built in $((SECONDS - start)) s (processor time, user and system: $(tail -n 1 "$work/times"))"

# --- what remains --------------------------------------------------------------------
kver=$(make -s kernelrelease)
new=$cache/debug.new
rm -rf "$new"
mkdir -p "$new/boot" || exit 1
cp arch/x86/boot/bzImage "$new/boot/vmlinuz-$kver" &&
	cp .config "$new/boot/config-$kver" &&
	cp System.map "$new/boot/System.map-$kver" || exit 1
{
	make -s INSTALL_MOD_PATH="$new" INSTALL_MOD_STRIP=1 modules_install &&
		make -s run-command KBUILD_RUN_COMMAND="+\$(srctree)/scripts/package/install-extmod-build $new/build"
} > "$work/install.log" 2>&1 9>&- || { tail -n 20 "$work/install.log" >&2; die "the installation failed"; }
cp .config "$new/build/.config"
rm -f "$new/lib/modules/$kver/"{build,source}
ln -s "$out/build" "$new/lib/modules/$kver/build"
echo "$version $id" > "$new/.complete"
rm -rf "$out"
mv "$new" "$out" || exit 1
cd / && rm -rf "$work"
note "$(du -sh "$out" | cut -f1) in $out"
result
