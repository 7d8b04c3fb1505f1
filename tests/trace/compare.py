"""What `limen trace` and strace write, made comparable. For tests/run-trace.

A log is cut into threads; a thread is named by its place in the tree of processes ("0.2.1": the second child of the third child of
the first), so that it finds its twin even where many run at once. What is different each time (pids, addresses, times) is made equal,
then what is meant to differ (the rules of a file, each with its reason).
"""
import difflib
import re
import subprocess
import sys
import tempfile

# What is different each time. In this order.
NORMAL = [
    (re.compile(r"(?<!\|)0x[0-9a-f]{5,16}\b(?! /\* [A-Z]|\|)"), "ADDR"),
    (re.compile(r"^\[[0-9a-f]{16}\]"), "[ADDR]"),
    (re.compile(r"/\* \d+ vars? \*/"), "/* N vars */"),
    (re.compile(r" +(= (?:-?\d|\?|ADDR|0x|NULL|\d))"), r" \1"),  # the padding before the result
]

# Small numbers are pids only where a pid stands.
PID = re.compile(r"((?:^(?:clone3?|v?fork|wait4|waitid|getpid|gettid|getppid|getpgrp|getpgid|setsid|set_tid_address|getsid)\(.*\) += |"
                 r"si_pid=|^TIOC|^kill\(|^tgkill\(|^tgkill\(P[0-9.]+, |^tgkill\(PID, |^getpgid\(|^wait4\(|^prlimit64\(|parent_tid=\[|"
                 r"in pid |P_PID, ))(\d+)")
BIRTH = re.compile(r"^(?:clone3?|v?fork)\(.*\) += (\d+)")


class Rules:
    """'drop<tab>REGEX<tab>reason' leaves lines out, 'same<tab>REGEX<tab>WORD<tab>reason' writes WORD for what matches. Behind '[JOB...]'
    a rule is for these jobs alone."""

    def __init__(self, *paths, job=None):
        self.drop, self.same = [], []
        for path in paths:
            applies = True
            with open(path, encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    if line.startswith("["):
                        applies = job in line.strip("[]\n").split()
                    elif line.strip() and not line.startswith("#") and applies:
                        self.add(line.rstrip("\n").split("\t"), "%s:%d" % (path, number))

    def add(self, words, where):
        if words[0] == "drop" and len(words) == 3:
            self.drop.append(re.compile(words[1]))
        elif words[0] == "same" and len(words) == 4:
            self.same.append((re.compile(words[1]), words[2]))
        else:
            sys.exit("%s: a rule with its reason is wanted" % where)


HANDLED = re.compile(r"^rt_sigaction\(SIGCHLD, \{sa_handler=(SIG_\w+|0x)")


def read_log(text):
    """The lines of each thread, by its pid; unfinished and resumed halves joined.

    When a child's end is told is chance, and so is where a handler of that runs; that it is told, and of whom, is not: such lines
    stand at the end, without what the handler did.
    """
    lines, halves, ends, handlers, handling = {}, {}, {}, {}, {}
    last = None
    for line in text.splitlines():
        match = re.match(r"(\d+)(?:<[^>]*>)? +(.*)", line)
        if not match:
            if last and line.startswith((" | ", " * ")):
                lines[last].append(line)
            continue
        tid, rest = match.groups()
        last = tid
        lines.setdefault(tid, [])
        ends.setdefault(tid, [])
        half = re.match(r"(.*) <(unfinished|detached) \.\.\.>$", rest)
        if half:
            halves[tid] = half.group(1)
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", rest)
        if resumed:
            rest = halves.pop(tid, "") + resumed.group(1)
        installed = HANDLED.match(rest)
        if installed:
            handlers[tid] = installed.group(1) == "0x"
        elif rest.startswith("execve(") and rest.endswith(" = 0"):
            handlers[tid] = False
        born = BIRTH.match(rest)
        if born:
            handlers.setdefault(born.group(1), handlers.get(tid, False))
        if rest.startswith("--- SIGCHLD"):
            ends[tid].append(rest)
            handling[tid] = handling.get(tid, 0) + bool(handlers.get(tid))
        elif handling.get(tid):
            handling[tid] -= rest.startswith("rt_sigreturn(")
        else:
            lines[tid].append(rest)
    return {tid: lines[tid] + ends[tid] for tid in lines}


def places(lines):
    """The place of each thread in the tree. Of whom no birth is seen stands behind, in the order of pids."""
    if not lines:
        return {}
    first = next(iter(lines))
    out, todo = {first: "0"}, [first]
    while todo:
        parent = todo.pop(0)
        born = [match.group(1) for match in map(BIRTH.match, lines.get(parent, [])) if match and match.group(1) != "0"]
        for n, child in enumerate(born):
            if child not in out:
                out[child] = "%s.%d" % (out[parent], n)
                todo.append(child)
    for n, tid in enumerate(sorted((tid for tid in lines if tid not in out), key=int)):
        out[tid] = "?%d" % n
    return out


def normal(lines, pids, rules):
    out = []
    for line in lines:
        if any(pattern.search(line) for pattern in rules.drop):
            continue
        for pattern, text in NORMAL + rules.same:
            line = pattern.sub(text, line)
        for _ in range(2):  # two may stand behind each other
            line = PID.sub(lambda m: m.group(1) + ("P" + pids[m.group(2)] if m.group(2) in pids else "PID"), line)
        if not any(pattern.search(line) for pattern in rules.drop):
            out.append(line)
    return out


def threads(text, rules):
    """Normal lines of each thread by its place."""
    lines = read_log(text)
    pids = places(lines)
    return {pids[tid]: normal(lines[tid], pids, rules) for tid in lines}


def quick_difference(theirs, ours):
    """'-' and '+' lines alone, by diff(1): long logs take difflib minutes."""
    with tempfile.NamedTemporaryFile("w") as a, tempfile.NamedTemporaryFile("w") as b:
        for file, lines in ((a, theirs), (b, ours)):
            file.write("".join(line + "\n" for line in lines))
            file.flush()
        said = subprocess.run(["diff", "-a", a.name, b.name], stdout=subprocess.PIPE, text=True, errors="replace", check=False).stdout
    return [("-" if line[0] == "<" else "+") + line[2:] for line in said.splitlines() if line[:1] in ("<", ">")]


def difference(theirs, ours):
    return list(difflib.unified_diff(theirs, ours, "strace", "limen", lineterm="", n=1))


MAPPINGS = "read(MAPPINGS)"  # tests/trace/job-differences; in how many pieces is chance, too
MOVES = re.compile(r"^(read|write)\((\d+), .*\) = (\d+)$")


def folded(lines):
    """A thread's lines without what chance decides of one that is alone with its files: how much is in a pipe when it looks, and in
    which order a directory names what is in it. Where reads and writes follow each other it counts how much each descriptor moved in
    all; where a directory was read the lines are sorted."""
    out, moved = [], {}
    # How much goes into a pipe before its reader ends is chance.
    broken = {match.group(1) for match in map(re.compile(r"^write\((\d+), .* = -1 EPIPE").match, lines) if match}
    lines = [line for line in lines if not (broken and line.startswith(tuple("write(%s, " % fd for fd in broken)))]
    for line in lines + [""]:
        if out and out[-1] == MAPPINGS and (line == MAPPINGS or re.match(r"read\(|lseek\(\d+, 0, SEEK_SET\)", line)):
            continue
        match = MOVES.match(line)
        if match:
            moved[match.group(1, 2)] = moved.get(match.group(1, 2), 0) + int(match.group(3))
            continue
        out += ["%s(%s) = %d in all" % (*which, moved[which]) for which in sorted(moved)]
        moved = {}
        if line:
            out.append(line)
    if not any(line.startswith("getdents64(") for line in out):
        return out
    # And so is which descriptor what is in it gets.
    return sorted(re.sub(r"(?<=\()\d+(?=[,)])|(?<== )\d+$", "N", line) for line in out)


ENDS = re.compile(r"^(--- SIG(TERM|KILL|HUP|PIPE|INT)\b|\+\+\+ )")


def unended(lines):
    """Up to the signal that killed a thread, without the call that it was in."""
    end = next((n for n, line in enumerate(lines) if ENDS.match(line)), len(lines))
    return lines[:end - 1] if end > 0 and lines[end - 1].endswith(" = ?") else lines[:end]


def alike(theirs, ours):
    """The same but for what folded() leaves out. How far a thread comes that another kills is chance: then one log begins the other."""
    if theirs == ours or folded(theirs) == folded(ours):
        return True
    if not any(line.startswith(("+++ killed by SIG", "+++ ended")) for line in theirs + ours):
        return False
    for log in (lambda lines: lines, folded):
        short, long = sorted((log(unended(theirs)), log(unended(ours))), key=len)
        if long[:len(short)] == short:
            return True
    return False


def shape(line):
    """A line without what chance decides: numbers, data, how many elements."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"(\.\.\.)?', "S", line)
    line = re.sub(r"\bP[?\d]\d*(\.\d+)*\b|\bPID\b", "N", line)
    line = re.sub(r"\bADDR\b|\bNULL\b|0x[0-9a-f]+\b", "A", line)
    line = re.sub(r"\b-?\d+(\.\d+)?\b", "N", line)
    for _ in range(2):
        line = re.sub(r"(\{[^{}]*\}, )(?:\1)+", r"\1", line)
    line = re.sub(r"(S, )+", "S, ", line)
    return re.sub(r"(N, )+", "N, ", re.sub(r"(N )+N", "N", line))
