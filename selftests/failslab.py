# SPDX-License-Identifier: GPL-2.0
"""Every allocation fails once: see failslab.sh, which has prepared the kernel for it.

requests    The kernel counts a task's allocations down from the number in fail-nth and lets the one
            at zero fail. So each request is repeated with 1, 2, 3, ... until it makes fewer
            allocations than that. Whatever fails, the answer is an error and the configuration is
            as before, or there is no error and it is as asked for; and who listens has heard of
            the change, or that it has missed something.
namespaces  The same for the end of making a network namespace, and for the first service in it.
"""
import ast
import ctypes
import errno
import os
import sys
import threading

import halbnl

VIP, VIP6 = "10.9.0.80", "fd00:9::80"
FAILURES = (errno.ENOMEM, errno.ENOBUFS)
LIMIT = 3000
LAST = 60       # allocations of a network namespace that fail in turn
TIMES = ("stats", "age", "transitions", "conns", "active-conns", "inactive-conns", "persist-conns")

fail_nth = os.open(f"/proc/self/task/{threading.get_native_id()}/fail-nth", os.O_RDWR)
done = 0
failed = 0


def tap(good, name, *why):
    global done, failed
    done += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {done} - {name}", flush=True)
    for line in why if not good else ():
        print(f"# {line}", flush=True)


class Failing:
    """A socket one of whose allocations fails: the n-th that its system calls make."""

    def __init__(self, sock):
        self.sock = sock
        self.left = 0
        self.buffer = bytearray(1 << 20)

    def __getattr__(self, name):
        return getattr(self.sock, name)

    def armed(self, call, *args):
        if not self.left:
            return call(*args)
        os.pwrite(fail_nth, b"%d" % self.left, 0)
        try:
            return call(*args)
        finally:
            self.left = int(os.pread(fail_nth, 20, 0))
            os.pwrite(fail_nth, b"0", 0)

    def send(self, data):
        return self.armed(self.sock.send, data)

    def recv(self, size):
        return bytes(self.buffer[:self.armed(self.sock.recv_into, self.buffer, size)])


def key(address=VIP, port=80, protocol=6):
    return halbnl.key(address, port, protocol)


def server(address, n, **values):
    net = "fd00:2::" if ":" in address else "10.2.0."
    return dict(service=key(address), address=f"{net}{n}", **values)


def strip(value):
    """What is configuration, without what time changes."""
    if isinstance(value, dict):
        return {k: strip(v) for k, v in sorted(value.items()) if k not in TIMES}
    return [strip(v) for v in value] if isinstance(value, list) else value


def state(nl):
    return repr([strip(nl.dump_consistent(op))
                 for op in ("service-get", "server-get", "instance-get")] +
                [strip(nl.do("settings-get"))])


def baseline(nl):
    changes = [dict(op="add", service=dict(key(), scheduler="wrr")),
               dict(op="add", server=server(VIP, 11, method="nat", port=80)),
               dict(op="add", service=dict(key(VIP6), scheduler="mh")),
               dict(op="add", server=server(VIP6, 11, method="dr", port=80)),
               dict(op="set", settings={"udp-timeout": 300})]
    nl.transaction(changes, ["replace"])
    for i in nl.dump("instance-get"):
        nl.do("instance-del", instance=[dict(name=i["instance"][0]["name"])])


def heard(listener):
    """Whether events have come, or the word that some are lost."""
    try:
        return bool(listener.events())
    except OSError as e:
        listener.sock.setblocking(True)
        return e.errno == errno.ENOBUFS


def once(request, n):
    """The request with its n-th allocation failing: (why it was refused or None, whether it did)."""
    with halbnl.Halb() as nl:
        nl.sock = Failing(nl.sock)
        nl.sock.left = n
        try:
            request(nl)
            return None, not nl.sock.left
        except (halbnl.Refused, OSError) as e:
            return e, not nl.sock.left


def judge(error, now, before, after, told):
    """What is wrong, if anything."""
    if error:
        code = getattr(error, "code", None) or getattr(error, "errno", None)
        if code not in FAILURES:
            return f"refused with another error: {error}"
        # An answer that could not be sent leaves a change that was made.
        if now not in (before, after):
            return f"half a change, after {error}"
    elif now != after:
        return "no error, and not what was asked for"
    if before != after and now == after and not told:
        return "a change that nobody was told of"
    return None


def exhaust(nl, listener, name, request, changes=True):
    baseline(nl)
    before = state(nl)
    request(nl)
    after = state(nl)
    if changes and before == after:
        tap(False, name, "the request changes nothing: it tests nothing")
        return
    refused = survived = 0
    for n in range(1, LIMIT):
        baseline(nl)
        while heard(listener):
            pass
        error, reached = once(request, n)
        told = heard(listener)
        now = state(nl)
        wrong = judge(error, now, before, after, told)
        if wrong:
            tap(False, name, f"allocation {n}: {wrong}", f"before: {before}", f"after: {after}", f"now: {now}")
            return
        refused += bool(error)
        survived += reached and not error
        if not reached:
            tap(refused, f"{name}: {refused} allocations refused, {survived} done without")
            return
    tap(False, name, f"more than {LIMIT} allocations")


def transaction(nl):
    services = [dict(op="add", service=dict(key(port=1000 + i), scheduler=s))
                for i, s in enumerate(("rr", "lc", "wlc", "sh", "mh", "twos", "sed"))]
    servers = [dict(op="add", server=server(VIP, 20 + i, method="nat", port=80)) for i in range(10)]
    nl.transaction([dict(op="add", service=dict(key(), scheduler="mh"))] + services + servers,
                   ["replace"])


REQUESTS = {
    "service-add": lambda nl: nl.do("service-add", service=dict(key(port=81))),
    "service-set, another scheduler":
        lambda nl: nl.do("service-set", service=dict(key(), scheduler="mh")),
    "service-set, a VRRP instance":
        lambda nl: nl.do("service-set", service=dict(key(), vrrp="VI_1")),
    "service-del": lambda nl: nl.do("service-del", service=key()),
    "server-add": lambda nl: nl.do("server-add", server=server(VIP, 12)),
    "server-add to a table of mh": lambda nl: nl.do("server-add", server=server(VIP6, 12)),
    "server-set": lambda nl: nl.do("server-set", server=server(VIP, 11, weight=7, port=80)),
    "server-set, another method":
        lambda nl: nl.do("server-set", server=server(VIP, 11, method="tun", port=80)),
    "server-del": lambda nl: nl.do("server-del", server=server(VIP, 11, port=80)),
    "service-flush": lambda nl: nl.do("service-flush"),
    "settings-set": lambda nl: nl.do("settings-set", settings={"udp-timeout": 77}),
    "instance-set": lambda nl: nl.do("instance-set", instance=[
        dict(name="VI_1", state="master"), dict(name="VI_2", state="backup")]),
    "a transaction": transaction,
}
READING = {
    "a dump of services": lambda nl: nl.dump("service-get"),
    "a dump of servers": lambda nl: nl.dump("server-get"),
    "a dump of connections": lambda nl: nl.dump("conn-get"),
    "a dump of instances": lambda nl: nl.dump("instance-get"),
    "service-get": lambda nl: nl.do("service-get", service=key()),
    "stats-get": lambda nl: nl.do("stats-get"),
    "conn-flush": lambda nl: nl.do("conn-flush"),
}


def requests():
    nl, listener = halbnl.Halb(), halbnl.Halb()
    listener.subscribe()
    for name, request in REQUESTS.items():
        exhaust(nl, listener, name, request)
    for name, request in READING.items():
        exhaust(nl, listener, name, request, changes=False)


# --- namespaces ----------------------------------------------------------------------------------

def unshare():
    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):      # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "unshare")


def in_child(function, *args):
    """Runs the function in a process of its own, and returns its number: what it found out about
    the n-th allocation."""
    global fail_nth
    here, there = os.pipe()
    if not os.fork():
        fail_nth = os.open(f"/proc/self/task/{threading.get_native_id()}/fail-nth", os.O_RDWR)
        try:
            answer = function(*args)
        except BaseException as e:      # the test says what it was
            answer = repr(e)
        os.write(there, repr(answer).encode())
        os._exit(0)
    os.close(there)
    with os.fdopen(here, "rb") as f:
        answer = f.read().decode()
    os.wait()
    return ast.literal_eval(answer or "'the process has died'")


def new_netns(n):
    """(errno, how many allocations were left when it was there)"""
    os.pwrite(fail_nth, b"%d" % n, 0)
    try:
        unshare()
        code = 0
    except OSError as e:
        code = e.errno
    left = int(os.pread(fail_nth, 20, 0))
    os.pwrite(fail_nth, b"0", 0)
    return code, left


def first_service(n):
    """(errno, whether an allocation failed, whether the same works then)"""
    unshare()
    add = lambda nl: nl.do("service-add", service=dict(key(VIP6), scheduler="mh"))
    error, reached = once(add, n)
    code = (getattr(error, "code", None) or error.errno) if error else 0
    with halbnl.Halb() as nl:
        if error and not nl.dump("service-get"):
            add(nl)
        nl.do("server-add", server=server(VIP6, 11, method="dr", port=80))
        return code, reached, len(nl.dump("server-get"))


def namespaces():
    # halb begins last, when all others have their memory.
    total = 1000000 - in_child(new_netns, 1000000)[1]
    tap(200 < total < 100000, f"a network namespace takes {total} allocations", total)
    answers = [in_child(new_netns, n) for n in range(total - LAST, total + 1)]
    bad = [a for a in answers if a[0] not in (0, *FAILURES)]
    refused = sum(1 for a in answers if a[0])
    tap(not bad and refused > 3, f"each of the last {LAST} fails: {refused} times there is no namespace", answers)
    refused = 0
    for n in range(1, LIMIT):
        answer = in_child(first_service, n)
        if not isinstance(answer, tuple) or answer[0] not in (0, *FAILURES) or answer[2] != 1:
            tap(False, f"allocation {n} of the first service in a namespace", answer)
            return
        refused += answer[0] != 0
        if not answer[1]:
            tap(refused > 3, f"the first service in a namespace: {refused} allocations refused")
            return


def main():
    {"requests": requests, "namespaces": namespaces}[sys.argv[1]]()
    print(f"1..{done}")
    sys.exit(failed > 0)


main()
