#!/usr/bin/env python3
"""Refuses files that are too long without a reason at their head, untidy text, and words that do not belong here.

A file of more than 500 lines says why among its first 20 lines: `Longer than 500 lines: REASON`.
"""
import re

import tree

MOST_LINES = 500
HEAD = 20
REASON = re.compile(r"Longer than 500 lines: \S+")
TEXT = (".cc", ".h", ".S", ".py", ".sh", ".def", ".md", ".cmake", ".txt", ".json", ".c", ".go", ".mjs", ".js")
CODE = (".cc", ".h", ".S", ".py", ".sh", ".def", ".c")
# Generated, or as long as what they list.
NO_LIMIT = ("docs/system-calls.md", "docs/bench/", "docs/man/", "LICENSE")

WORDS = (
    (re.compile(r"(?<![\w.])/(?:work|Users)/\w"), "a path of somebody's machine"),
    (re.compile(r"(?<![\w.])/home/(?!user\b|USER\b|\*)[a-z]\w*"), "a path of somebody's machine (write /home/user)"),
    (re.compile(r"\b[\w.+-]+@(?!example\.|openssh\.com|limen\b)[\w-]+\.[a-z]{2,}\b"), "a person's address"),
)
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def is_text(path):
    return path.endswith(TEXT) or "/" not in path or path.startswith((".ci/", "tests/run"))


def problems_in(path, text):
    out = []
    lines = text.split("\n")
    if "\0" in text:
        return out
    count = len(lines) - 1
    code = path.endswith(CODE) or path == "dev" or path.startswith("tests/run")
    if code and count > MOST_LINES and not path.startswith(NO_LIMIT) and not REASON.search("\n".join(lines[:HEAD])):
        out.append("%s:1: %d lines; split it, or say at its head 'Longer than 500 lines: REASON'" % (path, count))
    if text and not text.endswith("\n"):
        out.append("%s:%d: no newline at the end" % (path, len(lines)))
    if path.endswith(".h") and "#pragma once" not in text:
        out.append("%s:1: no #pragma once" % path)
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and not path.endswith(".md"):
            out.append("%s:%d: white space at the end of the line" % (path, number))
        if "\t" in line and path.endswith((".cc", ".h", ".py", ".md")):
            out.append("%s:%d: a tab" % (path, number))
        if path.startswith("tools/") and path.endswith(("check_files.py", "selftest.py")):
            continue  # they speak of what they refuse
        if UNFINISHED.search(line) and code:
            out.append("%s:%d: unfinished: %s" % (path, number, UNFINISHED.search(line)[0]))
        if path != "LICENSE":
            for pattern, what in WORDS:
                if pattern.search(line):
                    out.append("%s:%d: %s: %s" % (path, number, what, pattern.search(line)[0]))
    return out


def problems(root=tree.ROOT, paths=None):
    out = []
    for path in paths if paths is not None else tree.tracked(root):
        if is_text(path):
            out += problems_in(path, tree.read(path, root))
    return out


if __name__ == "__main__":
    tree.finish(problems())
