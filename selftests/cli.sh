#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbctl's refusals: each has an exit code (1 refused, 2 nonsense) and one line on stderr that
# says what to change. And its answers: JSON everywhere, events. No traffic; one namespace:
#
#   [ dir ]
#
. "$(dirname "$0")/lib.sh"
setup_ns dir
set -f

# refused|nonsense REGEX NAME WORDS...: status, words, one line, nothing on stdout
complains() {
	local status=$1 regex=$2 name=$3 out rc
	shift 3
	out=$(hc "$@" 2> "$TMP/err")
	rc=$?
	if [ $rc -eq "$status" ] && [ -z "$out" ] && [ "$(wc -l < "$TMP/err")" = 1 ] &&
		[[ $(cat "$TMP/err") =~ ^halbctl:\ .*$regex ]]; then
		ok "$name"
		return
	fi
	not_ok "$name" "halbctl $*: status $rc, expected $status"
	diag "     stderr: $(cat "$TMP/err")"
	diag "     stdout: $out"
	diag "expected: $regex"
}
refused() { complains 1 "$@"; }
nonsense() { complains 2 "$@"; }
unchanged() { # NAME
	[ "$(hc save)" = "$SAVED" ] && ok "$1" || not_ok "$1" "$(diff <(echo "$SAVED") <(hc save))"
}

# --- the module cannot be used: three sentences ----------------------------------------------
# The real one first: this kernel has no halb loaded, and its module lies there.
refused "the halb module is not loaded: run modprobe halb, or insmod ${HALB_KO//+/\\+}" "not loaded" service show
refused 'module is not loaded' "not loaded: a command that writes" service add tcp 10.9.0.80:80
# The others as the system would look: another kernel, Secure Boot.
fake=$TMP/system
mkdir -p "$fake/proc/sys/kernel" "$fake/sys/kernel/security"
echo 6.99.0-other > "$fake/proc/sys/kernel/osrelease"
echo "[none] integrity confidentiality" > "$fake/sys/kernel/security/lockdown"
export HALB_SYSFS_ROOT=$fake
refused "is built for kernel ${HALB_KVER//+/\\+}, and kernel 6.99.0-other is running: build it for this one \(make KVER=6.99.0-other\)" \
	"built for another kernel" service show
uname -r > "$fake/proc/sys/kernel/osrelease"
echo "none [integrity] confidentiality" > "$fake/sys/kernel/security/lockdown"
refused 'loads signed modules only \(Secure Boot or lockdown\), and .* is not signed: sign it' "Secure Boot, no signature" service show
{ cat "$HALB_KO"; printf '~Module signature appended~\n'; } > "$TMP/halb.ko"
HALB_KO=$TMP/halb.ko refused 'Key was rejected by service.*mokutil --import' "Secure Boot, a key that the firmware may not know" service show
HALB_KO=$TMP/nowhere refused "no halb.ko for kernel .* was found: build and install it" "not built at all" service show
unset HALB_SYSFS_ROOT
is "$(hc version; echo $?)" "$(hc version)
0" "version works without the module"
like "$(hc version)" 'module not loaded' "and says that it is not loaded"
load_halb

# --- a small configuration that the refusals do not change ------------------------------------
hc restore <<-END || bail "cannot configure"
	service add tcp 10.9.0.80:80 scheduler wrr
	server add tcp 10.9.0.80:80 10.2.0.11 method nat weight 1
	service add tcp [fd00:9::80]:80 scheduler rr
	service add udp 10.9.0.80:53 scheduler sh
END
SAVED=$(hc save)

schedulers='rr, wrr, lc, wlc, .*sh.*mh'
refused "unknown scheduler: use one of .*$schedulers" "an unknown scheduler: the valid ones are listed" \
	service add tcp 10.9.0.81:80 scheduler foo
refused "unknown scheduler: use one of .*$schedulers" "also when a service is changed" \
	service set tcp 10.9.0.80:80 scheduler foo
refused 'unknown scheduler' "a scheduler's name that is too long" \
	service add tcp 10.9.0.81:80 scheduler abcdefghijklmnopqrstuvwxyz
nonsense 'port 99999 .*ports are 0 to 65535' "port 99999" service add tcp 10.9.0.80:99999
nonsense "'http' .*is not a port" "a port by name" service add tcp 10.9.0.80:http
nonsense 'lacks the port' "no port" service add tcp 10.9.0.80
nonsense 'weight 70000 is out of range: it is 0 to 65535' "weight 70000" \
	server add tcp 10.9.0.80:80 10.2.0.12 weight 70000
nonsense "weight 'heavy' is not a number" "a weight in words" server add tcp 10.9.0.80:80 10.2.0.12 weight heavy
nonsense "weight '-1' is not a number|unknown option" "a negative weight" server add tcp 10.9.0.80:80 10.2.0.12 weight -1
refused 'no such service: add it first' "a server for a service that does not exist" server add tcp 10.9.0.99:80 10.2.0.11
refused 'no such service: add it first' "TCP is not UDP" server add udp 10.9.0.80:80 10.2.0.11
refused 'exists already: use service set' "a service twice" service add tcp 10.9.0.80:80
refused 'has this server already: use server set' "a server twice" server add tcp 10.9.0.80:80 10.2.0.11
refused 'has this server already: use server set' "a server twice, with its port" server add tcp 10.9.0.80:80 10.2.0.11:80
refused 'no such service' "removing a service that is not there" service del tcp 10.9.0.99:80
refused 'no such server' "removing a server that is not there" server del tcp 10.9.0.80:80 10.2.0.99
refused 'no such service' "changing a service that is not there" service set tcp 10.9.0.99:80 scheduler rr
refused 'no such server: add it first' "changing a server that is not there" server set tcp 10.9.0.80:80 10.2.0.99 weight 2
refused 'IPv4 and IPv6 do not mix' "an IPv4 VIP with an IPv6 server under nat" server add tcp 10.9.0.80:80 [fd00:2::b] method nat
refused 'IPv4 and IPv6 do not mix' "an IPv4 VIP with an IPv6 server under dr" server add tcp 10.9.0.80:80 [fd00:2::b] method dr
refused 'IPv4 and IPv6 do not mix' "an IPv6 VIP with an IPv4 server" server add tcp [fd00:9::80]:80 10.2.0.11 method nat
refused 'needs a port: give tun-port' "a gue tunnel without a port" server add tcp 10.9.0.80:80 10.2.0.13 method tun tun-type gue
refused 'need the method tun' "nat with a kind of tunnel" server add tcp 10.9.0.80:80 10.2.0.13 method nat tun-type gre
nonsense 'did you mean .?gre' "a kind of tunnel that does not exist" server add tcp 10.9.0.80:80 10.2.0.13 method tun tun-type grr
refused "dr and tun keep the service's port" "dr to another port" server add tcp 10.9.0.80:80 10.2.0.12:8080 method dr
refused "dr and tun keep the service's port" "tun to another port" server add tcp 10.9.0.80:80 10.2.0.12:8080 method tun
for address in 10.9.0 10.9.0.256 localhost 10.9.0.80.1 ''; do
	nonsense 'is not an address' "'$address' as an address" service add tcp "$address:80"
done
nonsense 'needs brackets|is not an address' "IPv6 without brackets" service add tcp fd00:9::80:80
nonsense 'closing bracket' "a bracket that is left open" service add tcp '[fd00:9::80:80'
nonsense 'is not an address' "a server's address" server add tcp 10.9.0.80:80 10.2.0.x
refused 'unicast' "a multicast VIP" service add tcp 224.0.0.1:80
refused 'unicast' "a multicast VIP, IPv6" service add tcp [ff02::1]:80
refused 'unicast' "no address at all" service add tcp 0.0.0.0:80
refused 'unicast' "a broadcast address as a server" server add tcp 10.9.0.80:80 255.255.255.255 method nat
nonsense "unknown option '-q'" "an unknown option" -q service show
nonsense "unknown option '-q'" "an unknown option among the words" service show -q
nonsense "unknown option '--jason'|did you mean '--json'" "an unknown long option" --jason service show
nonsense "unknown command 'servcie': did you mean 'service'" "a misspelt command" servcie show
nonsense "did you mean 'scheduler'" "a misspelt word" service add tcp 10.9.0.81:80 schedular rr
nonsense "unknown method 'route': .*nat, dr (and|or) tun|nat, dr, tun" "an unknown method" server add tcp 10.9.0.80:80 10.2.0.12 method route
nonsense 'given twice' "a word twice" server add tcp 10.9.0.80:80 10.2.0.12 weight 1 weight 2
nonsense 'missing' "half a command" server add tcp 10.9.0.80:80
nonsense 'missing|nothing to set' "nothing to set" server set tcp 10.9.0.80:80 10.2.0.11
nonsense "unexpected word 'now'" "a word too many" service del tcp 10.9.0.80:80 now
nonsense 'tcp|udp' "an unknown protocol" service add icmp 10.9.0.80:80
nonsense 'out of range: it is 1 to 2678400' "a timeout of nothing" settings set udp-timeout 0
nonsense 'out of range: it is 1 to 2678400' "a timeout of months" settings set tcp-timeout 9999999
nonsense 'accept, reject (and|or) drop|accept, reject, drop' "an unknown value" settings set vip-unmatched ignore
refused 'lower threshold must not be above' "lower above upper" server set tcp 10.9.0.80:80 10.2.0.11 upper 5 lower 9
refused 'lower threshold needs an upper' "lower without upper" server set tcp 10.9.0.80:80 10.2.0.11 lower 9
nonsense 'netmask' "a netmask with gaps" service set tcp 10.9.0.80:80 persistent 50 netmask 255.0.255.0
nonsense 'netmask.*persist' "a netmask without persistence" service add tcp 10.9.0.81:80 netmask 255.255.255.0
unchanged "none of these changed anything"

# --- without permission -----------------------------------------------------------------------
nobody() { dir setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps -all halbctl "$@"; }
for words in "service add tcp 10.9.0.90:80" "server add tcp 10.9.0.80:80 10.2.0.13" "service flush" \
	"settings set udp-timeout 5" "zero" "conn show" "conn flush" "service del tcp 10.9.0.80:80"; do
	fails_with 1 'not permitted: this needs root, or CAP_NET_ADMIN' "nobody may not: $words" nobody $words
done
fails_with 1 'not permitted: this needs root' "nobody may not: restore" eval 'nobody restore <<< "$SAVED"'
unchanged "and nothing has changed"
is "$(nobody -j service show | jq length)" 3 "everybody may see services"
is "$(nobody -j server show | jq length)" 1 "and servers"
is "$(nobody -j stats | jq .total.conns)" 0 "and statistics"
is "$(nobody -j settings show | jq .udp_timeout)" 300 "and settings"

# --- JSON, wherever something is shown -----------------------------------------------------------
for words in "service show" "service show tcp 10.9.0.80:80" "server show" "server show tcp 10.9.0.80:80" \
	"conn show" "stats" "stats rate" "settings show" "version" "conn flush"; do
	check "halbctl -j $words is JSON" eval "hc -j $words | jq -e 'type == \"object\" or type == \"array\"'"
	check "halbctl -j -p $words is the same JSON, on several lines" eval \
		"[ \"\$(hc -j -p $words | jq -cS .)\" = \"\$(hc -j $words | jq -cS .)\" ]"
done
is "$(hc -j service show tcp 10.9.0.80:80 | jq -c '.[0] | [.protocol, .address, .port, .scheduler, (.servers[0] | .address, .port, .method, .weight)]')" \
	'["tcp","10.9.0.80",80,"wrr","10.2.0.11",80,"nat",1]' "names and numbers are as they were given"
is "$(hc service show tcp 10.9.0.80:80 | tail -n +2 | awk '{ $1 = $1; print }')" \
	"tcp 10.9.0.80:80 wrr 0 0
10.2.0.11:80 nat 1 0 0" "the table for people has the same"
fails_with 1 '' "no output, no success" eval 'hc service show > /dev/full'

# --- events --------------------------------------------------------------------------------------
# Every change is announced, in words that make it again.
hc service flush
nsenter --net=/run/netns/dir -- halbctl monitor > "$TMP/events" 2>&1 &
monitor=$!
# Until it listens, and shows changes that count for nothing here. (What is no change is no event.)
check "halbctl monitor listens" wait_for 30 eval \
	'hc settings set udp-timeout $((1000 + RANDOM % 1000)); [ -s "$TMP/events" ]'
hc settings set udp-timeout 302
hc restore <<< "$SAVED"
hc server set tcp 10.9.0.80:80 10.2.0.11 weight 5
hc service set udp 10.9.0.80:53 scheduler lc
hc server add udp 10.9.0.80:53 10.2.0.12:5353 method nat
hc service del tcp [fd00:9::80]:80
hc service add tcp 10.9.0.82:80
hc service flush
check "all events are there" wait_for 20 grep -q 'service del tcp 10.9.0.82:80' "$TMP/events"
kill $monitor
events=$(sed -n '/udp-timeout 302/,$p' "$TMP/events" | grep -v '^settings')
want="service add tcp 10.9.0.80:80 scheduler wrr
server add tcp 10.9.0.80:80 10.2.0.11:80 method nat weight 1
service add tcp [fd00:9::80]:80 scheduler rr
service add udp 10.9.0.80:53 scheduler sh
server set tcp 10.9.0.80:80 10.2.0.11:80 method nat weight 5
service set udp 10.9.0.80:53 scheduler lc
server add udp 10.9.0.80:53 10.2.0.12:5353 method nat weight 1
service del tcp [fd00:9::80]:80
service add tcp 10.9.0.82:80 scheduler wlc
service del udp 10.9.0.80:53
service del tcp 10.9.0.80:80
service del tcp 10.9.0.82:80"
# Within one transaction the order is the kernel's.
is "$(head -n 9 <<< "$events" | grep -c .)" 9 "nine changes, nine events before the flush"
is "$(sort <<< "$events" | grep -v '^server del')" "$(sort <<< "$want")" "every change was announced, once"
done_testing
