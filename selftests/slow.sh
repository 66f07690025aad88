#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Slow start: a server that comes takes its share by and by. Shares are looked at while the module
# says how far the server is, not after so many seconds.
#
#   [ cl ] --- 10.9.0.80:53 --- [ dir ] ---+--- [ s1 ] one, there from the beginning
#                                          +--- [ s2 ] two, comes
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
for n in 1 2; do start_udp s$n "${NAMES[n]}"; done
flows_start
svc="udp $VIP4:53"
# shellcheck disable=SC2086
percent() { hc -j server show $svc 10.2.0.1"$1":53 | jq '.[0].weight_percent'; }
ask() { tally "$(flows once udp $VIP4 53 n="$1")"; }
# add SCHEDULER SECONDS WEIGHT: the service with the first server, then the second one
add() {
	hc service flush
	hc conn flush > /dev/null
	# shellcheck disable=SC2086
	hc restore <<-END || bail "cannot restore"
		service add $svc scheduler $1 slow-start $2
		server add $svc 10.2.0.11:53 method nat weight $3
	END
	# shellcheck disable=SC2086
	hc server add $svc 10.2.0.12:53 method nat weight "$3"
}

# --- the first twentieth, which lasts for hours ------------------------------------------------
add wrr 86400 10
is "$(percent 1) $(percent 2)" "100 5" "who is there has all, who comes has 5 %"
like "$(hc server show $svc)" '10.2.0.12:53 .* slow-start 5%' "and that is shown"
is "$(ask 42)" "one=40 two=2" "wrr, equal weights: one of 21 flows"
add wrr 86400 1
is "$(ask 42)" "one=40 two=2" "also with weights that have no twentieths"
add wrr 86400 65535
is "$(ask 21)" "one=20 two=1" "and the greatest there are"
add mh 86400 10
first=$(hc -j server show $svc | jq -c '[.[].weight_percent]')
is "$first" "[100,5]" "mh: likewise"
add wlc 86400 1
got=$(flows open udp $VIP4 53 n=21)
is "$(tally "$got")" "one=20 two=1" "wlc: likewise"
flows forget > /dev/null
add twos 86400 1
between "$(flows once udp $VIP4 53 n=60 | tr ' ' '\n' | grep -c two)" 0 20 "twos: few"

# --- what is no coming ---------------------------------------------------------------------------
add rr 86400 1
is "$(percent 2) $(ask 4)" "100 one=2 two=2" "rr shares by turns, not by weight"
hc service set $svc scheduler wrr
is "$(percent 2)" 100 "who is there already stays as it is"
hc server set $svc 10.2.0.12:53 weight 5
is "$(percent 2)" 100 "another weight is no coming"
hc server set $svc 10.2.0.12:53 weight 0
is "$(percent 2)" 100 "weight 0"
hc server set $svc 10.2.0.12:53 weight 1
is "$(percent 2)" 5 "from weight 0 it comes"

# A drain with a deadline: no weight, and all of the way again when it is called off.
# shellcheck disable=SC2086
left() { hc -j server show $svc 10.2.0.1"$1":53 | jq '.[0].drain // 0'; }
hc server drain $svc 10.2.0.12:53 timeout 3600
is "$(percent 2) $(ask 4)" "100 one=4" "it drains in the middle of it"
between "$(left 2)" 3000 3600 "until a deadline"
hc server set $svc 10.2.0.12:53 weight 1
is "$(percent 2) $(left 2)" "5 0" "that is called off: it comes again"
hc server drain $svc 10.2.0.11:53 timeout 3600
hc service set $svc slow-start 40
check "it makes steps" wait_for 60 eval '[ "$(percent 2)" -gt 5 ]'
between "$(left 1)" 3000 3600 "which leave another server's drain as it is"
hc server set $svc 10.2.0.11:53 weight 1
hc service set $svc slow-start 0
is "$(percent 2) $(ask 4)" "100 one=2 two=2" "without slow start it has all at once"
hc save > "$TMP/saved"
hc service flush
sed -i 's/scheduler wrr/scheduler wrr slow-start 86400/' "$TMP/saved"
check "restore" hc restore < "$TMP/saved"
is "$(percent 1) $(percent 2)" "100 100" "servers that come with their service have all"
is "$(hc save)" "$(cat "$TMP/saved")" "save"
is "$(hc -j service show | jq '.[0].slow_start')" 86400 "-j"
fails_with 2 'slow-start .* out of range: it is 0 to 86400' "beyond a day" hc service set $svc slow-start 86401

# --- on its way ----------------------------------------------------------------------------------
add wrr $((100 * HALB_SLOW)) 1
# one round at this moment's percentage: 20 flows for the first, a twentieth of it for the other
round() {
	local before after got
	before=$(percent 2)
	[ "$before" -ge "$1" ] || return 1
	got=$(ask $((20 + before / 5)))
	after=$(percent 2)
	[ "$before" = "$after" ] || return 1
	echo "$before: $got"
}
at() { # PERCENT
	local tries
	seen=
	for tries in $(seq 600); do
		seen=$(round "$1") && return
		sleep 0.2
	done
	return 1
}
at 25
is "$seen" "${seen%%:*}: one=20 two=$((${seen%%:*} / 5))" "at ${seen%%:*} % it gets as much"
at 60
is "$seen" "${seen%%:*}: one=20 two=$((${seen%%:*} / 5))" "at ${seen%%:*} % as well"
check "in the end it has all" wait_for $((100 + 60)) eval '[ "$(percent 2)" = 100 ]'
is "$(ask 8)" "one=4 two=4" "and gets its half"
refute "which is shown no more" grep -q slow-start%  <<< "$(hc server show $svc)"

# --- it ends with its service, its namespace and the module ---------------------------------------
add wrr 20 1
hc service flush
add mh 20 1
topology_down
check "the module goes in the middle of it" unload_halb
done_testing
