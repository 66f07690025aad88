# SPDX-License-Identifier: GPL-2.0
"""Checksums: adjusted, never computed, whatever the device has said about them."""
from net import (CLIENT, CLOSED, Do, FAMILIES, IP, In, METHODS, NAT, Offload, Out, REAL, Raw,
                 SERVER, TCP, TIME_EXCEEDED, UDP, UNREACHABLE, V4, checksum, error, hop,
                 own_error, partial, port, readdress, row, spoil, to_server)

for f in FAMILIES:
    for l4 in UDP, TCP:
        p = port()
        first = f.ip(f.client, f.vip) / (l4(sport=p, dport=NAT, flags="S", seq=1) if l4 is TCP else
                                         l4(sport=p, dport=NAT)) / b"data"
        row(f"{f} nat: a wrong {l4.__name__} checksum stays as wrong as it was",
            In(CLIENT, spoil(first)),
            Out(SERVER, spoil(readdress(hop(first), to=f.s1, dport=REAL))),
            counts="direct 1")
        p = port()
        first = f.ip(f.client, f.vip) / (l4(sport=p, dport=NAT, flags="S", seq=1) if l4 is TCP else
                                         l4(sport=p, dport=NAT)) / b"data"
        reply = f.ip(f.s1, f.client) / (l4(sport=REAL, dport=p, flags="SA", seq=5, ack=2) if l4 is TCP
                                        else l4(sport=REAL, dport=p)) / b"answer"
        row(f"{f} nat: so does a reply's {l4.__name__} checksum",
            In(CLIENT, first), to_server(f, "nat", first),
            In(SERVER, spoil(reply)),
            Out(CLIENT, spoil(readdress(hop(reply), source=f.vip, sport=NAT))), counts="direct 2")

        for method, vport in METHODS.items():
            p = port()
            packet = f.ip(f.client, f.vip) / (l4(sport=p, dport=vport, flags="S", seq=1) if l4 is TCP
                                              else l4(sport=p, dport=vport)) / b"partial"
            row(f"{f} {method}: a {l4.__name__} checksum that is yet to be computed is right in the end",
                In(CLIENT, partial(packet)), to_server(f, method, packet), counts="direct 1")
        for method in "nat", "dr":
            p = port()
            packet = f.ip(f.client, f.vip) / (l4(sport=p, dport=METHODS[method], flags="S", seq=1)
                                              if l4 is TCP else l4(sport=p, dport=METHODS[method])) / b"p"
            lowered = hop(packet)
            sent = partial(readdress(lowered, to=f.s1, dport=REAL) if method == "nat" else lowered)
            row(f"{f} {method}: or is left to the device that computes it, {l4.__name__}",
                Offload(SERVER, "csum"),
                In(CLIENT, partial(packet)), Out(SERVER, sent, vnet=sent.vnet), counts="direct 1")
        p = port()
        first = f.ip(f.client, f.vip) / (l4(sport=p, dport=NAT, flags="S", seq=1) if l4 is TCP else
                                         l4(sport=p, dport=NAT)) / b"data"
        reply = f.ip(f.s1, f.client) / (l4(sport=REAL, dport=p, flags="SA", seq=5, ack=2) if l4 is TCP
                                        else l4(sport=REAL, dport=p)) / b"answer"
        row(f"{f} nat: a {l4.__name__} reply whose checksum is yet to be computed",
            In(CLIENT, first), to_server(f, "nat", first),
            In(SERVER, partial(reply)),
            Out(CLIENT, readdress(hop(reply), source=f.vip, sport=NAT)), counts="direct 2")

    for method, vport in METHODS.items():
        p = port()
        none = f.ip(f.client, f.vip) / UDP(sport=p, dport=vport, chksum=0) / b"none"
        row(f"{f} {method}: UDP without a checksum gets none" +
            (" (RFC 8200, 8.1: the server is to discard it)" if f.v6 else " (RFC 768)"),
            In(CLIENT, none), to_server(f, method, none), counts="direct 1")
    p = port()
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    none = f.ip(f.s1, f.client) / UDP(sport=REAL, dport=p, chksum=0) / b"none"
    row(f"{f} nat: nor does a reply",
        In(CLIENT, ask), to_server(f, "nat", ask),
        In(SERVER, none), Out(CLIENT, readdress(hop(none), source=f.vip, sport=NAT)),
        counts="direct 2")

    def zero(f, source, to, sport, dport):
        """A word that makes the checksum of the datagram with it come out as zero."""
        packet = f.ip(source, to) / UDP(sport=sport, dport=dport) / b"\0\0"
        return packet.__class__(bytes(packet))[UDP].chksum.to_bytes(2, "big")

    p = port()
    word = zero(f, f.client, f.s1, p, REAL)
    packet = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / word
    sent = hop(f.ip(f.client, f.s1) / UDP(sport=p, dport=REAL, chksum=0xffff) / word)
    row(f"{f} nat: a UDP checksum that comes out as zero is sent as all ones",
        In(CLIENT, packet), Out(SERVER, sent), counts="direct 1")
    p = port()
    word = zero(f, f.client, f.vip, p, NAT)
    packet = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT, chksum=0xffff) / word
    row(f"{f} nat: a UDP checksum of all ones comes in",
        In(CLIENT, packet), to_server(f, "nat", packet), counts="direct 1")
    p = port()
    word = zero(f, f.vip, f.client, NAT, p)
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    row(f"{f} nat: a reply's checksum that comes out as zero",
        In(CLIENT, ask), to_server(f, "nat", ask),
        In(SERVER, f.ip(f.s1, f.client) / UDP(sport=REAL, dport=p) / word),
        Out(CLIENT, f.ip(f.vip, f.client, ttl=63) / UDP(sport=NAT, dport=p, chksum=0xffff) / word),
        counts="direct 2")

    syn = f.ip(f.client, f.vip) / TCP(sport=port(), dport=CLOSED, flags="S", seq=41)
    row(f"{f}: no reset for a segment with a wrong checksum",
        Do("halbctl settings set vip-unmatched reject", "halbctl settings set vip-unmatched accept"),
        In(CLIENT, spoil(syn)), counts="vip-unmatched 1")

# --- UNNECESSARY: the card has looked at it. Adjusted all the same ------------------------------------------

CARD = Do("insmod $CARD", "rmmod card")
CHECKED = 0x6c          # what card.ko knows it by
for f in FAMILIES:
    for l4 in UDP, TCP:
        for method, vport in METHODS.items():
            p = port()
            first = f.ip(f.client, f.vip, tos=CHECKED) / \
                (l4(sport=p, dport=vport, flags="S", seq=1) if l4 is TCP else l4(sport=p, dport=vport)) / b"odd"
            row(f"{f} {method}: a {l4.__name__} checksum that the card has found right (CHECKSUM_UNNECESSARY)",
                CARD, In(CLIENT, first), to_server(f, method, first), counts="direct 1")
        p = port()
        first = f.ip(f.client, f.vip) / (l4(sport=p, dport=NAT, flags="S", seq=1) if l4 is TCP else
                                         l4(sport=p, dport=NAT)) / b"data"
        reply = f.ip(f.s1, f.client, tos=CHECKED) / \
            (l4(sport=REAL, dport=p, flags="SA", seq=5, ack=2) if l4 is TCP else l4(sport=REAL, dport=p)) / b"answer"
        row(f"{f} nat: a {l4.__name__} reply whose checksum the card has found right",
            CARD, In(CLIENT, first), to_server(f, "nat", first),
            In(SERVER, reply), Out(CLIENT, readdress(hop(reply), source=f.vip, sport=NAT)), counts="direct 2")
    syn = f.ip(f.client, f.vip, tos=CHECKED) / TCP(sport=port(), dport=CLOSED, flags="S", seq=41)
    # The card's word is taken, as the stack takes it: what it has looked at is not looked at again.
    row(f"{f}: a reset for a segment whose checksum the card has found right",
        CARD, Do("halbctl settings set vip-unmatched reject", "halbctl settings set vip-unmatched accept"),
        In(CLIENT, spoil(syn)),
        Out(CLIENT, f.ip(f.vip, f.client, **({} if f.v6 else {"flags": "DF", "id": 0})) /
            TCP(sport=CLOSED, dport=syn.sport, flags="RA", seq=0, ack=42, window=0)),
        counts="vip-unmatched 1, rst-sent 1")

row("IPv4: a wrong header checksum: the stack has dropped the packet before",
    In(CLIENT, V4.ip(V4.client, V4.vip, chksum=0x1234) / UDP(sport=port(), dport=NAT)))

# --- COMPLETE: what GRE with a checksum hands up ------------------------------------------------------------

GRE = {False: "ip link add g0 type gre local 10.1.0.1 remote 10.1.0.254 csum && ip link set g0 up",
       True: "ip link add g0 type gre external && ip link set g0 up"}


def gre(packet, external=False):
    """The packet in GRE (RFC 2784), from the client's router to the director; with a checksum,
    but for the external device, which takes none."""
    inner = bytes(packet)
    kind = b"\x86\xdd" if inner[0] >> 4 == 6 else b"\x08\0"
    if external:
        body = b"\0\0" + kind + inner
    else:
        body = b"\x80\0" + kind + b"\0\0\0\0" + inner
        body = body[:4] + checksum(body).to_bytes(2, "big") + body[6:]
    return In(CLIENT, IP(src="10.1.0.254", dst="10.1.0.1", proto=47, ttl=64) / Raw(body))


for f in FAMILIES:
    for external in False, True:
        made = "whose device says all about the tunnel in a metadata dst" if external else \
            "with the whole packet's sum (CHECKSUM_COMPLETE)"
        for method, vport in METHODS.items():
            p = port()
            first = f.ip(f.client, f.vip) / UDP(sport=p, dport=vport) / b"odd"
            second = f.ip(f.client, f.vip) / UDP(sport=p, dport=vport) / b"even"
            row(f"{f} {method}: out of GRE {made}",
                Do(GRE[external], "ip link del g0"),
                gre(first, external), to_server(f, method, first),
                gre(second, external), to_server(f, method, second),
                counts="direct 2")
    wrong = f.ip(f.client, f.vip) / UDP(sport=port(), dport=NAT) / b"odd"
    row(f"{f} nat: out of GRE with a wrong checksum inside",
        Do(GRE[False], "ip link del g0"),
        gre(spoil(wrong)), Out(SERVER, spoil(readdress(hop(wrong), to=f.s1, dport=REAL))),
        counts="direct 1")
    spent = f.ip(f.client, f.vip, ttl=1) / UDP(sport=port(), dport=NAT) / b"spent"
    row(f"{f} nat: out of GRE with a metadata dst, and a TTL of 1",
        Do(GRE[True], "ip link del g0"),
        gre(spent, True), own_error(f, TIME_EXCEEDED, spent), counts="ttl-exceeded 1, icmp-sent 1")
    p = port()
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    reply = f.ip(f.vip, f.client, ttl=60) / UDP(sport=NAT, dport=p) / b"reply"
    got = f.ip(f.client, f.vip) / error(f, UNREACHABLE, reply)
    row(f"{f} nat: an ICMP error out of GRE",
        Do(GRE[False], "ip link del g0"),
        gre(ask), to_server(f, "nat", ask), gre(got),
        Out(SERVER, f.ip(f.client, f.s1, ttl=63) /
            error(f, UNREACHABLE, readdress(reply, source=f.s1, sport=REAL))), counts="direct 2")
