#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Sends what concerns no load balancer, to and from many addresses:

    foreign.py N

For each family, N addresses as destinations and N as sources (to one more destination): the first
fragment of a UDP datagram whose others go elsewhere, and an empty GRE packet (RFC 2784)."""
import ipaddress
import socket
import struct
import sys

GRE, FRAGMENT, UDP, RAW = 47, 44, 17, 255
IPV6_HDRINCL = 36
SUITES = ("10.77.0.0/16", "10.78.0.0/16"), ("fd00:77::/64", "fd00:78::/64")
GRE_HEADER = b"\0\0\x08\0"
# Ports, a length of more than what is here, no checksum; eight bytes of data.
UDP_BEGINNING = struct.pack("!HHHH", 7, 7, 1400, 0) + b"fragment"


def packet4(source, to, number, protocol, data):
    """RFC 791, 3.1; more fragments follow those of UDP. The kernel fills in the checksum."""
    more = 0x2000 if protocol == UDP else 0
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), number, more, 64, protocol, 0,
                       source.packed, to.packed) + data


def packet6(source, to, number, protocol, data):
    """RFC 8200, 3 and 4.5."""
    if protocol == UDP:
        data = struct.pack("!BBHI", UDP, 0, 1, number) + data
        protocol = FRAGMENT
    return struct.pack("!IHBB16s16s", 6 << 28, len(data), protocol, 64, source.packed, to.packed) + data


def main():
    count = int(sys.argv[1])
    for (there, here), family, make in zip(SUITES, (socket.AF_INET, socket.AF_INET6), (packet4, packet6)):
        there, here = ipaddress.ip_network(there), ipaddress.ip_network(here)
        out = socket.socket(family, socket.SOCK_RAW, RAW)
        if family == socket.AF_INET6:
            out.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        for n in range(1, count + 1):
            for source, to in (here[1], there[n]), (here[n], there[1]):
                for protocol, data in (UDP, UDP_BEGINNING), (GRE, GRE_HEADER):
                    out.sendto(make(source, to, n, protocol, data), (str(to), 0))


if __name__ == "__main__":
    main()
