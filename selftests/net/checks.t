#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What each word of virtual_server, real_server and the checkers does to the checks.

One halbd, without the module, checks servers that this script plays. Each case is a virtual server
with the word that it is about and servers of its own; seen is what came to these servers, and when,
what halbd's status says of them, what it logs, and what its scripts wrote.

Words that a checker takes from its real_server or virtual_server are seen in all three places.
"""
import asyncio
import hashlib
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time

if os.environ.get("HALB_CHECKS_NS") is None:
    os.environ["HALB_CHECKS_NS"] = "1"
    os.execvp("unshare", ["unshare", "-nm", sys.executable, os.path.abspath(__file__), *sys.argv[1:]])

HERE = os.path.dirname(os.path.abspath(__file__))
HALBD = os.environ.get("HALBD", os.path.join(HERE, "../../tools/halbd"))
TMP = tempfile.mkdtemp(prefix="halb-checks.", dir="/tmp")
IP = "127.0.6.1"
PAGE = b"hello Halb\n"
# Longer than all that is waited for.
LONG = 3600
DAEMON_SECONDS = 27
CASES = []
STEP = {}                       # of the namespace: next port


def run(*words, **more):
    return subprocess.run(words, check=True, text=True, **more)


# --- servers -----------------------------------------------------------------------------------

class Server:
    """Listens on a port of its own. kind: http, tls, smtp, raw or udp. plan says of each request
    whether it is good (G), bad (B) or not answered (H); the last letter goes on."""

    def __init__(self, kind="http", plan="G", page=PAGE, ip=IP, answer=b"ok"):
        self.kind, self.plan, self.page, self.ip, self.answer = kind, plan, page, ip, answer
        STEP["port"] = self.port = STEP.get("port", 2000) + 1
        self.hits, self.peers, self.said, self.sni, self.shown = [], [], [], [], []

    def take(self, peer):
        n = len(self.hits)
        self.hits.append(time.monotonic())
        self.peers.append(peer)
        return self.plan[min(n, len(self.plan) - 1)]

    def gaps(self):
        return [b - a for a, b in zip(self.hits, self.hits[1:])]

    async def http(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        verdict = self.take(writer.get_extra_info("peername"))
        self.said.append(head)
        if self.kind == "tls":
            self.shown.append(writer.get_extra_info("peercert"))
        if verdict == "H":
            await asyncio.sleep(LONG)
        status = "200 OK" if verdict == "G" else "500 No"
        writer.write(f"HTTP/1.0 {status}\r\nContent-Length: {len(self.page)}\r\n\r\n".encode() +
                     self.page)

    async def smtp(self, reader, writer):
        if self.take(writer.get_extra_info("peername")) == "H":
            await asyncio.sleep(LONG)
        writer.write(b"220 mail\r\n")
        while line := await reader.readline():
            self.said.append(line.decode().strip())
            writer.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")

    async def connected(self, reader, writer):
        try:
            if self.kind in ("http", "tls"):
                await self.http(reader, writer)
            elif self.kind == "smtp":
                await self.smtp(reader, writer)
            else:
                self.take(writer.get_extra_info("peername"))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    # datagrams
    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, exc):
        pass

    def error_received(self, exc):
        pass

    def datagram_received(self, data, peer):
        verdict = self.take(peer)
        self.said.append(data)
        if verdict == "G":
            answer = self.answer
            if answer is None:          # DNS
                answer = data[:2] + bytes([data[2] | 0x80, 0]) + data[4:]
            self.transport.sendto(answer, peer)

    async def start(self):
        if self.kind == "none":
            return
        if self.kind == "udp":
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, local_addr=(self.ip, self.port))
            return
        context = None
        if self.kind == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{TMP}/cert", f"{TMP}/key")
            context.load_verify_locations(f"{TMP}/mine")
            context.verify_mode = ssl.CERT_OPTIONAL
            context.sni_callback = lambda sock, name, ctx: self.sni.append(name)
        await asyncio.start_server(self.connected, self.ip, self.port, ssl=context,
                                   ssl_handshake_timeout=30 if context else None)


# --- cases -------------------------------------------------------------------------------------

class Case:
    """name; servers; see(case): a string says what is wrong. Texts have {ip}, {port}, {tmp}."""

    def __init__(self, name, check, see, server=None, rs="", vs="", more=(), protocol="TCP",
                 block="HTTP_GET"):
        self.name, self.see = name, see
        self.server = server or Server()
        self.more = list(more)          # (server, lines of its real_server)
        self.check, self.rs, self.vs, self.protocol, self.block = check, rs, vs, protocol, block
        self.n = len(CASES) + 1
        self.status = None
        CASES.append(self)

    def servers(self):
        return [self.server] + [server for server, _ in self.more]

    def text(self):
        vip = f"fd00:9::{self.n:x}" if ":" in self.server.ip else f"10.9.{self.n // 250}.{self.n % 250}"
        text = f"virtual_server {vip} 80 {{\nlb_algo wrr\nlb_kind NAT\n" \
               f"protocol {self.protocol}\n{self.vs}\n"
        for server, rs in [(self.server, self.rs)] + self.more:
            text += f"real_server {server.ip.split('%')[0]} {server.port} {{\n{rs}\n"
            if self.block:
                text += f"{self.block} {{\n{self.check}\n}}\n"
            text += "}\n"
        return (text + "}\n").replace("{tmp}", TMP).replace("{ip}", IP) \
            .replace("{port}", str(self.server.port))

    # what the daemon says of the first server
    def is_up(self):
        return self.status["servers"][0]["state"] == "up"

    def result(self):
        return self.status["servers"][0]["checks"][0]

    def wrote(self, name):
        try:
            with open(f"{TMP}/{name}") as file:
                return file.read().split()
        except FileNotFoundError:
            return []

    def logged(self, words):
        return any(words in line and f":{self.server.port}" in line for line in LOG)


LOG = []
URL = "url {\npath /\nstatus_code 200\n}\n"
NOW = "warmup 0\n"
OFTEN = NOW + "delay_loop 1\n"


def pauses(*wanted):
    """None is much longer; and all up to each of them together are not shorter, but for what was
    late, with which HAProxy's intervals catch up. The very first check may be late by any time."""
    def see(case):
        gaps = case.server.gaps()
        if len(gaps) < len(wanted):
            return f"only {len(gaps)} pauses: {gaps}"
        for n, want in enumerate(wanted):
            if gaps[n] > 2 * want + 0.8 or sum(gaps[1:n + 1]) < sum(wanted[1:n + 1]) - 1:
                return f"pause {n} is not {want}: {[round(gap, 2) for gap in gaps]}"
        return None
    return see


def passes(case):
    return None if case.result()["last"] == "passed" else f"it {case.result()['last']}: {case.result()['reason']}"


def fails(case):
    return None if case.result()["last"] == "failed" else f"it {case.result()['last']}"


def also(*tests):
    def see(case):
        return next((why for why in (test(case) for test in tests) if why), None)
    return see


def asked(text):
    return lambda case: None if any(text in said for said in case.server.said) else \
        f"nobody said {text!r}: {case.server.said[:2]}"


def truth(what, function):
    return lambda case: None if function(case) else what


# Words of all checkers, in each of the three places.
def placed(name, words, see, server, more=""):
    for place in ("check", "real_server", "virtual_server"):
        Case(f"{name}, in {place}", URL + more + (words if place == "check" else ""), see, server(),
             rs=words if place == "real_server" else "",
             vs=words if place == "virtual_server" else "")


placed("delay_loop", "delay_loop 3", pauses(3, 3, 3), Server, NOW)
placed("retry", "retry 3",
       also(truth("no four failures", lambda c: c.logged("failed after 3 retries")),
            pauses(4, 1, 1, 1, 4)),
       lambda: Server(plan="GB"), NOW + "delay_loop 4\ndelay_before_retry 1\n")
Case("nb_get_retry", URL + OFTEN + "delay_before_retry 0.3\nnb_get_retry 4",
     truth("no five failures", lambda c: c.logged("failed after 4 retries")), Server(plan="GB"))
placed("delay_before_retry", "delay_before_retry 3", pauses(1, 3, 3),
       lambda: Server(plan="GB"), OFTEN + "retry 2\n")
placed("warmup, none", "warmup 0", truth("no check", lambda c: c.server.hits), Server,
       f"delay_loop {LONG}\n")
placed("warmup, long", f"warmup {LONG}", truth("a check", lambda c: not c.server.hits), Server,
       "delay_loop 1\n")
placed("connect_timeout", "connect_timeout 2",
       also(fails, truth("it did not take 2 seconds",
                         lambda c: 1.9e6 <= c.result()["took-us"] < 4.5e6)),
       lambda: Server(plan="H"), NOW + f"delay_loop {LONG}\n")
# A good check, then the server is bad four times, then good.
COUNTERS = "inter 3000\nfastinter 600\ndowninter 6s\nrise 3\nfall 4\n"
placed("inter, fastinter, downinter, rise, fall", COUNTERS,
       also(pauses(3, .6, .6, .6, 6, .6, .6, 3),
            truth("no four failures", lambda c: c.logged("failed after 3 retries")),
            truth("it is not up", Case.is_up)),
       lambda: Server(plan="GBBBBG"), NOW)
Case("inter, in milliseconds without a unit", URL + NOW + "inter 2000", pauses(2, 2, 2, 2))
Case("fall and rise alone, 3 and 2 each", URL + NOW + "delay_loop 3\nfall 3\nrise 2",
     also(truth("no three failures", lambda c: c.logged("failed after 2 retries")),
          pauses(3, 3, 3)), Server(plan="GB"))
placed("alpha", "alpha", truth("it is up without a check", lambda c: not c.is_up()), Server,
       f"warmup {LONG}\n")
Case("without alpha", URL + f"warmup {LONG}\n", truth("it is down without a check", Case.is_up))
Case("log_all_failures", URL + OFTEN + "retry 9\nlog_all_failures",
     truth("no failure is logged", lambda c: c.logged("failed, will be tried again")),
     Server(plan="GB"))
Case("failures are not logged otherwise", URL + OFTEN + "retry 9",
     truth("a failure is logged", lambda c: not c.logged("will be tried again")),
     Server(plan="GB"))

# --- where checks go and come from
ELSEWHERE = Server(ip="127.0.6.2")
Case("connect_ip, connect_port", URL + NOW + f"connect_ip 127.0.6.2\nconnect_port {ELSEWHERE.port}",
     also(passes, truth("nobody came", lambda c: ELSEWHERE.hits)), Server("none"),
     ).elsewhere = ELSEWHERE
Case("bindto, bind_port", URL + NOW + f"delay_loop {LONG}\nbindto 127.0.6.77\nbind_port 41234",
     truth("it came from elsewhere", lambda c: c.server.peers[:1] == [("127.0.6.77", 41234)]))
FWMARK = Server("raw")
Case("fwmark", NOW + "fwmark 77", passes, FWMARK, block="TCP_CHECK")
NOMARK = Server("raw")
Case("without fwmark", NOW, fails, NOMARK, block="TCP_CHECK")
Case("bind_if", NOW + "bind_if v0", passes, Server("raw", ip="fe80::9%p0"), block="TCP_CHECK")
BEHIND = CASES[-1].server.port
WRONG_IF = Server("none", ip="fe80::9%p1")
WRONG_IF.port = BEHIND
Case("bind_if, another link", NOW + "bind_if w0", fails, WRONG_IF, block="TCP_CHECK")

# --- HTTP
Case("url, path", "url {\npath /some/where\n}\n" + NOW, asked("GET /some/where "))
Case("two urls", "url {\npath /one\n}\nurl {\npath /two\n}\n" + OFTEN,
     also(asked("GET /one "), asked("GET /two ")))
Case("digest", f"url {{\npath /\ndigest {hashlib.md5(PAGE).hexdigest()}\n}}\n" + NOW, passes)
Case("digest of something else", f"url {{\npath /\ndigest {hashlib.md5(b'').hexdigest()}\n}}\n" + NOW,
     fails)
Case("status_code 500", "url {\npath /\nstatus_code 500\n}\n" + NOW, passes, Server(plan="B"))
Case("status_code 200-299", "url {\npath /\nstatus_code 200-299\n}\n" + NOW, fails, Server(plan="B"))
Case("virtualhost, of the url",
     "url {\npath /\nvirtualhost u.example.com\n}\nvirtualhost c.example.com\n" + NOW,
     asked("Host: u.example.com\r\n"), rs="virtualhost r.example.com")
Case("virtualhost, of the check", URL + "virtualhost c.example.com\n" + NOW,
     asked("Host: c.example.com\r\n"), rs="virtualhost r.example.com")
Case("virtualhost, of the real_server", URL + NOW, asked("Host: r.example.com\r\n"),
     rs="virtualhost r.example.com", vs="virtualhost v.example.com")
Case("virtualhost, of the virtual_server", URL + NOW, asked("Host: v.example.com\r\n"),
     vs="virtualhost v.example.com")


def regex(name, lines, see):
    Case(name, f"url {{\npath /\n{lines}\n}}\n" + NOW, see)


regex("regex", 'regex "hel+o H"', passes)
regex("regex that does not match", 'regex "hel+o h"', fails)
regex("regex_options", 'regex "hel+o h"\nregex_options caseless', passes)
regex("regex_no_match", 'regex "hel+o h"\nregex_no_match', passes)
regex("regex_no_match that matches", 'regex "hel+o H"\nregex_no_match', fails)
regex("regex_min_offset", 'regex "h"\nregex_min_offset 1', fails)
regex("regex_min_offset 0", 'regex "h"\nregex_min_offset 0', passes)
regex("regex_max_offset before the match", 'regex "Halb"\nregex_max_offset 5', fails)
regex("regex_max_offset at the match", 'regex "Halb"\nregex_max_offset 6', passes)
Case("http_protocol 1.0", URL + NOW, asked(" HTTP/1.0\r\n"))
Case("http_protocol 1.0C", URL + NOW + "http_protocol 1.0C", asked("Connection: close\r\n"))
Case("http_protocol 1.1", URL + NOW + "http_protocol 1.1", asked(" HTTP/1.1\r\n"))
# A recheck of the page that failed, then all of them, without a pause; delay_loop otherwise.
Case("fast_recovery", URL + NOW + "delay_loop 4\ndelay_before_retry 1\nretry 0\nfast_recovery",
     also(pauses(4), truth("there was a pause", lambda c: len(c.server.gaps()) > 1 and
                           c.server.gaps()[1] < 2.5)), Server(plan="BG"))
Case("without fast_recovery", URL + NOW + "delay_loop 4\ndelay_before_retry 1\nretry 0",
     pauses(4, 4), Server(plan="BG"))
Case("HTTP_CHECK", URL + NOW, passes, block="HTTP_CHECK")
Case("HTTP_GET of nobody", URL + NOW, fails, Server("none"))
Case("SSL_GET", URL + NOW, passes, Server("tls"), block="SSL_GET")
Case("SSL, with certificate, key, password", URL + NOW,
     truth("another certificate, or none", lambda c: "director" in str(c.server.shown[:1])),
     Server("tls"), block="SSL_GET")
Case("SSL_GET without TLS", URL + NOW, fails, block="SSL_GET")
Case("enable_sni", URL + NOW + "enable_sni\nvirtualhost www.example.com",
     also(passes, truth("another name", lambda c: c.server.sni[:1] == ["www.example.com"])),
     Server("tls"), block="SSL_GET")
Case("sni_name", URL + NOW + "enable_sni\nvirtualhost www.example.com\nsni_name sni.example.com",
     also(passes, asked("Host: www.example.com"),
          truth("another name", lambda c: c.server.sni[:1] == ["sni.example.com"])),
     Server("tls"), block="SSL_GET")
Case("no enable_sni", URL + NOW + "virtualhost www.example.com",
     also(passes, truth("a name", lambda c: c.server.sni[:1] == [None])), Server("tls"),
     block="SSL_GET")

# --- other checkers
Case("TCP_CHECK", NOW, passes, Server("raw"), block="TCP_CHECK")
Case("TCP_CHECK of nobody", NOW, fails, Server("none"), block="TCP_CHECK")
Case("SMTP_CHECK", NOW, passes, Server("smtp"), block="SMTP_CHECK")
Case("SMTP_CHECK of a web server", NOW + "connect_timeout 2\nretry 0", fails, Server("raw"),
     block="SMTP_CHECK")
Case("helo_name", NOW + "helo_name d1.example.com", asked("HELO d1.example.com"),
     Server("smtp"), block="SMTP_CHECK")
HOST = Server("smtp", ip="127.0.6.3")
Case("host, with connect_ip, connect_port, bindto, bind_port",
     NOW + f"delay_loop {LONG}\nhost {{\nconnect_ip 127.0.6.3\nconnect_port {HOST.port}\nbindto 127.0.6.78\n"
     "bind_port 41235\n}", also(passes, truth("it came from elsewhere", lambda c: HOST.peers[:1] ==
                                              [("127.0.6.78", 41235)])),
     Server("none"), block="SMTP_CHECK").elsewhere = HOST
Case("host, with connect_timeout", NOW + f"delay_loop {LONG}\nretry 0\nhost {{\nconnect_timeout 2\n}}",
     also(fails, truth("it did not take 2 seconds", lambda c: 1.9e6 <= c.result()["took-us"] < 4.5e6)),
     Server("smtp", plan="H"), block="SMTP_CHECK")
HOSTMARK = Server("smtp")
Case("host, with fwmark", NOW + "host {\nfwmark 77\n}", passes, HOSTMARK, block="SMTP_CHECK")
Case("host, with bind_if", NOW + "host {\nbind_if v0\n}", passes, Server("smtp", ip="fe80::9%p0"),
     rs="", block="SMTP_CHECK")
Case("DNS_CHECK, type, name", NOW + "type AAAA\nname www.example.com",
     also(passes, truth("another question", lambda c: c.server.said[0].endswith(
         b"\x03www\x07example\x03com\0\0\x1c\0\1"))),
     Server("udp", answer=None), protocol="UDP", block="DNS_CHECK")
# While it is waited for, and scripts hang, the checks above keep their times.
Case("DNS_CHECK of a server that is silent", OFTEN + "connect_timeout 5\nretry 0", fails,
     Server("udp", plan="H"), protocol="UDP", block="DNS_CHECK")
Case("UDP_CHECK, payload", NOW + "payload 48 61 6c 62",
     truth("another payload", lambda c: c.server.said[:1] == [b"Halb"]), Server("udp"),
     protocol="UDP", block="UDP_CHECK")
Case("UDP_CHECK of nobody", NOW, fails, Server("none"), protocol="UDP", block="UDP_CHECK")


def udp(name, lines, see, plan="G"):
    Case(name, NOW + "connect_timeout 2\n" + lines, see, Server("udp", plan=plan), protocol="UDP",
         block="UDP_CHECK")


udp("silence, without require_reply", "", passes, "H")
udp("require_reply", "require_reply", fails, "H")
udp("require_reply with what must be in it", "require_reply 6f 6b", passes)
udp("require_reply with what is not in it", "require_reply 6f 6c", fails)
udp("min_reply_length 2", "require_reply\nmin_reply_length 2", passes)
udp("min_reply_length 3", "require_reply\nmin_reply_length 3", fails)
udp("max_reply_length 2", "require_reply\nmax_reply_length 2", passes)
udp("max_reply_length 1", "require_reply\nmax_reply_length 1", fails)
Case("PING_CHECK", NOW, passes, Server("none"), block="PING_CHECK")
Case("PING_CHECK of nobody", NOW + "connect_timeout 2\n", fails, Server("none", ip="127.0.6.99"),
     block="PING_CHECK")


def misc(name, script, lines, see):
    path = f"{TMP}/misc{len(CASES)}"
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\n{script}\n")
    os.chmod(path, 0o755)
    Case(name, f"misc_path {path}\n" + lines, see, Server("none"), block="MISC_CHECK")


misc("MISC_CHECK, misc_path", "exit 0", NOW, passes)
misc("MISC_CHECK that fails", "exit 1", NOW, fails)
misc("misc_timeout", "sleep 60", NOW + "misc_timeout 2",
     also(fails, truth("it did not take 2 seconds", lambda c: 1.9e6 <= c.result()["took-us"] < 30e6)))
misc("misc_dynamic", "exit 9", NOW + "misc_dynamic",
     also(passes, truth("not its weight", lambda c: c.status["servers"][0]["weight"] == 7)))
misc("user", f"id -un > {TMP}/www/user", NOW + "user nobody",
     truth("somebody else", lambda c: c.wrote("www/user") == ["nobody"]))
Case("FILE_CHECK, track_file, weight", "track_file number\nweight 3",
     truth("not 1 + 3 * 4", lambda c: c.status["servers"][0]["weight"] == 13), Server("none"),
     block="FILE_CHECK")

# --- virtual_server, real_server
Case("weight, of the real_server", URL + NOW,
     truth("not its weight", lambda c: c.status["servers"][0]["weight"] == 5), rs="weight 5",
     vs="weight 6")
Case("weight, of the virtual_server", URL + NOW,
     truth("not its weight", lambda c: c.status["servers"][0]["weight"] == 6), vs="weight 6")
Case("quorum", URL + OFTEN,
     truth("it has its quorum", lambda c: c.status["state"] == "down" and c.status["quorum"] == 2),
     vs="quorum 2", more=[(Server(plan="B"), "")])
Case("a quorum of 1", URL + OFTEN, truth("it has no quorum", lambda c: c.status["state"] == "up"),
     more=[(Server(plan="B"), "")])
Case("hysteresis", URL + OFTEN + "alpha",
     truth("a sum of 2 is enough", lambda c: c.status["weight"] == 2 and c.status["state"] == "down"),
     vs="quorum 2\nhysteresis 1", rs="weight 2", more=[(Server(plan="B"), "")])
Case("no hysteresis", URL + OFTEN + "alpha",
     truth("a sum of 2 is not enough", lambda c: c.status["weight"] == 2 and c.status["state"] == "up"),
     vs="quorum 2", rs="weight 2", more=[(Server(plan="B"), "")])


def note(word, name):
    """A line that runs a script, which notes word in the file name."""
    path = f"{TMP}/{name}-{word}"
    with open(path, "w") as file:
        file.write(f"#!/bin/sh\necho {word} >> {TMP}/{name}\n")
    os.chmod(path, 0o755)
    return f"{word} {path}\n"


Case("notify_up, notify_down, quorum_up, quorum_down", URL + OFTEN + "retry 0",
     truth("not these scripts", lambda c: sorted(c.wrote("events")) ==
           # The first one by rs_init_notifies.
           sorted(["notify_up", "quorum_up", "notify_down", "quorum_down", "notify_up",
                   "quorum_up"])),
     Server(plan="GBG"), rs=note("notify_up", "events") + note("notify_down", "events"),
     vs=note("quorum_up", "events") + note("quorum_down", "events"))
FIFO = Case("lvs_notify_fifo, lvs_notify_fifo_script", URL + OFTEN + "retry 0",
            truth("not these lines", lambda c: fifo_lines(c) == [
                "RS [{rs}] [{vs}] UP", "VS [{vs}] UP", "RS [{rs}] [{vs}] DOWN", "VS [{vs}] DOWN",
                "RS [{rs}] [{vs}] UP", "VS [{vs}] UP"]), Server(plan="GBG"))


def fifo_lines(case):
    """What is in the FIFO of that case, with names for its addresses."""
    with open(f"{TMP}/fifo-lines") as file:
        text = file.read()
    vip = f"10.9.{case.n // 250}.{case.n % 250}"
    text = text.replace(f"[{IP}]:tcp:{case.server.port}", "[{rs}]").replace(f"[{vip}]:tcp:80", "[{vs}]")
    return [line for line in text.splitlines() if "{vs}" in line]


OMEGA = Case("omega", URL + OFTEN, lambda c: None,
             rs=note("notify_down", "omega"), vs="omega\n" + note("quorum_down", "omega"))
NO_OMEGA = Case("no omega", URL + OFTEN, lambda c: None,
                rs=note("notify_down", "no-omega"), vs=note("quorum_down", "no-omega"))


# --- the daemon --------------------------------------------------------------------------------

def status():
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect("\0halb/checks")
        return json.load(sock.makefile())["checks"]["services"]


def prepare():
    os.chmod(TMP, 0o755)
    os.mkdir(f"{TMP}/www", 0o777)
    os.chmod(f"{TMP}/www", 0o777)
    with open(f"{TMP}/number", "w") as file:
        file.write("4\n")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        "/CN=www.example.com", "-keyout", f"{TMP}/key", "-out", f"{TMP}/cert",
        stderr=subprocess.DEVNULL)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:secret", "-days", "2",
        "-subj", "/CN=director", "-keyout", f"{TMP}/mine.key", "-out", f"{TMP}/mine",
        stderr=subprocess.DEVNULL)
    with open(f"{TMP}/reader", "w") as file:
        file.write(f'#!/bin/sh\nexec cat "$1" > {TMP}/fifo-lines\n')
    os.chmod(f"{TMP}/reader", 0o755)
    # Two links, at whose other ends, v to p0 and w to p1, the same address is.
    run("ip", "link", "set", "lo", "up")
    for here, there in (("v0", "p0"), ("w0", "p1")):
        run("ip", "link", "add", here, "type", "veth", "peer", "name", there)
        for dev, address in ((here, "fe80::1"), (there, "fe80::9")):
            run("sysctl", "-qw", f"net.ipv6.conf.{dev}.accept_dad=0")
            run("ip", "link", "set", dev, "addrgenmode", "none", "up")
            run("ip", "addr", "add", f"{address}/64", "dev", dev, "nodad")
    marked = ", ".join(str(server.port) for server in (FWMARK, NOMARK, HOSTMARK))
    run("nft", "-f", "-", input=f"""table inet t {{
        chain out {{
            type filter hook output priority 0;
            tcp dport {{ {marked} }} meta mark != 77 reject with tcp reset
        }}
        chain in {{
            type filter hook input priority 0;
            icmp type echo-request ip daddr 127.0.6.99 drop
        }}
    }}""")
    with open(f"{TMP}/halbd.conf", "w") as file:
        file.write(f"global_defs {{\nrouter_id test\nscript_user root\nrs_init_notifies\n"
                   f"lvs_notify_fifo {TMP}/fifo\nlvs_notify_fifo_script {TMP}/reader\n}}\n"
                   f"SSL {{\ncertificate {TMP}/mine\nkey {TMP}/mine.key\npassword secret\n}}\n"
                   f"track_file number {{\nfile {TMP}/number\n}}\n")
        for case in CASES:
            file.write(case.text())


async def watch(daemon):
    for case in CASES:
        for server in case.servers() + [getattr(case, "elsewhere", None)]:
            if server:
                await server.start()
    process = await asyncio.create_subprocess_exec(*daemon, stderr=open(f"{TMP}/log", "w"))
    began = time.monotonic()
    # Until all is as it should be; what must not happen has all of the time to happen.
    wrong = [case for case in CASES]
    while wrong and time.monotonic() - began < 3 * DAEMON_SECONDS and process.returncode is None:
        await asyncio.sleep(1)
        if time.monotonic() - began < DAEMON_SECONDS:
            continue
        observe()
        wrong = [case for case in CASES if case.why]
    process.terminate()
    await process.wait()


def observe():
    try:
        services = await_status()
    except (OSError, ValueError) as error:
        for case in CASES:
            case.why = f"no status: {error}"
        return
    with open(f"{TMP}/log") as file:
        LOG[:] = file.readlines()
    for case, service in zip(CASES, services):
        case.status = service
        try:
            case.why = case.see(case)
        except (LookupError, TypeError) as error:
            case.why = f"{type(error).__name__} {error}: {json.dumps(service)}"


def await_status():
    services = status()
    if len(services) != len(CASES):
        raise ValueError(f"{len(services)} services of {len(CASES)}")
    return services


def main():
    for case in CASES:
        case.why = "halbd did not run"
    prepare()
    said = subprocess.run([HALBD, "-t", "-f", f"{TMP}/halbd.conf"], capture_output=True, text=True)
    errors = [line for line in said.stdout.splitlines() + said.stderr.splitlines() if " error: " in line]
    asyncio.run(watch([HALBD, "-C", "-n", "-l", "--beside", "-p", f"{TMP}/pid", "-f",
                       f"{TMP}/halbd.conf"]))
    # scripts may outlive the daemon that ran them
    end = time.monotonic() + 20
    while len(OMEGA.wrote("omega")) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    OMEGA.why = OMEGA.why or (None if sorted(OMEGA.wrote("omega")) == ["notify_down", "quorum_down"]
                              else f"it ran {OMEGA.wrote('omega')}")
    NO_OMEGA.why = NO_OMEGA.why or (f"it ran {NO_OMEGA.wrote('no-omega')}"
                                    if NO_OMEGA.wrote("no-omega") else None)
    failed = 0
    for n, case in enumerate(CASES, 1):
        failed += case.why is not None
        print(f"{'not ok' if case.why else 'ok'} {n} - {case.name}")
        if case.why:
            print(f"# {case.why}")
    n = len(CASES) + 1
    print(f"{'not ok' if errors else 'ok'} {n} - the configuration has no errors")
    for line in errors:
        print(f"# {line}")
    print(f"1..{n}")
    if not failed and not errors:
        run("rm", "-rf", TMP)
    else:
        print(f"# the configuration and the log are in {TMP}")
    return failed > 0 or bool(errors)


if __name__ == "__main__":
    sys.exit(main())
