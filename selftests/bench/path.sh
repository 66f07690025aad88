#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What one packet costs, in instructions, by the way it takes through the director.
#
#   selftests/vm/run.sh -i -k 6.12 selftests/bench/path.sh [PATTERN...]
#
# One CPU under -icount: the guest's nanoseconds are instructions, the same on every host and
# in every run (README.md). Prints lines "WORK SYSTEM WHOLE NET": NET is less what it costs to
# make the packet, which is measured by dropping it at the director's netdev ingress.
# PATTERN selects rows, as "WORK/SYSTEM" with the shell's wildcards: 'udp4-dr/*'.
. "$(dirname "$0")/bench.inc"

WANTED=("$@")
NEW=${NEW:-20000}	# new flows to measure
MANY=${MANY:-1000000}	# flows in random order

wanted() { # WORK SYSTEM
	local p
	[ ${#WANTED[@]} -gt 0 ] || return 0
	# shellcheck disable=SC2254
	for p in "${WANTED[@]}"; do
		case $1/$2 in $p) return 0 ;; esac
	done
	return 1
}

declare -A GENERATOR
# generator KIND [-r]: what a packet of that kind costs before the director sees it
generator() {
	local key=$1${2:-}
	if [ -z "${GENERATOR[$key]:-}" ]; then
		drop_at dir d0
		# shellcheck disable=SC2046
		GENERATOR[$key]=$(gen $(to "$1" "$(vip_of "${1: -1}")") ${2:-} -n "$COUNT")
		pass_at dir
		echo "$key generator ${GENERATOR[$key]} 0"
	fi
}
# sent DEV: packets that left the director by it
sent() { ip -n dir -s -j link show dev "$1" | jq '.[0].stats64.tx.packets'; }
# row WORK SYSTEM KIND OPTIONS...: measures, and prints the line. A packet that does not come
# out again would be cheap, and is an error.
row() {
	local work=$1 system=$2 kind=$3 random='' whole out=d1 before after
	shift 3
	[[ " $* " != *" -r "* ]] || random=-r
	generator "$kind" $random
	[[ " $* " != *" -b "* ]] || out=d0
	before=$(sent $out)
	# shellcheck disable=SC2068
	whole=$(gen $@) || exit 1
	after=$(sent $out)
	[ $((after - before)) -ge "$COUNT" ] ||
		bail "$work $system: of $COUNT packets $((after - before)) left the director"
	awk -v w="$whole" -v g="${GENERATOR[$kind$random]}" -v n="$work $system" \
		'BEGIN { printf "%s %.0f %.0f\n", n, w, w - g }'
}

proto_of() { case $1 in udp?) echo udp ;; *) echo tcp ;; esac; }
system_on() { # SYSTEM METHOD KIND SCHEDULER SERVERS [SERVICES]
	case $1 in
	forward) ;;
	flowtable) flowtable_on ;;
	# one server alone answers in open_flows()
	dnat) dnat_on "${3: -1}" "$([ "$(proto_of "$3")" = udp ] && echo "$5" || echo 1)" ;;
	*) "$1_on" "$2" "${3: -1}" "$(proto_of "$3")" "$4" "$5" "${6:-1}" ;;
	esac
}
system_off() { # SYSTEM KIND
	case $1 in
	forward) ;;
	dnat) dnat_off "${2: -1}" ;;
	*) "$1_off" ;;
	esac
}
# where the clients send to: forwarding has no VIP
target() { # SYSTEM KIND
	case $1 in
	forward | flowtable) bench_server 1 "${2: -1}" ;;
	*) vip_of "${2: -1}" ;;
	esac
}
# TCP begins with a handshake, since states are tracked; the measured packets come after it.
# The first server answers for all, which is right where it is the only one.
open_flows() { # SYSTEM KIND [OPTIONS...]
	local system=$1 kind=$2 t
	shift 2
	t=$(target "$system" "$kind")
	case $kind in
	udp?) silently "$(to "$kind" "$t")" "$@" ;;
	*)
		silently "$(to "tcp${kind: -1}" "$t" 2)" "$@"
		silently "$(back "tcp${kind: -1}" 12)" "$@"
		silently "$(to "tcp${kind: -1}" "$t" 10)" "$@" ;;
	esac
}

# established KIND METHOD SYSTEM [SERVERS]: 1,000 flows, clients to servers
established() {
	local work=$1-$2${4:+-$4}
	wanted "$work" "$3" || return
	system_on "$3" "$2" "$1" rr "${4:-2}"
	[ "$2" != tun ] || roomy
	open_flows "$3" "$1"
	# shellcheck disable=SC2046
	row "$work" "$3" "$1" $(to "$1" "$(target "$3" "$1")") -n "$COUNT"
	[ "$2" != tun ] || not_roomy
	system_off "$3" "$1"
}
# answers KIND SYSTEM: servers to clients, where the director translates
answers() {
	wanted "$1-nat-back" "$2" || return
	system_on "$2" nat "$1" rr 1
	[ "$2" = forward ] || open_flows "$2" "$1"
	# shellcheck disable=SC2046
	row "$1-nat-back" "$2" "$1" $(back "$1") -n "$COUNT"
	system_off "$2" "$1"
}
# beginning KIND METHOD SCHEDULER SERVERS SYSTEM: every packet is the first of its flow
beginning() {
	local work=$1-new-$2-$3-$4
	wanted "$work" "$5" || return
	system_on "$5" "$2" "$1" "$3" "$4"
	[ "$2" != tun ] || roomy
	# As many before them let the tables grow.
	# shellcheck disable=SC2046
	{
		silently $(to "$1" "$(target "$5" "$1")" 2) -f "$NEW"
		row "$work" "$5" "$1" $(to "$1" "$(target "$5" "$1")" 2) -o "$NEW" -f "$NEW" -w 0 -n "$NEW"
	}
	[ "$2" != tun ] || not_roomy
	system_off "$5" "$1"
}
# random KIND METHOD FLOWS SYSTEM
random() {
	local work=$1-random-$2-$3
	wanted "$work" "$4" || return
	system_on "$4" "$2" "$1" rr 2
	open_flows "$4" "$1" -f "$3"
	# shellcheck disable=SC2046
	row "$work" "$4" "$1" $(to "$1" "$(target "$4" "$1")") -f "$3" -r -w 2000 -n "$COUNT"
	system_off "$4" "$1"
}
# tracked KIND METHOD SYSTEM: as established, in a director that tracks connections as well
tracked() {
	wanted "$1-$2-ct" "$3" || return
	conntrack_on
	system_on "$3" "$2" "$1" rr 2
	open_flows "$3" "$1"
	# shellcheck disable=SC2046
	row "$1-$2-ct" "$3" "$1" $(to "$1" "$(target "$3" "$1")") -n "$COUNT"
	system_off "$3" "$1"
	conntrack_off
}
# bystander KIND SYSTEM SERVICES: forwarded, has nothing to do with any service
bystander() {
	local work=$1-bystander${3:+-$3}
	wanted "$work" "$2" || return
	[ "$2" = forward ] || system_on "$2" nat "$1" rr 2 "$3"
	# the servers of the services are others, whose answers are not translated
	# shellcheck disable=SC2046
	row "$work" "$2" "$1" $(to "$1" "$(bench_server 199 "${1: -1}")") -n "$COUNT"
	[ "$2" = forward ] || system_off "$2" "$1"
}

bench_up
load_halb

for kind in udp4 tcp4 udp6 tcp6; do
	for system in forward flowtable; do established $kind dr $system; done
	for method in dr nat tun; do
		for system in ipvs halb; do established $kind $method $system; done
	done
	established $kind nat dnat
	for system in forward ipvs halb; do answers $kind $system; done
done
for system in ipvs halb; do
	established udp4 dr $system 200
	for method in dr nat tun; do beginning udp4 $method rr 2 $system; done
	beginning udp4 dr rr 200 $system
	for sched in wlc mh; do
		beginning udp4 dr $sched 2 $system
		beginning udp4 dr $sched 200 $system
	done
	beginning tcp4 dr rr 2 $system
	beginning tcp4 nat rr 2 $system
	beginning udp6 dr rr 2 $system
done
beginning udp4 nat rr 2 dnat
for system in ipvs halb; do
	random udp4 dr 1000 $system
	random udp4 dr "$MANY" $system
done
random udp4 nat 1000 halb
random udp4 nat "$MANY" halb
for system in forward ipvs halb; do established gso4 dr $system; done
for method in nat tun; do
	for system in ipvs halb; do established gso4 $method $system; done
done
for system in ipvs halb; do answers gso4 $system; done
established gso6 dr halb
established gso6 nat halb
tracked udp4 dr forward
for method in dr nat; do
	for system in ipvs halb; do tracked udp4 $method $system; done
done
for kind in udp4 udp6; do
	bystander $kind forward ""
	for system in ipvs halb; do
		bystander $kind $system 1
		bystander $kind $system 1000
	done
done

# for profile.sh, while the modules are still there
cat /proc/kallsyms > "${HALB_OUT:-$TMP}/symbols"
