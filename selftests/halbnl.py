# SPDX-License-Identifier: GPL-2.0
"""A netlink client that knows uapi/halb.yaml and nothing else.

    nl = Halb()                                   # or Halb("netns")
    nl.do("service-add", service=dict(protocol=6, address="10.9.0.80", port=80))
    for answer in nl.dump("server-get"): ...

Attributes are Python values: addresses as text, enums and flags by name, nests
as dicts, repeated attributes as lists. A refusal is a Refused.
"""
import ctypes
import errno
import os
import socket
import struct

import yaml

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_DUMP_INTR = 0x10
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLA_F_NESTED = 0x8000
NETLINK_GENERIC = 16
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 1, 10, 11
NLA = struct.Struct("=HH")
SCALARS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q"}


class Refused(Exception):
    """What the kernel said no to: errno, its sentence, the attribute's offset."""

    def __init__(self, code, text, offset=None):
        super().__init__(f"{errno.errorcode.get(code, code)}: {text}")
        self.code, self.text, self.offset = code, text, offset


class Interrupted(Exception):
    """A dump during which the configuration changed."""


class Spec:
    def __init__(self):
        top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
        with open(os.path.join(top, "uapi", "halb.yaml"), encoding="utf-8") as f:
            spec = yaml.safe_load(f)
        self.sets = {}
        for s in spec["attribute-sets"]:
            self.sets[s["name"]] = {
                a["name"]: dict(a, id=i) for i, a in enumerate(s["attributes"], 1)}
        self.by_id = {name: {a["id"]: a for a in attrs.values() if a["type"] != "pad"}
                      for name, attrs in self.sets.items()}
        self.ops = {}
        for i, op in enumerate(spec["operations"]["list"]):
            self.ops[op["name"]] = op.get("value", i)
        self.op_names = {v: k for k, v in self.ops.items()}
        self.enums = {}
        for d in spec["definitions"]:
            if d["type"] in ("enum", "flags"):
                names = [e if isinstance(e, str) else e["name"] for e in d["entries"]]
                self.enums[d["name"]] = names

    def enum_value(self, attr, value):
        if isinstance(value, int):
            return value
        names = self.enums[attr["enum"]]
        if attr.get("enum-as-flags"):
            return sum(1 << names.index(v) for v in value)
        return names.index(value)

    def enum_names(self, attr, value):
        names = self.enums[attr["enum"]]
        if attr.get("enum-as-flags"):
            return [n for i, n in enumerate(names) if value >> i & 1]
        return names[value] if value < len(names) else value

    def encode(self, set_name, values):
        out = b""
        for name, value in values.items():
            if isinstance(name, int):       # a number and raw bytes, for bad requests
                out += nla(name, value)
                continue
            attr = self.sets[set_name][name]
            for v in value if attr.get("multi-attr") else [value]:
                out += self.encode_one(attr, v)
        return out

    def encode_one(self, attr, value):
        kind = attr["type"]
        if kind == "nest":
            return nla(attr["id"] | NLA_F_NESTED,
                       self.encode(attr["nested-attributes"], value))
        if isinstance(value, bytes):
            return nla(attr["id"], value)
        if kind == "string":
            return nla(attr["id"], value.encode() + b"\0")
        if kind == "binary":
            family = socket.AF_INET6 if ":" in value else socket.AF_INET
            return nla(attr["id"], socket.inet_pton(family, value))
        if "enum" in attr:
            value = self.enum_value(attr, value)
        order = ">" if attr.get("byte-order") == "big-endian" else "="
        return nla(attr["id"], struct.pack(order + SCALARS[kind], value))

    def decode(self, set_name, data):
        by_id = self.by_id[set_name]
        out = {}
        at = 0
        while at + 4 <= len(data):
            length, kind = NLA.unpack_from(data, at)
            payload = data[at + 4:at + length]
            at += (length + 3) & ~3
            attr = by_id.get(kind & 0x3fff)
            if not attr:
                continue
            value = self.decode_one(attr, payload)
            if attr.get("multi-attr"):
                out.setdefault(attr["name"], []).append(value)
            else:
                out[attr["name"]] = value
        return out

    def decode_one(self, attr, payload):
        kind = attr["type"]
        if kind == "nest":
            return self.decode(attr["nested-attributes"], payload)
        if kind == "string":
            return payload.rstrip(b"\0").decode()
        if kind == "binary":
            family = socket.AF_INET if len(payload) == 4 else socket.AF_INET6
            return socket.inet_ntop(family, payload)
        order = ">" if attr.get("byte-order") == "big-endian" else "="
        value = struct.unpack(order + SCALARS[kind], payload)[0]
        return self.enum_names(attr, value) if "enum" in attr else value


def nla(kind, payload):
    return (struct.pack("=HH", 4 + len(payload), kind) + payload +
            b"\0" * (-len(payload) % 4))


def in_netns(name, function):
    """Calls the function in a named network namespace."""
    if name is None:
        return function()
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net", "rb") as here, \
            open(f"/run/netns/{name}", "rb") as there:
        if libc.setns(there.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return function()
        finally:
            libc.setns(here.fileno(), 0)


SPEC = Spec()


class Halb:
    def __init__(self, netns=None):
        self.sock = in_netns(netns, lambda: socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC))
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.bind((0, 0))
        self.seq = 0
        self.find_family()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def find_family(self):
        self.send(16, 3, 0, nla(2, b"halb\0"))      # CTRL_CMD_GETFAMILY
        for _, payload in self.answers():
            attrs = payload[4:]
            while len(attrs) >= 4:
                length, kind = struct.unpack_from("=HH", attrs)
                value = attrs[4:length]
                attrs = attrs[(length + 3) & ~3:]
                if kind == 1:                       # CTRL_ATTR_FAMILY_ID
                    self.family = struct.unpack("=H", value)[0]
                elif kind & 0x3fff == 7:            # CTRL_ATTR_MCAST_GROUPS
                    at = value.index(struct.pack("=HH", 8, 2))
                    self.group = struct.unpack_from("=I", value, at + 4)[0]

    def send(self, kind, cmd, flags, payload, version=1):
        self.seq += 1
        self.sock.send(struct.pack("=IHHII", 20 + len(payload), kind,
                                   NLM_F_REQUEST | NLM_F_ACK | flags, self.seq, 0) +
                       struct.pack("=BBH", cmd, version, 0) + payload)

    @staticmethod
    def messages(data):
        at = 0
        while at + 16 <= len(data):
            length, kind, flags, seq, _ = struct.unpack_from("=IHHII", data, at)
            yield kind, flags, seq, data[at + 16:at + length]
            at += (length + 3) & ~3

    def answers(self):
        interrupted = False
        while True:
            for kind, flags, seq, payload in self.messages(self.sock.recv(1 << 20)):
                if seq != self.seq:
                    continue
                interrupted |= bool(flags & NLM_F_DUMP_INTR)
                if kind == NLMSG_ERROR:
                    self.check_error(payload)
                    return
                if kind == NLMSG_DONE:
                    self.check_error(payload, done=True)
                    if interrupted:
                        raise Interrupted
                    return
                yield flags, payload

    @staticmethod
    def check_error(payload, done=False):
        code = -struct.unpack_from("=i", payload)[0]
        if not code:
            return
        text, offset = "", None
        attrs = payload[4 if done else 20:]         # with NETLINK_CAP_ACK
        while len(attrs) >= 4:
            length, kind = struct.unpack_from("=HH", attrs)
            if kind == 1:                           # NLMSGERR_ATTR_MSG
                text = attrs[4:length].rstrip(b"\0").decode()
            elif kind == 2:                         # NLMSGERR_ATTR_OFFS
                offset = struct.unpack_from("=I", attrs, 4)[0]
            attrs = attrs[(length + 3) & ~3:]
        raise Refused(code, text, offset)

    def send_request(self, op, flags, values, raw=b""):
        values = {k.replace("_", "-"): v for k, v in values.items()}
        payload = SPEC.encode("main", values) + raw
        self.send(self.family, SPEC.ops[op], flags, payload)

    def request(self, op, flags, values, raw=b""):
        self.send_request(op, flags, values, raw)
        return [p[4:] for _, p in self.answers()]

    def do(self, op, raw=b"", **values):
        answers = self.request(op, 0, values, raw)
        return SPEC.decode("main", answers[0]) if answers else {}

    def dump(self, op, **values):
        return [SPEC.decode("main", a) for a in self.dump_raw(op, **values)]

    def dump_raw(self, op, **values):
        """The answers as bytes, for who is in a hurry."""
        return self.request(op, NLM_F_DUMP, values)

    def dump_consistent(self, op, tries=1000, **values):
        """Repeats a dump until nothing has changed meanwhile."""
        for _ in range(tries):
            try:
                return self.dump(op, **values)
            except Interrupted:
                pass
        raise Interrupted

    # --- events

    def subscribe(self):
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, self.group)

    def events(self, timeout=0.0):
        """Events that have arrived, or arrive within the timeout: (name, attributes)."""
        out = []
        self.sock.settimeout(timeout or None)
        self.sock.setblocking(bool(timeout))
        if timeout:
            self.sock.settimeout(timeout)
        while True:
            try:
                data = self.sock.recv(1 << 20)
            except (BlockingIOError, TimeoutError):
                break
            for _, _, _, payload in self.messages(data):
                out.append((SPEC.op_names[payload[0]],
                            SPEC.decode("main", payload[4:])))
            self.sock.setblocking(False)
        self.sock.setblocking(True)
        return out

    # --- shorthands

    def transaction(self, changes=(), flags=(), **values):
        """Begin, put, commit: the answer of the commit."""
        answer = self.do("transaction-begin", transaction_flags=list(flags), **values)
        for chunk in chunks(changes):
            self.do("transaction-put", raw=chunk, transaction=answer["transaction"])
        return self.do("transaction-commit", transaction=answer["transaction"])


def chunks(changes, size=32000):
    """Encoded changes, as many as fit into a message each."""
    out = b""
    for c in changes:
        one = change(c)
        if out and len(out) + len(one) > size:
            yield out
            out = b""
        out += one
    if out:
        yield out


def change(c):
    return SPEC.encode("main", {"change": [c]})


def key(address, port=80, protocol=6):
    return {"protocol": protocol, "address": address, "port": port}
