"""The jobs of tests/e2e under strace and under `limen trace`. For tests/run-trace; which ones, and how: tests/trace/jobs."""
import argparse
import importlib.machinery
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

import compare

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MOST_NATIVE_RUNS = 8


def listed():
    """NAME<tab>WHEN<tab>HOW<tab>reason: a line each in tests/trace/jobs, which says what these words mean."""
    out = []
    with open(os.path.join(TESTS, "trace", "jobs"), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.rstrip("\n").split("\t")
            if len(words) != 4 or words[1] not in ("quick", "slow", "never") or words[2] not in ("lines", "chance", "-"):
                sys.exit("tests/trace/jobs:%d: NAME, WHEN, HOW and a reason are wanted" % number)
            if words[2] != "lines" and not words[3]:
                sys.exit("tests/trace/jobs:%d: why not line for line?" % number)
            out.append(words[:3])
    there = {os.path.splitext(name)[0] for name in os.listdir(os.path.join(TESTS, "e2e")) if "." in name}
    if there != {name for name, _, _ in out}:
        sys.exit("tests/trace/jobs: not as tests/e2e: %s" % " ".join(sorted(there ^ {name for name, _, _ in out})))
    return out


class Place:
    """A directory of one name for all runs of a job, each time an empty tmpfs: there a directory's order says when its names were made,
    under strace and here. Where none may be mounted it is emptied."""

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="run-trace-", dir="/var/tmp")
        self.mounted = False
        return self

    def fresh(self):
        self.leave()
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "none", self.top], stderr=subprocess.DEVNULL, check=False).returncode == 0
        return self.top

    def leave(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.top], check=True)
        shutil.rmtree(self.top)
        os.mkdir(self.top)

    def __exit__(self, *_):
        self.leave()
        os.rmdir(self.top)


def threads_of(job, runner, e2e, tool, rules, top):
    """Runs a job in `top` and gives the threads of each of its commands."""
    work, log = os.path.join(top, "work"), os.path.join(top, "log")
    problem = runner.set_up(job, work, False, runner.environment(work))
    if problem:
        sys.exit("run-trace: %s" % problem)
    logs = []
    for command in runner.commands(job):
        e2e.run(tool + ["-o", log, "--"] + command, work, runner.environment(work), job.timeout, False)
        with open(log, encoding="utf-8", errors="replace") as file:
            logs.append(compare.threads(file.read(), rules))
        os.unlink(log)
    return logs


def by_lines(native, limen, verbose):
    """Each thread the same."""
    problems = []
    if native.keys() != limen.keys():
        problems.append("threads only under strace: %s, only here: %s" % (
            " ".join(sorted(native.keys() - limen.keys())), " ".join(sorted(limen.keys() - native.keys()))))
    for place in sorted(native.keys() & limen.keys()):
        if not compare.alike(native[place], limen[place]):
            diff = compare.difference(native[place], limen[place])
            problems.append("thread %s:" % place)
            problems += diff if verbose else diff[:14]
    return problems


def differing(logs, others):
    """Of two runs of a job: each kind of line by which a thread of one differs from its twin in the other, with such a line."""
    out = {}
    for n, (ours, theirs) in enumerate(zip(logs, others)):
        for place in sorted(ours.keys() | theirs.keys()):
            if place not in ours or place not in theirs:
                sign, lines = ("-", ours[place]) if place in ours else ("+", theirs[place])
                lines = [sign + line for line in lines]
            elif compare.alike(ours[place], theirs[place]):
                continue
            else:
                lines = compare.quick_difference(compare.folded(ours[place]), compare.folded(theirs[place]))
            for line in lines:
                out.setdefault((n, compare.shape(line[1:])), "%s: %s" % (place, line))
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

    commands = [shlex.join(command) + ": " if job.kind == "cmd" else "" for command in runner.commands(job)]
    with Place() as place:
        def run(*tool):
            return threads_of(job, runner, e2e, list(tool), rules, place.fresh())
        natives, limen = [run("strace", "-f")], run(limen_path, "trace")
        if how == "lines":
            return [command + problem for command, theirs, ours in zip(commands, natives[0], limen)
                    for problem in by_lines(theirs, ours, verbose)]
        # What differs has to be of a kind by which straces of the job differ from each other, however many that takes.
        wanted, seen = differing(natives[0], limen), {}
        while wanted.keys() - seen.keys() and len(natives) < MOST_NATIVE_RUNS:
            natives.append(run("strace", "-f"))
            for other in natives[:-1]:
                seen.update(differing(other, natives[-1]))
    if verbose:
        unlike = sum(not (place in theirs and place in ours and compare.alike(theirs[place], ours[place]))
                     for theirs, ours in zip(natives[0], limen) for place in theirs.keys() | ours.keys())
        print("%s: %d threads differ of %d, by %d kinds of lines; %d straces" % (
            name, unlike, sum(map(len, natives[0])), len(wanted), len(natives)))
    return ["%s%s" % (commands[n], wanted[n, kind]) for n, kind in sorted(wanted.keys() - seen.keys())]
