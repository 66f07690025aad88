#!/bin/bash
# Prints the lines of a kernel log (files, or stdin) that mean that the kernel is unwell.
# Succeeds when there is one.
#
# The debug kernel's nf_tables walks its own lists under a mutex that PROVE_RCU_LIST is not told of,
# as soon as nft loads a rule; so does SCTP with a socket's addresses, under its lock. That is nobody's
# bug here, and lockdep stays awake. What kmemleak suspects is asked for by watchers.sh.
not_ours() {
	awk '
		held != "" && match($0, /[a-z0-9_\/]+\.[ch]:[0-9]+ /) {
			file = substr($0, RSTART, RLENGTH)
			if (!(file ~ /^net\/(netfilter\/(nf_tables_|nft_)|sctp\/bind_addr)/ && /RCU-list traversed in non-reader section/))
				print held
			held = ""
		}
		/WARNING: suspicious RCU usage/ {
			if (held != "")
				print held
			held = $0
			next
		}
		{ print }
		END { if (held != "") print held }'
}
tr -d '\r' < "${1:-/dev/stdin}" | not_ours | grep -aE \
	-e '------------\[ cut here' -e '(^|[] ])BUG[: ]' -e '(^|[] ])WARNING:' -e 'Oops' -e 'Kernel panic' \
	-e 'general protection' -e 'stack segment' -e 'double fault' -e 'Unable to handle kernel' \
	-e 'INFO: (rcu|task|possible|suspicious|inconsistent|trying|lockdep)' -e 'rcu: INFO' -e 'self-detected stall' \
	-e 'possible (recursive|circular|irq)' -e 'inconsistent lock state' -e 'suspicious RCU' \
	-e 'KASAN|KCSAN|KFENCE: |UBSAN' -e 'unreferenced object' \
	-e 'refcount_t:' -e 'ODEBUG' -e 'list_(add|del) corruption' -e 'scheduling while atomic' \
	-e 'sleeping function called' -e 'soft lockup' -e 'hard LOCKUP' -e 'blocked for more than' \
	-e 'waiting for .* to become free' -e 'objects remaining' -e 'leaked' \
	-e 'Object already free' -e 'page allocation failure' -e 'Out of memory' |
	grep -avE -e 'Command line:' -e 'kmemleak: (Kernel memory leak detector|Automatic)' -e 'ODEBUG: selftest'
