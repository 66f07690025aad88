#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs tests one after the other and makes one TAP of theirs.
#
#   run.sh "COMMAND [ARGS...]"...
set -u
n=0 failed=0
for test; do
	name=$(basename "${test%% *}")
	out=$($test 2>&1)
	rc=$?
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' <<< "$out" | tail -n 1)
	seen=0 bad=0
	while IFS= read -r line; do
		if [[ $line =~ ^(not )?ok\ [0-9]+(\ -\ )?(.*) ]]; then
			seen=$((seen + 1))
			n=$((n + 1))
			[ -z "${BASH_REMATCH[1]}" ] || bad=$((bad + 1))
			echo "${BASH_REMATCH[1]}ok $n - $name: ${BASH_REMATCH[3]}"
		elif [[ $line =~ ^1\.\.[0-9] ]]; then
			:
		elif [[ $line == '#'* ]]; then
			printf '%s\n' "$line"
		else
			printf '# %s\n' "$line"
		fi
	done <<< "$out"
	# A test that ended too early, or badly with nothing to show for it.
	if [ "$seen" != "${planned:-none}" ] || { [ $rc -ne 0 ] && [ $bad -eq 0 ]; }; then
		n=$((n + 1)) bad=$((bad + 1))
		echo "not ok $n - $name: status $rc after $seen of ${planned:-?} tests"
	fi
	failed=$((failed + bad))
done
echo "1..$n"
[ $failed -eq 0 ]
