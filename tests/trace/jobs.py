"""The jobs of tests/e2e under strace and under `limen trace`. For tests/run-trace; which ones, and how: tests/trace/jobs."""
import argparse
import importlib.machinery
import importlib.util
import os
import shlex
import sys
import tempfile

import compare

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def listed():
    """NAME<tab>WHEN<tab>HOW<tab>reason: a line each in tests/trace/jobs, which says what these words mean."""
    out = []
    with open(os.path.join(TESTS, "trace", "jobs"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.rstrip("\n").split("\t")
            if len(words) != 4 or words[1] not in ("quick", "slow", "never") or words[2] not in ("lines", "shapes", "-"):
                sys.exit("tests/trace/jobs:%d: NAME, WHEN, HOW and a reason are wanted" % number)
            out.append(words[:3])
    there = {os.path.splitext(name)[0] for name in os.listdir(os.path.join(TESTS, "e2e")) if "." in name}
    if there != {name for name, _, _ in out}:
        sys.exit("tests/trace/jobs: not as tests/e2e: %s" % " ".join(sorted(there ^ {name for name, _, _ in out})))
    return out


def compare_job(limen_path, name, how, rules, verbose):
    """How: as tests/trace/jobs says."""
    loader = importlib.machinery.SourceFileLoader("run_e2e", os.path.join(TESTS, "run-e2e"))
    e2e = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_e2e", loader))
    loader.exec_module(e2e)
    path = next(path for path in (os.path.join(TESTS, "e2e", name + end) for end in (".sh", ".cmd")) if os.path.exists(path))
    job, runner = e2e.Job(path), e2e.Runner(argparse.Namespace(limen=limen_path))
    if any(not os.path.exists(needed) for needed in job.needs):
        return []
    problems, exact, loose = [], 0, 0
    with tempfile.TemporaryDirectory(prefix="run-trace-", dir="/var/tmp") as top:
        work, log = os.path.join(top, "work"), os.path.join(top, "log")
        both = []
        for tool in (["strace", "-f"], [limen_path, "trace"]):
            problem = runner.set_up(job, work, False, runner.environment(work))
            if problem:
                return [problem]
            logs = []
            for command in runner.commands(job):
                e2e.run(tool + ["-o", log, "--"] + command, work, runner.environment(work), job.timeout, False)
                logs.append(compare.threads(open(log, encoding="utf-8", errors="replace").read(), rules))
                os.unlink(log)
            both.append(logs)
    for n, (native, limen) in enumerate(zip(*both)):
        where = "%s: " % shlex.join(runner.commands(job)[n]) if job.kind == "cmd" else ""
        same = {place for place in native.keys() & limen.keys()
                if compare.alike(native[place], limen[place])}
        exact, loose = exact + len(same), loose + len((native.keys() | limen.keys()) - same)
        if how == "lines":
            if native.keys() != limen.keys():
                problems.append("%sthreads only under strace: %s, only here: %s" % (
                    where, " ".join(sorted(native.keys() - limen.keys())), " ".join(sorted(limen.keys() - native.keys()))))
            for place in sorted((native.keys() & limen.keys()) - same):
                diff = compare.difference(native[place], limen[place])
                problems.append("%sthread %s:" % (where, place))
                problems += diff if verbose else diff[:14]
        else:
            theirs, ours = compare.shapes(native), compare.shapes(limen)
            problems += ["%s-%s" % (where, theirs[one]) for one in sorted(theirs.keys() - ours.keys())]
            problems += ["%s+%s" % (where, ours[one]) for one in sorted(ours.keys() - theirs.keys())]
    if verbose:
        print("%s: %d threads line for line, %d not" % (name, exact, loose))
    return problems
