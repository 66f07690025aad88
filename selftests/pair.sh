#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The pair of directors of a course that many people learned LVS from, with its own file: halbd on
# both, direct routing to two web servers, while one web server dies and returns, the master director
# dies and returns, a weight changes by reload; then a storm of reloads. curl asks the VIP all the
# time; the figures are the requests, those that failed, and the longest time without an answer.
#
#   pair.sh [demo]     demo: without the storm, as `make demo` calls it
#
#   192.168.4.10         192.168.4.5, .6             192.168.4.100, .200
#     [ cl ]        [ dir ] proxy1  [ dir2 ] proxy2     [ s1 ]  [ s2 ]
#        |               |             |                  |       |        VIP 192.168.4.15
#        +---------------+-------------+------------------+-------+------- br0 [ sw ]
. "$(dirname "$0")/lib.sh"
storm=1
[ "${1:-}" != demo ] || storm=
VIP=192.168.4.15
svc="tcp $VIP:80"

setup_ns sw cl dir dir2 s1 s2
bridge br0
host() { # NS ADDRESS
	plug "$1" eth0 br0
	ip -n "$1" addr add "192.168.4.$2/24" dev eth0
}
host cl 10
host dir 5
host dir2 6
host s1 100
host s2 200
load_halb
for ns in s1 s2; do dr_server $ns $VIP; done
start_nginx s1 web1
start_nginx s2 web2

# As it is written there; only the address of the service is added to virtual_ipaddress, where it
# is forgotten: nobody would answer for it.
configure() { # NS ROUTER-ID STATE PRIORITY WEIGHT-OF-WEB1 [FURTHER-BLOCKS]
	cat > "$TMP/$1.conf.new" <<-END
		global_defs {
		  notification_email {
		    admin@tarena.com.cn                //设置报警收件人邮箱
		  }
		  notification_email_from ka@localhost    //设置发件人
		  smtp_server 127.0.0.1                //定义邮件服务器
		  smtp_connect_timeout 30
		  router_id  $2                        //设置路由ID号（实验需要修改）
		}
		vrrp_instance VI_1 {
		  state $3                         //主服务器为MASTER（备服务器需要修改为BACKUP）
		  interface eth0                    //定义网络接口
		  virtual_router_id 50                //主备服务器VRID号必须一致
		  priority $4                     //服务器优先级,优先级高优先获取VIP（实验需要修改）
		  advert_int 1
		  authentication {
		    auth_type pass
		    auth_pass 1111                       //主备服务器密码必须一致
		  }
		  virtual_ipaddress {                    //谁是主服务器谁获得该VIP（实验需要修改）
		    192.168.4.80
		    $VIP
		  }
		}
		/** 上接VIP **/
		virtual_server $VIP 80 {           //设置ipvsadm的VIP规则（实验需要修改）
		  delay_loop 6
		  lb_algo wrr                          //设置LVS调度算法为WRR
		  lb_kind DR                               //设置LVS的模式为DR
		  #persistence_timeout 50
		  protocol TCP
		  real_server 192.168.4.100 80 {         //设置后端web服务器真实IP（实验需要修改）
		    weight $5                             //设置权重为1
		    TCP_CHECK {                            //对后台real_server做健康检查
		    connect_timeout 3
		    nb_get_retry 3
		    delay_before_retry 3
		    }
		  }
		  real_server 192.168.4.200 80 {       //设置后端web服务器真实IP（实验需要修改）
		    weight 2                          //设置权重为2
		    TCP_CHECK {
		    connect_timeout 3
		    nb_get_retry 3
		    delay_before_retry 3
		    }
		  }
		}
		${6:-}
	END
	mv "$TMP/$1.conf.new" "$TMP/$1.conf"
}
proxy1() { configure dir proxy1 MASTER 100 "$@"; }
proxy2() { configure dir2 proxy2 BACKUP 50 "$1"; }

declare -A PID=()
start() { # NS
	nsenter --net="/run/netns/$1" -- halbd -n -l -f "$TMP/$1.conf" -p "$TMP/$1.pid" >> "$TMP/$1.log" 2>&1 &
	PID[$1]=$!
}
family() { echo "${PID[$1]}"; pgrep -P "${PID[$1]}"; } # NS: all processes of its halbd
holds() { ip -n "$1" -o addr show | grep -qF " $VIP/"; }
weights() { on "$1" halbctl -j server show $svc 2>/dev/null | jq -r '[.[] | "\(.address)=\(.weight)"] | sort | join(" ")'; }
weights_are() { [ "$(weights "$1")" = "$2" ]; } # NS WEIGHTS

# --- requests --------------------------------------------------------------------------------
# One after the other, each on a connection of its own: begin, end, who answered or "failed".
ask() { # SECONDS-TO-CONNECT
	local began body
	while [ ! -e "$TMP/stop" ]; do
		began=$EPOCHREALTIME
		body=$(cl curl -sf --noproxy '*' --connect-timeout "$1" --max-time 30 "http://$VIP/") || body=failed
		echo "$began $EPOCHREALTIME $body"
	done
}
answered() { [ "$(grep -c web "$TMP/answers")" -ge "$1" ]; }
more() { wait_for 90 answered $(($(grep -c web "$TMP/answers") + $1)); } # N more answers
begin() { # [SECONDS-TO-CONNECT]
	rm -f "$TMP/stop"
	: > "$TMP/answers"
	ask "${1:-10}" > "$TMP/answers" 2>/dev/null &
	asking=$!
	more 5
}
end() { # NAME: SENT, FAILED and GAP (ms)
	more 5
	touch "$TMP/stop"
	wait $asking
	read -r SENT FAILED GAP < <(awk '{ sent++ }
		$3 == "failed" { failed++; next }
		{ if (last && $2 - last > gap) gap = $2 - last; last = $2 }
		END { printf "%d %d %d\n", sent, failed, gap * 1000 }' "$TMP/answers")
	RESULTS+=("$(printf '%-46s %6d %6d %6d ms' "$1" "$SENT" "$FAILED" "$GAP")")
}
# Those that began after that time and failed.
failed_after() { awk -v t="$1" '$1 > t && $3 == "failed"' "$TMP/answers" | wc -l; }
RESULTS=()

echo "# Two directors, proxy1 (priority 100) and proxy2 (50), and two web servers of weights 1 and 2."
echo "# The configuration is the course's, as written there, with $VIP added to virtual_ipaddress."
proxy1 1
proxy2 1
start dir
start dir2
check "proxy1 is master and has the VIP" wait_for 90 holds dir || {
	dir halbctl status
	bail "$(cat "$TMP/dir.log")"
}
check "proxy2 is not" eval '! holds dir2'
check "both have the services" wait_for 60 eval \
	'weights_are dir "192.168.4.100=1 192.168.4.200=2" && weights_are dir2 "192.168.4.100=1 192.168.4.200=2"'
check "a request is answered" wait_for 60 cl curl -sf --noproxy '*' --max-time 5 "http://$VIP/"

# --- (a) a web server dies and returns -------------------------------------------------------------
begin
died=$EPOCHREALTIME
stop_nginx s1
check "web1 dies: it is taken out on both directors" wait_for 120 eval \
	'weights_are dir "192.168.4.200=2" && weights_are dir2 "192.168.4.200=2"'
out=$EPOCHREALTIME
more 10
start_nginx s1 web1
check "it returns" wait_for 120 weights_are dir "192.168.4.100=1 192.168.4.200=2"
more 10
end "(a) a web server dies and returns"
is "$(failed_after "$out")" 0 "no request fails once it is out"
diag "$FAILED of $SENT requests failed, in the $(awk -v a="$died" -v b="$out" 'BEGIN { printf "%.1f", b - a }') s until its check had failed four times"
between "$FAILED" 0 $(((SENT - 10) / 3 + 2)) "and before at most those that were its share"

# --- (b) the master director dies and returns ----------------------------------------------------------
# Who asks nobody is not to wait for long.
begin 1
# As when its power fails: it hears nobody, tells nobody, and its processes are gone.
ip -n sw link set dir-eth0 down
# shellcheck disable=SC2046
{ kill -9 $(family dir); wait "${PID[dir]}"; } 2>/dev/null
check "proxy1 dies: proxy2 has the VIP" wait_for 90 holds dir2
more 10
for a in $VIP 192.168.4.80; do ip -n dir addr del $a/32 dev eth0 2>/dev/null; done
ip -n sw link set dir-eth0 up
start dir
check "it returns, and has the VIP" wait_for 90 holds dir
check "proxy2 has given it up" wait_for 60 eval '! holds dir2'
more 10
end "(b) the master director dies and returns"
between "$GAP" 0 $((10000 * ${HALB_SLOW:-1})) "nobody was answered for $GAP ms"

# --- (c) a weight changes -----------------------------------------------------------------------------------
begin
proxy1 4
kill -HUP "${PID[dir]}"
check "a reload changes a weight" wait_for 90 weights_are dir "192.168.4.100=4 192.168.4.200=2"
more 12
end "(c) a weight changes by reload"
is "$FAILED" 0 "no request fails"
is "$(tail -n 12 "$TMP/answers" | cut -d' ' -f3 | sort | uniq -c | awk '{ print $2 $1 }' | xargs)" "web18 web24" \
	"and requests are shared 4 to 2"

# --- (d) a hundred reloads -------------------------------------------------------------------------------------
# Each changes a weight; every other one brings a second service with a check of its own, which the
# next one takes away.
descriptors() { for p in $(family dir); do echo "$(cat "/proc/$p/comm") $(ls "/proc/$p/fd" | wc -l)"; done; }
memory() { for p in $(family dir); do awk '/^VmRSS/ { print $2 }' "/proc/$p/status"; done | awk '{ n += $1 } END { print n }'; }
second="virtual_server $VIP 81 {
	delay_loop 1
	lb_algo rr
	lb_kind DR
	protocol TCP
	real_server 192.168.4.200 81 {
		HTTP_GET {
			url {
				path /
				status_code 200
			}
			connect_port 80
		}
	}
}"
# shellcheck disable=SC2329
has_weight() { # WEIGHT SERVICES: so has the module, for web1
	local saved
	saved=$(dir halbctl -Sn) || return
	[[ $saved == *"-r 192.168.4.100:80 -g -w $1"* ]] && [ "$(grep -c ^-A <<< "$saved")" = "$2" ]
}
reload() { # N
	local weight=$(($1 % 5 + 1)) more=
	[ $(($1 % 2)) -eq 0 ] || more=$second
	proxy1 $weight "$more"
	kill -HUP "${PID[dir]}"
	wait_for 90 has_weight $weight $(($1 % 2 + 1))
}
if [ -n "$storm" ]; then
	begin
	wrong=0
	for n in {1..100}; do
		reload "$n" || wrong=$((wrong + 1))
		[ "$n" != 20 ] || { early=$(memory) before=$(descriptors) processes=$(family dir | xargs); }
	done
	end "(d) a hundred reloads"
	is $wrong 0 "each of a hundred reloads has its effect"
	is "$FAILED" 0 "and no request fails meanwhile"
	is "$(family dir | xargs)" "$processes" "no process was started anew"
	is "$(descriptors)" "$before" "no descriptor is left open"
	between "$(memory)" 1 $((early + 400)) "nor does memory grow, from the 20th to the last (KiB)"
	check "the VIP stayed where it was" holds dir
fi
kill "${PID[dir]}" "${PID[dir2]}"
wait "${PID[dir]}" "${PID[dir2]}"
is "$(on dir halbctl -j service show | jq length)" 0 "halbd stops, and leaves nothing in the module"
check "nor the VIP" eval '! holds dir && ! holds dir2'
echo "#"
printf '# %-46s %6s %6s %9s\n' "" sent failed "longest gap"
printf '# %s\n' "${RESULTS[@]}"
[ $TAP_FAILED -eq 0 ] || for d in dir dir2; do diag "$d: $(tail -n 40 "$TMP/$d.log")"; done
done_testing
