#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbctl under the name of ipvsadm, beside the real ipvsadm with ip_vs: the same command
# lines to both, and everything that a script could see must be equal. Each has a network
# namespace of its own:
#
#   [ real ]  ipvsadm, ip_vs          [ halb ]  halbctl as ipvsadm, halb
#
. "$(dirname "$0")/lib.sh"

COMMANDS=$HALB_SRC/selftests/ipvsadm.commands
REAL=$(PATH=/usr/sbin:/sbin command -v ipvsadm) || bail "no ipvsadm: run selftests/vm/deps.sh"
OURS=$TMP/bin
NOBODY="setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps -all"

mkdir "$OURS" "$TMP/real" "$TMP/halb"
chmod 755 "$TMP" "$OURS"
ln -s "$(readlink -f "$HALB_TOOLS/halbctl")" "$OURS/ipvsadm"
cat >> /etc/hosts <<-END
	10.0.0.4 vip.example
	10.0.0.9 web.example
	10.0.0.19 a-name-that-does-not-fit-into-the-column.example
	fd00::2 six.example
END
modprobe ip_vs || bail "no ip_vs in this kernel"
load_halb
setup_ns real halb

# real|ours ARGUMENTS...: argv[0] is "ipvsadm" in both.
real() { PATH=$(dirname "$REAL") on real ipvsadm "$@"; }
ours() { PATH=$OURS:$PATH on halb ipvsadm "$@"; }

# Numbers that are not part of the contract.
no_size() { sed 's/(size=[0-9]*)/(size=N)/'; }

# --- every line of the table of commands ---------------------------------------------------

# play NAME DIR: in a namespace, with the right ipvsadm first in PATH. Leaves N.out, N.err,
# N.status and, when the table may have changed, N.table in DIR.
play() {
	local name=$1 dir=$2 n=0 line status
	while IFS= read -r line; do
		n=$((n + 1))
		case $line in
		'' | '#'*) continue ;;
		'halb '*)
			[ "$name" = halb ] || continue
			line=${line#*' -- '} ;;
		esac
		eval "set -- $line"
		ipvsadm "$@" > "$dir/$n.out" 2> "$dir/$n.err"
		status=$?
		echo $status > "$dir/$n.status"
		case $line in
		-L* | -l* | -S* | --list* | --save*) ;;
		*) ipvsadm -Ln > "$dir/$n.table" 2>&1 ;;
		esac
	done < "$COMMANDS"
}
export COMMANDS
export -f play
PATH=$(dirname "$REAL"):$PATH on real bash -c "play real $TMP/real" 2>/dev/null
PATH=$OURS:$PATH on halb bash -c "play halb $TMP/halb"

# differs FILE FILTER...: prints how two files differ.
differs() {
	local file=$1
	shift
	diff -u --label ipvsadm --label halb <(cat "$TMP/real/$file" 2>/dev/null | "$@") \
		<(cat "$TMP/halb/$file" 2>/dev/null | "$@")
}

compare() { # N LINE
	local n=$1 line=$2 why
	why=$(differs "$n.status" cat; differs "$n.out" no_size; differs "$n.err" head -n 1
		differs "$n.table" no_size)
	[ -z "$why" ] && ok "ipvsadm $line" && return
	not_ok "ipvsadm $line"
	diag "$why"
}

compare_ours() { # N STATUS REGEX LINE
	local n=$1 status=$2 regex=$3 line=$4 got
	got="$(cat "$TMP/halb/$n.status"): $(head -n 1 "$TMP/halb/$n.err")"
	like "$got" "^$status: .*$regex" "halb: ipvsadm $line"
}

n=0
while IFS= read -r line; do
	n=$((n + 1))
	case $line in
	'' | '#'*) ;;
	'halb '*)
		command=${line#*' -- '}
		expected=${line%%' -- '*}
		expected=${expected#halb }
		compare_ours $n "${expected%% *}" "${expected#* }" "$command" ;;
	*) compare $n "$line" ;;
	esac
done < "$COMMANDS"

done_testing
