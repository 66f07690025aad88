#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A drain with a deadline: what finishes in time notices nothing, what is left then ends as if
# the server had been removed. The deadline is shown, told, saved and called off.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
start_servers 1 2
flows_start
set -f
on dir halbctl monitor > "$TMP/events" & monitor=$!
at_exit kill $monitor
wait_for 20 eval 'hc settings set udp-timeout $((1000 + RANDOM)); [ -s "$TMP/events" ]'

# server FIELD WORDS...: of a server
server() { hc -j server show "${@:2}" | jq -r ".[0].$1 // 0"; }
is_drained() { [ "$(server drained "$@")" = true ]; }
left_on() { hc -j conn show server "$1" "${@:2}" | jq length; } # SERVER [FILTER]: connections and templates
none_on() { [ "$(left_on "$@")" = 0 ]; }
quiet() { hc service flush; hc conn flush >/dev/null; flows forget >/dev/null; }
# after WORDS: what flows answer once the deadline of server one is over; flow $closed was closed
after() {
	local n=0 w out=()
	for w in $1; do
		n=$((n + 1))
		if [ $n = "$closed" ]; then out+=(-)
		elif [ "$w" = one ]; then out+=(reset)
		else out+=("$w"); fi
	done
	echo "${out[*]}"
}

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
		hc server drain $tcp $s1 timeout 1000
		hc server drain $udp $s1 timeout 1000
		is "$(flows ask)" "$was $was_udp" "$what: before the deadline all go on"
		is "$(flows once tcp $vip 80 n=2) $(flows once udp $vip 53 n=2)" "$(names 4 two)" "$what: new ones go elsewhere"
		between "$(server drain $tcp $s1)" 800 1000 "$what: the time that is left is shown"
		closed=$(tr ' ' '\n' <<< "$was" | grep -n one | head -n 1 | cut -d: -f1)
		flows close $closed >/dev/null
		rst=$(paths rst-sent)
		# Another drain has another deadline.
		hc server drain $tcp $s1 timeout 1
		hc server drain $udp $s1 timeout 1
		check "$what: the deadline comes" wait_for 30 is_drained $tcp $s1
		check "$what: for UDP, too" wait_for 30 is_drained $udp $s1
		check "$what: nothing is left on the server" wait_for 20 none_on $s1
		is "$(flows ask 1 4)" "$(after "$was")" "$what: the TCP client that is left is reset, the others go on"
		between "$(paths rst-sent)" $((rst + 1)) $((rst + 2)) "$what: by the director"
		is "$(flows ask 5 8)" "$(names 4 two)" "$what: UDP flows go on with the other server"
		is "$(server weight $tcp $s1) $(server active_conns $tcp $s1) $(server inactive_conns $tcp $s1) $(server drain $tcp $s1)" \
			"0 0 0 0" "$what: weight 0, no connection, no deadline any more"
		check "$what: it was told" wait_for 10 grep -qF "server set $tcp $(endpoint "$(server_addr 1 $vip)" 80) method $method weight 0 # drained" "$TMP/events"
		is "$(grep -cF "$tcp $(endpoint "$(server_addr 1 $vip)" 80) method $method weight 0 # drained" "$TMP/events")" 1 "$what: once"
		check "$what: and so was the drain" grep -qF "server set $tcp $(endpoint "$(server_addr 1 $vip)" 80) method $method weight 0 drain 1000" "$TMP/events"
		hc server set $tcp $s1 weight 1
		is "$(server drained $tcp $s1) $(tally "$(flows once tcp $vip 80 n=4)")" "0 one=2 two=2" "$what: with a weight it is back"
		quiet
	done
done

# --- idle clients, and not a moment too early ---------------------------------------------------------
established() { cl ss -Htn state established dst "$VIP4" | wc -l; }
balance nat tcp $VIP4 80
hc server del tcp $VIP4:80 10.2.0.12
is "$(flows open tcp $VIP4 80 n=2)" "one one" "two clients, which say nothing more"
start=${EPOCHREALTIME/./}
hc server drain tcp $VIP4:80 10.2.0.11 timeout 3
check "the deadline comes" wait_for 30 is_drained tcp $VIP4:80 10.2.0.11
between $((${EPOCHREALTIME/./} - start)) 3000000 $((20000000 * HALB_SLOW)) "after three seconds"
check "idle clients are reset, too" wait_for 30 eval '[ "$(established)" = 0 ]'
quiet

# --- called off -------------------------------------------------------------------------------------------
# The other server's deadline is the later one: when it is over, that of the first would be, too.
off() { # NAME COMMAND...
	local name=$1 was
	shift
	balance nat tcp $VIP4 80
	was=$(flows open tcp $VIP4 80 n=4)
	hc server drain tcp $VIP4:80 10.2.0.11 timeout 2
	hc server drain tcp $VIP4:80 10.2.0.12 timeout 3
	"$@"
	check "$name: the other server's deadline comes" wait_for 30 is_drained tcp $VIP4:80 10.2.0.12
	check "$name: and its connections end" wait_for 20 none_on 10.2.0.12
	is "$(server drained tcp $VIP4:80 10.2.0.11) $(server drain tcp $VIP4:80 10.2.0.11) $(left_on 10.2.0.11)" "0 0 2" \
		"$name: the first one has none any more"
	is "$(flows ask)" "$(sed 's/two/reset/g' <<< "$was")" "$name: its connections go on"
	quiet
}
off "a weight" hc server set tcp $VIP4:80 10.2.0.11 weight 5
off "weight 0" hc server set tcp $VIP4:80 10.2.0.11 weight 0
off "a drain without a deadline" hc server drain tcp $VIP4:80 10.2.0.11

# --- clients that are pinned ------------------------------------------------------------------------------
for vip in $VIP4 $VIP6; do
	tcp="tcp $(endpoint $vip 80)"
	balance nat tcp $vip 80
	hc service set $tcp persistent 300
	pinned=$(flows open tcp $vip 80)
	[ "$pinned" = one ] && n=1 other=two || n=2 other=one
	s=$(server_addr $n $vip)
	is6 $vip && s="[$s]"
	hc server drain $tcp $s timeout 1000
	is "$(flows once tcp $vip 80)" "$pinned" "$vip: a pinned client comes back until the deadline"
	hc server drain $tcp $s timeout 1
	check "$vip: the deadline comes" wait_for 30 is_drained $tcp $s
	check "$vip: templates end, too" wait_for 20 none_on $s
	is "$(flows ask) $(flows once tcp $vip 80 n=2)" "reset $other $other" "$vip: and the client goes elsewhere"
	quiet
done

# --- saved, restored, refused -----------------------------------------------------------------------------
balance nat tcp $VIP4 80
hc server drain tcp $VIP4:80 10.2.0.11 timeout 1000
hc save > "$TMP/saved"
like "$(grep 10.2.0.11 "$TMP/saved")" 'method nat weight 0 drain (1000|9[0-9][0-9])$' "save has the seconds that are left"
sed -i 's/drain [0-9]*/drain 500/' "$TMP/saved"
check "restore" hc restore "$TMP/saved"
between "$(server drain tcp $VIP4:80 10.2.0.11)" 400 500 "counts them from its own time on"
like "$(hc server show tcp $VIP4:80 10.2.0.11)" ' drain (500|4[0-9][0-9])$' "the table shows them"
sed -i 's/ drain [0-9]*//' "$TMP/saved"
hc restore "$TMP/saved"
is "$(server drain tcp $VIP4:80 10.2.0.11)" 0 "a restore without a deadline calls it off"
fails_with 1 'a drain needs weight 0' "a deadline with a weight" hc server set tcp $VIP4:80 10.2.0.11 weight 1 drain 5
fails_with 1 'a drain needs weight 0' "a deadline for a server with a weight" hc server set tcp $VIP4:80 10.2.0.12 drain 5
fails_with 2 '1 to 2678400' "a deadline now" hc server drain tcp $VIP4:80 10.2.0.11 timeout 0
fails_with 2 '1 to 2678400' "a deadline in a year" hc server drain tcp $VIP4:80 10.2.0.11 timeout 31536000
is "$(server drain tcp $VIP4:80 10.2.0.12) $(server weight tcp $VIP4:80 10.2.0.12)" "0 1" "all of them changed nothing"
check "weight 0 with a deadline, at once" hc server set tcp $VIP4:80 10.2.0.12 weight 0 drain 77
between "$(server drain tcp $VIP4:80 10.2.0.12)" 1 77 "is a drain"
check "a server that drains is removed" hc server del tcp $VIP4:80 10.2.0.12

# --- the end, with deadlines that are still to come ----------------------------------------------------------
for timeout in 1 1000; do
	setup_ns other
	on other halbctl service add tcp $VIP4:80
	on other halbctl server add tcp $VIP4:80 10.2.0.11 method nat
	on other halbctl server drain tcp $VIP4:80 10.2.0.11 timeout $timeout
	check "a namespace goes, $timeout s before a deadline" ip netns del other
done
flows open tcp $VIP4 80 n=2 >/dev/null
hc server drain tcp $VIP4:80 10.2.0.11 timeout 1
kill $monitor
check "the module goes, and a deadline with it" rmmod halb
done_testing
