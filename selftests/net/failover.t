#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The seed's pair, two halbd: who holds the VIP after each thing that can happen to the master, and
# how long nobody answers, compared with two keepalived in the same place. This host may have
# other things to do, which only adds to a silence: of up to six tries the shortest counts.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology

crash() { kill -9 "$(vrrp_pid $A)"; }
# Both run, the master is master, the client knows where.
settle() { # KIND
	[ -n "${PID[$A]:-}" ] || start "$1" $A
	[ -n "${PID[$B]:-}" ] || start "$1" $B
	wait_for 15 only $A $B && wait_for 10 arp_from $A
}
gone() { stop "$@"; local ns; for ns; do unset "PID[$ns]"; done; }

# --- what happens --------------------------------------------------------------------
conf $A 100 "state MASTER" "$PASS"
conf $B 90 "$PASS"
settle halbd
check "the MASTER of the seed's pair holds the VIP" only $A $B
check "... and answers for it" arp_from $A
is "$(status $A .state) $(status $B .state)" "MASTER BACKUP" "halbctl status says so"
like "$(log $A)" "\(VI_1\) Entering MASTER STATE" "in the log, keepalived's words"

gone $A
check "stopped: the BACKUP holds it" wait_for 3 only $B $A
check "... and answers" arp_from $B
start halbd $A
check "started again: it returns" wait_for 10 only $A $B
check "... and answers" wait_for 3 arp_from $A

supervisor=${PID[$A]}
first=$(vrrp_pid $A)
# Its supervisor starts it again at once, so that this is over in 3.6 s: what was, in which order?
monitors=()
for ns in $A $B; do
	nsenter --net=/run/netns/$ns -- chrt -r 30 ip -ts monitor address > "$TMP/$ns.monitor" &
	monitors+=($!)
done
watch "arp src host $VIP and ether src $(mac_of_eth0 $B)"
sleep 0.5
crash
happened() { awk -v what="$2" '$0 ~ what { print $1; n++; exit } END { exit !n }' "$TMP/$1.monitor"; } # NS WHAT: when
check "the VRRP process killed with -9: the BACKUP takes the VIP" wait_for 3 happened $B "^[^ ]* [0-9].* $VIP/"
[[ $(happened $A "Deleted.* $VIP/") < $(happened $B "^[^ ]* [0-9].* $VIP/") ]]
is $? 0 "... when the one that died has it no more" || diag "$(cat "$TMP/$A.monitor" "$TMP/$B.monitor")"
check "... and says so" wait_for 3 grep -q who-has "$TMP/watched"
unwatch
kill "${monitors[@]}"
wait "${monitors[@]}" 2>/dev/null
like "$(log $A)" "died of signal 9: removed 1 addresses" "the supervisor says what it did"
check "it is started again, and becomes master" wait_for 10 only $A $B
[ "$(vrrp_pid $A)" != "$first" ]
is "$? ${PID[$A]}" "0 $supervisor" "... with the same supervisor"

kill -9 "${PID[$A]}"
check "the supervisor killed with -9: the BACKUP holds the VIP, and only it" wait_for 5 only $B $A
wait "${PID[$A]}" 2>/dev/null
check "... and nothing of it runs on" wait_for 5 eval "[ -z \"\$(pgrep -f $TMP/$A.conf)\" ]"
start halbd $A
wait_for 10 only $A $B

cut $A
check "its cable cut: it gives the VIP up" wait_for 2 lacks $A
check "... and the BACKUP holds it" wait_for 6 only $B $A
is "$(status $A .state): $(status $A .reason)" "FAULT: interface eth0 is down" "it knows why"
mend $A
check "mended: it returns" wait_for 10 only $A $B

ip -n $A link set eth0 down
check "the interface set down: the BACKUP holds it" wait_for 6 only $B $A
ip -n $A link set eth0 up
check "set up: it returns" wait_for 10 only $A $B

ip -n $A addr del $VIP/24 dev eth0
check "somebody removes the VIP: it is added again" wait_for 2 holds $A

gone $A $B
check "both stopped: nobody holds it" eval "lacks $A && lacks $B"

# --- for how long -----------------------------------------------------------------------
# measure KIND EVENT ENOUGH LEAST: the shortest of up to six silences, ENOUGH is good enough. $BEST, and from the last
# advertisement on $BEST_UNHEARD: where in its interval a cable is cut, is luck.
measure() {
	local kind=$1 event=$2 enough=$3 least=$4 best=999999 best_unheard=999999 measured try
	for try in 1 2 3 4 5 6; do
		settle "$kind" || { diag "$kind is not master: $(log $A)"; continue; }
		silence "$seconds" "$event"
		# A ping that could not send for a while sees too little.
		[ $SILENCE -lt "$least" ] && SILENCE=999999 UNHEARD=999999
		[ $SILENCE -lt $best ] && best=$SILENCE
		[ $UNHEARD -lt $best_unheard ] && best_unheard=$UNHEARD
		mend $A
		[ -n "${PID[$A]:-}" ] && kill -0 "${PID[$A]}" 2>/dev/null || unset "PID[$A]"
		measured=$best
		[ "$event" = pull ] && measured=$best_unheard
		[ $measured -le "$enough" ] && break
	done
	gone ${PID[$A]:+$A} ${PID[$B]:+$B}
	BEST=$best BEST_UNHEARD=$best_unheard
}
order() { gone $A; }
# Right behind an advertisement, so that both are cut at the same time of their interval.
pull() {
	on $CL chrt -r 30 sh -c "tcpdump --immediate-mode -i eth0 -c 1 'ip proto 112' >/dev/null 2>&1
		exec ip -n $SW link set $A-eth0 down"
}

for interval in 1 0.1 0.01; do
	# A silence after a cut is at least so long: nobody takes over before three advertisements are missing. And
	# who hears that the master is dead waits for its skew time, (256 - 90) / 256 of a second or of an interval.
	case $interval in
	1) version=2 seconds=6 least=2000 skew=648 ;;
	0.1) version=3 seconds=3 least=200 skew=65 ;;
	*) version=3 seconds=3 least=10 skew=6 ;;
	esac
	conf $A 100 "advert_int $interval" "version $version"
	conf $B 90 "advert_int $interval" "version $version"
	measure keepalived pull 0 $least
	theirs=$BEST_UNHEARD
	[ $theirs -lt 999999 ] || bail "keepalived could not be measured"
	diag "advert_int $interval, a cut, keepalived: silence $BEST ms, from the last advertisement on $theirs ms"
	# The ping's own interval.
	limit=$((theirs + 2))
	measure halbd pull $limit $least
	diag "advert_int $interval, a cut, halbd: silence $BEST ms, from the last advertisement on $BEST_UNHEARD ms"
	between $BEST_UNHEARD $least $limit "advert_int $interval, a cut: no longer than keepalived" || diag "$(log $A)" "$(log $B)"
	# keepalived leaves the address where it was, and two hosts answer for a while.
	measure halbd crash $((skew + 50)) $((skew * 3 / 4))
	diag "advert_int $interval, a crash: $BEST ms"
	between $BEST 0 $((skew + 50)) "advert_int $interval, a crash: the skew time" || diag "$(log $A)" "$(log $B)"
	measure halbd order 30 0
	between $BEST 0 30 "advert_int $interval, ordered stop: at most 30 ms"
done
done_testing
