"""The rows of abi/syscalls.def and the guest tests that name them, for the checks and the mutation run."""
import os
import re
from collections import namedtuple

import tree

Row = namedtuple("Row", "name x86_64 level reason line")
Case = namedtuple("Case", "program name calls")
Facts = namedtuple("Facts", "name since errors line")
Cause = namedtuple("Cause", "errno when rare")  # rare: nobody can bring it about at will

ROW = re.compile(r'^(SYSCALL|ABSENT)\(\s*(\w+),\s*(-?\d+),\s*(-?\d+),\s*(-?\d+),\s*([^,]+),\s*(\w+),\s*"([^"]*)"', re.M)
FACTS = re.compile(r'^CALL\((\w+),\s*"([^"]*)",\s*"[^"]*",\s*(.*)\)$', re.M)
GROUP = re.compile(r"^#define (\w+)((?:.*\\\n)*.*)$", re.M)
ERROR = re.compile(r'\b([ER])\((\w+),\s*"([^"]*)"\)|\b([A-Z]\w*)\b(?!\()')
CASE = re.compile(r"^TEST\((\w+)\)", re.M)
COVERS = re.compile(r"\bCOVERS\(([^)]*)\)")


def rows(root=tree.ROOT):
    text = tree.read("abi/syscalls.def", root)
    out = []
    for match in ROW.finditer(text):
        level = match[7] if match[1] == "SYSCALL" else "absent"
        out.append(Row(match[2], int(match[3]), level, match[8], text.count("\n", 0, match.start()) + 1))
    return out


def facts(root=tree.ROOT):
    """The rows of abi/errors.def; errors: causes, groups taken apart. An unknown group is Cause(None, its name, False)."""
    text = tree.read("abi/errors.def", root)
    groups = {match[1]: match[2] for match in GROUP.finditer(text)}

    def errors_of(body):
        for match in ERROR.finditer(body):
            if match[1]:
                yield Cause(match[2], match[3], match[1] == "R")
            elif match[4] in groups:
                yield from errors_of(groups[match[4]])
            else:
                yield Cause(None, match[4], False)
    return [Facts(match[1], match[2], list(errors_of(match[3])), text.count("\n", 0, match.start()) + 1)
            for match in FACTS.finditer(text)]


def errnos(root=tree.ROOT):
    """The names of base/errno.h, lower case."""
    return set(re.findall(r"^\s*X\((\w+), \d+,", tree.read("base/errno.h", root), re.M))


def cases_in(path, text):
    starts = [(match.start(), match[1]) for match in CASE.finditer(text)]
    program = os.path.splitext(os.path.basename(path))[0]
    out = []
    for (start, name), (end, _) in zip(starts, starts[1:] + [(len(text), "")]):
        calls = set()
        for covers in COVERS.finditer(text, start, end):
            calls.update(re.findall(r'"(\w+)"', covers[1]))
        out.append(Case(program, name, calls))
    return out


def cases(root=tree.ROOT):
    """All cases of tests/guest with the calls that they say they cover."""
    folder = os.path.join(root, "tests/guest")
    out = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if name.endswith(".cc"):
            path = "tests/guest/" + name
            out += cases_in(path, tree.read(path, root))
    return out
