#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# VRRP instances in the module: who is not master leaves every packet of the services that name
# the instance to the stack, those of open connections included; and what becomes of an instance
# when the daemon that it belongs to dies.
#
#        10.1.0.2            10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 -------------- d0 [ dir ] d1 ---+--- e0 [ s1 ]  replies via 10.2.0.1
#                             10.9.0.80       +--- e0 [ s2 ]
#
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
start_nginx s1 one
start_nginx s2 two
svc="tcp $VIP4:80"

state() { hc -j vrrp show "$1" | jq -r .[0].state; }
passed() { passes not-master; }
# Packets of VIP4 that came to the stack, since the VIP is nobody's.
stack_counts() {
	dir nft -f - <<-END
		table ip t {
			counter vip { }
			chain c { type filter hook prerouting priority -150; ip daddr $VIP4 counter name vip drop; }
		}
	END
}
stack() { dir nft -j list counter ip t vip | jq '.nftables[] | select(.counter) | .counter.packets'; }

# --- grammar and refusals ---------------------------------------------------------------
hc service add $svc scheduler rr vrrp VI_1
hc server add $svc 10.2.0.11:80 method nat
is "$(state VI_1)" fault "an instance that only a service names is in fault"
is "$(hc service show $svc | awk 'NR == 2 { print $NF }')" VI_1 "the service shows its instance"
is "$(hc -j service show $svc | jq -r .[0].vrrp)" VI_1 "also in JSON"
is "$(hc save | grep -c "service add $svc .* vrrp VI_1$")" 1 "and in what save prints"
fails_with 1 "has no white space" "no white space in a name" on dir halbctl vrrp set "a b" master
fails_with 1 "63 characters at most" "a name of 64 characters" on dir halbctl vrrp set "$(printf 'x%.0s' {1..64})" master
check "a name of 63 characters" on dir halbctl vrrp set "$(printf 'x%.0s' {1..63})" backup
hc vrrp del "$(printf 'x%.0s' {1..63})"
fails_with 2 "unknown state 'slave' in vrrp set" "an unknown state" on dir halbctl vrrp set VI_1 slave
fails_with 1 "nobody has given" "del of what nobody has set" on dir halbctl vrrp del VI_1
fails_with 1 "no such VRRP instance" "show of what is not there" on dir halbctl vrrp show VI_2
is "$(hc vrrp show | awk 'NR > 1 { print $1 }')" VI_1 "no other instance is left"

# --- the gate, for new flows ----------------------------------------------------------------
stack_counts
# Shorter than http waits: what nobody answers, nobody answers.
silent() { ! cl curl -sSf --noproxy '*' --max-time 1.5 "$1"; }
check "fault: nobody answers" silent "$(url $VIP4)"
between "$(stack)" 1 100 "fault: the stack got the packets"
n=$(passed)
between "$n" 1 100 "fault: they are counted as not-master"
hc vrrp set VI_1 backup
check "backup: nobody answers" silent "$(url $VIP4)"
between "$(passed)" $((n + 1)) 200 "backup: counted as well"
hc vrrp set VI_1 master
n=$(stack)
is "$(http cl "$(url $VIP4)")" one "master: the service is served"
is "$(stack)" "$n" "master: the stack gets nothing"
is "$(hc -j vrrp show VI_1 | jq -c '.[0] | [.state, .services, .transitions, .owner]')" '["master",1,2,0]' \
	"state, services and changes are shown"
# Another service of the same VIP is not concerned.
hc vrrp set VI_1 backup
hc service add tcp $VIP4:81 scheduler rr
hc server add tcp $VIP4:81 10.2.0.12:80 method nat
is "$(http cl "$(url $VIP4 81)")" two "a service that names no instance is always served"
hc service set tcp $VIP4:81 vrrp VI_1
check "until it names one" silent "$(url $VIP4 81)"
hc service set tcp $VIP4:81 no-vrrp
is "$(http cl "$(url $VIP4 81)")" two "and none again"
# A server that comes while the director is backup is closed, too.
hc server add $svc 10.2.0.12:80 method nat
hc server del $svc 10.2.0.11:80
check "a server that is added on a backup serves nobody" silent "$(url $VIP4)"
hc vrrp set VI_1 master
is "$(http cl "$(url $VIP4)")" two "but does as soon as it is master"

# --- open connections ----------------------------------------------------------------------------
export STEPS=$TMP/step
cl python3 - "$VIP4" > "$TMP/talk" 2>&1 <<-'END' &
	import os, socket, sys, time

	s = socket.create_connection((sys.argv[1], 80), 10)
	print("open", flush=True)
	for step in ("master", "backup", "again"):
	    while not os.path.exists(os.environ["STEPS"] + "." + step):
	        time.sleep(0.05)
	    s.settimeout(1.5 if step == "backup" else 60)
	    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	    try:
	        print(step + ":", s.recv(65536)[:12].decode(), flush=True)
	    except socket.timeout:
	        print(step + ": silence", flush=True)
END
talk=$!
step() { # NAME REGEX: the talker goes on, and says so
	touch "$STEPS.$1"
	wait_for 60 grep -q "$2" "$TMP/talk"
}
wait_for 20 grep -q open "$TMP/talk" || diag "$(cat "$TMP/talk")"
check "master: an open connection talks" step master "master: HTTP/1.1 200"
hc vrrp set VI_1 backup
n=$(stack)
check "backup: an open connection is left to the stack" step backup "backup: silence"
between "$(stack)" $((n + 1)) $((n + 50)) "backup: which got its packets"
hc vrrp set VI_1 master
check "master again: the same connection goes on" step again "again: HTTP/1.1 200"
wait $talk

# --- owners ------------------------------------------------------------------------------------------
hc vrrp set VI_1 fault
halb_own() { # NAME=GRACE...: a daemon that owns instances, until it is killed
	# nsenter itself becomes the daemon, so that a kill meets it.
	nsenter --net=/run/netns/dir -- python3 - "$HALB_SRC/selftests" "$@" <<-'END' &
		import sys, time
		sys.path.insert(0, sys.argv[1])
		import halbnl
		s = halbnl.Halb()
		s.do("instance-set", instance=[
		    dict(name=n, state="master", grace=int(g)) for n, g in (a.split("=") for a in sys.argv[2:])])
		print("set", flush=True)
		time.sleep(600)
	END
	owner=$!
}
is_state() { [ "$(state "$1")" = "$2" ]; }
on dir halbctl monitor > "$TMP/events" & monitor=$!
halb_own VI_1=60000 VI_9=500 > "$TMP/own"
wait_for 30 grep -q set "$TMP/own"
is "$(state VI_1) $(state VI_9)" "master master" "a daemon sets two instances at once"
is "$(http cl "$(url $VIP4)")" two "and the service is served"
fails_with 1 "belongs to a daemon that is running" "nobody else may set it" on dir halbctl vrrp set VI_1 backup
fails_with 1 "belongs to a daemon that is running" "or delete it" on dir halbctl vrrp del VI_1
is "$(hc -j vrrp show VI_1 | jq '.[0].owner > 0 and .[0].grace == 60000')" true "owner and grace are shown"
# Killed, and another takes over within the grace: nothing happens to the service.
{ kill -9 $owner; wait $owner; } 2>/dev/null
wait_for 10 eval '[ "$(hc -j vrrp show VI_1 | jq .[0].owner)" = 0 ]'
is "$(state VI_1)" master "its owner dead, the instance is master for a while"
halb_own VI_1=700 > "$TMP/own2"
wait_for 30 grep -q set "$TMP/own2"
is "$(hc -j vrrp show VI_1 | jq -c '.[0] | [.state, .transitions, has("waiting")]')" '["master",8,false]' \
	"a restarted daemon adopts it without a change"
check "what it does not adopt is gone when the grace is over" wait_for 20 eval '! hc vrrp show VI_9'
is "$(state VI_1)" master "what it has adopted is not"
{ kill -9 $owner; wait $owner; } 2>/dev/null
check "and then nobody comes: fault" wait_for 20 is_state VI_1 fault
check "nobody answers" silent "$(url $VIP4)"
like "$(cat "$TMP/events")" "vrrp set VI_1 master.*vrrp set VI_1 fault" "all of it was told to listeners"
kill $monitor

# --- lifetime ---------------------------------------------------------------------------------------------
halb_own VI_1=600000 VI_2=600000 VI_3=0 > "$TMP/own3"
wait_for 30 grep -q set "$TMP/own3"
hc service set tcp $VIP4:81 vrrp VI_4
check "the module goes with owners, graces and bound services" rmmod halb
{ kill -9 $owner; wait $owner; } 2>/dev/null
load_halb
is "$(hc vrrp show | wc -l)" 1 "and comes back without instances"
done_testing
