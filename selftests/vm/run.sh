#!/bin/bash
# Boots a kernel in QEMU on the host's own user space and runs one script in it.
#
#   run.sh [-k KERNEL] [-c CPUS] [-m MEM] [-t SECONDS] [-o DIR] [-i] [-s] [SCRIPT [ARGS...]]
#
#   -k KERNEL   6.1, 6.12 (default), debug, or a version that is in the cache
#   -c CPUS     default 2
#   -m MEM      default 2G; 3G for the debug kernel
#   -t SECONDS  for all of it, default 600; 0 for no limit
#   -o DIR      keep console log and output here (default: a temporary directory, kept on failure)
#   -i          count instructions: one CPU, the guest's clock follows them (-icount)
#   -s          an interactive shell in the VM, after SCRIPT if there is one
#
# The VM sees the host's file system read-only under a tmpfs, so that SCRIPT, the tree and
# every installed program are there under their own paths, and nothing done in the VM lasts.
# SCRIPT's output (TAP) goes to stdout; its exit status is this command's, provided that the
# VM said so itself and the kernel's log is clean. Else it is 99.
#
# SCRIPT finds in its environment:
#   HALB_SRC    the tree                      HALB_KVER   the running kernel
#   HALB_KO     the module for this kernel    HALB_TOOLS  the directory of halbctl and halbd
#   HALB_OUT    a directory that outlives the VM (-o)
#   HALB_KO_DEBUG  the same module built with DEBUG=1; on the debug kernel HALB_KO is this one too
#   HALB_SLOW   how many times longer than on Debian's kernels things may take (a whole number)
#   HALB_ROUNDS as in this command's environment: how often unload.sh does all that it does
#
# HALB_QEMU in this command's environment are further options of QEMU (bench/profile.sh).
#
# Needs root on the host (virtiofsd serves files of all owners). KVM is used where it works.
set -u
usage() { sed -n '2,/^set -u/{/^#/s/^# \{0,1\}//p}' "$0"; }

here=$(dirname "$(readlink -f "$0")")
src=$(readlink -f "$here/../..")
cache=${HALB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/halb}
export HALB_CACHE=$cache
kernel=6.12 cpus=2 mem='' limit='' out='' icount='' shell=''
while getopts k:c:m:t:o:ish o; do
	case $o in
	k) kernel=$OPTARG ;;
	c) cpus=$OPTARG ;;
	m) mem=$OPTARG ;;
	t) limit=$OPTARG ;;
	o) out=$OPTARG ;;
	i) icount=1 ;;
	s) shell=1 ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# -eq 0 ] && [ -z "$shell" ]; then
	usage >&2
	exit 2
fi
die() { echo "vm: $*" >&2; exit 99; }
[ "$(id -u)" -eq 0 ] || die "run.sh needs root on the host: virtiofsd serves files of all owners"
limit=${limit:-${shell:+0}}
limit=${limit:-600}
slow=$(sed -n "s/^slow\.$kernel=//p" "$src/selftests/settings")

# The kernel: a Debian one, or the debug kernel that debug-kernel.sh built.
case $kernel in
6.1 | 6.12)
	line=$("$here/kernels.sh" "$kernel") || die "no kernel $kernel"
	kver=$(echo "$line" | cut -d' ' -f2)
	kroot=$cache/kernels/$kver ;;
debug)
	kroot=$cache/debug
	[ -e "$kroot/.complete" ] || die "no debug kernel in $cache: run selftests/vm/debug-kernel.sh"
	kver=$(ls "$kroot/lib/modules")
	HALB_KO=${HALB_KO:-$cache/build/$kver.debug/kmod/halb.ko}
	mem=${mem:-3G} ;;
*)
	kver=$kernel kroot=$cache/kernels/$kernel ;;
esac
mem=${mem:-2G}
vmlinuz=$kroot/boot/vmlinuz-$kver
[ -e "$vmlinuz" ] || die "no kernel in $vmlinuz"
initramfs=$("$here/initramfs.sh" "$kroot" "$kver") || die "cannot build the initramfs"

# A script in the tree is named by its path there or from here; else it is a command in the VM.
if [ $# -gt 0 ] && [ -e "$1" ]; then
	script=$(readlink -f "$1")
	shift
	[ -x "$script" ] && set -- "$script" "$@" || set -- bash "$script" "$@"
fi

run=$(mktemp -d "${TMPDIR:-/tmp}/halb-vm.XXXXXX") || exit 99
keep=''
if [ -z "$out" ]; then
	out=$run/out
else
	keep=1
fi
mkdir -p "$out" || exit 99
out=$(readlink -f "$out")
console=$out/console.log
: > "$console"
pids=()
# shellcheck disable=SC2329
cleanup() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$run/"*.sock* "$run"/*.cpio "$run"/halb.*
	# What explains a failure stays.
	[ "$status" -ne 0 ] && [ -z "$keep" ] || rm -rf "$run"
}
status=99
trap cleanup EXIT
trap 'exit 99' INT TERM HUP

nonce=$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')
{
	printf '%s=%q\n' HALB_SRC "$src" HALB_KVER "$kver" HALB_KROOT "$kroot" HALB_NONCE "$nonce" \
		HALB_KO "${HALB_KO:-$cache/build/$kver/kmod/halb.ko}" \
		HALB_KO_DEBUG "$cache/build/$kver.debug/kmod/halb.ko" \
		HALB_TOOLS "${HALB_TOOLS:-$src/tools}" HALB_SHELL "$shell" \
		HALB_ROWS "$(tput lines 2>/dev/null)" HALB_COLS "$(tput cols 2>/dev/null)" \
		HALB_ICOUNT "$icount" HALB_CACHE "$cache" HALB_SLOW "${slow:-1}"
	# Settings that the caller may pass on to the script.
	for v in TESTS VERBOSE HALB_BENCH HALB_ROUNDS CI; do
		[ -n "${!v:-}" ] && printf '%s=%q\n' "$v" "${!v}"
	done
} > "$run/halb.env"
# Apart, because busybox' shell reads the first file too and has no arrays.
{ printf 'HALB_CMD=('; [ $# -eq 0 ] || printf '%q ' "$@"; printf ')\n'; } > "$run/halb.cmd"
(cd "$run" && printf 'halb.env\nhalb.cmd\n' | cpio --quiet -o -H newc) > "$run/env.cpio"
cat "$initramfs" "$run/env.cpio" > "$run/initramfs.cpio"

virtiofsd=
for v in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd; do
	[ -x $v ] && virtiofsd=$v && break
done
[ -n "$virtiofsd" ] || die "no virtiofsd: run selftests/vm/deps.sh"
serve() { # NAME DIR CACHE
	"$virtiofsd" --socket-path="$run/$1.sock" -o source="$2" -o cache="$3" -o sandbox=chroot \
		-o modcaps=-mknod > "$run/$1.log" 2>&1 &
	pids+=($!)
}
serve root / always
serve out "$out" auto
for s in root out; do
	for _ in $(seq 200); do
		[ -S "$run/$s.sock" ] && break
		sleep 0.05
	done
	[ -S "$run/$s.sock" ] || { cat "$run/$s.log" >&2; die "virtiofsd did not start"; }
done

# QEMU's options have commas in them.
# shellcheck disable=SC2054
accel=(-accel tcg,thread=multi,tb-size=512 -cpu max,la57=off)
if [ -n "$icount" ]; then
	# shellcheck disable=SC2054
	accel=(-accel tcg,thread=single -icount shift=0,sleep=off -cpu max,la57=off)
	cpus=1
elif [ -z "${HALB_NO_KVM:-}" ] && grep -qwE 'vmx|svm' /proc/cpuinfo && { : <> /dev/kvm; } 2>/dev/null; then
	accel=(-accel kvm -cpu host)
fi
append="console=ttyS0 loglevel=5 panic=-1 oops=panic nokaslr mitigations=off net.ifnames=0"
append+=" random.trust_cpu=on rcupdate.rcu_cpu_stall_timeout=60 watchdog_thresh=30"
append+=" audit=0 selinux=0 apparmor=0"
[ "$kernel" = debug ] && append+=" panic_on_warn=1"
# QEMU's threads may run an instruction that another processor has just patched away ("Oops: int3"). A
# kernel patches itself while it comes up, so it does that alone: init-2.sh fetches the others.
[[ ${accel[*]} == *tcg* ]] && [ -z "$icount" ] && append+=" maxcpus=1 noreplace-smp"
# There the clock jumps whenever the guest waits for the host: what looks like minutes is not.
[ -n "$icount" ] && append+=" sysctl.kernel.hung_task_timeout_secs=0"
if [ -n "$shell" ]; then
	con=(-chardev "stdio,id=con,mux=on,signal=off,logfile=$console" -mon chardev=con)
else
	con=(-chardev "file,id=con,path=$console")
fi
: > "$out/output"
: > "$run/verdict"

start=$SECONDS
# shellcheck disable=SC2054
qemu=(qemu-system-x86_64 "${accel[@]}" -machine pc,memory-backend=mem,usb=off,vmport=off
	-smp "$cpus" -m "$mem" -object "memory-backend-memfd,id=mem,size=$mem,share=on"
	-nodefaults -no-user-config -display none -no-reboot
	-kernel "$vmlinuz" -initrd "$run/initramfs.cpio" -append "$append"
	"${con[@]}" -serial chardev:con
	-chardev "socket,id=root,path=$run/root.sock" -device vhost-user-fs-pci,chardev=root,tag=root
	-chardev "socket,id=out,path=$run/out.sock" -device vhost-user-fs-pci,chardev=out,tag=out
	-device virtio-serial-pci
	-chardev "file,id=tap,path=$out/output" -device virtserialport,chardev=tap,name=halb.tap
	-chardev "file,id=verdict,path=$run/verdict" -device virtserialport,chardev=verdict,name=halb.verdict)
read -ra more <<< "${HALB_QEMU:-}"
qemu+=("${more[@]}")
limiter=(timeout --foreground -k 5 "$limit")
[ "$limit" = 0 ] && limiter=()
if [ -n "$shell" ]; then
	"${limiter[@]}" "${qemu[@]}"
	qemu_rc=$?
else
	"${limiter[@]}" "${qemu[@]}" </dev/null > "$run/qemu.log" 2>&1 &
	qpid=$!
	pids+=("$qpid")
	tail -f -s 0.2 -n +1 --pid=$qpid "$out/output" &
	tpid=$!
	wait $qpid
	qemu_rc=$?
	wait $tpid
fi
echo "# vm: $kver, ${cpus} cpu, $((SECONDS - start)) s" >&2

problem=''
bad=$("$here/klog.sh" "$console")
read -r said rc < "$run/verdict"
if [ $qemu_rc -eq 124 ] || [ $qemu_rc -eq 137 ]; then
	problem="stopped after $limit s"
elif [ -n "$bad" ]; then
	problem="the kernel complained: $(echo "$bad" | head -n 1)"
elif [ "${said:-}" != "$nonce" ]; then
	problem="the VM ended without a verdict (QEMU's status: $qemu_rc)"
elif [ $qemu_rc -ne 0 ]; then
	problem="QEMU failed with $qemu_rc"
fi
if [ -n "$problem" ]; then
	[ -s "$run/qemu.log" ] && sed 's/^/# qemu: /' "$run/qemu.log" >&2
	echo "# console, last lines:" >&2
	tail -n "${HALB_TAIL:-60}" "$console" | tr -d '\r' | sed 's/^/# | /' >&2
	echo "# vm: FAILED: $problem" >&2
	echo "# vm: console log: $console" >&2
	exit 99
fi
status=$rc
[ "$rc" -eq 0 ] || echo "# vm: the script's status is $rc; console log: $console" >&2
exit "$rc"
