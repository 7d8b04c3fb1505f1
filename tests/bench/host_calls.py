#!/usr/bin/env python3
"""What the jobs of tests/e2e cost beneath the boundary: crossings, host calls and page faults for each call of a guest.

usage: tests/bench/host_calls.py [--limen PATH]... [--markdown] [JOB...]

Needs perf and root. Host calls are those of the kernel process without the hand-off's own (futex, sched_yield); faults are those of
guests' host processes. With several builds each job runs under all of them, one after the other.
"""
import argparse
import collections
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
HAND_OFF = {"202", "24"}
NAMES = {0: "read", 3: "close", 8: "lseek", 9: "mmap", 10: "mprotect", 11: "munmap", 16: "ioctl", 17: "pread64", 18: "pwrite64", 72: "fcntl",
         203: "sched_setaffinity", 217: "getdents64", 285: "fallocate", 332: "statx", 437: "openat2"}


def e2e():
    loader = importlib.machinery.SourceFileLoader("run_e2e", os.path.join(TREE, "tests/run-e2e"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_e2e", loader))
    loader.exec_module(module)
    return module


def events_of(path):
    """Of the kernel process: host calls by number; of all others that are neither it nor its caller: faults."""
    text = subprocess.run(["perf", "script", "-i", path, "-F", "comm,pid,tid,event,trace"], capture_output=True, text=True, errors="replace",
                          check=True).stdout
    calls, faults, kernels = collections.defaultdict(collections.Counter), collections.Counter(), set()
    for line in text.splitlines():
        head, _, rest = line.partition(": ")
        words = head.split()
        ids = next((w for w in words if "/" in w and w.replace("/", "").isdigit()), None)
        if ids is None:
            continue
        pid = ids.split("/")[0]
        if "limen-house" in head:
            kernels.add(pid)
        if "sys_enter" in head:
            calls[pid][rest.split("NR ")[1].split()[0]] += 1
        elif words[0].startswith("limen"):
            faults[pid] += 1
    of_kernel = sum((calls[pid] for pid in kernels), collections.Counter())
    return of_kernel, sum(n for pid, n in faults.items() if pid not in kernels)


def measure(limen, job, runner):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as top:
        work = os.path.join(top, "work")
        os.mkdir(work)
        environment = runner.environment(work)
        runner.set_up(job, work, False, environment)
        stats, data = os.path.join(top, "stats"), os.path.join(top, "perf")
        subprocess.run(["perf", "record", "-q", "-a", "-o", data, "-e", "raw_syscalls:sys_enter", "-e", "exceptions:page_fault_user", "--", limen,
                        "run", "--stats-json", stats, "--", *runner.commands(job)[0]],
                       cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300, check=False)
        calls, faults = events_of(data)
        with open(stats, encoding="utf-8") as file:
            told = json.load(file)
    return told, calls, faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limen", action="append", help="a build; may be given again (default: this tree's)")
    parser.add_argument("--markdown", action="store_true", help="as a table of Markdown")
    parser.add_argument("jobs", nargs="*", metavar="JOB")
    chosen = parser.parse_args()
    if shutil.which("perf") is None or os.geteuid() != 0:
        sys.exit("host_calls.py: perf (Debian: linux-perf) and root are needed")
    builds = chosen.limen or [os.path.join(TREE, "build/release/limen")]
    module = e2e()
    folder = os.path.join(TREE, "tests/e2e")
    names = chosen.jobs or sorted(n[:-3] for n in os.listdir(folder) if n.endswith(".sh"))
    head = ["job", *(t for b in builds for t in ("calls", "crossings", "batches of mappings", "faults", "host calls", "most of them"))]
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head) if chosen.markdown else "\t".join(head))
    for name in names:
        job = module.Job(os.path.join(folder, name + ".sh"))
        row = [name]
        for build in builds:
            runner = module.Runner(argparse.Namespace(limen=build))
            told, calls, faults = measure(build, job, runner)
            total = max(told["syscalls"], 1)
            host = sum(n for nr, n in calls.items() if nr not in HAND_OFF)
            most = [(NAMES.get(int(nr), nr), n) for nr, n in calls.most_common() if nr not in HAND_OFF][:4]
            row += ["%d" % total, "%.2f" % (told["crossings"] / total), "%.3f" % (told.get("map_batches", 0) / total), "%.2f" % (faults / total),
                    "%.2f" % (host / total), ", ".join("%s %.2f" % (what, n / total) for what, n in most)]
        print("| " + " | ".join(row) + " |" if chosen.markdown else "\t".join(row), flush=True)


if __name__ == "__main__":
    main()
