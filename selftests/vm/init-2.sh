#!/bin/bash
# PID 1, second stage, in the host's user space with a throw-away layer over it: mounts the
# rest, runs the script, and reports over virtio ports: TAP on one, the verdict on the other.
set -u
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8 LC_ALL=C.UTF-8 TERM=${TERM:-linux}
set -a
. /run/halb/env
. /run/halb/cmd
set +a

mkdir -p /dev/pts /dev/shm /run/netns /run/lock
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
# Places that must be empty or writable whatever the host has there.
for d in /var/run /var/log /var/lib/nginx; do
	[ -d $d ] && [ ! -L $d ] && mount -t tmpfs -o mode=1777 tmp $d
done
mkdir -p /lib/modules
mount -t tmpfs mods /lib/modules
mkdir "/lib/modules/$HALB_KVER"
mount --bind "$HALB_KROOT/lib/modules/$HALB_KVER" "/lib/modules/$HALB_KVER"
mkdir -p /run/halb/out
HALB_OUT=/run/halb/out
mount -t virtiofs out $HALB_OUT && export HALB_OUT

# Those that run.sh kept away while the kernel came up.
for cpu in /sys/devices/system/cpu/cpu[0-9]*/online; do
	[ -e "$cpu" ] || continue	# with one processor there is none
	[ "$(cat "$cpu")" = 1 ] || echo 1 > "$cpu" || echo "halb: no ${cpu%/online}" > /dev/kmsg
done
hostname "halb-$(echo "$HALB_KVER" | cut -d. -f1,2)"
ip link set lo up
# The first messages were not worth their time on the serial line; from here all are.
echo 7 > /proc/sys/kernel/printk

port() { # NAME: the device of a virtio port; there is no udev to make the link
	local p
	for p in /sys/class/virtio-ports/*; do
		[ "$(cat "$p/name")" = "$1" ] && echo "/dev/${p##*/}" && return
	done
}
tap=$(port halb.tap)
verdict=$(port halb.verdict)

. "$HALB_SRC/selftests/vm/watchers.sh"
. "$HALB_SRC/selftests/vm/leftovers.sh"
watchers_start

rc=0
cd "$HALB_SRC" || rc=1
if [ ${#HALB_CMD[@]} -gt 0 ]; then
	echo "halb: running ${HALB_CMD[*]}" > /dev/kmsg
	# The shell's user wants to see what happened before.
	if [ -n "$HALB_SHELL" ]; then
		setsid -w "${HALB_CMD[@]}" </dev/null 2>&1 | tee "$tap" > /dev/console
		rc=${PIPESTATUS[0]}
	else
		setsid -w "${HALB_CMD[@]}" </dev/null > "$tap" 2>&1
		rc=$?
	fi
fi
if [ -n "$HALB_SHELL" ]; then
	stty -F /dev/ttyS0 rows "${HALB_ROWS:-24}" cols "${HALB_COLS:-80}" sane 2>/dev/null
	echo 5 > /proc/sys/kernel/printk
	echo "halb: a shell in the VM; leave it with exit, or kill the VM with Ctrl-A X" > /dev/ttyS0
	setsid -c -w bash -i < /dev/ttyS0 > /dev/ttyS0 2>&1
	echo 7 > /proc/sys/kernel/printk
fi

fail() {
	echo "halb: $*" > /dev/kmsg
	echo "# vm: $*" > "$tap"
	[ $rc -ne 0 ] || rc=1
}

# What the script left: the module must let go of everything.
namespaces_end
module_ends || fail "rmmod halb failed"
if bad=$(watchers_ask); then
	echo "$bad" | head -n 60 > /dev/kmsg
	fail "the kernel complained: $(echo "$bad" | head -n 1)"
fi
# Bits 7 and 9: the kernel died or warned, whatever happened to the log.
taint=$(cat /proc/sys/kernel/tainted)
[ $((taint & (1 << 7 | 1 << 9))) -eq 0 ] || fail "kernel is tainted: $taint"

echo "$HALB_NONCE $rc" > "$verdict"
umount $HALB_OUT 2>/dev/null
sync
# QEMU runs with -no-reboot: this ends it, and faster than a power-off.
echo b > /proc/sysrq-trigger
