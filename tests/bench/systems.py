"""The systems that are compared: natively, under Limen, and under each peer that is found on PATH and works here."""
import os
import re
import shutil
import subprocess
from collections import namedtuple

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
System = namedtuple("System", "name prefix version")


def version_of(program, *words):
    try:
        out = subprocess.run([program, *words], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    number = re.search(r"\b\d+(?:\.\d+)+\S*|\brelease-\S+", out.stdout + out.stderr)
    return number[0] if number else ""


def candidates(limen):
    root = os.geteuid() == 0
    yield System("native", [], "")
    yield System("Limen", [limen, "run", "--"], version_of(limen, "--version"))
    yield System("gVisor", ["runsc", *([] if root else ["--rootless"]), "--ignore-cgroups", "--network=none", "do"],
                 version_of("runsc", "--version"))
    yield System("proot", ["proot"], version_of("proot", "--version"))
    yield System("bwrap", ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
                           "--unshare-all", "--"], version_of("bwrap", "--version"))
    yield System("strace -f", ["strace", "-f", "-o", "/dev/null"], version_of("strace", "--version"))


def present(limen, wanted):
    """The systems to measure, and why the others are left out."""
    systems, absent = [], {}
    for system in candidates(limen):
        if wanted and system.name.lower() not in wanted and system.name != "native":
            continue
        if system.prefix and not shutil.which(system.prefix[0]):
            absent[system.name] = "not on PATH"
            continue
        try:
            done = subprocess.run([*system.prefix, "/bin/true"], capture_output=True, text=True, timeout=60,
                                  stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            absent[system.name] = "/bin/true does not end"
            continue
        if done.returncode == 0:
            systems.append(system)
        else:
            said = (done.stderr.strip().splitlines() or ["status %d" % done.returncode])[-1]
            absent[system.name] = "cannot run /bin/true: " + said[:120].replace(TREE + "/", "")
    return systems, absent
