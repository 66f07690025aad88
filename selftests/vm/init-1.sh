#!/bin/busybox sh
# shellcheck shell=dash
# PID 1, first stage, from the initramfs: puts a tmpfs over the host's root, and goes there.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for m in /mod/*.ko; do
	[ -e "$m" ] && $b insmod "$m"
done
# The run's own settings, in an archive appended to this initramfs.
. /halb.env
$b mount -t virtiofs -o ro root /lower || $b poweroff -f
$b mount -t tmpfs -o mode=755 rw /rw
$b mkdir /rw/upper /rw/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work over /newroot || $b poweroff -f
$b mount -t tmpfs -o mode=755 run /newroot/run
$b mkdir /newroot/run/halb
$b cp /halb.env /newroot/run/halb/env
$b cp /halb.cmd /newroot/run/halb/cmd
$b mount --move /dev /newroot/dev
$b mount --move /proc /newroot/proc
$b mount --move /sys /newroot/sys
exec $b switch_root /newroot /bin/bash "$HALB_SRC/selftests/vm/init-2.sh"
