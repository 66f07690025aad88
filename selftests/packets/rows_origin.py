# SPDX-License-Identifier: GPL-2.0
"""Where a packet comes from, and who else has a say: frames for others, bridges, VRFs, forged
sources, IPsec policies, queueing disciplines, conntrack."""
from net import (CLIENT, Check, Do, FAMILIES, In, MAC_OTHER_ROUTER, MAC_S2, METHODS, NAT, OTHER,
                 Out, REAL, SERVER, SPARE, TCP, UDP, V4, fragments, frame, hop, port, readdress,
                 row, to_server)

# d2 as it was: taking it down costs it its neighbour, and IPv6 its addresses and routes.
RESTORE_OTHER = ("ip link set d2 up; ip neigh replace 10.4.0.254 lladdr 02:00:00:00:04:fe dev d2 nud permanent; "
                 "ip -6 addr replace fe80::2:1/64 dev d2 nodad; ip -6 addr replace fd00:4::1/64 dev d2 nodad; "
                 "ip neigh replace fd00:4::fe lladdr 02:00:00:00:04:fe dev d2 nud permanent; "
                 "ip route replace 10.7.0.0/24 via 10.4.0.254; ip -6 route replace fd00:7::/64 via fd00:4::fe")

for f in FAMILIES:
    for name, mac, counts in ("another host's frame", "02:00:00:00:99:99", ""), \
            ("a broadcast frame", "ff:ff:ff:ff:ff:ff", "not-unicast 1"), \
            ("a multicast frame", "01:00:5e:00:00:05", "not-unicast 1"):
        packet = f.ip(f.client, f.vip) / UDP(sport=port(), dport=NAT) / b"frame"
        # The stack forwards none of them: RFC 1812, 5.3.4; nor does IPv6.
        row(f"{f}: {name} with a VIP in it is not ours", In(CLIENT, packet, to=mac), counts=counts)

    # --- a bridge, with br_netfilter
    bridge = Do("modprobe br_netfilter; ip link add br9 type bridge mcast_snooping 0 forward_delay 0 && "
                "ip link set br9 address 02:00:00:00:09:09 addrgenmode none up && "
                "ip link set d2 master br9 && ip link set d3 master br9 && "
                "sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 && "
                "ip addr add 10.8.0.1/24 dev br9",
                "ip link del br9; " + RESTORE_OTHER)
    packet = f.ip(f.client, f.vip) / UDP(sport=port(), dport=NAT) / b"bridged"
    row(f"{f}: a frame that a bridge forwards is not ours, also with br_netfilter",
        bridge, In(OTHER, packet, to="02:00:00:00:99:99"),
        Out(SPARE, frame(packet, "02:00:00:00:99:99", MAC_OTHER_ROUTER), bare=True), counts="bridged 1")
    for method, vport in METHODS.items():
        packet = f.ip(f.client, f.vip) / UDP(sport=port(), dport=vport) / b"to the bridge"
        row(f"{f} {method}: a frame for the bridge itself is",
            bridge, In(OTHER, packet, to="02:00:00:00:09:09"), to_server(f, method, packet),
            counts="direct 1")

    # --- a VRF
    packet = f.ip("10.8.8.8" if not f.v6 else "fd00:88::8", f.vip) / UDP(sport=port(), dport=NAT)
    row(f"{f}: what comes in by a VRF is the VRF's",
        Do("modprobe -q vrf; ip link add vrf9 type vrf table 9 && ip link set vrf9 up && "
           "ip route add unreachable default table 9 && ip -6 route add unreachable default table 9 && "
           "ip link set d2 master vrf9", "ip link del vrf9; ip link set d2 down; " + RESTORE_OTHER +
           "; ip route flush table 9; ip -6 route flush table 9"),
        # It comes along twice, with the device and with the VRF.
        In(OTHER, packet), counts="vrf 2")

    # --- sources that cannot be
    forged = {"::": 1, "::ffff:192.0.2.1": 1, "fe80::5": 1, "ff02::1": 0, "::1": 0} if f.v6 else \
        {"127.0.0.1": 1, "0.0.0.0": 1, "224.0.0.5": 1, "255.255.255.255": 1}
    for source, counted in forged.items():
        packet = f.ip(source, f.vip) / UDP(sport=port(), dport=NAT) / b"forged"
        row(f"{f}: the source {source}: dropped" + ("" if counted else " by the stack before"),
            In(CLIENT, packet), counts="martian-source 1" if counted else "")
    for name, source in ("the VIP itself", f.vip), ("the director's own address", f.d0), \
            ("the director's address on the other side", f.d1):
        packet = f.ip(source, f.vip) / UDP(sport=port(), dport=NAT) / b"forged"
        row(f"{f}: {name} as the source: dropped", In(CLIENT, packet), counts="own-source 1")
packet = V4.ip("10.1.0.255", V4.vip) / UDP(sport=port(), dport=NAT) / b"forged"
row("IPv4: a broadcast address as the source: dropped", In(CLIENT, packet), counts="own-source 1")

# --- rp_filter's rule, for new flows
for name, mode, side, source, ok in \
        ("strict: by the way that leads back", 1, CLIENT, V4.client, True), \
        ("strict: by another way", 1, SERVER, V4.client, False), \
        ("loose: by another way", 2, SERVER, V4.client, True), \
        ("loose: no way back but the default route", 2, CLIENT, "10.77.0.1", True), \
        ("strict: the way back is the default route, elsewhere", 1, CLIENT, "10.77.0.1", False):
    packet = V4.ip(source, V4.vip) / UDP(sport=port(), dport=NAT) / b"way"
    row(f"IPv4: rp_filter {name}: {'balanced' if ok else 'dropped'}",
        Do(f"sysctl -qw net.ipv4.conf.all.rp_filter={mode}", "sysctl -qw net.ipv4.conf.all.rp_filter=0"),
        In(side, packet), *([to_server(V4, "nat", packet)] if ok else []),
        counts="direct 1" if ok else "source-check 1")
packet = V4.ip(V4.client, V4.vip) / UDP(sport=port(), dport=NAT) / b"way"
row("IPv4: rp_filter strict, but source-check off",
    Do("sysctl -qw net.ipv4.conf.all.rp_filter=1; halbctl settings set source-check off",
       "sysctl -qw net.ipv4.conf.all.rp_filter=0; halbctl settings set source-check on"),
    In(SERVER, packet), to_server(V4, "nat", packet), counts="direct 1")
packet = V4.ip(V4.client, V4.vip) / UDP(sport=port(), dport=NAT) / b"known"
row("IPv4: rp_filter strict does not concern a known flow",
    In(CLIENT, packet), to_server(V4, "nat", packet),
    Do("sysctl -qw net.ipv4.conf.all.rp_filter=1", "sysctl -qw net.ipv4.conf.all.rp_filter=0"),
    In(SERVER, packet), to_server(V4, "nat", packet), counts="direct 2")

for f in FAMILIES:
    # --- on the servers' side
    packet = f.ip(f.s2, f.vip) / UDP(sport=port(), dport=NAT) / b"neighbour"
    row(f"{f} nat: a server as a client of the VIP",
        In(SERVER, packet, sender=MAC_S2), to_server(f, "nat", packet), counts="direct 1")

    # --- loopback
    host = "/128 dev lo nodad" if f.v6 else "/32 dev lo"
    row(f"{f}: what the director sends to a VIP of its own by loopback is for its own programs",
        Do(f"ip addr add {f.vip}{host}", f"ip addr del {f.vip}{host}"),
        Check(f"""python3 -c '
import socket
a, b = (socket.socket(socket.AF_INET{"6" if f.v6 else ""}, socket.SOCK_DGRAM) for _ in range(2))
a.bind(("{f.vip}", {NAT}))
a.settimeout(5)
b.sendto(b"to myself", ("{f.vip}", {NAT}))
print(a.recv(99).decode())'""", "to myself"))

    # --- IPsec policies
    net = "::/0" if f.v6 else "0.0.0.0/0"
    bits = 128 if f.v6 else 32
    packet = f.ip(f.client, f.vip) / UDP(sport=port(), dport=NAT) / b"policy"
    row(f"{f}: an IPsec policy that blocks what is forwarded to the VIP",
        Do(f"ip xfrm policy add dir fwd src {net} dst {f.vip}/{bits} action block", "ip xfrm policy flush"),
        In(CLIENT, packet), counts="xfrm-policy 1")
    packet = f.ip(f.client, f.vip) / UDP(sport=port(), dport=NAT) / b"policy"
    row(f"{f}: an IPsec policy that blocks what leaves for the server",
        Do(f"ip xfrm policy add dir out src {net} dst {f.s1}/{bits} action block", "ip xfrm policy flush"),
        In(CLIENT, packet), counts="xfrm-policy 1")
    for method, vport in METHODS.items():
        packet = f.ip(f.client, f.vip) / UDP(sport=port(), dport=vport) / b"policy"
        row(f"{f} {method}: an IPsec policy for others: the packet leaves by the stack, as it should",
            Do(f"ip xfrm policy add dir out src {net} dst {f.far}/{bits} action block", "ip xfrm policy flush"),
            In(CLIENT, packet), to_server(f, method, packet), counts="stack-output 1")

    # --- fq would hold a packet with a time from its arrival until that time
    for method, vport in METHODS.items():
        packet = f.ip(f.client, f.vip) / UDP(sport=port(), dport=vport) / b"fq"
        row(f"{f} {method}: fq sends it at once, though it has a time stamp",
            Do("tc qdisc replace dev d1 root fq", "tc qdisc del dev d1 root"),
            In(CLIENT, packet), to_server(f, method, packet), counts="direct 1")
    packet = f.ip(f.client, f.vip, tos=0x10) / UDP(sport=port(), dport=NAT) / b"prio"
    row(f"{f} nat: the priority follows from the DSCP: tc prio counts it in band 1",
        Do("tc qdisc replace dev d1 root handle 9: prio && tc qdisc add dev d1 parent 9:1 handle 91: pfifo && "
           "tc qdisc add dev d1 parent 9:2 handle 92: pfifo", "tc qdisc del dev d1 root"),
        In(CLIENT, packet), to_server(f, "nat", packet),
        Check("tc -s qdisc show dev d1 | awk '/ 91:/ { getline; print $4 }'", "1"), counts="direct 1")

# --- nft and conntrack
RULES = """nft -f - <<'END'
table inet watch {
	counter raw { }
	counter invalid { }
	counter tracked { }
	counter forward { }
	chain raw { type filter hook prerouting priority raw; ip daddr 10.9.0.80 counter name raw; ip6 daddr fd00:9::80 counter name raw; }
	chain late { type filter hook prerouting priority 10; ct state invalid counter name invalid; ct state new,established,related counter name tracked; }
	chain forward { type filter hook forward priority 0; counter name forward; }
}
table netdev watch {
	counter ingress { }
	chain ingress { type filter hook ingress device d0 priority 0; counter name ingress; }
}
END"""
GONE = "nft delete table inet watch; nft delete table netdev watch"
SEEN = ("nft list counters | awk '/counter/ { n = $2 } /packets/ { printf \"%s=%s \", n, $2 }'; "
        "sysctl -n net.netfilter.nf_conntrack_count")
for f in FAMILIES:
    for method, vport in METHODS.items():
        p = port()
        syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="S", seq=1)
        ack = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="A", seq=2, ack=9)
        row(f"{f} {method}: conntrack is there: no entry, nothing invalid; ingress and raw see the packets",
            Do(RULES, GONE),
            In(CLIENT, syn), to_server(f, method, syn), In(CLIENT, ack), to_server(f, method, ack),
            Check(SEEN, "raw=2 invalid=0 tracked=0 forward=0 ingress=2 0"), counts="direct 2")
    p = port()
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    reply = f.ip(f.s1, f.client) / UDP(sport=REAL, dport=p) / b"answer"
    row(f"{f} nat: conntrack does not see a reply either",
        Do(RULES, GONE),
        In(CLIENT, ask), to_server(f, "nat", ask),
        In(SERVER, reply), Out(CLIENT, readdress(hop(reply), source=f.vip, sport=NAT)),
        Check(SEEN, "raw=1 invalid=0 tracked=0 forward=0 ingress=1 0"), counts="direct 2")
    p = port()
    big = f.ip(f.client, f.vip, **({} if f.v6 else {"id": 0x3131})) / UDP(sport=p, dport=NAT) / (b"12345678" * 250)
    sent = readdress(hop(big), to=f.s1, dport=REAL)
    row(f"{f} nat: conntrack has put the fragments together: they leave as they came",
        Do(RULES, GONE),
        *[In(CLIENT, x) for x in fragments(f, big, 1000, 0x3131)],
        *[Out(SERVER, x, fresh_id=f.v6) for x in fragments(f, sent, 1000)],
        Check(SEEN, "raw=1 invalid=0 tracked=0 forward=0 ingress=3 0"), counts="fragmented 1")
    packet = f.ip(f.client, f.vip) / UDP(sport=port(), dport=NAT) / b"shut out"
    for where, rule in ("raw", "table inet shut { chain c { type filter hook prerouting priority raw; "
                        "udp dport 1000 drop; }; }"), \
            ("ingress", "table netdev shut { chain c { type filter hook ingress device d0 priority 0; "
             "udp dport 1000 drop; }; }"):
        row(f"{f} nat: a rule that drops, in {where}",
            Do(f"nft '{rule}'", "nft delete table inet shut; nft delete table netdev shut"),
            In(CLIENT, packet))
