#!/usr/bin/env python3
"""Runs clang-tidy (.clang-tidy) over the sources of a build, once for each content.

usage: check_tidy.py BUILD_DIRECTORY

What passed is remembered in .cache/tidy by the content of the source and of all tree headers it includes, as the
build's own dependency log has them; so the second run costs only what changed.
"""
import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys

import tree

CACHE = os.path.join(tree.ROOT, ".cache/tidy")


def dependencies(build):
    """source -> the files of the tree that its object was made from."""
    out = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    table, files = {}, []
    for line in out.splitlines() + [""]:
        if line.startswith("    "):
            files.append(os.path.normpath(os.path.join(build, line.strip())))
        elif files:
            table[files[0]] = [f for f in files if f.startswith(tree.ROOT + "/") and not f.startswith(build)]
            files = []
    return table


def key_of(source, table):
    digest = hashlib.sha256()
    for path in [os.path.join(tree.ROOT, ".clang-tidy"), source, *sorted(table.get(source, []))]:
        if os.path.exists(path):
            with open(path, "rb") as file:
                digest.update(file.read())
    return digest.hexdigest()


def tidy(build, source):
    done = subprocess.run(["clang-tidy", "-quiet", "-p", build, source], capture_output=True, text=True, cwd=tree.ROOT)
    return done.returncode, done.stdout.replace(tree.ROOT + "/", "")


def main():
    build = os.path.abspath(sys.argv[1])
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        sources = sorted({os.path.normpath(entry["file"]) for entry in json.load(file)})
    wanted = tuple(os.path.join(tree.ROOT, layer) + "/" for layer in tree.LAYERS)
    sources = [s for s in sources if s.startswith(wanted) and s.endswith(".cc") and not s.endswith("_test.cc")]
    table = dependencies(build)
    os.makedirs(CACHE, exist_ok=True)
    keys = {source: key_of(source, table) for source in sources}
    todo = [source for source in sources if not os.path.exists(os.path.join(CACHE, keys[source]))]
    problems = []
    jobs = int(os.environ.get("LIMEN_JOBS", os.cpu_count() or 1))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for source, (status, output) in zip(todo, pool.map(lambda s: tidy(build, s), todo)):
            if status == 0:
                open(os.path.join(CACHE, keys[source]), "w", encoding="utf-8").close()
            else:
                problems.append(output.strip())
    print("%d sources, %d of them looked at now" % (len(sources), len(todo)))
    tree.finish(problems)


if __name__ == "__main__":
    main()
