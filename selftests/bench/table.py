#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The lines of path.sh, memory.sh and scale.sh as one table (Markdown) and as JSON; or two runs beside
each other:

    table.py [--kernel K] [--json FILE] path.txt [speed.txt] [memory.txt] [scale.txt]
    table.py --compare BASE.json NEW.json
"""
import argparse
import json
import os
import sys

# instructions less the generator (issue and README): what halb must reach, by row
TARGETS = {
    "udp4-dr": 2000,
    "udp4-nat": 2300,
    "udp4-nat-back": ("ipvs", 0.53),
    "udp4-tun": 2500,
    "udp4-new-dr-rr-2": 3200,
    "udp4-new-dr-wlc-200": ("udp4-new-dr-wlc-2", 1.10),
    "udp4-dr-200": 2000,
    "udp4-random-dr-1000000": ("udp4-random-dr-1000", 1.10),
    "udp4-random-nat-1000000": ("udp4-random-nat-1000", 1.10),
    "tcp4-dr": ("udp4-dr", 1.05),
    "tcp4-nat": ("udp4-nat", 1.05),
    "tcp4-tun": ("udp4-tun", 1.05),
    "udp6-dr": ("udp4-dr", 1.25),
    "udp6-nat": ("udp4-nat", 1.25),
    "udp6-tun": ("udp4-tun", 1.25),
    "udp4-bystander-1000": ("forward", 120),
}
BYTES = {"dr": 128, "tun": 128, "nat": 144}
# other figures, and what they are
FIGURES = {
    "bytes": "bytes per connection",
    "percpu": "bytes for each CPU",
    "ms": "million instructions",
    "stall": "thousand instructions, the longest that a softirq takes or waits",
}
SYSTEMS = ["forward", "flowtable", "dnat", "ipvs", "halb"]


def read(paths):
    data = {"path": {}, "speed": {}, "generator": {}, **{k: {} for k in FIGURES}}
    for path in paths:
        kind = os.path.basename(path).split(".")[0]
        for line in open(path):
            f = line.split()
            if len(f) != 4 or line.startswith("#"):
                continue
            if f[0] in FIGURES:
                data[f[0]].setdefault(f[1], {})[f[2]] = int(f[3])
            elif f[1] == "generator":
                if kind == "path":
                    data["generator"][f[0]] = float(f[2])
            elif kind == "speed":
                data["speed"].setdefault(f[0], {})[f[1]] = round(1e9 / float(f[2]))
            else:
                data["path"].setdefault(f[0], {})[f[1]] = {"whole": int(f[2]), "net": int(f[3])}
    return data


def net(data, work, system):
    row = data["path"].get(work, {}).get(system)
    return row and row["net"]


def target(data, work):
    want = TARGETS.get(work)
    if not isinstance(want, tuple):
        return want
    of, factor = want
    if of == "forward":
        base = net(data, work.rsplit("-", 1)[0], "forward")
        return base and base + factor
    base = net(data, work, of) if of in SYSTEMS else net(data, of, "halb")
    return base and round(base * factor)


def number(n):
    return "" if n is None else f"{n:,}"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " ---: |" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def show(data):
    print("Generator: " + ", ".join(f"{k} {v:,.0f}" for k, v in data["generator"].items()) + "\n")
    rows = []
    for work in data["path"]:
        cells = [net(data, work, s) for s in SYSTEMS]
        ipvs, halb = cells[3], cells[4]
        ratio = f"{halb / ipvs:.2f}" if ipvs and halb else ""
        want = target(data, work) if halb else None
        mark = "" if not want or not halb else " ok" if halb <= want else " MISSED"
        rows.append([work] + [number(c) for c in cells] + [ratio, number(want) + mark])
    table(["instructions per packet"] + SYSTEMS + ["halb/ipvs", "target"], rows)
    if data["speed"]:
        table(["packets per second"] + SYSTEMS,
              [[w] + [number(r.get(s)) for s in SYSTEMS] for w, r in data["speed"].items()])
    if data["bytes"]:
        rows = []
        for work, row in data["bytes"].items():
            want = BYTES.get(work)
            mark = "" if not want or "halb" not in row else \
                " ok" if row["halb"] <= want else " MISSED"
            rows.append([work, number(row.get("ipvs")), number(row.get("halb")),
                         number(want) + mark])
        table(["bytes per connection", "ipvs", "halb", "target"], rows)
    for kind in list(FIGURES)[1:]:
        if data[kind]:
            table([FIGURES[kind], "halb"],
                  [[w.replace("-", " "), number(r.get("halb"))] for w, r in data[kind].items()])


def compare(base, new):
    rows = []
    for work, row in new["path"].items():
        for system in row:
            a, b = net(base, work, system), net(new, work, system)
            if a and b and system == "halb":
                rows.append([work, number(a), number(b), f"{b - a:+,}", f"{(b / a - 1) * 100:+.1f} %"])
    table(["instructions per packet", "base", "now", "", ""], rows)
    for kind, what in FIGURES.items():
        before = base.get(kind, {})
        rows = [[w, number(before[w]["halb"]), number(r["halb"])]
                for w, r in new[kind].items() if "halb" in r and "halb" in before.get(w, {})]
        if rows:
            table([what, "base", "now"], rows)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--kernel", default="")
    p.add_argument("--json")
    p.add_argument("--compare", action="store_true")
    p.add_argument("files", nargs="+")
    args = p.parse_args()
    if args.compare:
        if len(args.files) != 2:
            p.error("--compare wants two files")
        compare(*(json.load(open(f)) for f in args.files))
        return
    data = read(args.files)
    data["kernel"] = args.kernel
    if not data["path"]:
        sys.exit("table.py: no figures")
    if args.json:
        with open(args.json, "w") as f:
            json.dump(data, f, indent=1)
    show(data)


main()
