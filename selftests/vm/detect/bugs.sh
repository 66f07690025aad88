#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs in the VM, on the debug kernel: makes one bug of each kind, and expects the kernel's
# words about it. detectors.sh calls it, because the run as a whole must fail.
#
#   bugs.sh DETECT.KO
. "$(dirname "$0")/../../lib.sh"
export HALB_DETECT=$1
here=$HALB_SRC/selftests/vm

# bug NAME REGEX: the kernel, and the filter that reads its log, both notice.
bug() {
	local log
	dmesg -C
	insmod "$HALB_DETECT" bug="$1" 2>/dev/null
	log=$(dmesg)
	if ! grep -qE "$2" <<< "$log"; then
		not_ok "$1 is noticed" "$log"
	elif ! "$here/klog.sh" <<< "$log" > /dev/null; then
		not_ok "$1 is noticed" "klog.sh took this for a healthy log: $log"
	else
		ok "$1 is noticed"
	fi
}

echo 0 > /proc/sys/kernel/panic_on_warn

. "$here/watchers.sh"
out=$(watchers_ask)
is "$?:$out" "1:" "before, there is nothing to complain of"

# Lockdep first: it leaves with its first report, and so does all that asks it. Those before
# lock-inversion leave it alone.
bug rcu-pointer 'suspicious RCU usage'
bug rcu-list 'RCU-list traversed in non-reader section'
bug sleep-in-atomic 'sleeping function called from invalid context'
bug sleep-in-rcu 'sleeping function called from invalid context'
bug which-cpu 'using smp_processor_id\(\) in preemptible'
is "$(awk '/debug_locks:/ { print $2 }' /proc/lockdep_stats)" 1 "lockdep is still awake"
bug lock-inversion 'possible circular locking dependency'
like "$(watchers_ask)" 'lockdep: has switched itself off' "lockdep's silence is noticed"

bug schedule-in-atomic 'scheduling while atomic'

bug freed-timer 'ODEBUG: free active .* timer_list'
bug freed-work 'ODEBUG: free active .* (timer_list|work_struct)'
bug rcu-twice 'ODEBUG: activate active .* rcu_head'
bug bounds 'UBSAN: array-index-out-of-bounds'
bug shift 'UBSAN: shift-out-of-bounds'
bug use-after-free 'BUG: KASAN: .*use-after-free'

# Allocations that fail when asked to.
dmesg -C
echo 0 > /sys/kernel/debug/failslab/ignore-gfp-wait
insmod "$HALB_DETECT" bug=failslab 2>/dev/null
like "$(dmesg)" 'the allocation failed' "an allocation fails on demand"

# A script that passes on a kernel that leaks has failed.
mkdir -p "$TMP/"{,.}vm/detect
HALB_OUT=$TMP "$here/suite.sh" vm/detect/leak > /dev/null
like "$(cat "$TMP/vm/detect/leak.done")" 'unreferenced object' "suite.sh notices a leak"

# And one for init-2.sh.
insmod "$HALB_DETECT" bug=leak 2>/dev/null
done_testing
