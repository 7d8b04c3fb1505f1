#!/usr/bin/env python3
"""Breaks each system call in turn and sees that the guest tests notice.

usage: mutate.py [--limen PATH] [--jobs N] [CALL...]

A mutation is a hidden option of the same executable (`limen run --mutate NAME:ERRNO`): the call does nothing and
returns 0, ENOSYS or another errno. For each mutation the cases that say COVERS("NAME") run under Limen, until one
fails. A mutation that no case notices means that a test looks at too little; it is named, and the run fails.
With LIMEN_QUICK the run takes a sample of the calls, another one for each commit.
"""
import argparse
import concurrent.futures
import os
import random
import subprocess
import sys

import syscall_table
import tree

ANSWERS = ("0", "ENOSYS", "EIO")
# Calls for which an answer is no mutation: there is nothing that a program could see.
EQUIVALENT = {
    ("sched_yield", "0"): "yielding is not observable",
    ("sync", "0"): "durability is not observable",
}
QUICK_CALLS = 24  # a minute on two CPUs
# Such a call never returns, or decides how a case ends; without it the case cannot report and runs into its limit.
SECONDS = 20


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--limen", default=os.path.join(tree.ROOT, "build/release/limen"))
    parser.add_argument("--programs", default=os.path.join(tree.ROOT, "build/release/tests/guest"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--levels", default="full", help="rows of these levels: full, or full,partial")
    parser.add_argument("calls", nargs="*", metavar="CALL")
    return parser.parse_args()


def passes(chosen, case, mutation):
    command = [chosen.limen, "run"]
    command += ["--mutate", mutation] if mutation else []
    command += ["--timeout", "%ds" % SECONDS, "--", os.path.join(chosen.programs, case.program), "--only", case.name]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS + 10)
    except subprocess.TimeoutExpired:
        return False
    # A case that finds its call missing and skips has noticed, too.
    return done.returncode == 0 and b" 0 skipped" in done.stdout


def examine(chosen, call, cases):
    """The mutations of one call that no case noticed, and how many were tried."""
    covering = [case for case in cases if call in case.calls]
    healthy = [case for case in covering if passes(chosen, case, None)]
    if not healthy:
        return ["%s: none of its %d cases passes unbroken" % (call, len(covering))], 0
    survived, tried = [], 0
    for answer in ANSWERS:
        if (call, answer) in EQUIVALENT:
            continue
        tried += 1
        if all(passes(chosen, case, "%s:%s" % (call, answer)) for case in healthy):
            survived.append("%s: returning %s is not noticed by: %s" % (
                call, answer, ", ".join("%s.%s" % (case.program, case.name) for case in healthy)))
    return survived, tried


def sample(calls):
    commit = subprocess.run(["git", "-c", "safe.directory=*", "-C", tree.ROOT, "rev-parse", "HEAD"], capture_output=True, text=True)
    return sorted(random.Random(commit.stdout).sample(calls, min(QUICK_CALLS, len(calls))))


def main():
    chosen = options()
    levels = chosen.levels.split(",")
    cases = syscall_table.cases()
    calls = chosen.calls or [row.name for row in syscall_table.rows() if row.level in levels]
    if os.environ.get("LIMEN_QUICK") and not chosen.calls:
        calls = sample(calls)
    survived, tried = [], 0
    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        for call, (alive, count) in zip(calls, pool.map(lambda call: examine(chosen, call, cases), calls)):
            print("%-24s %s" % (call, "noticed" if not alive else "NOT NOTICED"), flush=True)
            survived += alive
            tried += count
    for line in survived:
        print(line)
    print("%d passed, %d failed" % (max(0, tried - len(survived)), len(survived)))
    sys.exit(1 if survived else 0)


if __name__ == "__main__":
    main()
