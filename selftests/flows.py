#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A client that keeps flows open and talks on them again when it is told to.

Reads commands from stdin, a line each with a number of any kind before it, and answers each with
one line that begins with this number. Starting Python is what
is slow in a VM, so a test starts it once. TCP flows are HTTP keep-alive connections (to nginx,
which answers / with its name), UDP flows are connected sockets (to udp.py's server).

open tcp|udp ADDRESS PORT [n=N] [from=SOURCE] [sport=PORT]
    Opens N flows and asks each for the name of its server. SOURCE may contain %d, which
    counts from 1 (%x: in hexadecimal), and need not be an address of this machine.
once ...
    The same, but each flow is closed again before the next one opens.
again ADDRESS PORT SPORT [n=N] [end=client|server|reset]
    N TCP flows, one after the other, all from the source port SPORT. Each asks, and is ended by
    the client (who must not keep TIME_WAIT: net.ipv4.tcp_max_tw_buckets=0), by the server, or by
    a reset.
ask [FIRST [LAST]]      asks again on these flows, numbered from 1; all of them without numbers
close [FIRST [LAST]]
forget                  closes all flows and begins to number anew
list                    ADDRESS:PORT of the local ends; IPv6 in brackets
timeout SECONDS         for an answer, times HALB_SLOW; 10 at first
echo ADDRESS PORT SIZE... [tries=N] [n=N]
    Sends SIZE random bytes over UDP and compares what comes back, N times for each size, each
    time from a new socket. A datagram that is not answered is sent again, TRIES times in all.
raw4|raw6 udp|tcp SOURCE DESTINATION SPORT DPORT [ttl=N] [flags=N] [size=N]
    One packet with any source: UDP, or a TCP segment with these flags (2: SYN).

What a flow answers is the server's name, or refused, reset, closed, timeout or unreachable
(and -, after one of these).
"""
import errno
import os
import random
import socket
import struct
import sys
import time

IP_FREEBIND = 15
IPV6_FREEBIND = 78
IPV6_HDRINCL = 36

flows = []
used_ports = set()
SLOW = int(os.environ.get("HALB_SLOW") or 1)
timeout = 10.0 * SLOW


def reason(error):
    if isinstance(error, (socket.timeout, TimeoutError)):
        return "timeout"
    names = {
        errno.ECONNREFUSED: "refused",
        errno.ECONNRESET: "reset",
        errno.EPIPE: "reset",
        errno.ETIMEDOUT: "timeout",
        errno.EHOSTUNREACH: "unreachable",
        errno.ENETUNREACH: "unreachable",
    }
    return names.get(error.errno, errno.errorcode.get(error.errno, "error"))


def new_port(kind):
    """One that no flow had before, as whose continuation it would pass."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        low, high = map(int, f.read().split())
    for _ in range(20 * (high - low + 1)):
        port = random.randint(low, high)
        if (kind, port) not in used_ports:
            return port
    raise OSError(errno.EADDRNOTAVAIL, "every port has had a flow")


def new_socket(kind, family, source, sport):
    """Bound; without SPORT to a new port."""
    while True:
        s = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        else:
            s.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        try:
            port = sport or new_port(kind)
            used_ports.add((kind, port))
            s.bind((source, port))
            return s
        except OSError as e:
            s.close()
            if sport or e.errno != errno.EADDRINUSE:
                raise


class Flow:
    """A socket to a server, or None after an error."""

    def __init__(self, kind, address, port, source, sport, last=False):
        self.kind = kind
        self.last = last
        self.socket = None
        self.host = "[%s]" % address if ":" in address else address
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        s = None
        try:
            s = new_socket(kind, family, source, sport)
            s.settimeout(timeout)
            s.connect((address, port))
            self.socket = s
            self.first = self.ask()
        except OSError as e:
            if s is not None:
                s.close()
            self.first = reason(e)

    def name(self):
        if self.socket is None:
            return "-"
        address, port = self.socket.getsockname()[:2]
        return ("[%s]:%d" if ":" in address else "%s:%d") % (address, port)

    def ask(self):
        if self.socket is None:
            return "-"
        try:
            self.socket.settimeout(timeout)
            answer = self.ask_http() if self.kind == "tcp" else self.ask_udp()
        except OSError as e:
            answer = reason(e)
        if answer in ("refused", "reset", "closed", "timeout", "unreachable"):
            self.close()
        return answer

    def ask_udp(self):
        self.socket.send(b"who")
        return self.socket.recv(65535).decode()

    def ask_http(self):
        self.socket.sendall(b"GET / HTTP/1.1\r\nHost: %s\r\n%s\r\n" %
                            (self.host.encode(), b"Connection: close\r\n" * self.last))
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.socket.recv(65535)
            if not more:
                return "closed"
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        length = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
                  if line.lower().startswith(b"content-length:")][0]
        while len(body) < length:
            more = self.socket.recv(65535)
            if not more:
                return "closed"
            body += more
        return body.decode().strip()

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def options(words):
    """Separates key=value words from the others."""
    plain = [w for w in words if "=" not in w]
    return plain, dict(w.split("=", 1) for w in words if "=" in w)


def do_open(words, keep):
    (kind, address, port), opts = options(words)
    answers = []
    for i in range(1, int(opts.get("n", 1)) + 1):
        source = opts.get("from", "")
        if "%" in source:
            source = source % i
        flow = Flow(kind, address, int(port), source, int(opts.get("sport", 0)))
        answers.append(flow.first)
        if keep:
            flows.append(flow)
        else:
            flow.close()
    return " ".join(answers)


def end_flow(flow, end):
    """Until the server has closed, too; or at once."""
    if flow.socket is None:
        return
    if end == "reset":
        flow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        if end == "client":
            flow.socket.shutdown(socket.SHUT_WR)
        while flow.socket.recv(65535):
            pass
    flow.close()


def do_again(words):
    (address, port, sport), opts = options(words)
    end = opts.get("end", "client")
    answers = []
    for _ in range(int(opts.get("n", 1))):
        limit = time.monotonic() + timeout
        while True:
            flow = Flow("tcp", address, int(port), "", int(sport), last=end == "server")
            # The last acknowledgment of the one before may still be on its way.
            if flow.first not in ("EADDRNOTAVAIL", "EADDRINUSE") or time.monotonic() > limit:
                break
            time.sleep(0.01)
        answers.append(flow.first)
        end_flow(flow, end)
    return " ".join(answers)


def chosen(words):
    first = int(words[0]) if words else 1
    last = int(words[1]) if len(words) > 1 else first if words else len(flows)
    return flows[first - 1:last]


def exchange(address, port, data, tries):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.connect((address, port))
    s.settimeout(timeout)
    try:
        while True:
            tries -= 1
            try:
                s.send(data)
                got = s.recv(65535)
                return None if got == data else "%d bytes came back" % len(got)
            except OSError as e:
                # The path MTU has just been learnt (EMSGSIZE), or the datagram was lost for it.
                if not tries:
                    return reason(e)
    finally:
        s.close()


def do_echo(words):
    (address, port, *sizes), opts = options(words)
    for size in sizes:
        for _ in range(int(opts.get("n", 1))):
            wrong = exchange(address, int(port), os.urandom(int(size)),
                             int(opts.get("tries", 1)))
            if wrong:
                return "%s bytes: %s" % (size, wrong)
    return "same"


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def do_raw(words):
    (version, kind, source, dest, sport, dport), opts = options(words)
    family = socket.AF_INET if version == "raw4" else socket.AF_INET6
    src, dst = socket.inet_pton(family, source), socket.inet_pton(family, dest)
    sport, dport, ttl = int(sport), int(dport), int(opts.get("ttl", 64))
    payload = os.urandom(int(opts.get("size", 0)))
    if kind == "udp":
        proto, at = socket.IPPROTO_UDP, 6
        data = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    else:
        proto, at = socket.IPPROTO_TCP, 16
        data = struct.pack("!HHIIBBHHH", sport, dport, 1, 1, 5 << 4, int(opts.get("flags", 2)),
                           65535, 0, 0) + payload
    pseudo = src + dst + struct.pack("!II", len(data), proto)
    data = data[:at] + struct.pack("!H", checksum(pseudo + data)) + data[at + 2:]
    s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    if family == socket.AF_INET:
        # The kernel fills in length, id and checksum.
        head = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, ttl, proto, 0) + src + dst
    else:
        s.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        head = struct.pack("!IHBB", 6 << 28, len(data), proto, ttl) + src + dst
    s.sendto(head + data, (dest, 0))
    s.close()
    return "sent"


def run(words):
    global timeout
    command, *words = words
    if command in ("open", "once"):
        return do_open(words, command == "open")
    if command == "again":
        return do_again(words)
    if command == "ask":
        return " ".join(flow.ask() for flow in chosen(words))
    if command == "close":
        for flow in chosen(words):
            flow.close()
        return "closed"
    if command == "list":
        return " ".join(flow.name() for flow in flows)
    if command == "forget":
        for flow in flows:
            flow.close()
        flows.clear()
        return "forgotten"
    if command == "timeout":
        timeout = float(words[0]) * SLOW
        return "set"
    if command == "echo":
        return do_echo(words)
    if command in ("raw4", "raw6"):
        return do_raw([command] + words)
    raise ValueError("unknown command " + command)


for line in sys.stdin:
    number, *command = line.split()
    try:
        result = run(command)
    except Exception as e:  # the test sees it as the answer
        result = "flows.py: %r" % e
    print(number, result, flush=True)
