#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# smtp_alert of instances and groups: the mails of the real keepalived and of halbd, for the same events,
# have the same senders, addresses, subjects and texts.
. "$(dirname "$(readlink -f "$0")")/vrrp.sh"
vrrp_topology
cat > "$TMP/smtpd.py" <<-'END'
	import base64, socketserver, sys
	class Smtp(socketserver.StreamRequestHandler):
	    def say(self, line):
	        self.wfile.write(line.encode() + b"\r\n")
	    def handle(self):
	        self.say("220 test")
	        mail = []
	        for line in self.rfile:
	            line = line.decode().rstrip("\r\n")
	            verb = line.split(":")[0].split(" ")[0].upper()
	            if verb in ("EHLO", "HELO"):
	                mail.append("HELO " + line.split(" ")[1])
	            if verb == "EHLO":
	                self.say("250-test")
	                self.say("250 AUTH PLAIN")
	                continue
	            if verb == "AUTH":
	                if line.count(" ") < 2:
	                    self.say("334 ")
	                    line += " " + self.rfile.readline().decode().strip()
	                mail.append("AUTH " + base64.b64decode(line.split(" ")[2]).decode().replace("\0", ":"))
	                self.say("235 good")
	                continue
	            if verb in ("MAIL", "RCPT"):
	                mail.append(line.upper().split(" SIZE=")[0].replace(": <", ":<"))
	            if verb == "QUIT":
	                self.say("221 bye")
	                break
	            self.say("354 go on" if verb == "DATA" else "250 test")
	            if verb != "DATA":
	                continue
	            for text in self.rfile:
	                text = text.decode().strip()
	                if text == ".":
	                    break
	                if text.startswith(("Subject:", "=>")):
	                    mail.append(text)
	            self.say("250 taken")
	        if mail:
	            print(" | ".join(mail), flush=True)
	class Server(socketserver.ThreadingTCPServer):
	    allow_reuse_address = True
	    daemon_threads = True
	Server((sys.argv[1], 25), Smtp).serve_forever()
END
nsenter --net=/run/netns/$CL -- python3 "$TMP/smtpd.py" 192.168.4.9 >> "$TMP/mails" 2>"$TMP/smtpd.log" &
smtpd=$!
on $CL sh -c 'for i in $(seq 600); do ss -ltn | grep -q :25 && exit; sleep 0.1; done; exit 1' ||
	bail "no mail server: $(cat "$TMP/smtpd.log")"

global_defs() { # LINE...
	printf '%s\n' "global_defs {" "router_id LVS_1" "notification_email {" "one@example.net" \
		"two@example.net" "}" "notification_email_from me@example.net" \
		"smtp_server 192.168.4.9 25" "smtp_connect_timeout 5" "smtp_helo_name director.example.net" "$@" "}"
}
write() { # LINE...
	conf $A 100 "version 3" "advert_int 0.1" "track_file { tf }" "smtp_alert"
	{
		global_defs "$@"
		printf '%s\n' "track_file tf {" "file $TMP/value" "weight 0" "}" \
			"vrrp_sync_group G {" "group {" "VI_1" "}" "smtp_alert" "}"
		cat "$TMP/$A.conf"
	} > "$TMP/new"
	mv "$TMP/new" "$TMP/$A.conf"
}
came() { [ "$(grep -c . "$TMP/mails")" -ge "$1" ]; }
# events KIND MAILS: becomes master, is in fault, is master again, stops
events() {
	: > "$TMP/mails"
	echo 0 > "$TMP/value"
	start "$1" $A
	wait_for 8 holds $A
	wait_for 5 came "$2"
	echo 1 > "$TMP/value"
	wait_for 8 lacks $A
	wait_for 5 came "$3"
	echo 0 > "$TMP/value"
	wait_for 8 holds $A
	sleep 1
	stop $A
	sleep 1
	sort "$TMP/mails" > "$TMP/$1.mails"
}
write
events keepalived 1 2
[ -s "$TMP/keepalived.mails" ] || bail "keepalived sends no mails: $(log $A)"
events halbd 1 2
is "$(cat "$TMP/halbd.mails")" "$(cat "$TMP/keepalived.mails")" "keepalived's mails"
like "$(cat "$TMP/halbd.mails")" "HELO director.example.net" "smtp_helo_name"
for text in "Instance VI_1 - Entering MASTER" "Group G - Entering MASTER" "Instance VI_1 - Entering FAULT"; do
	like "$(cat "$TMP/halbd.mails")" "\[LVS_1\] VRRP $text state" "... one of them is: $text state"
done
write no_email_faults smtp_alert_vrrp
sed -i '/^smtp_alert$/d' "$TMP/$A.conf"
events keepalived 1 1
events halbd 1 1
is "$(cat "$TMP/halbd.mails")" "$(cat "$TMP/keepalived.mails")" "no_email_faults, and smtp_alert_vrrp alone: keepalived's mails, too"
refute "... none is of a fault" grep -q FAULT "$TMP/halbd.mails"

# --- what halb has beyond keepalived -----------------------------------------------------
write "smtp_login me secret"
events halbd 1 2
like "$(cat "$TMP/halbd.mails")" "AUTH :me:secret .*MAIL" "smtp_login"
# The server has no TLS.
write smtp_starttls
: > "$TMP/mails"
start halbd $A
check "smtp_starttls: without it no mail is sent" wait_for 8 logged $A "A mail could not be sent"
is "$(grep -c MAIL "$TMP/mails")" 0 "... nor any of it"
stop $A

# --- checks ------------------------------------------------------------------------------
# Of a server that refuses; keepalived would want an ip_vs for it.
# down LINES: it is down, with these global_defs
down() {
	{
		global_defs "$1"
		printf '%s\n' "virtual_server 192.168.4.99 80 {" "protocol TCP" "real_server 192.168.4.9 81 {" \
			"TCP_CHECK {" "connect_timeout 2" "retry 0" "warmup 0" "}" "}" "}"
	} > "$TMP/checks.conf"
	: > "$TMP/mails"
	nsenter --net=/run/netns/$A -- "$HALBD" -C -n -l --beside -p "$TMP/checks.pid" -f "$TMP/checks.conf" \
		> "$TMP/checks.log" 2>&1 &
	checks=$!
	check "${1//$'\n'/, }: the server is down" wait_for 8 grep -q "Removing service .192.168.4.9.:tcp:81" "$TMP/checks.log" ||
		diag "$(cat "$TMP/checks.log")"
}
down smtp_alert_checker
check "... and a mail says so" wait_for 8 grep -q "Subject: \[LVS_1\] Realserver \[192.168.4.9\]:tcp:81 of virtual server \[192.168.4.99\]:tcp:80 - DOWN" \
	"$TMP/mails" || diag "$(cat "$TMP/mails")"
kill $checks
wait $checks
down $'smtp_alert\nsmtp_alert_checker no'
# The other one's came at once.
sleep 1
kill $checks
wait $checks
is "$(cat "$TMP/mails")" "" "... and no mail says so"

# --- a server that does not answer costs nothing -------------------------------------------
kill -STOP $smtpd
write
: > "$TMP/value"
start halbd $A
wait_for 8 holds $A
pacemaker
late sleep 5
in_time "a mail server that is silent: no advertisement is later than half an interval"
stop $B
check "smtp_connect_timeout: it is given up" wait_for 8 logged $A "A mail could not be sent"
kill -CONT $smtpd
stop $A
kill $smtpd
wait $smtpd 2>/dev/null
start halbd $A
check "no mail server: it is said" wait_for 8 logged $A "A mail could not be sent"
check "... and the instance is master all the same" wait_for 5 holds $A
stop $A
done_testing
