#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What virtual_server blocks make of the module: halbd with halb, and the real keepalived with
# ip_vs, have the same configuration; `-S` of halbctl and of ipvsadm must be the same, after the
# start and after a reload. Then what only halb has: fullnat and its sources, backup servers and
# slowstart.
#
#   [ dir ] 10.2.0.1 ---+--- [ s1 ] 10.2.0.11     dir: halbd and halb
#   [ dir2 ] 10.2.0.3 --+--- [ s2 ] 10.2.0.12     dir2: keepalived and ip_vs
. "$(dirname "$0")/lib.sh"
topology routed 2 2
load_halb
modprobe ip_vs || bail "cannot load ip_vs, which keepalived needs"
conf=$TMP/keepalived.conf

# A check that fails: nobody listens there.
REFUSED="TCP_CHECK {
	connect_port 9
	connect_timeout 2
	retry 0
	warmup 0
}"
# servers "WEIGHT..." [LINES]: real servers without a check, which are up.
servers() {
	local n=0 weight
	for weight in $1; do
		n=$((n + 1))
		printf 'real_server 10.2.0.%d %s {\nweight %d\n%s\n}\n' $((10 + n)) "${PORT:-80}" "$weight" "${2:-}"
	done
}
first() {
	echo 'global_defs {'
	echo '	router_id test'
	echo '	script_user root'
	echo '}'
	local port=100 algo
	for algo in rr wrr lc wlc sed nq sh dh mh fo ovf; do
		port=$((port + 1))
		printf 'virtual_server 10.9.0.1 %d {\nlb_algo %s\nlb_kind NAT\nprotocol TCP\n%s\n}\n' \
			$port $algo "$(servers "1 2")"
	done
	cat <<-END
		virtual_server 10.9.0.1 200 {
			lb_algo sh
			sh-port
			sh-fallback
			lb_kind NAT
			protocol TCP
			$(servers 1)
		}
		virtual_server 10.9.0.1 201 {
			lb_algo mh
			mh-port
			lb_kind NAT
			protocol TCP
			$(servers 1)
		}
		virtual_server 10.9.0.1 202 {
			lb_algo sh
			flag-1
			lb_kind NAT
			protocol TCP
			$(servers 1)
		}
		virtual_server 10.9.0.2 80 {
			lb_algo wlc
			lb_kind DR
			persistence_timeout 50
			protocol TCP
			$(servers "0 3" "uthreshold 100
			lthreshold 50")
		}
		virtual_server 10.9.0.2 81 {
			lb_algo wlc
			lb_kind NAT
			persistence_timeout
			persistence_granularity 255.255.255.0
			protocol TCP
			$(servers 1)
		}
		virtual_server 10.9.0.2 53 {
			lb_algo rr
			lb_kind NAT
			protocol UDP
			$(PORT=5353 servers 1)
			sorry_server 10.2.0.12 5354
		}
		virtual_server 10.9.0.4 80 {
			lvs_sched sed
			lvs_method NAT
			protocol TCP
			$(servers 1)
		}
		virtual_server 10.9.0.4 81 {
			lb_algo sh
			flag-2
			lb_kind NAT
			protocol TCP
			$(servers 1)
		}
		virtual_server 10.9.0.4 82 {
			lb_algo mh
			mh-fallback
			lb_kind NAT
			protocol TCP
			$(servers 1)
		}
		virtual_server 10.9.0.4 83 {
			lb_algo rr
			lb_kind NAT
			protocol UDP
			ops
			$(servers 1)
		}
		virtual_server 10.9.0.4 84 {
			lb_algo rr
			lb_kind NAT
			protocol TCP
			$(servers 1)
			sorry_server 10.2.0.12 84
			sorry_server_inhibit
			sorry_server_lvs_method TUN
		}
		virtual_server 10.9.0.4 85 {
			delay_loop 1
			lb_algo rr
			lb_kind NAT
			protocol TCP
			$(servers 1 "inhibit_on_failure
			$REFUSED")
			$(PORT=81 servers 1 "$REFUSED")
			$(PORT=82 servers 1)
		}
		virtual_server 10.9.0.4 86 {
			delay_loop 1
			inhibit_on_failure
			lb_algo rr
			lb_kind NAT
			protocol TCP
			$(PORT=81 servers 1 "$REFUSED")
			$(PORT=82 servers 1)
		}
		virtual_server fwmark 7 {
			ip_family inet6
			lb_algo rr
			lb_kind NAT
			protocol TCP
			real_server fd00:2::b 80 {
				weight 1
			}
		}
		virtual_server 10.9.0.3 80 {
			lb_algo rr
			lb_kind TUN
			protocol TCP
			$(servers "1 2")
		}
		virtual_server 10.9.0.3 81 {
			lb_algo rr
			lb_kind TUN
			protocol TCP
			$(PORT=81 servers 1 "lvs_method TUN type gue port 6080")
			real_server 10.2.0.12 81 {
				lvs_method TUN type gue port 6081 remcsum
			}
			real_server 10.2.0.13 81 {
				lvs_method TUN type gre csum
			}
			real_server 10.2.0.14 81 {
				lvs_method DR
			}
			real_server 10.2.0.15 81 {
				lvs_method TUN type gue port 6082 csum
			}
			real_server 10.2.0.16 81 {
				lvs_method TUN type gre
			}
		}
		virtual_server fd00:9::1 80 {
			lb_algo wrr
			lb_kind NAT
			persistence_timeout 60
			persistence_granularity 64
			protocol TCP
			real_server fd00:2::b 80 {
				weight 2
			}
		}
		virtual_server_group G {
			10.9.0.20-22 80
			10.9.0.30 8080
		}
		virtual_server group G {
			lb_algo wrr
			lb_kind NAT
			protocol TCP
			$(servers "1 4")
		}
	END
}
# Other weights, methods and schedulers; one service is gone, another one and an address are new.
second() {
	first | sed -e 's/^weight 2$/weight 5/' -e 's/lb_algo nq/lb_algo rr/' -e 's/10.9.0.20-22/10.9.0.20-23/' \
		-e 's/virtual_server 10.9.0.2 81/virtual_server 10.9.0.2 82/' -e 's/persistence_timeout 50/persistence_timeout 70/' \
		-e 's/gue port 6080/gue port 6090 csum/' -e 's/uthreshold 100/uthreshold 200/' -e 's/^\t*sh-port$//'
}
# The order of services is each one's own; that of the lines of a service is not compared.
sorted() { sort; }
# Of thresholds ipvsadm -S says nothing.
mine() { hc -S -n | sed 's/ -x [0-9]* -y [0-9]*$//' | sorted; }
theirs() { dir2 ipvsadm -S -n | sorted; }
same() { [ "$(mine)" = "$(theirs)" ] && [ -n "$(theirs)" ]; }
compare() { # NAME
	if wait_for 20 same; then
		ok "$1"
	else
		not_ok "$1" "$(diff <(mine) <(theirs))"
		diag "$(grep -h "cannot be\|error" "$TMP/halbd.log")"
	fi
}
first > "$conf"
start_halbd "$conf"
nsenter --net=/run/netns/dir2 -- keepalived -C -n -l -D -p "$TMP/k.pid" -c "$TMP/kc.pid" -f "$conf" > "$TMP/k.log" 2>&1 &
keepalived=$!
wait_for 30 eval '[ "$(theirs | grep -c "^-A")" -ge 20 ]' || diag "$(tail -n 20 "$TMP/k.log")"
compare "services and servers are what keepalived makes of the same configuration"
is "$(hc -S -n | grep -c -- '-w 3 -x 100 -y 50$') $(dir2 ipvsadm -Ln --thresholds | grep -cE '10.2.0.12:80 +100 +50 ')" "1 1" "thresholds, too"
between "$(theirs | wc -l)" 50 200 "which are many"
diag "$(grep -i "warn\|error\|ignored" "$TMP/halbd.log")"
second > "$conf"
kill -HUP $HALBD_PID $keepalived
wait_for 20 eval 'theirs | grep -q 10.9.0.23'
# What keepalived removes, halbd drains: without connections, for a second.
compare "and after a reload"
kill $keepalived
wait $keepalived

# --- what only halb has -------------------------------------------------------------------------
start_nginx s1 one
start_nginx s2 two
ip -n dir addr add 10.2.0.100/24 dev d1
ip -n dir addr add 10.2.0.101/24 dev d1
only_halb() {
	cat > "$conf" <<-END
		vrrp_instance VI_9 {
			interface d1
			virtual_router_id 9
			virtual_ipaddress {
				10.2.0.99
			}
		}
		virtual_server 10.9.0.9 80 {
			lb_algo wrr
			lb_kind NAT
			protocol TCP
			vrrp VI_9
			real_server 10.2.0.11 80 {
				maxconn 7
			}
		}
		virtual_server $VIP4 80 {
			delay_loop 1
			lb_algo wrr
			lb_kind FULLNAT
			sources 10.2.0.100-10.2.0.101
			protocol TCP
			inter 500
			fall 1
			rise 1
			real_server 10.2.0.11 80 {
				weight 100
				slowstart 20s
				TCP_CHECK {
					connect_timeout 3
				}
			}
			real_server 10.2.0.12 80 {
				weight 7
				backup
				TCP_CHECK {
					connect_timeout 3
				}
			}
		}
	END
}
weights() { hc -j server show tcp $VIP4:80 2>/dev/null | jq -c '[.[] | [.address, .weight, .backup, .weight_percent]] | sort'; }
weights_are() { [ "$(weights)" = "$1" ]; }
only_halb
kill -HUP $HALBD_PID
check "a backup server is the module's to use" wait_for 40 weights_are '[["10.2.0.11",100,false,100],["10.2.0.12",7,true,100]]'
is "$(hc -j service show tcp 10.9.0.9:80 | jq -r '.[0].vrrp') $(hc -j server show tcp 10.9.0.9:80 | jq -r '.[0].upper')" "VI_9 7" \
	"vrrp binds a service to an instance, maxconn limits a server"
is "$(hc -j service show | jq length)" 2 "services that are not in the file any more have gone"
is "$(hc -j service show tcp $VIP4:80 | jq -r '.[0].sources')" 10.2.0.100-10.2.0.101 "FULLNAT's sources are the module's"
is "$(http cl "$(url $VIP4)")" one "and it works, by FULLNAT"
like "$(http cl "$(url $VIP4 80 addr)")" "10.2.0.10[01]" "from one of the sources"
stop_nginx s1
check "the other one dies" wait_for 20 weights_are '[["10.2.0.12",7,true,100]]'
is "$(http cl "$(url $VIP4)")" two "the backup server serves"
start_nginx s1 one
check "it returns, slowly" wait_for 15 eval '[[ $(weights) =~ 10.2.0.11.,100,false,[1-9][0-9]?] ]]'
is "$(http cl "$(url $VIP4)")" one "and the backup server does not serve any more"
check "in the end it has all of its weight" wait_for 30 weights_are '[["10.2.0.11",100,false,100],["10.2.0.12",7,true,100]]'
kill $HALBD_PID
wait $HALBD_PID
is "$(hc -j service show | jq length)" 0 "halbd stops, and leaves nothing in the module"
done_testing
