#!/usr/bin/env python3
"""Refuses a `full` row of abi/syscalls.def that no guest test covers, a partial one without a reason, and a test
that names a call which does not exist.
"""
import syscall_table
import tree


def problems(root=tree.ROOT):
    out = []
    table = syscall_table.rows(root)
    cases = syscall_table.cases(root)
    covered = set().union(*(case.calls for case in cases)) if cases else set()
    names = {row.name for row in table}
    if not table:
        out.append("abi/syscalls.def:1: no rows could be read")
    for row in table:
        where = "abi/syscalls.def:%d: %s" % (row.line, row.name)
        if row.level not in ("full", "partial", "absent"):
            out.append("%s: the level is '%s'; it may be full or partial" % (where, row.level))
        if row.level == "full" and row.name not in covered:
            out.append('%s: full, but no guest test says COVERS("%s")' % (where, row.name))
        if row.level == "full" and row.reason:
            out.append("%s: full, so its reason is empty" % where)
        if row.level in ("partial", "absent") and not row.reason:
            out.append("%s: %s without a reason" % (where, row.level))
    for case in cases:
        for call in sorted(case.calls - names):
            out.append("tests/guest/%s.cc: %s covers '%s', which is no system call" % (case.program, case.name, call))
    return out


if __name__ == "__main__":
    tree.finish(problems(), "docs/adding-a-system-call.md says what a row needs")
