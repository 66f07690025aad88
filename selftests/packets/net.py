# SPDX-License-Identifier: GPL-2.0
"""The network that the packets of the table live in, and what a row is made of.

Both wires of the director end in this test, as tap devices: there is no other machine, and
nothing on them that a row did not send or has to expect.

     CLIENT (the test)                                           SERVER (the test)
    client 10.1.0.2      10.1.0.1          10.2.0.1      s1 10.2.0.11, s2 10.2.0.12
    router 10.1.0.254  ---- d0 [ director ] d1 ----      router 10.2.0.254, and behind
    and behind it 10.3.0.0/16       |                    it far 10.6.0.2 and everything else
                                    d2 10.4.0.1 ----     OTHER (the test): router 10.4.0.254

IPv6: fd00:1::2, fd00:1::fe, fd00:3::/64, fd00:2::b, fd00:2::c, fd00:2::fe, fd00:6::2, fd00:4::fe.
Neighbours are permanent entries, so that no ARP is in the way. The default route leads to the
servers' router: what halb leaves alone comes out there, with its TTL lowered, and so does what
is for a VIP, since no VIP is local. d3 has no address: it is for bridges.
"""
# The rows take what they need of scapy from here.
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoRequest, ICMPv6PacketTooBig,
                                ICMPv6ParamProblem, ICMPv6TimeExceeded, IPv6,
                                IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting, PadN)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

CLIENT, SERVER, OTHER, SPARE = "d0", "d1", "d2", "d3"
SIDES = (CLIENT, SERVER, OTHER, SPARE)

MACS = {        # of the director's devices
    CLIENT: "02:00:00:00:01:01",
    SERVER: "02:00:00:00:02:01",
    OTHER: "02:00:00:00:04:01",
    SPARE: "02:00:00:00:05:01",
}
MAC_CLIENT = "02:00:00:00:01:02"
MAC_CLIENT_ROUTER = "02:00:00:00:01:fe"
MAC_S1 = "02:00:00:00:02:0b"
MAC_S2 = "02:00:00:00:02:0c"
MAC_ROUTER = "02:00:00:00:02:fe"
MAC_OTHER_ROUTER = "02:00:00:00:04:fe"
MAC_SPARE = "02:00:00:00:05:02"
SENDERS = {CLIENT: MAC_CLIENT, SERVER: MAC_S1, OTHER: MAC_OTHER_ROUTER, SPARE: MAC_SPARE}


class Family:
    """Addresses and headers of IPv4 or IPv6 under the same names."""

    def __init__(self, name, **addresses):
        self.name = name
        self.v6 = name == "IPv6"
        self.header = 40 if self.v6 else 20
        for key, value in addresses.items():
            setattr(self, key, value)

    def ip(self, source, to, ttl=64, tos=0, **fields):
        if self.v6:
            return IPv6(src=source, dst=to, hlim=ttl, tc=tos, **fields)
        return IP(src=source, dst=to, ttl=ttl, tos=tos, **fields)

    def __str__(self):
        return self.name


V4 = Family("IPv4", vip="10.9.0.80", d0="10.1.0.1", d1="10.2.0.1", d2="10.4.0.1",
            client="10.1.0.2", far_client="10.3.0.2", client_router="10.1.0.254",
            s1="10.2.0.11", s2="10.2.0.12", router="10.2.0.254", far="10.6.0.2",
            other="10.7.0.2", other_router="10.4.0.254", prefix=24)
V6 = Family("IPv6", vip="fd00:9::80", d0="fd00:1::1", d1="fd00:2::1", d2="fd00:4::1",
            client="fd00:1::2", far_client="fd00:3::2", client_router="fd00:1::fe",
            s1="fd00:2::b", s2="fd00:2::c", router="fd00:2::fe", far="fd00:6::2",
            other="fd00:7::2", other_router="fd00:4::fe", prefix=64)
FAMILIES = (V4, V6)

# The services, for TCP and UDP each, by the port of the VIP. The server is s1, or far behind
# the servers' router.
NAT, DR, TUN = 1000, 2000, 3000
NAT_FAR, DR_FAR, TUN_FAR = 1006, 2006, 3006
NAT_NONE = 4000         # no server
ADOPT = 5000            # nat, with adopt
FTP = 21                # nat, with ftp
CLOSED = 9              # no service
REAL = 8000             # the port of nat's servers
METHODS = {"nat": NAT, "dr": DR, "tun": TUN}
METHODS_FAR = {"nat": NAT_FAR, "dr": DR_FAR, "tun": TUN_FAR}


def configuration():
    """What `halbctl restore` reads."""
    for f in FAMILIES:
        at = (lambda a: f"[{a}]") if f.v6 else (lambda a: a)
        for proto in "tcp", "udp":
            for ports, server in (METHODS, f.s1), (METHODS_FAR, f.far):
                for method, port in ports.items():
                    real = REAL if method == "nat" else port
                    yield f"service add {proto} {at(f.vip)}:{port} scheduler rr"
                    yield (f"server add {proto} {at(f.vip)}:{port} {at(server)}:{real} "
                           f"method {method} weight 1")
            yield f"service add {proto} {at(f.vip)}:{NAT_NONE} scheduler rr"
        yield f"service add tcp {at(f.vip)}:{ADOPT} scheduler rr adopt"
        yield f"server add tcp {at(f.vip)}:{ADOPT} {at(f.s1)}:{REAL} method nat weight 1"
        yield f"service add tcp {at(f.vip)}:{FTP} scheduler rr ftp"
        yield f"server add tcp {at(f.vip)}:{FTP} {at(f.s1)}:{REAL} method nat weight 1"


# --- steps ---------------------------------------------------------------------------------

def frame(packet, to, sender, bare=False):
    """The packet with its link layer header; IPv6 by its version, everything else is IPv4."""
    data = bytes(packet)
    kind = 0x86dd if data[0] >> 4 == 6 else 0x0800
    return data if bare else bytes(Ether(src=sender, dst=to, type=kind)) + data


class Step:
    """Rows are lists of these."""


class In(Step):
    """A packet comes in to the director on a side.

    to: the frame's destination, the director's own address if not given
    sender: its source
    vnet: the fields of virtio's header, see partial() and super_packet()
    bare: the packet is the frame itself, with its link layer header
    linear: how many bytes of the packet, which is larger than a page, are in the linear part of
        the skb
    """

    def __init__(self, side, packet, to=None, sender=None, vnet=None, bare=False, linear=0):
        self.side, self.linear = side, linear
        self.vnet = dict(vnet or getattr(packet, "vnet", None) or {})
        self.frame = frame(packet, to or MACS[side], sender or SENDERS[side], bare)
        if linear:
            self.vnet["hdr_len"] = 14 + linear


class Out(Step):
    """A packet that must leave the director on a side, next after those before it.

    to: the frame's destination
    fresh_id: the director chooses the identification of the (outer) IPv4 header, or in the
        fragment header
    fresh_numbers: and TCP's sequence and acknowledgment numbers; the packet may come again
    patience: how many times longer than others it may take
    vnet: what virtio's header must say
    bare: as above
    """

    def __init__(self, side, packet, to=None, fresh_id=False, vnet=None, bare=False,
                 fresh_numbers=False, patience=1):
        self.side, self.vnet, self.fresh_id = side, vnet or {}, fresh_id
        self.fresh_numbers, self.patience = fresh_numbers, patience
        self.frame = frame(packet, to or SENDERS[side], MACS[side], bare)


class Together(Step):
    """Packets that come in to the SPARE device before it is looked after: GRO sees them at once,
    and does what the device's features say."""

    def __init__(self, *packets):
        self.frames = [frame(p, MACS[SPARE], SENDERS[SPARE]) for p in packets]


class Do(Step):
    """A shell command in the director's namespace, which must succeed; `undo` runs when the
    row is over, whatever came of it."""

    def __init__(self, command, undo=None):
        self.command, self.undo = command, undo


class Check(Step):
    """A shell command whose output must be this."""

    def __init__(self, command, output):
        self.command, self.output = command, output


class Offload(Step):
    """What the device does for the stack: a set of csum, tso4, tso6, ecn. For one row."""

    def __init__(self, side, *what):
        self.side, self.what = side, what


class Listen(Step):
    """Somebody listens on a device, as tcpdump does; Heard compares what he has heard: the
    skb was shared with him."""

    def __init__(self, device):
        self.device = device


class Heard(Step):
    def __init__(self, *packets):
        self.frames = [p.frame for p in packets]


class FromHere(Step):
    """The row's counts begin here: what came before was to prepare."""


class Wait(Step):
    """Until a shell command succeeds."""

    def __init__(self, command):
        self.command = command


ROWS = []


class Row:
    def __init__(self, name, steps, counts):
        self.name, self.steps, self.counts = name, steps, counts


def row(name, *steps, counts=""):
    """Adds a row to the table.

    counts: all counters of `halbctl stats` that change, with by how much: "direct 2, lro 1";
        "probe-sent 1-3" from one to three.
        What is not named must stay. Only `rerouted` may change unnamed: it does so whenever
        a route is looked up for the first time.
    """
    want = {}
    for item in filter(None, (c.strip() for c in counts.split(","))):
        counter, number = item.split()
        least, _, most = number.partition("-")
        want[counter] = range(int(least), int(most or least) + 1)
    assert name not in (r.name for r in ROWS), f"two rows are called {name!r}"
    ROWS.append(Row(name, list(steps), want))


_port = 20000


def port():
    """A client's port that no other row has: so each has a connection of its own."""
    global _port
    _port += 1
    return _port


# --- what becomes of a packet ----------------------------------------------------------------

def checksum(data, start=0):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = start + sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def hop(packet, by=1):
    """RFC 1812, 5.3.1: a router lowers the TTL; nothing else changes but the checksum."""
    p = packet.copy()
    if IPv6 in p and p.name == "IPv6":
        p.hlim -= by
    else:
        p.ttl -= by
        if hasattr(p, "chksum"):
            p.chksum = None
    return p


def readdress(packet, source=None, to=None, sport=None, dport=None):
    """RFC 3022: other addresses and ports, and right checksums for them."""
    p = packet.copy()
    if source:
        p.src = source
    if to:
        p.dst = to
    if p.name == "IP":
        p.chksum = None
    for layer in TCP, UDP:
        if layer in p:
            if sport:
                p[layer].sport = sport
            if dport:
                p[layer].dport = dport
            if not (layer is UDP and p[layer].chksum == 0):
                p[layer].chksum = None
    return p


def tunnel(f, packet, to, ttl=64, df=None):
    """RFC 2003 (IPv4) and 2473 (IPv6): the packet in one from the director to the server;
    RFC 2983 and 6040: DSCP and ECN copied; RFC 2003, 3.1: DF copied if it is set."""
    inner = bytes(packet)
    if f.v6:
        tos = (inner[0] & 15) << 4 | inner[1] >> 4
        return IPv6(src=f.d1, dst=to, hlim=ttl, tc=tos, nh=41) / Raw(inner)
    df = inner[6] >> 6 & 1 if df is None else df
    return IP(src=f.d1, dst=to, ttl=ttl, tos=inner[1], flags="DF" if df else 0,
              proto=4) / Raw(inner)


def to_server(f, method, packet, server=None, to=None, **options):
    """The step in which a client's packet leaves for its server, by nat, dr or tun."""
    server = server or f.s1
    to = to or (MAC_ROUTER if server == f.far else MAC_S1)
    lowered = hop(packet)
    if method == "nat":
        return Out(SERVER, readdress(lowered, to=server, dport=REAL), to=to, **options)
    if method == "tun":
        return Out(SERVER, tunnel(f, lowered, server), to=to, fresh_id=True, **options)
    return Out(SERVER, lowered, to=to, **options)


def spoil(packet, by=0x0101):
    """A copy whose TCP or UDP checksum is wrong by this much."""
    p = packet.copy()
    for layer in TCP, UDP:
        if layer in p:
            p[layer].chksum = None
            right = p.__class__(bytes(p))[layer].chksum
            total = right + by
            p[layer].chksum = (total & 0xffff) + (total >> 16)
    return p


def partial(packet):
    """A packet of a virtual machine or a program: its TCP or UDP checksum is yet to be
    computed (CHECKSUM_PARTIAL), and holds the sum of the pseudo header."""
    raw = bytes(packet)
    v6 = raw[0] >> 4 == 6
    start = 40 if v6 else (raw[0] & 15) * 4
    proto = raw[6] if v6 else raw[9]
    addresses = raw[8:40] if v6 else raw[12:20]
    length = len(raw) - start
    pseudo = ~checksum(addresses + length.to_bytes(4, "big") + proto.to_bytes(4, "big")) & 0xffff
    offset = 16 if proto == 6 else 6
    at = start + offset
    p = Bytes(raw[:at] + pseudo.to_bytes(2, "big") + raw[at + 2:])
    p.vnet = {"flags": 1, "csum_start": 14 + start, "csum_offset": offset}
    return p


class Bytes(bytes):
    """Bytes that carry a virtio header with them."""


GSO_TCP4, GSO_UDP_FRAGMENTS, GSO_TCP6, GSO_ECN = 1, 3, 4, 0x80


def super_packet(packet, mss, kind=None):
    """A TCP packet that stands for several of `mss` bytes each (GRO, TSO)."""
    p = partial(packet)
    v6 = p[0] >> 4 == 6
    start = p.vnet["csum_start"]
    header = start + (p[start - 14 + 12] >> 4) * 4
    ecn = GSO_ECN if packet[TCP].flags & 0x80 else 0
    p.vnet.update(gso_type=kind or (GSO_TCP6 if v6 else GSO_TCP4) | ecn, gso_size=mss,
                  hdr_len=header)
    return p


def segments(packet, mss):
    """The packets that a super-packet stands for: RFC 9293; RFC 3168, 6.1.2 (CWR is in the
    first alone); PSH and FIN are in the last; the identification counts up."""
    data = bytes(packet[TCP].payload)
    parts = [data[i:i + mss] for i in range(0, len(data), mss)]
    for i, part in enumerate(parts):
        p = packet.copy()
        p[TCP].remove_payload()
        p = p / Raw(part)
        p[TCP].seq = packet[TCP].seq + i * mss
        if i < len(parts) - 1:
            p[TCP].flags = int(p[TCP].flags) & ~0x09
        if i:
            p[TCP].flags = int(p[TCP].flags) & ~0x80
        p[TCP].chksum = None
        if p.name == "IPv6":
            p.plen = None
        else:
            p.len = p.chksum = None
            p.id = packet.id + i
        yield p


def cut(length, size):
    return [min(at + size, length) for at in range(0, length, size)]


def fragments4_at(packet, ends):
    """RFC 791: the packet's data in fragments that end there."""
    raw = bytes(packet)
    hlen = (raw[0] & 15) * 4
    df = int.from_bytes(raw[6:8], "big") & 0x4000
    at = 0
    for end in ends:
        more = 0x2000 if end < ends[-1] else 0
        head = bytearray(raw[:hlen])
        head[2:4] = (hlen + end - at).to_bytes(2, "big")
        head[6:8] = (df | more | at // 8).to_bytes(2, "big")
        head[10:12] = b"\0\0"
        head[10:12] = checksum(bytes(head)).to_bytes(2, "big")
        yield bytes(head) + raw[hlen + at:hlen + end]
        at = end


def fragments6_at(packet, ends, identification):
    """RFC 8200, 4.5: the same, with a fragment header after the IPv6 header."""
    raw = bytes(packet)
    at = 0
    for end in ends:
        more = 1 if end < ends[-1] else 0
        head = bytearray(raw[:40])
        head[4:6] = (8 + end - at).to_bytes(2, "big")
        head[6] = 44
        yield bytes(head) + bytes([raw[6], 0]) + (at | more).to_bytes(2, "big") + \
            identification.to_bytes(4, "big") + raw[40 + at:40 + end]
        at = end


def fragments_at(f, packet, ends, identification=0x1234):
    return list(fragments6_at(packet, ends, identification) if f.v6 else
                fragments4_at(packet, ends))


def fragments(f, packet, size, identification=0x1234):
    """Fragments with `size` bytes of data each, the last one shorter."""
    return fragments_at(f, packet, cut(len(bytes(packet)) - f.header, size), identification)


def fragments4(packet, size):
    return fragments(V4, packet, size)


# --- ICMP ---------------------------------------------------------------------------------------

UNREACHABLE, TIME_EXCEEDED, TOO_BIG, PARAMETER = "unreachable", "time", "big", "parameter"


def error(f, kind, quoted, mtu=0, code=None):
    """An ICMP error (RFC 792, RFC 4443) without its IP header; quotes the packet as it is."""
    quoted = bytes(quoted)
    if f.v6:
        head = {UNREACHABLE: lambda: ICMPv6DestUnreach(code=4 if code is None else code),
                TIME_EXCEEDED: lambda: ICMPv6TimeExceeded(code=code or 0),
                TOO_BIG: lambda: ICMPv6PacketTooBig(mtu=mtu),
                PARAMETER: lambda: ICMPv6ParamProblem(code=code or 0, ptr=6)}[kind]()
    else:
        head = {UNREACHABLE: lambda: ICMP(type=3, code=3 if code is None else code),
                TIME_EXCEEDED: lambda: ICMP(type=11, code=code or 0),
                TOO_BIG: lambda: ICMP(type=3, code=4, nexthopmtu=mtu),
                PARAMETER: lambda: ICMP(type=12, code=code or 0, ptr=6)}[kind]()
    return head / Raw(quoted)


def own_error(f, kind, quoted, mtu=0, code=None, to=None, side=CLIENT, mac=None):
    """The step in which the director itself sends an ICMP error about a packet: from its
    address on that side, with as much of the packet as fits into 576 (RFC 1812, 4.3.2.3) or
    1280 (RFC 4443, 2.4) bytes; precedence "internetwork control" (RFC 1812, 4.3.2.5)."""
    quoted = bytes(quoted)
    source = getattr(f, side)
    if f.v6:
        return Out(side, f.ip(source, to or f.client) /
                   error(f, kind, quoted[:1280 - 48], mtu, code), to=mac)
    return Out(side, f.ip(source, to or f.client, tos=0xc0) /
               error(f, kind, quoted[:576 - 28], mtu, code), fresh_id=True, to=mac)
