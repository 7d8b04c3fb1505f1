"""What `./dev demo` runs inside Limen: files, threads, a subprocess; and what the sandbox looks like from within."""
import hashlib
import os
import platform
import queue
import subprocess
import sys
import tempfile
import threading
import time


def say(topic, text):
    print("%-12s %s" % (topic, text), flush=True)


def files():
    """Reads host files through Limen, writes to its memory layer, and reads that back."""
    with open("/etc/os-release", encoding="utf-8") as release:
        name = dict(line.rstrip().split("=", 1) for line in release if "=" in line)["PRETTY_NAME"].strip('"')
    say("files", "/etc/os-release says: %s" % name)
    with tempfile.NamedTemporaryFile("w+", suffix=".txt") as scratch:
        scratch.write("threshold\n" * 1000)
        scratch.flush()
        scratch.seek(0)
        digest = hashlib.sha256(scratch.read().encode()).hexdigest()
        say("files", "wrote and read back %s: sha256 %s..." % (scratch.name, digest[:12]))
    folder = os.path.dirname(os.__file__)
    count = sum(len(names) for _, _, names in os.walk(folder))
    say("files", "walked %s: %d files" % (folder, count))


def threads():
    """Four workers take numbers from a queue."""
    todo, done, lock = queue.Queue(), [], threading.Lock()

    def work():
        while True:
            n = todo.get()
            if n is None:
                return
            with lock:
                done.append(n * n)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for n in list(range(100)) + [None] * len(workers):
        todo.put(n)
    for worker in workers:
        worker.join()
    assert sorted(done) == [n * n for n in range(100)]
    say("threads", "%d workers squared %d numbers" % (len(workers), len(done)))


def processes():
    """A pipeline of a shell, and a child that ends by a signal."""
    out = subprocess.run("seq 1 1000 | grep 7 | wc -l", shell=True, capture_output=True, text=True, check=True)
    say("processes", "seq | grep | wc counted %s numbers that hold a 7" % out.stdout.strip())
    child = subprocess.run([sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"])
    say("processes", "a child ended with status %d, as it should" % child.returncode)


def view():
    """What this process can see of its machine."""
    say("view", "host name %s, kernel %s %s" % (platform.node(), platform.system(), platform.release()))
    pids = [name for name in os.listdir("/proc") if name.isdigit()]
    say("view", "I am pid %d and uid %d; processes that I see: %d" % (os.getpid(), os.getuid(), len(pids)))
    if "LIMEN_DEMO" not in os.environ:
        return  # natively, what follows would be no memory layer's matter
    try:
        with open("/etc/limen-was-here", "w", encoding="utf-8") as mark:
            mark.write("in memory\n")
        say("view", "I wrote /etc/limen-was-here into the memory layer")
    except PermissionError:
        say("view", "I may not write to /etc: not my file, here as on the host")


def main():
    start = time.monotonic()
    for part in (files, threads, processes, view):
        part()
    say("done", "in %.0f ms" % ((time.monotonic() - start) * 1000))


if __name__ == "__main__":
    main()
