#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbd with services: what becomes of the VRRP instances when the module cannot serve them, and
# what halbctl status says of instances, services, servers and checks.
#
#        10.1.0.2            10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- e0 [ s1 ]  replies via 10.2.0.1
#                        10.9.0.80, .81       +--- e0 [ s2 ]
#
. "$(dirname "$0")/lib.sh"
[ ! -d /sys/module/halb ] || rmmod halb
topology routed 2
start_nginx s1 one
start_nginx s2 two
svc="tcp $VIP4:80"
conf=$TMP/halbd.conf
log=$TMP/halbd.log

# VI_1 has services; VI_2 has none, and must not care.
configure() { # [FURTHER-BLOCKS]
	cat > "$conf" <<-END
		global_defs {
			router_id dir
		}
		vrrp_instance VI_1 {
			interface d0
			virtual_router_id 51
			priority 150
			advert_int 1
			virtual_ipaddress {
				$VIP4/32
			}
		}
		vrrp_instance VI_2 {
			interface d1
			virtual_router_id 52
			priority 150
			advert_int 1
			virtual_ipaddress {
				10.2.0.200/32
			}
		}
		virtual_server $VIP4 80 {
			delay_loop 1
			lb_algo wrr
			lb_kind NAT
			protocol TCP
			real_server 10.2.0.11 80 {
				weight 1
				TCP_CHECK {
					connect_timeout 3
					retry 0
				}
			}
			real_server 10.2.0.12 80 {
				weight 2
				HTTP_GET {
					url {
						path /
						status_code 200
					}
					connect_timeout 3
					retry 0
				}
			}
		}
		${1:-}
	END
}
status() { dir halbctl -j status; }
instance() { status | jq -r ".instances[] | select(.name == \"$1\") | .state"; }
is_state() { [ "$(instance "$1")" = "$2" ]; }
reason() { status | jq -r '.instances[] | select(.name == "VI_1") | .reason'; }
checks() { status | jq -r ".checks | $1"; }
pool() { hc -j server show $svc 2>/dev/null | jq -c '[.[] | [.address, .weight]] | sort' ; }
pool_is() { [ "$(pool)" = "$1" ]; }
holds() { dir ip -o addr show | grep -qF " $1/32"; }
unprivileged() { on dir setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

# --- no module ------------------------------------------------------------------------------
configure
# nsenter itself becomes the daemon, so that it is the one that is killed.
nsenter --net=/run/netns/dir -- halbd -n -l -D -f "$conf" -p "$TMP/halbd.pid" > "$log" 2>&1 &
halbd=$!
check "without a module an instance without services is master" wait_for 20 is_state VI_2 MASTER
check "and one with services is in fault" is_state VI_1 FAULT
like "$(reason)" "no virtual server works: the halb module is not loaded" "its reason is the missing module"
refute "the VIP is not taken" holds $VIP4
like "$(checks .fault)" "module is not loaded" "the checks' status says it, too"
like "$(unprivileged halbctl status)" "VI_1 +FAULT .*the halb module is not loaded.*Services cannot be served: the halb module is not loaded" \
	"so does halbctl status, for anybody"
load_halb
check "the module comes: the instance becomes master" wait_for 20 is_state VI_1 MASTER
check "the service has its servers" wait_for 10 pool_is '[["10.2.0.11",1],["10.2.0.12",2]]'
is "$(http cl "$(url $VIP4 80 '?[1-9]')" -H "Connection: close" | sort | uniq -c | awk '{ print $2 $1 }' | xargs)" "one3 two6" "and serves"
is "$(hc -j vrrp show VI_1 | jq -r .[0].state)" master "the module knows its state"
is "$(hc -j service show $svc | jq -r .[0].vrrp)" VI_1 "the service is bound to the instance that has its address"
check "nothing is at fault" eval '[ -z "$(checks .fault)" ]'

# --- the module goes, and comes back ---------------------------------------------------------
rmmod halb
check "the module goes: fault, at once" wait_for 3 is_state VI_1 FAULT
like "$(reason)" "no virtual server works: the halb module is not loaded" "with the reason"
check "the VIP is given up" wait_for 3 eval "! holds $VIP4"
is "$(instance VI_2)" MASTER "an instance without services stays master"
load_halb
check "the module comes back: master" wait_for 20 is_state VI_1 MASTER
check "with its services" wait_for 10 pool_is '[["10.2.0.11",1],["10.2.0.12",2]]'
check "which are served" http cl "$(url $VIP4)"

# --- the processes die -----------------------------------------------------------------------
{ pkill -9 -P $halbd -x halbd_check; } 2>/dev/null
check "a checker that dies is started again" wait_for 10 eval "pgrep -P $halbd -x halbd_check && grep -q 'services stay as they are' $log"
check "and takes over what is there" wait_for 10 eval '[ "$(checks ".services | length")" = 1 ]'
is "$(pool)" '[["10.2.0.11",1],["10.2.0.12",2]]' "the pool is as it was"
is "$(instance VI_1)" MASTER "the instance stayed master"
rmmod halb
wait_for 5 is_state VI_1 FAULT
{ pkill -9 -P $halbd -x halbd_vrrp; } 2>/dev/null
check "a VRRP process that is started meanwhile is told of the fault" wait_for 10 eval \
	"pgrep -P $halbd -x halbd_vrrp && is_state VI_2 MASTER && is_state VI_1 FAULT"
load_halb
check "and of its end" wait_for 20 is_state VI_1 MASTER

# --- status ------------------------------------------------------------------------------------
check "servers are up" wait_for 10 eval '[ "$(checks ".services[0].servers | map(.state) | unique | .[]")" = up ]'
check "checks have run" wait_for 10 eval '[ "$(checks "[.services[0].servers[].checks[0].checks > 1] | all")" = true ]'
is "$(checks '.services[0] | [.service, .vrrp, .state, .weight, .quorum] | map(tostring) | join(" ")')" \
	"tcp $VIP4:80 VI_1 up 3 1" "status of a service"
is "$(checks '.services[0].servers | map([.server, .state, (.weight | tostring), .checks[0].check, .checks[0].last] | join(" ")) | join(", ")')" \
	"10.2.0.11:80 up 1 TCP_CHECK passed, 10.2.0.12:80 up 2 HTTP_GET passed" "status of its servers"
check "a check took some time, and the next one is less than delay_loop away" eval \
	'[ "$(checks "[.services[0].servers[].checks[0] | .\"took-us\" > 0 and .\"took-us\" < 1000000 and .\"next-us\" <= 1000000] | all")" = true ]'
stop_nginx s2
check "a server that dies is down" wait_for 10 eval '[ "$(checks ".services[0].servers[1].state")" = down ]'
check "and out of the pool" wait_for 5 pool_is '[["10.2.0.11",1]]'
is "$(checks '.services[0].servers[1].checks[0] | [.state, .last] | join(" ")')" "down failed" "its check says so"
like "$(checks '.services[0].servers[1].checks[0].reason')" "refused" "and why"
between "$(checks '.services[0].servers[1].checks[0].failures')" 1 100 "failures are counted"
between "$(checks '.services[0].servers[1]."since-seconds"')" 0 20 "since when is said"
text=$(unprivileged halbctl status)
like "$text" "VI_1 +MASTER" "for people: the instance"
like "$text" "tcp $VIP4:80 +up +[0-9]+ s +1 .*quorum 1" "the service"
like "$text" "10.2.0.11:80 +up +[0-9]+ s +1 +TCP_CHECK +passed +[0-9.]+ ms +0 of [0-9]+ " "a server that is up"
like "$text" "10.2.0.12:80 +down +[0-9]+ s +2 +HTTP_GET +failed +[0-9.]+ ms +[1-9][0-9]* of [0-9]+ .*refused" "one that is down"
diag "$text"
start_nginx s2 two
check "it returns" wait_for 10 pool_is '[["10.2.0.11",1],["10.2.0.12",2]]'

# --- what the module refuses ------------------------------------------------------------------------
# A service whose address it does not take, and a server whose thresholds it does not take.
configure "virtual_server 224.0.0.80 80 {
	vrrp VI_2
	lb_kind NAT
	real_server 10.2.0.11 80 {
	}
}
virtual_server 10.2.0.200 80 {
	lb_kind NAT
	real_server 10.2.0.11 80 {
		lthreshold 5
	}
	real_server 10.2.0.12 80 {
	}
}"
line=$(grep -n "virtual_server 224.0.0.80" "$conf" | cut -d: -f1)
kill -HUP $halbd
check "a service is refused: its instance is in fault" wait_for 20 is_state VI_2 FAULT
like "$(status | jq -r '.instances[] | select(.name == "VI_2") | .reason')" \
	"the module refuses the virtual server tcp 224.0.0.80:80: .*unicast" "with the module's reason"
check "it is logged, with its line" grep -q "$conf:$line: the module refuses the service tcp 224.0.0.80:80: " "$log"
is "$(instance VI_1)" MASTER "another instance stays master"
is "$(pool)" '[["10.2.0.11",1],["10.2.0.12",2]]' "and has its service"
is "$(checks '.fault')" "" "the services are served"
is "$(checks '.services[1].state')" refused "the status says which one is not"
like "$(checks '.services[1].refused')" unicast "and why"
is "$(hc -j server show tcp 10.2.0.200:80 | jq -r 'map(.address) | join(" ")')" 10.2.0.12 \
	"a server is refused: its service has the other one"
check "it is logged, with its line" grep -q "$conf:$((line + 8)): the module refuses the server 10.2.0.11:80 of tcp 10.2.0.200:80: " "$log"
like "$(checks '.services[2].servers[0].refused')" upper "and in the status"
like "$(unprivileged halbctl status)" "tcp 224.0.0.80:80 +refused .*the module refuses it: .*unicast.*10.2.0.11:80 .*the module refuses it: .*upper" \
	"also for people"
stop_nginx s2
check "health checks go on" wait_for 10 pool_is '[["10.2.0.11",1]]'
start_nginx s2 two
configure
kill -HUP $halbd
check "without what is refused the fault is over" wait_for 20 is_state VI_2 MASTER
check "and the server is back" wait_for 10 pool_is '[["10.2.0.11",1],["10.2.0.12",2]]'

# --- the end ---------------------------------------------------------------------------------------
kill $halbd
wait $halbd
is "$?" 0 "halbd stops"
is "$(hc -j service show | jq length)" 0 "and leaves nothing behind in the module"
fails_with 1 "halbd does not run in this network namespace" "nobody tells the status then" on dir halbctl status
done_testing
