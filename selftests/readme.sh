#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What README.md tells people to type, taken from there as it stands and typed: the first
# service, and the firewall's example. The network is the one that README.md draws:
#
#   [ client ] 192.0.2.10 --- eth0 [ director ] eth1 ---+--- [ s1 ] 10.0.0.11
#   [ guest  ] 192.0.2.66 -+       192.0.2.80  10.0.0.1 +--- [ s2 ] 10.0.0.12
#
. "$(dirname "$0")/lib.sh"
README=$HALB_SRC/README.md

# block HEADING N: the N-th block of code below a heading of README.md
block() {
	awk -v heading="$1" -v n="$2" '
		!code && /^#/ { here = $0 ~ "^#+ " heading "$" }
		/^```/ { code = !code; if (code && here) seen++; next }
		code && here && seen == n' "$README"
}

block 'A first service' 1 > "$TMP/first"
block 'Firewall' 1 > "$TMP/halb.nft"
is "$(wc -l < "$TMP/first")" 5 "README.md: a first service in five lines"
check "README.md: an example for nft" grep -q 'hook ingress' "$TMP/halb.nft"

setup_ns sw client guest director s1 s2
bridge br0
bridge br1
plug client eth0 br0
plug guest eth0 br0
plug director eth0 br0
plug director eth1 br1
address client eth0 192.0.2.10/24 2001:db8::10/64
address guest eth0 192.0.2.66/24 2001:db8::66/64
address director eth1 10.0.0.1/24 fd00::1/64
for n in 1 2; do
	plug s$n eth0 br1
	address s$n eth0 10.0.0.1$n/24 fd00::1$n/64
	ip -n s$n route add default via 10.0.0.1
	start_nginx s$n "${NAMES[n]}"
done

# As `make install` would leave it: modprobe finds the module.
for d in $(modinfo -F depends "$HALB_KO" | tr , ' '); do modprobe "$d"; done
mkdir -p /etc/modprobe.d
echo "install halb /sbin/insmod $HALB_KO" > /etc/modprobe.d/halb.conf

check "the five lines" on director bash -e -x "$TMP/first"
got=$(http_many client "$(url 192.0.2.80)" 6 | xargs)
is "$(tally "$got")" "one=2 two=4" "six requests: two for weight 1, four for weight 2"
url=$(sed -n 's/.*curl \(http[^ `]*\).*/\1/p' "$README" | head -n 1)
like "$(http client "$url")" 'one|two' "the request that README.md makes: $url"

# --- the firewall's example ----------------------------------------------------------------------
is "$(http guest "$(url 192.0.2.80)" | wc -l)" 1 "without the rules everybody is served"
check "nft takes the rules" on director nft -f "$TMP/halb.nft"
is "$(http_many client "$(url 192.0.2.80)" 3 | wc -l)" 3 "the client is served"
refute "who is blocked at ingress is not" http guest "$(url 192.0.2.80)" --connect-timeout 2
on guest ip addr add 192.0.2.67/24 dev eth0
refute "who is blocked in raw is not" http guest "$(url 192.0.2.80)" --connect-timeout 2 --interface 192.0.2.67
on director nft -j list ruleset | jq -r '.nftables[].rule?.expr[]?.counter?.packets | numbers' > "$TMP/counts"
is "$(wc -l < "$TMP/counts") $(grep -cx 0 "$TMP/counts")" "2 0" "each of the two rules has counted packets"
done_testing
