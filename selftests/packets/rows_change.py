# SPDX-License-Identifier: GPL-2.0
"""Neighbours, routes, links and addresses that change under way: it counts at once, for known
flows too, and the route is looked up once (`rerouted`) and then cached again."""
from net import (ARP, CLIENT, Check, Do, Ether, FAMILIES, FromHere, In, MACS, MAC_ROUTER, MAC_S1,
                 METHODS, METHODS_FAR, NAT, NAT_FAR, OTHER, Out, REAL, Raw, SERVER, TUN_FAR, UDP,
                 V4, V6, hop, port, readdress, row, to_server, tunnel)
from rows_origin import RESTORE_OTHER
from scapy.layers.inet6 import (ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr,
                                IPv6)


def packets(f, vport):
    p = port()
    return [f.ip(f.client, f.vip) / UDP(sport=p, dport=vport) / Raw(b"%d" % n) for n in range(4)]


def elsewhere(out):
    """The same packet, by d2 to the router there."""
    return Out(OTHER, out.frame[14:], fresh_id=out.fresh_id)


for f in FAMILIES:
    host = "/128" if f.v6 else "/32"
    for method, vport in METHODS.items():
        # --- the neighbour gets another MAC address
        a, b, c, _ = packets(f, vport)
        row(f"{f} {method}: the server's MAC address changes: the next packet goes there, nothing is looked up",
            In(CLIENT, a), to_server(f, method, a), FromHere(),
            Do(f"ip neigh replace {f.s1} lladdr 02:00:00:00:02:aa dev d1 nud permanent",
               f"ip neigh replace {f.s1} lladdr {MAC_S1} dev d1 nud permanent"),
            In(CLIENT, b), to_server(f, method, b, to="02:00:00:00:02:aa"),
            Do(f"ip neigh replace {f.s1} lladdr {MAC_S1} dev d1 nud permanent"),
            In(CLIENT, c), to_server(f, method, c),
            counts="direct 2, rerouted 0")

        # --- there can be no neighbour; IPv6 always has a multicast one that gives way
        a, b, c, _ = packets(f, METHODS_FAR[method])
        room = "nsenter --net=/proc/1/ns/net sysctl -qw net.ipv4.neigh.default.gc_thresh3="
        back = f"{room}1024; ip route del {f.far}{host}"
        # One that nobody has asked for during five seconds would make room for the new one.
        alone = "ip neigh flush all && ip neigh flush nud noarp"
        if not f.v6:
            row(f"{f} {method}: the table of neighbours is full: dropped by name, and not counted as sent",
                In(CLIENT, a), to_server(f, method, a, server=f.far), FromHere(),
                Do(f"{alone} && {room}0 && ip route add {f.far}{host} via {f.d1[:-1]}99 dev d1",
                   back + "; true"),
                In(CLIENT, b),
                Do(back),
                In(CLIENT, c), to_server(f, method, c, server=f.far),
                counts="direct 1, no-neighbour 1")

        # --- the route changes, and changes back
        a, b, c, d = packets(f, vport)
        source = {"nat": "", "dr": "", "tun": f" src {f.d1}"}[method]
        row(f"{f} {method}: the route to the server changes: one lookup, the next packet leaves there",
            In(CLIENT, a), to_server(f, method, a), FromHere(),
            Do(f"ip route add {f.s1}{host} via {f.other_router} dev d2{source}", f"ip route del {f.s1}{host}"),
            In(CLIENT, b), elsewhere(to_server(f, method, b)),
            In(CLIENT, c), elsewhere(to_server(f, method, c)),
            counts="direct 2, rerouted 1")
        a, b, c, d = packets(f, vport)
        row(f"{f} {method}: the link of the route goes down: the next packet takes the other one",
            Do(f"ip route add {f.s1}{host} via {f.other_router} dev d2{source}", f"ip route del {f.s1}{host}; true"),
            In(CLIENT, a), elsewhere(to_server(f, method, a)), FromHere(),
            Do("ip link set d2 down", RESTORE_OTHER),
            In(CLIENT, b), to_server(f, method, b),
            In(CLIENT, c), to_server(f, method, c),
            counts="direct 2, rerouted 1")
        a, b, c, d = packets(f, METHODS_FAR[method])
        row(f"{f} {method}: the route becomes unreachable, and is there again",
            In(CLIENT, a), to_server(f, method, a, server=f.far),
            Do(f"ip route add unreachable {f.far}{host}", f"ip route del {f.far}{host}; true"),
            In(CLIENT, b), In(CLIENT, c),
            Do(f"ip route del unreachable {f.far}{host}"),
            In(CLIENT, d), to_server(f, method, d, server=f.far),
            counts="direct 2, no-route 2")
        a, b, c, d = packets(f, METHODS_FAR[method])
        row(f"{f} {method}: a more specific route for others costs a lookup at most",
            In(CLIENT, a), to_server(f, method, a, server=f.far),
            Do(f"ip route add {f.other[:-1]}77{host} via {f.other_router}", f"ip route del {f.other[:-1]}77{host}"),
            In(CLIENT, b), to_server(f, method, b, server=f.far),
            In(CLIENT, c), to_server(f, method, c, server=f.far),
            In(CLIENT, d), to_server(f, method, d, server=f.far), counts="direct 4")

    # --- the way back to the client
    a, b, c, _ = packets(f, NAT)
    p = a[UDP].sport
    replies = [f.ip(f.s1, f.client) / UDP(sport=REAL, dport=p) / Raw(b"%d" % n) for n in range(3)]
    told = [readdress(hop(r), source=f.vip, sport=NAT) for r in replies]
    row(f"{f} nat: the route to the client changes",
        In(CLIENT, a), to_server(f, "nat", a),
        In(SERVER, replies[0]), Out(CLIENT, told[0]),
        Do(f"ip route add {f.client}{host} via {f.other_router} dev d2", f"ip route del {f.client}{host}"),
        In(SERVER, replies[1]), Out(OTHER, told[1]),
        In(SERVER, replies[2]), Out(OTHER, told[2]), counts="direct 4")

    # --- the source of the outer packet
    a, b, c, _ = packets(f, TUN_FAR)
    from_d0 = tunnel(f, hop(b), f.far)
    from_d0.src = f.d0
    row(f"{f} tun: the route gets another source address: the outer packet has it",
        In(CLIENT, a), to_server(f, "tun", a, server=f.far), FromHere(),
        Do(f"ip route add {f.far}{host} via {f.router} src {f.d0}", f"ip route del {f.far}{host}"),
        In(CLIENT, b), Out(SERVER, from_d0, to=MAC_ROUTER, fresh_id=True), counts="direct 1, rerouted 1")

    # --- the VIP becomes an address of the director, and the server too
    for method, vport in METHODS.items():
        a, b, c, _ = packets(f, vport)
        row(f"{f} {method}: the VIP becomes local, and is not any more: no packet notices",
            In(CLIENT, a), to_server(f, method, a),
            Do(f"ip addr add {f.vip}{host} dev lo{' nodad' if f.v6 else ''}",
               f"ip addr del {f.vip}{host} dev lo; true"),
            In(CLIENT, b), to_server(f, method, b),
            Do(f"ip addr del {f.vip}{host} dev lo"),
            In(CLIENT, c), to_server(f, method, c), counts="direct 3")
    a, b, c, _ = packets(f, NAT_FAR)
    # local-clients sees to the hook for what the server answers; without it the first packet is lost
    row(f"{f} nat: a server that becomes an address of the director",
        In(CLIENT, a), to_server(f, "nat", a, server=f.far), FromHere(),
        Do("halbctl settings set local-clients on", "halbctl settings set local-clients off"),
        Do(f"ip addr add {f.far}{host} dev lo{' nodad' if f.v6 else ''}", f"ip addr del {f.far}{host} dev lo"),
        Do("nft 'add table inet mute; add chain inet mute in { type filter hook input priority 0; }; "
           f"add rule inet mute in {'ip6' if f.v6 else 'ip'} daddr {f.far} counter drop'", "nft delete table inet mute"),
        In(CLIENT, b),
        Check("nft list table inet mute | grep -c 'packets 1 '", "1"), counts="local 1, rerouted 1")

# --- a neighbour that is not known: the packet waits for the answer -------------------------------------

for method, vport in METHODS.items():
    a, b, _, _ = packets(V4, vport)
    row(f"IPv4 {method}: a neighbour not known yet: the server is asked for, and the packet goes to it",
        Do("ip neigh del 10.2.0.11 dev d1", f"ip neigh replace 10.2.0.11 lladdr {MAC_S1} dev d1 nud permanent"),
        In(CLIENT, a),
        Out(SERVER, bytes(Ether(src=MACS[SERVER], dst="ff:ff:ff:ff:ff:ff", type=0x806) /
                          ARP(op=1, hwsrc=MACS[SERVER], psrc="10.2.0.1", hwdst="00:00:00:00:00:00",
                              pdst="10.2.0.11")), bare=True),
        In(SERVER, bytes(Ether(src="02:00:00:00:02:bb", dst=MACS[SERVER], type=0x806) /
                         ARP(op=2, hwsrc="02:00:00:00:02:bb", psrc="10.2.0.11", hwdst=MACS[SERVER],
                             pdst="10.2.0.1")), bare=True),
        to_server(V4, method, a, to="02:00:00:00:02:bb"),
        In(CLIENT, b), to_server(V4, method, b, to="02:00:00:00:02:bb"), counts="direct 2")
    a, b, _, _ = packets(V6, vport)
    row(f"IPv6 {method}: a neighbour not known yet: the server is asked for, and the packet goes to it",
        Do("ip neigh del fd00:2::b dev d1", f"ip neigh replace fd00:2::b lladdr {MAC_S1} dev d1 nud permanent"),
        In(CLIENT, a),
        Out(SERVER, bytes(Ether(src=MACS[SERVER], dst="33:33:ff:00:00:0b", type=0x86dd) /
                          IPv6(src="fd00:2::1" if method == "tun" else "fe80::1:1", dst="ff02::1:ff00:b", hlim=255) /
                          ICMPv6ND_NS(tgt="fd00:2::b") / ICMPv6NDOptSrcLLAddr(lladdr=MACS[SERVER])), bare=True),
        In(SERVER, IPv6(src="fd00:2::b", dst="fd00:2::1" if method == "tun" else "fe80::1:1", hlim=255) /
           ICMPv6ND_NA(R=0, S=1, O=1, tgt="fd00:2::b") / ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:02:bb")),
        to_server(V6, method, a, to="02:00:00:00:02:bb"),
        In(CLIENT, b), to_server(V6, method, b, to="02:00:00:00:02:bb"), counts="direct 2")
