# SPDX-License-Identifier: GPL-2.0
"""What decides about a flow besides its packets: the director's VRRP state, the share that
half-open connections have, and a server that is gone while its client says nothing."""
from net import (CLIENT, Do, FAMILIES, FromHere, In, MAC_ROUTER, METHODS, NAT, Out, REAL, Raw, SERVER,
                 TCP, UDP, hop, port, readdress, row, to_server)


def at(f, vport):
    return f"[{f.vip}]:{vport}" if f.v6 else f"{f.vip}:{vport}"


def by_stack(packet, side=SERVER):
    """What is not ours is forwarded: to the router, since no VIP is local."""
    return Out(side, hop(packet), to=MAC_ROUTER if side == SERVER else None)


# First of all rows, so that the limit has room for them.
# --- half-open connections have a quarter of the limit, 64 on each CPU at least ------------------------------

FEW = 64
LIMIT = Do("halbctl -j settings show | jq .conn_limit > /tmp/limit && "
           "halbctl settings set conn-limit $((4 * 64 * $(getconf _NPROCESSORS_CONF)))",
           "halbctl settings set conn-limit $(cat /tmp/limit)")
for f in FAMILIES:
    for method, vport in METHODS.items():
        def syn(f=f, vport=vport):
            return f.ip(f.client, f.vip) / TCP(sport=port(), dport=vport, flags="S", seq=7)

        done, first, second = syn(), syn(), syn()
        many = [syn() for _ in range(FEW - 3)]
        last = [syn(), syn()]

        def ack(s, f=f):
            return f.ip(f.client, f.vip) / TCP(sport=s[TCP].sport, dport=s[TCP].dport, flags="A", seq=8, ack=9)

        sent = lambda s, f=f, method=method: (In(CLIENT, s), to_server(f, method, s))    # noqa: E731
        hands = [*sent(done)]
        if method == "nat":
            answer = f.ip(f.s1, f.client) / TCP(sport=REAL, dport=done[TCP].sport, flags="SA", seq=8, ack=8)
            hands += [In(SERVER, answer), Out(CLIENT, readdress(hop(answer), source=f.vip, sport=vport))]
        hands += sent(ack(done))
        row(f"{f} {method}: {FEW} half-open connections on a CPU; each one more is the end of the oldest",
            LIMIT, *hands, FromHere(),
            *[x for s in [first, second] + many for x in sent(s)],
            # done has the oldest slot, and is half-open no more: it stays.
            *sent(last[0]), *sent(ack(done)),
            # Now it is first's turn.
            *sent(last[1]), In(CLIENT, ack(first)), by_stack(ack(first)), *sent(ack(second)),
            counts=f"direct {FEW + 3}, half-open-evicted 1, tcp-not-syn 1")

# --- the gate: who is not master leaves the packets to the stack ------------------------------------------

def gate(f, vport, state):
    return Do(f"halbctl service set udp {at(f, vport)} vrrp G && halbctl vrrp set G {state}",
              f"halbctl service set udp {at(f, vport)} no-vrrp; halbctl vrrp del G")


for f in FAMILIES:
    for method, vport in METHODS.items():
        for state in "backup", "fault":
            p = port()
            a, b, c = (f.ip(f.client, f.vip) / UDP(sport=p, dport=vport) / Raw(b"%d" % n) for n in range(3))
            new = f.ip(f.client, f.vip) / UDP(sport=port(), dport=vport) / b"new"
            row(f"{f} {method}: {state}: flows known and new are left to the stack; master again: ours",
                In(CLIENT, a), to_server(f, method, a),
                gate(f, vport, state),
                In(CLIENT, b), by_stack(b), In(CLIENT, new), by_stack(new),
                Do("halbctl vrrp set G master"),
                In(CLIENT, c), to_server(f, method, c), In(CLIENT, new), to_server(f, method, new),
                counts="direct 3, not-master 2")
    p = port()
    ask = f.ip(f.client, f.vip) / UDP(sport=p, dport=NAT) / b"ask"
    reply = f.ip(f.s1, f.client) / UDP(sport=REAL, dport=p) / b"answer"
    row(f"{f} nat: backup: a reply is left to the stack as it is",
        In(CLIENT, ask), to_server(f, "nat", ask),
        gate(f, NAT, "backup"),
        In(SERVER, reply), Out(CLIENT, hop(reply)),
        Do("halbctl vrrp set G master"),
        In(SERVER, reply), Out(CLIENT, readdress(hop(reply), source=f.vip, sport=NAT)),
        counts="direct 2, not-master 1")

# --- a server that is gone, and a client that says nothing: it is asked (RFC 9293, 3.10.7.4) -------------------

for f in FAMILIES:
    for number, method in enumerate(METHODS):
        vport, p = 6001 + number, port()
        server = f"[{f.s1}]" if f.v6 else f.s1
        syn = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="S", seq=1000)
        answer = f.ip(f.s1, f.client) / TCP(sport=REAL, dport=p, flags="SA", seq=500, ack=1001)
        ack = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="A", seq=1001, ack=501)
        rst = f.ip(f.client, f.vip) / TCP(sport=p, dport=vport, flags="R", seq=1001)
        own = f.ip(f.vip, f.client, **({} if f.v6 else {"flags": "DF", "id": 0}))
        hands = [In(CLIENT, syn), to_server(f, method, syn)]
        if method == "nat":
            hands += [In(SERVER, answer), Out(CLIENT, readdress(hop(answer), source=f.vip, sport=vport))]
        hands += [In(CLIENT, ack), to_server(f, method, ack)]
        row(f"{f} {method}: the service goes, the client says nothing: it is asked, and its answer is reset exactly",
            Do(f"halbctl service add tcp {at(f, vport)} scheduler rr && halbctl server add tcp {at(f, vport)} "
               f"{server}:{REAL if method == 'nat' else vport} method {method}",
               f"halbctl service del tcp {at(f, vport)}"),
            *hands, FromHere(), Do(f"halbctl service del tcp {at(f, vport)}"),
            Out(CLIENT, own / TCP(sport=vport, dport=p, flags="A", window=0), fresh_numbers=True, patience=15),
            In(CLIENT, ack), Out(CLIENT, own / TCP(sport=vport, dport=p, flags="R", seq=501, ack=0, window=0)),
            In(CLIENT, rst), to_server(f, method, rst),
            counts="probe-sent 1-3, server-removed 1, rst-sent 1, direct 1")
