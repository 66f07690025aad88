#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A UDP server that says who it is, and its client.

udp.py server NAME PORT [READY-FILE]
    Answers "who" with NAME and everything else with the same bytes, always from the address
    that was asked (a wildcard socket would choose the interface's).

udp.py client ADDRESS PORT [-n COUNT] [-s] [-e SIZE] [-p PORT] [-t SECONDS]
    Asks COUNT times "who", each time from a new socket (-s: all from the same one), and prints
    the names. -e: sends SIZE random bytes instead and fails unless they come back. -p: from
    this source port.
"""
import argparse
import os
import selectors
import socket
import sys

IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)


def serve(name, port, ready):
    sel = selectors.DefaultSelector()
    for family, level, opt, kind in (
            (socket.AF_INET, socket.IPPROTO_IP, IP_PKTINFO, IP_PKTINFO),
            (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO,
             socket.IPV6_PKTINFO)):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.setsockopt(level, opt, 1)
        s.bind(("", port))
        sel.register(s, selectors.EVENT_READ, (level, kind))
    if ready:
        open(ready, "w").close()
    while True:
        for key, _ in sel.select():
            s, (level, kind) = key.fileobj, key.data
            data, anc, _, peer = s.recvmsg(65535, 256)
            # The interface index is cleared: the way back is the routing's business.
            info = []
            for lvl, typ, val in anc:
                if (lvl, typ) != (level, kind):
                    continue
                if kind == IP_PKTINFO:   # in_pktinfo: index, source to use, destination
                    info = [(lvl, typ, b"\0\0\0\0" + val[8:12] + b"\0\0\0\0")]
                else:                    # in6_pktinfo: address, index
                    info = [(lvl, typ, val[:16] + b"\0\0\0\0")]
            try:
                s.sendmsg([name.encode() if data == b"who" else data], info, 0, peer)
            except OSError as e:
                print("udp.py:", e, file=sys.stderr)


def ask(args):
    family = socket.AF_INET6 if ":" in args.address else socket.AF_INET
    s = None
    for _ in range(args.n):
        if s is None or not args.same:
            if s is not None:
                s.close()
            s = socket.socket(family, socket.SOCK_DGRAM)
            s.settimeout(args.t)
            if args.p:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("", args.p))
            # Connected: an answer from another address is not an answer.
            s.connect((args.address, args.port))
        want = os.urandom(args.e) if args.e is not None else None
        try:
            s.send(b"who" if want is None else want)
            got = s.recv(65535)
        except OSError as e:
            print("udp.py: %s: %s" % (args.address, e), file=sys.stderr)
            return 1
        if want is None:
            print(got.decode(errors="replace"))
        elif got != want:
            print("udp.py: sent %d bytes, got %d others" % (len(want), len(got)), file=sys.stderr)
            return 1
    return 0


def main():
    p = argparse.ArgumentParser()
    sub = p.add_subparsers(dest="mode", required=True)
    a = sub.add_parser("server")
    a.add_argument("name")
    a.add_argument("port", type=int)
    a.add_argument("ready", nargs="?")
    a = sub.add_parser("client")
    a.add_argument("address")
    a.add_argument("port", type=int)
    a.add_argument("-n", type=int, default=1)
    a.add_argument("-s", dest="same", action="store_true")
    a.add_argument("-e", type=int)
    a.add_argument("-p", type=int)
    a.add_argument("-t", type=float, default=10 * int(os.environ.get("HALB_SLOW") or 1))
    args = p.parse_args()
    if args.mode == "server":
        serve(args.name, args.port, args.ready)
    sys.exit(ask(args))


main()
