#!/bin/bash
# Prints the lines of a kernel log (files, or stdin) that mean that the kernel is unwell.
# Succeeds when there is one.
tr -d '\r' < "${1:-/dev/stdin}" | grep -aE \
	-e '------------\[ cut here' -e '(^|[] ])BUG[: ]' -e '(^|[] ])WARNING:' -e 'Oops' -e 'Kernel panic' \
	-e 'general protection' -e 'stack segment' -e 'double fault' -e 'Unable to handle kernel' \
	-e 'INFO: (rcu|task|possible|suspicious|inconsistent|trying|lockdep)' -e 'rcu: INFO' -e 'self-detected stall' \
	-e 'possible (recursive|circular|irq)' -e 'inconsistent lock state' -e 'suspicious RCU' \
	-e 'KASAN|KCSAN|KFENCE: |UBSAN|kmemleak:.*new suspected' -e 'unreferenced object' \
	-e 'refcount_t:' -e 'ODEBUG' -e 'list_(add|del) corruption' -e 'scheduling while atomic' \
	-e 'sleeping function called' -e 'soft lockup' -e 'hard LOCKUP' -e 'blocked for more than' \
	-e 'waiting for .* to become free' -e 'objects remaining' -e 'leaked' \
	-e 'Object already free' -e 'page allocation failure' -e 'Out of memory' |
	grep -avE -e 'Command line:' -e 'kmemleak: (Kernel memory leak detector|Automatic)' -e 'ODEBUG: selftest'
