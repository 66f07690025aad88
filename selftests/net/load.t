#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What others do to the machine does not delay an advertisement by more than half an interval, at
# advert_int 0.1: 10,000 health checks that run, each in two seconds; a disk
# that is full; a log that nobody reads; and programs that want each CPU. (A mail server that is
# silent: mail.t. A log that is a full pipe: daemon.t.)
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
ip -n $A link set lo up
write() { conf $A 100 "version 3" "advert_int 0.1"; }
pacemaker
# --- 10,000 checks: half of them find a server, half do not ----------------------------------
cat > "$TMP/server.py" <<-'END'
	import asyncio, sys
	async def answer(reader, writer):
	    writer.close()
	async def main():
	    server = await asyncio.start_server(answer, "0.0.0.0", 8080, backlog=4096)
	    print("ready", flush=True)
	    await server.serve_forever()
	asyncio.run(main())
END
nsenter --net=/run/netns/$A -- python3 "$TMP/server.py" > "$TMP/server" 2>/dev/null &
server=$!
wait_for 10 grep -q ready "$TMP/server"
write
for service in $(seq 10); do
	echo "virtual_server 10.77.0.$service 80 {"
	printf '%s\n' "delay_loop 2" "lb_algo rr" "lb_kind NAT" "protocol TCP"
	for server_n in $(seq 1000); do
		port=8080
		[ $((server_n % 2)) = 0 ] && port=8081
		echo "real_server 127.$service.$((server_n / 250)).$((server_n % 250 + 1)) $port {"
		printf '%s\n' "TCP_CHECK {" "connect_timeout 1" "}" "}"
	done
	echo "}"
done >> "$TMP/$A.conf"
start halbd $A
check "10,000 checks: it is master" wait_for 30 holds $A
checker=$(pgrep -P "${PID[$A]}" -x halbd_check)
[ -n "$checker" ]
is $? 0 "... and the checker runs"
sleep 2
opens() { on $A awk '/^Tcp: [0-9]/ { print $6, $7 }' /proc/net/snmp; } # active, passive
read -r active passive <<< "$(opens)"
# Each of them three times: how long that takes the machine decides.
checked() {
	local now
	read -r now passive2 <<< "$(opens)"
	[ $((now - active)) -ge 30000 ] && [ $((passive2 - passive)) -ge 15000 ]
}
late wait_for 60 checked
is "$(checked && echo checked)" checked "... each server is looked at three times"
in_time "10,000 checks: no advertisement is later than half an interval"
kill $server
down() { on $A "$HALBCTL" -j status | jq -e '[.checks.services[].servers[] | select(.state == "down")] | length >= 10000' > /dev/null; }
late wait_for 60 down
check "... 5,000 servers more are lost" down
in_time "... nor is one then"
stop $A

# --- a full disk -------------------------------------------------------------------------------
mkdir "$TMP/disk"
mount -t tmpfs -o size=64k none "$TMP/disk" || bail "no tmpfs"
at_exit umount -l "$TMP/disk"
write
nsenter --net=/run/netns/$A -- "$HALBD" -n -l -D -f "$TMP/$A.conf" -p "$TMP/$A.pid" 2>> "$TMP/disk/log" &
PID[$A]=$!
wait_for 8 holds $A
dd if=/dev/zero of="$TMP/disk/fill" bs=4096 2>/dev/null
much_to_log() { for _ in $(seq 30); do kill -USR1 "${PID[$A]}"; sleep 0.1; done; }
late much_to_log
in_time "a full disk under its log: no advertisement is late"
reload $A
sleep 0.5
check "... and a reload works" holds $A
stop $A
check "... as does a stop" lacks $A
nsenter --net=/run/netns/$A -- "$HALBD" -n -l -D -f "$TMP/$A.conf" -p "$TMP/disk/pid" 2>> "$TMP/$A.log" &
PID[$A]=$!
check "... and a start, with its pid file there" wait_for 8 eval "holds $A || logged $A 'disk/pid'"
stop $A

# --- busy CPUs ------------------------------------------------------------------------------------
write
start halbd $A
wait_for 8 holds $A
hogs=()
for _ in $(seq $((4 * $(nproc)))); do
	nice -n -5 sh -c 'while :; do :; done' &
	hogs+=($!)
done
late sleep 5
kill "${hogs[@]}"
wait "${hogs[@]}" 2>/dev/null
in_time "four programs for each CPU: no advertisement is late"
stop $A
stop $B
done_testing
