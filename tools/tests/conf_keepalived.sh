#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# keepalived's own samples: halbd -t reads each to its end, and says of each line what the
# real keepalived -t says in the same minute. Where one of them finds something in a line
# and the other does not, conf/keepalived-differences must have the line, with the reason;
# a difference that is there no more must not be in it.
#
#   conf_keepalived.sh HALBD DIRECTORY [--list]
#
# keepalived runs in a network namespace that has the interfaces of the samples.
set -u
halbd=$(readlink -f "$1") out=$2/conf-keepalived list=${3-}
cd "$(dirname "$0")" || exit 1
samples=/usr/share/doc/keepalived/samples
known=conf/keepalived-differences
rm -rf "$out"
mkdir -p "$out/samples"
n=0 failed=0
ok() { # WHETHER NAME
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		failed=$((failed + 1))
		echo "not ok $n - $2"
	fi
}
if ! command -v keepalived >/dev/null || [ ! -d $samples ]; then
	echo "not ok 1 - keepalived and its samples are installed (apt-get install keepalived)"
	echo "1..1"
	exit 1
fi
for f in "$samples"/keepalived.conf.*; do
	cp "$f" "$out/samples/${f##*keepalived.conf.}"
done

# keepalived -t takes a second or two of waiting: all at once, in one namespace.
# shellcheck disable=SC2016
unshare -n bash -c '
	n=0
	for i in eth0 eth1 eth2 eth3 eth0.1; do
		n=$((n + 1))
		ip link add $i type veth peer name peer$n
		ip addr add 198.51.$n.1/24 dev $i
		ip link set $i up
		ip link set peer$n up
	done
	cd "$1/samples"
	for f in *; do
		keepalived -t -i here -f "$f" > "$1/$f.keepalived" 2>&1 &
	done
	for f in *; do
		"$2" -t -i here -f "$f" > "$1/$f.halbd"
		echo $? > "$1/$f.rc"
	done
	wait' - "$out" "$halbd"
for f in "$out"/samples/*; do
	name=${f##*/}
	sed -n 's/^(.*[Ll]ine \([0-9]*\)) .*/\1/p' "$out/$name.keepalived" | sort -u > "$out/k"
	# That no instance lists an address is what halbd alone looks for.
	grep -v 'no vrrp_instance lists' "$out/$name.halbd" |
		sed -n 's/^[^ ]*:\([0-9][0-9]*\): .*/\1/p' | sort -u > "$out/h"
	comm -23 "$out/k" "$out/h" | sed "s/.*/$name:& keepalived/"
	comm -13 "$out/k" "$out/h" | sed "s/.*/$name:& halbd/"
done | sort > "$out/differences"
[ -z "$list" ] || { cat "$out/differences"; exit; }

for f in "$out"/samples/*; do
	name=${f##*/}
	grep -q ': [0-9]* instances, [0-9]* services; ' "$out/$name.halbd"
	ok $? "$name is read to its end: $(tail -n 1 "$out/$name.halbd" | sed 's/^[^ ]*: //')"
	[ "$(cat "$out/$name.rc")" != 4 ]
	ok $? "halbd would run with $name"
done
[ "$(ls "$out/samples" | wc -l)" -ge 25 ]
ok $? "there are $(ls "$out/samples" | wc -l) samples"
while read -r line; do
	reason=$(grep -F -- "$line: " $known | head -n 1)
	[ -n "$reason" ]
	ok $? "${reason:-$line alone finds something, and no reason is known}"
done < "$out/differences"
grep -v '^#' $known | sed 's/: .*//' | sort > "$out/known"
stale=$(comm -13 "$out/differences" "$out/known")
[ -z "$stale" ]
ok $? "each difference of the list is one"
[ -z "$stale" ] || printf '%s\n' "$stale" | sed 's/^/# no difference any more: /'
echo "1..$n"
[ $failed -eq 0 ]
