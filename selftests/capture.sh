#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tcpdump on the director shows each packet once on its way in and once on its way out, and
# between the two nothing is different but what the method changes.
#
#   [ cl ] c0 --- d0 [ dir ] d1 ---+--- [ s1 ]
#                tcpdump  tcpdump  +--- [ s2 ]
. "$(dirname "$0")/lib.sh"
topology routed 2
load_halb
for n in 1 2; do
	start_nginx s$n "${NAMES[n]}"
	start_udp s$n "${NAMES[n]}" 5300
done
flows_start

start_capture() { # NAME
	local d
	DUMPS=()
	for d in d0 d1; do
		nsenter --net=/run/netns/dir -- tcpdump -i $d -p -nn -U -s 0 -w "$TMP/$1.$d" \
			'tcp or udp or ip proto 4 or ip6 proto 41' 2> "$TMP/$1.$d.err" &
		DUMPS+=($!)
	done
	for d in d0 d1; do
		wait_for 30 grep -q 'listening on' "$TMP/$1.$d.err" || bail "tcpdump does not listen on $d"
	done
}
stop_capture() { # NAME TIMES: when both have seen the last datagram (333 bytes) that often
	local d
	for d in d0 d1; do
		wait_for 20 eval "[ \$(tcpdump -nn -r '$TMP/$1.$d' 2>/dev/null | grep -c 'UDP, length 333\$') -ge $2 ]" ||
			diag "$d has not seen the last datagram"
	done
	kill "${DUMPS[@]}"
	wait "${DUMPS[@]}" 2>/dev/null
}
# packets FILE FILTER: one line per packet without what a router or nat must change: TTL, and
# addresses and checksums, which are looked at apart. Sorted: two CPUs may write out of order.
packets() {
	tcpdump -nn -S -t -v -r "$1" "$2" 2>/dev/null | awk '
		/^IP/ { if (line != "") print line; line = $0; next }
		{ line = line " " $0 }
		END { if (line != "") print line }' |
		sed -E -e 's/ttl [0-9]+/ttl/; s/hlim [0-9]+/hlim/; s/cksum 0x[0-9a-f]+ \([^)]*\)//; s/\[(bad )?udp c?k?sum [^]]*\]//' \
			-e "s/($VIP4|10\.2\.0\.1[12])\.(80|5300)/SERVER.\2/g; s/($VIP6|fd00:2::[bc])\.(80|5300)/SERVER.\2/g" \
			-e 's/ +/ /g' | sort
}
count() { tcpdump -nn -r "$1" "$2" 2>/dev/null | wc -l; }

traffic() { # VIP
	http cl "$(url "$1" 80 65536)" -o /dev/null && put_files cl "$1" 65536 &&
		[ "$(flows echo "$1" 5300 777)" = same ] && [ "$(flows echo "$1" 5300 333)" = same ]
}

for vip in $VIP4 $VIP6; do
	is6 $vip && me=fd00:1::2 ip=ip6 || me=10.1.0.2 ip=ip

	# --- nat: both directions -----------------------------------------------------------------
	balance nat tcp $vip 80
	balance nat udp $vip 5300
	start_capture nat-$vip
	check "$vip: nat: traffic" traffic $vip
	stop_capture nat-$vip 2 # there and back
	for way in "src $me" "dst $me"; do
		packets "$TMP/nat-$vip.d0" "$way" > "$TMP/in"
		packets "$TMP/nat-$vip.d1" "$way" > "$TMP/out"
		between "$(wc -l < "$TMP/in")" 10 1000 "$vip: nat: $way: packets were seen"
		check "$vip: nat: $way: each once in and once out, the same but for addresses" diff "$TMP/in" "$TMP/out"
	done
	is "$(count "$TMP/nat-$vip.d0" "src $me and not dst $vip") $(count "$TMP/nat-$vip.d0" "dst $me and not src $vip")" "0 0" \
		"$vip: nat: on the clients' side there is only the VIP"
	is "$(count "$TMP/nat-$vip.d1" "host $vip")" 0 "$vip: nat: on the servers' side there is no VIP"
	hc service flush
	hc conn flush >/dev/null

	# --- dr: one direction, unchanged ---------------------------------------------------------
	balance dr tcp $vip 80
	balance dr udp $vip 5300
	start_capture dr-$vip
	check "$vip: dr: traffic" traffic $vip
	stop_capture dr-$vip 1
	packets "$TMP/dr-$vip.d0" "src $me and dst $vip" > "$TMP/in"
	packets "$TMP/dr-$vip.d1" "src $me and dst $vip" > "$TMP/out"
	between "$(wc -l < "$TMP/in")" 10 1000 "$vip: dr: packets were seen"
	check "$vip: dr: each once in and once out, the same" diff "$TMP/in" "$TMP/out"
	is "$(count "$TMP/dr-$vip.d0" "src $vip") $(count "$TMP/dr-$vip.d1" "src $vip")" "0 0" "$vip: dr: no reply passes"
	hc service flush
	hc conn flush >/dev/null

	# --- tun: each packet in an outer one -----------------------------------------------------
	is6 $vip && outer='ip6 proto 41' || outer='ip proto 4'
	balance tun udp $vip 5300
	start_capture tun-$vip
	is "$(flows echo $vip 5300 777 333)" same "$vip: tun: traffic"
	stop_capture tun-$vip 1
	is "$(count "$TMP/tun-$vip.d0" "udp and dst $vip") $(count "$TMP/tun-$vip.d1" "$outer") $(count "$TMP/tun-$vip.d1" "udp and dst $vip")" \
		"2 2 0" "$vip: tun: two packets in, two outer ones out"
	hc service flush
	hc conn flush >/dev/null
done
done_testing
