#!/usr/bin/env python3
"""Refuses a `full` row of abi/syscalls.def that no guest test covers, a partial one without a reason, and a test
that names a call which does not exist; and checks that abi/errors.def has what `limen explain` says of each call.
"""
import re

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


def fact_problems(root=tree.ROOT):
    out = []
    calls = [row.name for row in syscall_table.rows(root)]
    facts = syscall_table.facts(root)
    errnos = syscall_table.errnos(root)
    if [fact.name for fact in facts] != calls:
        names = {fact.name for fact in facts}
        out += ["abi/errors.def:1: no row for %s" % call for call in calls if call not in names]
        for at, fact in enumerate(facts):
            if at >= len(calls) or fact.name != calls[at]:
                out.append("abi/errors.def:%d: %s is not in its place: the order is that of abi/syscalls.def" %
                           (fact.line, fact.name))
                break
    for fact in facts:
        where = "abi/errors.def:%d: %s" % (fact.line, fact.name)
        if not re.fullmatch(r"\d+\.\d+(\.\d+)?", fact.since):
            out.append("%s: '%s' is no version of Linux" % (where, fact.since))
        if len(set(fact.errors)) != len(fact.errors):
            out.append("%s: an error stands twice" % where)
        for errno, text, _ in fact.errors:
            if errno is None:
                out.append("%s: there is no group %s" % (where, text))
            elif errno not in errnos:
                out.append("%s: there is no errno %s" % (where, errno))
            elif not text or text.endswith("."):
                out.append("%s: %s: say when, without a full stop" % (where, errno))
    return out


if __name__ == "__main__":
    tree.finish(problems() + fact_problems(), "docs/adding-a-system-call.md says what a row needs")
