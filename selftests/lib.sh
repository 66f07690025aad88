# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every test script shares: TAP, waiting for a state, and the network below.
# Sourced first; a script then is
#
#	. "$(dirname "$0")/lib.sh"
#	topology routed
#	start_nginx s1 one
#	check "one answers" http cl http://10.2.0.11/
#	done_testing
#
# `topology routed`: the director stands between clients and servers.
#
#        10.1.0.2                10.1.0.1  10.2.0.1        10.2.0.11
#   [ cl ] c0 ------------------ d0 [ dir ] d1 ---+-- e0 [ s1 ]
#         c1                                      |         10.2.0.12
#          |  10.2.0.254                 (bridge) +-- e0 [ s2 ]
#          +--------------------------------------+         10.2.0.13
#                                        [ sw ]   +-- e0 [ s3 ] ...
#
# The servers' way back to the clients is the director (what nat needs); `gw_via s1 cl`
# sends their replies straight to the client over its leg c1, past the director (dr, tun).
#
# `topology lan`: one wire for all, the director has one leg. Same addresses.
#
#   [ cl ] c0 ---+--- d0 [ dir ]     [ sw ] is the bridge
#                +--- e0 [ s1 ] ...
#
# IPv6: fd00:1::2, fd00:1::1, fd00:2::1, fd00:2::b (.11), fd00:2::c (.12), fd00:2::fe.
# The VIPs 10.9.0.0/24 and fd00:9::/64 are routed to the director and local to nobody.
# With `topology routed 2 2` there is a second director dir2, 10.1.0.3 and 10.2.0.3, and
# the client's side is a bridge too.

set -u
HALB_SRC=${HALB_SRC:-$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/..")}
HALB_TOOLS=${HALB_TOOLS:-$HALB_SRC/tools}
PATH=$HALB_TOOLS:$PATH
# How many times longer than usual all may take: the runner knows the kernel (settings).
HALB_SLOW=${HALB_SLOW:-1}
export HALB_SLOW

VIP4=10.9.0.80
VIP6=fd00:9::80

# --- TAP -----------------------------------------------------------------------------
# Counts live in this shell: a test in a pipeline or a subshell is not counted.
TAP_N=0
TAP_FAILED=0
TAP_PLAN=

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }
tap_plan() { TAP_PLAN=$1; echo "1..$1"; }
ok() { TAP_N=$((TAP_N + 1)); echo "ok $TAP_N - $1"; }
# not_ok NAME [WHY]
not_ok() {
	TAP_N=$((TAP_N + 1))
	TAP_FAILED=$((TAP_FAILED + 1))
	echo "not ok $TAP_N - $1"
	[ $# -lt 2 ] || diag "$2"
}
# skip NAME WHY
skip() { TAP_N=$((TAP_N + 1)); echo "ok $TAP_N - $1 # SKIP $2"; }
skip_all() { echo "1..0 # SKIP $*"; exit 0; }
bail() { diag "$*"; exit 1; }

# check NAME COMMAND...: ok when the command succeeds; its output explains a failure.
check() {
	local name=$1 out rc
	shift
	out=$("$@" 2>&1)
	rc=$?
	[ $rc -eq 0 ] && ok "$name" && return 0
	not_ok "$name" "status $rc: $*"
	[ -z "$out" ] || diag "$out"
	return 1
}
# refute NAME COMMAND...: ok when it fails.
refute() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		not_ok "$name" "succeeded: $*"
		[ -z "$out" ] || diag "$out"
		return 1
	fi
	ok "$name"
}
# is GOT WANT NAME
is() {
	[ "$1" = "$2" ] && ok "$3" && return 0
	not_ok "$3"
	diag "     got: $1"
	diag "expected: $2"
	return 1
}
# like TEXT REGEX NAME
like() {
	[[ $1 =~ $2 ]] && ok "$3" && return 0
	not_ok "$3"
	diag "          got: $1"
	diag "doesn't match: $2"
	return 1
}
# between GOT LOW HIGH NAME
between() {
	[ "$1" -ge "$2" ] 2>/dev/null && [ "$1" -le "$3" ] && ok "$4" && return 0
	not_ok "$4" "got $1, expected $2..$3"
	return 1
}
# fails_with STATUS REGEX NAME COMMAND...: a refusal has the right code and the right words.
fails_with() {
	local status=$1 regex=$2 name=$3 out rc
	shift 3
	out=$("$@" 2>&1)
	rc=$?
	[ $rc -eq "$status" ] && [[ $out =~ $regex ]] && ok "$name" && return 0
	not_ok "$name" "status $rc, expected $status, from: $*"
	diag "          got: $out"
	diag "doesn't match: $regex"
	return 1
}
done_testing() {
	[ -n "$TAP_PLAN" ] || echo "1..$TAP_N"
	[ "$TAP_FAILED" -eq 0 ]
	exit
}

# --- waiting -------------------------------------------------------------------------
# wait_for SECONDS COMMAND...: until it succeeds; fails when the time, times HALB_SLOW, is over.
wait_for() {
	local limit=$(($1 * HALB_SLOW)) end
	end=$((EPOCHSECONDS + limit))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$EPOCHSECONDS" -ge $end ]; then
			diag "gave up after $limit s: $*"
			return 1
		fi
		sleep 0.1
	done
}

# --- namespaces ----------------------------------------------------------------------
TMP=$(mktemp -d "${TMPDIR:-/tmp}/halb-test.XXXXXX")
NAMESPACES=()
CLEANUP=()

# at_exit COMMAND...: runs when the script ends, last one first.
at_exit() { CLEANUP=("$(printf '%q ' "$@")" "${CLEANUP[@]}"); }

# shellcheck disable=SC2329
lib_cleanup() {
	local rc=$? c
	trap - EXIT
	# run.sh -s: the shell that follows wants to look around in this network.
	[ -z "${HALB_SHELL:-}" ] || exit $rc
	for c in "${CLEANUP[@]}"; do
		eval "$c"
	done
	topology_down
	rm -rf "$TMP"
	exit $rc
}
trap lib_cleanup EXIT
trap 'exit 1' INT TERM HUP

# on NS COMMAND...: quicker than ip netns exec, which mounts a /sys each time.
on() {
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" -- "$@"
}
cl() { on cl "$@"; }
dir() { on dir "$@"; }
dir2() { on dir2 "$@"; }
s1() { on s1 "$@"; }
s2() { on s2 "$@"; }
s3() { on s3 "$@"; }

# setup_ns NAME...
setup_ns() {
	local ns
	for ns; do
		ip netns add "$ns" || bail "cannot create the namespace $ns"
		NAMESPACES+=("$ns")
		# rp_filter off: asymmetric ways are what dr is about; tests of it turn it on.
		# No DAD: addresses work at once. No redirects: on one wire they would change routes.
		on "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 \
			net.ipv6.conf.all.accept_redirects=0 net.ipv6.conf.default.accept_redirects=0 \
			net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
			net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.default.accept_redirects=0 \
			net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 \
			net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
		ip -n "$ns" link set lo up
	done
}

forwarding() { # NS
	on "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# wire NS1 DEV1 NS2 DEV2: a cable between two namespaces.
wire() {
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3" || bail "cannot wire $1 to $3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

# plug NS DEV BRIDGE: a cable from a namespace to a bridge in the switch.
plug() {
	wire "$1" "$2" sw "$1-$2"
	ip -n sw link set "$1-$2" master "$3"
}

# address NS DEV V4/LEN V6/LEN
address() {
	ip -n "$1" addr add "$3" dev "$2"
	ip -n "$1" addr add "$4" dev "$2" nodad
}

bridge() { # NAME: in the switch, learning at once, without spanning tree or multicast snooping
	ip -n sw link add "$1" type bridge forward_delay 0 stp_state 0 mcast_snooping 0
	ip -n sw link set "$1" up
}

# topology routed|lan [SERVERS] [DIRECTORS]
topology() {
	local kind=$1 servers=${2:-2} directors=${3:-1} i d leg
	TOPOLOGY=$kind SERVERS=$servers
	setup_ns sw cl
	bridge br0
	if [ "$kind" = lan ]; then
		plug cl c0 br0
		address cl c0 10.1.0.2/24 fd00:1::2/64
	elif [ "$directors" -gt 1 ]; then
		bridge br1
		plug cl c0 br1
		address cl c0 10.1.0.2/24 fd00:1::2/64
	fi
	for i in $(seq "$directors"); do
		d=dir
		[ "$i" -gt 1 ] && d=dir$i
		setup_ns "$d"
		forwarding "$d"
		leg=d1
		if [ "$kind" = lan ]; then
			leg=d0
			plug "$d" d0 br0
		elif [ "$directors" -gt 1 ]; then
			plug "$d" d0 br1
		else
			wire cl c0 dir d0
			address cl c0 10.1.0.2/24 fd00:1::2/64
		fi
		[ $leg = d1 ] && plug "$d" d1 br0
		address "$d" d0 "10.1.0.$((2 * i - 1))/24" "fd00:1::$((2 * i - 1))/64"
		address "$d" $leg "10.2.0.$((2 * i - 1))/24" "fd00:2::$((2 * i - 1))/64"
	done
	# The client's leg among the servers, for replies that do not pass the director.
	if [ "$kind" = lan ]; then
		address cl c0 10.2.0.254/24 fd00:2::fe/64
	else
		plug cl c1 br0
		address cl c1 10.2.0.254/32 fd00:2::fe/128
		ip -n cl route add 10.2.0.0/24 via 10.1.0.1
		ip -n cl route add fd00:2::/64 via fd00:1::1
		# Only its neighbours' requests need an answer there.
		on cl sysctl -qw net.ipv4.conf.c1.arp_ignore=0
	fi
	ip -n cl route add 10.9.0.0/24 via 10.1.0.1
	ip -n cl route add fd00:9::/64 via fd00:1::1
	for i in $(seq "$servers"); do
		setup_ns "s$i"
		plug "s$i" e0 br0
		address "s$i" e0 "$(server4 "$i")/24" "$(server6 "$i")/64"
		gw_via "s$i" dir
	done
}
# topology_down: everything that runs in our namespaces, then the namespaces. At exit, or
# before another topology.
topology_down() {
	local ns
	for ns in "${NAMESPACES[@]}"; do
		ip netns pids "$ns"
	done 2>/dev/null | xargs -r kill -9 2>/dev/null
	for ns in "${NAMESPACES[@]}"; do
		ip netns del "$ns" 2>/dev/null
	done
	NAMESPACES=()
}
server4() { echo "10.2.0.$((10 + $1))"; }
server6() { printf 'fd00:2::%x\n' $((10 + $1)); }

# gw_via NS dir|dir2|cl: the next hop of a server's replies.
gw_via() {
	local v4=10.2.0.1 v6=fd00:2::1
	case $2 in
	dir2) v4=10.2.0.3 v6=fd00:2::3 ;;
	cl) v4=10.2.0.254 v6=fd00:2::fe ;;
	esac
	ip -n "$1" route replace default via $v4
	ip -n "$1" -6 route replace default via $v6
}

is6() { [[ $1 == *:* ]]; }
# url ADDRESS [PORT [PATH]]
url() {
	if is6 "$1"; then echo "http://[$1]:${2:-80}/${3:-}"; else echo "http://$1:${2:-80}/${3:-}"; fi
}
# vip_local NS VIP...: the VIP as an address of the director itself.
vip_local() {
	local ns=$1 v
	shift
	for v; do
		if is6 "$v"; then ip -n "$ns" addr replace "$v/128" dev lo nodad
		else ip -n "$ns" addr replace "$v/32" dev lo; fi
	done
}
# real_server NS VIP [ARGUMENTS]: takes packets for the VIP, and never says so to its neighbours;
# in place of how it took them before.
real_server() {
	local ns=$1
	shift
	on "$ns" halbctl real-server add "$@" 2>/dev/null && return
	on "$ns" halbctl real-server del "$1" 2>/dev/null
	on "$ns" halbctl real-server add "$@" || bail "cannot make $ns a server of $1"
}
# dr_server NS VIP...
dr_server() {
	local ns=$1 v
	shift
	for v; do
		real_server "$ns" "$v"
	done
}
# tun_server NS VIP [ipip|ip6tnl|sit]: takes the VIP's packets out of a tunnel. The outer
# family is the VIP's unless a device type is given (sit: IPv6 in IPv4; ip6tnl takes both).
tun_server() {
	local ns=$1 vip=$2 type=${3:-} n=${1#s} to
	[ -n "$type" ] || { is6 "$vip" && type=ip6tnl || type=ipip; }
	modprobe -q ${type/ip6tnl/ip6_tunnel} 2>/dev/null
	[ $type = ip6tnl ] && to=$(server6 "$n") || to=$(server4 "$n")
	real_server "$ns" "$vip" tun "$to"
}

# --- the module ----------------------------------------------------------------------
# Dependencies come from the kernel's own modules; insmod does not look for them.
load_halb() {
	local d
	[ -d /sys/module/halb ] && return 0
	[ -e "${HALB_KO:-}" ] || bail "no module: HALB_KO=${HALB_KO:-} does not exist"
	for d in $(modinfo -F depends "$HALB_KO" | tr , ' '); do
		modprobe "$d" || bail "cannot load $d, which halb.ko needs"
	done
	insmod "$HALB_KO" "$@" || bail "insmod $HALB_KO failed: $(dmesg | tail -n 5)"
	wait_for 10 genl ctrl get name halb || bail "the genetlink family halb did not appear"
}
unload_halb() { [ ! -d /sys/module/halb ] || rmmod halb; }

# --- servers and clients -------------------------------------------------------------
# The files that nginx serves, the same from every server; named by their size.
WWW=/tmp/halb-www
WWW_SIZES="1 1000 1460 65536 1000000 10485760"
# Where each packet takes so long, the largest one is only more of the same.
[ "$HALB_SLOW" -eq 1 ] || WWW_SIZES=${WWW_SIZES% *}
make_www() {
	local s
	[ -e $WWW/.complete ] && return
	mkdir -p $WWW
	head -c 10485760 /dev/urandom > $WWW/10485760
	for s in $WWW_SIZES; do
		[ "$s" = 10485760 ] || head -c "$s" $WWW/10485760 > $WWW/"$s"
	done
	touch $WWW/.complete
}

# start_nginx NS NAME [PORT]: / answers with NAME, /addr with server and client address,
# /SIZE with a file of that size; PUT /up/FILE keeps FILE in $TMP/nginx-NS-PORT/up.
start_nginx() {
	local ns=$1 name=$2 port=${3:-80} d
	d=$TMP/nginx-$ns-$port
	make_www
	mkdir -p "$d"/{body,proxy,fastcgi,uwsgi,scgi,up}
	cat > "$d/nginx.conf" <<-END
		user root;
		worker_processes 1;
		pid $d/pid;
		error_log $d/error.log;
		events { worker_connections 4096; }
		http {
			access_log off;
			default_type text/plain;
			client_body_temp_path $d/body;
			proxy_temp_path $d/proxy;
			fastcgi_temp_path $d/fastcgi;
			uwsgi_temp_path $d/uwsgi;
			scgi_temp_path $d/scgi;
			client_max_body_size 0;
			keepalive_timeout 900;
			keepalive_requests 100000;
			server {
				listen *:$port backlog=4096;
				listen [::]:$port ipv6only=on backlog=4096;
				root $WWW;
				add_header X-Server $name always;
				location = / { return 200 "$name\n"; }
				location = /addr { return 200 "\$server_addr \$remote_addr\n"; }
				location /up/ { root $d; dav_methods PUT; }
			}
		}
	END
	on "$ns" nginx -e "$d/error.log" -p "$d" -c "$d/nginx.conf" ||
		bail "nginx does not start in $ns: $(cat "$d/error.log")"
	wait_for 20 http "$ns" "http://127.0.0.1:$port/" || bail "nginx in $ns does not answer"
}
stop_nginx() { # NS [PORT]
	local pid
	pid=$(cat "$TMP/nginx-$1-${2:-80}/pid" 2>/dev/null) || return 0
	kill "$pid"
	wait_for 10 test ! -d "/proc/$pid"
}

# http NS URL [CURL OPTIONS...]
http() {
	local ns=$1
	shift
	on "$ns" curl -sSf --noproxy '*' --connect-timeout $((5 * HALB_SLOW)) \
		--max-time $((30 * HALB_SLOW)) "$@"
}
# http_many NS URL N [CURL OPTIONS...]: N requests, each on a connection of its own, by one
# curl; prints the answers, one per line. `| sort | uniq -c` shows the shares.
http_many() {
	local ns=$1 url=$2 n=$3
	shift 3
	http "$ns" --globoff -H 'Connection: close' "$@" -K <(
		for ((; n > 0; n--)); do echo "url = \"$url\""; done)
}
# http_same NS URL-BASE SIZE: fetches the file of that size and compares it.
http_same() { http "$1" "$2$3" | cmp - $WWW/"$3"; }
# http_share NAME < ANSWERS: how many answers NAME gave.
http_share() { grep -cxF "$1"; }

# get_files NS ADDRESS [SIZE...]: fetches the files (all of them without SIZE), each over a
# connection of its own, and compares them.
get_files() {
	local ns=$1 to=$2 s d
	shift 2
	[ $# -gt 0 ] || set -- $WWW_SIZES
	d=$(mktemp -d "$TMP/get.XXXXXX")
	for s; do
		printf 'url = "%s"\noutput = "%s"\n' "$(url "$to" 80 "$s")" "$d/$s"
	done > "$d/list"
	http "$ns" --globoff -H 'Connection: close' -K "$d/list" || return
	for s; do cmp "$d/$s" "$WWW/$s" || return; done
	rm -r "$d"
}
# put_files NS ADDRESS [SIZE...]: sends the files to the servers behind the address, each over
# a connection of its own, and compares what the server got, whichever it was.
put_files() {
	local ns=$1 to=$2 s d got
	shift 2
	[ $# -gt 0 ] || set -- $WWW_SIZES
	d=$(mktemp -d "$TMP/put.XXXXXX")
	for s; do
		printf 'url = "%s"\nupload-file = "%s"\noutput = "/dev/null"\n' \
			"$(url "$to" 80 "up/${d##*.}-$s")" "$WWW/$s"
	done > "$d/list"
	http "$ns" --globoff -H 'Connection: close' -K "$d/list" || return
	for s; do
		got=$(find "$TMP" -path "*/up/${d##*.}-$s")
		cmp "$got" "$WWW/$s" || return
		rm "$got"
	done
	rm -r "$d"
}

# start_udp NS NAME [PORT]: answers "who" with NAME, all else with itself, from the address
# that was asked.
start_udp() {
	local ns=$1 name=$2 port=${3:-53} ready
	ready=$TMP/udp-$ns-$port
	# Not by `on`, whose subshell would announce the server's death at the end.
	nsenter --net="/run/netns/$ns" -- \
		python3 "$HALB_SRC/selftests/udp.py" server "$name" "$port" "$ready" &
	disown
	wait_for 30 test -e "$ready" || bail "the UDP server in $ns does not start"
}

# start_servers N...: the servers s1, s2, ... answer with their names, on port 80 and UDP 53.
start_servers() {
	local n
	for n; do
		start_nginx "s$n" "${NAMES[n]}"
		start_udp "s$n" "${NAMES[n]}"
	done
}

# udp NS ADDRESS PORT [OPTIONS]: see udp.py; prints the answers' names, one per line.
udp() {
	local ns=$1
	shift
	on "$ns" python3 "$HALB_SRC/selftests/udp.py" client "$@"
}

# flows_start [NS]: a client whose flows stay open; `flows COMMAND...` then tells it what to do,
# see flows.py, and prints its answer: flows open tcp $VIP4 80 n=3
flows_start() {
	local ns=${1:-cl} in out
	in=$(mktemp -u "$TMP/flows.XXXXXX")
	out=$in.out
	mkfifo "$in" "$out"
	nsenter --net="/run/netns/$ns" -- \
		python3 "$HALB_SRC/selftests/flows.py" < "$in" > "$out" &
	disown
	exec {FLOWS_IN}> "$in" {FLOWS_OUT}< "$out"
}
flows() {
	local number=$SRANDOM answer=
	echo "$number $*" >&"$FLOWS_IN"
	# An answer that nobody waited for any more may come first.
	until [ "${answer%% *}" = "$number" ]; do
		read -r -t $((120 * HALB_SLOW)) -u "$FLOWS_OUT" answer || answer="$number flows.py does not answer"
	done
	echo "${answer#* }"
}
# names N WORDS: the words N times in a row, as flows prints them
names() {
	local n=$1 all=()
	while ((n-- > 0)); do all+=("$2"); done
	echo "${all[*]}"
}
# tally WORDS: how often each occurs, "one=2 two=4", sorted by name.
tally() { printf '%s\n' $1 | sort | uniq -c | awk '{ printf "%s%s=%s", s, $2, $1; s = " " } END { print "" }'; }

# --- halb, and ip_vs as its oracle -----------------------------------------------------
NAMES=(- one two three four)

# hc ARGUMENTS...: halbctl on the director
hc() { dir halbctl "$@"; }
# conn_count: how many connections there are
conn_count() { hc -j settings show | jq .conns; }
no_conns() { [ "$(conn_count)" = 0 ]; }
# start_halbd CONF: halbd's checks on the director, its pid in $HALBD_PID, what it says in $TMP/halbd.log
start_halbd() {
	nsenter --net=/run/netns/dir -- halbd -C -n -l --beside -p "$TMP/halbd.pid" -f "$1" > "$TMP/halbd.log" 2>&1 &
	HALBD_PID=$!
}
# vrrp_block NAME VRID PRIORITY ADVERT_INT VIP [LINES]: a vrrp_instance of halbd's, on d0
vrrp_block() {
	cat <<-END
		vrrp_instance $1 {
			interface d0
			virtual_router_id $2
			priority $3
			version 3
			advert_int $4
			virtual_ipaddress {
				$5/24
			}
			${6-}
		}
	END
}
endpoint() { if is6 "$1"; then echo "[$1]:$2"; else echo "$1:$2"; fi; } # ADDRESS PORT
server_addr() { if is6 "$2"; then server6 "$1"; else server4 "$1"; fi; } # N VIP: of its family

# prepare METHOD VIP [SERVER...]: makes the servers (all of them) ready for it.
prepare() {
	local method=$1 vip=$2 n
	shift 2
	# shellcheck disable=SC2046
	[ $# -gt 0 ] || set -- $(seq "$SERVERS")
	for n; do
		case $method in
		nat) gw_via "s$n" dir ;;
		dr) gw_via "s$n" cl; dr_server "s$n" "$vip" ;;
		tun) gw_via "s$n" cl; tun_server "s$n" "$vip" ;;
		esac
	done
}
# balance METHOD tcp|udp VIP PORT [SCHEDULER [WEIGHT...]]: a service on the director with all
# servers, s1 first, made ready for the method.
balance() {
	local method=$1 proto=$2 vip=$3 port=$4 sched=${5:-rr} n
	local service=("$proto" "$(endpoint "$vip" "$port")")
	shift 4
	shift
	hc service add "${service[@]}" scheduler "$sched" || bail "cannot add the service"
	for n in $(seq "$SERVERS"); do
		hc server add "${service[@]}" "$(endpoint "$(server_addr "$n" "$vip")" "$port")" \
			method "$method" weight "${1:-1}" || bail "cannot add a server"
		shift
	done
	prepare "$method" "$vip"
}
# balance_ipvs ...: the same in the second director with ip_vs, which needs the VIP as an
# address of its own.
balance_ipvs() {
	local method=$1 proto=$2 vip=$3 port=$4 sched=${5:-rr} n
	local service=("-${proto:0:1}" "$(endpoint "$vip" "$port")")
	shift 4
	shift
	ip -n dir2 -o addr show to "$vip" | grep -q . || vip_local dir2 "$vip"
	dir2 ipvsadm -A "${service[@]}" -s "$sched" || bail "ip_vs: cannot add the service"
	for n in $(seq "$SERVERS"); do
		dir2 ipvsadm -a "${service[@]}" -r "$(endpoint "$(server_addr "$n" "$vip")" "$port")" \
			"$(case $method in nat) echo -m ;; dr) echo -g ;; tun) echo -i ;; esac)" \
			-w "${1:-1}" || bail "ip_vs: cannot add a server"
		shift
	done
	prepare "$method" "$vip"
}
# to_director VIP dir|dir2: by which director the client reaches a VIP
to_director() {
	local v4=10.1.0.1 v6=fd00:1::1
	[ "$2" = dir ] || v4=10.1.0.3 v6=fd00:1::3
	if is6 "$1"; then ip -n cl -6 route replace "$1" via $v6; else ip -n cl route replace "$1" via $v4; fi
}

# figures JQ-FILTER...: of `halbctl -j stats` on the director, in one line:
# figures .total.conns '.drops["no-server"]'
figures() {
	local IFS=,
	hc -j stats | jq -r "[$*] | @tsv" | tr '\t' ' '
}
drops() { figures ".drops[\"$1\"]"; }
passes() { figures ".passes[\"$1\"]"; }
paths() { figures ".paths[\"$1\"]"; }

# stack_watch NS: counts the TCP and UDP packets that come to INPUT, FORWARD, OUTPUT and
# POSTROUTING there; stack_saw NS prints the counts.
stack_watch() {
	local hook
	{
		echo "table inet watch {"
		for hook in input forward output postrouting; do
			echo "counter c-$hook { }"
			echo "chain $hook { type filter hook $hook priority 0;"
			echo "meta l4proto { tcp, udp } counter name c-$hook; }"
		done
		echo "}"
	} | on "$1" nft -f - || bail "nft does not count"
}
stack_saw() {
	on "$1" nft list counters table inet watch |
		awk '/counter c-/ { n = substr($2, 3) } /packets/ { printf "%s%s=%s", s, n, $2; s = " " } END { print "" }'
}
