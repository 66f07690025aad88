#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbd with the real keepalived: each as master and as backup, in every way of talking that they
# share; priority 0, preemption, sync groups; and a pair of keepalived that is changed over to
# halbd one director at a time, and back.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology

run() { start "$1" $A; start "$2" $B; }
no_refusals() { # NS
	[ "$(status "$1" '.counters.refused | add')" = 0 ] && [ "$(status "$1" .counters.received)" -gt 0 ]
}

times_master() { grep -c 'Entering MASTER' "$TMP/$1.log"; }

# pair NAME LINES...: both ways
pair() {
	local name=$1 ours theirs ns
	shift
	for ours in $A $B; do
		conf $A 100 "$@"
		conf $B 90 "$@"
		sed -i 's/@me@/192.168.4.1/; s/@peer@/192.168.4.2/' "$TMP/$A.conf"
		sed -i 's/@me@/192.168.4.2/; s/@peer@/192.168.4.1/' "$TMP/$B.conf"
		if [ $ours = $A ]; then run halbd keepalived; theirs=$B; else run keepalived halbd; theirs=$A; fi
		[ $ours = $A ] && who="halbd as master" || who="halbd as backup"
		check "$name, $who: the better one is master" wait_for 8 only $A $B "$ADDR"
		stop $A
		check "$name, $who: it stops, and the other one takes over" wait_for 2 only $B $A "$ADDR"
		start "${KIND[$A]}" $A
		check "$name, $who: it returns and preempts" wait_for 8 only $A $B "$ADDR"
		check "$name, $who: halbd took every packet" wait_for 3 no_refusals $ours
		# Its parent starts it again at once: the other one may be master for a moment only.
		before=$(times_master $B)
		kill -9 "$(vrrp_pid $A)"
		check "$name, $who: it dies, and the other one takes over" wait_for 8 \
			eval "[ \"\$(times_master $B)\" -gt $before ]"
		refute "$name, $who: keepalived has no complaint" \
			grep -iE 'invalid|mismatch|wrong|bogus|expect|unknown' "$TMP/$theirs.log"
		stop $A $B
	done
}

ADDR=$VIP
fast="advert_int 0.2"
pair "version 2" "version 2"
pair "version 2, PASS" "version 2" "$PASS"
pair "version 3" "version 3" "$fast"
pair "version 2, unicast" "unicast_src_ip @me@" "unicast_peer { @peer@ }"
pair "version 3, unicast" "version 3" "$fast" "unicast_src_ip @me@" "unicast_peer { @peer@ }"
pair "version 3, VMAC" "version 3" "$fast" "use_vmac"
ADDR=fd00:4::80
pair "IPv6" "version 3" "$fast" "virtual_ipaddress { fe80::50/64; fd00:4::80/64 }"
ADDR=$VIP

# --- nopreempt -----------------------------------------------------------------------------
conf $A 100 "nopreempt" "version 3" "$fast"
conf $B 90 "version 3" "$fast"
start keepalived $B
wait_for 8 holds $B
start halbd $A
wait_for 3 logged $A "Entering BACKUP"
sleep 2
check "nopreempt: halbd leaves the VIP to a keepalived of lower priority" only $B $A
stop $A $B

# --- a sync group ----------------------------------------------------------------------------
groups() { # NS PRIORITY
	cat > "$TMP/$1.conf" <<-END
		vrrp_sync_group G {
		  group {
		    VI_1
		    VI_2
		  }
		}
		vrrp_instance VI_1 {
		  interface eth0
		  virtual_router_id 50
		  priority $2
		  version 3
		  advert_int 0.2
		  virtual_ipaddress {
		    $VIP/24
		  }
		}
		vrrp_instance VI_2 {
		  interface eth1
		  virtual_router_id 51
		  priority $2
		  version 3
		  advert_int 0.2
		  virtual_ipaddress {
		    192.168.5.80/24
		  }
		}
	END
}
both() { only "$1" "$2" && only "$1" "$2" 192.168.5.80; }
for kinds in "halbd keepalived" "keepalived halbd"; do
	groups $A 100
	groups $B 90
	# shellcheck disable=SC2086
	run $kinds
	check "sync group, $kinds: both addresses are at the better one" wait_for 10 both $A $B
	cut $A eth1
	check "sync group, $kinds: one cable is cut, both addresses move" wait_for 10 both $B $A
	mend $A eth1
	check "sync group, $kinds: mended, both return" wait_for 10 both $A $B
	stop $A $B
done

# --- changing over ------------------------------------------------------------------------------
conf $A 100 "state MASTER" "$PASS"
conf $B 90 "$PASS"
run keepalived keepalived
check "two keepalived" wait_for 8 only $A $B
stop $B
start halbd $B
wait_for 3 logged $B "Entering BACKUP"
sleep 1
check "the backup is halbd now: nothing moves" only $A $B
stop $A
check "the master stops: halbd has the VIP" wait_for 3 only $B $A
start halbd $A
check "two halbd" wait_for 8 only $A $B
stop $A
start keepalived $A
check "and back: keepalived is master again" wait_for 8 only $A $B
stop $B
start keepalived $B
wait_for 3 logged $B "Entering BACKUP"
sleep 1
check "two keepalived again" only $A $B
stop $A $B
done_testing
