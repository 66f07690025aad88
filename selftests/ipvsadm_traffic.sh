#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same traffic through ip_vs and through halb, on the same topology: what ipvsadm lists
# then must be equal: connections, counts, statistics.
#
#                         [ dir ]       ip_vs first, then halb
#   [ cl ] 10.1.0.2 ----- 10.9.0.80 ----- [ s1 ] 10.2.0.11
#                         fd00:9::80      [ s2 ] 10.2.0.12
#                         10.9.0.81, fd00:9::81: all ports
#                         10.9.0.82, fd00:9::82, and port 84 of the first one: by mark
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ipvsadm.inc"
load_halb
ALL4=10.9.0.81 ALL6=fd00:9::81
MARK4=10.9.0.82 MARK6=fd00:9::82

# ipvs ARGUMENTS...: the one whose turn it is.
ipvs() { "on_$TURN" dir ipvsadm "$@"; }

configure() {
	ipvs -R <<-END
		-A -t $VIP4:80 -s rr
		-a -t $VIP4:80 -r 10.2.0.11:80 -m -w 1
		-a -t $VIP4:80 -r 10.2.0.12:80 -m -w 1
		-A -t [$VIP6]:80 -s wrr
		-a -t [$VIP6]:80 -r [fd00:2::b]:80 -m -w 3
		-A -t $VIP4:81 -s rr -p 300 -M 255.255.255.0
		-a -t $VIP4:81 -r 10.2.0.11:80 -m -w 2
		-a -t $VIP4:81 -r 10.2.0.12:80 -m -w 2
		-A -u $VIP4:53 -s rr
		-a -u $VIP4:53 -r 10.2.0.11:53 -m -w 1
		-a -u $VIP4:53 -r 10.2.0.12:53 -m -w 0
		-A -f 7 -s rr
		-a -f 7 -r 10.2.0.11:80 -m -w 1
		-a -f 7 -r 10.2.0.12:80 -m -w 1
		-A -f 7 -6 -s rr -p 60 -M 64
		-a -f 7 -6 -r [fd00:2::b]:0 -m -w 1
		-a -f 7 -6 -r [fd00:2::c]:0 -m -w 1
		-A -f 8 -s rr -p 300
		-a -f 8 -r 10.2.0.11:0 -m -w 1
		-a -f 8 -r 10.2.0.12:0 -m -w 1
		-A -t $ALL4:0 -s rr -p 300
		-a -t $ALL4:0 -r 10.2.0.11:0 -m -w 1
		-a -t $ALL4:0 -r 10.2.0.12:0 -m -w 1
		-A -t [$ALL6]:0 -s rr -p 300 -M 64
		-a -t [$ALL6]:0 -r [fd00:2::b]:0 -m -w 1
	END
	dir nft -f - <<-END
		table inet marks {
			chain prerouting {
				type filter hook prerouting priority mangle;
				ip daddr $VIP4 tcp dport 84 meta mark set 7
				ip daddr $MARK4 meta mark set 8
				ip6 daddr $MARK6 meta mark set 7
			}
		}
	END
}

# listen NS: a server that never closes first, however long it takes.
listen() {
	on "$1" socat TCP6-LISTEN:80,ipv6only=0,reuseaddr,fork PIPE 2> /dev/null 9>&- &
	disown
	wait_for 20 on "$1" nc -z 127.0.0.1 80 || bail "no server in $1"
}

# hold PORT VIP VPORT: a TCP connection that says nothing, from this port, until released.
hold() {
	cl nc -N -p "$1" "$2" "$3" < "$TMP/held" > /dev/null 2>&1 9>&- &
	disown
	wait_for 20 connection "$1" ESTABLISHED || diag "no connection from port $1"
}
connection() { # PORT STATE
	ipvs -Lnc | grep -q "$2 .*:$1 "
}

# ip_vs adds up its counters every 2 s.
counted() { ipvs -L -n --stats | grep -q "^UDP  $VIP4:53  *2  *2  *2 "; }

# Connections in order, without the time until they expire.
conns() { sed 's/ [0-9][0-9]:[0-9][0-9] / MM:SS /' | sort; }
# take NAME COMMAND...: keeps its output.
take() {
	local name=$1
	shift
	"$@" 2>&1 | no_size > "$TMP/$TURN.$name"
}

traffic() {
	local port
	rm -f "$TMP/held"
	mkfifo "$TMP/held"
	# The clients' input; it ends when we close it.
	exec 9<> "$TMP/held"
	for port in 40001 40002 40003; do
		hold $port $VIP4 80
	done
	hold 40004 $VIP6 80
	hold 40005 $VIP4 81
	hold 40006 $VIP4 81
	hold 40009 $VIP4 84
	hold 40010 $VIP4 84
	hold 40011 $MARK4 80
	hold 40012 $MARK4 80
	hold 40013 $MARK6 80
	hold 40014 $ALL4 80
	hold 40015 $ALL6 80
	udp cl $VIP4 53 -p 40007 > /dev/null
	udp cl $VIP4 53 -p 40008 > /dev/null
}

see() { # WHEN
	take "$1-list" ipvs -L -n
	take "$1-persistent" ipvs -L -n --persistent-conn
	ipvs -Lnc | conns > "$TMP/$TURN.$1-conns"
}
see_more() { # WHEN
	take "$1-names" ipvs -L
	take "$1-stats" ipvs -L -n --stats
	take "$1-exact" ipvs -L -n --stats --exact
	take "$1-thresholds" ipvs -L -n --thresholds
	ipvs -Lc | conns > "$TMP/$TURN.$1-conn-names"
	ipvs -Lnc --persistent-conn | conns > "$TMP/$TURN.$1-conns-pe"
}

play() { # real|ours
	TURN=$1
	topology routed 2
	vip_local dir $VIP4 $VIP6 $ALL4 $ALL6 $MARK4 $MARK6
	listen s1
	listen s2
	start_udp s1 one
	start_udp s2 two
	configure
	traffic
	wait_for 20 counted || diag "the statistics of UDP do not get to 2 packets"
	see open
	see_more open
	ipvs -Z
	see_more zero
	# The clients close, the servers answer in kind. How many packets that takes is a matter
	# of their delayed ACKs.
	exec 9>&-
	for port in 40001 40004 40006 40009 40012 40013 40014 40015; do
		wait_for 20 connection $port TIME_WAIT || diag "port $port does not get to TIME_WAIT"
	done
	see closed
	ipvs -C
	topology_down
}

play real
play ours
for file in "$TMP"/real.*; do
	name=${file##*/real.}
	is "$(cat "$TMP/ours.$name")" "$(cat "$file")" "with the same traffic: $name"
done
like "$(cat "$TMP/ours.open-conns")" "ESTABLISHED 10.1.0.2:40001 " "and there was traffic"
done_testing
