#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The limit of connections: new flows beyond it are refused and counted, old ones keep working,
# and when some are gone there is room again.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                                  +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
start_servers 1 2
flows_start

balance nat tcp $VIP4 80
balance nat udp $VIP4 53
balance nat udp $VIP6 53
memory=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
limit=$(hc -j settings show | jq .conn_limit)
# One connection per 2 KiB; the kernel counts a little more memory than meminfo shows.
between "$limit" $((memory / 2)) $((memory * 11 / 20)) "the default is a connection per 2 KiB of memory"

hc settings set conn-limit 10
began="$(flows open tcp $VIP4 80 n=4) $(flows open udp $VIP4 53 n=3) $(flows open udp $VIP6 53 n=3)"
is "$(tally "$began" | tr -d 0-9=)" "one two" "ten flows, as many as the limit allows"
is "$(conn_count)" 10 "ten connections in use"
before=$(drops conn-limit)
flows timeout 1 >/dev/null
is "$(flows once tcp $VIP4 80) $(flows once udp $VIP4 53) $(flows once udp $VIP6 53)" "timeout timeout timeout" \
	"further flows are refused"
between "$(drops conn-limit)" $((before + 3)) $((before + 6)) "and counted"
flows timeout 10 >/dev/null
is "$(flows ask 1 10)" "$began" "the old ones keep working"
hc settings set conn-limit 5
is "$(flows ask 1 10)" "$began" "also when the limit is set below what is there"

# Room after a flush.
is "$(hc conn flush service udp "[$VIP6]:53")" "3 connections removed" "three connections are removed"
hc settings set conn-limit 10
check "room again after the flush" wait_for 10 eval '[ "$(conn_count)" -le 7 ]'
is "$(flows once udp $VIP6 53 n=2 | wc -w)" 2 "two new flows"
is "$(flows ask 1 7)" "$(cut -d' ' -f1-7 <<< "$began")" "the others are still there"

# Room after expiry.
hc settings set udp-timeout 1
check "room again when UDP flows have expired" wait_for 30 eval '[ "$(conn_count)" = 4 ]'
hc settings set udp-timeout 300
is "$(flows once udp $VIP4 53 n=6 | tr ' ' '\n' | grep -c -e one -e two)" 6 "six new flows"
flows timeout 1 >/dev/null
is "$(flows once udp $VIP4 53)" timeout "the seventh is one too many again"
is "$(flows ask 1 4)" "$(cut -d' ' -f1-4 <<< "$began")" "the TCP connections never noticed"

fails_with 2 "conn-limit 0 is out of range: it is 1 to" "a limit of 0 is refused" hc settings set conn-limit 0

# The upper threshold of a server, which is another kind of limit.
hc settings set conn-limit 1000
hc service flush
hc conn flush >/dev/null
flows forget >/dev/null
flows timeout 10 >/dev/null
balance nat tcp $VIP4 80
hc server set tcp $VIP4:80 10.2.0.11 upper 2 lower 2
is "$(tally "$(flows open tcp $VIP4 80 n=6)")" "one=2 two=4" "upper 2: a server gets two of six"
like "$(hc server show tcp $VIP4:80 10.2.0.11)" 'upper 2 lower 2 overload' "and is shown as overloaded"
hc server set tcp $VIP4:80 10.2.0.12 upper 4
is "$(flows once tcp $VIP4 80)" refused "when all are full the client is refused at once"
done_testing
