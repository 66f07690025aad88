# SPDX-License-Identifier: GPL-2.0
"""The tests of netlink.sh, which has built the network that they run in."""
import os
import re
import signal
import socket
import struct
import sys
import time
import traceback

from halbnl import SPEC, Halb, Interrupted, Refused, change, in_netns, key, nla

VIP = "10.9.0.80"
SECONDS = 120 * int(os.environ.get("HALB_SLOW") or 1)

# --- TAP ---------------------------------------------------------------------------------
count = failed = 0


def ok(condition, name, *why):
    global count, failed
    count += 1
    print(f"{'ok' if condition else 'not ok'} {count} - {name}", flush=True)
    if not condition:
        failed += 1
        for w in why:
            for line in str(w).splitlines():
                print("# " + line[:2000], flush=True)
    return bool(condition)


def same(got, want, name):
    return ok(got == want, name, f"     got: {got}", f"expected: {want}")


def refused(code, regex, name, function, *args, **values):
    """The call is refused with this errno and these words; returns the Refused."""
    import errno
    try:
        answer = function(*args, **values)
    except Refused as e:
        ok(e.code == getattr(errno, code) and re.search(regex, e.text), name, e)
        return e
    ok(False, name, f"not refused: {answer}")
    return None


def wait_for(function):
    end = time.monotonic() + SECONDS
    while not function():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def child(function):
    """Runs the function in another process, which ends with it; returns its number."""
    pid = os.fork()
    if pid:
        return pid
    try:
        function()
    except BaseException:
        for line in traceback.format_exc().splitlines():
            print("# " + line, flush=True)
    finally:
        sys.stdout.flush()
        os._exit(0)


def end_child(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


# --- shorthands ----------------------------------------------------------------------------
def service(address=VIP, port=80, protocol=6, **options):
    return dict(key(address, port, protocol),
                **{k.replace("_", "-"): v for k, v in options.items()})


def server(address, vip=VIP, port=None, **values):
    out = dict(service=key(vip), address=address,
               **{k.replace("_", "-"): v for k, v in values.items()})
    return out if port is None else dict(out, port=port)


def add(**what):
    return dict(op="add", **what)


def set_(**what):
    return dict(op="set", **what)


def delete(**what):
    return dict(op="del", **what)


FLUSH = dict(op="flush")


def picture(nl, stats=False):
    """The configuration, as far as it is configured."""
    leave = {"active-conns", "inactive-conns", "persist-conns", "servers"}
    if not stats:
        leave.add("stats")

    def strip(d):
        return {k: v for k, v in d.items() if k not in leave}
    return ([strip(a["service"]) for a in nl.dump_consistent("service-get")],
            [strip(a["server"]) for a in nl.dump_consistent("server-get")])


def generation(nl):
    return nl.do("stats-get")["generation"]


def names(events):
    return [name for name, _ in events]


# --- single commands -------------------------------------------------------------------------
def test_services(nl):
    nl.do("service-add", service=service(scheduler="wrr"))
    got = nl.do("service-get", service=service())["service"]
    stats = got.pop("stats")
    same(got, {"protocol": 6, "address": VIP, "port": 80, "scheduler": "wrr", "flags": [],
               "active-conns": 0, "inactive-conns": 0, "servers": 0, "tcp-timeout": 0,
               "tcp-fin-timeout": 0, "udp-timeout": 0, "conn-limit": 0,
               "slow-start": 0},
         "a service is as it was added")
    same(set(stats), set(SPEC.sets["stats"]) - {"pad"}, "with every statistic")
    ok(not any(stats.values()), "which are zero")

    nl.do("service-add", service=service("fd00:9::80"))
    got = nl.do("service-get", service=service("fd00:9::80"))["service"]
    same((got["address"], got["scheduler"]), ("fd00:9::80", "wlc"), "IPv6; the default scheduler is wlc")
    nl.do("service-add", service=service(protocol=17))
    same(len(nl.dump("service-get")), 3, "TCP and UDP are two services")

    nl.do("service-set", service=service(flags=["persistent"]))
    got = nl.do("service-get", service=service())["service"]
    same((got["persist-timeout"], got["persist-prefix"], got["scheduler"]), (300, 32, "wrr"),
         "persistence has defaults, and the rest stays")
    nl.do("service-set", service=service(persist_timeout=50, persist_prefix=24))
    nl.do("service-set", service=service(flags=["adopt"], flags_mask=["adopt", "sh-port"]))
    got = nl.do("service-get", service=service())["service"]
    same((got["persist-timeout"], got["persist-prefix"], got["flags"]),
         (50, 24, ["persistent", "adopt"]), "only the bits of flags-mask change")
    nl.do("service-set", service=service(flags=[]))
    got = nl.do("service-get", service=service())["service"]
    same((got["flags"], "persist-timeout" in got), ([], False), "without a mask all flags change")
    nl.do("service-set", service=service(flags=["persistent"]))
    same(nl.do("service-get", service=service())["service"]["persist-timeout"], 300,
         "persistence that comes back has its defaults again")
    nl.do("service-set", service=service(scheduler="mh"))
    same(nl.do("service-get", service=service())["service"]["scheduler"], "mh", "another scheduler")

    nl.do("service-del", service=service())
    same(len(nl.dump("service-get")), 2, "a service is removed")
    nl.do("service-flush")
    same(nl.dump("service-get"), [], "all services are removed")


def test_servers(nl):
    nl.do("service-add", service=service())
    nl.do("server-add", server=server("10.2.0.11"))
    got = nl.do("server-get", server=server("10.2.0.11"))["server"]
    got.pop("stats")
    same(got, {"service": key(VIP), "address": "10.2.0.11", "port": 80, "method": "dr",
               "weight": 1, "upper": 0, "lower": 0, "flags": [], "active-conns": 0,
               "inactive-conns": 0, "persist-conns": 0, "backup": 0,
               "failures": {"unanswered": 0, "reset": 0, "unreachable": 0, "row": 0}}, "a server's defaults")
    nl.do("server-add", server=server("10.2.0.12", port=8080, method="nat", weight=65535,
                                      upper=10, lower=5))
    got = nl.do("server-get", server=server("10.2.0.12", port=8080))["server"]
    same([got[k] for k in ("port", "method", "weight", "upper", "lower")],
         [8080, "nat", 65535, 10, 5], "all that can be said about a server")
    nl.do("server-add", server=server("10.2.0.10", method="tun", weight=0))
    same([s["server"]["address"] for s in nl.dump("server-get")],
         ["10.2.0.11", "10.2.0.12", "10.2.0.10"], "servers are listed oldest first")

    def tunnel(**values):
        nl.do("server-set", server=server("10.2.0.10", **values))
        got = nl.do("server-get", server=server("10.2.0.10"))["server"]
        return [got.get("tun-" + k) for k in ("type", "port", "csum")]
    same([tunnel(), tunnel(tun_type="gue", tun_port=6080, tun_csum="remcsum"), tunnel(weight=0),
          tunnel(tun_port=6081, tun_csum="none"), tunnel(tun_type="gre", tun_csum="csum"),
          tunnel(tun_type="ipip"), tunnel(method="dr"), tunnel(method="tun")],
         [["ipip", None, "none"], ["gue", 6080, "remcsum"], ["gue", 6080, "remcsum"],
          ["gue", 6081, "none"], ["gre", None, "csum"], ["ipip", None, "none"],
          [None, None, None], ["ipip", None, "none"]],
         "kinds of tunnels; what belongs to another does not stay")
    nl.do("service-set", service=service(source_address="10.2.0.101", source_count=3))
    got = nl.do("service-get", service=service())["service"]
    same([got["source-address"], got["source-count"]], ["10.2.0.101", 3], "source addresses")
    nl.do("service-set", service=service(source_count=0))
    same("source-address" in nl.do("service-get", service=service())["service"], False, "and none again")

    nl.do("service-add", service=service("10.9.0.81"))
    nl.do("server-add", server=server("10.2.0.99", vip="10.9.0.81"))
    same(len(nl.dump("server-get")), 4, "servers of all services")
    same([s["server"]["address"] for s in nl.dump("server-get", server=dict(service=key("10.9.0.81")))],
         ["10.2.0.99"], "servers of one service")

    nl.do("server-set", server=server("10.2.0.12", port=8080, weight=7))
    got = nl.do("server-get", server=server("10.2.0.12", port=8080))["server"]
    same([got[k] for k in ("method", "weight", "upper")], ["nat", 7, 10], "set changes what it names")
    nl.do("server-set", server=server("10.2.0.11", method="tun"))
    same([(s["server"]["address"], s["server"]["method"])
          for s in nl.dump("server-get", server=dict(service=key(VIP)))],
         [("10.2.0.11", "tun"), ("10.2.0.12", "nat"), ("10.2.0.10", "tun")],
         "another method, in the same place")
    nl.do("server-del", server=server("10.2.0.12", port=8080))
    same(nl.do("service-get", service=service())["service"]["servers"], 2, "a server is removed")
    nl.do("service-del", service=service())
    same(len(nl.dump("server-get")), 1, "a service's servers go with it")
    nl.do("service-flush")


REFUSALS = [
    # operation, object, errno, words, what
    ("service-add", None, "EINVAL", "name the service", "no service"),
    ("service-add", {}, "EINVAL", "protocol, address and port", "an empty one"),
    ("service-add", {"protocol": 6, "address": VIP}, "EINVAL", "protocol, address and port", "no port"),
    ("service-add", service(protocol=1), "EPROTONOSUPPORT", r"TCP \(6\), UDP \(17\) or SCTP \(132\)", "ICMP"),
    ("service-add", service(address=b"\1\2\3"), "EINVAL", r"4 bytes \(IPv4\) or 16", "an address of 3 bytes"),
    ("service-add", service("224.0.0.1"), "EINVAL", "VIP.*unicast", "a multicast VIP"),
    ("service-add", service("255.255.255.255"), "EINVAL", "VIP.*unicast", "a broadcast VIP"),
    ("service-add", service("0.0.0.0"), "EINVAL", "VIP.*unicast", "VIP zero"),
    ("service-add", service("ff02::1"), "EINVAL", "VIP.*unicast", "an IPv6 multicast VIP"),
    ("service-add", service("::"), "EINVAL", "VIP.*unicast", "VIP ::"),
    ("service-add", service("::ffff:10.9.0.80"), "EINVAL", "VIP.*unicast", "an IPv4-mapped VIP"),
    ("service-add", service("fe80::1"), "EINVAL", "link-local", "a link-local VIP"),
    ("service-add", {"fwmark": 0}, "EINVAL", "1..4294967295", "firewall mark 0"),
    ("service-add", {"fwmark": 7, "port": 80}, "EINVAL", "not by both", "a mark and a port"),
    ("service-add", {"fwmark": 7, "family": 3}, "EAFNOSUPPORT", "IPv4 .* or IPv6", "family 3"),
    ("service-add", service(family=2), "EINVAL", "firewall mark only", "a family beside an address"),
    ("service-add", service(scheduler="foo"), "ENOENT", "unknown scheduler: use one of rr, wrr, lc, wlc", "an unknown scheduler"),
    ("service-add", service(scheduler=""), "ENOENT", "unknown scheduler", "an empty scheduler"),
    ("service-add", service(scheduler="x" * 200), "ENOENT", "unknown scheduler", "a long scheduler"),
    ("service-add", service(flags=1 << 31), "EINVAL", ".", "an unknown flag"),
    ("service-add", service(flags_mask=1), "EINVAL", "give flags", "flags-mask without flags"),
    ("service-add", service(flags=1, persist_timeout=0), "EINVAL", "1..2678400", "persistence of 0 s"),
    ("service-add", service(flags=1, persist_timeout=2678401), "EINVAL", "1..2678400", "persistence beyond 31 days"),
    ("service-add", service(flags=1, persist_prefix=33), "EINVAL", "1..32", "33 bits of an IPv4 network"),
    ("service-add", service(flags=1, persist_prefix=0), "EINVAL", "1..32", "0 bits of a network"),
    ("service-add", service("fd00:9::1", flags=1, persist_prefix=129), "EINVAL", "1..128", "129 bits"),
    ("service-add", service(persist_timeout=50), "EINVAL", "flag persistent", "a persistence timeout alone"),
    ("service-add", service(persist_prefix=24), "EINVAL", "flag persistent", "a persistence netmask alone"),
    ("service-add", service(active_conns=1), "EINVAL", "read only", "a count of connections"),
    ("service-add", service(stats={}), "EINVAL", "read only", "statistics"),
    ("service-add", service("10.9.9.9"), "EEXIST", "use service set", "a duplicate"),
    ("service-set", service(), "ESRCH", "no such service: add it", "set of what is not there"),
    ("service-set", service("10.9.9.9", scheduler="foo"), "ENOENT", "use one of", "set of an unknown scheduler"),
    ("service-set", service("10.9.9.9", source_address="fd00:2::1"), "EINVAL", "the service's family", "a source address of the other family"),
    ("service-set", service("10.9.9.9", source_address="10.2.0.1", source_count=257), "ERANGE", r"1\.\.256", "257 source addresses"),
    ("service-set", service("10.9.9.9", source_address="255.255.255.250", source_count=9), "EINVAL", "must be unicast", "source addresses beyond the end"),
    ("service-set", service("10.9.9.9", source_address="223.255.255.250", source_count=9), "EINVAL", "must be unicast", "source addresses into multicast"),
    ("service-set", service("10.9.9.9", source_count=2), "EINVAL", "needs source-address", "a number of no source addresses"),
    ("service-set", service("10.9.9.9", source_address="10.2.0.1", source_count=0), "EINVAL", "source-count 0 alone", "no source addresses from one on"),
    ("service-set", service("10.9.9.9", persist_timeout=9), "EINVAL", "flag persistent", "set of a timeout alone"),
    ("service-del", service(), "ESRCH", "no such service", "del of what is not there"),
    ("service-del", service("10.9.9.9", scheduler="rr"), "EINVAL", "nothing else", "del with options"),
    ("service-get", service(), "ESRCH", "no such service", "get of what is not there"),
    ("service-get", None, "EINVAL", "name the service", "get of nothing"),
    ("zero", service(), "ESRCH", "no such service", "zero of what is not there"),
    ("server-add", None, "EINVAL", "name the server", "no server"),
    ("server-add", {"address": "10.2.0.1"}, "EINVAL", "name the service", "a server without service"),
    ("server-add", {"service": key("10.9.9.9")}, "EINVAL", "name the server by its address", "a server without address"),
    ("server-add", server("10.2.0.1"), "ESRCH", "no such service: add it", "a server of no service"),
    ("server-add", server("10.2.0.99", "10.9.9.9"), "EEXIST", "use server set", "a duplicate server"),
    ("server-add", server("10.2.0.1", "10.9.9.9", weight=65536), "ERANGE", r"0\.\.65535", "weight 65536"),
    ("server-add", server("10.2.0.1", "10.9.9.9", upper=1, lower=2), "ERANGE", "above", "lower above upper"),
    ("server-add", server("10.2.0.1", "10.9.9.9", lower=2), "ERANGE", "upper", "lower without upper"),
    ("server-add", server("10.2.0.1", "10.9.9.9", upper=1 << 31), "EINVAL", "2147483647", "a huge threshold"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method=9), "ERANGE", "out of range", "an unknown method"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="nat", port=0), "EINVAL", r"1\.\.65535", "port 0"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="dr", port=81), "EINVAL", "leave the port away, or use nat", "dr to another port"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="tun", port=81), "EINVAL", "leave the port away, or use nat", "tun to another port"),
    ("server-add", server("fd00:2::1", "10.9.9.9", method="nat"), "EINVAL", "do not mix", "nat from IPv4 to IPv6"),
    ("server-add", server("fd00:2::1", "10.9.9.9", method="dr"), "EINVAL", "do not mix", "dr from IPv4 to IPv6"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="fullnat"), "EINVAL", "give the service sources", "fullnat without source addresses"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="nat", tun_type="gre"), "EINVAL", "need the method tun", "nat with a kind of tunnel"),
    ("server-add", server("10.2.0.1", "10.9.9.9", tun_csum="csum"), "EINVAL", "need the method tun", "dr with a tunnel's checksum"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="tun", tun_type="gue"), "EINVAL", "give tun-port", "gue without a port"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="tun", tun_port=6080), "EINVAL", "give tun-type gue", "ipip with a port"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="tun", tun_type="gue", tun_port=0), "EINVAL", r"1\.\.65535", "gue with port 0"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="tun", tun_csum="csum"), "EINVAL", "no checksum of its own", "ipip with a checksum"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="tun", tun_type="gre", tun_csum="remcsum"), "EINVAL", "remcsum is gue's", "gre with remcsum"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="tun", tun_type=3), "ERANGE", "out of range", "an unknown kind of tunnel"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="nat", drain=5), "EINVAL", "drain needs weight 0", "a drain with a weight"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="nat", weight=0, drain=0), "ERANGE", r"1\.\.2678400", "a drain that is over"),
    ("server-add", server("10.2.0.1", "10.9.9.9", method="nat", weight=0, drain=2678401), "ERANGE", r"1\.\.2678400", "a drain for more than a month"),
    ("server-add", server("224.0.0.1", "10.9.9.9"), "EINVAL", "unicast", "a multicast server"),
    ("server-add", server("10.2.0.255", "10.9.9.9"), "EINVAL", "broadcast", "a broadcast server"),
    ("server-add", server("10.2.0.1", "10.9.9.9", flags=1), "EINVAL", "read only", "a server's flag"),
    ("server-add", server("10.2.0.1", "10.9.9.9", stats={}), "EINVAL", "read only", "a server's statistics"),
    ("server-set", server("10.2.0.1", "10.9.9.9", weight=2), "ENOENT", "no such server: add it", "set of no server"),
    ("server-set", server("10.2.0.1"), "ESRCH", "no such service", "set of a server of no service"),
    ("server-set", server("10.2.0.98", "10.9.9.9", 8080, method="dr"), "EINVAL", "use nat", "set from nat to dr with another port"),
    ("server-set", server("10.2.0.98", "10.9.9.9", 8080, lower=9), "ERANGE", "upper", "set of lower alone"),
    ("server-del", server("10.2.0.1", "10.9.9.9"), "ENOENT", "no such server", "del of no server"),
    ("server-del", server("10.2.0.1"), "ESRCH", "no such service", "del of a server of no service"),
    ("server-del", server("10.2.0.99", "10.9.9.9", weight=1), "EINVAL", "nothing else", "del with a weight"),
    ("server-get", server("10.2.0.1", "10.9.9.9"), "ENOENT", "no such server", "get of no server"),
    ("server-get", server("10.2.0.1"), "ESRCH", "no such service", "get of a server of no service"),
    ("settings-set", None, "EINVAL", "name a setting", "no settings"),
    ("settings-set", {}, "EINVAL", "name a setting", "no setting"),
    ("settings-set", {"tcp-timeout": 0}, "EINVAL", "1..2678400", "a timeout of 0"),
    ("settings-set", {"tcp-fin-timeout": 2678401}, "EINVAL", "1..2678400", "a timeout beyond 31 days"),
    ("settings-set", {"udp-timeout": 1 << 31}, "EINVAL", "1..2678400", "a huge timeout"),
    ("settings-set", {"conn-limit": 0}, "EINVAL", "1..2147483647", "a limit of 0"),
    ("settings-set", {"conn-limit": 1 << 31}, "EINVAL", "1..2147483647", "a huge limit"),
    ("settings-set", {"vip-unmatched": 3}, "ERANGE", "out of range", "an unknown choice"),
    ("settings-set", {"source-check": 2}, "EINVAL", "0 or 1", "source-check 2"),
    ("settings-set", {"expire-quiescent-template": 2}, "EINVAL", "0 or 1", "expire-quiescent-template 2"),
    ("settings-set", {"local-clients": 2}, "EINVAL", "0 or 1", "local-clients 2"),
    ("settings-set", {"suspect-after": 65536}, "EINVAL", "1..65535", "suspect-after 65536"),
    ("settings-set", {"conns": 2}, "EINVAL", "read only", "the number of connections"),
    ("conn-get", None, "EINVAL", "name the connection", "no connection"),
    ("conn-get", {"protocol": 6}, "EINVAL", "name the connection", "half a connection"),
    ("conn-get", {"protocol": 6, "client-address": "10.1.0.2", "client-port": 1, "service-address": VIP, "service-port": 80}, "ENOENT", "no such connection", "a connection that is not there"),
    ("conn-get", {"protocol": 6, "client-address": "fd00:1::2", "client-port": 1, "service-address": VIP, "service-port": 80}, "EINVAL", "name the connection", "a connection of two families"),
    ("conn-flush", {"expires": 1}, "EINVAL", "when they expire", "a filter by expiry"),
    ("conn-flush", {"client-address": b"12345"}, "EINVAL", "4 bytes", "a filter by a bad address"),
]

OBJECT = {"server": "server", "settings": "settings", "conn": "conn"}


def test_refusals(nl):
    nl.do("service-add", service=service("10.9.9.9"))
    nl.do("server-add", server=server("10.2.0.99", "10.9.9.9"))
    nl.do("server-add", server=server("10.2.0.98", "10.9.9.9", 8080, method="nat"))
    before = picture(nl), generation(nl), nl.do("settings-get")
    for op, obj, code, words, what in REFUSALS:
        name = OBJECT.get(op.split("-")[0], "service")
        values = {} if obj is None else {name: obj}
        refused(code, words, f"{op}: {what}", nl.do, op, **values)
    same((picture(nl), generation(nl), nl.do("settings-get")), before,
         "what was refused has changed nothing")

    # The attribute at fault is named by its offset: 20 bytes of headers, the nest, then
    # protocol (8), address (8), port (8), scheduler.
    e = refused("ENOENT", "use one of", "a refusal names its attribute", nl.do, "service-add",
                service=service(scheduler="foo"))
    same(e and e.offset, 20 + 4 + 24, "by its offset")
    refused("EINVAL", ".", "an attribute that does not exist", nl.do, "service-add",
            raw=nla(99, b"1234"))
    refused("EINVAL", ".", "a nest that is not one", nl.do, "service-add", raw=nla(2, b"1"))
    refused("EAGAIN", "generation", "a flush of another generation", nl.do, "service-flush",
            generation=generation(nl) + 1)
    nl.do("service-flush", generation=generation(nl))
    same(nl.dump("service-get"), [], "a flush of this generation")
    refused("ESRCH", "no such service", "servers of no service", nl.dump, "server-get",
            server=dict(service=key(VIP)))
    refused("EINVAL", "nothing else", "servers by address", nl.dump, "server-get",
            server=server("10.2.0.1"))


def test_settings(nl):
    before = nl.do("settings-get")["settings"]
    ok(before["conn-limit"] > 1000, "the default connection limit follows the memory", before)
    same({k: v for k, v in before.items() if k != "conn-limit"},
         {"tcp-timeout": 900, "tcp-fin-timeout": 120, "udp-timeout": 300,
          "vip-unmatched": "accept", "source-check": 1,
          "expire-quiescent-template": 0, "local-clients": 0, "suspect-after": 3,
          "conns": 0}, "default settings")
    g = generation(nl)
    nl.do("settings-set", settings={"tcp-timeout": 5, "vip-unmatched": "drop"})
    nl.do("settings-set", settings={"udp-timeout": 2678400, "conn-limit": 2147483647})
    after = dict(before, **{"tcp-timeout": 5, "vip-unmatched": "drop", "udp-timeout": 2678400,
                            "conn-limit": 2147483647})
    same(nl.do("settings-get")["settings"], after, "settings change as told")
    same(generation(nl), g + 2, "each change counts in the generation")
    nl.do("settings-set", settings={"tcp-timeout": 5})
    same(generation(nl), g + 2, "no change, no new generation")
    del before["conns"]
    nl.do("settings-set", settings=before)
    stats = nl.do("stats-get")
    ok({"version", "generation", "stats", "drop", "pass", "path", "settings"} <= set(stats),
       "stats-get has everything", stats)
    ok({"no-server", "conn-limit"} <= {c["name"] for c in stats["drop"]}, "drops have names")


# --- transactions ------------------------------------------------------------------------------
def config(vip=VIP, weight=1, servers=3):
    return [add(service=service(vip, scheduler="wrr"))] + [
        add(server=server(f"10.2.0.{11 + i}", vip, method="nat", weight=weight))
        for i in range(servers)]


def begin(nl, replace=False, **values):
    return nl.do("transaction-begin",
                 transaction_flags=["replace"] if replace else [], **values)["transaction"]


def put(nl, txn, *changes):
    nl.do("transaction-put", transaction=txn, change=list(changes))


def test_transaction(nl):
    before = generation(nl)
    txn = begin(nl)
    put(nl, txn, *config())
    put(nl, txn, *config("10.9.0.81"), set_(settings={"tcp-timeout": 77}))
    same((nl.dump("service-get"), generation(nl)), ([], before), "what is put has no effect yet")
    same(nl.do("transaction-commit", transaction=txn),
         {"transaction": txn, "generation": before + 1}, "the commit answers the new generation")
    services, servers = picture(nl)
    same([s["address"] for s in services], [VIP, "10.9.0.81"], "services, in their order")
    same(len(servers), 6, "with their servers")
    same(nl.do("settings-get")["settings"]["tcp-timeout"], 77, "and the setting")
    refused("ENOENT", "no such transaction: begin one", "a committed transaction is gone",
            nl.do, "transaction-commit", transaction=txn)

    # on top of what there is
    nl.transaction([set_(server=server("10.2.0.11", weight=9)),
                    delete(server=server("10.2.0.12")),
                    add(server=server("10.2.0.20", method="dr")),
                    delete(service=service("10.9.0.81")),
                    set_(service=service(scheduler="rr")),
                    add(service=service("10.9.0.82")),
                    set_(service=service("10.9.0.82", scheduler="mh"))])
    services, servers = picture(nl)
    same([(s["address"], s["scheduler"]) for s in services], [(VIP, "rr"), ("10.9.0.82", "mh")],
         "add, set and del of services")
    same([(s["address"], s["weight"]) for s in servers],
         [("10.2.0.11", 9), ("10.2.0.13", 1), ("10.2.0.20", 1)], "add, set and del of servers")
    nl.transaction([delete(service=service("10.9.0.82")), add(service=service("10.9.0.82")),
                    delete(service=service("10.9.0.82"))])
    same(len(nl.dump("service-get")), 1, "the last word counts")
    nl.transaction([set_(settings={"tcp-timeout": 900}), FLUSH, add(service=service("10.9.0.83"))])
    same([s["address"] for s in picture(nl)[0]], ["10.9.0.83"], "flush, then add")
    nl.transaction([])
    same(len(nl.dump("service-get")), 1, "an empty transaction changes nothing")
    nl.transaction([], flags=["replace"])
    same(nl.dump("service-get"), [], "an empty replacement removes everything")


BAD_CHANGES = [
    ({}, "EINVAL", "needs an operation", "no operation"),
    ({"op": "add"}, "EINVAL", "needs one object", "no object"),
    ({"op": 9}, "ERANGE", "out of range", "an unknown operation"),
    (add(service=service("10.9.0.9"), server=server("10.2.0.1")), "EINVAL", "needs one object", "two objects"),
    (dict(FLUSH, service=service()), "EINVAL", "no object", "flush of an object"),
    (add(settings={"tcp-timeout": 1}), "EINVAL", "only be set", "add of settings"),
    (set_(settings={"tcp-timeout": 0}), "EINVAL", "1..2678400", "a bad setting"),
    (add(service=service()), "EEXIST", "use service set", "a service that was there"),
    (add(service=service("10.9.0.99")), "EEXIST", "use service set", "a service that was just added"),
    (add(service=service("10.9.0.9", scheduler="foo")), "ENOENT", "use one of", "a bad scheduler"),
    (add(server=server("10.2.0.11")), "EEXIST", "use server set", "a server that was there"),
    (add(server=server("10.2.0.1", "10.9.0.9")), "ESRCH", "add it first", "a server of no service"),
    (add(server=server("10.2.0.1", weight=70000)), "ERANGE", "65535", "a weight of 70000"),
    (set_(server=server("10.2.0.1")), "ENOENT", "add it first", "set of no server"),
    (delete(service=service("10.9.0.9")), "ESRCH", "no such service", "del of no service"),
    (delete(server=server("10.2.0.1")), "ENOENT", "no such server", "del of no server"),
]


def test_all_or_nothing(nl):
    nl.transaction(config())
    before = picture(nl), generation(nl)
    good = add(service=service("10.9.0.99"))
    for bad, code, words, what in BAD_CHANGES:
        txn = begin(nl)
        e = refused(code, words, f"in a transaction: {what}", put, nl, txn, good, bad,
                    add(service=service("10.9.0.98")))
        # header, number of the transaction, the good change, then the one at fault
        start = 20 + 8 + len(change(good))
        ok(e and e.offset is not None and start <= e.offset < start + len(change(bad)),
           "the offset tells the change at fault", e and (e.offset, start))
        refused("ENOENT", "begin one", "and the transaction is gone", put, nl, txn, good)
    same((picture(nl), generation(nl)), before, "nothing of them has had an effect")
    nl.do("service-flush")


def test_replace(nl):
    changes = config() + config("10.9.0.81", servers=2) + config("fd00:9::80", servers=0)
    nl.transaction(changes, flags=["replace"])
    before = picture(nl), generation(nl)
    with Halb("dir") as listener:
        listener.subscribe()
        nl.transaction(changes, flags=["replace"])
        same((picture(nl), generation(nl)), before, "the same again: not even a new generation")
        same(listener.events(0.2), [], "and no event")
        nl.transaction(config(weight=2, servers=2) + config("10.9.0.82", servers=1),
                       flags=["replace"])
        events = listener.events(SECONDS)
    same([s["address"] for s in picture(nl)[0]], [VIP, "10.9.0.82"], "another configuration")
    same(sorted(names(events)),
         sorted(["service-del-ntf"] * 2 + ["server-set-ntf"] * 2 + ["server-del-ntf"] +
                ["service-add-ntf", "server-add-ntf"]), "events tell the difference")
    g = generation(nl)
    nl.transaction(config("10.9.0.82", servers=1) + config(weight=2, servers=2), flags=["replace"])
    same(([s["address"] for s in picture(nl)[0]], generation(nl)), (["10.9.0.82", VIP], g + 1),
         "the order of services is that of the replacement")
    nl.transaction(config("10.9.0.82", servers=1) + [
        add(service=service(scheduler="wrr")),
        add(server=server("10.2.0.12", method="nat", weight=2)),
        add(server=server("10.2.0.11", method="nat", weight=2))], flags=["replace"])
    same(([s["address"] for s in picture(nl)[1]][1:], generation(nl)),
         (["10.2.0.12", "10.2.0.11"], g + 2), "so is the order of servers")
    nl.do("service-flush")


def test_generations(nl):
    txn = begin(nl)
    nl.do("service-add", service=service())
    refused("EAGAIN", "begin again", "a change by somebody else ends a transaction at put",
            put, nl, txn, *config("10.9.0.81"))
    txn = begin(nl)
    put(nl, txn, *config("10.9.0.81"))
    nl.do("service-del", service=service())
    refused("EAGAIN", "begin again", "and at commit", nl.do, "transaction-commit", transaction=txn)
    same(nl.dump("service-get"), [], "nothing of it has had an effect")
    txn = begin(nl, replace=True)
    put(nl, txn, *config("10.9.0.81"))
    nl.do("service-add", service=service())
    nl.do("transaction-commit", transaction=txn)
    same([s["address"] for s in picture(nl)[0]], ["10.9.0.81"], "a replacement does not mind")
    txn = begin(nl, replace=True, generation=generation(nl))
    nl.do("service-add", service=service())
    refused("EAGAIN", "begin again", "unless it asked for a generation", nl.do,
            "transaction-commit", transaction=txn)
    refused("EAGAIN", "generation", "a generation that is over", begin, nl,
            generation=generation(nl) - 1)
    nl.do("service-flush")


def test_ownership(nl):
    txn = begin(nl)
    with Halb("dir") as other:
        refused("ENOENT", "no such transaction", "another socket's transaction", put, other, txn,
                *config())
    put(nl, txn, *config())
    nl.do("transaction-abort", transaction=txn)
    refused("ENOENT", "begin one", "an aborted transaction is gone", nl.do, "transaction-commit",
            transaction=txn)
    refused("EINVAL", "name the transaction", "no transaction named", nl.do, "transaction-commit")
    same(nl.dump("service-get"), [], "an aborted transaction has no effect")

    with Halb("dir") as other:
        opened = [begin(other, replace=True) for _ in range(16)]
        same(len(set(opened)), 16, "16 transactions at a time")
        refused("EBUSY", "at most 16", "not 17", begin, nl)
        for t in opened:
            put(other, t, *config())
    ok(wait_for(lambda: can_begin(nl)), "transactions die with their socket")
    same(nl.dump("service-get"), [], "without effect")

    raw = b"".join(change(c) for c in config(servers=200))
    ok(len(raw) < 1 << 15, "200 servers fit in 32 KiB")
    txn = begin(nl)
    refused("EMSGSIZE", "32 KiB", "a message beyond 32 KiB", nl.do, "transaction-put",
            transaction=txn, raw=raw * 3)


def can_begin(nl):
    try:
        nl.do("transaction-abort", transaction=begin(nl))
        return True
    except Refused:
        return False


def test_limits(nl):
    """As many services as there may be, and one more; nothing is committed."""
    one = change(add(service=service("10.200.0.0")))
    at = one.index(socket.inet_aton("10.200.0.0"))

    def numbered(i):
        return one[:at] + struct.pack(">I", 0x0ac80000 + i) + one[at + 4:]
    txn = begin(nl, replace=True)
    size = 30000 // len(one)
    for first in range(0, 65536, size):
        nl.do("transaction-put", transaction=txn, raw=b"".join(
            numbered(i) for i in range(first, min(first + size, 65536))))
    refused("ENOSPC", "at most 65536 services", "service 65,537", nl.do, "transaction-put",
            transaction=txn, raw=numbered(65536))

    one = change(add(server=server("10.200.0.0")))
    at = one.index(socket.inet_aton("10.200.0.0"))
    txn = begin(nl, replace=True)
    put(nl, txn, add(service=service()))
    size = 30000 // len(one)
    for first in range(0, 16384, size):
        nl.do("transaction-put", transaction=txn, raw=b"".join(
            numbered(i) for i in range(first, min(first + size, 16384))))
    refused("ENOSPC", "at most 16384 servers", "server 16,385 of a service", nl.do,
            "transaction-put", transaction=txn, raw=numbered(16384))


def test_many(nl):
    """10,000 services of 5 servers each, at once."""
    def configuration(weight):
        for i in range(10000):
            yield f"10.{100 + (i >> 12)}.{i >> 6 & 63}.{i & 63 | 64}", weight

    def raw(weight):
        template = b"".join(change(c) for c in config("10.99.99.99", weight, 5))
        for vip, _ in configuration(weight):
            yield template.replace(socket.inet_aton("10.99.99.99"), socket.inet_aton(vip))

    def send(weight):
        txn = begin(nl, replace=True)
        message = b""
        for one in raw(weight):
            if len(message) + len(one) > 32000:
                nl.do("transaction-put", transaction=txn, raw=message)
                message = b""
            message += one
        nl.do("transaction-put", transaction=txn, raw=message)
        start = time.monotonic()
        nl.do("transaction-commit", transaction=txn)
        return time.monotonic() - start
    print(f"# commit of 10,000 services and 50,000 servers: {send(1):.2f} s", flush=True)
    print(f"# of the same again: {send(1):.2f} s", flush=True)
    print(f"# of other weights: {send(2):.2f} s", flush=True)
    services = nl.dump("service-get")
    same((len(services), sum(s["service"]["servers"] for s in services)), (10000, 50000),
         "10,000 services of 5 servers in one transaction")
    start = time.monotonic()
    nl.do("service-add", service=service())
    nl.do("server-add", server=server("10.2.0.11"))
    print(f"# one more service and server: {1000 * (time.monotonic() - start):.1f} ms", flush=True)
    start = time.monotonic()
    nl.do("service-flush")
    print(f"# flush: {time.monotonic() - start:.2f} s", flush=True)
    same(nl.dump("service-get"), [], "all removed at once")


def test_dumps_under_changes(nl):
    """Every weight is the same in every configuration: a torn dump shows two."""
    vips = [f"10.9.{1 + i // 200}.{1 + i % 200}" for i in range(1000)]

    def weigh(writer, weight):
        changes = []
        for vip in vips:
            changes.append(add(service=service(vip, scheduler="wlc")))
            changes += [add(server=server(f"10.2.{j}.1", vip, weight=weight)) for j in range(10)]
        writer.transaction(changes, flags=["replace"])
    weigh(nl, 1)

    def write():
        with Halb("dir") as writer:
            # large changes and small ones, as fast as they go
            for weight in range(2, 10000):
                weigh(writer, weight)
                for i in range(50):
                    writer.do("service-set", service=service(vips[i * 7], scheduler="wrr"))
    pid = child(write)
    weight_header = struct.pack("=HH", 8, SPEC.sets["server"]["weight"]["id"])
    seen, torn, short, interrupted = set(), 0, 0, 0
    end = time.monotonic() + SECONDS
    dumps = 0
    while dumps < 3 or len(seen) < 2 or not interrupted:
        try:
            answers = nl.dump_raw("server-get")
        except Interrupted:
            interrupted += 1
            # a dump needs some quiet: so does a reader that tries again
            os.kill(pid, signal.SIGSTOP)
            # stopped once the change that it is in has ended
            os.waitpid(pid, os.WUNTRACED)
            answers = nl.dump_raw("server-get")
            os.kill(pid, signal.SIGCONT)
        # far quicker than to decode them: the attribute as it stands there
        weights = {a[at + 4:at + 8] for a in answers for at in [a.index(weight_header)]}
        seen |= weights
        torn += len(weights) != 1
        short += len(answers) != 10000
        dumps += 1
        if time.monotonic() > end:
            break
    end_child(pid)
    print(f"# {dumps} dumps, {interrupted} interrupted, {len(seen)} configurations seen", flush=True)
    ok(interrupted and len(seen) > 1, "changes went on during the dumps")
    same((torn, short), (0, 0), "a dump that was not interrupted is a picture of one moment")
    nl.do("service-flush")


# --- events -----------------------------------------------------------------------------------
def test_events(nl):
    with Halb("dir") as listener, Halb("other") as elsewhere:
        listener.subscribe()
        elsewhere.subscribe()
        nl.do("service-add", service=service(scheduler="wrr"))
        nl.do("server-add", server=server("10.2.0.11", method="nat", weight=3))
        nl.do("server-set", server=server("10.2.0.11", weight=4))
        nl.do("server-set", server=server("10.2.0.11", weight=4))
        nl.do("server-set", server=server("10.2.0.11", method="dr"))
        nl.do("service-set", service=service(scheduler="rr"))
        nl.do("service-set", service=service(scheduler="rr"))
        nl.do("server-del", server=server("10.2.0.11"))
        nl.do("settings-set", settings={"tcp-timeout": 901})
        nl.do("settings-set", settings={"tcp-timeout": 900})
        nl.do("service-del", service=service())
        events = []
        wait_for(lambda: events.extend(listener.events()) or "service-del-ntf" in names(events))
        same(names(events),
             ["service-add-ntf", "server-add-ntf", "server-set-ntf", "server-del-ntf",
              "server-add-ntf", "service-set-ntf", "server-del-ntf", "settings-ntf",
              "settings-ntf", "service-del-ntf"], "an event for every change, none without")
        same([events[i][1].get("server", {}).get("weight") for i in (1, 2)], [3, 4],
             "with what is new")
        same(events[5][1]["service"]["scheduler"], "rr", "of a service, too")
        same(events[7][1]["settings"]["tcp-timeout"], 901, "and of the settings")
        # of another method, and of a server that drains or is in slow start
        absent = {"tun-type", "tun-port", "tun-csum", "drain", "slow-percent"}
        same(set(events[1][1]["server"]), set(SPEC.sets["server"]) - absent,
             "events have the attributes of an answer")
        nl.transaction(config(servers=2) + config("10.9.0.81", servers=2))
        events = []
        wait_for(lambda: events.extend(listener.events()) or len(events) >= 6)
        same(names(events), ["service-add-ntf", "server-add-ntf", "server-add-ntf"] * 2,
             "a transaction's events come in its order")
        nl.do("service-flush")
        events = []
        wait_for(lambda: events.extend(listener.events()) or len(events) >= 2)
        same(names(events), ["service-del-ntf"] * 2, "a flush tells of each service")
        same(elsewhere.events(), [], "other namespaces hear nothing")

        # a listener that does not listen learns that it has missed something
        nl.transaction([c for i in range(200) for c in config(f"10.9.7.{i}", servers=0)])
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(200):
            nl.transaction([FLUSH])
            nl.transaction([c for i in range(20) for c in config(f"10.9.7.{i}", servers=0)])
        try:
            listener.events(1)
            lost = False
        except OSError as e:
            lost = e.errno == 105
        ok(lost, "a full receive buffer is ENOBUFS")
    nl.do("service-flush")


# --- permissions, namespaces --------------------------------------------------------------------
WRITES = ["service-add", "service-set", "service-del", "service-flush", "server-add", "server-set",
          "server-del", "conn-get", "conn-flush", "zero", "settings-set", "transaction-begin",
          "transaction-put", "transaction-commit", "transaction-abort"]


def as_nobody(nl):
    """Runs in a child: what it prints is what went wrong."""
    os.setgid(65534)
    os.setuid(65534)
    with nl:
        for op in ("service-get", "server-get"):
            if len(nl.dump(op)) != 1:
                print(f"# {op} answers wrong")
        nl.do("service-get", service=service())
        nl.do("server-get", server=server("10.2.0.11"))
        nl.do("stats-get")
        nl.do("settings-get")
        nl.subscribe()
        for op in WRITES:
            try:
                nl.do(op)
                print(f"# {op} is not refused")
            except Refused as e:
                if e.code != 1:
                    print(f"# {op}: {e}")
        try:
            nl.dump("conn-get")
            print("# a dump of connections is not refused")
        except Refused as e:
            if e.code != 1:
                print(f"# conn-get: {e}")


def test_permissions(nl):
    nl.do("service-add", service=service())
    nl.do("server-add", server=server("10.2.0.11"))
    r, w = os.pipe()

    def read():
        os.dup2(w, 1)
        as_nobody(Halb("dir"))
    pid = child(read)
    os.close(w)
    os.waitpid(pid, 0)
    with os.fdopen(r) as f:
        same(f.read(), "", "without privilege: reads and events, no writes, no connections")
    nl.do("service-flush")


def test_namespaces(nl):
    with Halb("other") as other:
        nl.do("service-add", service=service())
        same(other.dump("service-get"), [], "a namespace does not see another's services")
        other.do("service-add", service=service(scheduler="mh"))
        same(nl.do("service-get", service=service())["service"]["scheduler"], "wlc",
             "the same key in two namespaces is two services")
        other.do("settings-set", settings={"tcp-timeout": 7})
        same(nl.do("settings-get")["settings"]["tcp-timeout"], 900, "settings are a namespace's own")
        txn = begin(nl)
        refused("ENOENT", "no such transaction", "transactions, too", other.do,
                "transaction-commit", transaction=txn)
        nl.do("transaction-abort", transaction=txn)
        nl.do("service-flush")
        same(len(other.dump("service-get")), 1, "a flush stays at home")
        other.do("service-flush")


# --- statistics and connections -------------------------------------------------------------------
class Client:
    """UDP flows from the client's namespace, a packet each unless told otherwise."""

    def __init__(self, port=53, address=VIP):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sock = in_netns("cl", lambda: socket.socket(family, socket.SOCK_DGRAM))
        self.sock.connect((address, port))
        self.port = self.sock.getsockname()[1]

    def send(self, n=1):
        for _ in range(n):
            try:
                self.sock.send(b"x" * 72)           # 100 bytes with its headers
            except ConnectionRefusedError:          # by the answer to an earlier one
                self.sock.send(b"x" * 72)


def udp(vip=VIP, **options):
    return service(vip, 53, 17, **options)


def udp_server(address, vip=VIP, **values):
    return dict(service=key(vip, 53, 17), address=address, **values)


def stats_of(nl, op="service-get", **values):
    answer = nl.do(op, **values)
    answer = answer.get("service") or answer.get("server") or answer
    return [answer["stats"][k] for k in ("conns", "in-packets", "in-bytes")]


def test_statistics(nl):
    changes = [add(service=udp(scheduler="rr")), add(server=udp_server("10.2.0.11")),
               add(server=udp_server("10.2.0.12"))]
    nl.transaction(changes, flags=["replace"])
    nl.do("zero")
    clients = [Client() for _ in range(4)]
    for c in clients:
        c.send(5)
    ok(wait_for(lambda: stats_of(nl, service=udp()) == [4, 20, 2000]),
       "a service's connections, packets and bytes", stats_of(nl, service=udp()))
    same([stats_of(nl, "server-get", server=udp_server(a)) for a in ("10.2.0.11", "10.2.0.12")],
         [[2, 10, 1000]] * 2, "and its servers'")
    same(stats_of(nl, "stats-get"), [4, 20, 2000], "and the namespace's")

    nl.transaction(changes, flags=["replace"])
    same([stats_of(nl, "server-get", server=udp_server(a)) for a in ("10.2.0.11", "10.2.0.12")],
         [[2, 10, 1000]] * 2, "a replacement by the same keeps servers and statistics")
    nl.do("server-set", server=udp_server("10.2.0.11", weight=2))
    same(stats_of(nl, "server-get", server=udp_server("10.2.0.11")), [2, 10, 1000],
         "so does another weight")
    for c in clients:
        c.send(1)
    ok(wait_for(lambda: stats_of(nl, service=udp()) == [4, 24, 2400]),
       "connections have stayed where they were")

    nl.do("server-del", server=udp_server("10.2.0.12"))
    same(stats_of(nl, service=udp()), [4, 24, 2400], "a removed server's traffic stays with its service")
    nl.do("conn-flush")
    ok(wait_for(lambda: nl.do("settings-get")["settings"]["conns"] == 0), "its connections are gone")
    same(stats_of(nl, service=udp()), [4, 24, 2400], "and so it stays")
    nl.do("server-add", server=udp_server("10.2.0.12"))
    same(stats_of(nl, "server-get", server=udp_server("10.2.0.12")), [0, 0, 0],
         "a server that comes again begins with zero")
    nl.do("zero", service=udp())
    same((stats_of(nl, service=udp()), stats_of(nl, "server-get", server=udp_server("10.2.0.11"))),
         ([0, 0, 0],) * 2, "zero: a service and its servers")
    same(stats_of(nl, "stats-get"), [4, 24, 2400], "but not the namespace")
    Client().send(3)
    ok(wait_for(lambda: stats_of(nl, service=udp()) == [1, 3, 300]), "and counts on from there")
    nl.do("service-del", service=udp())
    same(stats_of(nl, "stats-get"), [5, 27, 2700], "a removed service's traffic stays with the namespace")
    nl.do("zero")
    same(stats_of(nl, "stats-get"), [0, 0, 0], "zero: everything")


def test_rates(nl):
    nl.transaction([add(service=udp()), add(server=udp_server("10.2.0.11"))])
    client = Client()

    def rate():
        client.send(20)
        return nl.do("service-get", service=udp())["service"]["stats"]["in-pps"]
    ok(wait_for(rate), "traffic has a rate")
    ok(wait_for(lambda: nl.do("stats-get")["stats"]["in-bps"] >= 100 and
                nl.do("server-get", server=udp_server("10.2.0.11"))["server"]["stats"]["in-pps"]),
       "of servers and of the namespace, too")
    ok(wait_for(lambda: not nl.do("service-get", service=udp())["service"]["stats"]["in-pps"]),
       "which fades")
    nl.do("service-flush")


def test_conns(nl):
    nl.transaction([add(service=udp(scheduler="rr")),
                    add(server=udp_server("10.2.0.11", method="nat")),
                    add(server=udp_server("10.2.0.12", method="dr")),
                    add(service=udp("fd00:9::80")),
                    add(server=udp_server("fd00:2::b", "fd00:9::80", method="nat"))],
                   flags=["replace"])
    nl.do("conn-flush")
    ok(wait_for(lambda: not nl.dump("conn-get")), "no connections at first")
    four = [Client() for _ in range(6)]
    six = [Client(address="fd00:9::80") for _ in range(3)]
    for c in four + six:
        c.send()
    ok(wait_for(lambda: len(nl.dump("conn-get")) == 9), "each flow once, nat's too", nl.dump("conn-get"))
    got = [c["conn"] for c in nl.dump("conn-get")]
    same({(c["client-address"], c["client-port"]) for c in got},
         {("10.1.0.2", c.port) for c in four} | {("fd00:1::2", c.port) for c in six},
         "with the clients' addresses and ports")
    one = [c for c in got if c["client-port"] == four[0].port][0]
    ok(280 <= one.pop("expires") <= 300, "which expire after the UDP timeout")
    same({k: v for k, v in one.items() if not k.startswith("server") and k != "method"},
         {"protocol": 17, "client-address": "10.1.0.2", "client-port": four[0].port,
          "service-address": VIP, "service-port": 53, "state": "udp"}, "in full")

    def number(**conn):
        return len(nl.dump("conn-get", conn={k.replace("_", "-"): v for k, v in conn.items()}))
    same([number(client_address="10.1.0.2"), number(client_address="10.1.0.3"),
          number(client_port=four[1].port), number(service_address="fd00:9::80"),
          number(service_port=53), number(service_port=54), number(server_address="10.2.0.11"),
          number(server_port=53), number(method="nat"), number(method="dr"), number(method="tun"),
          number(state="udp"), number(state="established"), number(protocol=17),
          number(protocol=6), number(server_address="10.2.0.12", method="nat")],
         [6, 0, 1, 3, 9, 0, 3, 9, 6, 3, 0, 9, 0, 9, 0, 0], "filters, by each attribute")
    name = {k: one[k] for k in ("protocol", "client-address", "client-port", "service-address",
                                "service-port")}
    same(nl.do("conn-get", conn=name)["conn"]["client-port"], four[0].port, "one by its name")
    same(nl.do("conn-get", conn={"protocol": 17, "client-address": "fd00:1::2",
                                 "client-port": six[0].port, "service-address": "fd00:9::80",
                                 "service-port": 53})["conn"]["server-address"],
         "fd00:2::b", "one of IPv6")
    same(nl.do("service-get", service=udp())["service"]["inactive-conns"], 6,
         "a service counts its connections")

    same(nl.do("conn-flush", conn={"client-port": four[0].port}), {"flushed": 1}, "one is flushed")
    refused("ENOENT", "no such connection", "and not found any more", nl.do, "conn-get", conn=name)
    same(nl.do("conn-flush", conn={"server-address": "10.2.0.99"}), {"flushed": 0}, "none is flushed")
    same(nl.do("conn-flush", conn={"service-address": "fd00:9::80"}), {"flushed": 3}, "a service's")
    same(nl.do("conn-flush"), {"flushed": 5}, "all that are left")
    same(nl.dump("conn-get"), [], "none is left")
    nl.do("service-flush")


def test_overload(nl):
    nl.transaction([add(service=udp(scheduler="rr")),
                    add(server=udp_server("10.2.0.11", upper=2)),
                    add(server=udp_server("10.2.0.12"))], flags=["replace"])
    clients = [Client() for _ in range(8)]
    with Halb("dir") as listener:
        listener.subscribe()
        for c in clients:
            c.send()
        ok(wait_for(lambda: stats_of(nl, service=udp()) == [8, 8, 800]), "8 connections")
        same([nl.do("server-get", server=udp_server(a))["server"]["inactive-conns"]
              for a in ("10.2.0.11", "10.2.0.12")], [2, 6], "a server gets as many as its threshold")
        same(nl.do("server-get", server=udp_server("10.2.0.11"))["server"]["flags"], ["overload"],
             "and is overloaded then")
        events = []
        wait_for(lambda: events.extend(listener.events()) or events)
        same([(n, e["server"]["address"], e["server"]["flags"]) for n, e in events],
             [("server-set-ntf", "10.2.0.11", ["overload"])], "of which there is an event")
        nl.do("conn-flush")
        events = []
        wait_for(lambda: events.extend(listener.events()) or events)
        same([(n, e["server"]["flags"]) for n, e in events], [("server-set-ntf", [])],
             "and of its end")
        nl.do("server-set", server=udp_server("10.2.0.11", upper=1))
        Client().send()
        Client().send()
        ok(wait_for(lambda: nl.do("server-get", server=udp_server("10.2.0.11"))["server"]["flags"]),
           "another threshold takes effect")
        nl.do("server-set", server=udp_server("10.2.0.11", upper=0))
        same(nl.do("server-get", server=udp_server("10.2.0.11"))["server"]["flags"], [],
             "and none, at once")
    nl.do("conn-flush")
    nl.do("service-flush")


def test_conn_dump(nl):
    """Many connections, in many messages; a dump that is broken off leaves nothing behind."""
    nl.transaction([add(service=udp(scheduler="rr")), add(server=udp_server("10.2.0.11", method="nat"))],
                   flags=["replace"])
    clients = [Client() for _ in range(300)]
    for c in clients:
        c.send()
    ok(wait_for(lambda: nl.do("settings-get")["settings"]["conns"] == 300), "300 connections")
    ports = [c["conn"]["client-port"] for c in nl.dump("conn-get")]
    same((len(ports), set(ports)), (300, {c.port for c in clients}), "a dump has each of them, once")

    for _ in range(20):
        with Halb("dir") as other:
            other.send(other.family, SPEC.ops["conn-get"], 0x300, b"")
            other.sock.recv(4096)

    # Half of them come and go while the others must be in every dump.
    stay = {c.port for c in clients[:150]}
    missing, dumps = set(), 0

    def write():
        with Halb("dir") as writer:
            while True:
                for c in clients[150:]:
                    writer.do("conn-flush", conn={"client-port": c.port})
                    c.send()
    pid = child(write)
    while dumps < 20:
        missing |= stay - {c["conn"]["client-port"] for c in nl.dump("conn-get")}
        dumps += 1
    end_child(pid)
    same(missing, set(), "connections that live through a dump are in it")
    print(f"# {dumps} dumps", flush=True)
    nl.do("conn-flush")
    nl.do("service-flush")


TESTS = [test_services, test_servers, test_refusals, test_settings, test_transaction,
         test_all_or_nothing, test_replace, test_generations, test_ownership, test_limits,
         test_events, test_permissions, test_namespaces, test_statistics, test_rates, test_conns,
         test_overload, test_conn_dump, test_dumps_under_changes, test_many]


def run(tests):
    """The tests that the command line names, or all; returns the exit status."""
    with Halb("dir") as nl:
        for test in tests:
            if sys.argv[1:] and test.__name__ not in sys.argv[1:]:
                continue
            print(f"# {test.__name__}", flush=True)
            start = time.monotonic()
            try:
                test(nl)
                print(f"# {time.monotonic() - start:.0f} s", flush=True)
            except Exception:
                ok(False, f"{test.__name__} ran to its end", traceback.format_exc())
                nl.do("service-flush")
    print(f"1..{count}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(run(TESTS))
