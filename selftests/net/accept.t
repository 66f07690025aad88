#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# no_accept and strict mode: who may speak to a master's addresses, with the real keepalived and halbd one
# after the other in the same place; and what strict mode does to the rest of a configuration.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
ip -n $A link set lo up
answers() { on $CL ping -nqc2 -i 0.2 -W1 "$1" >/dev/null; }
# resolves ADDRESS: neighbour discovery and ARP work, whatever else is dropped
resolves() {
	ip -n $CL neigh flush dev eth0
	on $CL ping -nqc1 -W1 "$1" >/dev/null
	ip -n $CL neigh show "${1%\%*}" dev eth0 | grep -q lladdr
}
write() { # PRIORITY LINE...
	local priority=$1
	shift
	conf $A "$priority" "version 3" "advert_int 0.1" "$@" \
		"virtual_ipaddress { $VIP/24; 192.168.4.81/24 }"
	cp "$TMP/$A.conf" "$TMP/first"
	conf $A "$priority" "version 3" "advert_int 0.1" "$@" "virtual_router_id 51" \
		"virtual_ipaddress { fe80::51/64; fd00:4::80/64 }"
	sed 's/VI_1/VI_6/' "$TMP/$A.conf" | cat "$TMP/first" - > "$TMP/new"
	mv "$TMP/new" "$TMP/$A.conf"
}
verdicts() {
	local a
	for a in $VIP 192.168.4.81 fd00:4::80 fe80::51%eth0 192.168.4.1 fd00:4::1; do
		answers "$a" && echo "$a answers" || echo "$a is silent"
		resolves "$a" && echo "$a resolves"
	done
	on $A ping -nqc1 -W1 -I $VIP 192.168.4.9 >/dev/null && echo "it speaks from the address"
}
for mode in accept no_accept strict owner; do
	case $mode in
	accept) write 100 accept ;;
	no_accept) write 100 no_accept ;;
	strict)
		write 100
		sed -i '1i global_defs {\nvrrp_strict\n}' "$TMP/$A.conf"
		;;
	owner) write 255 no_accept ;;
	esac
	for kind in keepalived halbd; do
		start $kind $A
		wait_for 8 holds $A 192.168.4.81
		wait_for 8 holds $A fd00:4::80
		verdicts > "$TMP/$kind.verdicts"
		stop $A
	done
	is "$(cat "$TMP/halbd.verdicts")" "$(cat "$TMP/keepalived.verdicts")" "$mode: as with keepalived"
	is "$(grep -c answers "$TMP/keepalived.verdicts")" \
		"$([ $mode = accept ] || [ $mode = owner ] && echo 6 || echo 2)" "... so many addresses answer"
	is "$(on $A nft list ruleset)" "" "... and no table is left"
done

# --- while it runs ---------------------------------------------------------------------------
write 100 no_accept
start halbd $A
wait_for 8 holds $A fd00:4::80
refute "no_accept: the address is silent" answers $VIP
sed -i 's/no_accept/accept/' "$TMP/$A.conf"
reload $A
check "a reload with accept: it answers" wait_for 5 answers $VIP
sed -i 's/accept/no_accept/' "$TMP/$A.conf"
reload $A
check "... and without: it is silent" wait_for 5 eval "! answers $VIP"
is "$(grep -c "Entering MASTER" "$TMP/$A.log")" 2 "... and no master bounced"
dies "its table goes" "nft monitor" "delete table inet halbd"
wait_for 8 holds $A
check "... and the next one has its own" wait_for 5 eval "! answers $VIP"
stop $A

# --- strict mode ----------------------------------------------------------------------------------
# strict NAME TEXT LINE...: what -t says of it, in strict mode and without; keepalived minds it, too
said() { on $A keepalived -t -f "$TMP/$A.conf" 2>&1 | grep -v "$1"; }
strict() {
	local name=$1 text=$2 before
	shift 2
	conf $A 100 "$@"
	like "$("$HALBD" -t"$TMP/$A.conf")" "; 0 errors" "$name: no error without strict mode"
	before=$(said '^$')
	conf $A 100 "$@" "strict_mode true"
	like "$("$HALBD" -t"$TMP/$A.conf")" "$text" "... but in it"
	refute "... and keepalived, too, has more to say" test "$(said '^$')" = "$before" || diag "$before"
}
strict "no address" "error: .*no address" "virtual_ipaddress { }"
strict "IPv6 without a link-local address" "error: .*link-local" "version 3" \
	"virtual_ipaddress { fd00:4::80/64; fe80::50/64 }"
strict "another MAC address" "error: .*MAC address" "version 3" "use_vmac vr 02:01:02:03:04:05"
strict preempt_delay "error: preempt_delay" "preempt_delay 5"
strict down_timer_adverts "error: .*down_timer_adverts" "down_timer_adverts 5"
strict garp_lower_prio_repeat "error: .*garp_lower_prio" "garp_lower_prio_repeat 2"
strict garp_lower_prio_delay "error: .*garp_lower_prio" "garp_lower_prio_delay 2"
strict lower_prio_no_advert "error: .*lower_prio_no_advert" "lower_prio_no_advert false"
strict higher_prio_send_advert "error: .*higher_prio_send_advert" "higher_prio_send_advert"
strict vmac_xmit_base "error: .*vmac_xmit_base" "version 3" "use_vmac" "vmac_xmit_base"
strict "a password" "error: .*authentication" "$PASS"
done_testing
