#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory runs out: every allocation that a request makes fails once, so do those at the end of making
# a network namespace, which are halb's, and one in five of those that it makes for packets. An error and nothing
# changed, or a counted refusal; and kmemleak, which is asked after every script, sees no leak.
# Needs fault injection: the debug kernel.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
#
#   failslab.sh [requests] [namespaces] [packets]      all of them without one
. "$(dirname "$0")/lib.sh"
debugfs=/sys/kernel/debug
[ -d $debugfs/failslab ] || skip_all "this kernel has no fault injection: make check-debug has"
wanted=" ${*:-requests namespaces packets} "
topology routed 2
load_halb
set_fault() { # NAME VALUE: of both kinds of allocations
	local d
	for d in failslab fail_page_alloc; do
		[ ! -e $debugfs/$d/"$1" ] || echo "$2" > $debugfs/$d/"$1" || bail "cannot set $1 to $2"
	done
}
# Its tests are counted here, one by one.
run_python() { # MODE
	local line
	[[ $wanted == *" $1 "* ]] || return
	while read -r line; do
		case $line in
		"ok "*) ok "${line#ok * - }" ;;
		"not ok "*) not_ok "${line#not ok * - }" ;;
		"#"*) echo "$line" ;;
		esac
	done < <(cd "$HALB_SRC/selftests" && on dir python3 failslab.py "$1" 2>&1 | tee "$TMP/log")
	check "$1: all of it was tried" grep -q '^1\.\.[1-9]' "$TMP/log" ||
		diag "$(tail -n 20 "$TMP/log")"
}

# --- requests -------------------------------------------------------------------------------
set_fault verbose 0
set_fault probability 0		# only by a task's fail-nth
set_fault times -1
set_fault min-order 0
set_fault ignore-gfp-wait N	# those that may sleep fail as well
run_python requests
run_python namespaces
hc service flush
[[ $wanted == *" packets "* ]] || done_testing

# --- packets -----------------------------------------------------------------------------------
# Neighbours are known: of many packets that wait for one the kernel drops some by itself.
check "the director is reached" wait_for 10 cl ping -c 1 -W 1 10.1.0.1
for n in 1 2; do
	check "server $n is reached" wait_for 10 dir ping -c 1 -W 1 "$(server4 $n)"
done
# Of what is allocated meanwhile, only what halb asks for.
text=$(cat /sys/module/halb/sections/.text)
for d in failslab fail_page_alloc; do
	echo "$text" > $debugfs/$d/require-start
	printf '%#x\n' $((text + $(cat /sys/module/halb/coresize))) > $debugfs/$d/require-end
	echo 32 > $debugfs/$d/stacktrace-depth
done
set_fault ignore-gfp-wait Y	# only those that may not sleep
memory() { set_fault probability "$1"; } # per cent of halb's allocations that fail
for s in s1 s2; do
	on $s nft -f - <<-END
		table inet silence {
			counter got { }
			chain in {
				type filter hook prerouting priority raw;
				iifname e0 meta l4proto { tcp, udp, ipencap } counter name got drop
			}
		}
	END
done
got() { for s in s1 s2; do on $s nft -j list counters; done | jq -s '[.[].nftables[].counter.packets // 0] | add'; }
dropped() { figures '(.drops | add)'; }
for method in nat dr tun; do
	for kind in udp tcp; do
		what="$method, $kind"
		balance $method $kind $VIP4 53
		had=$(got) lost=$(dropped) no_memory=$(drops no-memory)
		memory 20
		sent=$(cl python3 "$HALB_SRC/selftests/smp.py" $kind $VIP4 53 100 5)
		memory 0
		# The count at the servers comes after the last one was sent.
		all_there() { [ $(($(got) - had + $(dropped) - lost)) = "$sent" ]; }
		check "$what: each of $sent packets arrives, or is dropped by a name" wait_for 10 all_there ||
			diag "$(($(got) - had)) arrived, $(($(dropped) - lost)) dropped: $(hc -j stats | jq -c .drops)"
		between "$(drops no-memory)" $((no_memory + 1)) $((no_memory + sent)) "$what: and some are dropped for memory"
		is "$(hc -j conn show | jq length)" "$(conn_count)" "$what: the count of connections is right"
		is "$(hc -j service show | jq '[.[0].servers[] | .active_conns + .inactive_conns] | add')" \
			"$(hc -j conn show | jq length)" "$what: so are the servers' counts"
		hc service flush
		hc conn flush >/dev/null
	done
done
check "no connection is left in the count" wait_for 60 no_conns
done_testing
