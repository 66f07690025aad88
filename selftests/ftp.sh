#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# FTP under nat: vsftpd on both servers, curl and Python's ftplib as clients; passive and active,
# with the old and the extended words, IPv4 and IPv6; the same beside ip_vs with ip_vs_ftp.
#
#        10.1.0.2              10.1.0.1  10.2.0.1         10.2.0.11
#   [ cl ] c0 ---------------- d0 [ dir ] d1 ---+--- e0 [ s1 ]  vsftpd
#          10.9.0.180, 10.9.0.8, fd00:9::80     +--- e0 [ s2 ]  vsftpd
#
# One of the IPv4 VIPs is written longer than the servers' addresses, the other shorter: what
# comes after an answer has other numbers on the two sides of the director.
#
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
LONG=10.9.0.180 SHORT=10.9.0.8
chmod 755 "$TMP"
getent passwd ftp > /dev/null || bail "no user ftp: is vsftpd installed?"

# ftp_server NS WORD [OPTION=VALUE...]: serves a file `who` with the word, and one of 300,000 bytes
ftp_server() {
	local ns=$1 word=$2 root=$TMP/ftp-$1
	shift 2
	mkdir -p "$root/up" /run/vsftpd/empty
	echo "$word" > "$root/who"
	[ -e "$TMP/big" ] || head -c 300000 /dev/urandom > "$TMP/big"
	cp "$TMP/big" "$root/big"
	chmod 755 "$root"
	chmod 777 "$root/up"
	{
		printf '%s\n' listen=NO listen_ipv6=YES background=NO anonymous_enable=YES local_enable=NO \
			no_anon_password=YES write_enable=YES anon_upload_enable=YES anon_umask=022 \
			connect_from_port_20=YES isolate_network=NO isolate=NO seccomp_sandbox=NO \
			xferlog_enable=NO secure_chroot_dir=/run/vsftpd/empty "anon_root=$root" "$@"
	} > "$TMP/vsftpd-$ns.conf"
	on "$ns" vsftpd "$TMP/vsftpd-$ns.conf" > "$TMP/vsftpd-$ns.log" 2>&1 &
	wait_for 20 eval "on $ns ss -Hltn | grep -q :21" ||
		bail "vsftpd does not start: $(cat "$TMP/vsftpd-$ns.log")"
}
ftp_stop() { ip netns pids "$1" | xargs -r kill; wait_for 20 eval "[ -z \"\$(on $1 ss -Hltn | grep :21)\" ]"; }

ftp() { # VIP WAY CURL-ARGUMENTS...
	local way=$2
	case $2 in
	pasv) way="--disable-epsv --no-ftp-skip-pasv-ip" ;;
	epsv) way= ;;
	port) way="--ftp-port - --disable-eprt" ;;
	eprt) way="--ftp-port -" ;;
	esac
	shift 2
	# shellcheck disable=SC2086
	cl curl -sS -g --connect-timeout 20 --max-time 60 $way "$@"
}
at() { if is6 "$1"; then echo "ftp://[$1]"; else echo "ftp://$1"; fi; } # VIP
ways() { if is6 "$1"; then echo "epsv eprt"; else echo "pasv epsv port eprt"; fi; } # VIP
conns() { hc -j conn show | jq -r ".[] | $1"; }

# five VIP WAY: over one control connection: two words, two files, a file sent
five() {
	local vip=$1 way=$2 url who
	url=$(at "$vip")
	rm -f "$TMP"/got.*
	ftp "$vip" "$way" -o "$TMP/got.1" "$url/who" -o "$TMP/got.2" "$url/big" -o "$TMP/got.3" "$url/big" \
		-o "$TMP/got.4" "$url/who" -o "$TMP/got.5" "$url/" || return 1
	cmp "$TMP/big" "$TMP/got.2" && cmp "$TMP/big" "$TMP/got.3" && cmp "$TMP/got.1" "$TMP/got.4" || return 1
	grep -q ' who' "$TMP/got.5"
}
send() { # VIP WAY: one file by each server, in turn
	local vip=$1 way=$2 n
	rm -f "$TMP"/ftp-s?/up/*
	for n in 1 2; do
		ftp "$vip" "$way" -T "$TMP/big" "$(at "$vip")/up/big" || return 1
	done
	for n in 1 2; do
		wait_for 10 cmp "$TMP/big" "$TMP/ftp-s$n/up/big" || return 1
	done
}
carries() { # WHO VIP
	local vip=$2 way words i
	for way in $(ways "$vip"); do
		words=$(for i in 1 2 3 4; do ftp "$vip" "$way" "$(at "$vip")/who"; done)
		is "$(tally "$words")" "one=2 two=2" "$1, $vip, $way: each transfer by the server of its control connection"
		check "$1, $vip, $way: five over one control connection" five "$vip" "$way"
		check "$1, $vip, $way: files sent" send "$vip" "$way"
	done
}

ftp_server s1 one
ftp_server s2 two

# --- ip_vs -------------------------------------------------------------------------------------
dir modprobe -a ip_vs ip_vs_rr ip_vs_ftp || bail "no ip_vs_ftp to compare with"
for vip in $LONG fd00:9::80; do
	vip_local dir "$vip"
	dir ipvsadm -A -t "$(endpoint "$vip" 21)" -s rr
	for n in 1 2; do
		dir ipvsadm -a -t "$(endpoint "$vip" 21)" -r "$(endpoint "$(server_addr $n "$vip")" 21)" -m
	done
	carries ip_vs "$vip"
done
dir ipvsadm -C
for vip in $LONG fd00:9::80; do
	ip -n dir addr del "$vip/$(is6 "$vip" && echo 128 || echo 32)" dev lo 2>/dev/null
done

# --- halb --------------------------------------------------------------------------------------
stack_watch dir
# Each VIP's clients have ports of their own: with the port of a client that another VIP has just
# given to the same server, a flow goes to the next one, and the turns would not come out even.
ports=20000
for vip in $LONG $SHORT fd00:9::80; do
	cl sysctl -qw net.ipv4.ip_local_port_range="$ports $((ports + 9999))" || bail "cannot set the client's ports"
	ports=$((ports + 10000))
	s="tcp $(endpoint "$vip" 21)"
	# shellcheck disable=SC2086
	hc service add $s scheduler rr ftp || bail "cannot add the service"
	for n in 1 2; do
		# shellcheck disable=SC2086
		hc server add $s "$(endpoint "$(server_addr $n "$vip")" 21)" method nat
	done
	carries halb "$vip"
	for way in $(ways "$vip"); do
		case $way in
		*sv) ftp "$vip" $way "$(at "$vip")/who" > /dev/null
			is "$(conns 'select(.state == "listen") | .state' | wc -l)" 0 "$vip, $way: nothing is expected any more" ;;
		*) ftp "$vip" $way "$(at "$vip")/who" > /dev/null
			like "$(conns 'select(.service_port == 20) | .service_address')" "$vip" "$vip, $way: data comes from the VIP's port 20" ;;
		esac
	done
	hc conn flush > /dev/null
done
is "$(stack_saw dir)" "input=0 forward=0 output=0 postrouting=0" "the stack saw no packet of it"

# --- what a client says by itself ----------------------------------------------------------------
# talk VIP LINES...: a control connection by hand; a line is sent, its answer is printed:
#   CMD           a command, with its answer's code
#   get WAY       `who` by WAY (pasv, epsv, port, eprt): what it says
#   ! COMMAND     a shell command meanwhile, and what it prints
talk() { cl python3 "$TMP/talk.py" "$@"; }
cat > "$TMP/talk.py" <<'END'
import re, socket, subprocess, sys
vip = sys.argv[1]
fam = socket.AF_INET6 if ":" in vip else socket.AF_INET
me = "fd00:1::2" if fam == socket.AF_INET6 else "10.1.0.2"
c = socket.create_connection((vip, 21), timeout=60)
f = c.makefile("rwb", buffering=0)
def answer():
    while True:
        line = f.readline().decode()
        if not line:
            return "closed"
        if re.match(r"\d\d\d ", line):
            return line.strip()
def say(line):
    f.write((line + "\r\n").encode())
    return answer()
def get(way):
    if way in ("port", "eprt"):
        l = socket.socket(fam); l.bind((me, 0)); l.listen(1); l.settimeout(60)
        p = l.getsockname()[1]
        a = say("PORT %s,%d,%d" % (me.replace(".", ","), p >> 8, p & 255) if way == "port" else
                "EPRT |%d|%s|%d|" % (1 if fam == socket.AF_INET else 2, me, p))
        if a[:3] != "200":
            return a
        f.write(b"RETR who\r\n")
        d, peer = l.accept()
        if peer[0] != vip:
            return "from " + peer[0]
    else:
        a = say(way.upper())
        n = re.search(r"\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)", a)
        e = re.search(r"\(\|\|\|(\d+)\|\)", a)
        if way == "pasv":
            if ".".join(n.groups()[:4]) != vip:
                return a
            port = int(n[5]) * 256 + int(n[6])
        else:
            port = int(e[1])
        d = socket.create_connection((vip, port), timeout=60)
        f.write(b"RETR who\r\n")
    d.settimeout(60)
    text = b""
    while True:
        b = d.recv(65536)
        if not b:
            break
        text += b
    d.close()
    a = [answer(), answer()]
    return text.decode().strip() if [x[:3] for x in a] == ["150", "226"] else str(a)
answer()
assert say("USER ftp")[:3] in ("331", "230") and say("PASS x")[:3] == "230"
for line in sys.argv[2:]:
    if line.startswith("get "):
        print(get(line[4:]), flush=True)
    elif line.startswith("! "):
        print(subprocess.run(line[2:], shell=True, executable="/bin/bash", stdout=subprocess.PIPE).stdout.decode().strip(), flush=True)
    else:
        print(say(line)[:3], flush=True)
END
listening() { conns 'select(.state == "listen") | "\(.client_port) \(.service_port) \(.server_port)"' | sort -n; }
export -f hc dir on conns listening

export TMP LONG
all="pasv epsv port eprt pasv port epsv eprt pasv pasv"
say=()
for way in $all; do say+=("get $way"); done
is "$(tally "$(talk $LONG "${say[@]}")" | sed 's/two/one/')" "one=10" "ten transfers of all kinds over one control connection"
hc conn flush > /dev/null

drain() { # WEIGHT
	hc server set "tcp" $LONG:21 10.2.0.11 weight "$1"
	hc server set "tcp" $LONG:21 10.2.0.12 weight "$1"
}
export -f drain
talk $LONG "get pasv" "! drain 0" "get pasv" "get port" > "$TMP/said"
drain 1
is "$(grep . "$TMP/said" | uniq -c | awk '{ print $1 }')" 3 "servers drained meanwhile: transfers of a control connection go on, at its server"
hc conn flush > /dev/null

talk $LONG PASV PASV EPSV PASV '! listening | wc -l' 'PORT 10,1,0,2,200,1' 'PORT 10,1,0,2,200,2' \
	'EPRT |1|10.1.0.2|51203|' '! listening | cut -d" " -f 1,2 | tail -n 1' '! listening | wc -l' > "$TMP/said"
is "$(paste -sd ' ' "$TMP/said")" "227 227 229 227 1 200 200 200 51203 20 2" "one of each kind is expected for a control connection"
hc conn flush > /dev/null
is "$(listening)" "" "a flush takes what is expected, too"

before=$(passes ftp-bounce)
talk $LONG "PORT 10,2,0,1,200,1" "PORT 10,1,0,2,0,22" "EPRT |1|10.2.0.1|51203|" "EPRT |2|fd00:1::2|51203|" > "$TMP/said"
is "$(listening)" "" "other addresses than the client's, and low ports: nobody is expected there"
is "$(($(passes ftp-bounce) - before))" 4 "each is counted"
hc conn flush > /dev/null

# A flushed connection keeps its place for a while, and counts no more.
before=$(drops conn-limit)
room() { sleep 1; hc settings set conn-limit 1000000; }
export -f room
talk $LONG "! hc settings set conn-limit 1" "! room > /dev/null 2>&1 &" "get pasv" > "$TMP/said"
like "$(tail -n 1 "$TMP/said")" '^(one|two)$' "at the limit of connections the answer waits until there is room"
check "which is counted" [ "$(drops conn-limit)" -gt "$before" ]

# --- ports that are taken ------------------------------------------------------------------------
ftp_stop s1
ftp_stop s2
ftp_server s1 one pasv_min_port=30021 pasv_max_port=30021 port_promiscuous=YES
ftp_server s2 two pasv_min_port=30021 pasv_max_port=30021 port_promiscuous=YES
for vip in $LONG fd00:9::80; do
	say=()
	for n in 1 2 3 4 5; do say+=("get epsv"); done
	is "$(tally "$(talk $vip "${say[@]}")" | sed 's/one/w/; s/two/w/')" "w=5" "$vip: the same port again and again"
	hc service add tcp "$(endpoint $vip 30021)"
	is "$(tally "$(talk $vip "${say[@]}")" | sed 's/one/w/; s/two/w/')" "w=5" "$vip: the port is a service's: another one is named"
	hc service del tcp "$(endpoint $vip 30021)"
done
# Both servers name the same port to the same client.
talk $LONG EPSV "! python3 $TMP/talk.py $LONG 'get epsv' 'get epsv'" "get epsv" > "$TMP/said"
is "$(sed 1d "$TMP/said" | uniq -c | awk '{ print $1 }' | paste -sd ' ')" "2 1" \
	"two servers name the same port to one client: each transfer by its own"

# With that it cannot bind its port 20: as they were.
ftp_stop s1
ftp_stop s2
ftp_server s1 one
ftp_server s2 two

# --- segments that are lost ------------------------------------------------------------------------
cl nft -f - <<'END' || bail "nft does not take the rules"
table inet loss {
	chain input { type filter hook input priority 0; tcp sport 21 numgen inc mod 4 == 0 counter drop; }
	chain output { type filter hook output priority 0; tcp dport 21 numgen inc mod 5 == 0 counter drop; }
}
END
say=()
for n in 1 2 3; do say+=("get pasv" "get port" "get epsv" "get eprt"); done
for vip in $LONG $SHORT; do
	is "$(tally "$(talk $vip "${say[@]}")" | sed 's/one/w/; s/two/w/')" "w=12" "$vip: a quarter of the segments is lost"
done
check "they were" eval "[ \"\$(cl nft list table inet loss | grep -o 'packets [0-9]*' | awk '{ n += \$2 } END { print n }')\" -gt 20 ]"
cl nft delete table inet loss

# --- refusals ----------------------------------------------------------------------------------
fails_with 1 "ftp needs the method nat" "ftp for a service with dr" eval \
	"hc service add tcp $LONG:2121 && hc server add tcp $LONG:2121 10.2.0.11 method dr && hc service set tcp $LONG:2121 ftp"
fails_with 1 "needs the method nat: use it, or set the service no-ftp" "a dr server for a service with ftp" \
	hc server add tcp $SHORT:21 10.2.0.13 method dr
fails_with 1 "ftp and through-stack do not go together" "through-stack for a service with ftp" \
	hc service set tcp $SHORT:21 through-stack
fails_with 1 "ftp and through-stack do not go together" "ftp for a service with through-stack" eval \
	"hc service add tcp $LONG:2122 through-stack && hc service set tcp $LONG:2122 ftp"
fails_with 1 "ftp is for TCP" "ftp for UDP" hc service add udp $LONG:21 ftp
like "$(hc save | grep "tcp $SHORT:21")" " ftp" "saved"
hc save > "$TMP/saved"
check "restored" hc restore < "$TMP/saved"
is "$(hc save)" "$(cat "$TMP/saved")" "as it was"
is "$(hc -j service show tcp $SHORT:21 | jq -r '.[].ftp')" true "in JSON"

# ipvsadm's grammar: as with ip_vs_ftp, but for the services that have -m.
has_ftp() { hc -j service show tcp "$1" | jq -r '.[].ftp'; }
hc service flush
hc -A -t $LONG:21 -s rr
hc -a -t $LONG:21 -r 10.2.0.11:21 -m
is "$(has_ftp $LONG:21)" true "ipvsadm's grammar: -m and port 21"
like "$(ftp $LONG pasv "$(at $LONG)/who")" one "which carries"
hc -a -t $LONG:21 -r 10.2.0.12:21 -g
is "$(has_ftp $LONG:21)" false "not with -g"
hc -S -n > "$TMP/saved"
hc service flush
check "its restore takes both" hc -R < "$TMP/saved"
is "$(has_ftp $LONG:21)" false "without"
hc -d -t $LONG:21 -r 10.2.0.12:21
hc -S -n > "$TMP/saved"
hc service flush
hc -R < "$TMP/saved"
is "$(has_ftp $LONG:21)" true "and with"

# halbd: the same, for the services that it has.
hc service flush
configure() { # METHOD-OF-THE-SECOND
	cat > "$TMP/halbd.conf" <<-END
		virtual_server $LONG 21 {
			lb_algo rr
			lb_kind NAT
			protocol TCP
			real_server 10.2.0.11 21 {
			}
			real_server 10.2.0.12 21 {
				lvs_method $1
			}
		}
	END
}
ftp_is() { [ "$(has_ftp $LONG:21 2>/dev/null) $(hc -j server show tcp $LONG:21 2>/dev/null | jq length)" = "$1 2" ]; }
configure NAT
start_halbd "$TMP/halbd.conf"
check "halbd: lb_kind NAT and port 21" wait_for 20 ftp_is true
like "$(ftp $LONG pasv "$(at $LONG)/who")" "^(one|two)$" "which carries"
configure DR
kill -HUP $HALBD_PID
check "not with DR, after a reload" wait_for 20 ftp_is false
configure NAT
kill -HUP $HALBD_PID
check "and with NAT again" wait_for 20 ftp_is true || diag "$(cat "$TMP/halbd.log")"
kill $HALBD_PID
wait $HALBD_PID

done_testing
