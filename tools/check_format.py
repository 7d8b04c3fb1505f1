#!/usr/bin/env python3
"""Refuses C++ that clang-format would lay out otherwise; --fix does it."""
import subprocess
import sys

import tree


def main():
    fix = sys.argv[1:] == ["--fix"]
    paths = [path for path in tree.tracked() if tree.is_cxx(path)]
    mode = ["-i"] if fix else ["--dry-run", "--Werror"]
    done = subprocess.run(["clang-format", *mode, *paths], cwd=tree.ROOT, capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "-Wclang-format-violations" in line})
    if done.returncode != 0 and not wrong:
        wrong = [done.stderr.strip()]
    tree.finish(wrong, "laid out otherwise than .clang-format says; python3 tools/check_format.py --fix does it")


if __name__ == "__main__":
    main()
