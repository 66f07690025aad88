#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Are the tests worth anything? Breaks the sources in many small ways, listed in `mutants`, and
shows for each that the test named there fails. A mutation that survives is a failure.

    run.py [-k KERNEL] [REGEX]      those whose name matches
    run.py -n                       only whether the list fits the sources (style.t asks this)

Builds all broken modules first, then one VM loads them one after the other and runs their rows
of selftests/packets; unit tests run here. Nothing is changed in the tree.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "..", ".."))
CACHE = os.environ.get("HALB_CACHE") or os.path.expanduser("~/.cache/halb")
BUILD = os.path.join(CACHE, "mutate")


class Mutant:
    def __init__(self, head, line):
        self.name, self.path, self.test = (x.strip() for x in head.split(" | ", 2))
        self.line, self.old, self.new = line, [], []

    @property
    def is_unit(self):
        return self.test.startswith("unit ")

    def places(self, lines):
        """Where in the file the old lines are."""
        bare = [x.strip() for x in lines]
        old = [x.strip() for x in self.old]
        return [i for i in range(len(bare)) if bare[i:i + len(old)] == old]

    def misfit(self, top):
        """Why the list does not fit the sources, if so."""
        path = os.path.join(top, self.path)
        if not os.path.exists(path):
            return f"mutants:{self.line}: {self.name}: there is no {self.path}"
        with open(path, encoding="utf-8") as f:
            n = len(self.places(f.read().split("\n")))
        return None if n == 1 else (f"mutants:{self.line}: {self.name}: the lines occur {n} times "
                                    f"in {self.path}, not once")

    def apply(self, text):
        lines = text.split("\n")
        i = self.places(lines)[0]
        return "\n".join(lines[:i] + self.new + lines[i + len(self.old):])


def read_list():
    mutants = []
    with open(os.path.join(HERE, "mutants"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line.startswith("@ "):
                mutants.append(Mutant(line[2:], number))
            elif line.startswith("- "):
                mutants[-1].old.append(line[2:])
            elif line.startswith("+ "):
                mutants[-1].new.append(line[2:])
            elif line and not line.startswith("#"):
                sys.exit(f"mutants:{number}: begins with none of @ - + #")
    return mutants


class Tree:
    """A copy of the sources in which one mutation at a time is made."""

    def __init__(self, name):
        self.path = os.path.join(BUILD, name)
        os.makedirs(self.path, exist_ok=True)
        # By content, with new times for what differs, so that make builds that again.
        subprocess.run(["rsync", "-rlpc", "--include=/kmod/***", "--include=/uapi/***",
                        "--include=/Kbuild", "--include=/selftests/", "--include=/selftests/unit/***",
                        "--exclude=*", TOP + "/", self.path + "/"], check=True)

    def broken(self, mutant):
        """The tree with the mutation, for a while."""
        path = os.path.join(self.path, mutant.path)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(mutant.apply(text))
        return path, text

    def restore(self, path, text):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)


def build(tree, mutant, kver, kdir, out):
    """The broken module, or why there is none."""
    path, text = tree.broken(mutant) if mutant else (None, None)
    try:
        # A mutation may leave something unused: no reason to refuse it.
        p = subprocess.run(["make", "-C", kdir, "M=" + tree.path, f"-j{os.cpu_count()}", "modules",
                            "KCFLAGS=-Wno-error -Wno-unused"], capture_output=True, text=True, check=False)
    finally:
        if mutant:
            tree.restore(path, text)
    if p.returncode:
        return p.stderr
    shutil.copy(os.path.join(tree.path, "kmod", "halb.ko"), out)
    return None


def unit_test(tree, mutant):
    """None if the test fails, as it must; else what is wrong."""
    name = mutant.test.split()[1]
    script = os.path.join(tree.path, "selftests", "unit", name + ".t")
    env = dict(os.environ, HALB_CACHE=os.path.join(BUILD, "unit-out"))
    path, text = tree.broken(mutant)
    try:
        p = subprocess.run([script], capture_output=True, text=True, env=env, check=False)
    finally:
        tree.restore(path, text)
    # AddressSanitizer has errors, ThreadSanitizer warnings.
    if "not ok" in p.stdout or "ERROR: " in p.stderr or "WARNING: ThreadSanitizer: " in p.stderr:
        return None
    return f"{mutant.test} passes" if not p.returncode else f"it does not build: {p.stderr[-500:]}"


def in_vm(kernel, todo, work):
    """Runs the rows; what the VM said, by the mutant's number."""
    listing = os.path.join(work, "list")
    with open(listing, "w", encoding="utf-8") as f:
        for n, (mutant, module) in enumerate(todo):
            f.write(f"{n}\t{module}\t{mutant.test if mutant else ''}\n")
    p = subprocess.run([os.path.join(TOP, "selftests/vm/run.sh"), "-k", kernel, "-t", "2400",
                        "selftests/packets.sh", "--mutants", listing],
                       env=dict(os.environ, HALB_KO=todo[0][1]), stdout=subprocess.PIPE, text=True, check=False)
    said = {}
    for line in p.stdout.splitlines():
        if m := re.match(r"mutant (\d+) (caught|survived|broken)(?: (.*))?$", line):
            said[int(m[1])] = (m[2], m[3] or "")
    return said, p.stdout[-2000:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-k", dest="kernel", default="6.12")
    parser.add_argument("-n", dest="dry", action="store_true")
    parser.add_argument("regex", nargs="?", default="")
    args = parser.parse_args()
    mutants = [m for m in read_list() if re.search(args.regex, m.name)]
    if misfits := [why for m in mutants if (why := m.misfit(TOP))]:
        sys.exit("\n".join(misfits))
    if args.dry:
        print(f"{len(mutants)} mutants fit the sources")
        return 0
    tree = Tree("tree")
    work = tempfile.mkdtemp(prefix="halb-mutate.")
    line = subprocess.run([os.path.join(TOP, "selftests/vm/kernels.sh"), args.kernel],
                          capture_output=True, text=True, check=True).stdout.split()
    kver, kdir = line[1], line[2]
    print(f"1..{len(mutants)}", flush=True)
    results, todo = {}, []
    if any(not m.is_unit for m in mutants):
        # The sound module comes first: with it, every row must pass.
        why = build(tree, None, kver, kdir, f"{work}/sound.ko")
        if why:
            sys.exit(why)
        todo.append((None, f"{work}/sound.ko"))
    for n, m in enumerate(mutants):
        print(f"# {m.name}", flush=True)
        if m.is_unit:
            results[m] = unit_test(tree, m)
            continue
        why = build(tree, m, kver, kdir, f"{work}/{n}.ko")
        if why:
            results[m] = "it does not build: " + why[-500:]
        else:
            todo.append((m, f"{work}/{n}.ko"))
    if todo:
        said, tail = in_vm(args.kernel, todo, work)
        if said.get(0, ("",))[0] != "survived":
            print("Bail out! rows fail with the sound module, or the VM did not run:\n" + tail)
            return 1
        for n, (m, _) in list(enumerate(todo))[1:]:
            how, what = said.get(n, ("lost", "the VM ended before"))
            results[m] = None if how == "caught" else f"{how}: {what}"
    shutil.rmtree(work)
    for n, m in enumerate(mutants, 1):
        print(f"{'not ok' if results[m] else 'ok'} {n} - {m.name}: caught by {m.test}", flush=True)
        for text in (results[m] or "").splitlines():
            print("# " + text)
    survived = sum(bool(r) for r in results.values())
    print(f"{len(mutants) - survived} passed, {survived} failed")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
