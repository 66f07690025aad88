# SPDX-License-Identifier: GPL-2.0
"""Headers: options and extension headers, and those that are cut off or lie."""
from net import (CLIENT, Ether, FAMILIES, IP, IPOption, IPv6, IPv6ExtHdrDestOpt,
                 IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, In, MACS, MAC_ROUTER, METHODS, NAT, Out,
                 PadN, REAL, Raw, SENDERS, SERVER, TCP, UDP, V4, V6, hop, port, readdress, row,
                 to_server)

# --- IPv4 options -------------------------------------------------------------------------------------

OPTIONS = {
    "no-operation and end of list": b"\x01\x01\x00\x00",
    "router alert": b"\x94\x04\x00\x00",
    "a record route": b"\x07\x07\x04\x00\x00\x00\x00\x00",
    "a timestamp": b"\x44\x0c\x05\x00" + b"\0" * 8,
    "an unknown option": b"\x9e\x04\xab\xcd",
    "forty bytes of options": b"\x01" * 36 + b"\x94\x04\0\0",
}
for name, data in OPTIONS.items():
    for method, vport in METHODS.items():
        packet = V4.ip(V4.client, V4.vip, options=[IPOption(data)]) / \
            UDP(sport=port(), dport=vport) / b"options"
        row(f"IPv4 {method}: {name}: kept",
            In(CLIENT, packet), to_server(V4, method, packet), counts="direct 1")
for name, data in ("loose", b"\x83\x07\x04\x0a\x01\x00\x01\x00"), ("strict", b"\x89\x07\x04\x0a\x01\x00\x01\x00"), \
        ("loose, after another option,", b"\x94\x04\0\0\x83\x07\x04\x0a\x01\x00\x01\x00"):
    packet = V4.ip(V4.client, V4.vip, options=[IPOption(data)]) / UDP(sport=port(), dport=NAT)
    row(f"IPv4: a {name} source route: the stack's, which forbids it",
        In(CLIENT, packet), counts="source-route 1")
for name, data in ("of length 0", b"\x94\x00\x00\x00"), ("of length 1", b"\x94\x01\x00\x00"), \
        ("longer than the header", b"\x94\x05\x00\x00"), ("without a length", b"\x01\x01\x01\x94"):
    packet = V4.ip(V4.client, V4.vip, options=[IPOption(data)]) / UDP(sport=port(), dport=NAT)
    row(f"IPv4: an option {name}: dropped, as a router would",
        In(CLIENT, packet), counts="bad-header 1")

# --- IPv6 extension headers ------------------------------------------------------------------------------


def routing(left, kind=4):
    """A segment routing header with one segment, the VIP."""
    return IPv6ExtHdrRouting(type=kind, segleft=left, addresses=[V6.vip])


EXTENSIONS = {
    "hop-by-hop options": IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]),
    "destination options": IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)]),
    "a routing header with no segments left": routing(0),
    "three headers": IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]) / routing(0) /
    IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]),
}
for name, extension in EXTENSIONS.items():
    for method, vport in METHODS.items():
        packet = V6.ip(V6.client, V6.vip) / extension / UDP(sport=port(), dport=vport) / b"ext"
        row(f"IPv6 {method}: {name}: kept",
            In(CLIENT, packet), to_server(V6, method, packet), counts="direct 1")
    p = port()
    ask = V6.ip(V6.client, V6.vip) / UDP(sport=p, dport=NAT) / b"ask"
    reply = V6.ip(V6.s1, V6.client) / extension / UDP(sport=REAL, dport=p) / b"answer"
    if "routing" not in name and "three" not in name:
        row(f"IPv6 nat: {name} in a reply",
            In(CLIENT, ask), to_server(V6, "nat", ask),
            In(SERVER, reply), Out(CLIENT, readdress(hop(reply), source=V6.vip, sport=NAT)),
            counts="direct 2")
packet = V6.ip(V6.client, V6.vip) / routing(1) / UDP(sport=port(), dport=NAT) / b"ext"
row("IPv6: a routing header with a segment left: the stack's (RFC 8200, 4.4)",
    In(CLIENT, packet), Out(SERVER, hop(packet), to=MAC_ROUTER), counts="source-route 1")
packet = V6.ip(V6.client, V6.vip, nh=59) / Raw(b"nothing")
row("IPv6: no next header: the stack's",
    In(CLIENT, packet), Out(SERVER, hop(packet), to=MAC_ROUTER), counts="other-protocol 1")
packet = V6.ip(V6.client, V6.vip, nh=51) / Raw(bytes([17, 4]) + b"\0" * 22) / \
    Raw(bytes(UDP(sport=port(), dport=NAT)))
row("IPv6: an authentication header: the stack's, since it forbids a rewrite",
    In(CLIENT, packet), Out(SERVER, hop(packet), to=MAC_ROUTER), counts="other-protocol 1")
packet = V6.ip(V6.client, V6.vip, nh=60) / Raw(bytes([17, 9]) + b"\0" * 14)
row("IPv6: destination options that are longer than the packet: dropped",
    In(CLIENT, packet), counts="bad-header 1")
packet = V6.ip(V6.client, V6.vip, nh=60) / Raw(bytes([17]))
row("IPv6: a packet that ends in an extension header: dropped",
    In(CLIENT, packet), counts="bad-header 1")
packet = V6.ip(V6.client, V6.vip, nh=44) / Raw(bytes([17, 0, 0]))
row("IPv6: a packet that ends in a fragment header: dropped",
    In(CLIENT, packet), counts="bad-header 1")

# --- other protocols ---------------------------------------------------------------------------------------

for f in FAMILIES:
    for name, number, reason in (("SCTP", 132, "no-service"), ("ESP", 50, "other-protocol"),
                                 ("UDP-Lite", 136, "other-protocol"),
                                 ("IP in IP", 4, "other-protocol")):
        packet = f.ip(f.client, f.vip, **({"nh": number} if f.v6 else {"proto": number})) / \
            Raw(b"\x4e\x20\x03\xe8" + b"\0" * 28)
        row(f"{f}: {name} to a VIP: the stack's",
            In(CLIENT, packet), Out(SERVER, hop(packet), to=MAC_ROUTER), counts=f"{reason} 1")

# --- cut off ---------------------------------------------------------------------------------------------------

    for l4, lengths in (TCP, (0, 8, 13, 19)), (UDP, (0, 4, 7)):
        for length in lengths:
            head = bytes(l4(sport=port(), dport=NAT))[:length]
            packet = f.ip(f.client, f.vip, **({"nh": 6 if l4 is TCP else 17} if f.v6 else
                                              {"proto": 6 if l4 is TCP else 17})) / Raw(head)
            row(f"{f}: {length} bytes of a {l4.__name__} header: dropped",
                In(CLIENT, packet), counts="bad-header 1")
    short = f.ip(f.client, f.s2, **({"nh": 6} if f.v6 else {"proto": 6})) / Raw(b"\0\1\0\2")
    row(f"{f}: a short TCP header for another than a VIP: not ours",
        In(CLIENT, short), Out(SERVER, hop(short), to="02:00:00:00:02:0c"))

# --- lies ----------------------------------------------------------------------------------------------------------

    p = port()
    packet = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"padded"
    row(f"{f} nat: bytes after the packet's end do not leave",
        In(CLIENT, Raw(bytes(packet) + b"\xee" * 20)), to_server(f, "nat", packet), counts="direct 1")
    for method, vport in METHODS.items():
        for name, doff in ("shorter than itself", 3), ("longer than the packet", 15):
            p = port()
            packet = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="S", dataofs=doff)
            row(f"{f} {method}: a TCP header that says it is {name} is the server's to judge",
                In(CLIENT, packet), to_server(f, method, packet), counts="direct 1")
    for method, vport in METHODS.items():
        packet = f.ip(f.client, f.vip) / UDP(sport=port(), dport=vport, len=500,
                                             chksum=0) / b"short"
        row(f"{f} {method}: so is a UDP length",
            In(CLIENT, packet), to_server(f, method, packet), counts="direct 1")
    for flags in "SFPU", "SEC", "SF":
        packet = f.ip(f.client, f.vip) / TCP(sport=port(), dport=NAT, flags=flags, seq=9)
        row(f"{f} nat: a SYN with the flags {flags} begins a connection",
            In(CLIENT, packet), to_server(f, "nat", packet), counts="direct 1")
    for flags in "", "FPU", "SR":
        packet = f.ip(f.client, f.vip) / TCP(sport=port(), dport=NAT, flags=flags, seq=9)
        row(f"{f} nat: a segment with the flags '{flags}' does not",
            In(CLIENT, packet), Out(SERVER, hop(packet), to=MAC_ROUTER), counts="tcp-not-syn 1")
    for name, sport, dport in ("source port 0", 0, NAT), ("source port 65535", 65535, NAT):
        packet = f.ip(f.client, f.vip) / UDP(sport=sport, dport=dport) / b"port"
        row(f"{f} nat: {name}",
            In(CLIENT, packet), to_server(f, "nat", packet), counts="direct 1")

for name, packet in ("a length beyond the frame", IP(src=V4.client, dst=V4.vip, len=100) / UDP(dport=NAT)), \
        ("a header length of 4 words", IP(src=V4.client, dst=V4.vip, ihl=4) / UDP(dport=NAT)), \
        ("a length within the header", IP(src=V4.client, dst=V4.vip, len=19) / UDP(dport=NAT)):
    row(f"IPv4: {name}: the stack has dropped it before", In(CLIENT, packet))
for name, packet in ("a length beyond the frame", IPv6(src=V6.client, dst=V6.vip, plen=100) / UDP(dport=NAT)), \
        ("version 4 in an IPv6 frame", IPv6(src=V6.client, dst=V6.vip, version=5) / UDP(dport=NAT)):
    row(f"IPv6: {name}: the stack has dropped it before",
        In(CLIENT, bytes(Ether(dst=MACS[CLIENT], src=SENDERS[CLIENT], type=0x86dd)) + bytes(packet), bare=True))
row("IPv6: a length of 0 that is no jumbogram's: no header left",
    In(CLIENT, IPv6(src=V6.client, dst=V6.vip, plen=0) / UDP(sport=port(), dport=NAT)),
    counts="bad-header 1")
