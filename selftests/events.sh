#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every change is an event, and nothing else is. What kinds there are says uapi/halb.yaml: one
# that no row brings about is a failure.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
start_servers 1
flows_start
set -f
svc="tcp $VIP4:80" svc6="tcp [$VIP6]:80"

on dir halbctl -j monitor > "$TMP/json" & monitor_json=$!
on dir halbctl monitor > "$TMP/text" & monitor=$!
at_exit kill $monitor $monitor_json
wait_for 20 eval 'hc settings set udp-timeout $((1000 + RANDOM)); [ -s "$TMP/text" ] && [ -s "$TMP/json" ]'

# What has come so far of both, without the marks below.
events() { jq -r '.event' < "$TMP/json" | tail -n "+$((json + 1))"; }
lines() { tail -n "+$((text + 1))" "$TMP/text"; }
mark=100000
# Events come in order: once a mark of ours has come all that was before it has.
marked() { grep -q "udp-timeout $mark\b" "$TMP/text" && grep -q "\"udp_timeout\":$mark\b" "$TMP/json"; }
sync_events() {
	mark=$((mark + 1))
	hc settings set udp-timeout $mark
	wait_for 20 marked || bail "the monitor does not follow"
}
from_here() { text=$(wc -l < "$TMP/text") json=$(wc -l < "$TMP/json"); }
# begin: what comes from now on counts
begin() {
	sync_events
	from_here
}
# came KINDS TEXT NAME: since then; TEXT without settings, which have a line of all of them. And
# what comes from now on counts.
came() {
	local kinds
	sync_events
	kinds=$(events | head -n -1 | xargs)
	WORDS=$(lines | head -n -1)
	SEEN+=" $kinds"
	is "$kinds" "$1" "$3: ${1:-no event}"
	[ -z "${2-}" ] || is "$(grep -v ^settings <<< "$WORDS")" "$2" "$3: in words"
	from_here
}
SEEN=
# row NAME KINDS TEXT COMMAND...: the command is a change, of which these events tell
row() {
	local name=$1 kinds=$2 words=$3
	shift 3
	"$@" >/dev/null || not_ok "$name" "refused: $*"
	came "$kinds" "$words" "$name"
}
begin

# --- services -------------------------------------------------------------------------------------
row "a service" service-add "service add $svc scheduler rr" hc service add $svc scheduler rr
row "an IPv6 service" service-add "service add $svc6 scheduler wlc" hc service add $svc6
row "a service by mark" service-add "service add fwmark 7 scheduler wlc" hc service add fwmark 7
row "a service for all ports" service-add "service add udp $VIP4:0 scheduler wlc persistent 300" \
	hc service add udp $VIP4:0 persistent
row "its scheduler" service-set "service set $svc scheduler wrr" hc service set $svc scheduler wrr
row "persistence" service-set "service set $svc scheduler wrr persistent 60 netmask 255.255.255.0" \
	hc service set $svc persistent 60 netmask 24
row "no persistence" service-set "service set $svc scheduler wrr" hc service set $svc no-persistent
for flag in sh-fallback sh-port adopt yield; do
	row "the flag $flag" service-set "service set $svc scheduler wrr $flag" hc service set $svc $flag
	row "no $flag" service-set "service set $svc scheduler wrr" hc service set $svc no-$flag
done
row "the flag ops" service-set "service set udp $VIP4:0 scheduler wlc persistent 300 ops" hc service set udp $VIP4:0 ops
row "source addresses" service-set "service set $svc scheduler wrr sources 10.2.0.1" hc service set $svc sources 10.2.0.1
row "no source addresses" service-set "service set $svc scheduler wrr" hc service set $svc sources none
row "timeouts of its own" service-set "service set $svc scheduler wrr tcp-timeout 11 tcp-fin-timeout 13" \
	hc service set $svc tcp-timeout 11 tcp-fin-timeout 13
row "no timeouts" service-set "service set $svc scheduler wrr" hc service set $svc tcp-timeout 0 tcp-fin-timeout 0
row "a limit" service-set "service set $svc scheduler wrr conn-limit 7" hc service set $svc conn-limit 7
row "no limit" service-set "service set $svc scheduler wrr" hc service set $svc conn-limit 0
row "a VRRP instance" service-set "service set $svc scheduler wrr vrrp VI_1" hc service set $svc vrrp VI_1
row "what it is already" "" "" hc service set $svc scheduler wrr
row "a service less" service-del "service del udp $VIP4:0" hc service del udp $VIP4:0

# --- servers -----------------------------------------------------------------------------------------
s="server set $svc 10.2.0.11:80 method nat"
row "a server" server-add "server add $svc 10.2.0.11:80 method nat weight 1" hc server add $svc 10.2.0.11 method nat
row "an IPv6 server" server-add "server add $svc6 [fd00:2::b]:80 method dr weight 3" hc server add $svc6 [fd00:2::b] weight 3
row "its weight" server-set "$s weight 5" hc server set $svc 10.2.0.11 weight 5
row "its thresholds" server-set "$s weight 5 upper 10 lower 4" hc server set $svc 10.2.0.11 upper 10 lower 4
row "none" server-set "$s weight 5" hc server set $svc 10.2.0.11 upper 0 lower 0
row "backup" server-set "$s weight 5 backup" hc server set $svc 10.2.0.11 backup
row "no backup" server-set "$s weight 5" hc server set $svc 10.2.0.11 no-backup
row "a drain" server-set "$s weight 0" hc server drain $svc 10.2.0.11
row "a deadline" server-set "$s weight 0 drain 2678400" hc server drain $svc 10.2.0.11 timeout 2678400
row "no deadline" server-set "$s weight 0" hc server drain $svc 10.2.0.11
row "its end" server-set "$s weight 1" hc server set $svc 10.2.0.11 weight 1
row "the same weight again" "" "" hc server set $svc 10.2.0.11 weight 1
row "its method makes another server of it" "server-del server-add" "server del $svc 10.2.0.11:80
server add $svc 10.2.0.11:80 method tun weight 1" hc server set $svc 10.2.0.11 method tun
row "its tunnel" server-set "server set $svc 10.2.0.11:80 method tun weight 1 tun-type gue tun-port 6080" \
	hc server set $svc 10.2.0.11 tun-type gue tun-port 6080
row "a server less" server-del "server del $svc 10.2.0.11:80" hc server del $svc 10.2.0.11

# --- settings: each ---------------------------------------------------------------------------------
for setting in "tcp-timeout 901" "tcp-fin-timeout 121" "udp-timeout 301" "conn-limit 123456" "vip-unmatched reject" \
	"source-check off" "expire-quiescent-template on"; do
	row "the setting $setting" settings-set "" hc settings set $setting
	like "$WORDS" "^settings set .*$setting" "the setting $setting: in words"
done
row "a setting as it is" "" "" hc settings set conn-limit 123456
hc settings set tcp-timeout 900 tcp-fin-timeout 120 conn-limit 100000 vip-unmatched accept source-check on \
	expire-quiescent-template off
begin

# --- VRRP instances ------------------------------------------------------------------------------------
row "an instance is master" instance-set "vrrp set VI_1 master" hc vrrp set VI_1 master
row "backup" instance-set "vrrp set VI_1 backup" hc vrrp set VI_1 backup
row "fault" instance-set "vrrp set VI_1 fault" hc vrrp set VI_1 fault
row "its state again" "" "" hc vrrp set VI_1 fault
row "master again" instance-set "vrrp set VI_1 master" hc vrrp set VI_1 master
row "it is forgotten" instance-set "vrrp set VI_1 fault" hc vrrp del VI_1
hc service set $svc no-vrrp
# Its owner goes away: the grace, and then fault.
begin
dir python3 - "$HALB_SRC/selftests" <<-'END'
	import sys
	sys.path.insert(0, sys.argv[1])
	from halbnl import Halb
	Halb().do("instance-set", instance=[dict(name="VI_2", state="master", grace=100)])
END
check "an owner goes: fault after the grace" wait_for 20 eval 'lines | grep -qx "vrrp set VI_2 fault"'
came "instance-set instance-set instance-set" "vrrp set VI_2 master
vrrp set VI_2 master
vrrp set VI_2 fault" "an owner comes, goes, and its grace ends"

# --- many at once --------------------------------------------------------------------------------------
hc service flush
hc settings set conn-limit 100000 udp-timeout 300
hc service add $svc scheduler rr
hc server add $svc 10.2.0.11 method nat
hc server add $svc 10.2.0.12 method nat
hc service add $svc6
cat > "$TMP/next" <<END
settings set conn-limit 99999
service add $svc scheduler wrr
server add $svc 10.2.0.12:80 method nat weight 2
server add $svc 10.2.0.13:80 method nat weight 1
service add udp $VIP4:53
END
begin
row "a transaction" "service-del service-set server-del server-set server-add service-add settings-set" \
"service del $svc6
service set $svc scheduler wrr
server del $svc 10.2.0.11:80
server set $svc 10.2.0.12:80 method nat weight 2
server add $svc 10.2.0.13:80 method nat weight 1
service add udp $VIP4:53 scheduler wlc" hc restore "$TMP/next"
row "the same once more" "" "" hc restore "$TMP/next"
begin
echo "server add $svc 10.2.0.12:80" >> "$TMP/next"
sed -i "s/scheduler wrr/scheduler sh/" "$TMP/next"
fails_with 1 "has this server already" "a transaction that is refused" hc restore "$TMP/next"
came "" "" "a transaction that is refused"
row "a flush" "service-del service-del" "service del $svc
service del udp $VIP4:53" hc service flush

# --- what comes by itself --------------------------------------------------------------------------------
FLAGS=
# later NAME FLAG TEXT: a server's event, which comes a moment after what brought it about
later() {
	check "$1" wait_for 30 eval "lines | grep -qxF '$3'"
	check "$1: as JSON" wait_for 10 eval "jq -e 'select(.event == \"server-set\" and .server.${2//-/_})' < $TMP/json"
	FLAGS+=" $2"
}
hc service add $svc scheduler rr
hc server add $svc 10.2.0.11 method nat upper 1
begin
is "$(flows open tcp $VIP4 80)" one "a connection"
later "a server is overloaded" overload "server set $svc 10.2.0.11:80 method nat weight 1 upper 1 # overload"
begin
hc conn flush >/dev/null
check "and is no more" wait_for 30 eval "lines | grep -qxF 'server set $svc 10.2.0.11:80 method nat weight 1 upper 1'"
flows forget >/dev/null
begin
hc server drain $svc 10.2.0.11 timeout 1
later "the deadline of a drain is over" drained "server set $svc 10.2.0.11:80 method nat weight 0 upper 1 # drained"
# One source address, and two ports that sockets leave.
dir sysctl -qw net.ipv4.ip_local_port_range="1026 65535"
hc service add udp $VIP4:53 scheduler rr sources 10.2.0.1
hc server add udp $VIP4:53 10.2.0.11 method fullnat
is "$(flows open udp $VIP4 53 n=2)" "one one" "each source port carries a flow"
begin
flows timeout 1 >/dev/null
is "$(flows open udp $VIP4 53)" timeout "and there is none for another"
later "source ports run out" no-source-port "server set udp $VIP4:53 10.2.0.11:53 method fullnat weight 1 # no-source-port"

# --- and what a server's connections say of it ---------------------------------------------------
hc service add tcp $VIP4:81 scheduler rr
hc server add tcp $VIP4:81 10.2.0.11 method nat
hc settings set suspect-after 1
begin
is "$(flows open tcp $VIP4 81)" refused "nobody listens"
words="# server tcp $VIP4:81 10.2.0.11:81 suspect: 1 in a row failed, the last: reset"
check "a server is suspect" wait_for 30 eval 'lines | grep -qxF "$words"'
check "a server is suspect: as JSON" wait_for 10 eval \
	"jq -e 'select(.event == \"server-suspect\" and .server.suspect and .server.failures.last == \"reset\")' < $TMP/json"
SEEN+=" server-suspect" FLAGS+=" suspect"

# --- the matrix --------------------------------------------------------------------------------------------
# spec PATH: what uapi/halb.yaml lists
spec() { python3 -c "
import sys, yaml
spec = yaml.safe_load(open('$HALB_SRC/uapi/halb.yaml'))
if sys.argv[1] == 'events':
    print(*(op['name'] for op in spec['operations']['list'] if op.get('mcgrp') == 'events'))
else:
    print(*(e['name'] for d in spec['definitions'] if d['name'] == 'server-flag' for e in d['entries']))
" "$1"; }
events=$(spec events) flags=$(spec flags)
between "$(wc -w <<< "$events")" 8 99 "the contract has kinds of events"
for event in $events; do
	kind=${event%-ntf}
	# a change is the only thing that happens to these
	case $kind in settings | instance) kind=$kind-set ;; esac
	like " $SEEN " " $kind " "there was $event"
done
between "$(wc -w <<< "$flags")" 2 99 "the contract has flags of servers, which change by themselves"
for flag in $flags; do like " $FLAGS " " $flag " "there was an event of $flag"; done
done_testing
