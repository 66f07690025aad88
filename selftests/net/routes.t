#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Virtual routes and rules, static addresses, routes and rules, promote_secondaries: the real
# keepalived and halbd run one after the other in the same place, and what ip(8) shows is the same, as
# master, as backup, and when they are gone.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
ip -n $A link set lo up

routes="10.1.0.0/16 via 192.168.4.200
10.2.0.0/16 via 192.168.4.200 dev eth0 metric 50 mtu 1400 src $VIP
10.3.0.0/16 dev eth0
blackhole 10.4.0.0/16
10.6.0.0/16 nexthop via 192.168.4.200 weight 2 nexthop via 192.168.4.201 dev eth0 weight 1
default via 192.168.4.200 table 77
fd09::/64 via fd00:4::200 dev eth0
fd0a::/64 via fd00:4::200 dev eth0 metric 7 mtu 1300 pref high
unreachable 10.7.0.0/16 metric 9
prohibit 10.8.0.0/16
10.10.0.0/16 dev eth0 scope link tos 16 initcwnd 20 hoplimit 9 quickack 1 congctl cubic
10.11.0.0/16 via 203.0.113.9 dev eth0 onlink
10.12.0.0/16 via 192.168.4.200 dev eth0 table 1000 advmss lock 1000 mtu lock 1000"
rules="from $VIP/32 table 77 priority 1000
to 10.50.0.0/16 table 78
fwmark 7/0xff table 79 priority 1001
from fd00:4::80 table 80 priority 1002
iif eth0 blackhole priority 1003
not from 10.60.0.0/16 table 81 priority 1004
from all uidrange 100-200 lookup main suppress_prefixlength 0 priority 1005
from 10.61.0.0/16 ipproto tcp dport 80-90 table 82 priority 1006
from 10.62.0.0/16 goto 32766 priority 1007
from 10.63.0.0/16 tos 16 oif eth1 table 1000 priority 1008"
static="static_ipaddress {
	192.168.77.9/24 dev eth1 scope link
	fd00:77::9/64 dev eth1
}
static_routes {
	10.20.0.0/16 via 192.168.4.200 dev eth0
	10.21.0.0/16 dev eth1
}
static_rules {
	from 10.30.0.0/24 table 30 priority 1230
	from 10.31.0.0/24 table 31
}"
write() { # PRIORITY
	conf $A "$1" "version 3" "advert_int 0.1" "promote_secondaries"
	sed -i '$d' "$TMP/$A.conf"
	{
		printf '%s\n' "$static"
		cat "$TMP/$A.conf"
		printf 'virtual_routes {\n%s\n}\nvirtual_rules {\n%s\n}\n}\n' "$routes" "$rules"
	} > "$TMP/all"
	mv "$TMP/all" "$TMP/$A.conf"
}
# All that there is, with what the kernel itself adds.
shown() {
	ip -n $A route show table all | grep -v "^multicast\|^ff00"
	ip -n $A -6 route show table all | grep -v "^multicast\|^ff00"
	ip -n $A rule show
	ip -n $A -6 rule show
	ip -n $A -o addr show | sed 's/^[0-9]*: //; s/ *\\.*//' | sort
	on $A cat /proc/sys/net/ipv4/conf/eth0/promote_secondaries
}
# Addresses come before the routes that need them, rules after them: the last one is the end.
is_master() { ip -n $A rule show | grep -q "^1008:"; }
is_gone() { ! ip -n $A rule show | grep -q "^1230:"; }
# run KIND: what is there as backup, master, and at the end, in $TMP/KIND.*
run() {
	conf $B 200 "version 3" "advert_int 0.1"
	start keepalived $B
	wait_for 5 holds $B
	write 100
	start "$1" $A
	wait_for 5 logged $A "Entering BACKUP"
	wait_for 5 eval "! is_gone"
	shown > "$TMP/$1.backup"
	stop $B
	wait_for 5 is_master
	shown > "$TMP/$1.master"
	stop $A
	wait_for 5 is_gone
	shown > "$TMP/$1.end"
}
same() { # WHEN
	diff "$TMP/keepalived.$1" "$TMP/halbd.$1" > "$TMP/diff"
	is "$(cat "$TMP/diff")" "" "$2"
}
shown > "$TMP/before"
run keepalived
is "$(grep -c 'proto keepalived' "$TMP/keepalived.master")" 29 "keepalived adds all of it" ||
	diag "$(cat "$TMP/keepalived.master" "$TMP/$A.log")"
run halbd
same backup "as backup there is what is static, as with keepalived"
same master "as master there are the routes and rules too, as with keepalived"
same end "stopped, nothing is left, as with keepalived"
is "$(cat "$TMP/halbd.end")" "$(cat "$TMP/before")" "... and all is as it was before"

# --- it comes back, and it goes with the process -----------------------------------------------
write 100
start halbd $A
wait_for 5 is_master
ip -n $A route del 10.3.0.0/16
ip -n $A rule del priority 1003
ip -n $A route del 10.20.0.0/16
ip -n $A addr del 192.168.77.9/24 dev eth1
check "somebody removes a route: it is added again" wait_for 5 eval \
	"ip -n $A route show 10.3.0.0/16 | grep -q eth0"
check "... a rule" wait_for 5 eval "ip -n $A rule show | grep -q ^1003:"
check "... a static route" wait_for 5 eval "ip -n $A route show 10.20.0.0/16 | grep -q eth0"
check "... a static address" wait_for 5 holds $A 192.168.77.9
is "$(shown)" "$(cat "$TMP/halbd.master")" "... and all is as it was" ||
	diag "$(shown | diff "$TMP/halbd.master" -)"
ip -n $A rule show > "$TMP/once"
sleep 2.5
is "$(ip -n $A rule show)" "$(cat "$TMP/once")" "... once, not each second again"
ip -n $A addr del $VIP/24 dev eth0
check "somebody removes the VIP: the route from it returns too" wait_for 5 eval \
	"ip -n $A route show 10.2.0.0/16 | grep -q 'src $VIP'"

dies "its routes and rules go" "ip monitor route rule" "Deleted 10.10.0.0/16" "Deleted 1008:"
check "... static ones stay" eval "! is_gone && holds $A 192.168.77.9"
check "... and the next one is master again" wait_for 8 is_master
stop $A
is "$(shown)" "$(cat "$TMP/before")" "stopped after that, nothing is left"

# --- a reload -------------------------------------------------------------------------------------
write 100
start halbd $A
wait_for 5 is_master
ip -n $A monitor route rule > "$TMP/monitor" &
monitor=$!
sleep 0.3
sed -i 's/^10.3.0.0\/16 dev eth0/10.44.0.0\/16 dev eth0/; s/10.20.0.0/10.45.0.0/' "$TMP/$A.conf"
reload $A
check "a reload: a new route comes" wait_for 5 eval "ip -n $A route show 10.44.0.0/16 | grep -q eth0"
check "... a static one too" wait_for 5 eval "ip -n $A route show 10.45.0.0/16 | grep -q eth0"
check "... the old ones go" wait_for 5 eval \
	"[ -z \"\$(ip -n $A route show 10.3.0.0/16; ip -n $A route show 10.20.0.0/16)\" ]"
kill $monitor
wait $monitor 2>/dev/null
is "$(grep -c . "$TMP/monitor")" 4 "... and nothing else was touched" || diag "$(cat "$TMP/monitor")"
stop $A

# --- track_group ------------------------------------------------------------------------------------
conf $A 100 "version 3" "advert_int 0.1"
cat >> "$TMP/$A.conf" <<-END
	track_group G {
	  group {
	    VI_1
	  }
	}
	static_routes {
	  10.20.0.0/16 via 192.168.5.200 dev eth1 track_group G
	}
END
start halbd $A
wait_for 5 holds $A
ip -n $A link set eth1 down
check "track_group: a static route that cannot be there is a fault" wait_for 5 eval \
	"[ \"\$(status $A .reason)\" = 'a static route is missing' ] && lacks $A"
ip -n $A link set eth1 up
check "... until it can be added again" wait_for 5 holds $A
stop $A
done_testing
