# SPDX-License-Identifier: GPL-2.0
"""FTP's control connections: answers that become longer or shorter, and what the numbers of both
sides are then (RFC 9293, RFC 2018); the data connections that they announce (RFC 959, RFC 2428)."""
from net import (CLIENT, FAMILIES, FTP, In, Out, REAL, SERVER, TCP, UNREACHABLE, V4, error, hop,
                 partial, port, readdress, row, segments, spoil, super_packet)

DATA = 200 * 256 + 3
SHORT, LONG = b"227 on (1,2,3,4,200,3)\r\n", b"227 on (101,102,103,104,200,3)\r\n"
TOLD = b"227 on (10,9,0,80,200,3)\r\n"
REST = b"226 done\r\n"


class Talk:
    """A control connection, whose server begins to count at `isn`: the steps of a row."""

    def __init__(self, f, isn=500):
        self.f, self.port = f, port()
        self.cseq, self.sseq = 101, (isn + 1) % 2**32
        self.steps = []
        self.client(b"", seq=100, ack=0, flags="S")
        self.server(b"", seq=isn, ack=101, flags="SA")
        self.client(b"", ack=self.sseq)

    def client(self, data, ack=None, heard=None, seq=None, flags="A", options=(), told=None):
        """heard: the acknowledgment that the server gets, and told: the options."""
        ack = self.sseq if ack is None else ack
        packet = self.f.ip(self.f.client, self.f.vip) / \
            TCP(sport=self.port, dport=FTP, flags=flags, seq=self.cseq if seq is None else seq,
                ack=ack, options=list(options)) / data
        sent = readdress(hop(packet), to=self.f.s1, dport=REAL)
        if heard is not None:
            sent[TCP].ack = heard
        if told is not None:
            sent[TCP].options = list(told)
        self.steps += [In(CLIENT, packet), Out(SERVER, sent)]
        self.cseq += len(data)

    def segment(self, data, seq, ack=None, flags="A"):
        return self.f.ip(self.f.s1, self.f.client) / \
            TCP(sport=REAL, dport=self.port, flags=flags, seq=seq % 2**32,
                ack=self.cseq if ack is None else ack) / data

    def told(self, data, seq, ack=None, flags="A"):
        return self.f.ip(self.f.vip, self.f.client, ttl=63) / \
            TCP(sport=FTP, dport=self.port, flags=flags, seq=seq % 2**32,
                ack=self.cseq if ack is None else ack) / data

    def server(self, data, seq, at=None, told=None, ack=None, flags="A", how=lambda p: p,
               held=False):
        """at: the number that the client gets, told: the data."""
        self.steps += [In(SERVER, how(self.segment(data, seq, ack, flags)))]
        if not held:
            sent = self.told(data if told is None else told, seq if at is None else at, ack, flags)
            self.steps += [Out(CLIENT, spoil(sent) if how is spoil else sent)]

    def packets(self):
        return sum(isinstance(s, Out) for s in self.steps)

    def row(self, name, more=""):
        row(f"{self.f} ftp: {name}", *self.steps, counts=f"direct {self.packets()}" + more)


def sack(*edges):
    return [("NOP", None), ("NOP", None), ("SAck", tuple(e % 2**32 for e in edges))]


for kind, answer in ("longer", SHORT), ("shorter", LONG):
    for isn in 500, 2**32 - 30:
        t = Talk(V4, isn)
        a, first = t.sseq, len(answer)
        b, c = a + first, a + first + len(REST)
        by = len(TOLD) - first
        t.client(b"PASV\r\n")
        t.server(answer, a, told=TOLD)
        t.server(REST, b, at=b + by)
        t.client(b"", ack=a % 2**32, heard=a % 2**32,
                 options=sack(b + by, c + by), told=sack(b, c))
        t.server(answer, a, told=TOLD)
        t.server(answer + REST, a, told=TOLD + REST)
        t.client(b"NOOP\r\n", ack=(c + by) % 2**32, heard=c % 2**32)
        t.server(REST, c, at=c + by)
        t.client(b"", ack=(c + by) % 2**32, heard=c % 2**32,
                 options=sack(c + by + 4, c + by + 8), told=sack(c + 4, c + 8))
        # another one, the other way round
        other = LONG if answer is SHORT else SHORT
        d = c + len(REST)
        t.client(b"PASV\r\n", ack=(d + by) % 2**32, heard=d % 2**32)
        t.server(other, d, at=d + by, told=TOLD)
        e, again = d + len(other), by + len(TOLD) - len(other)
        t.client(b"QUIT\r\n", ack=(e + again) % 2**32, heard=e % 2**32)
        t.server(b"", e, at=e + again, flags="FA")
        t.row(f"the answer becomes {kind}: repeated it is the same, numbers and SACK follow"
              + (", around zero" if isn > 500 else ""))

    t = Talk(V4)
    t.client(b"PASV\r\n")
    t.server(answer, t.sseq, told=TOLD, how=partial)
    t.row(f"{kind}, its checksum is yet to be computed")
    t = Talk(V4)
    t.client(b"PASV\r\n")
    t.server(answer, t.sseq, told=TOLD, how=spoil)
    t.row(f"{kind}, a wrong checksum stays as wrong as it was")

    t = Talk(V4)
    t.client(b"PASV\r\n")
    long = b"x" * 100 + b"\r\n"
    t.steps += [In(SERVER, super_packet(t.segment(answer + long, t.sseq, flags="PA"), 20))]
    few = t.packets() + 1
    t.steps += [Out(CLIENT, s) for s in segments(t.told(TOLD + long, t.sseq, flags="PA"), 20)]
    row(f"IPv4 ftp: {kind}, in a super-packet", *t.steps, counts=f"direct {few}")

t = Talk(V4)
t.client(b"PASV\r\n")
t.steps += [In(SERVER, super_packet(t.segment(LONG, t.sseq), len(LONG) - 2)),
            Out(CLIENT, t.told(TOLD, t.sseq))]
t.row("a super-packet of two segments becomes one packet")

t = Talk(V4)
t.client(b"PASV\r\n")
t.server(SHORT[:12], t.sseq, held=True)
t.server(SHORT[12:], t.sseq + 12, held=True)
t.server(SHORT, t.sseq, told=TOLD)
t.row("a part of an answer, and what follows it, wait for the whole", ", ftp-held 2")

t = Talk(V4)
t.client(b"PASV\r\n")
for n in range(3):
    t.server(SHORT[:12], t.sseq, held=True)
t.server(SHORT[:12], t.sseq)
t.server(SHORT[12:], t.sseq + 12)
t.row("but not for ever", ", ftp-held 3, ftp-cut 1")

t = Talk(V4)
t.client(b"NOOP\r\n")
t.server(SHORT, t.sseq)
t.client(b"LIST\r\nPASV\r\n", ack=t.sseq + len(SHORT))
t.server(b"150 227 on (1,2,3,4,200,3)\r\n227-on (1,2,3,4,200,3)\r\n", t.sseq + len(SHORT))
t.row("what is no answer to PASV stays as it is")


def data(f, t, client, vip, server, active):
    """The first two packets of a data connection."""
    there, back = (CLIENT, SERVER), (SERVER, CLIENT)
    if active:
        there, back = back, there
    out = {CLIENT: lambda p: readdress(hop(p), source=f.vip, sport=vip),
           SERVER: lambda p: readdress(hop(p), to=f.s1, dport=server)}
    come = {CLIENT: lambda **k: f.ip(f.client, f.vip) / TCP(sport=client, dport=vip, **k),
            SERVER: lambda **k: f.ip(f.s1, f.client) / TCP(sport=server, dport=client, **k)}
    for (side, other), flags in (there, "S"), (back, "SA"):
        p = come[side](flags=flags, seq=7, ack=8 if flags == "SA" else 0)
        t.steps += [In(side, p), Out(other, out[other](p))]


for f in FAMILIES:
    t = Talk(f)
    t.client(b"EPSV\r\n")
    t.server(b"229 on (|||51203|)\r\n", t.sseq)
    data(f, t, port(), DATA, DATA, False)
    t.row("EPSV: the client connects to its server's port")
    for sport in 20, 4321:
        t = Talk(f)
        t.client(b"EPRT |%d|%s|%d|\r\n" % (2 if f.v6 else 1, f.client.encode(), t.port + 20000))
        data(f, t, t.port + 20000, 20, sport, True)
        t.row(f"EPRT: the server's connection from port {sport} comes from the VIP's port 20")
    t = Talk(f)
    t.client(b"EPSV\r\n")
    t.server(b"229 on (|||51203|)\r\n", t.sseq)
    t.client(b"EPRT |%d|%s|%d|\r\n" % (2 if f.v6 else 1, f.far_client.encode(), 5000))
    t.client(b"EPRT |%d|%s|%d|\r\n" % (2 if f.v6 else 1, f.client.encode(), 23))
    t.row("EPRT: not with another address, nor with a low port", ", ftp-bounce 2")

t = Talk(V4)
t.client(b"PORT 10,1,0,2,200,9\r\n")
data(V4, t, 200 * 256 + 9, 20, 20, True)
t.row("PORT")
t = Talk(V4)
t.client(b"PASV\r\n")
t.server(SHORT, t.sseq, told=TOLD)
data(V4, t, port(), DATA, DATA, False)
t.row("PASV")

# An error about what the client got quotes the client's numbers.
t = Talk(V4)
t.client(b"PASV\r\n")
t.server(SHORT, t.sseq, told=TOLD)
at = t.sseq + len(SHORT)
by = len(TOLD) - len(SHORT)
t.server(REST, at, at=at + by)
quoted = t.told(REST, at + by)
for_server = readdress(quoted, source=V4.s1, sport=REAL)
for_server[TCP].seq = at
for_server[TCP].chksum = None
t.steps += [In(CLIENT, V4.ip(V4.client_router, V4.vip) / error(V4, UNREACHABLE, quoted)),
            Out(SERVER, V4.ip(V4.client_router, V4.s1, ttl=63) / error(V4, UNREACHABLE, for_server))]
t.row("an error quotes the server's own number")
