#!/usr/bin/env python3
"""Runs clang-tidy (.clang-tidy) over the sources of a unity build, once for each content.

usage: check_tidy.py BUILD_DIRECTORY

The build need be configured only. Most of the time goes into the headers, so a folder's sources are looked at together, as that
build compiles them. What passed is remembered in .cache/tidy by the content of the sources and of all headers of the tree that
they include; so the second run costs only what changed.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

import check_includes
import tree

CACHE = os.path.join(tree.ROOT, ".cache/tidy")
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)


def closure(source):
    """The source and what it includes of the tree, all the way down: path -> content."""
    seen, todo = {}, [source]
    while todo:
        path = todo.pop()
        if path in seen or not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            seen[path] = file.read()
        todo += [os.path.join(tree.ROOT, name.decode()) for name in INCLUDE.findall(seen[path])]
    return seen


def key_of(files, command):
    digest = hashlib.sha256(command.encode())
    with open(os.path.join(tree.ROOT, ".clang-tidy"), "rb") as file:
        digest.update(file.read())
    for path in sorted(files):
        digest.update(files[path])
    return digest.hexdigest()


def tidy(*arguments):
    done = subprocess.run(["clang-tidy", "-quiet", *arguments], capture_output=True, text=True, cwd=tree.ROOT)
    said = done.stdout if "error:" in done.stdout else done.stdout + done.stderr
    return done.returncode, said.replace(tree.ROOT + "/", "")


def look_at_changed(build, wanted, jobs):
    """With LIMEN_QUICK: the sources that were changed last, each by itself."""
    table = check_includes.commands_of(build)
    sources = [path for path in check_includes.sources_changed_lately(table) if path.startswith(wanted) and not path.endswith("_test.cc")]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(lambda path: tidy(path, "--", *[word for word in table[path][1:] if word != "-c"]), sources))
    print("%d sources" % len(sources))
    tree.finish([output.strip() for status, output in results if status != 0])


def main():
    build = os.path.abspath(sys.argv[1])
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = {os.path.normpath(entry["file"]): entry["command"] for entry in json.load(file)}
    wanted = tuple(os.path.join(tree.ROOT, layer) + "/" for layer in tree.LAYERS)
    jobs = int(os.environ.get("LIMEN_JOBS", os.cpu_count() or 1))
    if os.environ.get("LIMEN_QUICK"):
        return look_at_changed(build, wanted, jobs)
    keys, seen, sizes = {}, set(), {}
    for unit, command in commands.items():
        files = closure(unit)
        sources = {path for path in files if path.startswith(wanted) and path.endswith(".cc") and not path.endswith("_test.cc")}
        if sources:
            keys[unit] = key_of(files, command)
            seen |= sources
            sizes[unit] = sum(len(files[path]) for path in sources)
    os.makedirs(CACHE, exist_ok=True)
    todo = sorted((unit for unit in keys if not os.path.exists(os.path.join(CACHE, keys[unit]))), key=sizes.get, reverse=True)
    problems = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for unit, (status, output) in zip(todo, pool.map(lambda unit: tidy("-p", build, unit), todo)):
            if status == 0:
                open(os.path.join(CACHE, keys[unit]), "w", encoding="utf-8").close()
            else:
                problems.append(output.strip())
    print("%d sources in %d pieces, %d of them looked at now" % (len(seen), len(keys), len(todo)))
    tree.finish(problems)


if __name__ == "__main__":
    main()
