#!/bin/bash
# Builds the initramfs for one kernel in the cache: busybox, the first-stage init, and
# the modules that mounting the host's root needs. Prints its path.
#
#   initramfs.sh ROOT KVER       ROOT holds lib/modules/KVER
set -u
root=$1 kver=$2
cache=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
here=$(dirname "$(readlink -f "$0")")
out=$cache/initramfs-$kver.cpio

exec 9>"$out.lock"
flock 9
# Older than its ingredients (or absent): build again.
if [ -e "$out" ] && [ ! "$here/init-1.sh" -nt "$out" ] && [ ! "$0" -nt "$out" ] &&
   [ ! "$root/lib/modules/$kver/modules.dep" -nt "$out" ]; then
	echo "$out"
	exit 0
fi

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp"/{bin,dev,proc,sys,mod,lower,rw,newroot}
for busybox in /bin/busybox /usr/bin/busybox; do
	[ -x $busybox ] && cp $busybox "$tmp/bin/busybox" && break
done
cp "$here/init-1.sh" "$tmp/init"
chmod 755 "$tmp/init"

# In load order, each once. Built-in ones show as "builtin", a debug kernel has them all.
n=0
for m in virtio_pci virtiofs virtio_console overlay; do
	/sbin/modprobe -d "$root" -S "$kver" --show-depends "$m" 2>/dev/null
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r ko; do
	n=$((n + 1))
	dst=$tmp/mod/$(printf %02d $n)-$(basename "${ko%.ko*}").ko
	case $ko in
	*.xz) xz -dc "$ko" > "$dst" ;;
	*.zst) zstd -qdc "$ko" > "$dst" ;;
	*) cp "$ko" "$dst" ;;
	esac
done
(cd "$tmp" && find . | cpio --quiet -o -H newc -R 0:0) > "$out.new" && mv "$out.new" "$out" || exit 1
echo "$out"
