#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What much of everything costs in one netns: 10,000 services, 50,000 servers, 1,000,000
# connections.
#
#   selftests/vm/run.sh -i -k 6.12 -m 4G selftests/bench/scale.sh
#
# Prints lines "ms WORK SYSTEM N", a million instructions each, "stall WORK SYSTEM N", a thousand
# each, and "percpu WORK SYSTEM N", bytes for each CPU. A stall is the longest that one softirq
# took, or had to wait, while that work was done: what a packet on this CPU would have to wait.
. "$(dirname "$0")/bench.inc"

CONNS=${CONNS:-1000000}
TRACE=/sys/kernel/tracing
[ -e $TRACE/trace ] || mount -t tracefs none $TRACE || bail "no tracefs"
echo mono > $TRACE/trace_clock
echo 65536 > $TRACE/buffer_size_kb
for event in irq/softirq_raise irq/softirq_entry irq/softirq_exit workqueue/workqueue_execute_start workqueue/workqueue_execute_end; do
	echo 1 > $TRACE/events/$event/enable || bail "the kernel does not trace $event"
done
echo 0 > $TRACE/tracing_on

# traced WORK COMMAND...: what it takes, and how long softirqs take meanwhile
traced() {
	local name=${1// /-}
	: > $TRACE/trace
	echo 1 > $TRACE/tracing_on
	took "$1" halb "${@:2}"
	echo 0 > $TRACE/tracing_on
	awk -v name="$name" '
		{ for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+:$/) break; t = $i * 1e6; what = $(i + 1); vec = $(i + 2) }
		what == "softirq_raise:" { if (!(vec in raised)) raised[vec] = t }
		what == "softirq_entry:" { entry[vec] = t; if (vec in raised && t - raised[vec] > most) { most = t - raised[vec]; why = "waits " $NF } delete raised[vec] }
		what == "softirq_exit:" && vec in entry && t - entry[vec] > most { most = t - entry[vec]; why = "takes " $NF }
		END { printf "stall %s halb %d\n# %s: %s\n", name, most, name, why }' $TRACE/trace
}
# sweeps: the longest sweep of the last work that was traced
sweeps() {
	awk -v name="${1// /-}" '
		{ for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+\.[0-9]+:$/) break; t = $i * 1e6 }
		/workqueue_execute_start:.*function halb_conn_gc/ { start = t }
		/workqueue_execute_end:.*function halb_conn_gc/ && start && t - start > most { most = t - start }
		END { printf "ms %s halb %d\n", name, most / 1000 }' $TRACE/trace
}
percpu() { awk '/^Percpu:/ { print $2 * 1024 }' /proc/meminfo; }

bench_up
load_halb
many 10000 5 wlc > "$TMP/many"
halb_lines dr 4 udp wlc 5 >> "$TMP/many"
before=$(percpu)
traced "apply 10,000 services, 50,000 servers" on dir halbctl restore "$TMP/many"
echo "percpu statistics-of-50,000-servers halb $((($(percpu) - before) / $(nproc --all)))"
# shellcheck disable=SC2046
silently $(to udp4 $VIP4) -f "$CONNS"
is_there=$(conn_count)
[ "$is_there" -ge "$CONNS" ] || bail "of $CONNS connections there are $is_there"

traced "30 s with 1,000,000 connections" sleep 30
sweeps "sweep through 1,000,000 connections"
traced "dump 1,000,000 connections" on dir sh -c "halbctl conn show > $TMP/conns"
traced "dump 10,000 services" on dir sh -c "halbctl save > $TMP/saved"
traced "change one of 10,000 services" on dir halbctl server set tcp 10.100.0.1:80 10.2.0.11:8000 weight 2
traced "flush 1,000,000 connections" on dir sh -c 'halbctl conn flush > /dev/null'
traced "30 s in which they are freed" sleep 30
sweeps "sweep that frees 1,000,000 connections"
wait_for 60 no_conns || bail "the connections are still there"
traced "flush 10,000 services" on dir halbctl service flush
