#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# HTTP_GET and SSL_GET against real nginx, by halbd as it runs: in a network namespace, without
# the module.
#
#   servers.sh HALBD
set -u
halbd=$(readlink -f "$1")
if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP a network namespace needs root"
	exit 0
fi
if [ -z "${HALB_SERVERS_NS:-}" ]; then
	HALB_SERVERS_NS=1 exec unshare -n "$0" "$halbd"
fi
tmp=$(mktemp -d)
nginx=
daemon=
cleanup() {
	[ -z "$daemon" ] || kill "$daemon"
	[ -z "$nginx" ] || kill "$nginx"
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
nginx=$!
digest() { md5sum < "$1" | cut -d' ' -f1; }

# A check, whether it passes, and its name.
n=0
expect=() names=()
conf() { # pass|fail NAME KIND PORT URL-LINES [CHECK-LINES]
	n=$((n + 1))
	expect+=("$1") names+=("$2")
	cat >> "$tmp/halbd.conf" <<-END
		virtual_server 10.9.0.$n 80 {
			delay_loop 1
			lb_kind NAT
			protocol TCP
			real_server 127.0.5.1 $4 {
				$3 {
					url {
						$5
					}
					${6:-}
					warmup 0
					connect_timeout 5
				}
			}
		}
	END
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

"$halbd" -C -n -l --beside -p "$tmp/halbd.pid" -f "$tmp/halbd.conf" 2> "$tmp/halbd.log" &
daemon=$!
status() {
	python3 -c '
import json, socket
s = socket.socket(socket.AF_UNIX)
s.connect("\0halb/checks")
for service in json.load(s.makefile())["services"]:
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
echo "1..$n"
exit $failed
