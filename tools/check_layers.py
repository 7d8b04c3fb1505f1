#!/usr/bin/env python3
"""Refuses an include against the layer graph: abi, base -> gate/wire -> host, platform -> kernel -> trace -> cli, oci.

Kernel code makes no host call, so it includes no header that declares one; its tests may.
"""
import re

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)

# layer -> the layers whose headers it may include
BELOW = {
    "abi": {"abi", "base"},
    "base": {"abi", "base"},
    "wire": {"abi", "base", "wire"},
    "gate": {"abi", "base", "wire", "gate"},
    "host": {"abi", "base", "wire", "host"},
    "platform": {"abi", "base", "wire", "host", "platform"},
    "kernel": {"abi", "base", "wire", "host", "platform", "kernel"},
    "trace": {"abi", "base", "kernel", "trace"},
    "cli": {"abi", "base", "wire", "host", "platform", "kernel", "trace", "cli", "oci"},
    "oci": {"abi", "base", "wire", "host", "platform", "kernel", "trace", "cli", "oci"},
}

# Host headers that carry behaviour; what the kernel needs of Linux's contract stands in abi/.
HOST_FOLDERS = ("sys/", "linux/", "asm/", "asm-generic/", "net/", "netinet/", "netpacket/", "arpa/", "bits/", "gnu/")
HOST_HEADERS = {
    "aio.h", "cerrno", "csetjmp", "csignal", "cstdio", "ctime", "dirent.h", "dlfcn.h", "elf.h",
    "errno.h", "fcntl.h", "filesystem", "fstream", "ftw.h", "future", "glob.h", "grp.h", "iostream", "link.h",
    "mqueue.h", "netdb.h", "poll.h", "pthread.h", "pty.h", "pwd.h", "sched.h", "semaphore.h", "setjmp.h", "signal.h",
    "spawn.h", "stdio.h", "syslog.h", "termios.h", "thread", "time.h", "ucontext.h", "ulimit.h", "unistd.h", "utime.h",
}
BYPASSES = (
    (re.compile(r"\b(?:system|steady|high_resolution)_clock::now\b"), "all time comes from the one Clock"),
    (re.compile(r"\bstd::random_device\b"), "all randomness comes from the one Random"),
)


def layer_of(path):
    """'kernel' for kernel/vfs/file.h, 'wire' for gate/wire/slot.h, None outside the layers."""
    top = path.split("/")[0]
    if path.startswith("gate/wire/"):
        return "wire"
    return top if top in BELOW and "/" in path else None


def problems_in(path, text):
    layer = layer_of(path)
    if layer is None:
        return []
    out = []
    is_test = path.endswith("_test.cc") or path.endswith("_test.h") or "/testing/" in path

    def report(offset, what):
        out.append("%s:%d: %s" % (path, text.count("\n", 0, offset) + 1, what))

    for match in INCLUDE.finditer(text):
        quote, target = match.groups()
        other = layer_of(target)
        if quote == '"' and other and other not in BELOW[layer]:
            report(match.start(1), "%s/ may not include %s (allowed: %s)" % (
                layer, target, ", ".join(sorted(BELOW[layer]))))
        if layer == "kernel" and not is_test and (target.startswith(HOST_FOLDERS) or target in HOST_HEADERS):
            report(match.start(1), "the kernel includes no host header: <%s>; go through platform/, host/ or abi/" % target)
    if layer == "kernel" and not is_test:
        for pattern, why in BYPASSES:
            for match in pattern.finditer(text):
                report(match.start(), "%s: %s" % (match[0], why))
    return out


def problems(root=tree.ROOT, paths=None):
    out = []
    for path in paths if paths is not None else tree.tracked(root):
        if tree.is_cxx(path) or path.endswith((".S", ".def", ".inc")):
            out += problems_in(path, tree.read(path, root))
    return out


if __name__ == "__main__":
    tree.finish(problems(), "the layer graph stands in docs/architecture.md")
