#!/bin/bash
# The whole test suite: host-side unit tests, then the scripts in one VM per kernel, the VMs
# at the same time. Ends with a line "N passed, N failed[, N skipped]" over everything.
#
#   check.sh [-k "6.1 6.12"] [NAME[@KERNEL]...]
#
# NAME: selftests/NAME.sh, selftests/unit/NAME.t or selftests/net/NAME.t; all of them without one. On the debug kernel
# only the former: what runs on the host is the same whatever the kernel. A script with @KERNEL runs on that
# kernel only, whatever -k says: 6.1, 6.12 or debug, which is built if it has to be while the others are busy.
set -u
here=$(dirname "$(readlink -f "$0")")
src=$(readlink -f "$here/../..")
kernels="6.1 6.12"
while getopts k: o; do
	case $o in
	k) kernels=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
die() { echo "check: $*" >&2; echo "0 passed, 1 failed"; exit 1; }
cd "$src" || exit 1
setting() { sed -n "s/^$1=//p" selftests/settings; } # KEY
# Where a script runs: in the VM of kernel K; with vm.NAME=icount in one of its own, K-icount,
# which counts instructions (run.sh -i); with vm.NAME=cpus4 in K-cpus4, with four processors.
mode_of() { setting "vm.$1"; } # NAME
of_mode() { # MODE NAME...
	local mode=$1 n
	shift
	for n; do [ "$(mode_of "$n")" != "$mode" ] || echo "$n"; done
}
vm_of() { # KERNEL MODE
	echo "$1${2:+-$2}"
}

# What there is, and what was asked for.
scripts=()
for f in selftests/*.sh; do
	n=$(basename "$f" .sh)
	case $n in lib | demo) ;; *) scripts+=("$n") ;; esac
done
host=()
for f in selftests/{unit,net}/*.t; do
	[ -x "$f" ] && host+=("$(basename "$f" .t)")
done
grep -qs '^check:' tools/Makefile && host+=(tools)
[ "$kernels" != debug ] || host=()

for k in $kernels; do
	case $k in
	6.1 | 6.12 | debug) ;;
	*) die "there is no kernel $k: the tests run on 6.1, 6.12 and debug" ;;
	esac
done

# What runs on each kernel.
want=
declare -A on=()
place() { # KERNEL NAME...
	local k=$1 n
	shift
	for n; do
		if [ "$k" != debug ] || [ "$(mode_of "$n")" != icount ]; then
			on[$k]+="$n "
		elif [ -n "$want" ]; then
			die "$n counts instructions: those of the debug kernel are not what anybody runs"
		fi
	done
}
if [ $# -eq 0 ]; then
	for k in $kernels; do place "$k" "${scripts[@]}"; done
else
	want=" $* "
	for n; do
		known=" ${scripts[*]} "
		[[ $n == *@* ]] || known+="${host[*]:-} "
		[[ $known == *" ${n%@*} "* ]] || die "no test is called $n; there are:$known"
		case $n in
		*@6.1 | *@6.12 | *@debug) ;;
		*@*) die "$n: the tests run on 6.1, 6.12 and debug" ;;
		esac
	done
	pick() { local n; for n; do [[ $want != *" $n "* ]] || echo "$n"; done; }
	mapfile -t host < <(pick "${host[@]}")
	for n in "${scripts[@]}"; do
		for k in 6.1 6.12 debug; do
			[[ " $kernels " == *" $k "* && $want == *" $n "* || $want == *" $n@$k "* ]] && place "$k" "$n"
		done
	done
fi
# The debug kernel's results come last, as it does.
kernels=$(for k in 6.1 6.12 debug; do [ -z "${on[$k]:-}" ] || echo "$k"; done | xargs)

results=$(mktemp -d "${TMPDIR:-/tmp}/halb-check.XXXXXX") || exit 1
mkdir "$results"/{t,vm,tap}
vms=()
# shellcheck disable=SC2329
cleanup() {
	[ ${#vms[@]} -eq 0 ] || kill "${vms[@]}" 2>/dev/null
	wait 2>/dev/null
	[ -n "${keep:-}" ] || rm -rf "$results"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP
keep=1

t=()
add() { # WHERE NAME
	mkdir -p "$results/t/$1"
	: > "$results/t/$1/$2"
	t+=("$1/$2")
}
for n in "${host[@]}"; do add host "$n"; done
for n in "${scripts[@]}"; do
	for k in ${kernels%debug}; do
		[[ " ${on[$k]}" != *" $n "* ]] || add "$(vm_of "$k" "$(mode_of "$n")")" "$n"
	done
done
[[ $kernels != *debug ]] || for n in ${on[debug]}; do
	add "$(vm_of debug "$(mode_of "$n")")" "$n"
done
[ ${#t[@]} -gt 0 ] || die "there is no test"

boot() { # KERNEL MODE SCRIPT...: the scripts in a VM, which writes to $results/vm/KERNEL[-MODE]
	local k=$1 where slow limit flags=()
	where=$(vm_of "$1" "$2")
	case $2 in
	icount) flags=(-i) ;;
	cpus*) flags=(-c "${2#cpus}") ;;
	esac
	shift 2
	limit=$(setting timeout.vm)
	slow=$(setting "slow.$k")
	"$here/run.sh" -k "$k" "${flags[@]}" -t "$((${limit:-2700} * ${slow:-1}))" -o "$results/vm/$where" \
		selftests/vm/suite.sh "$@" </dev/null > "$results/vm/$where/run.log" 2>&1 &
	pid=$!
	wait $pid
	echo $? > "$results/vm/$where/ended"
}
modes_on() { # KERNEL
	local mode
	for mode in "" icount cpus4; do
		# shellcheck disable=SC2086
		[ -z "$(of_mode "$mode" ${on[$1]})" ] || echo "${mode:-plain}"
	done
}
# The debug kernel is built first, while others run. Its VMs wait until one of theirs is done: more at
# once, on two processors, would only stretch each other's times.
if ! mkfifo "$results/free" || ! exec {free}<> "$results/free"; then exit 1; fi
debug_ready() {
	child "$here/debug-kernel.sh" -b || return 1
	[ "$kernels" = debug ] || read -r -u "$free"
	child make --no-print-directory debug-module
}
child() { # COMMAND...
	"$@" >> "$results/vm/debug.log" 2>&1 </dev/null &
	pid=$!
	wait $pid || return 1
	pid=
}
# The VMs of one kernel one after the other.
boot_all() { # KERNEL
	local k=$1 mode where some
	pid=
	trap '[ -z "$pid" ] || kill $pid; wait; exit 1' TERM
	if [ "$k" = debug ] && ! debug_ready; then
		for mode in $(modes_on "$k"); do
			where=$results/vm/$(vm_of "$k" "${mode#plain}")
			cp "$results/vm/debug.log" "$where/run.log"
			echo 99 > "$where/ended"
		done
		return
	fi
	for mode in $(modes_on "$k"); do
		# shellcheck disable=SC2086
		mapfile -t some < <(of_mode "${mode#plain}" ${on[$k]})
		boot "$k" "${mode#plain}" "${some[@]}"
	done
	echo >&"$free"
}
for k in $kernels; do
	for mode in $(modes_on "$k"); do
		where=$(vm_of "$k" "${mode#plain}")
		add "$where" vm
		mkdir -p "$results/vm/$where"
	done
	boot_all "$k" &
	vms+=($!)
done

start=$SECONDS
(cd "$results/t" && prove --timer --exec "$here/show.sh" "${t[@]}")
prove_rc=$?
[ ${#vms[@]} -eq 0 ] || wait "${vms[@]}"
vms=()

# What failed, and what it said about it; prove does not show that.
if grep -rqE '^not ok( |$)' "$results/tap"; then
	echo
	for n in "${t[@]}"; do
		awk -v name="$n" '
			/^(not )?ok( |$)/ { show = /^not/ ? (name ~ /vm$/ ? 90 : 25) : 0 }
			/^not ok( |$)/ { print name ": " $0; next }
			show-- > 0 && !/^1\.\./ { print "    " $0 }' "$results/tap/$n"
	done
fi

# The count is over the TAP itself, which is what prove saw.
read -r passed failed skipped < <(find "$results/tap" -type f -exec cat {} + | awk '
	/^not ok( |$)/ { if ($0 ~ /# *[Tt][Oo][Dd][Oo]/) p++; else f++; next }
	/^ok( |$)/ { if ($0 ~ /# *[Ss][Kk][Ii][Pp]/) s++; else p++ }
	/^1\.\.0/ { s++ }
	END { print p + 0, f + 0, s + 0 }')
[ "$prove_rc" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
if [ "$failed" -eq 0 ]; then
	keep=
else
	echo "Logs: $results/vm"
fi
echo "Kernels: ${kernels:-none}; $((SECONDS - start)) s"
line="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || line+=", $skipped skipped"
echo "$line"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
