# SPDX-License-Identifier: GPL-2.0
"""The same flows from all processors at once: see smp.sh.

    smp.py udp|tcp VIP PORT FLOWS ROUNDS

A process on each processor sends the same packet of the same flow at the same moment, flow after
flow, so that each flow is new on several processors at once; then ROUNDS packets more of each,
without waiting for one another. Prints how many packets were sent.
"""
import multiprocessing
import os
import socket
import struct
import sys

SOURCE = "10.1.0.2"


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def transport(kind, vip, sport, dport):
    pseudo = socket.inet_aton(SOURCE) + socket.inet_aton(vip)
    if kind == "udp":
        body = struct.pack("!HHHH", sport, dport, 12, 0) + b"halb"
        proto = socket.IPPROTO_UDP
        check = checksum(pseudo + struct.pack("!HH", proto, len(body)) + body) or 0xffff
        return proto, body[:6] + struct.pack("!H", check) + body[8:]
    body = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 5 << 4, 2, 8192, 0, 0)  # SYN
    proto = socket.IPPROTO_TCP
    check = checksum(pseudo + struct.pack("!HH", proto, len(body)) + body)
    return proto, body[:16] + struct.pack("!H", check) + body[18:]


def packet(kind, vip, sport, dport):
    proto, body = transport(kind, vip, sport, dport)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0x4000, 64, proto, 0,
                         socket.inet_aton(SOURCE), socket.inet_aton(vip))
    return header + body


def sender(cpu, barrier, packets, rounds, vip):
    os.sched_setaffinity(0, {cpu})
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for p in packets:
        barrier.wait()
        s.sendto(p, (vip, 0))
    for _ in range(rounds):
        for p in packets:
            s.sendto(p, (vip, 0))


def main():
    kind, vip, port, flows, rounds = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    cpus = sorted(os.sched_getaffinity(0))
    packets = [packet(kind, vip, 20000 + i, port) for i in range(flows)]
    barrier = multiprocessing.Barrier(len(cpus))
    senders = [multiprocessing.Process(target=sender, args=(c, barrier, packets, rounds, vip))
               for c in cpus]
    for s in senders:
        s.start()
    for s in senders:
        s.join()
    if any(s.exitcode for s in senders):
        sys.exit(1)
    print(len(cpus) * flows * (1 + rounds))


main()
