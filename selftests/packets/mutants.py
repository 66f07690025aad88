# SPDX-License-Identifier: GPL-2.0
"""The inside of ../mutate: loads broken modules one after the other and runs their rows."""
import re
import subprocess


def unload():
    return subprocess.run(["rmmod", "halb"], capture_output=True, text=True, check=False)


def verdict(world, rows, module, regex):
    """caught NAME, survived, or broken WHY."""
    if world.halb:
        world.halb.close()
        world.halb = None
    unload()
    p = subprocess.run(["insmod", module], capture_output=True, text=True, check=False)
    if p.returncode:
        return f"broken insmod: {p.stderr.strip()}"
    try:
        world.configure()
    except (OSError, subprocess.SubprocessError) as e:
        return f"broken {e}"
    chosen = [r for r in rows if re.search(regex, r.name)]
    if not chosen:
        return f"broken no row matches {regex!r}"
    for row in chosen:
        if world.run(row):
            return f"caught {row.name}"
    return "survived"


def run(world, rows, path):
    with open(path, encoding="utf-8") as f:
        todo = [line.rstrip("\n").split("\t") for line in f]
    every = "|".join(f"({regex})" for _, _, regex in todo if regex)
    for number, module, regex in todo:
        print("mutant", number, verdict(world, rows, module, regex or every), flush=True)
    if world.halb:
        world.halb.close()
    return 0
