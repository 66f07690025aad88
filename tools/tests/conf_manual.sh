#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbd.conf(5) has every keyword of the grammar, and no other: its reference part is what
# conf_manual prints.
#
#   conf_manual.sh PROGRAM [--write]	with --write it is put into the page
set -u
page=$(dirname "$0")/../halbd.conf.5
new=$(sed '/From here on by tests.conf_manual.sh/q' "$page"
	"$1"
	sed -n '/^.." Up to here[.]$/,$p' "$page")
if [ "${2-}" = --write ]; then
	printf '%s\n' "$new" > "$page"
	exit
fi
failed=0
if [ "$new" = "$(cat "$page")" ]; then
	echo "ok 1 - halbd.conf.5 has the keywords of the grammar"
else
	failed=1
	diff <(cat "$page") <(printf '%s\n' "$new") | head -n 20 | sed 's/^/# /'
	echo "not ok 1 - halbd.conf.5 has the keywords of the grammar (conf_manual.sh PROGRAM --write)"
fi
complaints=$(mandoc -Tlint -W warning "$page" 2>&1)
if [ -z "$complaints" ]; then
	echo "ok 2 - mandoc has no complaint"
else
	failed=1
	printf '%s\n' "$complaints" | sed 's/^/# /'
	echo "not ok 2 - mandoc has no complaint"
fi
echo "1..2"
exit $failed
