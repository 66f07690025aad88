#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Sends the rows' packets and compares what comes out. Runs in the director's namespace, after
packets.sh has built it.

    run.py [REGEX]                          the rows whose name matches
    run.py --mutants FILE                   see ../mutate
"""
import fcntl
import glob
import importlib
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
from halbnl import Halb                                         # noqa: E402
import net                                                      # noqa: E402
from net import (Check, Do, FromHere, Heard, In, Listen, Offload, Out, SIDES, SPARE,       # noqa: E402
                 Together, Wait)

SLOW = int(os.environ.get("HALB_SLOW") or 1)
PATIENCE = 2.0 * SLOW           # for a packet that is late; none is, normally

TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454ca, 0x400454d0, 0x400454d8
IFF_TAP, IFF_NAPI, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x0010, 0x1000, 0x4000
OFFLOADS = {"csum": 1, "tso4": 2, "tso6": 4, "ecn": 8}
VNET = struct.Struct("=BBHHHH")
VNET_FIELDS = ("flags", "gso_type", "hdr_len", "gso_size", "csum_start", "csum_offset")
PACKET_ALL, SO_TIMESTAMP = 3, 29
TUNSETSNDBUF = 0x400454d4


class Failed(Exception):
    pass


class Wire:
    """One of the director's devices, and the end of its cable."""

    def __init__(self, name):
        self.name = name
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack(
            "16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR |
            (IFF_NAPI if name == SPARE else 0)))

    def send(self, frame, vnet, linear=0):
        # With a send buffer of its own size the device makes skbs of pages.
        fcntl.ioctl(self.fd, TUNSETSNDBUF, struct.pack("i", 1 << 20 if linear else 0x7fffffff))
        os.write(self.fd, VNET.pack(*(vnet.get(k, 0) for k in VNET_FIELDS)) + frame)

    def receive(self):
        """(frame, vnet), or None."""
        try:
            data = os.read(self.fd, 1 << 17)
        except BlockingIOError:
            return None
        return data[VNET.size:], dict(zip(VNET_FIELDS, VNET.unpack_from(data)))

    def offload(self, what):
        fcntl.ioctl(self.fd, TUNSETOFFLOAD, sum(OFFLOADS[w] for w in what))


def shell(command):
    p = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    return p.returncode, p.stdout.strip(), p.stderr.strip()


def is_noise(frame):
    """Multicast listener reports, which the kernel sends when addresses change."""
    return frame[12:14] == b"\x86\xdd" and frame[:2] == b"\x33\x33" and \
        frame[20] == 0 and frame[54:55] == b"\x3a"


def napi_threads(device):
    """The kernel's threads that look after a device."""
    for path in glob.glob("/proc/[0-9]*/comm"):
        try:
            with open(path, encoding="utf-8") as f:
                if f.read().startswith(f"napi/{device}-"):
                    yield int(path.split("/")[2])
        except OSError:
            pass


class Alone:
    """Nothing else runs on this CPU, until it is over."""

    def __enter__(self):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))

    def __exit__(self, *what):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def show(frame):
    return " ".join(frame[i:i + 4].hex() for i in range(0, len(frame), 4))


class World:
    def __init__(self):
        self.wires = {side: Wire(side) for side in SIDES}
        self.halb = None
        # Somebody wants to know when packets came: from now on each has a time in it.
        self.stamper = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.stamper.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
        self.listener = None
        self.again = []

    def set_up(self):
        """Addresses, routes and neighbours of the picture in net.py."""
        lines = []
        for dev, macs in ("d0", {"client": net.MAC_CLIENT, "client_router": net.MAC_CLIENT_ROUTER}), \
                ("d1", {"s1": net.MAC_S1, "s2": net.MAC_S2, "router": net.MAC_ROUTER}), \
                ("d2", {"other_router": net.MAC_OTHER_ROUTER}), ("d3", {}):
            lines.append(f"link set {dev} address {net.MACS[dev]} addrgenmode none txqueuelen 1000")
            lines.append(f"link set {dev} up")
            if dev != "d3":
                lines.append(f"addr add fe80::{dev[1]}:1/64 dev {dev} nodad")
            for f in net.FAMILIES if macs else ():
                lines.append(f"addr add {getattr(f, dev)}/{f.prefix} dev {dev}" +
                             (" nodad" if f.v6 else ""))
                for host, mac in macs.items():
                    lines.append(f"neigh replace {getattr(f, host)} lladdr {mac} dev {dev} nud permanent")
        for f in net.FAMILIES:
            family = "-6 " if f.v6 else ""
            lines.append(f"{family}route add default via {f.router}")
            for to, via in ((f.far_client, f.client_router), (f.other, f.other_router)):
                lines.append(f"{family}route add {to}/{f.prefix} via {via}")
        for line in lines:
            if line.startswith("-6 route add fd00"):
                line = line.replace("fd00:3::2/64", "fd00:3::/64").replace("fd00:7::2/64", "fd00:7::/64")
            line = line.replace("10.3.0.2/24", "10.3.0.0/24").replace("10.7.0.2/24", "10.7.0.0/24")
            code, _, err = shell("ip " + line)
            if code:
                sys.exit(f"# ip {line}: {err}")
        # All is done on one CPU, so that counts are exact where each CPU counts for itself.
        os.sched_setaffinity(0, {0})
        code, _, err = shell(f"ip netns exec dir sh -c 'echo 1 > /sys/class/net/{SPARE}/threaded'")
        if code:
            print(f"# {SPARE} gets no thread, which the rows with GRO need: {err}")
        for pid in napi_threads(SPARE):
            os.sched_setaffinity(pid, {0})

    def configure(self):
        text = "\n".join(net.configuration()) + "\n"
        subprocess.run(["halbctl", "restore"], input=text, text=True, check=True)
        self.halb = Halb()
        self.names = self.counter_names()

    def counter_names(self):
        """Of all three groups; one name occurs only once."""
        names = [n for group in self.counters_raw().values() for n in group]
        assert len(names) == len(set(names)), "a counter's name occurs twice"
        return names

    def counters_raw(self):
        stats = self.halb.do("stats-get")
        return {group: {c["name"]: c["packets"] for c in stats[group]}
                for group in ("drop", "pass", "path")}

    def counters(self):
        return {n: v for group in self.counters_raw().values() for n, v in group.items()}

    def drain(self):
        for wire in self.wires.values():
            while wire.receive():
                pass

    # --- one row

    def next_frame(self, side, end):
        wire = self.wires[side]
        while True:
            got = wire.receive()
            if got is None:
                left = end - time.monotonic()
                if left <= 0 or not select.select([wire.fd], [], [], left)[0]:
                    return None
            elif not self.is_noise(side, got[0]):
                return got

    def is_noise(self, side, frame):
        """Also what has come before, and may come again."""
        return is_noise(frame) or any(out.side == side and frame == fresh(out, frame)
                                      for out in self.again)

    def expect(self, outs):
        end = time.monotonic() + PATIENCE * max(out.patience for out in outs) if outs else 0
        for n, out in enumerate(outs, 1):
            got = self.next_frame(out.side, end)
            what = f"packet {n} of {len(outs)}, on {out.side}"
            if got is None:
                extra = self.leftovers()
                raise Failed(f"{what}: nothing came\nexpected {show(out.frame)}" + extra)
            frame, vnet = got
            want = fresh(out, frame)
            if frame != want:
                raise Failed(f"{what} differs\n     got {show(frame)}\nexpected {show(want)}" +
                             difference(frame, want) + self.leftovers())
            wrong = {k: vnet[k] for k, v in out.vnet.items() if vnet[k] != v}
            if wrong or (not out.vnet and vnet["flags"] & 1):
                raise Failed(f"{what}: virtio's header says {vnet}, expected {out.vnet}")
            if out.fresh_numbers:
                self.again.append(out)
        extra = self.leftovers()
        if extra:
            raise Failed("something came that should not" + extra)

    def leftovers(self):
        text = ""
        for side, wire in self.wires.items():
            while got := wire.receive():
                if not self.is_noise(side, got[0]):
                    text += f"\n   extra on {side} {show(got[0])}"
        return text

    def listen(self, device):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(PACKET_ALL))
        s.bind((device, PACKET_ALL))
        s.settimeout(PATIENCE)
        self.listener = s

    def heard(self, frames):
        for n, want in enumerate(frames, 1):
            try:
                got = self.listener.recv(1 << 17)
            except TimeoutError:
                raise Failed(f"the listener did not hear packet {n}") from None
            if got != want:
                raise Failed(f"the listener heard a changed packet\n     got {show(got)}\n"
                             f"expected {show(want)}" + difference(got, want))

    def step(self, step, undo):
        if isinstance(step, In):
            self.wires[step.side].send(step.frame, step.vnet, step.linear)
        elif isinstance(step, Together):
            with Alone():
                for data in step.frames:
                    self.wires[SPARE].send(data, {})
        elif isinstance(step, Do):
            if step.undo:
                undo.append(step.undo)
            code, _, err = shell(step.command)
            if code:
                raise Failed(f"{step.command}: {err}")
        elif isinstance(step, Check):
            _, out, err = shell(step.command)
            if out != step.output:
                raise Failed(f"{step.command}\n     got {out}\nexpected {step.output}\n{err}")
        elif isinstance(step, Wait):
            end = time.monotonic() + 30 * SLOW
            while shell(step.command)[0]:
                if time.monotonic() > end:
                    raise Failed(f"gave up: {step.command}")
                time.sleep(0.05)
        elif isinstance(step, Offload):
            undo.append(lambda: self.wires[step.side].offload(()))
            self.wires[step.side].offload(step.what)
        elif isinstance(step, Listen):
            self.listen(step.device)
            undo.append(self.listener.close)
        elif isinstance(step, Heard):
            self.heard(step.frames)

    def run(self, row):
        """None, or why the row failed."""
        undo = []
        self.again = []
        self.drain()
        before = self.counters()
        try:
            outs = []
            for step in row.steps + [None]:
                if isinstance(step, Out):
                    outs.append(step)
                    continue
                # What is sent after an answer was expected is sent after it came.
                if outs or step is None:
                    self.expect(outs)
                    outs = []
                if isinstance(step, FromHere):
                    before = self.counters()
                elif step is not None:
                    self.step(step, undo)
            self.compare(before, row.counts)
        except Failed as e:
            now = self.counters()
            return f"{e}\ncounters: { {n: now[n] - before[n] for n in now if now[n] != before[n]} }"
        except OSError as e:
            return f"{e}"
        finally:
            for u in reversed(undo):
                if callable(u):
                    u()
                else:
                    shell(u)
        return None

    def compare(self, before, want):
        now = self.counters()
        changed = {n: now[n] - before[n] for n in now if now[n] != before[n]}
        if "rerouted" not in want:
            changed.pop("rerouted", None)
        unknown = set(want) - set(now)
        if unknown:
            raise Failed(f"no such counter: {unknown}")
        if any(changed.get(n, 0) not in want.get(n, (0,)) for n in set(changed) | set(want)):
            raise Failed(f"counters: got {changed}, expected {want}")


def fresh(out, got):
    """The expected frame, with what the director may choose as it chose."""
    want = same_id(out.frame, got) if out.fresh_id else out.frame
    return same_numbers(want, got) if out.fresh_numbers else want


def same_numbers(want, got):
    """The expected TCP segment with the numbers that the director chose."""
    v6 = want[12:14] == b"\x86\xdd"
    start = 14 + (40 if v6 else 20)
    if len(got) != len(want):
        return want
    addresses = want[22:54] if v6 else want[26:34]
    segment = want[start:start + 4] + got[start + 4:start + 12] + want[start + 12:start + 16] + \
        b"\0\0" + want[start + 18:]
    pseudo = addresses + len(segment).to_bytes(4, "big") + (6).to_bytes(4, "big")
    check = net.checksum(pseudo + segment).to_bytes(2, "big")
    return want[:start] + segment[:16] + check + segment[18:]


def same_id(want, got):
    """The expected frame with the identification that the director chose."""
    if len(got) < 34:
        return want
    if want[12:14] == b"\x86\xdd":
        return want[:58] + got[58:62] + want[62:] if want[20] == 44 else want
    head = bytearray(want[14:34])
    head[4:6] = got[18:20]
    head[10:12] = b"\0\0"
    head[10:12] = net.checksum(bytes(head)).to_bytes(2, "big")
    return want[:14] + bytes(head) + want[34:]


def difference(got, want):
    places = [i for i in range(min(len(got), len(want))) if got[i] != want[i]]
    text = f"\n   bytes {places[:20]} of the frame" if places else ""
    if len(got) != len(want):
        text += f"\n   lengths: got {len(got)}, expected {len(want)}"
    return text


def load_table():
    for path in sorted(glob.glob(os.path.join(HERE, "rows_*.py"))):
        importlib.import_module(os.path.basename(path)[:-3])
    return net.ROWS


def run_table(world, rows):
    failed = 0
    print(f"1..{len(rows)}", flush=True)
    for n, row in enumerate(rows, 1):
        why = world.run(row)
        failed += bool(why)
        print(f"{'not ok' if why else 'ok'} {n} - {row.name}", flush=True)
        for line in (why or "").splitlines():
            print("# " + line[:3000], flush=True)
    return failed


def main():
    rows = load_table()
    world = World()
    world.set_up()
    if sys.argv[1:2] == ["--mutants"]:
        import mutants
        return mutants.run(world, rows, sys.argv[2])
    world.configure()
    regex = sys.argv[1] if len(sys.argv) > 1 else ""
    return 1 if run_table(world, [r for r in rows if re.search(regex, r.name)]) else 0


if __name__ == "__main__":
    sys.exit(main())
