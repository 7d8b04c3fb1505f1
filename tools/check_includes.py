#!/usr/bin/env python3
"""Reads sources by themselves that were changed lately: what one of them needs it must include.

usage: check_includes.py BUILD_DIRECTORY

A unity build does not see an include that is missing where a neighbour has it. To read each source of the tree alone takes minutes, so
only the last ones are read: those of the work tree and of the last commits, newest first.
"""
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys

import tree

MOST_COMMITS, MOST_SOURCES = 20, 12
INCLUDE = re.compile(r'^#include "([^"]+\.cc)"', re.M)


def commands_of(build):
    """source -> how the build compiles it, by itself or with its neighbours."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    table = {}
    for entry in entries:
        words = shlex.split(entry["command"])
        words = words[:words.index("-o")]
        table[entry["file"]] = words
        if entry["file"].endswith(".cxx"):
            for source in INCLUDE.findall(tree.read(entry["file"])):
                table[source] = words
    return table


def changed_lately():
    git = ["git", "-c", "safe.directory=*", "-C", tree.ROOT]
    out = subprocess.run([*git, "status", "--porcelain", "--no-renames"], capture_output=True, text=True, check=True).stdout
    names = [line[3:] for line in out.splitlines()]
    out = subprocess.run([*git, "log", "-%d" % MOST_COMMITS, "--name-only", "--format="], capture_output=True, text=True, check=True).stdout
    return list(dict.fromkeys(names + out.splitlines()))


def sources_changed_lately(table):
    paths = [os.path.join(tree.ROOT, name) for name in changed_lately() if name.endswith(".cc")]
    return [path for path in paths if path in table and os.path.exists(path)][:MOST_SOURCES]


def main():
    table = commands_of(os.path.abspath(sys.argv[1]))
    paths = sources_changed_lately(table)

    def look(path):
        done = subprocess.run([*table[path], "-fsyntax-only", path], capture_output=True, text=True, cwd=tree.ROOT)
        return "" if done.returncode == 0 else done.stderr.replace(tree.ROOT + "/", "").strip()

    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("LIMEN_JOBS", os.cpu_count() or 1))) as pool:
        problems = [problem for problem in pool.map(look, paths) if problem]
    print("%d sources" % len(paths))
    tree.finish(problems)


if __name__ == "__main__":
    main()
