#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The manual page and the completion know what the program and the module know.
#
#   docs.sh      in tools/tests
set -u
cd "$(dirname "$0")/.." || exit 1
n=0 failed=0
ok() { # WHETHER NAME
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		failed=$((failed + 1))
		echo "not ok $n - $2"
	fi
}
manual=$(sed 's/\\&//g' halbctl.8)
in_manual() { grep -qE "(^|[ \"])$1( |\$|\")" <<< "$manual"; }

if command -v mandoc >/dev/null; then
	out=$(mandoc -Tlint -W warning halbctl.8 2>&1)
	ok $? "mandoc has no complaint"
	[ -z "$out" ] || printf '%s\n' "$out" | sed 's/^/# /'
else
	ok 0 "mandoc has no complaint # SKIP it is not installed"
fi

# Keywords and commands are the first strings of the tables.
for word in $(sed -n 's/^\t{ "\([a-z-]*\)", .*/\1/p' grammar.c halbctl.c | sort -u); do
	in_manual "$word"; ok $? "halbctl.8 has $word"
	grep -q -- "\b$word\b" halbctl.bash-completion; ok $? "the completion has $word"
done
for name in $(sed -n 's/^\tX([A-Z0-9_]*,[[:space:]]*"\([a-z0-9-]*\)").*/\1/p' ../kmod/counters.h); do
	in_manual "$name"; ok $? "halbctl.8 has the counter $name"
done

# ip_vs's sysctls: ipvs-sysctl.rst of Linux 6.12 and the two vectors' second names.
compat=$(sed 's/\\&//g' halbctl-ipvsadm.8)
table=$(sed -n '/^\.Sh SYSCTLS/,/^\.Sh PARITY/p' <<< "$compat" | sed -e ':a' -e '/\\$/N; s/\\\n//; ta')
for name in am_droprate amemthresh backup_only conn_reuse_mode conntrack cache_bypass debug_level \
	drop_entry drop_packet est_cpulist est_nice expire_nodest_conn expire_quiescent_template \
	ignore_tunneled nat_icmp_send pmtu_disc secure_tcp sync_threshold sync_period \
	sync_refresh_period sync_retries sync_qlen_max sync_sock_size sync_ports snat_reroute \
	sync_persist_mode sync_version run_estimation; do
	grep -qE "^\.It Li (.* )?$name( |\$)" <<< "$table"; ok $? "halbctl-ipvsadm.8 says where $name is"
done
# What it says exists: settings and properties are words of the grammar.
for word in $(sed -n 's/^\.Cm \([a-z-]*\).*/\1/p' <<< "$table" | sort -u); do
	grep -q "^	{ \"$word\", " grammar.c; ok $? "halbctl has $word, which that table names"
done

# The completion, with a halbctl that has one configuration.
# shellcheck disable=SC1091
. ./halbctl.bash-completion
halbctl() {
	cat <<-END
		settings set tcp-timeout 900
		service add tcp 192.0.2.1:80 scheduler wrr
		server add tcp 192.0.2.1:80 10.0.0.1:80 method nat weight 1
		server add tcp 192.0.2.1:80 10.0.0.2:80 method nat weight 1
		service add fwmark 7 inet6 scheduler rr
		server add fwmark 7 inet6 [2001:db8::1]:0 method dr weight 1
	END
}
next() { # WANTED WORDS...
	local wanted=$1 got
	shift
	# shellcheck disable=SC2119
	got=$(_halbctl_next "$@" | xargs echo)
	[[ $got == "$wanted" ]]
	ok $? "$* ...: ${got:-nothing}"
}
next "service server conn why stats zero settings vrrp real-server status monitor save restore help version"
next "show add set del drain" server
next "tcp udp sctp fwmark" service add
next "192.0.2.1:80" service del tcp
next "7" service del fwmark
next "" service del udp
next "" service del tcp 192.0.2.1:80
next "10.0.0.1:80 10.0.0.2:80" server drain tcp 192.0.2.1:80
next "[2001:db8::1]:0" server del fwmark 7 inet6
next "" server add tcp 192.0.2.1:80
next "weight upper lower tun-type tun-port tun-csum backup drain no-backup" server set tcp 192.0.2.1:80 10.0.0.1:80 method nat
next "timeout" server drain tcp 192.0.2.1:80 10.0.0.1:80
next "nat dr tun fullnat" server set tcp 192.0.2.1:80 10.0.0.1:80 method
next "ipip gue gre" server set tcp 192.0.2.1:80 10.0.0.1:80 tun-type
next "none csum remcsum" server set tcp 192.0.2.1:80 10.0.0.1:80 tun-csum
next "scheduler persistent netmask prefix sh-fallback sh-port yield ops ftp through-stack vrrp sources conn-limit tcp-timeout tcp-fin-timeout udp-timeout slow-start" service add tcp 192.0.2.1:81 adopt
next "inet6 scheduler persistent netmask prefix sh-fallback sh-port adopt yield ops ftp through-stack vrrp sources conn-limit tcp-timeout tcp-fin-timeout udp-timeout slow-start" service add fwmark 9
next "show set del" vrrp
next "master backup fault" vrrp set VI_1
next "tcp udp sctp" why
next "mark dev" why tcp 10.0.0.1:1 192.0.2.1:80
next "show add del" real-server
next "dev tun" real-server add 192.0.2.1
next "tun" real-server add 192.0.2.1 dev eth0
next "on off" settings set source-check
next "on off" settings set expire-quiescent-template
next "on off" settings set local-clients
next "" settings set suspect-after
next "10.0.0.1:80 10.0.0.2:80 [2001:db8::1]:0" conn show server
next "192.0.2.1:80" zero tcp
next "" stats rate

echo "1..$n"
[ $failed -eq 0 ]
