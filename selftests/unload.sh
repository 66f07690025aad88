#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module goes, the services go and the network namespace goes, while everything is under way:
# requests, floods of datagrams and SYNs from many sources, dumps and changes of the configuration.
# The kernel must survive (its log is looked at by the runner) and halb must work again afterwards.
#
# HALB_ROUNDS: how often each of the three; 3 without it, and less on a slow kernel.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
#   The client has the network 10.5.0.0/16 besides its own address.
. "$(dirname "$0")/lib.sh"
rounds=${HALB_ROUNDS:-$((HALB_SLOW > 1 ? 2 : 3))}
topology routed 2
load_halb
ip -n cl route add local 10.5.0.0/16 dev lo
ip -n dir route add 10.5.0.0/16 via 10.1.0.2
start_servers 1 2

cat > "$TMP/flood.py" <<'END'
# Datagrams and SYNs from ever new ports and sources, until it is killed.
import errno, random, socket, struct, sys
vip = sys.argv[1]
while True:
    for n in range(50):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IP, 15, 1)
        s.bind(("10.5.%d.%d" % (random.randrange(256), random.randrange(1, 255)), 0))
        for _ in range(10):
            try:
                s.sendto(b"who", (vip, 53))
            except OSError:
                pass
        s.close()
    t = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    t.setblocking(False)
    t.connect_ex((vip, 80))
    t.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    t.close()
END
# Ends when $TMP/stop is there.
churn() {
	local w=1
	while [ ! -e "$TMP/stop" ]; do
		w=$((w % 9 + 1))
		hc conn show >/dev/null
		hc server set tcp $VIP4:80 10.2.0.11 weight $w
		hc -j service show >/dev/null
		hc server del udp $VIP4:53 10.2.0.12
		hc server add udp $VIP4:53 10.2.0.12 method nat
	done 2>/dev/null
}
requests() {
	while [ ! -e "$TMP/stop" ]; do
		http cl "$(url $VIP4 80 65536)" -o /dev/null --max-time 1
	done 2>/dev/null
}
configure() {
	hc restore <<-END || return
		service add tcp $VIP4:80 scheduler wlc
		server add tcp $VIP4:80 10.2.0.11 method nat
		server add tcp $VIP4:80 10.2.0.12 method nat
		service add udp $VIP4:53 scheduler rr
		server add udp $VIP4:53 10.2.0.11 method nat
		server add udp $VIP4:53 10.2.0.12 method nat
		service add udp [$VIP6]:53 scheduler mh persistent 100
		server add udp [$VIP6]:53 [fd00:2::b] method nat
	END
}
WORKERS=()
traffic_on() {
	rm -f "$TMP/stop"
	on cl python3 "$TMP/flood.py" $VIP4 2>/dev/null & WORKERS+=($!)
	on cl python3 "$TMP/flood.py" $VIP4 2>/dev/null & WORKERS+=($!)
	requests & WORKERS+=($!)
	churn & WORKERS+=($!)
}
# shellcheck disable=SC2329
traffic_off() {
	touch "$TMP/stop"
	ip netns pids cl | xargs -r kill 2>/dev/null
	wait "${WORKERS[@]}" 2>/dev/null
	WORKERS=()
}
busy() { [ "$(figures .total.conns)" -gt "$1" ]; }
unloaded() { [ ! -d /sys/module/halb ]; }

answered() { is "$(http_many cl "$(url $VIP4)" 4 | grep -c -e one -e two)" 4 "$1: requests are answered"; }

# --- the module goes ---------------------------------------------------------------------------
for round in $(seq "$rounds"); do
	what="rmmod, round $round"
	check "$what: configure" configure
	traffic_on
	check "$what: traffic flows" wait_for 60 busy 200
	# A dump that is under way holds the module: it is refused then, and asked again.
	check "$what: it goes under traffic" wait_for 60 rmmod halb
	check "$what: the module is gone" unloaded
	fails_with 1 'not loaded' "$what: halbctl says that the module is not loaded" hc service show
	load_halb
	is "$(hc -j service show)" "[]" "$what: loaded again, and empty"
	check "$what: configure again under traffic" configure
	check "$what: traffic flows again" wait_for 60 busy 50
	traffic_off
	answered "$what"
	unload_halb
	load_halb
done

# --- services and connections go -----------------------------------------------------------------
check "flush: configure" configure
traffic_on
for round in $(seq "$rounds"); do
	what="flush, round $round"
	check "$what: traffic flows" wait_for 60 busy 200
	check "$what: the services go under traffic" hc service flush
	check "$what: so do the connections" hc conn flush
	hc zero
	check "$what: configure again under traffic" configure
	check "$what: and connections alone" hc conn flush
done
check "flush: traffic flows again" wait_for 60 busy 50
traffic_off
answered flush
hc service flush
hc conn flush >/dev/null
check "flush: no connection is left in the count" wait_for 60 no_conns

# --- the namespace goes ------------------------------------------------------------------------
director_anew() {
	local s
	setup_ns dir
	forwarding dir
	wire cl c0 dir d0
	plug dir d1 br0
	address cl c0 10.1.0.2/24 fd00:1::2/64
	address dir d0 10.1.0.1/24 fd00:1::1/64
	address dir d1 10.2.0.1/24 fd00:2::1/64
	ip -n cl route add 10.9.0.0/24 via 10.1.0.1
	ip -n cl route add fd00:9::/64 via fd00:1::1
	ip -n cl route add 10.2.0.0/24 via 10.1.0.1
	ip -n dir route add 10.5.0.0/16 via 10.1.0.2
	# The director's address is another machine's now.
	for s in s1 s2; do ip -n $s neigh flush dev e0; done
}
# It is really gone when its devices are: the cables, too.
gone() { ! ip -n cl link show c0 && ! ip -n sw link show dir-d1; }
for round in $(seq "$rounds"); do
	what="namespace, round $round"
	[ "$round" = 1 ] || director_anew
	check "$what: configure" configure
	traffic_on
	check "$what: traffic flows" wait_for 60 busy 200
	ip netns pids dir | xargs -r kill -9 2>/dev/null
	ip netns del dir
	check "$what: it goes under traffic" wait_for 60 gone
	traffic_off
done
director_anew
check "namespace: configure in a new one" configure
answered namespace
check "rmmod afterwards" wait_for 60 rmmod halb
check "the module is gone" unloaded
done_testing
