#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Fuzzes the reader of configurations under ASan and UBSan, from the tests' own
# configurations and the grammar's words.
#
#   conf_fuzz.sh DIRECTORY [RUNS]
#
# As many runs from the same seed do the same each time: what fails here fails anywhere.
set -u
cd "$(dirname "$0")" || exit 1
out=$1/conf-fuzz want=${2:-6000}
rm -rf "$out"
mkdir -p "$out/corpus"

clang -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE= \
	-I.. -I../../uapi -o "$out/conf_fuzz" conf_fuzz.c ../conf*.c ../addr.c ../args.c ../model.c \
	-lpcre2-8 2> "$out/build.log" || {
	sed 's/^/# /' "$out/build.log"
	echo "not ok 1 - the fuzzer builds (it needs clang)"
	echo "1..1"
	exit 1
}
# Each case is a seed.
cat conf/*.cases | awk -v dir="$out/corpus" '/^=== /{ n++; on = 1; next } /^--- /{ on = 0 }
	on { print > (dir "/case-" n) }'
# The words of the grammar.
sed -n 's/^.*[A-Z0-9]*("\([A-Za-z_0-9-]*\)",.*/"\1"/p' ../conf_table_global.c ../conf_vrrp.c \
	../conf_service.c ../conf_check.c | sort -u > "$out/words"
printf '%s\n' '"~SEQ("' '"~LST("' '"${_RANDOM "' '"${_ENV "' '"/*"' '"*/"' '"//"' '"192.0.2.1"' '"fe80::1/64"' >> "$out/words"
log=$out/log
"$out/conf_fuzz" -runs="$want" -max_total_time=300 -max_len=4096 -timeout=20 -rss_limit_mb=2048 \
	-dict="$out/words" -seed=1 -artifact_prefix="$out/" "$out/corpus" > "$log" 2>&1
rc=$?
runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
if [ $rc -eq 0 ] && [ "${runs:-0}" -ge "$want" ]; then
	echo "ok 1 - $runs configurations break nothing"
	rm -rf "$out/corpus"
else
	tail -n 40 "$log" | sed 's/^/# /'
	echo "# status $rc, $runs runs"
	echo "not ok 1 - $out has what breaks"
fi
echo "1..1"
exit $rc
