# SPDX-License-Identifier: GPL-2.0
"""ICMP errors, from both sides and from routers between, and those that the director sends."""
from net import (CLIENT, DR, Do, FAMILIES, ICMP, ICMPv6EchoRequest, IPOption, IPv6ExtHdrDestOpt,
                 In, MAC_CLIENT_ROUTER, MAC_ROUTER, METHODS, NAT, NAT_FAR, Out, PARAMETER, PadN,
                 REAL, Raw, SERVER, TCP, TIME_EXCEEDED, TOO_BIG, TUN_FAR, UDP, UNREACHABLE, V4,
                 V6, error, hop, own_error, port, readdress, row, to_server, tunnel)

KINDS = {UNREACHABLE: 0, TIME_EXCEEDED: 0, TOO_BIG: 1400, PARAMETER: 0}


def flow(f, method, l4=UDP, vport=None, **options):
    """A new flow's port, and the steps that make it known."""
    p = port()
    vport = vport or METHODS[method]
    first = f.ip(f.client, f.vip) / (l4(sport=p, dport=vport, flags="S", seq=1000) if l4 is TCP
                                     else l4(sport=p, dport=vport) / b"first")
    return p, [In(CLIENT, first), to_server(f, method, first, **options)]


def to_s1(f, method, source, head):
    """The error that came from there about a reply, on its way to the server."""
    lowered = hop(f.ip(source, f.vip) / head)
    if method == "tun":
        return Out(SERVER, tunnel(f, lowered, f.s1), fresh_id=True)
    return Out(SERVER, lowered)


# --- from the client's side, about what the server sent -----------------------------------------

for f in FAMILIES:
    for method, vport in METHODS.items():
        for kind, mtu in KINDS.items():
            p, steps = flow(f, method)
            reply = f.ip(f.vip, f.client, ttl=60) / UDP(sport=vport, dport=p) / b"reply"
            got = f.ip(f.client, f.vip) / error(f, kind, reply, mtu)
            if method == "nat":
                sent = readdress(reply, source=f.s1, sport=REAL)
                out = Out(SERVER, f.ip(f.client, f.s1, ttl=63) / error(f, kind, sent, mtu))
            else:
                out = to_s1(f, method, f.client, error(f, kind, reply, mtu))
            row(f"{f} {method}: {kind} from the client, about a reply: to the server",
                *steps, In(CLIENT, got), out, counts="direct 2")

    p, steps = flow(f, "nat", TCP)
    reply = f.ip(f.vip, f.client, ttl=60) / TCP(sport=NAT, dport=p, flags="SA", seq=9, ack=1001)
    sent = readdress(reply, source=f.s1, sport=REAL)
    row(f"{f} nat: too big, from a router before the client, about TCP",
        *steps,
        In(CLIENT, f.ip(f.client_router, f.vip) / error(f, TOO_BIG, reply, 1300),
           sender=MAC_CLIENT_ROUTER),
        Out(SERVER, f.ip(f.client_router, f.s1, ttl=63) / error(f, TOO_BIG, sent, 1300)),
        counts="direct 2")

    # --- from the servers' side, about what the director sent to a nat server ----------------------
    for kind, mtu in KINDS.items():
        for l4 in UDP, TCP:
            p, steps = flow(f, "nat", l4)
            sent = f.ip(f.client, f.s1, ttl=63) / (
                UDP(sport=p, dport=REAL) / b"first" if l4 is UDP else
                TCP(sport=p, dport=REAL, flags="S", seq=1000))
            told = readdress(sent, to=f.vip, dport=NAT)
            row(f"{f} nat: {kind} from the server, about {l4.__name__}: to the client, from the VIP",
                *steps,
                In(SERVER, f.ip(f.s1, f.client) / error(f, kind, sent, mtu)),
                Out(CLIENT, f.ip(f.vip, f.client, ttl=63) / error(f, kind, told, mtu)),
                counts="direct 2")
        p, steps = flow(f, "nat", vport=NAT_FAR, server=f.far)
        sent = f.ip(f.client, f.far, ttl=62) / UDP(sport=p, dport=REAL) / b"first"
        told = readdress(sent, to=f.vip, dport=NAT_FAR)
        row(f"{f} nat: {kind} from a router between: to the client, in the router's name",
            *steps,
            In(SERVER, f.ip(f.router, f.client) / error(f, kind, sent, mtu), sender=MAC_ROUTER),
            Out(CLIENT, f.ip(f.router, f.client, ttl=63) / error(f, kind, told, mtu)),
            counts="direct 2")

    # --- what is quoted, and how much of it ---------------------------------------------------------
    p, steps = flow(f, "nat", TCP)
    sent = bytes(f.ip(f.client, f.s1, ttl=63) / TCP(sport=p, dport=REAL, flags="S", seq=1000))
    told = bytes(readdress(f.ip(f.client, f.s1, ttl=63) /
                           TCP(sport=p, dport=REAL, flags="S", seq=1000), to=f.vip, dport=NAT))
    row(f"{f} nat: an error that quotes only eight bytes of TCP",
        *steps,
        In(SERVER, f.ip(f.s1, f.client) / error(f, UNREACHABLE, sent[:f.header + 8])),
        Out(CLIENT, f.ip(f.vip, f.client, ttl=63) / error(f, UNREACHABLE, told[:f.header + 8])),
        counts="direct 2")
    for short in (7, 0):
        p, steps = flow(f, "nat", TCP)
        sent = bytes(f.ip(f.client, f.s1, ttl=63) / TCP(sport=p, dport=REAL, flags="S", seq=1000))
        lost = f.ip(f.s1, f.client) / error(f, UNREACHABLE, sent[:f.header + short])
        row(f"{f} nat: an error that quotes {short} bytes of TCP is the stack's",
            *steps, In(SERVER, lost), Out(CLIENT, hop(lost)), counts="direct 1")
    p, steps = flow(f, "nat")
    big = f.ip(f.client, f.s1, ttl=63) / UDP(sport=p, dport=REAL) / (b"much" * 300)
    told = bytes(readdress(big, to=f.vip, dport=NAT))[:500]
    row(f"{f} nat: an error that quotes a part of a large datagram",
        *steps,
        In(SERVER, f.ip(f.s1, f.client) / error(f, UNREACHABLE, bytes(big)[:500])),
        Out(CLIENT, f.ip(f.vip, f.client, ttl=63) / error(f, UNREACHABLE, told)),
        counts="direct 2")
    p, steps = flow(f, "nat")
    spoilt = f.ip(f.client, f.s1, ttl=63) / UDP(sport=p, dport=REAL, chksum=0) / b"first"
    told = f.ip(f.client, f.vip, ttl=63) / UDP(sport=p, dport=NAT, chksum=0) / b"first"
    row(f"{f} nat: a quoted datagram without a checksum keeps none",
        *steps,
        In(SERVER, f.ip(f.s1, f.client) / error(f, UNREACHABLE, spoilt)),
        Out(CLIENT, f.ip(f.vip, f.client, ttl=63) / error(f, UNREACHABLE, told)),
        counts="direct 2")

    # --- what is not believed, or nobody's --------------------------------------------------------
    for side, source, dest, fields in \
            (CLIENT, f.client, f.vip, lambda p: (f.vip, f.client, NAT, p)), \
            (SERVER, f.s1, f.client, lambda p: (f.client, f.s1, p, REAL)):
        p, steps = flow(f, "nat")
        a, b, sport, dport = fields(p)
        quoted = f.ip(a, b, ttl=60) / UDP(sport=sport, dport=dport) / b"quoted"
        wrong = bytearray(bytes(f.ip(source, dest) / error(f, UNREACHABLE, quoted)))
        wrong[-1] ^= 0x40
        row(f"{f} nat: an error with a wrong checksum, from {side}: dropped",
            *steps, In(side, bytes(wrong)), counts="direct 1, icmp-bad 1")
    quoted = f.ip(f.vip, f.client, ttl=60) / UDP(sport=NAT, dport=port()) / b"unknown"
    stray = f.ip(f.client, f.vip) / error(f, UNREACHABLE, quoted)
    row(f"{f}: an error about no known flow is the stack's",
        In(CLIENT, stray), Out(SERVER, hop(stray), to=MAC_ROUTER))
    quoted = f.ip(f.vip, f.client, ttl=60, **({"nh": 132} if f.v6 else {"proto": 132})) / Raw(b"12345678")
    stray = f.ip(f.client, f.vip) / error(f, UNREACHABLE, quoted)
    row(f"{f}: an error about another protocol is the stack's",
        In(CLIENT, stray), Out(SERVER, hop(stray), to=MAC_ROUTER))
    ping = f.ip(f.client, f.vip) / (ICMPv6EchoRequest(id=1, seq=2, data=b"ping") if f.v6 else
                                    ICMP(type=8, id=1, seq=2) / b"ping")
    row(f"{f}: a ping of a VIP is the stack's",
        In(CLIENT, ping), Out(SERVER, hop(ping), to=MAC_ROUTER))
    p, steps = flow(f, "dr")
    quoted = f.ip(f.client, f.vip, ttl=62) / UDP(sport=p, dport=DR) / b"first"
    past = f.ip(f.router, f.client) / error(f, TIME_EXCEEDED, quoted)
    row(f"{f} dr: an error for the client, from beyond the director, passes",
        *steps, In(SERVER, past, sender=MAC_ROUTER), Out(CLIENT, hop(past)), counts="direct 1")
    p, steps = flow(f, "nat")
    quoted = f.ip(f.client, f.s1, ttl=63) / UDP(sport=p, dport=REAL) / b"first"
    row(f"{f} nat: an error whose TTL is spent is dropped, and no error is sent about it",
        *steps,
        In(SERVER, f.ip(f.s1, f.client, ttl=1) / error(f, UNREACHABLE, quoted)),
        counts="direct 1, ttl-exceeded 1")

    # --- tun: the director is the sender of the outer packet ---------------------------------------
    for kind, mtu, answer in \
            (UNREACHABLE, 0, {"kind": UNREACHABLE, "code": 3 if f.v6 else 1}), \
            (TIME_EXCEEDED, 0, {"kind": UNREACHABLE, "code": 3 if f.v6 else 1}), \
            (TOO_BIG, 1400, {"kind": TOO_BIG, "mtu": 1400 - f.header}):
        p, steps = flow(f, "tun", vport=TUN_FAR, server=f.far)
        df = {} if f.v6 else {"flags": "DF"}
        inner = f.ip(f.client, f.vip, ttl=63, **df) / UDP(sport=p, dport=TUN_FAR) / (b"x" * 200)
        outer = hop(tunnel(f, inner, f.far))
        got = f.ip(f.router, f.d1) / error(f, kind, outer, mtu, code=0 if f.v6 else 1)
        if kind == TOO_BIG:
            got = f.ip(f.router, f.d1) / error(f, kind, outer, mtu)
        row(f"{f} tun: {kind} from a router in the tunnel: the client is told, about its own packet "
            "(RFC 2003, 4; RFC 2473, 8)",
            *steps,
            Do("true", f"ip {'-6' if f.v6 else ''} route flush cache"),
            In(SERVER, got, sender=MAC_ROUTER),
            own_error(f, quoted=inner, **answer),
            counts="direct 1, icmp-sent 1")
    # Of the inner packet no more than its first eight bytes of UDP.
    p, steps = flow(f, "tun", vport=TUN_FAR, server=f.far)
    inner = bytes(f.ip(f.client, f.vip, ttl=63) / UDP(sport=p, dport=TUN_FAR) / (b"x" * 200))
    outer = bytes(tunnel(f, Raw(inner), f.far))
    got = f.ip(f.router, f.d1) / error(f, UNREACHABLE, outer[:2 * f.header + 8], code=0 if f.v6 else 1)
    row(f"{f} tun: an error that quotes only the beginning of the packet inside",
        *steps, In(SERVER, got, sender=MAC_ROUTER),
        own_error(f, UNREACHABLE, inner[:f.header + 8], code=3 if f.v6 else 1),
        counts="direct 1, icmp-sent 1")
    # What was learnt is used, for all flows to that server.
    p, steps = flow(f, "tun", vport=TUN_FAR, server=f.far)
    q = port()
    df = {} if f.v6 else {"flags": "DF"}
    limit = 1400 - f.header
    inner = f.ip(f.client, f.vip, ttl=63, **df) / UDP(sport=p, dport=TUN_FAR) / (b"x" * 1300)
    got = f.ip(f.router, f.d1) / error(f, TOO_BIG, bytes(tunnel(f, inner, f.far))[:400], 1400)
    fits = f.ip(f.client, f.vip, **df) / UDP(sport=q, dport=TUN_FAR) / (b"y" * (limit - f.header - 8))
    large = f.ip(f.client, f.vip, **df) / UDP(sport=q, dport=TUN_FAR) / (b"y" * (limit - f.header - 7))
    row(f"{f} tun: the path MTU is learnt: {limit} bytes pass, {limit + 1} do not",
        *steps,
        Do("true", f"ip {'-6' if f.v6 else ''} route flush cache"),
        In(SERVER, got, sender=MAC_ROUTER),
        own_error(f, TOO_BIG, bytes(inner)[:400 - f.header], limit),
        In(CLIENT, fits), to_server(f, "tun", fits, server=f.far),
        In(CLIENT, large), own_error(f, TOO_BIG, large, limit),
        counts="direct 2, icmp-sent 2, packet-too-big 1")
    p, steps = flow(f, "tun", vport=TUN_FAR, server=f.far)
    inner = f.ip(f.client, f.vip, ttl=63) / UDP(sport=p, dport=TUN_FAR) / b"x"
    got = f.ip(f.router, f.d1) / error(f, TOO_BIG, tunnel(f, inner, f.s1), 1400)
    row(f"{f} tun: an error about a packet to somebody who is not the flow's server is the stack's",
        *steps, In(SERVER, got, sender=MAC_ROUTER), counts="direct 1")
    p, steps = flow(f, "tun", vport=TUN_FAR, server=f.far)
    inner = f.ip(f.client, f.vip, ttl=63) / UDP(sport=p, dport=TUN_FAR) / b"x"
    wrong = bytearray(bytes(f.ip(f.router, f.d1) / error(f, TOO_BIG, tunnel(f, inner, f.far), 1400)))
    wrong[-1] ^= 0x40
    row(f"{f} tun: one with a wrong checksum as well",
        *steps, In(SERVER, bytes(wrong), sender=MAC_ROUTER), counts="direct 1")

    # --- the director's own: the VIP is not an address of it -----------------------------------------
    for method, vport in METHODS.items():
        p = port()
        spent = f.ip(f.client, f.vip, ttl=1) / UDP(sport=p, dport=vport) / b"spent"
        row(f"{f} {method}: a TTL of 1: time exceeded",
            In(CLIENT, spent), own_error(f, TIME_EXCEEDED, spent),
            counts="ttl-exceeded 1, icmp-sent 1")
    p = port()
    spent = f.ip(f.client, f.vip, ttl=0) / UDP(sport=p, dport=NAT) / b"spent"
    row(f"{f} nat: a TTL of 0",
        In(CLIENT, spent), own_error(f, TIME_EXCEEDED, spent),
        counts="ttl-exceeded 1, icmp-sent 1")
    p = port()
    spent = f.ip(f.client, f.vip, ttl=1) / UDP(sport=p, dport=NAT) / (b"spent" * 280)
    row(f"{f} nat: as much of the packet is quoted as may be",
        In(CLIENT, spent), own_error(f, TIME_EXCEEDED, spent),
        counts="ttl-exceeded 1, icmp-sent 1")
    p = port()
    spent = f.ip(f.far_client, f.vip, ttl=1) / UDP(sport=p, dport=NAT) / b"spent"
    row(f"{f} nat: a TTL of 1 from behind a router",
        In(CLIENT, spent, sender=MAC_CLIENT_ROUTER),
        own_error(f, TIME_EXCEEDED, spent, to=f.far_client, mac=MAC_CLIENT_ROUTER),
        counts="ttl-exceeded 1, icmp-sent 1")
    p, steps = flow(f, "nat")
    spent = f.ip(f.s1, f.client, ttl=1) / UDP(sport=REAL, dport=p) / b"spent"
    row(f"{f} nat: a reply with a TTL of 1: the server is told",
        *steps, In(SERVER, spent),
        own_error(f, TIME_EXCEEDED, spent, to=f.s1, side=SERVER),
        counts="direct 1, ttl-exceeded 1, icmp-sent 1")

# --- headers within the quote ------------------------------------------------------------------------

p, steps = flow(V4, "nat")
sent = V4.ip(V4.client, V4.s1, ttl=63, options=[IPOption(b"\x94\x04\0\0")]) / \
    UDP(sport=p, dport=REAL) / b"first"
row("IPv4 nat: the quoted packet has options",
    *steps,
    In(SERVER, V4.ip(V4.s1, V4.client) / error(V4, UNREACHABLE, sent)),
    Out(CLIENT, V4.ip(V4.vip, V4.client, ttl=63) /
        error(V4, UNREACHABLE, readdress(sent, to=V4.vip, dport=NAT))),
    counts="direct 2")
p, steps = flow(V6, "nat")
sent = V6.ip(V6.client, V6.s1, ttl=63) / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0\0\0\0")]) / \
    UDP(sport=p, dport=REAL) / b"first"
row("IPv6 nat: the quoted packet has extension headers",
    *steps,
    In(SERVER, V6.ip(V6.s1, V6.client) / error(V6, UNREACHABLE, sent)),
    Out(CLIENT, V6.ip(V6.vip, V6.client, ttl=63) /
        error(V6, UNREACHABLE, readdress(sent, to=V6.vip, dport=NAT))),
    counts="direct 2")
p, steps = flow(V6, "nat")
sent = V6.ip(V6.client, V6.s1, ttl=63) / UDP(sport=p, dport=REAL) / b"first"
options = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0\0\0\0")])
row("IPv6 nat: the error itself has extension headers",
    *steps,
    In(SERVER, V6.ip(V6.s1, V6.client) / options / error(V6, UNREACHABLE, sent)),
    Out(CLIENT, V6.ip(V6.vip, V6.client, ttl=63) / options /
        error(V6, UNREACHABLE, readdress(sent, to=V6.vip, dport=NAT))),
    counts="direct 2")
p, steps = flow(V4, "nat")
sent = bytearray(bytes(V4.ip(V4.client, V4.s1, ttl=63) / UDP(sport=p, dport=REAL) / b"first"))
sent[7] = 1         # fragment offset 8
stray = V4.ip(V4.s1, V4.client) / error(V4, UNREACHABLE, bytes(sent))
row("IPv4 nat: the quoted packet is a later fragment, which has no ports: the stack's",
    *steps, In(SERVER, stray), Out(CLIENT, hop(stray)), counts="direct 1")
for name, byte, value in ("another version", 0, 0x55), ("a header too short to be one", 0, 0x44):
    p, steps = flow(V4, "nat")
    sent = bytearray(bytes(V4.ip(V4.client, V4.s1, ttl=63) / UDP(sport=p, dport=REAL) / b"first"))
    sent[byte] = value
    stray = V4.ip(V4.s1, V4.client) / error(V4, UNREACHABLE, bytes(sent))
    row(f"IPv4 nat: the quoted packet has {name}: the stack's",
        *steps, In(SERVER, stray), Out(CLIENT, hop(stray)), counts="direct 1")
