#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Passive health: a server that several new connections in a row fail at is suspect until one
# succeeds; no flood of forged SYNs makes a healthy one so. And halbd, which then checks it at once.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ] one
#                                  +--- [ s2 ] two
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
start_nginx s1 one
start_nginx s2 two
flows_start
on dir halbctl monitor > "$TMP/events" &
monitor=$!
at_exit kill $monitor
wait_for 20 eval 'hc settings set udp-timeout $((300 + RANDOM % 100)); [ -s "$TMP/events" ]'

svc() { echo tcp "$(endpoint "$vip" 80)"; }
# of the service's first server
# shellcheck disable=SC2046
server() { hc -j server show ${1:-$(svc)} | jq -r ".[0]$2"; }
count() { server "" ".failures.$1"; }
suspect() { [ "$(server "" .suspect)" = true ]; }
trusted() { [ "$(server "" .suspect)" = false ]; }
# serve METHOD: the service with s1 alone
serve() {
	hc service flush
	hc conn flush > /dev/null
	# shellcheck disable=SC2046
	hc service add $(svc) scheduler rr
	# shellcheck disable=SC2046
	hc server add $(svc) "$(endpoint "$(server_addr 1 $vip)" 80)" method "$1"
	prepare "$1" $vip 1
}
last() { grep '^# server' "$TMP/events" | tail -n 1; }
# told CAUSE|nothing NAME: what listeners heard last
told() {
	local about
	about="# server $(svc) $(endpoint "$(server_addr 1 $vip)" 80)"
	heard() {
		case $1 in
		nothing) [ "$(last)" = "$about no longer suspect" ] ;;
		*) [[ $(last) == "$about suspect: "[1-9]*" in a row failed, the last: $1" ]] ;;
		esac
	}
	if wait_for 10 heard "$1"; then ok "$2"; else not_ok "$2" "heard: $(last)"; fi
}
events() { grep -c '^# server' "$TMP/events"; }
# tries N: so many clients at once, who give up after three seconds
tries() {
	local n pids=()
	for ((n = 0; n < $1; n++)); do
		on cl curl -s -o /dev/null --noproxy '*' --globoff --connect-timeout 3 "$(url $vip)" &
		pids+=($!)
	done
	wait "${pids[@]}"
}
# Where the server is that the following ones are about, and its port there
at=s1 port=80
deaf() { # SYNs do not reach it
	on $at nft -f - <<-END
		table inet deaf {
			chain syn {
				type filter hook input priority 0;
				tcp dport $port tcp flags & (syn | ack) == syn drop
			}
		}
	END
}
hears() { on $at nft delete table inet deaf; }
# refuse WITH [MATCH]: the server answers SYNs so
refuse() {
	on $at nft -f - <<-END
		table inet refuse {
			chain syn {
				type filter hook input priority 0;
				${2-} tcp dport $port tcp flags & (syn | ack) == syn reject with $1
			}
		}
	END
}
takes() { on $at nft delete table inet refuse; }
# forge PORT: 40 SYNs, each from a client and a port of its own
forge() {
	local n
	for n in $(seq 40); do
		if is6 $vip; then
			flows raw6 tcp fd00:1::7:$n $vip $(($1 + n)) 80 flags=2
		else
			flows raw4 tcp 10.1.0.$((100 + n)) $vip $(($1 + n)) 80 flags=2
		fi
	done > /dev/null
}
# recovers NAME: the next connection ends it
recovers() {
	is "$(http cl "$(url $vip)")" one "$1: the server is back"
	check "$1: and no longer suspect" wait_for 5 trusted
	told nothing "$1: listeners hear of that"
	is "$(count row)" 0 "$1: failures in a row begin anew"
}

for vip in $VIP4 $VIP6; do
	# --- nat ----------------------------------------------------------------------------------
	serve nat
	is "$(flows open tcp $vip 80)" one "$vip: a flow that is set up before"
	deaf
	tries 2
	is "$(count unanswered) $(count row) $(server "" .suspect)" "2 2 false" "$vip nat: two unanswered SYNs are not enough"
	tries 2
	check "$vip nat: three are" wait_for 5 suspect
	told unanswered "$vip nat: listeners hear why"
	# shellcheck disable=SC2046
	like "$(hc server show $(svc))" "suspect .unanswered." "$vip nat: the listing shows it"
	is "$(flows ask)" one "$vip nat: the flow that was set up goes on"
	check "$vip nat: its answers are no success" suspect
	is "$(count reset) $(count unreachable)" "0 0" "$vip nat: other causes have counters of their own"
	hears
	recovers "$vip nat, unanswered"

	refuse "tcp reset"
	tries 3
	check "$vip nat: a RST in answer to the SYN" wait_for 5 suspect
	is "$(count reset)" 3 "$vip nat: each is counted once"
	told reset "$vip nat, reset: listeners hear why"
	takes
	recovers "$vip nat, reset"

	refuse "$(is6 $vip && echo icmpv6 || echo icmp) type $(is6 $vip && echo admin-prohibited || echo host-unreachable)"
	tries 3
	check "$vip nat: ICMP unreachable" wait_for 5 suspect
	is "$(count unreachable) $(count unanswered)" "3 4" "$vip nat: counted once, by the first cause"
	told unreachable "$vip nat, unreachable: listeners hear why"
	takes
	recovers "$vip nat, unreachable"
	is "$(flows ask)" one "$vip nat: the flow that was set up still goes on"
	flows forget > /dev/null
	hc zero
	is "$(count unanswered) $(count reset) $(count unreachable)" "0 0 0" "$vip: zero sets them to zero"

	# --- who forges the sources, and the server answers -------------------------------------------
	before=$(events)
	forge 5000
	is "$(server "" .stats.conns)" 40 "$vip nat: forged SYNs come to the server"
	then=$SECONDS
	wait_for 10 eval '((SECONDS > then + 1))'
	forge 5000
	is "$(count row) $(server "" .suspect) $(events)" "0 false $before" \
		"$vip nat: which answers, and is not suspect when they come again"

	# --- dr: the director sees the client only -----------------------------------------------------
	serve dr
	is "$(http cl "$(url $vip)")" one "$vip dr: it serves"
	deaf
	tries 3
	check "$vip dr: three clients repeat their SYNs" wait_for 5 suspect
	is "$(count unanswered)" 3 "$vip dr: each counts once"
	told unanswered "$vip dr: listeners hear why"
	hears
	recovers "$vip dr"
	before=$(count unanswered)
	forge 6000
	is "$(count unanswered) $(server "" .suspect)" "$before false" "$vip dr: forged SYNs that come once say nothing"

	# --- tun ---------------------------------------------------------------------------------------
	serve tun
	is "$(http cl "$(url $vip)")" one "$vip tun: it serves"
	hc conn flush > /dev/null
	on s1 halbctl real-server del $vip
	tries 3
	check "$vip tun: nobody takes the packets out" wait_for 5 suspect
done

# --- where packets take other ways ----------------------------------------------------------------
# both NAME: the server of the service that there is does not answer, and then refuses
both() {
	local before
	is "$(http cl "$(url $vip)")" "$answers" "$vip $1: it serves"
	deaf
	tries 3
	check "$vip $1: unanswered SYNs make it suspect" wait_for 5 suspect
	hears
	is "$(http cl "$(url $vip)")" "$answers" "$vip $1: it is back"
	check "$vip $1: and no longer suspect" wait_for 5 trusted
	before=$(count reset)
	refuse "tcp reset"
	tries 3
	check "$vip $1: so do RSTs" wait_for 5 suspect
	is "$(count reset)" $((before + 3)) "$vip $1: each is counted once"
	takes
	is "$(http cl "$(url $vip)")" "$answers" "$vip $1: it is back again"
	check "$vip $1: and trusted" wait_for 5 trusted
}
ip -n dir addr add 10.2.0.101/32 dev d1
ip -n dir addr add fd00:2::101/128 dev d1 nodad
answers=one
for vip in $VIP4 $VIP6; do
	serve nat
	# shellcheck disable=SC2046
	hc service set $(svc) through-stack
	both through-stack

	hc service flush
	is6 $vip && sources=fd00:2::101 || sources=10.2.0.101
	# shellcheck disable=SC2046
	hc service add $(svc) scheduler rr sources $sources
	# shellcheck disable=SC2046
	hc server add $(svc) "$(endpoint "$(server_addr 1 $vip)" 80)" method fullnat
	both fullnat
done

# The director's own server
start_nginx dir self 8080
answers=self at=dir port=8080
for vip in $VIP4 $VIP6; do
	hc service flush
	is6 $vip && own=fd00:2::1 || own=10.2.0.1
	# shellcheck disable=SC2046
	hc service add $(svc) scheduler rr
	# shellcheck disable=SC2046
	hc server add $(svc) "$(endpoint $own 8080)" method nat
	both local
done
stop_nginx dir
at=s1 port=80

# --- a SYN that comes once, and expires ----------------------------------------------------------------
vip=$VIP4
serve nat
deaf
flows raw4 tcp 10.1.0.99 $VIP4 7000 80 flags=2 > /dev/null
is "$(count unanswered)" 0 "a SYN that has not been answered yet"
check "counts when its time is over" wait_for 90 eval '[ "$(count unanswered)" = 1 ]'
hears

# --- UDP, and the setting ------------------------------------------------------------------------------
vip=$VIP4
hc service flush
hc settings set suspect-after 1
hc service add udp $VIP4:53 scheduler rr
hc server add udp $VIP4:53 10.2.0.11:54 method nat
flows timeout 1 > /dev/null
like "$(flows once udp $VIP4 53)" "refused|timeout" "udp: nobody listens"
check "udp: port unreachable, and suspect-after 1" wait_for 5 eval '[ "$(server "udp $VIP4:53" .suspect)" = true ]'
is "$(server "udp $VIP4:53" .failures.unreachable)" 1 "udp: counted"
hc settings set suspect-after 0
serve nat
stop_nginx s1
tries 4
is "$(count reset) $(server "" .suspect)" "4 false" "suspect-after 0: failures are counted, and no server is suspect"
fails_with 2 "0 to 65535" "suspect-after has a range" hc settings set suspect-after 65536
hc settings set suspect-after 3
start_nginx s1 one
hc service flush

# --- halbd: a check a minute, and one at once when a server is suspect ------------------------------------
conf=$TMP/halbd.conf
# configure [LINE]: of the virtual_server
configure() {
	cat > "$conf" <<-END
		virtual_server $VIP4 80 {
			delay_loop 60
			lb_algo rr
			lb_kind NAT
			protocol TCP
			$1
			real_server 10.2.0.11 80 {
				TCP_CHECK {
					connect_timeout 2
					retry 0
					warmup 0
				}
			}
			real_server 10.2.0.12 80 {
				TCP_CHECK {
					connect_timeout 2
					retry 0
					warmup 0
				}
			}
		}
	END
}
pool() { hc -j server show tcp $VIP4:80 2>/dev/null | jq -r '[.[].address] | sort | join(" ")'; }
pool_is() { [ "$(pool)" = "$1" ]; }
checks() { dir halbctl -j status | jq -c '[.checks.services[].servers[].checks[].checks]'; } # of both
checked() { [ "$(checks)" = "[$1,$2]" ]; }
# halbd_with NAME [LINE]: begins, and has checked both
halbd_with() {
	configure "$2"
	start_halbd "$conf"
	check "$1: both servers are in" wait_for 20 pool_is "10.2.0.11 10.2.0.12"
	check "$1: and checked, for a minute" wait_for 20 checked 1 1
}
halbd_with "with passive_health" passive_health
stop_nginx s1
start=$SECONDS
tries 8
check "with passive_health a dead server is out" wait_for 5 pool_is 10.2.0.12
between $((SECONDS - start)) 0 $((10 * HALB_SLOW)) "within seconds"
like "$(cat "$TMP/halbd.log")" "10.2.0.11.:tcp:80 is suspect: 3 new connections failed, the last one: reset" "halbd says why it looked"
is "$(http cl "$(url $VIP4)")" two "the other one serves"
kill $HALBD_PID
wait $HALBD_PID
start_nginx s1 one

# Clients are refused, the director is not.
halbd_with "a healthy server" passive_health
refuse "tcp reset" "ip saddr 10.1.0.2"
tries 8
check "a healthy server that is suspect is checked" wait_for 10 checked 2 1
is "$(pool)" "10.2.0.11 10.2.0.12" "and stays in"
takes
kill $HALBD_PID
wait $HALBD_PID

halbd_with "without passive_health" ""
stop_nginx s1
tries 8
# The module suspects it, and nobody looks.
check "without it the module alone suspects the server" wait_for 5 eval \
	'hc -j server show tcp $VIP4:80 | jq -e "any(.[]; .suspect)" > /dev/null'
is "$(checks) $(pool)" "[1,1] 10.2.0.11 10.2.0.12" "and it stays in, unchecked"
kill $HALBD_PID
wait $HALBD_PID
done_testing
