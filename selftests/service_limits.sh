#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a service has of its own: a limit of connections, and timeouts.
#
#   [ cl ] --- 10.9.0.80:80, :53, :54 --- [ dir ] ---+--- [ s1 ]
#                                                    +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
for n in 1 2; do
	start_nginx s$n "${NAMES[n]}"
	start_udp s$n "${NAMES[n]}"
	start_udp s$n "${NAMES[n]}" 54
done
flows_start
both() { grep -c -e one -e two; }

# --- the limit -----------------------------------------------------------------------------
balance nat tcp $VIP4 80
balance nat udp $VIP4 53
hc service set tcp $VIP4:80 conn-limit 3
began=$(flows open tcp $VIP4 80 n=3)
is "$(tr ' ' '\n' <<< "$began" | both)" 3 "as many flows as the limit allows"
before=$(drops service-conn-limit) all=$(drops conn-limit)
flows timeout 1 > /dev/null
is "$(flows once tcp $VIP4 80)" timeout "one more is refused"
# A slow client sends its SYN more often.
between "$(drops service-conn-limit)" $((before + 1)) $((before + 2 + HALB_SLOW)) "and counted"
is "$(drops conn-limit)" "$all" "by its own name"
flows timeout 10 > /dev/null
is "$(flows once udp $VIP4 53 n=5 | tr ' ' '\n' | both)" 5 "another service has nothing to do with it"
is "$(flows ask 1 3)" "$began" "the old ones keep working"
hc service set tcp $VIP4:80 conn-limit 1
is "$(flows ask 1 3)" "$began" "also when the limit is set below what is there"

# Connections of a server that has left count as long as they are there.
hc service set tcp $VIP4:80 conn-limit 4
is "$(flows open tcp $VIP4 80 | both)" 1 "the limit is raised: one more"
hc server del tcp $VIP4:80 10.2.0.12:80
hc conn flush service tcp $VIP4:80 > /dev/null
flows forget > /dev/null
is "$(flows open tcp $VIP4 80 n=4)" "one one one one" "after a flush there is room for four again"
flows timeout 1 > /dev/null
is "$(flows once tcp $VIP4 80)" timeout "and no more"
hc service set tcp $VIP4:80 conn-limit 0
flows timeout 10 > /dev/null
is "$(flows once tcp $VIP4 80 n=3)" "one one one" "no limit"
flows forget > /dev/null

# One-packet scheduling makes no connections, and templates are none.
hc conn flush service udp $VIP4:53 > /dev/null
hc service set udp $VIP4:53 conn-limit 1
is "$(flows open udp $VIP4 53 | both)" 1 "UDP: one flow"
flows timeout 1 > /dev/null
is "$(flows once udp $VIP4 53)" timeout "UDP: not two"
flows timeout 10 > /dev/null
hc conn flush > /dev/null
hc service set udp $VIP4:53 persistent 300 conn-limit 2
is "$(flows once udp $VIP4 53 n=2 | tr ' ' '\n' | both)" 2 "a template does not count"
hc conn flush > /dev/null
hc service set udp $VIP4:53 no-persistent ops conn-limit 1
before=$(drops service-conn-limit)
for n in 1 2 3 4 5; do flows raw4 udp 10.1.0.2 $VIP4 $((20000 + n)) 53 > /dev/null; done
check "ops: five datagrams are scheduled" wait_for 10 eval \
	'[ "$(hc -j service show udp $VIP4:53 | jq ".[0].stats.conns")" -ge 5 ]'
is "$(drops service-conn-limit)" "$before" "ops: without regard to the limit"
hc service set udp $VIP4:53 no-ops conn-limit 0
hc conn flush > /dev/null

# --- timeouts --------------------------------------------------------------------------------
balance nat udp $VIP4 54
hc service set udp $VIP4:54 udp-timeout 2000000
hc service set tcp $VIP4:80 tcp-timeout 1000000 tcp-fin-timeout 500000
flows forget > /dev/null
hc conn flush > /dev/null
flows open udp $VIP4 54 > /dev/null
got=$(hc -j conn show | jq '[.[] | select(.state == "udp") | .expires] | max')
between "$got" 1999000 2000000 "udp-timeout of the service"
flows open udp $VIP4 53 > /dev/null
got=$(hc -j conn show | jq '[.[] | select(.state == "udp") | .expires] | min')
between "$got" 1 300 "another service has the setting's"
flows open tcp $VIP4 80 > /dev/null
got=$(hc -j conn show tcp | jq '[.[] | select(.state == "established") | .expires] | max')
between "$got" 999000 1000000 "tcp-timeout"
hc service set tcp $VIP4:80 tcp-timeout 700000
got=$(hc -j conn show tcp | jq '[.[] | select(.state == "established") | .expires] | max')
between "$got" 690000 700000 "a change counts for open connections, too"
hc service set tcp $VIP4:80 tcp-timeout 0
got=$(hc -j conn show tcp | jq '[.[] | select(.state == "established") | .expires] | max')
between "$got" 1 900 "0: the setting's"
hc settings set udp-timeout 1000000
hc service set udp $VIP4:54 udp-timeout 1
check "a flow whose service's time is over ends" wait_for 30 eval \
	'[ "$(hc -j conn show service udp $VIP4:54 | jq length)" = 0 ]'
is "$(hc -j conn show service udp $VIP4:53 | jq length)" 1 "the other one lives"

# --- what is shown and saved --------------------------------------------------------------------
hc service set tcp $VIP4:80 conn-limit 7 tcp-timeout 11 udp-timeout 12 tcp-fin-timeout 13
is "$(hc -j service show tcp $VIP4:80 | jq -c '.[0] | [.conn_limit, .tcp_timeout, .tcp_fin_timeout, .udp_timeout]')" \
	"[7,11,13,12]" "-j"
hc save > "$TMP/saved"
is "$(grep -c 'tcp-timeout 11 tcp-fin-timeout 13 udp-timeout 12 conn-limit 7' "$TMP/saved")" 1 "save"
hc service flush
check "restore" hc restore < "$TMP/saved"
is "$(hc save)" "$(cat "$TMP/saved")" "all is as before"
fails_with 2 'udp-timeout .* out of range: it is 0 to 2678400' "beyond 31 days" hc service set tcp $VIP4:80 udp-timeout 2678401
fails_with 2 'conn-limit .* out of range: it is 0 to 2147483647' "beyond 2^31" hc service set tcp $VIP4:80 conn-limit 2147483648
done_testing
