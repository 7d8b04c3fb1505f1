"""The tracked files of a source tree, and how a check reports what it found."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAYERS = ("abi", "base", "gate", "host", "platform", "kernel", "trace", "cli", "oci")


def tracked(root=ROOT):
    """Paths of the tree relative to its root: what git tracks or would track; without third-party code."""
    out = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
                         check=True, capture_output=True, text=True).stdout
    paths = {path for path in out.split("\0") if path and os.path.isfile(os.path.join(root, path))}
    return sorted(path for path in paths if not path.startswith("third_party/") or path.endswith("README.md"))


def read(path, root=ROOT):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def is_cxx(path):
    return path.endswith((".cc", ".h"))


def finish(problems, advice=""):
    """Prints the problems as `file:line: text` and ends the program with their verdict."""
    for problem in problems:
        print(problem)
    if problems and advice:
        print(advice)
    sys.exit(1 if problems else 0)
