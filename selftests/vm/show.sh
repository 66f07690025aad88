#!/bin/bash
# What prove executes for each test of `make check`: the TAP of RESULTS/t/WHERE/NAME, with
# a failure added for everything that TAP alone would hide (no plan, status, dead VM).
#
#   show.sh RESULTS/t/WHERE/NAME     WHERE: host, 6.1, 6.12, 6.12-icount, debug
set -u
name=$(basename "$1")
where=$(basename "$(dirname "$1")")
results=$(readlink -f "$(dirname "$1")/../..")
src=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
out=$results/vm/$where
why=

if [ "$where" = host ]; then
	mkdir -p "$out"
	cd "$src" || exit 1
	if [ "$name" = tools ]; then
		timeout 900 make -s --no-print-directory -C tools check </dev/null
	else
		test=selftests/unit/$name.t
		[ -e "$test" ] || test=selftests/net/$name.t
		timeout 900 "$test" </dev/null
	fi > "$out/$name.tap" 2>&1
	rc=$?
	[ $rc -eq 124 ] && why="timed out"
	# Not TAP: the status is the one assertion.
	if ! grep -qE '^(not )?ok |^1\.\.' "$out/$name.tap"; then
		sed -i 's/^/# /' "$out/$name.tap"
		if [ $rc -eq 0 ]; then echo "ok 1 - $name"; else echo "not ok 1 - $name"; fi >> "$out/$name.tap"
		echo 1..1 >> "$out/$name.tap"
	fi
elif [ "$name" = vm ]; then
	# The whole run: a token from the VM, clean log, module unloaded.
	until [ -e "$out/ended" ]; do sleep 0.3; done
	read -r rc < "$out/ended"
	{
		if [ "$rc" -eq 0 ]; then echo "ok 1 - $where: the kernel's log is clean and nothing is left"
		else echo "not ok 1 - $where: the VM ended badly"; fi
		sed 's/^\(# \)\{0,1\}/# /' "$out/run.log"
		echo 1..1
	} > "$out/vm.tap"
	rc=0
else
	until [ -e "$out/$name.done" ] || [ -e "$out/ended" ]; do sleep 0.3; done
	if [ -e "$out/$name.done" ]; then
		read -r rc _ why < "$out/$name.done"
	else
		rc=1 why="the VM ended before this script did"
		touch "$out/$name.tap"
	fi
fi

mkdir -p "$results/tap/$where"
awk -v rc="$rc" -v why="$why" -f "$src/selftests/vm/show.awk" "$out/$name.tap" |
	tee "$results/tap/$where/$name"
