#!/bin/bash
# Installs what the build and the tests need, on Debian 12. Does nothing (and asks
# nobody) when everything is there already.
set -u
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# Building the module and the tools.
build="gcc gcc-12 libc6-dev make bc flex bison libelf-dev libssl-dev kmod cpio xz-utils zstd
  rsync pkg-config libmnl-dev libjson-c-dev libevent-dev libcurl4-openssl-dev libpcre2-dev
  sparse perl git ca-certificates clang libclang-rt-dev"
# Booting kernels. virtiofsd is in qemu-system-common.
vm="qemu-system-x86 qemu-system-common busybox-static"
# What the tests run inside the VM: real clients, servers and oracles.
tests="nginx-light curl ipvsadm keepalived iproute2 iptables nftables tcpdump ethtool socat
  netcat-openbsd python3 python3-yaml python3-jsonschema python3-scapy jq strace iputils-ping iputils-arping
  iperf3 procps psmisc util-linux conntrack bash-completion mandoc man-db
  vsftpd shellcheck opensmtpd dnsmasq-base libcap2-bin systemd"

missing=()
# One dpkg-query for all: dpkg is slow to start.
declare -A have=()
while read -r state name; do
	[ "$state" = ii ] && have[$name]=1
done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null)
# shellcheck disable=SC2086
for p in $build $vm $tests; do
	[ -n "${have[$p]:-}" ] || missing+=("$p")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "deps: root is needed to install: ${missing[*]}" >&2
	echo "deps: run as root: apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
echo "deps: installing with apt: ${missing[*]}"

apt() {
	apt-get -qq -o Acquire::Retries=5 -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Options::=--force-confold "$@" </dev/null
}

# Daemons that we only use inside the VM (nginx, keepalived) must not start here.
policy=/usr/sbin/policy-rc.d
saved=
if [ -e $policy ] || [ -L $policy ]; then
	saved=$policy.halb-saved
	mv $policy $saved || exit 1
fi
# shellcheck disable=SC2329
restore() {
	rm -f $policy
	[ -n "$saved" ] && mv "$saved" $policy
}
trap restore EXIT
trap 'exit 1' INT TERM
printf '#!/bin/sh\nexit 101\n' > $policy
chmod 755 $policy

log=$(mktemp)
apt update || echo "deps: apt-get update failed, trying with the lists we have" >&2
if ! apt install -y --no-install-recommends "${missing[@]}" > "$log" 2>&1; then
	tail -n 40 "$log" >&2
	echo "deps: apt-get install failed" >&2
	rm -f "$log"
	exit 1
fi
rm -f "$log"
# Nor at the next boot, if it was us who brought them.
for p in nginx-light:nginx keepalived:keepalived iperf3:iperf3 opensmtpd:opensmtpd vsftpd:vsftpd; do
	[[ " ${missing[*]} " == *" ${p%:*} "* ]] && systemctl -q disable "${p#*:}" >/dev/null 2>&1
done
exit 0
