#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbctl and the module: what is refused and how, who may do what, what is printed, events.
# tools/tests has what needs no kernel; save.sh and scale.sh have restore.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2

# --- no module ---------------------------------------------------------------------------
fails_with 1 'halb module is not loaded' "no module" hc service show
like "$(hc version)" '^halbctl [0-9.]+, module not loaded$' "its version all the same"
is "$([ -d /sys/module/halb ] && echo loaded)" "" "halbctl does not load the module"
load_halb
like "$(hc version)" '^halbctl [0-9.]+, module [0-9.]+' "versions"

svc="tcp $VIP4:80"
svc6="tcp [$VIP6]:80"
# Where a list of words is wanted.
# shellcheck disable=SC2086
{
# --- refusals --------------------------------------------------------------------------------
check "a service" hc service add $svc scheduler wrr
check "a server" hc server add $svc 10.2.0.11:80 method nat
check "an IPv6 service" hc service add $svc6
fails_with 1 '^halbctl: unknown scheduler.* rr, wrr, .*wlc' "unknown scheduler: the valid ones are listed" \
	hc service add tcp 10.9.0.81:80 scheduler nosuch
fails_with 1 '^halbctl: unknown scheduler' "a scheduler with a very long name" \
	hc service add tcp 10.9.0.81:80 scheduler "$(printf 'x%.0s' $(seq 100))"
fails_with 1 '^halbctl: .*exists already.*service set' "a service twice" hc service add $svc
fails_with 1 '^halbctl: .*this server already.*server set' "a server twice" hc server add $svc 10.2.0.11:80
fails_with 1 '^halbctl: no such service' "a server of no service" hc server add tcp 10.9.0.99:80 10.2.0.11:80
fails_with 1 '^halbctl: no such service' "service set of no service" hc service set tcp 10.9.0.99:80 adopt
fails_with 1 '^halbctl: no such service' "service del of no service" hc service del tcp 10.9.0.99:80
fails_with 1 '^halbctl: no such service' "service show of no service" hc service show tcp 10.9.0.99:80
fails_with 1 '^halbctl: no such service' "server show of no service" hc server show tcp 10.9.0.99:80
fails_with 1 '^halbctl: no such service' "zero of no service" hc zero tcp 10.9.0.99:80
fails_with 1 '^halbctl: .*no such server' "server set of no server" hc server set $svc 10.2.0.99:80 weight 2
fails_with 1 '^halbctl: .*no such server' "server del of no server" hc server del $svc 10.2.0.99:80
fails_with 1 '^halbctl: .*no such server' "server drain of no server" hc server drain $svc 10.2.0.99:80
fails_with 1 '^halbctl: .*no such server' "server show of no server" hc server show $svc 10.2.0.99:80
for method in nat dr; do
	fails_with 1 '^halbctl: IPv4 and IPv6 do not mix' "an IPv6 server of an IPv4 VIP: $method" \
		hc server add $svc '[fd00:2::b]:80' method $method
done
fails_with 1 '^halbctl: .*keep the service.s port' "dr with another port" \
	hc server add $svc 10.2.0.12:8080 method dr
fails_with 1 '^halbctl: .*lower threshold' "lower above upper" \
	hc server set $svc 10.2.0.11:80 upper 5 lower 6
fails_with 1 '^halbctl: .*unicast' "a multicast VIP" hc service add udp 224.0.0.1:53
fails_with 2 '^halbctl: port 99999 ' "port 99999" hc service add tcp $VIP4:99999
fails_with 2 '^halbctl: weight 70000 ' "weight 70000" hc server add $svc 10.2.0.12:80 weight 70000
fails_with 2 'is not an address' "a malformed address" hc server add $svc 10.2.0.256:80
fails_with 2 '^halbctl: unknown option' "an unknown option" hc --frobnicate
is "$(hc save | grep -c ^service) $(hc save | grep -c ^server)" "2 1" "all of them changed nothing"

# --- permission ---------------------------------------------------------------------------------
nobody() { dir setpriv --reuid=65534 --regid=65534 --clear-groups halbctl "$@"; }
for words in "service show" "server show" "settings show" "stats" "save"; do
	check "nobody may $words" nobody $words
done
is "$(nobody save)" "$(hc save)" "and sees the same"
hc save > "$TMP/saved"
chmod 755 "$TMP" && chmod 644 "$TMP/saved"
for words in "service add tcp 10.9.0.81:80" "service flush" "server drain $svc 10.2.0.11:80" \
	"settings set tcp-timeout 5" "zero" "conn show" "conn flush" "restore $TMP/saved"; do
	fails_with 1 '^halbctl: not permitted: .*root.*CAP_NET_ADMIN' "but not $words" nobody $words
done
is "$(hc save)" "$(cat "$TMP/saved")" "nothing has changed"

# --- partial changes --------------------------------------------------------------------------------
saves() { is "$(hc save | grep -F "$(cut -d ' ' -f 1-4 <<< "$1")")" "$1" "$2"; } # LINE NAME
hc service set $svc6 persistent 100 prefix 64 sh-port adopt
saves "service add $svc6 scheduler wlc persistent 100 prefix 64 sh-port adopt" "service set: persistence, flags"
hc service set $svc6 scheduler mh no-sh-port sh-fallback
saves "service add $svc6 scheduler mh persistent 100 prefix 64 sh-fallback adopt" "the rest stays"
hc service set $svc6 no-persistent no-adopt no-sh-fallback
saves "service add $svc6 scheduler mh" "all off"
hc server set $svc 10.2.0.11:80 weight 7 upper 10
hc server set $svc 10.2.0.11:80 lower 3
saves "server add $svc 10.2.0.11:80 method nat weight 7 upper 10 lower 3" "server set"
hc server drain $svc 10.2.0.11:80
saves "server add $svc 10.2.0.11:80 method nat weight 0 upper 10 lower 3" "server drain"
hc server set $svc 10.2.0.11 weight 1 upper 0 lower 0
saves "server add $svc 10.2.0.11:80 method nat weight 1" "a server without its port has the service's"
hc settings set tcp-timeout 901 vip-unmatched drop source-check off
is "$(hc -j settings show | jq -c '[.tcp_timeout, .udp_timeout, .vip_unmatched, .source_check]')" \
	'[901,300,"drop",false]' "settings"
hc settings set tcp-timeout 900 vip-unmatched accept source-check on

# --- what is printed -----------------------------------------------------------------------------------
hc server add $svc 10.2.0.12:80 method nat weight 2 upper 100
hc service add fwmark 7 inet6 scheduler rr
start_nginx s1 one
start_nginx s2 two
is "$(http_many cl "$(url $VIP4)" 9 | http_share two)" 6 "traffic"
hc service show > "$TMP/table"
# But for the numbers of connections, which time changes.
is "$(cut -c 1-46,65- "$TMP/table" | sed 's/ *$//')" \
"SERVICE              SCHEDULER  METHOD  WEIGHT  OPTIONS
tcp $VIP4:80     wrr
  10.2.0.11:80                  nat          1
  10.2.0.12:80                  nat          2  upper 100
tcp [$VIP6]:80  mh
fwmark 7 inet6       rr" "the table of services"
is "$(hc service show $svc | wc -l)" 4 "one service"
is "$(hc server show $svc | sed 's/ *[0-9]* *[0-9]*\( *upper 100\)\{0,1\}$//')" \
"SERVER        SERVICE           METHOD  WEIGHT  ACTIVE  INACTIVE  OPTIONS
10.2.0.11:80  tcp $VIP4:80  nat          1
10.2.0.12:80  tcp $VIP4:80  nat          2" "the table of servers"
is "$(hc -j service show $svc | jq -c '.[0] | [.protocol, .address, .port, .family, .scheduler, .persistent, (.servers | map(.weight))]')" \
	"[\"tcp\",\"$VIP4\",80,\"inet\",\"wrr\",false,[1,2]]" "a service in JSON"
is "$(hc -j service show fwmark 7 inet6 | jq -c '.[0] | [.fwmark, .family, .address]')" '[7,"inet6",null]' "a mark in JSON"
is "$(hc -j server show $svc 10.2.0.12:80 | jq -c '.[0] | [.service.address, .address, .port, .method, .weight, .upper, .lower, .overload]')" \
	"[\"$VIP4\",\"10.2.0.12\",80,\"nat\",2,100,0,false]" "a server in JSON"
is "$(hc -j -p stats | jq .total.conns) $(hc -j stats | jq '.services[0].stats.conns')" "9 9" "statistics in JSON, pretty or not"
like "$(hc stats)" "total +9 +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+"$'\n'"tcp $VIP4:80 +9 .*direct +[1-9]" "statistics"
is "$(hc stats | grep -c martian-source) $(hc stats -a | grep -c martian-source)" "0 1" "counters that are 0 only with -a"
like "$(hc stats rate)" '^[0-9]+ connections.*PER SECOND +CONNS' "rates"
hc zero $svc
is "$(hc -j stats | jq -c '[.services[0].stats.conns, .total.conns]')" "[0,9]" "zero of a service"
hc zero
is "$(hc -j stats | jq .total.conns)" 0 "zero"

# --- connections ---------------------------------------------------------------------------------------------
conns() { hc -j conn show "$@" | jq length; }
is "$(conns)" 9 "nine connections"
is "$(conns service $svc) $(conns service $svc6) $(conns service fwmark 7)" "9 0 0" "by service"
is "$(conns server 10.2.0.12:80) $(conns server 10.2.0.11) $(conns server 10.2.0.11:81)" "6 3 0" "by server"
is "$(conns client 10.1.0.2) $(conns client 10.1.0.3) $(conns tcp) $(conns udp)" "9 0 9 0" "by client, by protocol"
port=$(hc -j conn show | jq '.[4].client_port')
is "$(hc -j conn show client 10.1.0.2:$port server 10.2.0.12 | jq -c '.[] | [.protocol, .client_port, .service_address, .service_port, .method, .fwmark]')" \
	"$(hc -j conn show client 10.1.0.2:$port | jq -c '.[] | select(.server_address == "10.2.0.12") | ["tcp", .client_port, "'$VIP4'", 80, "nat", null]')" "all ends"
like "$(hc conn show client 10.1.0.2:$port)" "^PROTOCOL +CLIENT +SERVICE +SOURCE +SERVER +METHOD +STATE +EXPIRES +FWMARK
tcp +10.1.0.2:$port +$VIP4:80 +10.2.0.1[12]:80 +nat +[a-z-]+ +[0-9]+$" "the table of connections"
is "$(hc conn flush client 10.1.0.2:$port)" "1 connection removed" "one connection is flushed"
n=$(conns server 10.2.0.12)
is "$(hc -j conn flush server 10.2.0.12 | jq .flushed) $(conns server 10.2.0.12)" "$n 0" "those of a server"
hc conn flush > "$TMP/flushed"
is "$(conns)" 0 "all of them: $(cat "$TMP/flushed")"

# --- events ---------------------------------------------------------------------------------------------------
on dir halbctl monitor > "$TMP/events" & monitor=$!
on dir halbctl -j monitor > "$TMP/events.json" & monitor_json=$!
at_exit kill $monitor $monitor_json
# Both have joined the group once changes arrive at both; what changes nothing is no event.
wait_for 20 eval 'hc settings set udp-timeout $((1000 + RANDOM)); [ -s "$TMP/events" ] && [ -s "$TMP/events.json" ]'
hc service add udp $VIP4:53 scheduler rr
hc server add udp $VIP4:53 10.2.0.11:53 method dr
hc server drain udp $VIP4:53 10.2.0.11:53
hc service set udp $VIP4:53 scheduler wrr persistent 60
hc server del udp $VIP4:53 10.2.0.11:53
hc service del udp $VIP4:53
hc settings set udp-timeout 300
wait_for 10 grep -q 'udp-timeout 300' "$TMP/events"
wait_for 10 grep -q '"udp_timeout":300' "$TMP/events.json"
is "$(grep -v ^settings "$TMP/events")" "service add udp $VIP4:53 scheduler rr
server add udp $VIP4:53 10.2.0.11:53 method dr weight 1
server set udp $VIP4:53 10.2.0.11:53 method dr weight 0
service set udp $VIP4:53 scheduler wrr persistent 60
server del udp $VIP4:53 10.2.0.11:53
service del udp $VIP4:53" "events are commands"
is "$(jq -rc 'select(.event != "settings-set") | [.event, .service.scheduler // .server.weight] | @tsv' "$TMP/events.json" | tr '\t' ' ')" \
"service-add rr
server-add 1
server-set 0
service-set wrr
server-del 0
service-del wrr" "events in JSON, an object a line"
hc save > "$TMP/saved"
hc service flush
wait_for 10 grep -q "service del fwmark 7 inet6" "$TMP/events"
ok "service flush is an event for each service"
hc restore "$TMP/saved"
check "a restore, too" wait_for 10 eval '[ "$(grep -c "^service add fwmark 7 inet6" "$TMP/events")" = 1 ]'
check "the monitors are alive" kill -0 $monitor $monitor_json
}
done_testing
