# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What a script may have left behind. Sourced in the VM by init-2.sh and suite.sh.

# namespaces_end: with all that runs in them
namespaces_end() {
	local ns
	for ns in $(ip netns list 2>/dev/null | cut -d' ' -f1); do
		ip netns pids "$ns" 2>/dev/null | xargs -r kill -9 2>/dev/null
		ip netns del "$ns"
	done
}
# module_ends: unloads halb if it is there. No limit where the clock jumps while the guest waits for
# the host: only run.sh's is true then.
module_ends() {
	local limit=60
	[ -z "${HALB_ICOUNT:-}" ] || limit=0
	[ ! -d /sys/module/halb ] || timeout $limit rmmod halb
}
