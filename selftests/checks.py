#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Differential test of health checks, see checks.sh.

Each scenario is a virtual server on a port of its own, its configuration, and what its servers do
from second to second, counted from when both daemons run. All run at once; on a slow kernel, which
does so much work with great delay, a part of them after the other, and with longer timeouts.

Compared is what both daemons decide, as they log it: which servers come and go, weights, the quorum,
the sorry server, line for line, and, as soon as both run, each within a tolerance of the other. At the
end, and between the seconds 22 and 26, the pools must be equal, too.
"""
import asyncio
import hashlib
import os
import re
import subprocess
import sys
import time

SLOW = int(os.environ.get("HALB_SLOW", "1"))
VIP = "10.9.0.80"
RIP = "10.2.0.11"
# One delay_loop or retry of difference in phase, keepalived's second of patience at the start, and the
# whole seconds of a log. How late this program itself was woken at worst is added: the daemons share
# its processors.
TOLERANCE = 4 * SLOW
LENGTH = 48
PAGE = b"hello halb\n"
DIGEST = hashlib.md5(PAGE).hexdigest()
TMP = "/tmp/halb-checks"

GOOD, REFUSE, HANG, SLOW2, SLOW6, STATUS, DIGEST_BAD, SILENT, BANNER, CLOSE = (
    "good", "refuse", "hang", "slow2", "slow6", "status", "digest", "silent", "banner", "close")


class Scenario:
    """plan: [(second, behaviour)...] of server n is plans[n]"""

    def __init__(self, name, kind, checks, plans, vs="", rs="", proto="TCP", weights=None):
        self.name, self.kind, self.checks, self.plans = name, kind, checks, plans
        self.vs, self.rs, self.proto, self.weights = vs, rs, proto, weights
        self.port = None

    def at(self, n, second):
        now = GOOD
        for begins, behaviour in self.plans[n]:
            if second >= begins:
                now = behaviour
        return now


def out(behaviour, begins=8, ends=28):
    return [(0, GOOD), (begins, behaviour), (ends, GOOD)]


def tcp(retry=1, more="", delay=1):
    return f"TCP_CHECK {{\nconnect_timeout {2 * SLOW}\nretry {retry}\ndelay_before_retry {delay}\n{more}\n}}"


def http(urls="", more="", retry=1):
    urls = urls or "url {\npath /\nstatus_code 200\n}"
    return (f"HTTP_GET {{\n{urls}\nconnect_timeout {3 * SLOW}\nretry {retry}\ndelay_before_retry 1\n"
            f"{more}\n}}")


def smtp(retry=1):
    return f"SMTP_CHECK {{\nconnect_timeout {2 * SLOW}\nretry {retry}\ndelay_before_retry 1\nhelo_name d\n}}"


def dns(retry=1):
    return (f"DNS_CHECK {{\ntype A\nname example.com\nconnect_timeout {2 * SLOW}\nretry {retry}\n"
            "delay_before_retry 1\n}")


def udp(more=""):
    return f"UDP_CHECK {{\nconnect_timeout {2 * SLOW}\nretry 1\ndelay_before_retry 1\n{more}\n}}"


def misc(name, more=""):
    return f'MISC_CHECK {{\nmisc_path "/bin/sh {TMP}/{name}.sh"\nmisc_timeout {2 * SLOW}\n{more}\n}}'


STEADY = [(0, GOOD)]
SORRY = "sorry_server 10.2.0.11 9"

SCENARIOS = [
    Scenario("TCP, refuses, no retry", "tcp", tcp(0), [out(REFUSE)]),
    Scenario("TCP, refuses, three retries", "tcp", tcp(3), [out(REFUSE)]),
    Scenario("TCP, refuses for less than its retries", "tcp", tcp(5, delay=2),
             [out(REFUSE, 8, 13)]),
    Scenario("TCP, hangs", "tcp", tcp(1), [out(HANG)]),
    Scenario("TCP, flaps slowly", "tcp", tcp(0),
             [[(0, GOOD), (8, REFUSE), (17, GOOD), (26, REFUSE), (35, GOOD)]]),
    Scenario("TCP, refuses from the beginning", "tcp", tcp(1), [[(0, REFUSE), (14, GOOD)]]),
    Scenario("TCP, alpha, good", "tcp", tcp(1), [STEADY], vs="alpha"),
    Scenario("TCP, alpha, refuses from the beginning", "tcp", tcp(1),
             [[(0, REFUSE), (14, GOOD)]], vs="alpha"),
    Scenario("TCP, inhibit_on_failure", "tcp", tcp(1), [out(REFUSE)], rs="inhibit_on_failure"),
    Scenario("two servers, one refuses", "tcp", tcp(1), [out(REFUSE), STEADY], weights=[1, 2]),
    Scenario("two servers refuse one after the other", "tcp", tcp(0),
             [out(REFUSE, 8, 32), out(REFUSE, 16, 24)], weights=[3, 4]),
    Scenario("sorry server", "tcp", tcp(0), [out(REFUSE)], vs=SORRY),
    Scenario("sorry server, inhibited", "tcp", tcp(0), [out(REFUSE)],
             vs=SORRY + "\nsorry_server_inhibit"),
    Scenario("sorry server below a quorum of 2", "tcp", tcp(0), [out(REFUSE), STEADY],
             vs=SORRY + "\nquorum 2"),
    Scenario("quorum 3, hysteresis 1", "tcp", tcp(0), [out(REFUSE, 8, 20), out(REFUSE, 14, 30)],
             vs=SORRY + "\nquorum 3\nhysteresis 1", weights=[2, 2]),
    Scenario("sorry server, inhibit_on_failure", "tcp", tcp(0), [out(REFUSE), out(REFUSE, 14, 22)],
             vs=SORRY, rs="inhibit_on_failure"),
    Scenario("HTTP, refuses", "http", http(), [out(REFUSE)]),
    Scenario("HTTP, wrong status", "http", http(), [out(STATUS)]),
    Scenario("HTTP, wrong status that is wanted", "http",
             http("url {\npath /\nstatus_code 500-503\n}"), [[(0, STATUS), (12, GOOD), (28, STATUS)]]),
    Scenario("HTTP, wrong digest", "http", http(f"url {{\npath /\ndigest {DIGEST}\n}}"),
             [out(DIGEST_BAD)]),
    Scenario("HTTP, no answer", "http", http(), [out(SILENT)]),
    Scenario("HTTP, slow but in time", "http", http(), [out(SLOW2)]),
    Scenario("HTTP, too slow", "http", http(), [out(SLOW6)]),
    Scenario("HTTP, closes", "http", http(), [out(CLOSE)]),
    Scenario("HTTP, two urls", "http",
             http("url {\npath /\nstatus_code 200\n}\nurl {\npath /two\nstatus_code 200\n}"),
             [out(STATUS)]),
    Scenario("HTTP, fast_recovery", "http", http(more="fast_recovery"), [out(STATUS)]),
    Scenario("HTTP 1.1, virtualhost", "http",
             http(more="http_protocol 1.1\nvirtualhost www.example.com"), [out(STATUS)]),
    Scenario("HTTP, regex", "http",
             http('url {\npath /\nstatus_code 200\nregex "hel+o"\n}'), [out(DIGEST_BAD)]),
    Scenario("SMTP, refuses", "smtp", smtp(), [out(REFUSE)]),
    Scenario("SMTP, a banner that is none", "smtp", smtp(), [out(BANNER)]),
    Scenario("SMTP, silent", "smtp", smtp(2), [out(SILENT)]),
    Scenario("DNS, SERVFAIL", "dns", dns(), [out(STATUS)], proto="UDP"),
    Scenario("DNS, silent", "dns", dns(2), [out(SILENT)], proto="UDP"),
    Scenario("DNS, refuses", "dns", dns(0), [out(REFUSE)], proto="UDP"),
    Scenario("UDP, refuses", "dns", udp(), [out(REFUSE)], proto="UDP"),
    Scenario("UDP, must answer", "dns", udp("require_reply"), [out(SILENT)], proto="UDP"),
    Scenario("MISC, fails", "misc", misc("fails"), [out(STATUS)]),
    Scenario("MISC, hangs", "misc", misc("hangs", "retry 1\ndelay_before_retry 1"), [out(HANG)]),
    Scenario("MISC, misc_dynamic", "misc", misc("dynamic", "misc_dynamic"),
             [[(0, GOOD), (8, "weight 7"), (18, STATUS), (28, "weight 3")]]),
    Scenario("two checks of a server, one fails", "tcp", tcp(0) + "\n" + misc("both"),
             [[(0, GOOD), (8, STATUS), (20, GOOD)]]),
]


def prepare():
    os.makedirs(TMP, exist_ok=True)
    for n, scenario in enumerate(SCENARIOS):
        scenario.port = 1000 + 10 * n
        # A command of a shell, which the plan changes.
        if "MISC_CHECK" in scenario.checks:
            scenario.script = scenario.checks.split(TMP + "/")[1].split(".sh")[0]
            write_script(scenario, GOOD)


def write_script(scenario, behaviour):
    path = f"{TMP}/{scenario.script}.sh"
    if behaviour.startswith("weight"):
        text = f"exit {int(behaviour.split()[1]) + 2}\n"
    else:
        text = {GOOD: "exit 0\n", STATUS: "exit 1\n", HANG: "sleep 60\n"}[behaviour]
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def configuration(scenarios):
    text = """global_defs {
    router_id test
    script_user root
}
"""
    for s in scenarios:
        text += f"virtual_server {VIP} {s.port} {{\ndelay_loop 2\nwarmup 0\nlb_algo wrr\n" \
                f"lb_kind NAT\nprotocol {s.proto}\n{s.vs}\n"
        for n in range(len(s.plans)):
            weight = s.weights[n] if s.weights else 1
            text += f"real_server {RIP} {s.port + n + 1} {{\nweight {weight}\n{s.rs}\n" \
                    f"{s.checks}\n}}\n"
        text += "}\n"
    with open(f"{TMP}/keepalived.conf", "w") as file:
        file.write(text)


# --- servers ---------------------------------------------------------------------------------

class Server:
    def __init__(self, scenario, n):
        self.scenario, self.n = scenario, n
        self.port = scenario.port + n + 1
        self.behaviour = None
        self.server = None
        self.transport = None
        self.tasks = set()

    async def answer_http(self, reader, writer):
        while (await reader.readline()).strip():
            pass
        behaviour = self.behaviour
        if behaviour == SILENT:
            await asyncio.sleep(60)
        if behaviour == SLOW2:
            await asyncio.sleep(1.5 * SLOW)
        if behaviour == SLOW6:
            await asyncio.sleep(6 * SLOW)
        if behaviour != CLOSE:
            status = "500 No" if behaviour == STATUS else "200 OK"
            page = b"something else\n" if behaviour == DIGEST_BAD else PAGE
            writer.write(f"HTTP/1.0 {status}\r\nContent-Length: {len(page)}\r\n\r\n".encode() + page)

    async def answer_smtp(self, reader, writer):
        if self.behaviour == SILENT:
            await asyncio.sleep(60)
        writer.write(b"554 go away\r\n" if self.behaviour == BANNER else b"220 mail\r\n")
        while True:
            line = await reader.readline()
            if not line:
                break
            writer.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 ok\r\n")

    async def connected(self, reader, writer):
        try:
            if self.scenario.kind == "http":
                await self.answer_http(reader, writer)
            elif self.scenario.kind == "smtp":
                await self.answer_smtp(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    # a datagram server
    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, exc):
        pass

    def error_received(self, exc):
        pass

    def datagram_received(self, data, addr):
        if self.behaviour == SILENT:
            return
        if self.scenario.checks.startswith("DNS"):
            rcode = 2 if self.behaviour == STATUS else 0
            data = data[:2] + bytes([data[2] | 0x80, rcode]) + data[4:]
        self.transport.sendto(data, addr)

    async def become(self, behaviour):
        if behaviour == self.behaviour:
            return
        was, self.behaviour = self.behaviour, behaviour
        if self.scenario.kind == "misc" or "MISC_CHECK" in self.scenario.checks:
            write_script(self.scenario, behaviour)
        if HANG in (was, behaviour) and self.scenario.kind == "tcp":
            subprocess.run(["nft", "add" if behaviour == HANG else "flush", "rule" if
                            behaviour == HANG else "chain", "inet", "t", f"p{self.port}"] +
                           (["tcp", "dport", str(self.port), "drop"] if behaviour == HANG else []),
                           check=True)
        down = behaviour == REFUSE
        if self.scenario.kind == "dns":
            if down and self.transport:
                self.transport.close()
                self.transport = None
            elif not down and not self.transport:
                await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: self, local_addr=(RIP, self.port))
        elif down and self.server:
            self.server.close()
            self.server = None
        elif not down and not self.server:
            self.server = await asyncio.start_server(self.connected, RIP, self.port,
                                                     reuse_address=True)

    def end(self):
        for part in (self.server, self.transport):
            if part:
                part.close()


# --- what the directors have -----------------------------------------------------------------

async def run(*args):
    process = await asyncio.create_subprocess_exec(*args, stdout=subprocess.PIPE,
                                                   stderr=subprocess.PIPE)
    stdout, _ = await process.communicate()
    return stdout.decode()


def pools_of_ipvs(text):
    pools, port = {}, None
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] in ("-A", "-a"):
            vip = words[words.index("-t" if "-t" in words else "-u") + 1]
            port = int(vip.split(":")[1])
            pool = pools.setdefault(port, {})
            if words[0] == "-a":
                server = words[words.index("-r") + 1].split(":")[1]
                pool[int(server)] = int(words[words.index("-w") + 1])
    return pools


async def pools(daemons):
    texts = await asyncio.gather(*(run("ip", "netns", "exec", ns, command, "-S", "-n")
                                   for ns, command in daemons))
    return [pools_of_ipvs(text) for text in texts]


# What counts of a log; the time is "Tue Nov 24 20:17:14 2026: ".
DECISION = re.compile(r"((Add|Remov|Enabl|Disabl)ing (sorry server|service|alive servers) |"
                      r"Changing weight |Gained quorum |Lost quorum )")


def decisions(path, scenarios):
    """{port: [(time, line)...]}"""
    found = {s.port: [] for s in scenarios}
    with open(path) as file:
        for line in file:
            stamp, line = line[:24], line[26:].strip()
            vs = re.search(r"VS \[10\.9\.0\.80\]:(?:tcp|udp):(\d+)$", line)
            if vs and DECISION.match(line):
                found[int(vs[1])].append((time.mktime(time.strptime(stamp)), line))
    return found


def started(path, scenarios):
    """Whether every service has got its servers; those that distrust them wait for checks"""
    found = decisions(path, scenarios)
    return all(any("Gained" in line for _, line in found[s.port])
               for s in scenarios if s.vs != "alpha")


def differ(mine, theirs, began, tolerance):
    """Why they are not the same, or None"""
    if not theirs:
        return "keepalived decided nothing"
    for (when, line), (their_when, their_line) in zip(mine, theirs):
        if line != their_line:
            return f"halbd: {line}, keepalived: {their_line}"
        # What they do as they start depends on when each of them did.
        if max(when, their_when) > began and abs(max(when, began) - max(their_when, began)) > tolerance:
            return f"{line}: halbd {when - their_when:+.0f} s"
    if len(mine) != len(theirs):
        return f"halbd decided {len(mine)} times, keepalived {len(theirs)}"
    return None


async def test(scenarios):
    """What both had in their pools, and how late this program was woken at worst."""
    configuration(scenarios)
    subprocess.run(["nft", "-f", "-"], check=True, text=True, input="table inet t {\n" + "".join(
        f"chain p{s.port + n + 1} {{ type filter hook input priority 0; }}\n"
        for s in scenarios if s.kind == "tcp" for n in range(len(s.plans))) + "}\n")
    servers = [Server(s, n) for s in scenarios for n in range(len(s.plans))]
    for server in servers:
        await server.become(server.scenario.at(server.n, 0))
    daemons = [
        await asyncio.create_subprocess_exec(
            "ip", "netns", "exec", "dir", "halbd", "-C", "-n", "-l", "--beside", "-p",
            f"{TMP}/halbd.pid", "-f", f"{TMP}/keepalived.conf",
            stderr=open(f"{TMP}/halbd.log", "w")),
        await asyncio.create_subprocess_exec(
            "ip", "netns", "exec", "dir2", "keepalived", "-C", "-n", "-l", "-D", "-p",
            f"{TMP}/keepalived.pid", "-c", f"{TMP}/checkers.pid", "-f", f"{TMP}/keepalived.conf",
            stdout=open(f"{TMP}/keepalived.log", "w"), stderr=subprocess.STDOUT),
    ]
    while not all(started(f"{TMP}/{name}.log", scenarios) for name in ("halbd", "keepalived")):
        await asyncio.sleep(0.1)
    began, wall = time.monotonic(), time.time()
    late, seen = 0.0, []
    for ends in (24, LENGTH):
        while (now := time.monotonic() - began) < ends * SLOW:
            for server in servers:
                await server.become(server.scenario.at(server.n, now / SLOW))
            await asyncio.sleep(0.1)
            late = max(late, time.monotonic() - began - now - 0.1)
        seen.append(await pools([("dir", "halbctl"), ("dir2", "ipvsadm")]))
    for daemon in daemons:
        daemon.terminate()
    for daemon in daemons:
        await daemon.wait()
    for server in servers:
        server.end()
    subprocess.run(["nft", "delete", "table", "inet", "t"], check=True)
    return seen, wall, late


def judge(scenarios):
    """Runs them. {scenario: (why it is wrong, how many decisions, what to show of it)}"""
    seen, began, late = asyncio.run(test(scenarios))
    print(f"# this program was woken {late:.1f} s late at worst", flush=True)
    halbd, keepalived = (decisions(f"{TMP}/{name}.log", scenarios) for name in ("halbd", "keepalived"))
    judged = {}
    for scenario in scenarios:
        mine, theirs = halbd[scenario.port], keepalived[scenario.port]
        wrong = differ(mine, theirs, began, TOLERANCE + late)
        for at, (have, want) in zip((24, LENGTH), seen):
            have, want = have.get(scenario.port), want.get(scenario.port)
            if not wrong and (have != want or want is None):
                wrong = f"second {at}: the pool is {have} and not {want}"
        judged[scenario] = (wrong, len(theirs), [
            f"{name} {time.strftime('%X', time.localtime(when))} {line}"
            for name, lines in (("halbd", mine), ("keepalived", theirs)) for when, line in lines])
    return judged


def main():
    prepare()
    judged = {}
    for part in range(SLOW):
        judged |= judge(SCENARIOS[part::SLOW])
    failed = 0
    for n, scenario in enumerate(SCENARIOS, 1):
        wrong, count, lines = judged[scenario]
        failed += wrong is not None
        print(f"{'not ok' if wrong else 'ok'} {n} - {scenario.name}: {count} decisions")
        if wrong:
            print("# " + "\n#   ".join([wrong] + lines))
    print(f"1..{len(SCENARIOS)}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
