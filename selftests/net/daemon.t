#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbd as a daemon: packets that it must not take, what it tracks, whom it tells, reloads, a log
# that nobody reads, and where it refuses to start. The wire format is checked with what the
# real keepalived sends: each packet decodes, and is the same when encoded again.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
masters() { holds $A && holds $B; }

# --- the wire ----------------------------------------------------------------------------
packets=$HALB_SRC/tools/tests
make -s -C "$packets" OUT="$TMP/tests" "$TMP/tests/vrrp_packet_t" || bail "vrrp_packet_t does not build"
for lines in "version 2" "version 3" "virtual_ipaddress { fe80::50/64; fd00:4::80/64 }"; do
	conf $A 100 "$lines" "advert_int 1" "$PASS"
	[[ $lines == "version 2" ]] || conf $A 100 "$lines" "advert_int 0.2" "version 3"
	nsenter --net=/run/netns/$CL -- tcpdump -i eth0 -l -nx 'ip proto 112 or ip6 proto 112' > "$TMP/dump" 2>"$TMP/tcpdump" &
	dump=$!
	wait_for 5 grep -q listening "$TMP/tcpdump"
	start keepalived $A
	wait_for 8 logged $A "Entering MASTER"
	stop $A
	wait_for 5 grep -qE "prio 0|prio stop" "$TMP/dump"
	kill $dump
	wait $dump 2>/dev/null
	# A packet in a line, from the IP header on
	awk '/^\t/ { sub(/^\t0x[0-9a-f]*: */, ""); gsub(/ /, ""); printf "%s", $0; next }
		NR > 1 { print "" } END { print "" }' "$TMP/dump" > "$TMP/hex"
	"$TMP/tests/vrrp_packet_t" "$TMP/hex" > "$TMP/result"
	is "$? $(grep -c '^ok' "$TMP/result" | awk '{ print ($1 > 1) }')" "0 1" "keepalived's packets, $lines" ||
		diag "$(cat "$TMP/result" "$TMP/hex")"
done

# --- what must not be taken ------------------------------------------------------------------
# Both are master then, as with keepalived; halbd says why.
refusal() { # NAME OURS THEIRS TEXT
	conf $A 100 "advert_int 1" "$2"
	conf $B 90 "advert_int 1" "$3"
	start halbd $A
	start keepalived $B
	check "another $1: two masters" wait_for 10 masters
	check "... counted" wait_for 5 eval "[ \$(status $A '.counters.refused[\"$1\"]') -ge 1 ]"
	is "$(grep -c "$4" "$TMP/$A.log")" 1 "... and logged once" || diag "$(log $A)"
	stop $A $B
}
refusal password "$PASS" "authentication { auth_type PASS; auth_pass 2222 }" "another auth_pass"
refusal auth-type "$PASS" "version 2" "another auth_type"
refusal version "version 2" "version 3" "another VRRP version"
refusal interval "advert_int 2" "advert_int 1" "another advert_int"
conf $A 100 "virtual_ipaddress { $VIP/24; 192.168.4.81/24 }"
conf $B 90
start keepalived $A
start halbd $B
check "other addresses: counted, and said" wait_for 10 eval \
	"[ \$(status $B .counters.refused.addresses) -ge 3 ] && logged $B 'other virtual addresses'"
check "... but the master is obeyed" only $A $B
stop $A $B

# --- where it does not start --------------------------------------------------------------------
conf $A 100
start keepalived $A
wait_for 3 logged $A "Entering BACKUP"
fails_with 1 "keepalived .*runs in this network namespace" "not beside keepalived" \
	on $A "$HALBD" -n -l -f "$TMP/$A.conf" -p "$TMP/other.pid"
stop $A
start halbd $A
wait_for 3 logged $A "Entering BACKUP"
fails_with 1 "another halbd .*SIGHUP" "not beside halbd" \
	on $A "$HALBD" -n -l -f "$TMP/$A.conf" -p "$TMP/other.pid"
conf $B 90
start halbd $B
check "beside one in another network namespace" wait_for 3 logged $B "Entering BACKUP"
check "anybody may read the status" wait_for 3 on $A setpriv --reuid 65534 --clear-groups \
	"$HALBCTL" status
stop $A $B

# --- as a daemon -----------------------------------------------------------------------------------
on $A "$HALBD" -f "$TMP/$A.conf" -p "$TMP/daemon.pid" < /dev/null
is $? 0 "without -n it returns when it works"
check "... and there is a status at once" on $A "$HALBCTL" status
pid=$(cat "$TMP/daemon.pid")
refute "... in the background" test "$(ps -o ppid= -p "$pid")" -eq $$
kill "$pid"
check "... until it is told to stop" wait_for 5 test ! -e "$TMP/daemon.pid"

# --- tracking, and telling ----------------------------------------------------------------------------
cat > "$TMP/notify" <<-END
	#!/bin/sh
	echo "\$*" >> $TMP/told
END
printf '#!/bin/sh\ntest ! -e %s/bad\n' "$TMP" > "$TMP/script"
chmod 755 "$TMP" "$TMP/notify" "$TMP/script"
mkfifo "$TMP/fifo"
exec 7<> "$TMP/fifo"
{
	cat <<-END
		global_defs {
		  vrrp_notify_fifo $TMP/fifo
		  script_user root
		}
		vrrp_script chk {
		  script $TMP/script
		  interval 0.2
		  weight -20
		  fall 2
		}
		track_file tf {
		  file $TMP/value
		  weight 1
		}
	END
	conf $A 100 "version 3" "advert_int 0.2" "track_script { chk }" "track_interface { eth1 weight -30 }" \
		"track_file { tf }" "notify $TMP/notify"
	cat "$TMP/$A.conf"
} > "$TMP/conf"
mv "$TMP/conf" "$TMP/$A.conf"
sed -i 's/eth1 weight -30/eth1 weight -30\n/' "$TMP/$A.conf"
conf $B 90 "version 3" "advert_int 0.2"
start halbd $A
start keepalived $B
check "all is well: master" wait_for 8 only $A $B
touch "$TMP/bad"
check "the script fails: its weight makes the other one master" wait_for 8 only $B $A
is "$(status $A '["effective-priority"]')" 80 "... with priority 80"
rm "$TMP/bad"
check "it succeeds: master again" wait_for 8 only $A $B
cut $A eth1
check "a tracked interface goes down: the other one is master" wait_for 8 only $B $A
is "$(status $A '["effective-priority"]')" 70 "... with priority 70"
mend $A eth1
check "it is up: master again" wait_for 8 only $A $B
echo -40 > "$TMP/value"
check "a tracked file says -40: the other one is master" wait_for 8 only $B $A
rm "$TMP/value"
check "it is removed: master again" wait_for 8 only $A $B
stop $A
# What keepalived gives to notify scripts, word by word
is "$(head -n 3 "$TMP/told")" "INSTANCE VI_1 BACKUP 100
INSTANCE VI_1 MASTER 100
INSTANCE VI_1 BACKUP 80" "notify was told of each transition, with keepalived's arguments"
check "... the last is the stop" wait_for 3 grep -q "INSTANCE VI_1 STOP 100" "$TMP/told"
read -r -t 5 line <&7
is "$line" 'INSTANCE "VI_1" BACKUP 100' "the FIFO too, in keepalived's form"
exec 7>&-
stop $B

# --- reload -----------------------------------------------------------------------------------------------
pair_conf() { # VIPS-OF-1 VIPS-OF-2
	conf $A 100 "version 3" "advert_int 0.1" "virtual_ipaddress { $1 }"
	sed 's/VI_1/VI_2/; s/router_id 50/router_id 51/' "$TMP/$A.conf" > "$TMP/second"
	conf $A 100 "version 3" "advert_int 0.1" "virtual_ipaddress { $2 }"
	sed 's/VI_1/VI_2/; s/router_id 50/router_id 51/' "$TMP/$A.conf" > "$TMP/second"
	conf $A 100 "version 3" "advert_int 0.1" "virtual_ipaddress { $1 }"
	cat "$TMP/second" >> "$TMP/$A.conf"
}
pair_conf "$VIP/24; 192.168.4.81/24" "192.168.4.82/24"
start halbd $A
wait_for 5 holds $A 192.168.4.82
wait_for 5 holds $A
nsenter --net=/run/netns/$A -- ip monitor address > "$TMP/monitor" &
monitor=$!
sleep 0.3
pair_conf "192.168.4.81/24" "192.168.4.82/24; $VIP/24; 192.168.4.83/24"
reload $A
check "reload: an address is added" wait_for 5 holds $A 192.168.4.83
check "... another moved to another instance" eval "[[ \$(status $A .addresses 1) == *$VIP/24* ]]"
kill $monitor
wait $monitor 2>/dev/null
refute "... without being away for a moment" grep -q "Deleted.*$VIP" "$TMP/monitor"
is "$(grep -c 'Entering MASTER' "$TMP/$A.log") $(status $A '.counters["became-master"]')" "2 1" \
	"... and no master bounced"
pair_conf "192.168.4.81/24" "192.168.4.82/24"
reload $A
check "reload: addresses are removed" wait_for 5 lacks $A 192.168.4.83
echo 'vrrp_instance VI_3 { interface' > "$TMP/$A.conf"
reload $A
sleep 1
check "a broken file: all goes on" holds $A 192.168.4.82
stop $A

# --- a log that nobody reads --------------------------------------------------------------------------------
conf $A 100 "version 3" "advert_int 0.1"
mkfifo "$TMP/full"
exec 8<> "$TMP/full"
nsenter --net=/run/netns/$A -- "$HALBD" -n -l -D -f "$TMP/$A.conf" -p "$TMP/$A.pid" 2> "$TMP/full" &
PID[$A]=$!
dd if=/dev/zero of="$TMP/full" bs=4096 count=16 oflag=nonblock 2>/dev/null
wait_for 5 holds $A
pacemaker
much_to_log() { for _ in $(seq 20); do kill -USR1 "${PID[$A]}"; sleep 0.2; done; }
late much_to_log
in_time "a blocked log: no advertisement is later than half an interval"
stop $B
exec 8>&-
kill "${PID[$A]}"
check "... and it stops" wait_for 5 lacks $A
check "... altogether" wait_for 5 eval "! kill -0 ${PID[$A]}"
done_testing
