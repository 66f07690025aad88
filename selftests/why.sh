#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbctl why: what it says of a packet is what becomes of that packet, which is then sent; and
# asking changes nothing.
#
#        10.1.0.2            10.1.0.1  10.2.0.1
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- [ s1 ]
#                                             +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
start_servers 1 2
flows_start

me() { is6 "$1" && echo fd00:1::2 || echo 10.1.0.2; }
# why VIP PORT CLIENT-PORT [tcp|udp [WORDS...]]: the JSON answer is in $answer
why() {
	local vip=$1 port=$2 sport=$3 proto=${4:-tcp}
	shift 4 2>/dev/null || shift $#
	answer=$(hc -j why "$proto" "$(endpoint "$(me "$vip")" "$sport")" "$(endpoint "$vip" "$port")" "$@") ||
		diag "halbctl why $vip $port $sport $*"
}
said() { jq -r "$1" <<< "$answer"; }
problems() { jq -r '.problems[].text' <<< "$answer"; }
name_of() { # the server of $answer
	case $(said .server.address) in
	10.2.0.11 | fd00:2::b) echo one ;;
	10.2.0.12 | fd00:2::c) echo two ;;
	*) echo nobody ;;
	esac
}

# --- what it says comes true, with each scheduler -------------------------------------------------
port=41000
for vip in $VIP4 $VIP6; do
	for sched in rr wrr lc wlc sed nq sh dh mh fo ovf; do
		balance nat tcp $vip 80 $sched 1 2
		foretold=() came=()
		for _ in 1 2 3 4; do
			port=$((port + 1))
			# asked twice: what is asked does not count
			why $vip 80 $port
			why $vip 80 $port
			foretold+=("$(said .verdict)/$(name_of)")
			came+=("new/$(flows open tcp $vip 80 sport=$port)")
		done
		is "${foretold[*]}" "${came[*]}" "$vip $sched: the servers are those foretold"
		why $vip 80 $port
		is "$(said '.verdict + " " + .connection.state') $(name_of)" "known established ${came[3]#*/}" \
			"$vip $sched: a packet of a connection"
		flows forget > /dev/null
		hc service flush
	done
done
balance nat udp $VIP4 53
all() { echo "$(figures '(.drops | add)' '(.passes | add)' .total.conns .total.in_packets) $(hc -j conn show udp | jq length)"; }
before=$(all)
for _ in 1 2 3; do why $VIP4 53 42000 udp; done
is "$(all)" "$before" "asking counts nothing, and makes no connection"
server=$(name_of)
is "$(flows once udp $VIP4 53 sport=42000)" "$server" "udp"
hc service flush

# A pinned client, by its template, by its network.
balance nat tcp $VIP4 80
hc service set tcp $VIP4:80 persistent 100 netmask 255.255.255.0
pinned=$(flows open tcp $VIP4 80 sport=42001)
why $VIP4 80 42002
is "$(said '.server.persistent') $(name_of)" "true $pinned" "persistence: the server of the client's network"
like "$(hc why tcp 10.1.0.77:1 $VIP4:80)" "to which the client is pinned" "persistence, in text"
flows forget > /dev/null
hc service flush

# --- what is wrong --------------------------------------------------------------------------------
# wrong VERDICT REASON WORDS NAME: of $answer
wrong() {
	is "$(said .verdict) $(said '.reason // "-"')" "$1 $2" "$4"
	like "$(problems)" "$3" "$4: what to do"
}
# counted drop|pass NAME: a packet comes, and that counter goes up
counted() {
	local was
	[ "$1" = pass ] && was=$(passes "$2") || was=$(drops "$2")
	flows timeout 1 > /dev/null
	flows once tcp $VIP4 80 sport=$((port += 1)) > /dev/null
	flows timeout 10 > /dev/null
	if [ "$1" = pass ]; then between "$(passes "$2")" $((was + 1)) $((was + 9)) "... and $2 is counted"
	else between "$(drops "$2")" $((was + 1)) $((was + 9)) "... and $2 is counted"; fi
}

why $VIP4 80 1
wrong pass - "no service has this VIP" "no service at all"
hc service add tcp $VIP4:80 scheduler rr
why $VIP4 81 1
wrong pass no-service "no service has this port" "another port"
hc settings set vip-unmatched drop
why $VIP4 81 1
wrong drop vip-unmatched "vip-unmatched" "another port, vip-unmatched drop"
hc settings set vip-unmatched accept
why $VIP4 80 1
wrong drop no-server "the service has no server" "no server"
like "$(problems)" "the VIP is no address of this director, and no packet for it has come yet" \
	"a VIP that is not local"
counted drop no-server
hc server add tcp $VIP4:80 10.2.0.11 method nat weight 0
why $VIP4 80 1
wrong drop no-server "none of the service's 1 server has a weight" "weight 0"
counted drop no-server
hc server set tcp $VIP4:80 10.2.0.11 weight 1 upper 1
is "$(flows open tcp $VIP4 80 sport=43000)" one "a connection"
why $VIP4 80 1
wrong drop no-server "1 of 1 servers with a weight are overloaded" "overloaded"
counted drop no-server
flows forget > /dev/null
hc conn flush > /dev/null
hc server set tcp $VIP4:80 10.2.0.11 upper 0

hc service set tcp $VIP4:80 yield
why $VIP4 80 1
wrong pass yielded "no-yield" "yield"
counted pass yielded
hc service set tcp $VIP4:80 no-yield
hc vrrp set VI_1 backup
hc service set tcp $VIP4:80 vrrp VI_1
why $VIP4 80 1
wrong pass not-master "the VRRP instance VI_1 is not master here" "an instance that is backup"
counted pass not-master
hc service set tcp $VIP4:80 no-vrrp
hc vrrp del VI_1

hc settings set conn-limit 1
flows open tcp $VIP4 80 sport=43001 > /dev/null
why $VIP4 80 1
wrong drop conn-limit "conn-limit" "the limit of connections"
counted drop conn-limit
flows forget > /dev/null
hc conn flush > /dev/null
hc settings set conn-limit 100000

dir sysctl -qw net.ipv4.conf.d0.rp_filter=1 net.ipv4.conf.d1.rp_filter=1
why $VIP4 80 1 tcp dev d1
wrong drop source-check "rp_filter" "a client on the wrong side"
why $VIP4 80 1 tcp dev d0
is "$(said .verdict)" new "a client on the right side"
dir sysctl -qw net.ipv4.conf.d0.rp_filter=0 net.ipv4.conf.d1.rp_filter=0
answer=$(hc -j why tcp 10.1.0.1:1 $VIP4:80)
wrong drop own-source "an address of this director" "the director's own address"
answer=$(hc -j why tcp 127.0.0.1:1 $VIP4:80)
wrong drop martian-source "loopback" "a martian"

# The way to the server.
why $VIP4 80 1
is "$(said '.device + " " + .neighbour')" "d1 reachable" "the way to the server"
hc server add tcp $VIP4:80 10.2.0.77 method dr weight 1
hc server del tcp $VIP4:80 10.2.0.11
flows timeout 1 > /dev/null
flows once tcp $VIP4 80 sport=$((port += 1)) > /dev/null
flows timeout 10 > /dev/null
gone() { ip -n dir neigh show to 10.2.0.77 | grep -q FAILED; }
check "a server that is not there" wait_for 20 gone
why $VIP4 80 1
like "$(said .neighbour) $(problems)" "failed nobody on d1 answers for the server" "is found out"
ip -n dir route add unreachable 10.6.0.0/24
hc server add tcp $VIP4:80 10.6.0.1 method nat weight 1
hc server del tcp $VIP4:80 10.2.0.77
why $VIP4 80 1
wrong drop no-route "no route to the server" "no route"

# The director as server.
start_nginx dir self 8080
hc server add tcp $VIP4:80 10.2.0.1:8080 method nat weight 1
hc server del tcp $VIP4:80 10.6.0.1
sent_by() { figures ".paths[\"$1\"]"; }
why $VIP4 80 $((port += 1))
is "$(said '.verdict + " " + .server.address + " " + .device + " " + .path')" "new 10.2.0.1 lo local" "nat: the director as server"
is "$(problems)" "" "... nothing is wrong with it"
before=$(sent_by local)
is "$(flows once tcp $VIP4 80 sport=$port)" self "... and it answers"
refute "... by way of the stack" test "$(sent_by local)" = "$before"
hc server add tcp $VIP4:80 127.0.0.1:8080 method nat weight 1
hc server del tcp $VIP4:80 10.2.0.1:8080
why $VIP4 80 1
wrong drop server-is-local "loopback address" "nat: a loopback address as server"
counted drop server-is-local
hc server add tcp $VIP4:80 10.2.0.1 method dr weight 1
hc server del tcp $VIP4:80 127.0.0.1:8080
why $VIP4 80 1
wrong pass local-server "its own program gets the packet" "dr: the director as server"
counted pass local-server
vip_local dir $VIP4
why $VIP4 80 1
is "$(said .vip_local)" true "a VIP that is local"

# The director as client: of nat it asks from the VIP, as that is its own.
hc service flush
hc conn flush > /dev/null
balance nat tcp $VIP4 80
answer=$(hc -j why tcp $VIP4:1 $VIP4:80)
wrong drop own-source "local-clients on" "the director as client"
hc settings set local-clients on
answer=$(hc -j why tcp $VIP4:1 $VIP4:80)
is "$(said '.verdict + " " + .path + " " + (.local_client | tostring)')" "new through-stack true" "local-clients: it is one"
is "$(problems)" "" "... nothing is wrong with it"
server=$(name_of) before=$(sent_by through-stack)
is "$(http dir "$(url $VIP4)")" "$server" "... and gets the server foretold"
refute "... by way of the stack" test "$(sent_by through-stack)" = "$before"
like "$(hc why tcp $VIP4:1 $VIP4:80)" "client   a process of this director" "... in text"
answer=$(hc -j why tcp $VIP4:1 $VIP4:80 dev d0)
wrong drop own-source "an address of this director" "who comes by wire with its address is none"
answer=$(hc -j why tcp $VIP4:1 $VIP4:81)
wrong pass no-service "no service has this port" "a port without a service"
why $VIP4 80 1
is "$(said '.verdict + " " + (.path // "-") + " " + (.local_client | tostring)')" "new - false" "a client elsewhere is as before"
hc service flush
balance dr tcp $VIP4 80
answer=$(hc -j why tcp $VIP4:1 $VIP4:80)
like "$(said .verdict) $(problems)" "new a process of the director asks from the VIP" "dr, and the VIP is the director's own"
hc settings set local-clients off

# Through the stack.
hc service flush
balance nat tcp $VIP4 80
hc service set tcp $VIP4:80 through-stack
why $VIP4 80 $((port += 1))
is "$(said '.verdict + " " + .path') $(problems)" "new through-stack " "through-stack"
server=$(name_of) before=$(sent_by through-stack)
is "$(flows once tcp $VIP4 80 sport=$port)" "$server" "... and the server foretold gets it"
refute "... by way of the stack" test "$(sent_by through-stack)" = "$before"
like "$(hc why tcp 10.1.0.2:1 $VIP4:80)" "way      d1, neighbour reachable, through-stack" "... in text"
dir sysctl -qw net.ipv4.ip_forward=0
why $VIP4 80 1
like "$(problems)" "needs IP forwarding under nat: sysctl net.ipv4.ip_forward=1" "without IP forwarding"
dir sysctl -qw net.ipv4.ip_forward=1

# A server that comes to its weight by and by.
hc service flush
balance nat tcp $VIP4 80 wrr 0 10
hc service set tcp $VIP4:80 slow-start 86400
hc server set tcp $VIP4:80 10.2.0.12:80 weight 0
hc server set tcp $VIP4:80 10.2.0.12:80 weight 10
why $VIP4 80 1
is "$(said '.server | "\(.address) \(.weight) \(.weight_percent)"')" "10.2.0.12 10 5" "slow start"
like "$(hc why tcp 10.1.0.2:1 $VIP4:80)" "weight 10, 5 % of it at present .slow-start." "... in text"
hc service set tcp $VIP4:80 slow-start 0
why $VIP4 80 1
is "$(said .server.weight_percent)" 100 "... and without"
refute "... in text" grep -q slow-start <<< "$(hc why tcp 10.1.0.2:1 $VIP4:80)"

# --- clients that are pinned, and may leave a server that drains ------------------------------------
hc service flush
balance nat tcp $VIP4 80
hc service set tcp $VIP4:80 persistent 100
pinned=$(flows once tcp $VIP4 80 sport=44001)
[ "$pinned" = one ] && drained=10.2.0.11 other=two || drained=10.2.0.12 other=one
hc server drain tcp $VIP4:80 $drained
why $VIP4 80 44002
is "$(said '.verdict + " " + (.server.persistent | tostring)') $(name_of)" "new true $pinned" \
	"a pinned client stays with a server of weight 0"
is "$(flows once tcp $VIP4 80 sport=44002)" "$pinned" "... and does"
hc settings set expire-quiescent-template on
why $VIP4 80 44003
is "$(said '.verdict + " " + (.server.persistent | tostring)') $(name_of)" "new false $other" \
	"expire-quiescent-template: it leaves"
is "$(flows once tcp $VIP4 80 sport=44003)" "$other" "... and does"
hc settings set expire-quiescent-template off

# --- services by mark, and for all ports -----------------------------------------------------------
dir nft -f - <<-END || bail "nft does not take the rules"
	table inet marks {
		chain prerouting {
			type filter hook prerouting priority mangle;
			tcp dport 80 meta mark set 7
		}
	}
END
for vip in $VIP4 $VIP6; do
	hc service flush
	is6 $vip && marked="fwmark 7 inet6" server="[fd00:2::c]" || marked="fwmark 7" server=10.2.0.12
	# shellcheck disable=SC2086
	hc service add $marked && hc server add $marked $server method nat
	why $vip 80 45000
	wrong pass - "no service has this VIP" "$vip: a service by mark, and a packet without one"
	balance nat tcp $vip 80
	hc server del tcp "$(endpoint $vip 80)" $server
	why $vip 80 45000
	is "$(said '.verdict + " " + (.service.fwmark // 0 | tostring)') $(name_of)" "new 0 one" \
		"$vip: without a mark it meets the service by address"
	why $vip 80 45000 tcp mark 7
	is "$(said '.verdict + " " + (.service.fwmark | tostring)') $(name_of)" "new 7 two" "$vip: with one, that by mark"
	is "$(flows open tcp $vip 80 sport=45000)" two "... which then gets it"
	why $vip 80 45000
	is "$(said .verdict) $(name_of)" "known two" "$vip: and it is known without its mark"
	flows forget >/dev/null
	hc conn flush >/dev/null
	dir nft flush chain inet marks prerouting
	hc service flush
	hc service add tcp "$(endpoint $vip 0)" scheduler rr
	hc server add tcp "$(endpoint $vip 0)" "$server" method nat
	why $vip 80 45001
	is "$(said '.verdict + " " + (.service.port | tostring)') $(name_of)" "new 0 two" "$vip: a service for all ports"
	is "$(flows once tcp $vip 80 sport=45001)" two "... which gets it"
	hc service add tcp "$(endpoint $vip 80)"
	why $vip 80 45002
	wrong drop no-server "has no server" "$vip: the service with the port comes first"
	hc service del tcp "$(endpoint $vip 80)"
	is6 $vip && continue
	hc server del tcp $vip:0 $server
	hc server add tcp $vip:0 $server:8080 method dr
	why $vip 80 45003
	like "$(said .verdict) $(problems)" "new .*dr does not translate ports: the packet comes to the server's port 80, not 8080" \
		"$vip: dr, and a server with another port"
	dir nft add rule inet marks prerouting tcp dport 80 meta mark set 7
done

# --- a destination stays with its server (lblc, lblcr) ------------------------------------------------
# to DESTINATION: foretold twice, and then opened
to() {
	port=$((port + 1))
	why 10.9.0.$1 80 $port tcp mark 7
	why 10.9.0.$1 80 $port tcp mark 7
	foretold+=("$(name_of)")
	came+=("$(flows open tcp 10.9.0.$1 80 sport=$port)")
}
dir nft flush chain inet marks prerouting
dir nft add rule inet marks prerouting tcp dport 80 meta mark set 7
hc service flush
for sched in lblc lblcr; do
	hc service add fwmark 7 scheduler $sched
	hc server add fwmark 7 10.2.0.11 method nat weight 1
	hc server add fwmark 7 10.2.0.12 method nat weight 3
	foretold=() came=()
	why 10.9.0.9 80 1 tcp mark 7
	first=$(name_of)
	to 1
	why 10.9.0.9 80 1 tcp mark 7
	refute "$sched: a destination that was asked for is not remembered" test "$(name_of)" = "$first"
	for d in 9 1 2 3 1 1 1 1 1 2 2 2; do to $d; done
	is "${foretold[*]}" "${came[*]}" "$sched: the servers are those foretold"
	is "$(tr ' ' '\n' <<< "${came[*]}" | sort -u | xargs)" "one two" "$sched: ... both of them"
	flows forget > /dev/null
	hc service flush
	hc conn flush > /dev/null
done

# --- backup servers ----------------------------------------------------------------------------------
dir nft flush chain inet marks prerouting
for sched in rr wlc mh lblc; do
	balance nat tcp $VIP4 80 $sched
	hc server set tcp $VIP4:80 10.2.0.12:80 backup
	why $VIP4 80 $((port += 1))
	is "$(name_of) $(said .server.backup) $(problems | grep -c backup)" "one false 0" "$sched: not the backup server"
	is "$(flows open tcp $VIP4 80 sport=$port)" one "$sched: ... nor does it come there"
	hc server set tcp $VIP4:80 10.2.0.11:80 upper 1
	why $VIP4 80 $((port += 1))
	is "$(said .verdict) $(name_of) $(said .server.backup)" "new two true" "$sched: the other is overloaded: the backup server"
	like "$(problems)" "no other server of the service may serve" "$sched: ... and why"
	is "$(flows open tcp $VIP4 80 sport=$port)" two "$sched: ... which gets it"
	why $VIP4 80 $port
	is "$(said .verdict) $(problems | grep -c backup)" "known 0" "$sched: a connection there is nothing wrong"
	flows forget > /dev/null
	hc service flush
	hc conn flush > /dev/null
done
like "$(balance nat tcp $VIP4 80 && hc server set tcp $VIP4:80 10.2.0.11:80 backup &&
	hc server set tcp $VIP4:80 10.2.0.12:80 weight 0 && hc why tcp 10.1.0.2:1 $VIP4:80)" \
	"server   10.2.0.11:80, nat, weight 1, backup" "weight 0, in text"
hc service flush

# mh refuses the clients of a server that may not serve while others may: there no backup server helps.
balance nat tcp $VIP4 80 mh
hc server add tcp $VIP4:80 10.2.0.13:80 method nat backup
port=$((port + 1))
mine=$(flows open tcp $VIP4 80 sport=$port)
hc server set tcp $VIP4:80 "$([ "$mine" = one ] && echo 10.2.0.11:80 || echo 10.2.0.12:80)" upper 1
why $VIP4 80 1
wrong drop no-server "overloaded" "mh: the client's server is overloaded, others are not"
counted drop no-server
flows forget > /dev/null
hc service flush
hc conn flush > /dev/null

# --- the limit of a service ----------------------------------------------------------------------------
balance nat tcp $VIP4 80
balance nat udp $VIP4 53
hc service set tcp $VIP4:80 conn-limit 1
hc service set udp $VIP4:53 conn-limit 1
why $VIP4 80 47000
is "$(said .verdict)" new "below the service's limit"
flows open tcp $VIP4 80 sport=47000 > /dev/null
flows open udp $VIP4 53 sport=47000 > /dev/null
why $VIP4 80 47001
wrong drop service-conn-limit "its own limit" "at the service's limit"
counted drop service-conn-limit
why $VIP4 80 47000
is "$(said .verdict)" known "its connection is known"
why $VIP4 53 47001 udp
wrong drop service-conn-limit "its own limit" "UDP: at the service's limit"
hc service set udp $VIP4:53 ops
why $VIP4 53 47001 udp
is "$(said .verdict)" new "ops: datagrams are none of it"
flows forget > /dev/null
over() { ! hc -j conn show tcp | jq -e '.[] | select(.state == "established")' > /dev/null; }
check "the client goes" wait_for 20 over
why $VIP4 80 47001
wrong drop service-conn-limit "its own limit" "what is left of a connection counts"
why $VIP4 80 47000
is "$(said .verdict)" new "... but not for the client that ends it to begin anew"
before=$(drops service-conn-limit) was=$(figures .total.conns)
flows raw4 tcp 10.1.0.2 $VIP4 47000 80 > /dev/null
counts() { [ "$(figures .total.conns)" -gt "$was" ]; }
check "... and it does" wait_for 10 counts
is "$(drops service-conn-limit)" "$before" "... and is not refused"
hc service flush
hc conn flush > /dev/null

# --- one-packet scheduling --------------------------------------------------------------------------
hc service flush
hc conn flush >/dev/null
balance nat tcp $VIP4 80
balance dr udp $VIP4 53
hc service set udp $VIP4:53 ops
prepare nat $VIP4
flows open tcp $VIP4 80 sport=46000 >/dev/null
hc settings set conn-limit 1
why $VIP4 80 46001
wrong drop conn-limit "conn-limit" "the table is full"
why $VIP4 53 46002 udp
is "$(said .verdict)" new "ops: datagrams need no room in it"
expected=$(name_of) was=$(figures .total.conns)
like "$(hc why udp 10.1.0.2:46002 $VIP4:53)" "begins no connection" "... in text"
prepare dr $VIP4
is "$(flows once udp $VIP4 53 sport=46002)" "$expected" "... and go where they were foretold to"
is "$(figures .total.conns '.drops["conn-limit"]' | cut -f1 -d' ')" $((was + 1)) "... and are counted there"
hc service set udp $VIP4:53 persistent 100
why $VIP4 53 46003 udp
wrong drop conn-limit "conn-limit" "ops and persistence: a template needs room"
hc settings set conn-limit 100000
hc conn flush >/dev/null
why $VIP4 80 46000
is "$(said .verdict)" new "a connection that was flushed is not known any more"
flows forget >/dev/null

# --- words ------------------------------------------------------------------------------------------
fails_with 2 "a protocol" "no words" hc why
fails_with 2 "unknown protocol 'tpc'" "a protocol that is none" hc why tpc 10.1.0.2:1 $VIP4:80
fails_with 2 "10.1.0.2" "a client without a port" hc why tcp 10.1.0.2 $VIP4:80
fails_with 2 "different families" "two families" hc why tcp 10.1.0.2:1 "[$VIP6]:80"
fails_with 1 "there is no such interface" "no such interface" hc why tcp 10.1.0.2:1 $VIP4:80 dev nowhere
fails_with 1 "CAP_NET_ADMIN|root" "who is not root" dir setpriv --reuid 65534 --regid 65534 --clear-groups \
	--inh-caps -all "$HALB_TOOLS/halbctl" why tcp 10.1.0.2:1 $VIP4:80
done_testing
