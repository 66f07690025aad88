# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The debug kernel's watchers that speak only when asked. Sourced in the VM by init-2.sh and
# suite.sh; on a kernel without them nothing here does anything.
kmemleak=/sys/kernel/debug/kmemleak

# watchers_start: what there is now is not ours. Two scans: the first only learns.
watchers_start() {
	[ -e $kmemleak ] || return 0
	{ echo scan && echo scan && echo clear; } > $kmemleak
}

# One leak is the kernel's own: packets that a tap device with NAPI hands in belong to its socket, GRO
# that merges them frees their heads without it (napi_skb_free_stolen_head() looks at slow_gro,
# which skb_set_owner_w() does not set), and the socket stays. packets.sh has such a device.
leaks_of_ours() {
	awk '
		function tell() { if (object != "" && object !~ /tun_chr_open/) printf "%s", object; object = "" }
		/^unreferenced object/ { tell() }
		{ object = object $0 "\n" }
		END { tell() }' $kmemleak | grep -a ''
}

# watchers_ask: what they saw since they were asked last. Succeeds, like klog.sh, when there is
# something to complain of.
watchers_ask() {
	local bad=1
	if [ -e $kmemleak ]; then
		# An object counts as leaked only when it is 5 s old and two scans agree.
		if echo scan > $kmemleak && sleep 5.2 && echo scan > $kmemleak; then
			leaks_of_ours && bad=0
			echo clear > $kmemleak
		else
			echo "kmemleak: has switched itself off"
			bad=0
		fi
	fi
	# After its first complaint, or with its tables full, lockdep is silent.
	if grep -qs 'debug_locks: *0' /proc/lockdep_stats; then
		echo "lockdep: has switched itself off"
		bad=0
	fi
	return $bad
} 2>/dev/null
