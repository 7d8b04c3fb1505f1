#!/usr/bin/env python3
"""Measures single calls and whole jobs natively, under Limen and under each peer found on PATH.

The systems take turns within each round, so that a busy moment of the machine hits all of them; figures are medians
of the rounds. Results go to build/bench/; with --publish also to docs/bench/.
"""
import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import jobs
import report
import systems

TREE = systems.TREE


def options():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds (5)")
    parser.add_argument("--only", choices=("calls", "jobs", "memory"), help="only this part")
    parser.add_argument("--systems", metavar="A,B", help="only these besides native: limen, gvisor, proot, bwrap, 'strace -f'")
    parser.add_argument("--condition", choices=("free", "one-cpu", "busy"), default="free",
                        help="free: as the machine is (default)\none-cpu: everything on CPU 0\n"
                             "busy: a spinning process on each CPU")
    parser.add_argument("--limen", type=os.path.abspath, default=os.path.join(TREE, "build/release/limen"), metavar="PATH")
    parser.add_argument("--publish", action="store_true", help="also write docs/bench/")
    return parser.parse_args()


def run(command, folder, seconds=300):
    """(wall seconds, output, status); the whole session is ended when the time is over."""
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
    try:
        output, _ = process.communicate(timeout=seconds)
        return time.monotonic() - start, output, process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return time.monotonic() - start, output, "no end within %d s" % seconds


def with_stats(system, path):
    """The prefix that makes Limen leave its counters in `path`."""
    return [*system.prefix[:-1], "--stats-json", path, "--"] if system.name == "Limen" else system.prefix


def crossings_per_call(path):
    """Crossings for each system call, from the counters that Limen left; None without them."""
    try:
        with open(path, encoding="utf-8") as file:
            stats = json.load(file)
    except (OSError, ValueError):
        return None
    calls = stats.get("syscalls") or stats.get("syscalls_trapped", 0) + stats.get("syscalls_patched", 0)
    return stats["crossings"] / calls if calls and "crossings" in stats else None


class Figures:
    """name -> system -> the samples; and what went wrong."""

    def __init__(self):
        self.samples, self.errors, self.crossings = {}, {}, {}

    def add(self, name, system, value):
        self.samples.setdefault(name, {}).setdefault(system, []).append(value)

    def fail(self, name, system, why):
        self.samples.setdefault(name, {})
        self.errors.setdefault(name, {})[system] = why

    def medians(self):
        return {name: {system: statistics.median(values) for system, values in cells.items()}
                for name, cells in self.samples.items()}

    def as_json(self):
        return {name: {"median": {s: statistics.median(v) for s, v in cells.items()}, "samples": cells,
                       "errors": self.errors.get(name, {}), "crossings_per_call": self.crossings.get(name)}
                for name, cells in self.samples.items()}


def measure_calls(present, rounds, stats):
    figures = Figures()
    program = os.path.join(TREE, "build/release/tests/bench/calls")
    names = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        figures.samples[name] = {}
    for number in range(rounds):
        for system in present:
            progress("calls, round %d, %s" % (number + 1, system.name))
            _, output, status = run([*system.prefix, program], TREE, 600)
            for line in output.splitlines():
                name, tab, value = line.partition("\t")
                if not tab or name not in names:
                    continue
                if value.startswith("error"):
                    figures.fail(name, system.name, value)
                else:
                    figures.add(name, system.name, float(value))
            for name in names:
                if system.name not in figures.samples[name] and system.name not in figures.errors.get(name, {}):
                    figures.fail(name, system.name, "not reached (%s)" % status)
    for system in present:
        if system.name != "Limen":
            continue
        for name in names:  # once more, each row alone, for its crossings
            progress("crossings of %s" % name)
            if os.path.exists(stats):
                os.unlink(stats)
            run([*with_stats(system, stats), program, "--milliseconds", "5", name], TREE, 60)
            figures.crossings[name] = crossings_per_call(stats)
    return figures


def measure_jobs(present, rounds, stats):
    figures = Figures()
    for job in jobs.prepare(os.path.join(TREE, "build/bench/work")):
        figures.samples[job.name] = {}
        for number in range(rounds):
            for system in present:
                progress("%s, round %d, %s" % (job.name, number + 1, system.name))
                if os.path.exists(stats):
                    os.unlink(stats)
                seconds, output, status = run([*with_stats(system, stats), *job.command], job.folder)
                if status != 0 or job.expect not in output:
                    last = (output.strip().splitlines() or [""])[-1][:100]
                    figures.fail(job.name, system.name, "status %s: %s" % (status, last))
                    continue
                figures.add(job.name, system.name, seconds * 1000)
                if system.name == "Limen":
                    figures.crossings[job.name] = crossings_per_call(stats)
    return figures


def descendants(pid):
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry, encoding="utf-8", errors="replace") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                children.setdefault(int(fields[1]), []).append(int(entry))
            except OSError:
                continue
    out, todo = [], [pid]
    while todo:
        out.append(todo[-1])
        todo += children.get(todo.pop(), [])
    return out


def pss_mib(pid):
    total = 0
    for process in descendants(pid):
        try:
            with open("/proc/%d/smaps_rollup" % process, encoding="utf-8") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1024


def measure_memory(present, rounds):
    """PSS of all processes of a sandbox in which one program sleeps."""
    figures = Figures()
    name = "an idle sandbox"
    figures.samples[name] = {}
    for number in range(rounds):
        for system in present:
            progress("memory, round %d, %s" % (number + 1, system.name))
            process = subprocess.Popen([*system.prefix, "/bin/sleep", "30"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(1.0)
            if process.poll() is None:
                figures.add(name, system.name, pss_mib(process.pid))
            else:
                figures.fail(name, system.name, "status %s" % process.returncode)
            for pid in reversed(descendants(process.pid)):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            process.wait()
    return figures


def progress(text):
    if sys.stderr.isatty():
        print("\r\x1b[K%s" % text, end="", file=sys.stderr, flush=True)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown CPU")
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(file.readline().split()[1]) / 2**20
    return {"cpu": model, "cpus": len(os.sched_getaffinity(0)), "memory_gib": round(memory, 1),
            "kernel": platform.release(), "load_at_start": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d")}


def set_condition(condition):
    """Processes that keep the CPUs busy, to be ended by their owner."""
    if condition == "one-cpu":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if condition != "busy":
        return []
    return [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in os.sched_getaffinity(0)]


def measure(chosen, present):
    parts = {}
    spinners = set_condition(chosen.condition)
    try:
        with tempfile.TemporaryDirectory() as folder:
            stats = os.path.join(folder, "stats.json")
            if chosen.only in (None, "calls"):
                parts["calls"] = ("one call", "ns", measure_calls(present, chosen.rounds, stats))
            if chosen.only in (None, "jobs"):
                parts["jobs"] = ("whole job", "ms", measure_jobs(present, chosen.rounds, stats))
            if chosen.only in (None, "memory"):
                parts["memory"] = ("memory (PSS)", "MiB", measure_memory(present, min(chosen.rounds, 3)))
    finally:
        for spinner in spinners:
            spinner.kill()
    progress("")
    return parts


def write(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    chosen = options()
    host = machine()
    wanted = chosen.systems.lower().split(",") if chosen.systems else []
    present, absent = systems.present(chosen.limen, wanted)
    parts = measure(chosen, present)
    names = [system.name for system in present]
    caption = "%s, %d CPUs, %.0f GiB, Linux %s, %s, condition: %s, medians of %d round(s)" % (
        host["cpu"], host["cpus"], host["memory_gib"], host["kernel"], host["date"], chosen.condition, chosen.rounds)
    page = ["# Measurements", "", "Made by `./dev bench --publish`. " + caption + ".", ""]
    for title, unit, figures in parts.values():
        page += [report.table(title, unit, figures.medians(), names, figures.crossings), ""]
    problems = ["* %s, %s: %s" % (name, system, why) for _, _, figures in parts.values()
                for name, by_system in figures.errors.items() for system, why in by_system.items()]
    problems += ["* %s left out: %s" % item for item in absent.items()]
    if problems:
        page += ["What could not be measured:", "", *problems, ""]
    page += ["Versions: " + "; ".join("%s: %s" % (s.name, s.version) for s in present if s.version) + ".", ""]
    print("\n".join(page[2:]))
    data = {"machine": host, "condition": chosen.condition, "rounds": chosen.rounds,
            "versions": {s.name: s.version for s in present}, "absent": absent,
            **{key: {"unit": unit, "rows": figures.as_json()} for key, (_, unit, figures) in parts.items()}}
    sections = [(title, figures.medians()) for title, _, figures in parts.values()]
    folders = [os.path.join(TREE, "build/bench")] + ([os.path.join(TREE, "docs/bench")] if chosen.publish else [])
    suffix = "" if chosen.condition == "free" else "-" + chosen.condition
    for folder in folders:
        write(folder, "results%s.json" % suffix, json.dumps(data, indent=1) + "\n")
        write(folder, "results%s.svg" % suffix, report.svg(sections, names, caption))
        write(folder, "README%s.md" % suffix, "\n".join(page[:3] + ["", "![ratios to native](results%s.svg)" % suffix, ""]
                                                       + page[4:]).rstrip("\n") + "\n")
    print("written: " + ", ".join(os.path.relpath(folder, TREE) + "/results%s.{json,svg}" % suffix for folder in folders))


if __name__ == "__main__":
    main()
