#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ipvsadm -S and -R, from the real one to halb and back. Each has a network namespace of its
# own:
#
#   [ real ]  ipvsadm, ip_vs          [ halb ]  halbctl as ipvsadm, halb
#
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/ipvsadm.inc"
load_halb
known_hosts <<-END
	10.0.0.4 vip.example
	10.0.0.9 web.example
	10.0.0.19 a-name-that-does-not-fit-into-the-column.example
END
setup_ns real halb

real() { on_real real ipvsadm "$@"; }
ours() { on_ours halb ipvsadm "$@"; }
both() { real "$@"; ours "$@"; }
same_table() { # NAME
	is "$(ours -S -n)" "$(real -S -n)" "$1"
}
# What the real one saves as -f -1 cannot be restored.
big_marks() { sed 's/-f -1\b/-f 4294967295/'; }

TABLE="-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -m -w 3
-a -t 10.0.0.1:80 -r 10.0.0.3:80 -g -w 0
-a -t 10.0.0.1:80 -r 10.0.0.4:80 -i -w 65535 --tun-type ipip
-A -u 10.0.0.1:53 -s sh -p 60 -M 255.255.255.0 -b sh-fallback,sh-port
-A -t [fd00::1]:443 -s mh -p 360 -M 64 -b mh-port
-a -t [fd00::1]:443 -r [fd00::2]:443 -g -w 1
-a -t [fd00::1]:443 -r [fd00::3]:8443 -m -w 1"
MARKS="-A -f 7 -s rr
-a -f 7 -r 10.0.0.2:0 -m -w 1
-A -f 7 -6 -s lc -p 50
-a -f 7 -6 -r [fd00::2]:80 -m -w 1
-A -f 4294967295 -s rr"
case " $(missing halb | tr '\n' ' ')" in
*' fwmark '*) skip "firewall marks" "halb does not have them yet" ;;
*) TABLE+=$'\n'$MARKS ;;
esac

both -C
echo "$TABLE" | real -R
real -S -n | big_marks | ours -R
is "$(ours -S -n)" "$(real -S -n | big_marks)" "-S -n of the real one, -R of halb"
is "$(ours -S -n | sort)" "$(echo "$TABLE" | sort)" "-S -n says what was restored"
real -C
ours -S -n | real -R
is "$(ours -S -n)" "$(real -S -n | big_marks)" "-S -n of halb, -R of the real one"
ours -C
real -S | big_marks | ours -R
is "$(ours -S)" "$(real -S | big_marks)" "-S with names, -R of halb"

# What the real one makes of odd lines, one after the other.
restore_both() { # NAME FORMAT
	local a b
	both -C
	# shellcheck disable=SC2059
	a=$(printf -- "$2" | real -R 2>&1; echo "status $?")
	# shellcheck disable=SC2059
	b=$(printf -- "$2" | ours -R 2>&1; echo "status $?")
	is "$b" "$a" "-R: $1"
	same_table "-R: $1: the table"
}
restore_both "nothing" ""
restore_both "blank lines" "\n  \n\t\n-A -t 10.0.0.1:80\n\n"
restore_both "no newline at the end" "-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.0.2 -m"
restore_both "the word ipvsadm, tabs, carriage returns" "ipvsadm -A\t-t 10.0.0.1:80  -s rr\r\nipvsadm\n"
restore_both "every kind of change" "-A -t 10.0.0.1:80\n-A -t 10.0.0.1:81\n-E -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2\n-a -t 10.0.0.1:80 -r 10.0.0.3\n-e -t 10.0.0.1:80 -r 10.0.0.2 -w 5\n-d -t 10.0.0.1:80 -r 10.0.0.3\n-D -t 10.0.0.1:81\n--set 800 0 0\n"
is "$(ours -L --timeout)" "$(real -L --timeout)" "-R: a timeout"
both --set 900 120 300
restore_both "-C, and again the same" "-A -t 10.0.0.1:80\n-C\n-A -t 10.0.0.1:80 -s rr\n"
restore_both "-Z and -S behind changes" "-A -t 10.0.0.1:80 -s rr\n-Z\n-Z -t 10.0.0.1:80\n-S -n\n"

# Here all lines count or none, which the real one cannot do. Its sentence and its status
# for the bad line are ours, with the line's number in the second line.
refused_line() { # STATUS SENTENCE HINT NAME FORMAT
	local status=$1 sentence=$2 hint=$3 name=$4 before out
	before=$(ours -S -n)
	# shellcheck disable=SC2059
	out=$(printf -- "$5" | ours -R 2>&1)
	is "$? $(echo "$out" | head -n 1)" "$status $sentence" "-R: $name"
	like "$(echo "$out" | sed -n 2p)" "^halb: $hint" "-R: $name: the line"
	is "$(ours -S -n)" "$before" "-R: $name: nothing changed"
}
ours -C
ours -A -t 10.0.0.9:80
ours -a -t 10.0.0.9:80 -r 10.0.0.2 -m
refused_line 2 "illegal virtual server address[:port] specified" "line 2: nothing was changed" \
	"a word that is wrong" "-A -t 10.0.0.1:80\n-A -t nonsense\n-A -t 10.0.0.1:81\n"
refused_line 255 "-q: unknown option" "line 1: nothing was changed" "an unknown option" "-C -q\n"
refused_line 255 "Service already exists" "line 4: .*; nothing was changed" "a service twice" \
	"-C\n\n-A -t 10.0.0.1:80\n-A -t 10.0.0.1:80\n"
refused_line 255 "Service not defined" "line 2: .*; nothing was changed" "a server of no service" \
	"-A -t 10.0.0.1:80\n-a -t 10.0.0.1:8000 -r 10.0.0.2\n"
refused_line 255 "Service not defined" "line 2: .*; nothing was changed" "a server of a removed service" \
	"-D -t 10.0.0.9:80\n-d -t 10.0.0.9:80 -r 10.0.0.2\n"
refused_line 255 "No such destination" "line 3: .*; nothing was changed" "no such server" \
	"-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.0.2\n-e -t 10.0.0.1:80 -r 10.0.0.3\n"
refused_line 255 "Destination already exists" "line 2: .*; nothing was changed" "a server twice" \
	"-a -t 10.0.0.9:80 -r 10.0.0.3\n-a -t 10.0.0.9:80 -r 10.0.0.3\n"
refused_line 255 "Scheduler or persistence engine not found" "line 1: .*; nothing was changed" \
	"an unknown scheduler" "-A -t 10.0.0.1:80 -s no\n"
refused_line 255 "No such service" "line 1: .*; nothing was changed" "a service that is not there" \
	"-E -t 10.0.0.1:80\n"
refused_line 255 "Persistence engines are not supported yet" "line 2: nothing was changed" \
	"what halb does not have" "-A -t 10.0.0.1:80\n-A -u 10.0.0.1:5060 -p --pe sip\n"
refused_line 255 "Try \`ipvsadm -h' or 'ipvsadm --help' for more information." \
	"line 1: nothing was changed" "-R in -R" "-R\n"

# Comments, and what ipvsadm loses.
ours -C
printf -- '# by hand\n  # again\n-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 2 -x 100 -y 50\n-a -t 10.0.0.1:80 -r 10.0.0.3:80 -i -w 1 -x 7\n' |
	ours -R
saved=$(ours -S -n)
is "$saved" "-A -t 10.0.0.1:80 -s wlc
-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 2 -x 100 -y 50
-a -t 10.0.0.1:80 -r 10.0.0.3:80 -i -w 1 -x 7 --tun-type ipip" \
	"-S keeps thresholds; -R takes comments"
ours -C
echo "$saved" | ours -R
is "$(ours -S -n)" "$saved" "-S and -R are the identity"
real -C
echo "$saved" | real -R
is "$(real -L -n --thresholds | no_size)" "$(ours -L -n --thresholds | no_size)" \
	"the real one reads the thresholds, too"

many() { # a table of 100 services with 10 servers each
	local s d
	for s in $(seq 100); do
		echo "-A -t 10.7.0.$s:80 -s rr"
		for d in $(seq 10); do
			echo "-a -t 10.7.0.$s:80 -r 10.8.0.$d:80 -m -w $d"
		done
	done
}
both -C
many | ours -R
check "-R of 1100 lines" test "$(ours -S -n | wc -l)" -eq 1100
ours -S -n | real -R
same_table "1100 lines, from halb to the real one"
is "$(ours -L -n | no_size)" "$(real -L -n | no_size)" "1100 lines: -L -n"
both -C


done_testing
