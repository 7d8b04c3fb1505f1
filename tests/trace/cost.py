#!/usr/bin/env python3
"""What tracing costs: each job under `limen run`, `limen trace -o` and `strace -f -o`, in turn; medians of wall and CPU seconds.

    tests/trace/cost.py [ROUNDS [JOB...]]        LIMEN=PATH and NICE=N (default: -20 for root) in the environment

CPU counts what polls, too: the two threads of a hot pair.
"""
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMEN = os.environ.get("LIMEN") or os.path.join(HERE, "..", "..", "build", "release", "limen")
NICE = int(os.environ.get("NICE", "-20" if os.geteuid() == 0 else "0"))


def jobs(top):
    tree = os.path.join(top, "tree")
    for i in range(20):
        os.makedirs("%s/%d" % (tree, i))
        for j in range(50):
            with open("%s/%d/%d" % (tree, i, j), "w", encoding="utf-8") as file:
                file.write("%d %d\n" % (i, j))
    subprocess.run("git init -q . && git add . && git -c user.name=a -c user.email=a@b commit -qm x", shell=True, cwd=tree, check=True)
    with open(os.path.join(top, "a.c"), "w", encoding="utf-8") as file:
        file.write("#include <stdio.h>\n#include <stdlib.h>\nint main(int c, char** v) { printf(\"%d\\n\", c); return 0; }\n")
    count = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 300000) select count(*) from c"
    return {"dd": ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=200000"],
            "python": ["/usr/bin/python3", "-c", "import json,ssl,sqlite3"],
            "git": ["git", "-C", tree, "status"],
            "gcc": ["gcc", "-O1", "-o", os.path.join(top, "a.out"), os.path.join(top, "a.c")],
            "find": ["find", "/usr/share/doc", "-name", "x"],
            "tar": ["tar", "cf", "/dev/null", tree],
            "sqlite": ["sqlite3", ":memory:", count]}


def once(command):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["nice", "-n", str(NICE)] + command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("%-8s %28s %28s %28s %10s %10s" % ("", "limen run: wall cpu", "limen trace: wall cpu", "strace -f: wall cpu", "trace/run", "strace/trace"))
    with tempfile.TemporaryDirectory(prefix="limen-cost-", dir="/root" if os.access("/root", os.W_OK) else None) as top:
        for name, command in jobs(top).items():
            if len(sys.argv) > 2 and name not in sys.argv[2:]:
                continue
            if shutil.which(command[0]) is None:
                continue
            volume, log = ["--volume", top + ":" + top + ":rw"], os.path.join(top, "log")
            tools = [[LIMEN, "run"] + volume + ["--"], [LIMEN, "trace", "-o", log] + volume + ["--"], ["strace", "-f", "-o", log]]
            taken = [[] for _ in tools]
            for _ in range(rounds):
                for tool, times in zip(tools, taken):
                    times.append(once(tool + command))
            medians = [tuple(statistics.median(column) for column in zip(*times)) for times in taken]
            print("%-8s " % name + " ".join("%20.3f %7.3f" % pair for pair in medians) +
                  " %10.2f %10.1f" % (medians[1][0] / medians[0][0], medians[2][0] / medians[1][0]), flush=True)


if __name__ == "__main__":
    main()
