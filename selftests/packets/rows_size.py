# SPDX-License-Identifier: GPL-2.0
"""Sizes: MTU, fragments in and out, super-packets, and how a packet lies in memory."""
from net import (CLIENT, Do, FAMILIES, FromHere, GSO_UDP_FRAGMENTS, Heard, IP, In, Listen, MAC_ROUTER,
                 METHODS, NAT, NAT_FAR, Offload, Out, REAL, Raw, SERVER, TCP, TOO_BIG, TUN,
                 TUN_FAR, Together, UDP, V4, V6, checksum, fragments, fragments4, fragments_at,
                 hop, own_error, partial, port, readdress, row, segments, super_packet, to_server,
                 tunnel)


def datagram(f, vport, length, **fields):
    """A packet of so many bytes in all."""
    data = bytes(i % 251 for i in range(length - f.header - 8))
    return f.ip(f.client, f.vip, **fields) / UDP(sport=port(), dport=vport) / data


def after(f, method, packet):
    """The packet as it leaves for s1, without its link layer header."""
    lowered = hop(packet)
    if method == "nat":
        return readdress(lowered, to=f.s1, dport=REAL)
    return tunnel(f, lowered, f.s1) if method == "tun" else lowered


def mtu(size):
    return Do(f"ip link set d1 mtu {size}", "ip link set d1 mtu 1500")


def pieces(f, packet, size):
    """A whole packet's fragments for a link with this MTU."""
    room = size - f.header - (8 if f.v6 else 0)
    return [Out(SERVER, p, fresh_id=True) for p in fragments(f, packet, room & ~7)]


# --- the MTU of the way out -------------------------------------------------------------------------

for f in FAMILIES:
    df = {} if f.v6 else {"flags": "DF"}
    for method, vport in METHODS.items():
        limit = 1400 - (f.header if method == "tun" else 0)
        exact, large = datagram(f, vport, limit, **df), datagram(f, vport, limit + 1, **df)
        row(f"{f} {method}: {limit} bytes pass an MTU of 1400, {limit + 1} are too big",
            mtu(1400),
            In(CLIENT, exact), to_server(f, method, exact),
            In(CLIENT, large), own_error(f, TOO_BIG, large, limit),
            counts="direct 1, packet-too-big 1, icmp-sent 1")

for method, vport in METHODS.items():
    limit = 1400 - (20 if method == "tun" else 0)
    large = datagram(V4, vport, limit + 1, id=0x4242)
    row(f"IPv4 {method}: without DF, {limit + 1} bytes leave in fragments",
        mtu(1400), In(CLIENT, large), *pieces(V4, after(V4, method, large), 1400),
        counts="fragmented 1")

large = datagram(V6, TUN, 1280)
row("IPv6 tun: 1280 bytes always pass, by fragments of the outer packet (RFC 2473, 7.1)",
    mtu(1300), In(CLIENT, large), *pieces(V6, after(V6, "tun", large), 1300),
    counts="fragmented 1")
large = datagram(V6, TUN, 1281)
row("IPv6 tun: 1281 bytes do not, and the client is told 1280, since nobody sends less",
    mtu(1300), In(CLIENT, large), own_error(V6, TOO_BIG, large, 1280),
    counts="packet-too-big 1, icmp-sent 1")

# --- a reply too big for the way to the client ---------------------------------------------------------

for f in FAMILIES:
    df = {} if f.v6 else {"flags": "DF"}
    p = port()
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    reply = f.ip(f.s1, f.client, **df) / UDP(sport=REAL, dport=p) / (b"r" * (1301 - f.header - 8))
    row(f"{f} nat: a reply too big for the way to the client: the server is told",
        Do("ip link set d0 mtu 1300", "ip link set d0 mtu 1500"),
        In(CLIENT, ask), to_server(f, "nat", ask),
        In(SERVER, reply), own_error(f, TOO_BIG, reply, 1300, to=f.s1, side=SERVER),
        counts="direct 1, packet-too-big 1, icmp-sent 1")

# --- fragments in -------------------------------------------------------------------------------------

for f in FAMILIES:
    for method, vport in METHODS.items():
        for name, order in ("in order", (0, 1, 2)), ("the last one first", (2, 1, 0)):
            whole = datagram(f, vport, 2400 + f.header)
            parts = fragments(f, whole, 1000)
            sent = after(f, method, whole)
            # IPv6's parts are not cut anew: they are as long as they were, the first has the header.
            cuts = None if method != "tun" else (1040, 2040, 2440) if f.v6 else (1480, 2420)
            out = [Out(SERVER, p, fresh_id=True) for p in fragments_at(f, sent, cuts)] if cuts else \
                [Out(SERVER, p, fresh_id=f.v6) for p in fragments(f, sent, 1000)]
            row(f"{f} {method}: three fragments, {name}: "
                + ("the whole goes into the tunnel" if method == "tun" else "they leave as they came"),
                *[In(CLIENT, parts[i]) for i in order], *out, counts="fragmented 1")
        whole = datagram(f, vport, 700)
        parts = fragments(f, whole, 400)
        sent = after(f, method, whole)
        out = [Out(SERVER, sent, fresh_id=True)] if method == "tun" else \
            [Out(SERVER, p, fresh_id=f.v6) for p in fragments(f, sent, 400)]
        row(f"{f} {method}: small fragments "
            + ("become one packet in the tunnel" if method == "tun" else "stay small"),
            *[In(CLIENT, p) for p in parts], *out,
            counts="direct 1" if method == "tun" else "fragmented 1")

    p = port()
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    reply = f.ip(f.s1, f.client, **({} if f.v6 else {"id": 99})) / UDP(sport=REAL, dport=p) / (b"reply" * 500)
    told = readdress(hop(reply), source=f.vip, sport=NAT)
    row(f"{f} nat: a reply in fragments",
        In(CLIENT, ask), to_server(f, "nat", ask),
        *[In(SERVER, x) for x in fragments(f, reply, 1200)],
        *[Out(CLIENT, x, fresh_id=f.v6) for x in fragments(f, told, 1200)],
        counts="direct 1, fragmented 1")

    whole = datagram(f, NAT, 2000, **({} if f.v6 else {"id": 0x6161}))
    row(f"{f} nat: a fragment that remains alone waits",
        In(CLIENT, fragments(f, whole, 1000, identification=0x6161)[0]))
    whole = datagram(f, NAT, 2400 + f.header, **({} if f.v6 else {"id": 0x5151}))
    a, b, c = fragments(f, whole, 1000, identification=0x5151)
    wrong = datagram(f, NAT, 2400 + f.header, **({} if f.v6 else {"id": 0x5151}))
    overlap = bytearray(fragments(f, wrong, 1000, identification=0x5151)[1])
    at = 42 if f.v6 else 6
    offset = int.from_bytes(overlap[at:at + 2], "big") - (8 if f.v6 else 1)
    overlap[at:at + 2] = offset.to_bytes(2, "big")
    if not f.v6:
        overlap[10:12] = b"\0\0"
        overlap[10:12] = checksum(bytes(overlap[:20])).to_bytes(2, "big")
    row(f"{f} nat: fragments that overlap: nothing of it leaves (RFC 5722)",
        In(CLIENT, a), In(CLIENT, bytes(overlap)), In(CLIENT, c),
        counts="bad-header 1" if f.v6 else "")

    whole = datagram(f, NAT, 60000)
    sent = after(f, "nat", whole)
    row(f"{f} nat: 60000 bytes in fragments",
        *[In(CLIENT, x) for x in fragments(f, whole, 1448)],
        *[Out(SERVER, x, fresh_id=f.v6) for x in fragments(f, sent, 1448)], counts="fragmented 1")

whole = datagram(V6, NAT, 200)
row("IPv6 nat: a fragment header on a whole packet has nothing to do with other fragments (RFC 6946)",
    In(CLIENT, fragments(V6, whole, 1000, identification=0x6161)[0]),
    Out(SERVER, fragments(V6, after(V6, "nat", whole), 1000, identification=0x6161)[0]),
    counts="direct 1")

for method in "nat", "dr":
    whole = datagram(V4, METHODS[method], 2400 + 20, flags="DF", id=0x77)
    parts = [bytes(p) for p in fragments4(whole, 1000)]
    sent = after(V4, method, whole)
    sent.flags = 0      # as the stack does when it forwards them
    row(f"IPv4 {method}: fragments with DF keep their size",
        *[In(CLIENT, p) for p in parts],
        *[Out(SERVER, p) for p in fragments4(sent, 1000)], counts="fragmented 1")

# --- super-packets ---------------------------------------------------------------------------------------

for f in FAMILIES:
    df = {} if f.v6 else {"flags": "DF", "id": 100}
    tso = "tso6" if f.v6 else "tso4"
    for method, vport in METHODS.items():
        p = port()
        syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="S", seq=1000)
        data = bytes(i % 253 for i in range(2500))
        big = f.ip(f.client, f.vip, tos=2, **df) / TCP(sport=p, dport=vport, flags="PA", seq=1001,
                                                       ack=7, options=[("Timestamp", (1, 2))]) / data
        row(f"{f} {method}: a super-packet leaves as three",
            In(CLIENT, syn), to_server(f, method, syn),
            In(CLIENT, super_packet(big, 1000)),
            *[to_server(f, method, s) for s in segments(big, 1000)], counts="direct 2")

        p = port()
        syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="S", seq=1000)
        cwr = f.ip(f.client, f.vip, **df) / TCP(sport=p, dport=vport, flags=0x80 | 0x19, seq=1001,
                                                ack=7) / data
        row(f"{f} {method}: CWR in the first packet of a super-packet, FIN in the last",
            In(CLIENT, syn), to_server(f, method, syn),
            In(CLIENT, super_packet(cwr, 1200)),
            *[to_server(f, method, s) for s in segments(cwr, 1200)], counts="direct 2")

        limit = 1400 - (f.header if method == "tun" else 0)
        mss = limit - f.header - 20
        p = port()
        syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="S", seq=1000)
        fits = f.ip(f.client, f.vip, **df) / TCP(sport=p, dport=vport, flags="A", seq=1001, ack=7) / data
        large = super_packet(fits, mss + 1)
        row(f"{f} {method}: super-packets: the size of their segments counts: {limit} pass, {limit + 1} not",
            mtu(1400),
            In(CLIENT, syn), to_server(f, method, syn),
            In(CLIENT, super_packet(fits, mss)),
            *[to_server(f, method, s) for s in segments(fits, mss)],
            In(CLIENT, large), own_error(f, TOO_BIG, large, limit),
            counts="direct 2, packet-too-big 1, icmp-sent 1")

    for method in "nat", "dr":
        vport = METHODS[method]
        p = port()
        syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="S", seq=1000)
        big = f.ip(f.client, f.vip, **df) / TCP(sport=p, dport=vport, flags="A", seq=1001, ack=7) / data
        out = super_packet(after(f, method, big), 1000)
        row(f"{f} {method}: a super-packet stays one for a device that takes it",
            Offload(SERVER, "csum", tso),
            In(CLIENT, syn), to_server(f, method, syn),
            In(CLIENT, super_packet(big, 1000)),
            Out(SERVER, out, vnet={k: out.vnet[k] for k in ("flags", "gso_type", "gso_size",
                                                            "csum_start", "csum_offset")}),
            counts="direct 2")

    p = port()
    syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=NAT, flags="S", seq=1000)
    back = f.ip(f.s1, f.client, **df) / TCP(sport=REAL, dport=p, flags="PA", seq=1, ack=1001) / data
    told = readdress(hop(back), source=f.vip, sport=NAT)
    row(f"{f} nat: a super-packet as a reply",
        In(CLIENT, syn), to_server(f, "nat", syn),
        In(SERVER, super_packet(back, 1000)),
        *[Out(CLIENT, s) for s in segments(told, 1000)], counts="direct 2")

for method, vport in METHODS.items():
    limit = 1400 - (20 if method == "tun" else 0)
    p = port()
    syn = V4.ip(V4.client, V4.vip) / TCP(sport=p, dport=vport, flags="S", seq=1000)
    big = V4.ip(V4.client, V4.vip, id=50) / TCP(sport=p, dport=vport, flags="PA", seq=1001, ack=7) / \
        bytes(i % 253 for i in range(2880))
    row(f"IPv4 {method}: a super-packet without DF whose segments are too big: fragments of segments",
        mtu(1400),
        In(CLIENT, syn), to_server(V4, method, syn),
        In(CLIENT, super_packet(big, 1440)),
        *[x for s in segments(big, 1440) for x in pieces(V4, after(V4, method, s), 1400)],
        counts="direct 1, segmented 1, fragmented 2")

    whole = datagram(V4, vport, 2400 + 20, id=3)
    sent = partial(whole)
    sent.vnet.update(gso_type=GSO_UDP_FRAGMENTS, gso_size=1000, hdr_len=28)
    row(f"IPv4 {method}: a datagram that a virtual machine left to us to fragment",
        In(CLIENT, sent),
        *([Out(SERVER, tunnel(V4, Raw(x), V4.s1), fresh_id=True) for x in fragments4(hop(whole), 1000)]
          if method == "tun" else
          [Out(SERVER, x) for x in fragments4(after(V4, method, whole), 1000)]),
        counts="direct 1")

# --- datagrams that GRO has put together: as one with segments, or as a list ------------------------------------

MERGE = {"UDP GSO": Do("ethtool -K d3 gro on rx-udp-gro-forwarding on", "ethtool -K d3 rx-udp-gro-forwarding off"),
         "a list": Do("ethtool -K d3 gro on rx-gro-list on", "ethtool -K d3 rx-gro-list off")}
MERGED = {"UDP GSO": "direct 1", "a list": "direct 3, segmented 1"}


def train(f, source, to, sport, dport, size=300, last=100):
    """Three datagrams of one flow, the last one shorter, as GRO wants them."""
    return [f.ip(source, to, **({} if f.v6 else {"flags": "DF", "id": 40 + n})) / UDP(sport=sport, dport=dport) /
            bytes(i * (n + 1) % 255 for i in range(last if n == 2 else size)) for n in range(3)]


for f in FAMILIES:
    for name, merge in MERGE.items():
        for method, vport in METHODS.items():
            three = train(f, f.client, f.vip, port(), vport)
            row(f"{f} {method}: three datagrams that GRO makes {name} of leave as three",
                merge, Together(*three), *[to_server(f, method, p) for p in three], counts=MERGED[name])
        p = port()
        ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
        three = train(f, f.s1, f.client, REAL, p)
        row(f"{f} nat: three replies that GRO makes {name} of",
            merge, In(CLIENT, ask), to_server(f, "nat", ask), FromHere(),
            Together(*three), *[Out(CLIENT, readdress(hop(x), source=f.vip, sport=NAT)) for x in three],
            counts=MERGED[name])

    for method, vport in METHODS.items():
        limit = 1400 - (f.header if method == "tun" else 0)
        room = limit - f.header - 8
        three = train(f, f.client, f.vip, port(), vport, size=room)
        row(f"{f} {method}: UDP GSO: datagrams of {limit} bytes pass an MTU of 1400",
            mtu(1400), MERGE["UDP GSO"], Together(*three), *[to_server(f, method, p) for p in three], counts="direct 1")
        three = train(f, f.client, f.vip, port(), vport, size=room + 1)
        whole = f.ip(f.client, f.vip, **({} if f.v6 else {"flags": "DF", "id": 40})) / \
            UDP(sport=three[0][UDP].sport, dport=vport) / b"".join(bytes(p[UDP].payload) for p in three)
        row(f"{f} {method}: UDP GSO: those of {limit + 1} bytes do not",
            mtu(1400), MERGE["UDP GSO"], Together(*three), own_error(f, TOO_BIG, partial(whole), limit),
            counts="packet-too-big 1, icmp-sent 1")

# --- LRO: what nobody can take apart again is not forwarded. It lies in pages, as the one here does ---------------

CARD = Do("insmod $CARD", "rmmod card")
for f in FAMILIES:
    for method, vport in METHODS.items():
        p = port()
        ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=vport) / b"ask"
        lro = f.ip(f.client, f.vip, tos=0x5c) / UDP(sport=p, dport=vport) / (b"segment!" * 640)
        row(f"{f} {method}: what a card has put together by LRO is dropped",
            CARD, In(CLIENT, ask), to_server(f, method, ask), In(CLIENT, lro, linear=f.header + 8),
            counts="direct 1, lro 1")
    p = port()
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    lro = f.ip(f.s1, f.client, tos=0x5c) / UDP(sport=REAL, dport=p) / (b"segment!" * 640)
    row(f"{f} nat: so is such a reply",
        CARD, In(CLIENT, ask), to_server(f, "nat", ask), In(SERVER, lro, linear=f.header + 8),
        counts="direct 1, lro 1")

# --- how it lies in memory ---------------------------------------------------------------------------------

for f in FAMILIES:
    for method, vport in METHODS.items():
        # What fits into a page comes in one piece, whatever is asked for.
        first, second = datagram(f, vport, 5000), datagram(f, vport, 6000)
        row(f"{f} {method}: packets of which only the IP header is in the linear part",
            mtu(9000), In(CLIENT, first, linear=f.header), to_server(f, method, first),
            In(CLIENT, second, linear=f.header), to_server(f, method, second), counts="direct 2")
        first, second = datagram(f, vport, 600), datagram(f, vport, 600)
        got = In(CLIENT, first), In(CLIENT, second)
        row(f"{f} {method}: tcpdump is running and sees the packets as they came",
            Listen("d0"), got[0], to_server(f, method, first), got[1], to_server(f, method, second),
            Heard(*got), counts="direct 2")
    p = port()
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    reply = f.ip(f.s1, f.client) / UDP(sport=REAL, dport=p) / b"answer"
    got = In(SERVER, reply)
    row(f"{f} nat: a reply that tcpdump sees too",
        In(CLIENT, ask), to_server(f, "nat", ask),
        Listen("d1"), got, Out(CLIENT, readdress(hop(reply), source=f.vip, sport=NAT)),
        Heard(got), counts="direct 2")

# A device with a large header of its own: GRE, whose header comes before what halb sends.
for method, vport in ("nat", NAT_FAR), ("tun", TUN_FAR):
    packet = datagram(V4, vport, 300)
    lowered = hop(packet)
    inner = readdress(lowered, to=V4.far, dport=REAL) if method == "nat" else None
    if method == "nat":
        row("IPv4 nat: a way out that needs much headroom",
            Do("ip link add g1 type gre local 10.2.0.1 remote 10.2.0.254 ttl 9 && ip link set g1 up && "
               "ip route add 10.6.0.0/24 dev g1", "ip link del g1"),
            In(CLIENT, packet),
            Out(SERVER, IP(src="10.2.0.1", dst="10.2.0.254", ttl=9, proto=47, flags="DF", id=0) /
                Raw(b"\0\0\x08\0") / Raw(bytes(inner)), to=MAC_ROUTER, fresh_id=True),
            counts="direct 1")
