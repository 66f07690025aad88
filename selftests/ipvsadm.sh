#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# halbctl under the name of ipvsadm, beside the real ipvsadm with ip_vs: the same command
# lines to both, and everything that a script could see must be equal. Each has a network
# namespace of its own:
#
#   [ real ]  ipvsadm, ip_vs          [ halb ]  halbctl as ipvsadm, halb
#
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ipvsadm.inc"

COMMANDS=$TMP/commands
NOBODY="setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps -all"
mkdir "$TMP/real" "$TMP/halb"
known_hosts <<-END
	10.0.0.4 vip.example
	10.0.0.9 web.example
	10.0.0.19 a-name-that-does-not-fit-into-the-column.example
	fd00::2 six.example
END
setup_ns real halb

real() { on_real real ipvsadm "$@"; }
ours() { on_ours halb ipvsadm "$@"; }

# --- without the module -----------------------------------------------------------------------

unload_halb
for command in "-Ln" "-A -t 10.0.0.1:80" "-C" "-Lnc"; do
	# shellcheck disable=SC2086
	out=$(ours $command 2>&1)
	is "$? $(echo "$out" | head -n 1)" "2 Can't initialize ipvs: Protocol not available" \
		"no module: ipvsadm $command"
	like "$(echo "$out" | sed -n 2p)" "^halb: .*not loaded" "no module: halb says more"
done
load_halb

# --- every command with every option -------------------------------------------------------
# What goes with what is a table in ipvsadm; so each of its fields is tried, then all pairs of
# options of a list, and all sets of options of a tunnel. Not those that halb refuses by itself,
# nor -R without a mistake, which would read on here.

OPTIONS=(-n -c "-t 10.0.0.1:80" "-u 10.0.0.1:80" "-f 1" "-s rr" "-p 5" "-M 255.255.255.0" "-r 10.0.0.2"
	-g -i -m "-w 1" "-x 1" "-y 1" "--mcast-interface lo" --timeout --daemon --stats --rate
	--thresholds --persistent-conn --nosort --sort "--syncid 1" --exact -o "--pe sip" "-b flag-1"
	"--mcast-group 224.0.0.81" "--mcast-port 1" "--mcast-ttl 1" "--sync-maxlen 1000" --tun-info
	"--tun-type gre" "--tun-port 5" --tun-nocsum --tun-csum --tun-remcsum -6)
VERBS=("-A -t 10.0.0.1:80" "-E -t 10.0.0.1:80" "-a -t 10.0.0.1:80 -r 10.0.0.2 -i"
	"-e -t 10.0.0.1:80 -r 10.0.0.2 -i" -L -S "-Z" "-d -t 10.0.0.1:80 -r 10.0.0.2"
	"-D -t 10.0.0.1:80" -C -R "--set 0 0 0" "--start-daemon master" "--stop-daemon master")
LISTS=(-n -c --timeout --daemon --stats --rate --thresholds --persistent-conn --nosort --exact --tun-info
	"-t 10.0.0.1:80")
TUNNELS=("--tun-port 5" --tun-nocsum --tun-csum --tun-remcsum)

matrix() {
	local verb option type set i j
	for verb in "${VERBS[@]}"; do
		for option in "${OPTIONS[@]}"; do
			case $verb$option in
			-[AE]*--pe* | -R-6 | -R--sort | --st*-daemon*-6) ;;
			--start-daemon*--mcast* | --start-daemon*--sync* | --start-daemon*--sort) ;;
			*) echo "$verb $option" ;;
			esac
		done
	done
	echo "-A -t 10.0.0.1:80"
	for ((i = 0; i < ${#LISTS[@]}; i++)); do
		for ((j = i + 1; j < ${#LISTS[@]}; j++)); do
			echo "-L ${LISTS[i]} ${LISTS[j]}"
		done
	done
	for type in ipip gue gre; do
		for ((set = 0; set < 16; set++)); do
			option=
			for ((i = 0; i < 4; i++)); do
				((set >> i & 1)) && option+=" ${TUNNELS[i]}"
			done
			echo "-a -t 10.0.0.1:80 -r 10.0.0.$((10 + set)) -i --tun-type $type$option"
		done
	done
	echo "-L -n --tun-info"
	echo "-C"
}
matrix | cat "$HALB_SRC/selftests/ipvsadm.commands" - > "$COMMANDS"

# --- every line of the table of commands ---------------------------------------------------

MISSING=" $(missing halb | tr '\n' ' ')"

# section LINE: false unless it is a [FEATURE]; then $feature has its name, and $off is not
# empty if what follows is not for this halb.
section() {
	[[ $1 =~ ^'['('!'?)([a-z0-9]*)']'$ ]] || return 1
	local not=${BASH_REMATCH[1]}
	feature=${BASH_REMATCH[2]} off=
	[[ $MISSING == *" $feature "* ]] && off=1
	[ -z "$not" ] || off=$([ -n "$off" ] || echo 1) feature=
}

# play DIR [all]: in a namespace, with the right ipvsadm first in PATH. Leaves N.out, N.err,
# N.status and, when the table may have changed, N.table in DIR.
play() {
	local dir=$1 all=${2:-} n=0 line status feature off=
	while IFS= read -r line; do
		n=$((n + 1))
		section "$line" && continue
		[ -z "$off" ] || continue
		case $line in
		'' | '#'*) continue ;;
		'halb '*)
			[ -n "$all" ] || continue
			line=${line#*' -- '} ;;
		esac
		eval "set -- $line"
		ipvsadm "$@" > "$dir/$n.out" 2> "$dir/$n.err"
		status=$?
		echo $status > "$dir/$n.status"
		case $status$line in
		0-L* | 0-l* | 0-S* | 0--list* | 0--save*) ;;
		0*) ipvsadm -Ln > "$dir/$n.table" 2>&1 ;;
		esac
	done < "$COMMANDS"
}
export COMMANDS MISSING
export -f play section
on_real real bash -c "play $TMP/real" &
on_ours halb bash -c "play $TMP/halb all"
wait

# load FILE: its contents in $text, without a process of its own: this runs a thousand times.
load() {
	text=
	[ ! -e "$1" ] || IFS= read -r -d '' text < "$1"
	if [[ $text =~ '(size='[0-9]+')' ]]; then
		text=${text/"${BASH_REMATCH[0]}"/(size=N)}
	fi
}

differs() { # WHAT REAL HALB
	[ "$2" != "$3" ] || return 0
	why+="$1: $(diff -u --label ipvsadm --label halb <(echo "$2") <(echo "$3"))"$'\n'
}

compare() { # N LINE
	local n=$1 line=$2 why='' text real
	for f in status out err table; do
		load "$TMP/real/$n.$f"
		real=$text
		load "$TMP/halb/$n.$f"
		if [ $f = err ]; then
			real=${real%%$'\n'*}
			text=${text%%$'\n'*}
		fi
		differs $f "$real" "$text"
	done
	[ -z "$why" ] && ok "ipvsadm $line" && return
	not_ok "ipvsadm $line" "$why"
}

n=0 off=
while IFS= read -r line; do
	n=$((n + 1))
	if section "$line"; then
		[ -z "$off" ] || [ -z "$feature" ] ||
			skip "ipvsadm with $feature" "halb does not have it yet"
		continue
	fi
	[ -z "$off" ] || continue
	case $line in
	'' | '#'*) ;;
	'halb '*)
		command=${line#*' -- '}
		expected=${line%%' -- '*}
		load "$TMP/halb/$n.err"
		first=${text%%$'\n'*}
		load "$TMP/halb/$n.status"
		like "${text%$'\n'} $first" "^${expected#halb }" "halb: ipvsadm $command" ;;
	*) compare $n "$line" ;;
	esac
done < "$COMMANDS"

# --- permission ----------------------------------------------------------------------------

for command in "-A -t 10.0.0.1:80" "-C" "-D -t 10.0.0.1:80" "-Z" "--set 1 2 3" "-Lnc"; do
	# shellcheck disable=SC2086
	a=$(on_real real $NOBODY ipvsadm $command 2>&1)
	a="$? $(echo "$a" | head -n 1)"
	# shellcheck disable=SC2086
	b=$(on_ours halb $NOBODY ipvsadm $command 2>&1)
	is "$? $(echo "$b" | head -n 1)" "$a" "not root: ipvsadm $command"
done
is "$(echo "-C" | on_ours halb $NOBODY ipvsadm -R 2>&1 | head -n 1)" \
	"Can't initialize ipvs: Permission denied (you must be root)" "not root: -R"
# shellcheck disable=SC2086
check "not root: halb lists all the same" on_ours halb $NOBODY ipvsadm -Ln

# --- by its own name ------------------------------------------------------------------------

halbctl() { on halb "$HALB_TOOLS/halbctl" "$@"; }
check "halbctl -A" halbctl -A -t 10.0.0.1:80 -s rr
is "$(halbctl -Ln)" "$(ours -Ln)" "halbctl -Ln"
is "$(halbctl -S -n)" "-A -t 10.0.0.1:80 -s rr" "halbctl -S -n"
check "halbctl -C" halbctl -C

done_testing
