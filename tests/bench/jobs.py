"""Whole jobs: what people run, each with a check that it did its work."""
import os
import random
import shutil
import subprocess
from collections import namedtuple

# `command` prints something in which `expect` occurs when it did its work.
Job = namedtuple("Job", "name command expect folder")

REDIS = ("redis-server --port 7391 --save '' --appendonly no --daemonize no >/dev/null & server=$!; "
         "until redis-cli -p 7391 ping >/dev/null 2>&1; do sleep 0.05; done; "
         "redis-benchmark -p 7391 -t set -c 50 -n 20000 -q; kill $server; wait $server; echo ended")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def c_program(lines=500):
    """A C file of about `lines` lines, with something for an optimiser in it."""
    out = ["#include <stdio.h>", "#include <stdlib.h>", "#include <string.h>"]
    for i in range((lines - 20) // 8):
        out += ["static int f%d(int n) {" % i, "  int sum = %d;" % i, "  for (int i = 0; i < n; ++i) {",
                "    if ((i ^ sum) & 1) sum += i * %d;" % (i + 3), "    else sum -= i >> 1;", "  }", "  return sum;", "}"]
    out += ["int main(void) {", "  long total = 0;"]
    out += ["  total += f%d(%d);" % (i, i * 7) for i in range(0, (lines - 20) // 8, 6)]
    out += ['  printf("%ld\\n", total);', "  return 0;", "}"]
    return "\n".join(out) + "\n"


def make_repository(folder, files=3000):
    """A git tree of `files` files in 100 folders, everything committed."""
    if os.path.exists(os.path.join(folder, ".git/HEAD")):
        return
    shutil.rmtree(folder, ignore_errors=True)
    pick = random.Random(1)
    for i in range(files):
        path = os.path.join(folder, "d%02d" % (i % 100), "s%d" % (i % 3), "f%04d.txt" % i)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write(path, "%d\n" % pick.random().__hash__() * 20)
    git = ["git", "-C", folder, "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], check=True, capture_output=True)


def prepare(work):
    """Makes what the jobs need beneath `work` and returns those whose programs are here."""
    os.makedirs(work, exist_ok=True)
    write(os.path.join(work, "program.c"), c_program())
    make_repository(os.path.join(work, "repository"))
    rows = "".join("INSERT INTO t VALUES(%d, 'row number %d');\n" % (i, i) for i in range(10000))
    write(os.path.join(work, "rows.sql"), "CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT);\nBEGIN;\n%sCOMMIT;\n"
          "SELECT count(*) FROM t;\n" % rows)
    all_jobs = [
        ("true", Job("/bin/true (start-up)", ["/bin/true"], "", work)),
        ("python3", Job("python3 -c 'import json,ssl,sqlite3'",
                        ["python3", "-c", "import json,ssl,sqlite3; print('imported')"], "imported", work)),
        ("git", Job("git status, 3,000 files", ["git", "-c", "safe.directory=*", "status"], "nothing to commit",
                    os.path.join(work, "repository"))),
        ("gcc", Job("gcc -O1 of 500 lines", ["sh", "-c", "gcc -O1 -o /tmp/bench-program program.c && /tmp/bench-program"],
                    "", work)),
        ("sqlite3", Job("sqlite3, 10,000 rows, /tmp",
                        ["sh", "-c", "rm -f /tmp/bench.db; sqlite3 /tmp/bench.db < rows.sql; rm -f /tmp/bench.db"],
                        "10000", work)),
        ("find", Job("find /usr/share", ["sh", "-c", "find /usr/share | wc -l"], "", work)),
        ("tar", Job("tar /usr/include", ["sh", "-c", "tar cf - /usr/include 2>/dev/null | wc -c"], "", work)),
        ("redis-benchmark", Job("redis SET, 20,000, 50 clients", ["sh", "-c", REDIS], "ended", work)),
    ]
    return [job for program, job in all_jobs if shutil.which(program)]
