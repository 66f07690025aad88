#!/bin/bash
# Runs in the VM: test scripts one after the other. Each one's TAP goes to $HALB_OUT/NAME.tap,
# and when it has ended, $HALB_OUT/NAME.done holds its status, or why it counts as failed.
#
#   suite.sh NAME...        names of selftests/NAME.sh
set -u
cd "$HALB_SRC/selftests" || exit 1
. ./vm/watchers.sh
. ./vm/leftovers.sh

setting() { # KEY
	sed -n "s,^$1=,,p" settings | tail -n 1
}

for name; do
	[ -e "./$name.sh" ] || { echo "# suite: there is no selftests/$name.sh"; exit 2; }
done
for name; do
	limit=$(setting "timeout.$name")
	limit=$((${limit:-$(setting timeout)} * ${HALB_SLOW:-1}))
	# see module_ends()
	[ -z "${HALB_ICOUNT:-}" ] || limit=0
	mark="halb-suite: $name"
	echo "$mark" > /dev/kmsg
	start=$EPOCHSECONDS
	echo "# $name"
	timeout -k 10 "$limit" bash "./$name.sh" </dev/null > "$HALB_OUT/$name.tap" 2>&1
	rc=$?
	why=
	[ $rc -eq 124 ] || [ $rc -eq 137 ] && why="timed out after $limit s"
	# The next script starts from nothing, whatever this one left.
	namespaces_end
	module_ends || why=${why:-the module could not be unloaded afterwards}
	# The log since this script began; all there is if the beginning was overwritten.
	log=$(dmesg)
	[[ $log == *"$mark"* ]] && log=${log##*"$mark"}
	if bad=$("$HALB_SRC/selftests/vm/klog.sh" <<< "$log"); then
		why=${why:-the kernel complained}
		{ echo "# the kernel's log:"; echo "$log" | tail -n 80 | sed 's/^/#  | /'; } >> "$HALB_OUT/$name.tap"
		why+=": $(head -n 1 <<< "$bad")"
	elif bad=$(watchers_ask); then
		why=${why:-the kernel complained}
		{ echo "# the kernel's watchers:"; echo "$bad" | head -n 80 | sed 's/^/#  | /'; } >> "$HALB_OUT/$name.tap"
		why+=": $(head -n 1 <<< "$bad")"
	fi
	echo "# $name: status $rc${why:+, $why}, $((EPOCHSECONDS - start)) s"
	sync "$HALB_OUT/$name.tap" 2>/dev/null
	echo "$rc $((EPOCHSECONDS - start)) $why" > "$HALB_OUT/.$name.new"
	mv "$HALB_OUT/.$name.new" "$HALB_OUT/$name.done"
done
exit 0
