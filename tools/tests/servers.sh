#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# HTTP_GET and SSL_GET against real nginx, SMTP_CHECK against OpenSMTPD, DNS_CHECK against dnsmasq,
# by halbd as it runs: in a network namespace, without the module. A hundred reloads of it; it is built
# with AddressSanitizer, which tells at its end what leaked. And halbd --digest, compared with
# genhash and md5sum.
#
#   servers.sh HALBD
set -u
halbd=$(readlink -f "$1")
if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP a network namespace needs root"
	exit 0
fi
if [ -z "${HALB_SERVERS_NS:-}" ]; then
	HALB_SERVERS_NS=1 exec unshare -nm "$0" "$halbd"
fi
for program in nginx smtpd dnsmasq genhash openssl; do
	command -v $program >/dev/null || { echo "# there is no $program: make deps"; exit 1; }
done
# Sockets and queues of the servers are our own.
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/spool || exit 1
tmp=$(mktemp -d)
daemons=()
cleanup() {
	[ ${#daemons[@]} -eq 0 ] || kill "${daemons[@]}"
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT
ip link set lo up
chmod 755 "$tmp"
mkdir "$tmp/www"
head -c 300000 /dev/zero | tr '\0' x > "$tmp/www/big"
echo 'hello halb' > "$tmp/www/index.html"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=www.example.com \
	-keyout "$tmp/key" -out "$tmp/cert" 2>/dev/null
cat > "$tmp/nginx.conf" <<-END
	daemon off;
	pid $tmp/nginx.pid;
	error_log $tmp/error.log;
	events { worker_connections 100; }
	http {
		access_log off;
		client_body_temp_path $tmp/body;
		proxy_temp_path $tmp/proxy;
		fastcgi_temp_path $tmp/fastcgi;
		uwsgi_temp_path $tmp/uwsgi;
		scgi_temp_path $tmp/scgi;
		server {
			listen 127.0.5.1:80 default_server;
			listen 127.0.5.1:443 ssl default_server;
			ssl_certificate $tmp/cert;
			ssl_certificate_key $tmp/key;
			root $tmp/www;
			location /teapot { return 418; }
			location /version { return 200 \$server_protocol; }
		}
		server {
			listen 127.0.5.1:80;
			listen 127.0.5.1:443 ssl;
			server_name www.example.com;
			ssl_certificate $tmp/cert;
			ssl_certificate_key $tmp/key;
			location / { return 200 "sni=\$ssl_server_name host=\$host"; }
		}
	}
END
nginx -c "$tmp/nginx.conf" 2>/dev/null &
daemons+=($!)
printf 'listen on 127.0.5.2\naction "a" mbox\nmatch for local action "a"\n' > "$tmp/smtpd.conf"
smtpd -d -f "$tmp/smtpd.conf" > "$tmp/smtpd.log" 2>&1 &
daemons+=($!)
dnsmasq -k -C /dev/null -i lo --listen-address=127.0.5.3 --bind-interfaces --no-resolv --no-hosts \
	--pid-file= --user=root --address=/www.example.com/192.0.2.1 --address=/none.example.com/ \
	--txt-record=www.example.com,hello > "$tmp/dnsmasq.log" 2>&1 &
daemons+=($!)
digest() { md5sum < "$1" | cut -d' ' -f1; }

# A check, whether it passes, and its name.
n=0
expect=() names=()
conf_check() { # pass|fail NAME ADDRESS PORT KIND CHECK-LINES [PROTOCOL]
	n=$((n + 1))
	expect+=("$1") names+=("$2")
	cat >> "$tmp/halbd.conf" <<-END
		virtual_server 10.9.0.$n 80 {
			delay_loop 1
			lb_kind NAT
			protocol ${7:-TCP}
			real_server $3 $4 {
				$5 {
					$6
					warmup 0
					connect_timeout 5
				}
			}
		}
	END
}
conf() { # pass|fail NAME KIND PORT URL-LINES [CHECK-LINES]
	conf_check "$1" "$2" 127.0.5.1 "$4" "$3" "url {
		$5
	}
	${6:-}"
}
conf pass "HTTP" HTTP_GET 80 "path /"
conf pass "TLS" SSL_GET 443 "path /"
conf fail "TLS to a port without" SSL_GET 80 "path /"
conf fail "HTTP to a port with TLS" HTTP_GET 443 "path /"
conf pass "digest" HTTP_GET 80 "path /index.html
	digest $(digest "$tmp/www/index.html")"
conf pass "digest of 300,000 bytes over TLS" SSL_GET 443 "path /big
	digest $(digest "$tmp/www/big")"
conf fail "another digest" HTTP_GET 80 "path /big
	digest $(digest "$tmp/www/index.html")"
conf fail "status 418" HTTP_GET 80 "path /teapot"
conf pass "status 418 wanted" HTTP_GET 80 "path /teapot
	status_code 418"
conf pass "HTTP/1.0" HTTP_GET 80 "path /version
	regex \"^HTTP/1\\\\.0\$\""
conf pass "HTTP/1.1" HTTP_GET 80 "path /version
	regex \"^HTTP/1\\\\.1\$\"" "http_protocol 1.1"
conf pass "virtualhost" HTTP_GET 80 "path /
	virtualhost www.example.com
	regex \"host=www.example.com\""
conf pass "SNI" SSL_GET 443 "path /
	virtualhost www.example.com
	regex \"sni=www.example.com host=www\"" "enable_sni"
conf pass "no SNI unless asked for" SSL_GET 443 "path /
	virtualhost www.example.com
	regex \"sni= host=www\""

conf_check pass "SMTP" 127.0.5.2 25 SMTP_CHECK "helo_name director.example.com"
conf_check pass "SMTP, host block" 127.0.5.2 25 SMTP_CHECK "host {
		connect_ip 127.0.5.2
	}"
conf_check fail "SMTP to a web server" 127.0.5.1 80 SMTP_CHECK ""
conf_check fail "SMTP where nobody listens" 127.0.5.3 25 SMTP_CHECK ""
dns() { conf_check "$1" "DNS, $2" "$3" 53 DNS_CHECK "$4" UDP; } # pass|fail NAME ADDRESS LINES
dns pass "A" 127.0.5.3 "type A
	name www.example.com"
dns pass "TXT" 127.0.5.3 "type TXT
	name www.example.com"
dns fail "a name that does not exist" 127.0.5.3 "type A
	name none.example.com"
dns fail "a zone that the server refuses" 127.0.5.3 "type SOA
	name elsewhere.example.org"
dns fail "where nobody listens" 127.0.5.2 "type A
	name www.example.com"

"$halbd" -C -n -l --beside -p "$tmp/halbd.pid" -f "$tmp/halbd.conf" 2> "$tmp/halbd.log" &
daemons+=($!)
status() {
	python3 -c '
import json, socket
s = socket.socket(socket.AF_UNIX)
s.connect("\0halb/checks")
for service in json.load(s.makefile())["checks"]["services"]:
    check = service["servers"][0]["checks"][0]
    print(check["last"], check["reason"])' 2>/dev/null
}
for _ in $(seq 100); do
	mapfile -t seen < <(status)
	[ ${#seen[@]} -eq $n ] && [[ "${seen[*]}" != *none* ]] && break
	sleep 0.2
done
failed=0
for ((i = 0; i < n; i++)); do
	if [[ "${seen[i]:-nothing}" == "${expect[i]}"* ]]; then
		echo "ok $((i + 1)) - ${names[i]}"
	else
		echo "not ok $((i + 1)) - ${names[i]}"
		echo "# ${seen[i]:-nothing}, not ${expect[i]}"
		failed=1
	fi
done
[ $failed -eq 0 ] || sed 's/^/# /' "$tmp/halbd.log"

# --- a hundred reloads ----------------------------------------------------------------------------
# Each other one has only half of the checks. Prints the descriptors of both processes after the
# 20th and after the last, and how many reloads had no effect.
python3 - "$tmp/halbd.conf" "${daemons[-1]}" > "$tmp/storm" 2>&1 <<-'END'
	import json, os, signal, socket, sys, time
	path, pid = sys.argv[1], int(sys.argv[2])
	blocks = open(path).read().split("virtual_server ")[1:]
	def services():
	    s = socket.socket(socket.AF_UNIX)
	    s.connect("\0halb/checks")
	    return len(json.load(s.makefile())["checks"]["services"])
	def descriptors():
	    with open(f"/proc/{pid}/task/{pid}/children") as file:
	        family = [pid] + [int(child) for child in file.read().split()]
	    return [len(os.listdir(f"/proc/{p}/fd")) for p in family]
	failed, early = 0, None
	for n in range(1, 101):
	    now = blocks[:len(blocks) // 2] if n % 2 else blocks
	    with open(path + ".new", "w") as file:
	        file.write("".join("virtual_server " + block for block in now))
	    os.rename(path + ".new", path)
	    os.kill(pid, signal.SIGHUP)
	    end = time.monotonic() + 30
	    while services() != len(now) and time.monotonic() < end:
	        time.sleep(0.01)
	    failed += services() != len(now)
	    # Checks have descriptors of their own while they run.
	    if n == 20:
	        early = min((time.sleep(0.01) or descriptors() for _ in range(200)), key=sum)
	end = time.monotonic() + 30
	last = descriptors()
	while last != early and time.monotonic() < end:
	    time.sleep(0.01)
	    last = descriptors()
	print(*early)
	print(*last)
	print(failed)
END
mapfile -t storm < "$tmp/storm"
n=$((n + 1))
if [ ${#storm[@]} -eq 3 ] && [ "${storm[0]}" = "${storm[1]}" ] && [ "${storm[2]}" = 0 ]; then
	echo "ok $n - a hundred reloads: each has its effect, and no descriptor stays open"
else
	echo "not ok $n - a hundred reloads: each has its effect, and no descriptor stays open"
	sed 's/^/# /' "$tmp/storm"
	failed=1
fi
kill "${daemons[-1]}"
wait "${daemons[-1]}"
unset 'daemons[-1]'
n=$((n + 1))
if ! grep -q 'Sanitizer' "$tmp/halbd.log"; then
	echo "ok $n - nor does anything else, as AddressSanitizer sees it"
else
	echo "not ok $n - nor does anything else, as AddressSanitizer sees it"
	grep -A 20 'Sanitizer' "$tmp/halbd.log" | sed 's/^/# /'
	failed=1
fi

# --- halbd --digest -----------------------------------------------------------------------------
is() { # GOT WANT NAME
	n=$((n + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $n - $3"
	else
		printf 'not ok %d - %s\n# got: %s\n# expected: %s\n' $n "$3" "$1" "$2"
		failed=1
	fi
}
genhash_of() { genhash -s 127.0.5.1 "$@" | grep -xE '[0-9a-f]{32}'; }
is "$("$halbd" --digest http://127.0.5.1/index.html)" "$(genhash_of -p 80 -u /index.html)" \
	"--digest prints what genhash prints"
is "$("$halbd" --digest http://127.0.5.1:80/big)" "$(digest "$tmp/www/big")" "the digest of all of a page"
is "$("$halbd" --digest https://127.0.5.1/big)" "$(genhash_of -S -p 443 -u /big)" "over TLS"
is "$("$halbd" --digest http://127.0.5.1/ --virtualhost www.example.com)" \
	"$(genhash_of -p 80 -u / -V www.example.com)" "of a virtual host"
is "$("$halbd" --digest http://127.0.5.1/ --virtualhost www.example.com)" \
	"$(printf 'sni= host=www.example.com' | md5sum | cut -d' ' -f1)" "which is the one that was asked for"
is "$("$halbd" --digest http://127.0.5.1/teapot 2>&1 >/dev/null | grep -c 'status_code 418')" 1 \
	"a status that a check would not accept is told"
untimed() { sed 's/after [0-9]* ms/after some ms/'; }
is "$("$halbd" --digest http://127.0.5.2/ 2>&1 | untimed; echo "${PIPESTATUS[0]}")" \
	"$(printf 'halbd: no answer from http://127.0.5.2/: %s\n1' "$(curl --noproxy '*' -sS http://127.0.5.2/ 2>&1 | sed 's/^curl: ([0-9]*) //' | untimed)")" \
	"where nobody listens the reason is told"
is "$("$halbd" --digest nonsense:// 2>/dev/null; echo $?)" 2 "what is no URL is refused"
echo "1..$n"
exit $failed
