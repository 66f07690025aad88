#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# track_process, in a network namespace, where the real keepalived cannot do it: the kernel's process
# events, without which it looks at nothing, reach the first one only.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
cp "$(command -v sleep)" "$TMP/nap$$"
long=$TMP/averylongprocessname$$
cp "$(command -v sleep)" "$long"
nap() { "$TMP/nap$$" "$@" & }
nap 4001
nap 4002
nap 4002
"$long" 4003 &
wait_for 5 eval "[ \$(pgrep -c 'nap$$|averylong') -ge 4 ]"

# Cases, a line each: what vrrp_track_process has, behind its process, and what keepalived.conf(5)
# makes of it
cases="good nap$$
good nap$$ ; quorum 3
bad nap$$ ; quorum 4
bad nap$$ ; quorum_max 2
bad nap$$ ; quorum_max 0
bad nobody$$
good nobody$$ ; quorum_max 0
good averylongprocessname$$
good averylongproces
bad averylongpro
good $TMP/nap$$ 4001
good $TMP/nap$$ 4002 ; quorum 2
bad $TMP/nap$$ 4002 ; quorum 3
bad $TMP/nap$$ 40
good $TMP/nap$$ 40 ; param_match initial
bad $TMP/nap$$ 40 ; param_match initial ; quorum 4
bad $TMP/nap$$ 41 ; param_match initial
bad $TMP/nap$$ ; param_match initial
bad $TMP/nap$$ ; full_command
good $TMP/nap$$ 4001 ; param_match partial"
# Each has an instance, whose priority says it.
write() {
	local n=0 line
	: > "$TMP/$A.conf"
	while read -r _ line; do
		n=$((n + 1))
		printf 'vrrp_track_process p%d {\nprocess %s\nweight %d\n}\n' $n "${line// ; /$'\n'}" 1 >> "$TMP/$A.conf"
	done <<< "$cases"
	for i in $(seq $n); do
		printf '%s\n' "vrrp_instance VI_$i {" "interface eth0" "virtual_router_id $i" "version 3" \
			"advert_int 0.2" "priority 100" "virtual_ipaddress {" "192.168.4.$((100 + i))/24" "}" \
			"track_process {" "p$i" "}" "}" >> "$TMP/$A.conf"
	done
	count=$n
}
# The priority of each instance's advertisements, by its number
priorities() {
	on $CL timeout 3 tcpdump -i eth0 -n -c 400 ip proto 112 2>/dev/null |
		sed -n 's/.*vrid \([0-9]*\), prio \([0-9]*\).*/\1 \2/p' | sort -nu
}
write
start halbd $A
wait_for 10 holds $A 192.168.4.$((100 + count))
wait_for 10 holds $A 192.168.4.101
priorities > "$TMP/priorities"
stop $A
n=0
while read -r verdict line; do
	n=$((n + 1))
	priority=100
	[ "$verdict" = good ] && priority=101
	is "$(grep "^$n " "$TMP/priorities")" "$n $priority" "${line//$$/} is $verdict"
done <<< "$cases"

# --- later ---------------------------------------------------------------------------------
conf $A 100 "version 3" "advert_int 0.1" "track_process { p }"
{
	printf '%s\n' "vrrp_track_process p {" "process $TMP/nap$$ 5000" "terminate_delay 1.5" "fork_delay 1" "}"
	cat "$TMP/$A.conf"
} > "$TMP/new"
mv "$TMP/new" "$TMP/$A.conf"
start halbd $A
wait_for 5 logged $A "Entering FAULT"
is "$(status $A .reason)" "process p does not run" "no weight: its absence is a fault"
begin=$(date +%s%3N)
nap 5000
first=$!
check "it begins to run: master" wait_for 5 holds $A
between $(($(date +%s%3N) - begin)) 1000 30000 "... after fork_delay"
kill $first
nap 5000
second=$!
sleep 2.5
is "$(grep -c "Quorum lost" "$TMP/$A.log")" 0 "terminate_delay: one that is started again at once was not away"
begin=$(date +%s%3N)
kill $second
wait $second 2>/dev/null
check "it ends: a fault" wait_for 5 lacks $A
between $(($(date +%s%3N) - begin)) 1400 30000 "... after terminate_delay"
bash -c "'$TMP/nap$$' 5000 & exec sleep 60" &
parent=$!
check "a child of somebody else counts" wait_for 5 holds $A
pkill -f "^$TMP/nap$$ 5000"
check "... and a dead one that nobody has waited for does not" wait_for 5 lacks $A
kill $parent
reload $A
check "a reload while it is away: still a fault" wait_for 5 logged $A "Configuration reloaded"
sleep 0.5
check "... and nobody became master" eval "lacks $A && [ \$(grep -c 'Entering MASTER' $TMP/$A.log) = 2 ]"
stop $A
# shellcheck disable=SC2046
kill $(jobs -p) 2>/dev/null
done_testing
