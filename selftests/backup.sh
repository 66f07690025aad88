#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Backup servers: they serve only while no other server of the service may.
#
#                                       +--- [ s1 ] one
#   [ cl ] --- 10.9.0.80 --- [ dir ] ---+--- [ s2 ] two
#                                       +--- [ s3 ] three, a backup server
. "$(dirname "$0")/lib.sh"
topology routed 3
load_halb
for n in 1 2 3; do start_udp s$n "${NAMES[n]}"; done
flows_start
svc="udp $VIP4:53"
# shellcheck disable=SC2086
set_server() { local n=$1; shift; hc server set $svc "$(server4 $n):53" "$@"; }
ask() { tally "$(flows once udp $VIP4 53 n="$1")"; }

for sched in rr wrr wlc mh lblc; do
	balance nat udp $VIP4 53 $sched
	set_server 3 backup
	got=$(flows once udp $VIP4 53 n=20)
	is "$(grep -c three <<< "$got")" 0 "$sched: the backup server gets nothing"
	set_server 1 weight 0
	is "$(ask 6)" "two=6" "$sched: nor while one other is there"
	set_server 2 weight 0
	is "$(ask 6)" "three=6" "$sched: without any other it serves"
	set_server 1 weight 1
	is "$(ask 6)" "one=6" "$sched: one is back: it serves no more"
	hc service flush
	hc conn flush > /dev/null
done

# --- thresholds: overloaded is not available --------------------------------------------------
balance nat udp $VIP4 53 rr
set_server 3 backup
set_server 1 upper 2 lower 1
set_server 2 upper 2 lower 1
is "$(tally "$(flows open udp $VIP4 53 n=6)")" "one=2 three=2 two=2" \
	"the others are overloaded: the backup server takes what is too much"
flows forget > /dev/null
hc conn flush > /dev/null
is "$(ask 2)" "one=1 two=1" "and when they are not any more, they have it again"
hc conn flush > /dev/null

# --- several, by the scheduler; and a service that has no other ---------------------------------
set_server 1 upper 0 lower 0
set_server 2 upper 0 lower 0 backup
set_server 1 weight 0
is "$(ask 6)" "three=3 two=3" "two backup servers share"
set_server 1 backup weight 1
is "$(ask 6)" "one=2 three=2 two=2" "nothing but backup servers"
set_server 3 weight 0
is "$(ask 4)" "one=2 two=2" "of which one has weight 0"
set_server 1 no-backup
is "$(ask 4)" "one=4" "one is none any more"

# --- what is shown, saved and told ----------------------------------------------------------------
is "$(hc -j server show | jq -c '[.[].backup]')" "[false,true,true]" "-j"
like "$(hc server show)" "10.2.0.12:53 .* backup" "show"
hc save > "$TMP/saved"
is "$(grep -c ' backup$' "$TMP/saved")" 2 "save"
hc service flush
check "restore" hc restore < "$TMP/saved"
is "$(hc save)" "$(cat "$TMP/saved")" "and all is as before"
hc conn flush > /dev/null
is "$(ask 4)" "one=4" "the flows, too"
# shellcheck disable=SC2086
hc server del $svc 10.2.0.11:53
is "$(ask 4)" "two=4" "the last other server is removed: a backup server serves"
# shellcheck disable=SC2086
hc server add $svc 10.2.0.11:53 method nat
is "$(ask 4)" "one=4" "a new one is added: it serves"
fails_with 2 'backup' "backup and no-backup" hc server set $svc 10.2.0.11:53 backup no-backup
done_testing
