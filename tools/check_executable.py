#!/usr/bin/env python3
"""Refuses a limen that is not one self-contained file below 8 MiB stripped, or whose pages are not the committed ones.

usage: check_executable.py LIMEN [--fix]     --fix writes docs/man/ and docs/system-calls.md
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

import tree

MOST_BYTES = 8 * 1024 * 1024
PT_INTERP, PT_DYNAMIC, DT_NEEDED = 3, 2, 1


def linkage_problems(path):
    """A self-contained file asks for no interpreter and no library."""
    with open(path, "rb") as file:
        image = file.read()
    offset, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    out = []
    for i in range(count):
        kind, _, at, _, _, length = struct.unpack_from("<IIQQQQ", image, offset + i * size)
        if kind == PT_INTERP:
            out.append("%s: asks for the interpreter %s; it must be static" % (path, image[at:at + length - 1].decode()))
        if kind == PT_DYNAMIC:
            tags = [struct.unpack_from("<q", image, at + j)[0] for j in range(0, length, 16)]
            if DT_NEEDED in tags:
                out.append("%s: needs shared libraries; it must be static" % path)
    return out


def size_problems(path):
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "limen")
        subprocess.run(["strip", "-o", stripped, path], check=True)
        size = os.path.getsize(stripped)
    print("%s: %.2f MiB stripped" % (os.path.relpath(path, tree.ROOT), size / 2**20))
    return ["%s: %d bytes stripped; at most %d" % (path, size, MOST_BYTES)] if size >= MOST_BYTES else []


def output(limen, *words):
    return subprocess.run([limen, *words], check=True, capture_output=True, text=True, timeout=20).stdout


def table_page(limen):
    """docs/system-calls.md: the table for readers."""
    calls = json.loads(output(limen, "syscalls", "--json"))
    counts = {level: sum(call["support"] == level for call in calls) for level in ("full", "partial", "absent")}
    lines = ["# System calls", "", "Made by `./dev docs` from `abi/syscalls.def`; edit that.", "",
             "%d calls: %d full, %d partial, %d absent." % (len(calls), counts["full"], counts["partial"], counts["absent"]),
             "A program that makes an absent call gets the errno that stands here.", "",
             "| x86-64 | call | support | what is missing, or why |", "| ---: | --- | --- | --- |"]
    for call in calls:
        support = call["support"] + (" (%s)" % call["errno"] if "errno" in call else "")
        lines.append("| %s | %s | %s | %s |" % (call["numbers"]["x86_64"], call["name"], support,
                                                call["reason"].replace("|", "\\|")))
    return "\n".join(lines) + "\n"


def pages(limen):
    out = {"docs/man/limen.1": output(limen, "man"), "docs/system-calls.md": table_page(limen)}
    for line in output(limen, "--help").split("Commands:\n")[1].split("\n\n")[0].splitlines():
        name = line.split()[0]
        out["docs/man/limen-%s.1" % name] = output(limen, "man", name)
    return out


def page_problems(limen, fix):
    out = []
    for path, text in pages(limen).items():
        full = os.path.join(tree.ROOT, path)
        if fix:
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        elif not os.path.exists(full) or tree.read(path) != text:
            out.append("%s: not what limen says now; './dev docs' writes it" % path)
    return out


def main():
    limen = os.path.abspath(sys.argv[1])
    fix = "--fix" in sys.argv[2:]
    tree.finish(linkage_problems(limen) + size_problems(limen) + page_problems(limen, fix))


if __name__ == "__main__":
    main()
