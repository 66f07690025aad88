#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A server, a service, or everything is removed while connections are open: TCP clients get a
# reset with their next segment and do not hang, UDP flows are scheduled anew, and the other
# servers' flows notice nothing.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
start_servers 1 2
flows_start
set -f

# replaced WORDS NAME WORD: the words, with WORD in place of NAME
replaced() { tr ' ' '\n' <<< "$1" | sed "s/^$2\$/$3/" | xargs; }
quiet() { hc service flush; hc conn flush >/dev/null; flows forget >/dev/null; }
empty() { [ "$(hc -j conn show | jq length)" = 0 ]; }

for method in nat dr tun; do
	for vip in $VIP4 $VIP6; do
		what="$method, $vip"
		tcp="tcp $(endpoint $vip 80)" udp="udp $(endpoint $vip 53)"
		s1=$(server_addr 1 $vip)
		is6 $vip && s1="[$s1]"
		balance $method tcp $vip 80
		balance $method udp $vip 53
		was=$(flows open tcp $vip 80 n=4)
		was_udp=$(flows open udp $vip 53 n=4)
		is "$(tally "$was $was_udp")" "one=4 two=4" "$what: four flows to each server"

		removed=$(drops server-removed)
		rst=$(figures '.paths["rst-sent"]')
		hc server del $tcp $s1
		hc server del $udp $s1
		is "$(flows ask 1 4)" "$(replaced "$was" one reset)" "$what: a server leaves: its TCP clients are reset, the others go on"
		is "$(flows ask 5 8)" "$(names 4 two)" "$what: UDP flows go on with the other server"
		is "$(drops server-removed)" $((removed + 2)) "$what: two segments were dropped for it"
		is "$(figures '.paths["rst-sent"]')" $((rst + 2)) "$what: two resets were sent"
		is "$(flows once tcp $vip 80 n=2)" "two two" "$what: new connections go to the one that is left"

		# The whole service.
		hc service del $tcp
		is "$(flows ask 1 4)" "$(replaced "$(replaced "$was" one -)" two reset)" "$what: the service leaves: its TCP clients are reset"
		hc service del $udp
		quiet
		check "$what: nothing is left" wait_for 20 empty
	done
done

# --- the server's side ----------------------------------------------------------------------
# With nat the server's next segment is answered as well: of one that sends a file while the
# client only takes it. Small buffers, or all of the file is in them at once.
for ns in cl s1; do
	on $ns sysctl -qw net.ipv4.tcp_rmem="4096 16384 65536" net.ipv4.tcp_wmem="4096 16384 65536"
done
sending() { [ "$(s1 ss -Htn state established "( dport = :4321 )" | wc -l)" = "$1" ]; }
balance nat tcp $VIP4 80
hc server del tcp $VIP4:80 10.2.0.12
cl curl -sS --noproxy '*' --limit-rate 100k --local-port 4321 -o /dev/null "$(url $VIP4 80 10485760)" 2>/dev/null &
curl=$!
check "a download is under way" wait_for 20 sending 1
hc server del tcp $VIP4:80 10.2.0.11
check "nat: the server's own segments are reset as well" wait_for 20 sending 0
wait $curl
is $? 56 "and the client's download ends with a reset, not a stall"
quiet

# --- idle clients ------------------------------------------------------------------------------
# A client that only listens would never send what is answered with a reset: it is asked. Its
# own acknowledgment is exact, and so is the reset: Linux takes no other (RFC 5961, section 3.2).
listener() { # VIP: connects, waits for the server's silence to end
	cl python3 -c '
import os, socket, sys
slow = int(os.environ["HALB_SLOW"])
s = socket.create_connection((sys.argv[1], 80), 10 * slow)
print("open", flush=True)
s.settimeout(40 * slow)
try:
    print("data" if s.recv(1) else "closed")
except ConnectionResetError:
    print("reset")
except socket.timeout:
    print("silence")' "$1"
}
for method in nat dr tun; do
	for vip in $VIP4 $VIP6; do
		tcp="tcp $(endpoint $vip 80)"
		balance $method tcp $vip 80
		: > "$TMP/idle"
		listener $vip > "$TMP/idle" & idle=$!
		check "$method, $vip: a client connects and says nothing" wait_for 20 grep -q open "$TMP/idle"
		wait_for 20 eval '[ "$(hc -j conn show | jq "map(select(.state == \"established\")) | length")" = 1 ]'
		probes=$(paths probe-sent)
		hc service del $tcp
		wait $idle
		is "$(tail -n 1 "$TMP/idle")" reset "$method, $vip: the service leaves: it is reset all the same"
		between "$(paths probe-sent)" $((probes + 1)) $((probes + 3)) "$method, $vip: it was asked"
		# Asked again it knows nothing of the connection, and that is the end of it.
		check "$method, $vip: nothing is left" wait_for 40 empty
	done
done
quiet

# --- it comes back ---------------------------------------------------------------------------
balance nat tcp $VIP4 80
was=$(flows open tcp $VIP4 80 n=2)
hc server del tcp $VIP4:80 10.2.0.11
hc server add tcp $VIP4:80 10.2.0.11 method nat
is "$(flows ask)" "$(replaced "$was" one reset)" "a server that left and came back: old connections are reset"
is "$(tally "$(flows once tcp $VIP4 80 n=4)")" "one=2 two=2" "and it gets new ones"

# --- another method is another server ---------------------------------------------------------
flows forget >/dev/null
was=$(flows open tcp $VIP4 80 n=2)
prepare dr $VIP4 1
hc server set tcp $VIP4:80 10.2.0.11 method dr
is "$(flows ask)" "$(replaced "$was" one reset)" "a server's method changes: its connections are reset"
prepare dr $VIP4 2
hc server set tcp $VIP4:80 10.2.0.12 method dr
is "$(tally "$(flows once tcp $VIP4 80 n=4)")" "one=2 two=2" "new ones use the new method"
quiet

# --- by order ---------------------------------------------------------------------------------
balance nat tcp $VIP4 80
balance nat udp $VIP4 53
was="$(flows open tcp $VIP4 80 n=4) $(flows open udp $VIP4 53 n=2)"
is "$(hc conn flush server 10.2.0.11 tcp)" "2 connections removed" "conn flush of a server's TCP connections"
is "$(flows ask 1 4)" "$(replaced "$(cut -d' ' -f1-4 <<< "$was")" one reset)" "conn flush: they are reset, the others go on"
is "$(flows ask 5 6)" "$(cut -d' ' -f5-6 <<< "$was")" "conn flush: UDP was not meant"
is "$(hc service flush && flows ask 1 4)" "$(replaced "$(replaced "$(cut -d' ' -f1-4 <<< "$was")" one -)" two reset)" \
	"service flush: TCP clients are reset"
done_testing
