#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lblc and lblcr: the same traffic through halb and through ip_vs, to many destinations behind a
# mark. Each destination stays where it was until its server is overloaded.
#
#            10.9.1.0/24 -> [ dir, halb   ] ---+--- [ s1 ]
#   [ cl ] ---+             mark 7             +--- [ s2 ]
#             10.9.2.0/24 -> [ dir2, ip_vs ] --+--- [ s3 ]
#             fd00:9:1::/64, fd00:9:2::/64 likewise
. "$(dirname "$0")/lib.sh"
topology routed 3 2
load_halb
modprobe ip_vs || bail "no ip_vs in this kernel"
# What has ended is forgotten after a second.
dir2 ipvsadm --set 900 1 300
for net in 10.9.1.0/24 fd00:9:1::/64; do
	is6 $net && via=fd00:1::1 || via=10.1.0.1
	ip -n cl route add $net via $via
done
for net in 10.9.2.0/24 fd00:9:2::/64; do
	is6 $net && via=fd00:1::3 || via=10.1.0.3
	ip -n cl route add $net via $via
	# ip_vs takes what is the director's own.
	ip -n dir2 route add local $net dev lo
done
for d in dir dir2; do
	on $d nft -f - <<-END
		table inet marks {
			chain prerouting {
				type filter hook prerouting priority mangle;
				iifname d0 ip daddr { 10.9.1.0/24, 10.9.2.0/24 } meta mark set 7
				iifname d0 ip6 daddr { fd00:9:1::/64, fd00:9:2::/64 } meta mark set 7
			}
		}
	END
done
for n in 1 2 3; do
	start_nginx s$n "${NAMES[n]}"
	gw_via s$n dir
	# The two directors' networks are told apart by the way back, too.
	ip -n s$n route add local 10.9.1.0/24 dev lo
	ip -n s$n route add local 10.9.2.0/24 dev lo
	ip -n s$n -6 route add local fd00:9:1::/64 dev lo
	ip -n s$n -6 route add local fd00:9:2::/64 dev lo
	gw_via s$n cl
done
flows_start

ours() { if [ $FAMILY = 6 ]; then printf 'fd00:9:1::%x' "$1"; else echo "10.9.1.$1"; fi; }
theirs() { if [ $FAMILY = 6 ]; then printf 'fd00:9:2::%x' "$1"; else echo "10.9.2.$1"; fi; }
mark() { [ $FAMILY = 6 ] && echo "7 inet6" || echo 7; }
mark_ipvs() { [ $FAMILY = 6 ] && echo "7 -6" || echo 7; }
name_of() { [ $FAMILY = 6 ] && echo "[$(server6 "$1")]:0" || server4 "$1"; } # N

# both SCHEDULER WEIGHT...: in both directors, without memory of what was before
both() {
	local sched=$1 n
	shift
	flows forget > /dev/null
	hc service flush
	hc conn flush > /dev/null
	dir2 ipvsadm -C
	wait_for 30 eval '[ "$(dir2 ipvsadm -Lnc | wc -l)" -le 2 ]'
	# shellcheck disable=SC2046
	{
		hc service add fwmark $(mark) scheduler "$sched" || bail "no $sched"
		dir2 ipvsadm -A -f $(mark_ipvs) -s "$sched" || bail "ip_vs: no $sched"
		for n in 1 2 3; do
			hc server add fwmark $(mark) "$(name_of $n)" method dr weight "${!n}"
			dir2 ipvsadm -a -f $(mark_ipvs) -r "$(name_of $n)" -g -w "${!n}"
		done
	}
}
reweigh() { # N WEIGHT
	# shellcheck disable=SC2046
	{
		hc server set fwmark $(mark) "$(name_of "$1")" weight "$2"
		dir2 ipvsadm -e -f $(mark_ipvs) -r "$(name_of "$1")" -g -w "$2"
	}
}
# open_both DESTINATION...: a connection to each that stays open; the names in $got, $want
open_both() {
	local d
	got='' want=''
	for d; do
		got+=" $(flows open tcp "$(ours "$d")" 80)"
		want+=" $(flows open tcp "$(theirs "$d")" 80)"
	done
	got=${got# } want=${want# }
}

for FAMILY in 4; do
	both lblc 2 2 4
	open_both 1 2 3 4 5 6
	is "$got" "$want" "IPv$FAMILY: lblc: six destinations where ip_vs sends them"
	is "$(tr ' ' '\n' <<< "$got" | sort -u | wc -l)" 3 "IPv$FAMILY: lblc: over all servers"
	first=$(cut -d' ' -f1 <<< "$got")
	open_both 1 1
	is "$got $want" "$(names 4 "$first")" "IPv$FAMILY: lblc: a destination stays with its server"
	open_both 1 2 1 3 1 1 2 2 1 1 1 1
	is "$got" "$want" "IPv$FAMILY: lblc: overloaded, it moves as with ip_vs"
	open_both 7 8 9 10 1 2 3 4 5 6
	is "$got" "$want" "IPv$FAMILY: lblc: old and new destinations"
	reweigh 1 20
	open_both 1 2 3 4 5 6 11 12 11 12
	is "$got" "$want" "IPv$FAMILY: lblc: after a change of weights"
	reweigh 2 0
	open_both 1 2 3 4 5 6 7 8 9 10 11 12
	is "$got" "$want" "IPv$FAMILY: lblc: without the server of weight 0"
	is "$(grep -c two <<< "$got")" 0 "IPv$FAMILY: lblc: which gets nothing"

	both lblcr 1 2 4
	open_both 1 1 1 1 1 1 1 1
	is "$got" "$want" "IPv$FAMILY: lblcr: a destination gets more servers as with ip_vs"
	open_both 2 3 4 2 3 4 1 2 1 3 1 4
	is "$got" "$want" "IPv$FAMILY: lblcr: more destinations"
	reweigh 1 30
	open_both 1 2 3 4 5 1 2 3 4 5
	is "$got" "$want" "IPv$FAMILY: lblcr: after a change of weights"
	reweigh 3 0
	open_both 1 2 3 4 5 6 7 8
	is "$got" "$want" "IPv$FAMILY: lblcr: without the server of weight 0"
done

# --- what ip_vs does not do: a threshold counts -------------------------------------------------
FAMILY=4
both lblc 10 10 10
open_both 1
# shellcheck disable=SC2046
for n in 1 2 3; do hc server set fwmark $(mark) "$(name_of $n)" upper 2; done
second=$(flows open tcp "$(ours 1)" 80)
is "$second" "$got" "lblc: below its threshold the server keeps the destination"
third=$(flows open tcp "$(ours 1)" 80)
refute "lblc: at its threshold it does not" test "$third" = "$got"
is "$(flows open tcp "$(ours 1)" 80)" "$third" "lblc: and the destination stays with the other one"

# --- ipvsadm's grammar ------------------------------------------------------------------------
hc service flush
check "ipvsadm -s lblcr" hc -A -t $VIP4:80 -s lblcr
like "$(hc -Ln)" "TCP  $VIP4:80 lblcr" "and it is listed"
check "ipvsadm -E -s lblc" hc -E -t $VIP4:80 -s lblc
is "$(hc -j service show | jq -r '.[0].scheduler')" lblc "another scheduler"
is "$(hc save | grep -c 'scheduler lblc')" 1 "and it is saved"
fails_with 1 'lblc, lblcr' "an unknown scheduler: the message names these, too" hc service add tcp $VIP4:81 scheduler wl
done_testing
