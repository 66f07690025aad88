#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""An SCTP server and its client.

sctp.py server NAME PORT READY ADDRESS...
    Answers "who" with NAME and everything else with itself. Each address has a socket of its own:
    an association of a socket for all addresses would use all of them. Makes the file READY.
sctp.py ask ADDRESS PORT SOURCE [n=N] [size=BYTES] [sport=PORT]
    N associations, one after the other. Each asks for the name and, with a size, has as many
    bytes echoed. Prints the names.
sctp.py session ADDRESS PORT SOURCE [sport=PORT]
    One association that asks at once, and again for every line on stdin; it ends with stdin.
sctp.py bad ADDRESS PORT SOURCE
    An INIT with a wrong checksum (IPv4).

What cannot be answered is refused, reset, timeout or closed.
"""
import errno
import os
import socket
import struct
import sys
import threading


def serve(sock, name):
    while True:
        conn, _ = sock.accept()
        threading.Thread(target=talk, args=(conn, name), daemon=True).start()


def talk(conn, name):
    with conn:
        while True:
            try:
                data = conn.recv(65536)
            except OSError:
                return
            if not data:
                return
            conn.sendall(name if data == b"who" else data)


def open_socket(address, source, sport=0):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((source, sport))
    return sock


def server(name, port, ready, *addresses):
    for address in addresses:
        sock = open_socket(address, address, int(port))
        sock.listen(64)
        threading.Thread(target=serve, args=(sock, name.encode())).start()
    open(ready, "w").close()


def reason(error):
    names = {
        errno.ECONNREFUSED: "refused",
        errno.ECONNRESET: "reset",
        errno.EPIPE: "reset",
        errno.ETIMEDOUT: "timeout",
    }
    if isinstance(error, socket.timeout):
        return "timeout"
    return names.get(error.errno, errno.errorcode.get(error.errno, "error"))


def ask_name(sock):
    try:
        sock.sendall(b"who")
        return sock.recv(100).decode() or "closed"
    except OSError as e:
        return reason(e)


def echo(sock, size):
    """Message by message: the window is smaller than what a large test sends."""
    while size > 0:
        data = os.urandom(min(size, 50000))
        sock.sendall(data)
        got = b""
        while len(got) < len(data):
            more = sock.recv(65536)
            if not more:
                return False
            got += more
        if got != data:
            return False
        size -= len(data)
    return True


def connect(address, port, source, sport=0):
    sock = open_socket(address, source, sport)
    sock.settimeout(10)
    sock.connect((address, port))
    return sock


def ask(address, port, source, *options):
    options = dict(o.split("=") for o in options)
    answers = []
    for _ in range(int(options.get("n", 1))):
        try:
            sock = connect(address, int(port), source, int(options.get("sport", 0)))
        except OSError as e:
            answers.append(reason(e))
            continue
        answers.append(ask_name(sock))
        if "size" in options and not echo(sock, int(options["size"])):
            answers[-1] = "differs"
        sock.close()
    print(*answers)


def session(address, port, source, *options):
    options = dict(o.split("=") for o in options)
    sock = connect(address, int(port), source, int(options.get("sport", 0)))
    print(ask_name(sock), flush=True)
    for _ in sys.stdin:
        print(ask_name(sock), flush=True)
    sock.close()


def bad(address, port, source):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_SCTP)
    sock.bind((source, 0))
    chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 1, 65535, 1, 1, 1)
    sock.sendto(struct.pack("!HHI", 4999, int(port), 0) + b"\xde\xad\xbe\xef" + chunk, (address, 0))


if __name__ == "__main__":
    {"server": server, "ask": ask, "session": session, "bad": bad}[sys.argv[1]](*sys.argv[2:])
