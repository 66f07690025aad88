#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make demo: real HTTP through a VIP. First a pair of directors with halbd, of which servers and
# masters die (pair.sh). Then a director balances two nginx servers of weights 1 and 2 by wrr; curl
# asks the VIP, by nat, dr and tun, over IPv4 and IPv6. Every command that is shown is the one that
# is carried out. Succeeds only if the pair did what it should, every request to the director was
# answered, and each server had exactly its share.
. "$(dirname "$0")/lib.sh"

REQUESTS=30
declare -A NAME=([cl]=client [dir]=director [s1]=web1 [s2]=web2)
WRONG=0
RESULTS=()

say() { printf '\n%s\n' "$*"; }
# cmd NS COMMAND: shows the command with a prompt, and carries it out in the namespace
cmd() {
	echo "${NAME[$1]}# $2"
	on "$1" bash -c "$2"
}
# typed NS COMMAND: one that must succeed for the demo to make sense
typed() { cmd "$@" || bail "this command failed"; }

# balance METHOD VIP: the service, the requests, and whose they were
balance() {
	local method=$1 vip=$2 family=IPv4 service n answers one two why
	is6 "$vip" && family=IPv6
	service="tcp $(endpoint "$vip" 80)"
	say "--- $method, $family ---"
	typed dir "halbctl service add $service scheduler wrr"
	for n in 1 2; do
		typed dir "halbctl server add $service $(is6 "$vip" && echo "[$(server6 $n)]" || server4 $n) method $method weight $n"
	done
	echo "${NAME[cl]}# curl -s -H 'Connection: close' '$(url "$vip" 80 "?[1-$REQUESTS]")' | sort | uniq -c"
	answers=$(cl curl -sf --noproxy '*' --max-time 20 -H 'Connection: close' \
		"$(url "$vip" 80 "?[1-$REQUESTS]")")
	sort <<< "$answers" | uniq -c
	typed dir "halbctl service show $service"
	one=$(http_share web1 <<< "$answers")
	two=$(http_share web2 <<< "$answers")
	why=right
	[ "$((one + two))" = $REQUESTS ] || why="$((REQUESTS - one - two)) requests were not answered"
	[ "$why" != right ] || [ "$one:$two" = "$((REQUESTS / 3)):$((REQUESTS * 2 / 3))" ] || why="the shares are wrong"
	[ "$why" = right ] || WRONG=$((WRONG + 1))
	RESULTS+=("$(printf '%-7s %-7s %5d/%d %7d %5d    %s' "$method" "$family" $((one + two)) $REQUESTS "$one" "$two" "$why")")
}

cat <<END
halb in a virtual machine (Linux $(uname -r)). First two directors, of which one is master:

   192.168.4.10        .5             .6            .100        .200
   [ client ]      [ proxy1 ]     [ proxy2 ]      [ web1 ]    [ web2 ]
        |               |              |              |           |       VIP 192.168.4.15
        +---------------+--------------+--------------+-----------+

END
# A shell that was asked for is not for its network.
env -u HALB_SHELL "$(dirname "$0")/pair.sh" demo
PAIR=$?

cat <<END

Then one director in front of two web servers:

      10.1.0.2            10.1.0.1   10.2.0.1         10.2.0.11, fd00:2::b
   [ client ] -------------- [ director ] -------+--- [ web1 ]  weight 1
        |                  VIP 10.9.0.80         |    10.2.0.12, fd00:2::c
        |                      fd00:9::80        +--- [ web2 ]  weight 2
        +----------------------------------------+
         the servers' own way to the client (dr, tun)
END
topology routed 2
load_halb
start_nginx s1 web1
start_nginx s2 web2

say "=== nat: requests and replies pass the director; the servers' gateway is the director ==="
balance nat $VIP4
balance nat $VIP6
typed dir "halbctl conn show | head -n 4"
typed dir "halbctl service flush"

say "=== dr: the request goes on to the server's MAC address, the reply straight to the client ==="
for n in 1 2; do
	typed s$n "halbctl real-server add $VIP4"
	typed s$n "halbctl real-server add $VIP6"
	gw_via s$n cl
done
balance dr $VIP4
balance dr $VIP6
typed dir "halbctl service flush"

say "=== tun: the request goes to the server inside another packet, wherever the server is ==="
modprobe -q ipip
modprobe -q ip6_tunnel
for n in 1 2; do
	for vip in $VIP4 $VIP6; do
		typed s$n "halbctl real-server del $vip"
		typed s$n "halbctl real-server add $vip tun $(server_addr $n $vip)"
	done
done
balance tun $VIP4
balance tun $VIP6
say "--- the director's statistics ---"
typed dir "halbctl stats"

say "=== result: shares of 1/3 and 2/3 are expected ==="
printf '%-7s %-7s %8s %7s %5s\n' method VIP answered web1 web2
printf '%s\n' "${RESULTS[@]}"
echo
if [ ${#RESULTS[@]} -ne 6 ] || [ $WRONG -ne 0 ] || [ $PAIR -ne 0 ]; then
	[ $PAIR -eq 0 ] || echo "The pair of directors did not do what it should, see above."
	echo "The demo has FAILED."
	exit 1
fi
echo "$((6 * REQUESTS)) requests, all answered, by the right servers."
if [ -n "${HALB_SHELL:-}" ]; then
	cat <<-END

		The network stays as it is, balanced by tun. Try:
		  ip netns exec dir halbctl service show
		  ip netns exec cl curl http://$VIP4/
		  ip netns exec dir halbctl server drain tcp $VIP4:80 10.2.0.11
	END
fi
exit 0
