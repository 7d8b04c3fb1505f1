#!/usr/bin/env python3
"""The checks, checked: each must refuse what it is there to refuse, and let the rest pass."""
import os
import subprocess
import sys
import tempfile

import check_files
import check_layers
import check_syscalls
import syscall_table

TABLE = 'SYSCALL(read, 0, 3, 63, desc, full, "", Fd fd)\n' \
        'SYSCALL(pipe2, 293, 331, 59, desc, partial, "no O_DIRECT", Fd fd)\n' \
        'ABSENT(acct, 163, 51, 89, misc, enosys, "host matter", Fd fd)\n'
CASE = 'TEST(reads) {\n  COVERS("read", "pipe2");\n}\nTEST(other) {\n  COVERS("acct");\n}\n'


def tree_with(files):
    folder = tempfile.TemporaryDirectory()
    for path, text in files.items():
        full = os.path.join(folder.name, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
    subprocess.run(["git", "init", "-q", folder.name], check=True)
    return folder


def layers(path, text):
    return check_layers.problems_in(path, text)


def files(path, text):
    return check_files.problems_in(path, text)


def table_problems(table, case=CASE):
    with tree_with({"abi/syscalls.def": table, "tests/guest/a.cc": case}) as folder:
        return check_syscalls.problems(folder)


def fact_problems(errors):
    with tree_with({"abi/syscalls.def": TABLE, "abi/errors.def": errors,
                    "base/errno.h": '  X(eperm, 1, "p")  \\\n  X(ebadf, 9, "b")\n'}) as folder:
        return check_syscalls.fact_problems(folder)


FACTS = '#define FD E(ebadf, "not open")\n' \
        'CALL(read, "1.0", "", FD E(eperm, "no"))\n' \
        'CALL(pipe2, "2.6.27", "pipe", NEVER)\n' \
        'CALL(acct, "1.0", "", E(eperm, "always"))\n#define NEVER\n'

CHECKS = {
    "kernel may include base": lambda: not layers("kernel/vfs/a.cc", '#include "base/result.h"\n'),
    "base may not include kernel": lambda: layers("base/a.h", '#include "kernel/kernel.h"\n'),
    "host may not include platform": lambda: layers("host/a.h", '#include "platform/platform.h"\n'),
    "platform may include the wire": lambda: not layers("platform/a.h", '#include "gate/wire/slot.h"\n'),
    "nobody includes the gate's own headers": lambda: layers("platform/a.h", '#include "gate/entry.h"\n'),
    "the gate may not include the host": lambda: layers("gate/a.cc", '#include "host/host.h"\n'),
    "kernel may not include a host header": lambda: layers("kernel/a.cc", "#include <unistd.h>\n"),
    "kernel may not include linux/": lambda: layers("kernel/a.cc", "#include <linux/futex.h>\n"),
    "a kernel test may include a host header": lambda: not layers("kernel/a_test.cc", "#include <unistd.h>\n"),
    "kernel may not read the host's clock": lambda: layers("kernel/a.cc", "steady_clock::now()"),
    "facts of every call pass": lambda: not fact_problems(FACTS),
    "a call without facts is refused": lambda: fact_problems(FACTS.replace("CALL(pipe2", "//")),
    "an errno that is none is refused": lambda: fact_problems(FACTS.replace("eperm", "eprm")),
    "an unknown group is refused": lambda: fact_problems(FACTS.replace("FD E(eperm", "FE E(eperm")),
    "an error twice is refused": lambda: fact_problems(FACTS.replace('E(eperm, "no")', "FD")),
    "a version that is none is refused": lambda: fact_problems(FACTS.replace("2.6.27", "new")),
    "a short file passes": lambda: not files("kernel/a.cc", "int a;\n"),
    "a long file needs a reason": lambda: files("kernel/a.cc", "int a;\n" * 501),
    "a long file with a reason passes": lambda: not files(
        "kernel/a.cc", "// Longer than 500 lines: one table\n" + "int a;\n" * 501),
    "a header needs its guard": lambda: files("kernel/a.h", "int a;\n"),
    "a path of a machine is refused": lambda: files("docs/a.md", "see /wo" + "rk/main\n"),
    "an address is refused": lambda: files("docs/a.md", "ask someone@somewhere.org\n"),
    "unfinished code is refused": lambda: files("kernel/a.cc", "// TO" + "DO\n"),
    "a full row that is covered passes": lambda: not table_problems(TABLE),
    "a full row without a test is refused": lambda: table_problems(TABLE, "TEST(a) {\n}\n"),
    "a partial row needs a reason": lambda: table_problems(TABLE.replace("no O_DIRECT", "")),
    "a full row has no reason": lambda: table_problems(TABLE.replace('full, ""', 'full, "but"')),
    "a test of no call is refused": lambda: table_problems(TABLE, CASE + 'TEST(x) {\n  COVERS("raed");\n}\n'),
    "an empty table is refused": lambda: table_problems(""),
    "cases know their calls": lambda: [sorted(c.calls) for c in syscall_table.cases_in("tests/guest/a.cc", CASE)] == [
        ["pipe2", "read"], ["acct"]],
}


def main():
    failed = [name for name, check in CHECKS.items() if not check()]
    for name in failed:
        print("FAIL %s" % name)
    print("%d passed, %d failed" % (len(CHECKS) - len(failed), len(failed)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
