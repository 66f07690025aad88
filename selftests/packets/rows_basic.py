# SPDX-License-Identifier: GPL-2.0
"""What every packet of every flow goes through: addresses and ports, TTL, DSCP and ECN, the
identification, checksums, the frame's addresses; and what belongs to no flow."""
from net import (ADOPT, CLIENT, CLOSED, Do, FAMILIES, In, MAC_CLIENT_ROUTER, MAC_ROUTER, METHODS,
                 METHODS_FAR, NAT, NAT_NONE, Out, REAL, SERVER, TCP, UDP, UNREACHABLE, V4, V6,
                 hop, own_error, port, row, to_server)

# --- written out, once for each method ---------------------------------------------------------

row("IPv4 nat: a datagram, byte by byte",
    In(CLIENT, bytes.fromhex(
        "45b8 0021 1234 0000 4011 5385 0a010002 0a090050"      # TTL 64, UDP, 10.1.0.2 > 10.9.0.80
        "4e20 03e8 000d 559e 68656c6c6f".replace(" ", ""))),       # 20000 > 1000, "hello"
    Out(SERVER, bytes.fromhex(
        "45b8 0021 1234 0000 3f11 54d1 0a010002 0a02000b"      # TTL 63, to 10.2.0.11
        "4e20 1f40 000d 3a92 68656c6c6f".replace(" ", ""))),       # to port 8000
    counts="direct 1")
row("IPv6 nat: a datagram, byte by byte",
    In(CLIENT, bytes.fromhex(
        "6b812345 000d 11 40"                                   # DSCP 46, ECT(0)... TTL 64, UDP
        "fd000001000000000000000000000002 fd000009000000000000000000000080"
        "4e20 03e8 000d 6f6c 68656c6c6f".replace(" ", ""))),
    Out(SERVER, bytes.fromhex(
        "6b812345 000d 11 3f"
        "fd000001000000000000000000000002 fd00000200000000000000000000000b"
        "4e20 1f40 000d 5490 68656c6c6f".replace(" ", ""))),
    counts="direct 1")

# --- each method and protocol: the first packet, a later one, the reply ---------------------------

for f in FAMILIES:
    for method, vport in METHODS.items():
        p = port()
        syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="S", seq=1000, window=64000,
                                          options=[("MSS", 1460), ("SAckOK", b""), ("NOP", None),
                                                   ("WScale", 7)])
        ack = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="A", seq=1001, ack=5001)
        data = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="PA", seq=1001, ack=5001,
                                           urgptr=7) / b"GET / HTTP/1.0\r\n\r\n"
        row(f"{f} {method}: a TCP flow: SYN with its options, ACK, data of odd length",
            In(CLIENT, syn), to_server(f, method, syn),
            In(CLIENT, ack), to_server(f, method, ack),
            In(CLIENT, data), to_server(f, method, data),
            counts="direct 3")

        p = port()
        first = f.ip(f.client, f.vip) / UDP(sport=p, dport=vport) / b"first"
        second = f.ip(f.client, f.vip) / UDP(sport=p, dport=vport) / (b"second" * 200)
        row(f"{f} {method}: a UDP flow: the first datagram and a second",
            In(CLIENT, first), to_server(f, method, first),
            In(CLIENT, second), to_server(f, method, second),
            counts="direct 2")

        p = port()
        empty = f.ip(f.client, f.vip) / UDP(sport=p, dport=vport)
        row(f"{f} {method}: a datagram without content",
            In(CLIENT, empty), to_server(f, method, empty), counts="direct 1")

        for name, tos in ("DSCP 46, not ECN-capable", 46 << 2), ("ECT(1)", 1), ("ECT(0)", 2), \
                ("DSCP 10, congestion experienced", 10 << 2 | 3):
            p = port()
            marked = f.ip(f.client, f.vip, tos=tos) / UDP(sport=p, dport=vport) / b"marked"
            row(f"{f} {method}: {name} is kept",
                In(CLIENT, marked), to_server(f, method, marked), counts="direct 1")

        p = port()
        low = f.ip(f.client, f.vip, ttl=2) / UDP(sport=p, dport=vport) / b"low"
        high = f.ip(f.client, f.vip, ttl=255) / UDP(sport=p, dport=vport) / b"high"
        row(f"{f} {method}: a TTL of 2 and one of 255",
            In(CLIENT, low), to_server(f, method, low),
            In(CLIENT, high), to_server(f, method, high),
            counts="direct 2")

for method, vport in METHODS.items():
    for name, fields in ("DF and an identification of 0", {"flags": "DF", "id": 0}), \
            ("no DF and an identification of 65535", {"id": 65535}), \
            ("the reserved flag", {"flags": 4, "id": 7}):
        p = port()
        packet = V4.ip(V4.client, V4.vip, **fields) / UDP(sport=p, dport=vport) / b"id"
        row(f"IPv4 {method}: {name} are kept",
            In(CLIENT, packet), to_server(V4, method, packet), counts="direct 1")
    p = port()
    packet = V6.ip(V6.client, V6.vip, fl=0xabcde) / UDP(sport=p, dport=vport) / b"label"
    row(f"IPv6 {method}: the flow label is kept",
        In(CLIENT, packet), to_server(V6, method, packet), counts="direct 1")

for f in FAMILIES:
    p = port()
    syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=NAT, flags="S", seq=1)
    row(f"{f} nat: TCP's reply comes from the VIP",
        In(CLIENT, syn), to_server(f, "nat", syn),
        In(SERVER, f.ip(f.s1, f.client, ttl=64, tos=0x2e) /
           TCP(sport=REAL, dport=p, flags="SA", seq=77, ack=2, options=[("MSS", 1460)])),
        Out(CLIENT, f.ip(f.vip, f.client, ttl=63, tos=0x2e) /
            TCP(sport=NAT, dport=p, flags="SA", seq=77, ack=2, options=[("MSS", 1460)])),
        counts="direct 2")

    p = port()
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    row(f"{f} nat: UDP's reply comes from the VIP, and the second one too",
        In(CLIENT, ask), to_server(f, "nat", ask),
        In(SERVER, f.ip(f.s1, f.client) / UDP(sport=REAL, dport=p) / b"answer"),
        Out(CLIENT, f.ip(f.vip, f.client, ttl=63) / UDP(sport=NAT, dport=p) / b"answer"),
        In(SERVER, f.ip(f.s1, f.client) / UDP(sport=REAL, dport=p) / b"more"),
        Out(CLIENT, f.ip(f.vip, f.client, ttl=63) / UDP(sport=NAT, dport=p) / b"more"),
        counts="direct 3")

    p = port()
    ask = f.ip(f.far_client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    row(f"{f} nat: the reply to a client behind a router goes to the router",
        In(CLIENT, ask, sender=MAC_CLIENT_ROUTER), to_server(f, "nat", ask),
        In(SERVER, f.ip(f.s1, f.far_client) / UDP(sport=REAL, dport=p) / b"answer"),
        Out(CLIENT, f.ip(f.vip, f.far_client, ttl=63) / UDP(sport=NAT, dport=p) / b"answer",
            to=MAC_CLIENT_ROUTER),
        counts="direct 2")

    p = port()
    other = f.ip(f.s1, f.client) / UDP(sport=REAL + 1, dport=p) / b"not a reply"
    row(f"{f} nat: what the server sends from another port is the stack's",
        In(SERVER, other), Out(CLIENT, hop(other)), counts="")

    # --- the way to servers behind a router
    for method in METHODS:
        p = port()
        packet = f.ip(f.client, f.vip) / UDP(sport=p, dport=METHODS_FAR[method]) / b"far"
        row(f"{f} {method}: a server behind a router: its packets go to the router",
            In(CLIENT, packet), to_server(f, method, packet, server=f.far), counts="direct 1")

    # --- no flow
    p = port()
    stray = f.ip(f.client, f.vip) / TCP(sport=p, dport=NAT, flags="A", seq=5, ack=6)
    row(f"{f}: TCP that is no SYN and belongs to no connection goes on untouched",
        In(CLIENT, stray), Out(SERVER, hop(stray), to=MAC_ROUTER), counts="tcp-not-syn 1")
    for flags in "SA", "R", "RA", "FA":
        p = port()
        stray = f.ip(f.client, f.vip) / TCP(sport=p, dport=NAT, flags=flags, seq=5, ack=6)
        row(f"{f}: so does TCP with the flags {flags}",
            In(CLIENT, stray), Out(SERVER, hop(stray), to=MAC_ROUTER), counts="tcp-not-syn 1")
    p = port()
    stray = f.ip(f.client, f.vip) / TCP(sport=p, dport=ADOPT, flags="A", seq=5, ack=6)
    row(f"{f}: adopt: TCP that is no SYN begins a connection",
        In(CLIENT, stray), to_server(f, "nat", stray), counts="direct 1")
    p = port()
    stray = f.ip(f.client, f.vip) / TCP(sport=p, dport=ADOPT, flags="R", seq=5)
    row(f"{f}: adopt: not for a reset",
        In(CLIENT, stray), Out(SERVER, hop(stray), to=MAC_ROUTER), counts="tcp-not-syn 1")

    for proto, packet in ("UDP", UDP), ("TCP", TCP):
        p = port()
        lost = f.ip(f.client, f.vip) / packet(sport=p, dport=CLOSED)
        row(f"{f} {proto}: a port of the VIP without a service: the stack's",
            In(CLIENT, lost), Out(SERVER, hop(lost), to=MAC_ROUTER), counts="no-service 1")
        p = port()
        lost = f.ip(f.client, f.vip) / packet(sport=p, dport=NAT_NONE)
        row(f"{f} {proto}: a service without servers: port unreachable",
            In(CLIENT, lost), own_error(f, UNREACHABLE, lost),
            counts="no-server 1, icmp-sent 1")
    through = f.ip(f.client, f.far) / UDP(sport=port(), dport=NAT) / b"through"
    row(f"{f}: what is for neither a VIP nor from a server is not touched, nor counted",
        In(CLIENT, through), Out(SERVER, hop(through), to=MAC_ROUTER), counts="")

    # --- vip-unmatched
    p = port()
    lost = f.ip(f.client, f.vip) / UDP(sport=p, dport=CLOSED) / b"lost"
    row(f"{f}: vip-unmatched drop",
        Do("halbctl settings set vip-unmatched drop", "halbctl settings set vip-unmatched accept"),
        In(CLIENT, lost), counts="vip-unmatched 1")
    p = port()
    lost = f.ip(f.client, f.vip) / UDP(sport=p, dport=CLOSED) / b"lost"
    syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=CLOSED, flags="S", seq=41)
    mid = f.ip(f.client, f.vip) / TCP(sport=p, dport=CLOSED, flags="PA", seq=41, ack=7) / b"abc"
    fin = f.ip(f.client, f.vip) / TCP(sport=p, dport=CLOSED, flags="F", seq=41) / b"abc"
    rst = f.ip(f.client, f.vip) / TCP(sport=p, dport=CLOSED, flags="R", seq=41)
    df = {} if f.v6 else {"flags": "DF", "id": 0}
    answer = f.ip(f.vip, f.client, **df)
    row(f"{f}: vip-unmatched reject: unreachable for UDP, a reset for TCP (RFC 9293, 3.10.7.1)",
        Do("halbctl settings set vip-unmatched reject", "halbctl settings set vip-unmatched accept"),
        In(CLIENT, lost), own_error(f, UNREACHABLE, lost),
        In(CLIENT, syn),
        Out(CLIENT, answer / TCP(sport=CLOSED, dport=p, flags="RA", seq=0, ack=42, window=0)),
        In(CLIENT, mid),
        Out(CLIENT, answer / TCP(sport=CLOSED, dport=p, flags="R", seq=7, ack=0, window=0)),
        In(CLIENT, fin),
        Out(CLIENT, answer / TCP(sport=CLOSED, dport=p, flags="RA", seq=0, ack=45, window=0)),
        In(CLIENT, rst),
        counts="vip-unmatched 5, rst-sent 3, icmp-sent 1")
