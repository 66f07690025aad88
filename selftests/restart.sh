#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbd comes, goes, is killed and comes back, with the module: whose state the module knows, which
# services serve, and that open connections survive all of it. A real keepalived is the other
# director.
#
#        10.1.0.2       10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 ---+------ d0 [ dir ] d1 ---+--- e0 [ s1 ]  replies via 10.2.0.1
#                +-- d0 [ dir2 ]          +--- e0 [ s2 ]
#              VIP: 10.1.0.80, .81
#
. "$(dirname "$0")/lib.sh"
topology routed 2 2
load_halb
start_nginx s1 one
start_nginx s2 two
VIP=10.1.0.80 VIP2=10.1.0.81
conf=$TMP/halbd.conf
log=$TMP/halbd.log

instance() { vrrp_block "$1" "$2" "$3" 1 "$4"; } # NAME VRID PRIORITY VIP
service() { # VIP
	cat <<-END
		virtual_server $1 80 {
			delay_loop 1
			lb_algo rr
			lb_kind NAT
			protocol TCP
			real_server 10.2.0.11 80 {
				TCP_CHECK {
					connect_timeout 3
				}
			}
			real_server 10.2.0.12 80 {
				TCP_CHECK {
					connect_timeout 3
				}
			}
		}
	END
}
halbd_start() { # [OPTIONS]
	nsenter --net=/run/netns/dir -- halbd -n -l -D -f "$conf" -p "$TMP/halbd.pid" "$@" >> "$log" 2>&1 &
	halbd=$!
}
# All of it at once, so that nobody cleans up behind anybody.
halbd_vanishes() {
	# shellcheck disable=SC2046
	{ kill -9 $halbd $(pgrep -P $halbd); wait $halbd; } 2>/dev/null
}
vrrp_status() { dir halbctl -j status | jq -r ".instances[] | select(.name == \"$1\") | .$2"; }
is_state() { [ "$(vrrp_status "$1" state)" = "$2" ]; }
object() { hc -j vrrp show "$1" | jq -r ".[0].$2"; }
object_is() { [ "$(object "$1" state)" = "$2" ]; }
pool_of() { hc -j server show tcp "$1:80" 2>/dev/null | jq length; }
serves() { [ "$(pool_of "$1")" = 2 ]; }
holds() { dir ip -o addr show | grep -qF " $1/24"; }
# What the module was told since the last call of `mark`
mark() { grep -c . "$TMP/events" > "$TMP/mark"; }
told() { tail -n +$(($(cat "$TMP/mark") + 1)) "$TMP/events"; }
# The changes of VI_1's state among it; that it is nobody's any more is none.
states_told() { told | awk '/vrrp set VI_1/ && $4 != last { print last = $4 }' | sed '1{/^master$/d}' | xargs; }

{ instance VI_1 51 150 $VIP; instance VI_2 52 150 $VIP2; service $VIP; } > "$conf"
on dir halbctl monitor > "$TMP/events" &
monitor=$!
halbd_start
check "VI_1 is master" wait_for 30 is_state VI_1 MASTER
check "... its service has its servers" wait_for 20 serves $VIP
is "$(object VI_1 state)" master "the module knows it by its name"
[ "$(object VI_1 owner)" -gt 0 ]
is $? 0 "... as halbd's"
# RFC 9568, 6.1: 3 * 1 s + (256 - 150) * 1 s / 256
is "$(object VI_1 grace)" 3414 "... with the master down interval as its grace"
is "$(hc -j service show tcp $VIP:80 | jq -r .[0].vrrp)" VI_1 "the service is bound to it"
fails_with 1 "belongs to a daemon that is running" "nobody else may set it" on dir halbctl vrrp set VI_1 backup
flows_start
flows timeout 30
BEGAN=$(flows open tcp $VIP 80 n=4)
is "$(tally "$BEGAN")" "one=2 two=2" "four connections"
# survive NAME: the connections are served, by who served them before
survive() { is "$(flows ask)" "$BEGAN" "$1: the connections go on"; }

# --- a reload ---------------------------------------------------------------------------------
mark
service $VIP2 >> "$conf"
kill -HUP $halbd
check "a reload gives services to VI_2, too" wait_for 20 serves $VIP2
check "... which the module is told of" wait_for 5 object_is VI_2 master
check "... so that they are served" http cl "$(url $VIP2)"
survive "a reload"
is "$(told | grep -c "vrrp set VI_1")" 0 "... VI_1 did not change"
{ instance VI_1 51 150 $VIP; service $VIP; } > "$conf"
kill -HUP $halbd
# Its service may have connections still, which keep its name.
check "a reload removes VI_2: in the module it is nobody's" wait_for 20 eval \
	'! hc vrrp show VI_2 2>/dev/null || [ "$(object VI_2 owner) $(object VI_2 services)" = "0 0" ]'
survive "another reload"

# --- processes die ----------------------------------------------------------------------------
mark
pkill -9 -P $halbd -x halbd_check
survive "no checker"
check "there is a new one" wait_for 20 pgrep -P $halbd -x halbd_check
survive "a new checker"
is "$(told | grep -cE "vrrp|service (del|add)|server (del|add)")" 0 "... and nothing came or went in the module" ||
	diag "$(told)"

mark
pkill -9 -P $halbd -x halbd_vrrp
check "the VRRP process is killed: the address is gone" wait_for 3 eval "! holds $VIP || ! is_state VI_1 MASTER"
check "... and the next one is master again" wait_for 40 eval "is_state VI_1 MASTER && holds $VIP"
survive "the VRRP process killed"
is "$(states_told)" "backup master" "... the next one took the instance over, it was never in fault" || diag "$(told)"

# --- all of it dies ------------------------------------------------------------------------------
# With a grace that is long enough to look, of which a reload tells the module
sed -i 's/advert_int 1$/advert_int 20/' "$conf"
kill -HUP $halbd
check "a reload with advert_int 20: another grace" wait_for 20 eval '[ "$(object VI_1 grace)" = 68281 ]'
mark
halbd_vanishes
is "$(object VI_1 owner)" 0 "all of halbd is killed: nobody owns the instance"
is "$(object VI_1 state)" master "... it is master for its grace"
survive "nobody there"
sed -i 's/advert_int 20$/advert_int 1/' "$conf"
halbd_start
check "started within the grace: master again" wait_for 40 eval "is_state VI_1 MASTER && holds $VIP && object_is VI_1 master"
survive "killed and started"
is "$(states_told)" "backup master" "... without a fault between" || diag "$(told)"
is "$(told | grep -cE "(service|server) (del|add)")" 0 "... and services were taken over as they were"

mark
{ kill -9 $halbd; wait $halbd; } 2>/dev/null
check "the supervisor is killed: the others end" wait_for 20 eval '! dir halbctl status'
check "... the address is given up" wait_for 10 eval "! holds $VIP"
check "... the instance is in fault" wait_for 10 object_is VI_1 fault
is "$(pool_of $VIP)" 2 "... and the services stay"
halbd_start
check "started again: master" wait_for 40 eval "is_state VI_1 MASTER && object_is VI_1 master"
survive "the supervisor killed"

# The grace is over before anybody comes.
halbd_vanishes
dir ip addr del $VIP/24 dev d0
check "nobody comes: fault when the grace is over" wait_for 15 object_is VI_1 fault
refute "... and nobody is served" on cl curl -s --noproxy '*' --max-time 2 "$(url $VIP)"
halbd_start
check "... and then somebody comes" wait_for 40 eval "is_state VI_1 MASTER && object_is VI_1 master"
survive "a fault in between"

# --- it is told to stop -------------------------------------------------------------------------
kill $halbd
wait $halbd
is "$? $(hc -j service show | jq length)" "0 0" "stopped: nothing is left in the module"
halbd_start -I
check "with -I" wait_for 40 eval "is_state VI_1 MASTER && serves $VIP"
flows forget > /dev/null
BEGAN=$(flows open tcp $VIP 80 n=4)
mark
kill $halbd
wait $halbd
is "$? $(pool_of $VIP) $(object VI_1 state)" "0 2 fault" "stopped with -I: services stay, and serve nobody"
halbd_start
check "started again" wait_for 40 eval "is_state VI_1 MASTER && object_is VI_1 master"
survive "stopped with -I and started"
is "$(told | grep -cE "(service|server) (del|add)")" 0 "... and services were taken over as they were" || diag "$(told)"

# --- another director ------------------------------------------------------------------------------
mark
instance VI_1 51 200 $VIP > "$TMP/keepalived.conf"
nsenter --net=/run/netns/dir2 -- keepalived -n -l -P -f "$TMP/keepalived.conf" -p "$TMP/ka.pid" -r "$TMP/ka.vrrp.pid" \
	> "$TMP/ka.log" 2>&1 &
keepalived=$!
check "a better keepalived comes: backup" wait_for 30 is_state VI_1 BACKUP
check "... in the module too" object_is VI_1 backup
# A client that has not heard yet who has the address now.
ip -n cl neigh replace $VIP dev c0 lladdr "$(ip -n dir -j link show d0 | jq -r .[0].address)"
n=$(passes not-master)
flows raw4 tcp 10.1.0.2 $VIP 55555 80 flags=2 > /dev/null
check "a packet that comes all the same is left to the stack" wait_for 5 eval '[ "$(passes not-master)" -gt $n ]'
ip -n cl neigh del $VIP dev c0
kill $keepalived
wait $keepalived
check "it goes: master, in the module too" wait_for 30 eval "is_state VI_1 MASTER && object_is VI_1 master"
survive "the other director came and went"
is "$(states_told)" "backup master" "... of which the module was told"
kill $halbd $monitor
wait $halbd
done_testing
