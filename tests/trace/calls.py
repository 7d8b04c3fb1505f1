"""Longer than 500 lines: a list. Odd words for calls of every kind, most of them refused: what is shown is compared,
        not what is done. For tests/run-trace."""
import ctypes
import os
import re
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", open("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read()))
keep = []
fd = os.open("/dev/null", 2)


def at(data):
    keep.append(ctypes.create_string_buffer(data, max(len(data), 1)))
    return ctypes.addressof(keep[-1])


def call(name, *words):
    words = [at(w + b"\0") if isinstance(w, bytes) else at(w[0]) if isinstance(w, tuple) else w for w in words]
    libc.syscall(ctypes.c_long(int(numbers[name])), *[ctypes.c_long(w) for w in words + [0] * (6 - len(words))])


def q(*words):
    return (struct.pack("%dq" % len(words), *words),)


def i(*words):
    return (struct.pack("%di" % len(words), *words),)


BAD = 0x1000
sections = {}


def section(f):
    sections[f.__name__] = f
    return f


@section
def prctl():
    for op in list(range(0, 61)) + [0x1234]:
        if op in (3, 4, 10, 14, 22, 26, 38, 44, 59):
            continue
        for arg in (0, 1, 2, 3, 0x12345):
            if op in (1, 39) and arg:
                continue
            if op == 36 and arg or op == 15 or op == 22 or op == 66:
                continue
            call("prctl", op, arg, 1 if op in (23,) else 7, 8, 9)
    call("prctl", 3)
    for arg in (0, 1, 2, 7):
        call("prctl", 4, arg)
    call("prctl", 4, 1)
    call("prctl", 15, b"a name that is long")
    call("prctl", 15, BAD)
    call("prctl", 16, (b"\0" * 20,))
    call("prctl", 22, 2, BAD)
    call("prctl", 22, 5, 0)
    call("prctl", 22, 2, (struct.pack("HxxxxxxQ", 1, 0),))
    call("prctl", 10), call("prctl", 14, 1), call("prctl", 14, 5)
    for sub in (1, 2, 3, 4, 5):
        for cap in (0, 21, 40, 41, 99):
            call("prctl", 47, sub, cap, 0, 0)
    for sub in range(0, 20):
        call("prctl", 35, sub, 0x400000, 3, 0)
    for arg in (0x1, 0x10, 0x1f, 0x40000000, 0x7fff8):
        call("prctl", 55, arg), call("prctl", 50, arg)
    call("prctl", 2, i(0))
    call("prctl", 37, i(0))
    call("prctl", 40, q(0))
    call("prctl", 19, i(0))
    call("prctl", 25, q(0))
    call("prctl", 1, 10)
    call("prctl", 1, 0)
    call("prctl", 53, 0, 2, 0, 0)
    call("prctl", 52, 1, 0, 0, 0)
    call("prctl", 52, 0, 0)
    call("prctl", 0x53564d41, 0, 0x400000, 4096, b"name")
    call("prctl", 62, 0, 0, 0, q(0))
    call("prctl", 62, 9, 1, 2, 3)
    pass


@section
def mounts():
    base = 0xc0ed0000
    for flags in (0, 1, base, base | 0x9005, 0x20 | 0x1000, 0x20, 0x2000, 1 << 17, 1 << 18, 1 << 19, 1 << 20, 0x7fffffff, 1 << 30, 1 << 31, 0x4000,
            1 << 22, 1 << 26):
        for data in (b"data=1", 0):
            call("mount", b"/nonexistent/a", b"/nonexistent/b", b"tmpfs", flags, data)
    call("mount", 0, b"/nonexistent", 0, 0, BAD)
    for f in (0, 1, 2, 4, 8, 16, 15):
        call("umount2", b"/nonexistent/a", f)
    call("pivot_root", b"/nonexistent", b"/none2")
    call("fsopen", b"nofs", 1), call("fsopen", b"nofs", 6), call("fspick", -100, b"/nonexistent", 15), call("fspick", -100, b"/nonexistent", 16)
    for c in range(0, 9):
        call("fsconfig", -1, c, b"key", b"value", 3)
    call("fsconfig", -1, 2, b"key", (b"\1\2\3",), 3)
    call("fsmount", -1, 1, 0x7f)
    call("fsmount", -1, 2, 0x400000)
    call("open_tree", -100, b"/nonexistent", 1)
    call("open_tree", -100, b"/nonexistent", 0x80000 | 0x8000 | 0x1000 | 2)
    call("move_mount", -1, b"/a", -100, b"/nonexistent", 0x77), call("move_mount", -1, b"/a", -100, b"/nonexistent", 0x200 | 8)
    call("mount_setattr", -1, b"", 0x9000, q(1, 2, 0x40000, 7), 32)
    call("mount_setattr", -100, b"/nonexistent", 0, q(1, 0x100000, 0, 0), 32)
    call("mount_setattr", -100, b"/nonexistent", 0, q(1, 0x100000, 0, 0), 8)
    call("quotactl", 0x800700, b"/dev/nothing", 1, (b"\0" * 120,))
    call("quotactl", 0x800002, 0, 1, 0), call("quotactl", 0x800001, b"/dev/nothing", 0, 0)
    call("swapon", b"/nonexistent", 0x8000 | 5), call("swapoff", b"/nonexistent")
    call("statfs", b"/nonexistent", BAD), call("fstatfs", -1, BAD)
    call("chroot", b"/nonexistent")
    call("acct", b"/nonexistent")
    call("sysfs", 1, b"proc")
    call("sysfs", 2, 1, BAD)
    call("sysfs", 3)
    call("ustat", 5, BAD)
    call("name_to_handle_at", -1, b"a", i(8, 0), BAD, 0x400)
    call("name_to_handle_at", -1, b"a", i(8, 0), BAD, 0x1000)
    call("open_by_handle_at", -1, i(4, 1, 7), 0x80000)


@section
def memory():
    call("mbind", 0, 4096, 0, 0, 0, 0)
    for mode in (0, 1, 2, 3, 4, 5, 6, 0x8001, 0x4002, 0x2003, 0x10000):
        call("set_mempolicy", mode | 0x80000, q(1, 3), 65)
        call("mbind", 4096, 4096, mode, q(5), 3, 7)
        call("mbind", 4096, 4096, mode | 0x100000, 0, 0, 9)
    call("get_mempolicy", i(9), q(1, 2), 128, 4096, 8)
    call("get_mempolicy", BAD, BAD, 128, 4096, 7)
    call("get_mempolicy", i(9), q(1) + (), 64, 0, 0)
    call("get_mempolicy", 0, 0, 0, 0, 9)
    call("set_mempolicy_home_node", 4096, 4096, 1, 0)
    call("migrate_pages", 99999999, 64, q(1), q(2))
    call("move_pages", 99999999, 2, q(4096, 8192), i(0, 1), i(7, 7), 2)
    call("move_pages", 99999999, 2, q(4096, 8192), 0, i(7, 7), 6)
    call("pkey_alloc", 0, 3), call("pkey_alloc", 1, 4), call("pkey_free", 3), call("pkey_mprotect", 4096, 1, 3, 99)
    call("mmap", 0, 0, 0xf, 0x22, -1, 0)
    call("mmap", 0, 0, 0x1000003, 0x80012, -1, 4096)
    call("mmap", 0, 0, 3, 0x40022 | 21 << 26, -1, 0)
    call("mmap", 0, 0, 3, 0x54022 | 0x4000000 | 30 << 26, 7, 0)
    call("mmap", 0x10, 0, 0, 0x100003, fd, 0x1000)
    call("mmap", 0, 0, 0, 0, fd, 0x1000)
    call("mmap", 0, 0, 0, 0x1fffff4, 0, 0)
    call("mprotect", 1, 1, 0x1000007)
    call("mremap", 1, 2, 3, 0, 5)
    call("mremap", 1, 2, 3, 3, 5)
    call("mremap", 1, 2, 3, 7, 5)
    call("msync", 1, 2, 7)
    call("msync", 1, 2, 8)
    call("madvise", 1, 2, 3)
    call("madvise", 1, 2, 100)
    call("madvise", 1, 2, 77)
    for advice in list(range(0, 27)) + [100, 101]:
        call("madvise", 1, 4096, advice)
    call("mlock2", 1, 4096, 1)
    call("mlock2", 1, 4096, 3)
    call("mlockall", 8)
    call("mlockall", 64)
    call("remap_file_pages", 4097, 4096, 1, 2, 0x10000)
    call("mincore", 1, 1, 0)
    call("process_madvise", -1, q(4096, 5), 1, 20, 0)
    call("process_mrelease", -1, 0)
    call("userfaultfd", 0x80801)
    call("memfd_secret", 0x80000)
    call("memfd_create", BAD, 1)
    call("memfd_create", b"x" * 260, 7 | 21 << 26)
    call("memfd_create", b"\1x", 0x60)
    call("cachestat", 0) if "cachestat" in numbers else None
    call("brk", 0)


@section
def keys():
    for c in range(0, 34):
        call("keyctl", c, -1, BAD, BAD, 5)
        if c not in (0, 2, 4, 5, 6, 8, 9, 11, 12, 13, 15, 17, 19, 20, 22, 23, 30, 31):
            call("keyctl", c, 0x12345, b"text", b"more", 4)
    call("keyctl", 2, 7, b"text", 4)
    call("keyctl", 4, 7, 8, -1)
    call("keyctl", 5, 7, 0x3f3f3f3f)
    call("keyctl", 12, 7, b"text", 4, -2)
    call("keyctl", 13, 7, 8, 9)
    call("keyctl", 19, 7, 8, 9, -1)
    call("keyctl", 20, 7, (struct.pack("QQ", at(b"text"), 4),), 1, 9)
    call("keyctl", 22, 7, -1)
    call("keyctl", 30, 7, -1, -2, 3)
    for special in range(-9, 1):
        call("keyctl", 0, special, 1)
    call("add_key", b"nokind", b"name", b"payload", 7, -3), call("request_key", b"nokind", b"name", b"info", -4)


@section
def ipc():
    call("shmget", 0x123, 0, 0o1600)
    call("shmget", 0, 0, 0o6777 | 21 << 26)
    call("shmctl", -1, 2, BAD)
    call("shmctl", -1, 0x10d, BAD)
    call("shmctl", -1, 99, BAD)
    call("shmat", -1, 4096, 0o70000)
    call("shmat", -1, 4096, 0o170000)
    call("shmdt", 4096)
    for c in (0, 1, 2, 3, 11, 12, 13, 14, 15, 0x10d, 0x10f, 77):
        call("shmctl", -1, c, (b"\0" * 256,)), call("semctl", -1, 3, c, 5), call("msgctl", -1, c, (b"\0" * 256,))
    for c in range(11, 21):
        call("semctl", -1, 3, c, 0x1234)
    call("semget", 5, 1, 0o1000)
    call("semget", 5, 1, 0o3777)
    call("msgget", 5, 0o644)
    call("semop", -1, (struct.pack("HhhHhhHhh", 0, 1, 0x1000, 1, -1, 0o4000, 2, 0, 0o14000 | 1),), 3)
    call("semtimedop", -1, (struct.pack("Hhh", 0, 1, 0),), 1, q(5, 6))
    call("semtimedop", -1, BAD, 1, BAD)
    call("msgsnd", -1, q(5, 0x6162636465), 5, 0o4000), call("msgrcv", -1, BAD, 5, -1, 0o4000), call("msgrcv", -1, BAD, 5, 1, 0o170000)
    call("mq_open", b"nothing", 0)
    call("mq_open", b"nothing", 0o102, 0o600, q(1, 2, 3, 4))
    call("mq_open", b"nothing", 0o102, 0o600, 0)
    call("mq_timedsend", -1, b"text", 4, 9, q(1, 2))
    call("mq_timedreceive", -1, BAD, 4, i(0), 0)
    call("mq_notify", -1, (struct.pack("qiiii", 5, 10, 0, 0, 0).ljust(64, b"\0"),))
    call("mq_notify", -1, 0)
    call("mq_getsetattr", -1, q(0o4000, 2, 3, 4), BAD)
    call("mq_unlink", b"nothing")
    for notify in range(0, 6):
        call("mq_notify", -1, (struct.pack("qiiii", 0, 10, notify, 77, 0).ljust(64, b"\0"),))
        call("timer_create", 99, (struct.pack("qiiqq", 0x123456789, 70, notify, 77, 5).ljust(64, b"\0"),), BAD)


@section
def times():
    for c in list(range(0, 13)) + [-6, -1, -7 * 8 + 2, ~5 << 3 | 2, ~5 << 3 | 6, ~5 << 3 | 1, ~5 << 3 | 0, (~fd << 3) | 3]:
        call("clock_getres", c, 0), call("clock_settime", c, q(1, 2000000000))
    call("timer_create", 0, 0, i(0))
    call("timer_create", 1, (struct.pack("qiiqq", 0, 10, 0, 0, 0).ljust(64, b"\0"),), i(0))
    call("timer_create", 7, (struct.pack("qiiqq", 9, 10, 1, 0, 0).ljust(64, b"\0"),), i(0))
    call("timer_settime", 77, 1, q(1, 2, 3, 4), q(0, 0, 0, 0))
    call("timer_settime", 0, 0, q(0, 0, 100, 4), q(0, 0, 0, 0))
    call("timer_gettime", 77, BAD)
    call("timer_getoverrun", 77)
    call("timer_delete", 77)
    call("timerfd_create", 1, 0o2004000)
    call("timerfd_create", 99, 1)
    call("timerfd_settime", -1, 3, q(1, 2, 3, 4), BAD)
    call("timerfd_settime", -1, 9, BAD, BAD)
    call("timerfd_gettime", -1, BAD)
    call("setitimer", 3, q(1, 2, 3, 4), 0)
    call("getitimer", 3, BAD)
    call("settimeofday", 0, i(1, 2)) if 0 else None
    call("adjtimex", BAD)
    call("clock_adjtime", 0, (b"\0" * 208,))
    call("clock_adjtime", 9, (struct.pack("Ixxxxq", 0x8001, 5).ljust(208, b"\0"),))
    call("utime", b"/nonexistent", q(1, 2))
    call("utimes", b"/nonexistent", q(1, 2, 3, 4))
    call("utimensat", -1, b"a", q(1, 0x3fffffff, 2, 0x3ffffffe), 0x100)
    call("utimensat", -1, 0, q(1, 2000000000, 2, 5), 0x1100)
    call("futimesat", -1, 0, q(1, 2, 3, 4))
    call("nanosleep", q(1, 2000000000), 0)
    call("clock_nanosleep", 1, 3, q(1, 2000000000), 0)
    call("time", BAD)
    call("times", BAD)
    call("getrusage", 9, BAD)
    call("getrusage", -1, BAD)
    call("adjtimex", (b"\0" * 208,)), call("gettimeofday", BAD, BAD), call("clock_gettime", 99, BAD)


@section
def signals():
    for s in (0, 1, 32, 33, 34, 64, 65, -1):
        call("rt_sigaction", s, BAD, 0, 8)
        call("kill", 99999999, s)
        call("tgkill", 99999999, 99999998, s)
        call("tkill", 99999999, s)
        call("pidfd_send_signal", -1, s, 0, 0)
        call("rt_sigqueueinfo", 99999999, s, (struct.pack("iiiiiiq", s, 0, -1, 0, 5, 6, 7).ljust(128, b"\0"),))
        call("rt_tgsigqueueinfo", 99999999, 5, s, (struct.pack("iiiiiiq", s, 0, -6, 0, 5, 6, 7).ljust(128, b"\0"),))
    for code in list(range(-8, 10)) + [-60, 0x80]:
        for s in (17, 11, 4, 5, 7, 8, 29, 31, 10):
            call("rt_sigqueueinfo", 99999999, 10, (struct.pack("iiiiiiq", s, 3 if code == 1 else 0, code, 0, 5, 6, 7).ljust(128, b"\0"),))
    call("rt_sigaction", 10, (struct.pack("QQQQ", 1, 0x14000000 | 0x84000007, 0, 0x5),), 0, 8)
    call("rt_sigaction", 65, (struct.pack("QQQQ", 0x12345678, 0xffffffff, 0, ~0 & 0xffffffffffffffff),), 0, 8)
    call("rt_sigprocmask", 9, q(5), 0, 8)
    call("rt_sigprocmask", 0, q(~0), 0, 16)
    call("rt_sigprocmask", 3, q(0x7fffffff), 0, 8)
    call("rt_sigpending", BAD, 8)
    call("rt_sigsuspend", BAD, 8)
    call("rt_sigtimedwait", q(1), BAD, q(0, 0), 9)
    call("rt_sigtimedwait", q(1), BAD, BAD, 8)
    call("sigaltstack", q(0, 7, 5), 0)
    call("sigaltstack", q(0x5000, 2, 5), BAD)
    call("sigaltstack", q(0x5000, 0x80000000, 5), BAD)
    call("signalfd4", -5, q(0x204), 8, 0o2004001)
    call("signalfd", -5, q(0x204), 8)


@section
def descriptors():
    for c in list(range(0, 18)) + list(range(1024, 1040)) + [36, 37, 38, 99]:
        if c in (8, 15):
            continue
        if 1035 <= c <= 1038:
            continue
        call("fcntl", -1, c, 1), call("fcntl", -1, c, 0)
        if c not in (0, 2, 4, 10, 1024, 1026, 1030, 1031, 1033):
            call("fcntl", -1, c, q(1, 2, 3, 4))
    call("fcntl", fd, 8, 0)
    call("fcntl", -1, 8, -5)
    call("fcntl", -1, 15, i(1, 5))
    call("fcntl", -1, 15, i(9, 5))
    call("fcntl", fd, 9)
    call("fcntl", fd, 16, i(0, 0))
    call("fcntl", -1, 5, (struct.pack("hhqqi", 1, 2, 3, -4, 5).ljust(32, b"\0"),))
    call("fcntl", -1, 4, 0o7777777)
    call("fcntl", -1, 6, (struct.pack("hhqqi", 9, 9, 3, -4, 5).ljust(32, b"\0"),))
    call("fcntl", -1, 36, (struct.pack("hhqqi", 1, 2, 3, -4, 5).ljust(32, b"\0"),))
    call("fcntl", fd, 1026, 0x8000003f)
    for flags in (0, 3, 0o3, 0o7777777, 0o20200000, 0o20000000, 0o4010000, 0o10000000, 0x1000000, 0o100, 0o101):
        call("openat", -1, b"x", flags, 0o7777), call("open", b"/nonexistent/x", flags, 0o1777)
    call("openat2", -1, b"x", q(0o101, 0o644, 0x3f), 24)
    call("openat2", -1, b"x", q(0o1, 0, 0x40), 24)
    call("openat2", -1, b"x", q(0o1, 0, 0), 8)
    call("creat", b"/nonexistent/x", 0o755)
    call("close_range", 100, 90, 6)
    call("close_range", 100, 90, 9)
    call("dup3", fd, fd, 0o2000001)
    call("dup2", -1, 5)
    call("pipe2", BAD, 0o2044000)
    call("pipe2", BAD, 1)
    call("eventfd2", 5, 0o2004001 + 7)
    call("inotify_init1", 0o2004000 + 1)
    call("inotify_add_watch", -1, b"x", 0xffffffff)
    call("inotify_add_watch", -1, b"x", 0x3)
    call("inotify_rm_watch", -1, 3)
    call("fanotify_init", 0x7ff, 0o100000)
    call("fanotify_init", 0x6, 2)
    call("fanotify_mark", -1, 0x101, 0x4003ffff, -100, b"x")
    call("fanotify_mark", -1, 0x2, 0, 5, 0)
    call("fanotify_mark", -1, 0x80, 0x8000000, 5, 0)
    call("epoll_create1", 0o2000000)
    call("epoll_create1", 7)
    call("epoll_create", -1)
    call("epoll_ctl", -1, 1, 5, (struct.pack("=IQ", 0xf000201f, 0x123456789),))
    call("epoll_ctl", -1, 2, 5, (struct.pack("=IQ", 0x1, 5),))
    call("epoll_ctl", -1, 3, 5, (struct.pack("=IQ", 0x1, 5),))
    call("epoll_ctl", -1, 9, 5, (struct.pack("=IQ", 0x1, 5),))
    call("epoll_wait", -1, BAD, 5, 0)
    call("epoll_pwait", -1, BAD, 5, 0, q(5), 8)
    call("epoll_pwait2", -1, BAD, 5, q(0, 1), q(5), 8)
    call("lseek", -1, -5, 3)
    call("lseek", -1, -5, 9)
    call("pread64", -1, BAD, 5, -6)
    call("pwrite64", -1, b"text", 5, -6)
    call("preadv2", -1, q(4096, 5), 1, 7, 0, 0x3f)
    call("pwritev2", -1, q(4096, 5), 1, 7, 0, 0x40)
    call("readv", -1, q(4096, 5), 1)
    call("writev", -1, (struct.pack("QQQQ", at(b"abcd"), 4, at(b"e" * 50), 50),), 2)
    call("writev", -1, q(4096, 5), 1)
    call("writev", -1, BAD, 2)
    call("writev", -1, q(0, 0), 0)
    call("readahead", -1, 5, 6)
    call("fadvise64", -1, 5, 6, 7)
    call("fadvise64", -1, 5, 6, 9)
    call("fallocate", -1, 0x7f, 5, 6)
    call("fallocate", -1, 0x80, 5, 6)
    call("sync_file_range", -1, 1, 2, 15)
    call("flock", -1, 8)
    call("flock", -1, 6)
    call("flock", -1, 0x20)
    call("flock", -1, 0x60)
    call("splice", -1, 0, -1, q(5), 6, 31)
    call("tee", -1, -1, 5, 16)
    call("vmsplice", -1, q(4096, 5), 1, 15)
    call("sendfile", -1, -1, q(5), 6)
    call("copy_file_range", -1, q(1), -1, q(2), 7, 8)
    call("ftruncate", -1, -5)
    call("truncate", b"/nonexistent", 1 << 40)
    call("poll", (struct.pack("ihhihh", -1, 1, 0, fd, 0x7fff, 0),), 2, 0)
    call("poll", BAD, 2, 0)
    call("poll", (b"",), 0, 0)
    call("ppoll", (struct.pack("ihh", -5, 1, 0),), 1, q(0, 0), q(5), 8)
    call("ppoll", 0, 0, q(0, 2000000000), 0, 8)
    call("select", 65, q(5, 1), BAD, 0, q(0, 0))
    call("select", 4, q(0), 0, 0, q(0, 0))
    call("pselect6", 5, q(0), q(0), q(0), q(0, 0), (struct.pack("QQ", at(struct.pack("Q", 0x204)), 8),))
    call("select", -1, 0, 0, 0, 0)
    call("select", 3, BAD, 0, 0, q(0, 0))


@section
def files():
    call("access", b"/nonexistent", 7)
    call("access", b"/nonexistent", 8)
    call("faccessat", -1, b"x", 5)
    call("faccessat2", -1, b"x", 1, 0x1300)
    call("faccessat2", -1, b"x", 1, 0x2000)
    call("mkdirat", -1, b"x", 0o1755)
    call("mknod", b"/nonexistent/x", 0o20644, 0x105)
    call("mknod", b"/nonexistent/x", 0o10644, 0x105)
    call("mknodat", -1, b"x", 0o60600, 0x12345678)
    call("mknodat", -1, b"x", 0o644, 7)
    call("mknodat", -1, b"x", 0o170644, 7)
    call("fchmodat", -1, b"x", 0o7777)
    call("chmod", b"/nonexistent", 0o644)
    call("fchmod", -1, 0o17777)
    call("chown", b"/nonexistent", -1, 5)
    call("fchownat", -1, b"x", 1, -1, 0x1100)
    call("fchown", -1, 1, 2)
    call("lchown", b"/nonexistent", 1, 2)
    call("unlinkat", -1, b"x", 0x200)
    call("unlinkat", -1, b"x", 0x400)
    call("linkat", -1, b"x", -1, b"y", 0x1400)
    call("renameat2", -1, b"x", -1, b"y", 7)
    call("renameat2", -1, b"x", -1, b"y", 8)
    call("symlinkat", b"x", -1, b"y")
    call("readlinkat", -1, b"x", BAD, 5)
    call("readlink", b"/proc/self/exe", (b"\0" * 99,), 5)
    call("statx", -1, b"x", 0x3900, 0xfff, BAD)
    call("statx", -1, b"x", 0x6000, 0x7ff, BAD)
    call("statx", -1, b"x", 0x2000, 0x3, BAD)
    call("statx", -1, b"x", 0x4000, 0xffffffff, BAD)
    call("newfstatat", -1, b"x", BAD, 0x1900)
    call("newfstatat", -1, b"x", BAD, 0x2)
    call("stat", b"/nonexistent", BAD)
    call("getcwd", BAD, 4096)
    call("getcwd", (b"\0" * 4,), 1)
    call("getdents64", -1, BAD, 5)
    call("getdents", -1, BAD, 5)
    call("umask", 0o1777)
    call("umask", 0o22)
    for name in ("setxattr", "lsetxattr"):
        call(name, b"/nonexistent", b"user.a", b"va\0lue", 6, 3), call(name, b"/nonexistent", b"user.a", BAD, 6, 4)
    call("fsetxattr", -1, b"user.a", b"value", 5, 1)
    call("getxattr", b"/nonexistent", b"user.a", BAD, 6)
    call("fgetxattr", -1, b"user.a", BAD, 6)
    call("listxattr", b"/nonexistent", BAD, 6)
    call("flistxattr", -1, BAD, 6)
    call("llistxattr", b"/etc", (b"",), 0)
    call("listxattr", b"/etc", 0, 0)
    call("removexattr", b"/nonexistent", b"user.a")
    call("getxattr", b"/etc", b"user.a", 0, 0)
    call("rename", b"/nonexistent/" + b"x" * 300, b"/nonexistent/b")
    call("chdir", b"/nonexistent\1\xff\"\\\n\t\r\x1b\x7f8")
    call("chdir", BAD)
    call("chdir", 0)
    call("chdir", b"\0018\0")
    call("fchdir", -100)
    call("lookup_dcookie", 5, BAD, 6)
    call("uselib", b"/nonexistent")


@section
def sockets():
    for domain in (-1, 0, 1, 2, 4, 10, 15, 16, 44, 99):
        call("socket", domain, 9 | 0o2004000, 3)
    for kind in range(0, 12):
        call("socket", 99, kind, 1)
    for domain in (1, 2, 10, 16, 38):
        for protocol in (0, 1, 2, 6, 17, 58, 99, 136, 255, 300):
            call("socket", domain, 9, protocol)
    call("socketpair", 99, 1, 5, BAD), call("socketpair", 1, 2 | 0o2000000, 0, i(0, 0))
    addresses = [struct.pack("H", 0), b"", b"\1", struct.pack("H", 1), struct.pack("H", 1) + b"path\0", struct.pack("H", 1) + b"\0abstract",
            struct.pack("H", 1) + b"\0", struct.pack("H", 1) + b"x" * 108, struct.pack(">HH4B8x", 0x200, 80, 1, 2, 3, 4), struct.pack("H",
                    2) + b"abc", struct.pack("<H", 10) + struct.pack(">HI", 80, 5) + bytes(range(16)) + struct.pack("I", 3), struct.pack("<H",
                            10) + struct.pack(">HI", 80, 0) + b"\0" * 15 + b"\1" + struct.pack("I", 0), struct.pack("<H", 10) + b"abc",
                                    struct.pack("<H", 10) + struct.pack(">HI", 80, 5) + b"\xfe\x80" + b"\0" * 14 + struct.pack("I", 1),
                                            struct.pack("HHII", 16, 0, 77, 5), struct.pack("H", 16) + b"x", struct.pack("H", 99) + b"data",
                                                    struct.pack("HHIII", 40, 0, 5, 2, 0), ]
    for a in addresses:
        call("connect", -1, (a,), len(a)), call("sendto", -1, b"x", 1, 0x4000, (a,), len(a))
    call("bind", -1, (addresses[8],), 1000)
    call("bind", -1, (addresses[4],), 0)
    call("connect", -1, BAD, 16)
    call("connect", -1, 0, 0)
    call("sendto", -1, b"x", 1, 0x7fffffff, 0, 0)
    call("recvfrom", -1, BAD, 1, 0x80000000, BAD, BAD)
    call("accept", -1, 0, 0)
    call("accept4", -1, BAD, i(5), 0o2004001)
    call("getsockname", -1, BAD, i(9))
    call("shutdown", -1, 1)
    call("shutdown", -1, 9)
    call("listen", -1, 5)
    for level in (0, 1, 6, 17, 41, 270, 99):
        for option in range(0, 74):
            call("setsockopt", -1, level, option, i(1), 4)
            if level in (0, 1, 6, 41):
                call("getsockopt", -1, level, option, BAD, i(4))
    for option, value in ((13, i(1, 5)), (20, q(1, 2)), (21, q(1, 2)), (26, q(2, 4096)), (26, (struct.pack("HxxxxxxQ", 1, at(struct.pack("HBBI", 6,
            0, 0, 5))),)), (25, (b"eth0\0",)), (13, i(1)), (27, i(0)), (9, BAD)):
        n = len(value[0]) if isinstance(value, tuple) else 8
        call("setsockopt", -1, 1, option, value, n)
    call("setsockopt", -1, 0, 35, (struct.pack("4B4Bi", 224, 0, 0, 1, 1, 2, 3, 4, 5),), 12)
    call("setsockopt", -1, 0, 35, (struct.pack("4B4B", 224, 0, 0, 1, 1, 2, 3, 4),), 8)
    call("setsockopt", -1, 41, 20, (b"\xff\2" + b"\0" * 13 + b"\1" + struct.pack("i", 1),), 20)
    call("setsockopt", -1, 99, 5, (b"abc",), 3)
    def message(name, iov, control, flags):
        c = at(control) if control is not None else 0
        return (struct.pack("QIxxxxQQQQi", at(name) if name else 0, len(name), at(b"".join(struct.pack("QQ", at(x), len(x)) for x in iov)),
                len(iov), c, len(control or b""), flags),)
    def cmsg(level, kind, data, length=None):
        return struct.pack("Qii", 16 + len(data) if length is None else length, level, kind) + data.ljust((len(data) + 7) & ~7, b"\0")
    for control in (None, b"", b"short", cmsg(1, 1, struct.pack("ii", 0, 1)), cmsg(1, 1, b"abc"), cmsg(1, 2, struct.pack("iii", 1, 2, 3)), cmsg(1,
            2, b"abc"), cmsg(1, 3, b"label\0"), cmsg(1, 29, struct.pack("qq", 1, 2)), cmsg(1, 35, struct.pack("qq", 1, 2)), cmsg(1, 37,
                    struct.pack("6q", 1, 2, 3, 4, 5, 6)), cmsg(1, 9, b"x"), cmsg(0, 8, struct.pack("i4B4B", 1, 1, 2, 3, 4, 5, 6, 7, 8)), cmsg(0, 2,
                            struct.pack("i", 64)), cmsg(0, 1, b"\x10"), cmsg(0, 11, struct.pack("IBBBBII", 5, 1, 3, 3, 0, 7,
                                    8) + struct.pack(">HH4B8x", 0x200, 80, 1, 2, 3, 4)), cmsg(0, 7, b"\1\2\3"), cmsg(0, 13, i(5)[0]), cmsg(0, 19,
                                            b"abcd"), cmsg(41, 50, b"\0" * 20), cmsg(99, 7, b"data"), cmsg(1, 1, struct.pack("i", 0)) + cmsg(1, 2,
                                                    struct.pack("iii", 1, 2, 3)), cmsg(1, 1, b"", 5), cmsg(1, 1, b"1234", 500), cmsg(6, 1, b"x"),
                                                            cmsg(263, 1, b"x" * 40), cmsg(1, 77, b"")):
        call("sendmsg", -1, message(b"", [b"abc", b"d" * 40], control, 0x7), 0x40)
    call("sendmsg", -1, message(addresses[8], [], None, 0), 0)
    call("sendmsg", -1, BAD, 0)
    call("recvmsg", -1, BAD, 0)
    call("sendmmsg", -1, BAD, 2, 0)
    call("recvmmsg", -1, BAD, 2, 0x10000, q(1, 2))
    call("recvmmsg", -1, BAD, 2, 0x10000, BAD)
    call("sendmmsg", -1, (message(b"", [b"abc"], None, 0)[0].ljust(64, b"\0"),), 1, 0)


    device = libc.socket(16, 3, 15)  # what devices tell is text
    libc.bind(device, ctypes.create_string_buffer(struct.pack("HHII", 16, 0, 0, 0)), 12)
    call("sendto", device, b"add@/devices/none\0ACTION=add\0", 29, 0, (struct.pack("HHII", 16, 0, 0, 0),), 12)


@section
def ioctls():
    for c in list(range(0x5400, 0x5470)) + [0x8901 + n for n in range(0, 0x9f)] + [0x1234, 0xdeadbeef, 0x4020940d, 0x80086601, 0x40086602,
            0x801c581f, 0x401c5820, 0x1260, 0x1268, 0x80081272, 0x301, 0x40045431, 0x80045430, 0xb701, 0xb704, 0x12, 0, 0x80045432, 0x4004662f,
                    0x80047601]:
        if c not in (0x5409, 0x540a, 0x540b, 0x540e, 0x5425, 0x8926):
            call("ioctl", -1, c, (b"\0" * 256,))
        call("ioctl", -1, c, 5), call("ioctl", fd, c, BAD)
    for c in (0x8912, 0x8910, 0x8913, 0x8914, 0x8915, 0x8927, 0x8933, 0x8921, 0x8970, 0x8916, 0x891b):
        call("ioctl", -1, c, (struct.pack("16sH14s", b"lo", 2, b"abc").ljust(64, b"\0"),)), call("ioctl", -1, c, (b"x" * 64,))
    call("ioctl", -1, 0x5402, (bytes(range(60)),))
    call("ioctl", -1, 0x5414, (struct.pack("HHHH", 1, 2, 3, 4),))
    call("ioctl", -1, 0x402c542b, (bytes(range(60)),))
    call("ioctl", -1, 0x5421, i(1))
    call("ioctl", -1, 0x4020940d, q(1, 2, 3, 4))
    call("ioctl", -1, 0x5412, b"x")
    call("ioctl", -1, 0x40085000, BAD)
    call("ioctl", -1, 0x5423, i(5))
    call("ioctl", -1, 0x541c, (b"\5\0",))
    call("ioctl", -1, 0x5420, i(1))


@section
def processes():
    call("wait4", 99999999, BAD, 0x6000000f, BAD)
    call("waitid", 0, 99999999, BAD, 0x0100000f, BAD)
    call("waitid", 9, 5, BAD, 0, 0)
    call("waitid", 3, -1, 0, 4, 0)
    call("waitid", 1, -1, 0, 0x40000000, 0)
    call("waitid", 2, 99999999, 0, 4, 0)
    call("wait4", -99999999, 0, 1, 0)
    call("clone3", (b"\0" * 88,), 7)
    call("clone3", q(0x100, 0, 0, 0, 0x111, 0, 0, 0), 64)
    call("clone3", (struct.pack("11Q", 1 << 63 | 0x1000, 1, 2, 3, 17, 0x5000, 6, 7, 0, 0, 99),), 88)
    call("clone3", (struct.pack("11Q", 0x300000000 | 0x1000, 1, 2, 3, 17, 0x5000, 6, 7, at(i(5)[0]), 1, 99),), 88)
    call("clone3", BAD, 88)
    call("unshare", 0x7e020600)
    call("unshare", 0x7)
    call("unshare", 1 << 22)
    call("setns", -1, 0)
    call("setns", -1, 0x7e020080)
    call("setns", -1, 0x11)
    call("execve", b"/nonexistent", (struct.pack("QQQ", at(b"a\0"), at(b"b" * 50 + b"\0"), 0),), (struct.pack("QQ", at(b"A=1\0"), 0),))
    call("execve", b"/nonexistent", 0, 0)
    call("execve", BAD, BAD, BAD)
    call("execveat", -1, b"x", (struct.pack("QQ", at(b"a\0"), 0),), 0, 0x1100)
    call("execveat", -1, b"x", (struct.pack("QQ", at(b"a\0"), 4096),), 0, 0x2)
    call("kcmp", 99999999, 99999998, 7, 1, (struct.pack("III", 1, 2, 3),))
    call("kcmp", 99999999, 99999998, 0, 1, 2)
    call("kcmp", 99999999, 99999998, 3, 1, 2)
    call("kcmp", 99999999, 99999998, 99, 1, 2)
    call("ptrace", 99, 99999999, 1, 2)
    for r in list(range(3, 18)) + [24, 31, 32] + list(range(0x4200, 0x4212)):
        call("ptrace", r, 99999999, 3, 4)
    call("ptrace", 0x4200, 99999999, 0, 0x3001ff)
    call("ptrace", 0x4206, 99999999, 0, 0x100001)
    call("process_vm_readv", 99999999, q(4096, 5), 1, q(8192, 6), 1, 0)
    call("process_vm_writev", 99999999, (struct.pack("QQ", at(b"abc"), 3),), 1, q(8192, 6), 1, 7)
    call("pidfd_open", 99999999, 0o4000)
    call("pidfd_open", 99999999, 1)
    call("pidfd_getfd", -1, 5, 7)
    call("prlimit64", 99999999, 7, q(1024, -1), BAD)
    call("prlimit64", 99999999, 77, q(5 << 20, 1024), 0)
    call("setrlimit", 99, q(1, 2))
    call("getrlimit", 99, BAD)
    call("getpriority", 3, 5)
    call("getpriority", 0, 0)
    call("setpriority", 9, 5, 6)
    call("setpriority", 1, 99999999, 6)
    call("sched_setscheduler", 99999999, 0x40000001, i(5))
    call("sched_setscheduler", -1, 9, BAD)
    call("sched_getscheduler", -1)
    call("sched_setparam", -1, i(5))
    call("sched_getparam", -1, BAD)
    call("sched_setattr", -1, (struct.pack("IIQiIQQQII", 56, 6, 0x7f, -5, 3, 1, 2, 3, 4, 5),), 0)
    call("sched_setattr", -1, (struct.pack("IIQiIQQQ", 48, 1, 0x80, -5, 3, 1, 2, 3),), 1)
    call("sched_setattr", -1, i(5), 1)
    call("sched_getattr", -1, BAD, 48, 0)
    call("sched_get_priority_max", 9)
    call("sched_rr_get_interval", -1, BAD)
    call("sched_setaffinity", -1, 8, q(5))
    call("sched_setaffinity", -1, 8, BAD)
    call("sched_getaffinity", 0, 0, 0)
    call("ioprio_set", 3, 5, 0x4007)
    call("ioprio_set", 1, 99999999, 0x2003)
    call("ioprio_get", 9, 5)
    call("ioprio_get", 1, 0)
    call("personality", 0xffffffff)
    call("personality", 0x1234567) if 0 else None
    call("setuid", -1)
    call("setresuid", -1, -1, -1)
    call("setreuid", -1, -1)
    call("setfsuid", -1)
    call("getresuid", BAD, BAD, BAD)
    call("getresuid", i(0), i(0), i(0))
    call("setgroups", 3, i(1, 2, 3)) if 0 else None
    call("setgroups", 70000, i(1))
    call("getgroups", -1, BAD)
    call("getgroups", 0, 0)
    call("capget", i(0x20080522, 99999999), (b"\0" * 24,))
    call("capget", i(0x20080522, 0), (b"\0" * 24,))
    call("capget", i(0x19980330, 0), (b"\0" * 24,))
    call("capget", i(0x1234, 0), (b"\0" * 24,))
    call("capget", i(0x20080522, 0), 0)
    call("capset", i(0x20080522, 99999999), (b"\xff" * 24,))
    call("capset", i(0x19980330, 99999999), (b"\5" * 24,))
    call("capset", BAD, BAD)
    call("arch_prctl", 0x1001, 0) if 0 else None
    for c in (0x1003, 0x1004, 0x1011, 0x1012, 0x2001, 0x2003, 0x3001, 0x4001, 7):
        call("arch_prctl", c, q(0)), call("arch_prctl", c, BAD)
    call("arch_prctl", 0x1023, 18), call("arch_prctl", 0x1025, 77)
    for op in list(range(0, 15)) + [0x80, 0x181, 0x109]:
        if op in (2,):
            continue
        call("futex", i(5), op, 7, q(0, 5) if op % 128 not in (3, 4, 5, 12) else 9, i(6), 0xa1001003)
    call("futex", BAD, 5, 1, 2, BAD, 0x54321fff)
    call("futex", BAD, 9, 1, 0, 0, -1)
    call("futex", BAD, 10, 1, 0, 0, 3)
    call("futex", BAD, 10, 1, 0, 0, -1)
    call("futex_waitv", BAD, 3, 0, q(1, 2), 1)
    call("futex_waitv", (struct.pack("QQIIQQII", 1, 4096, 2, 0, 5, 8192, 0x82, 0),), 2, 0, q(1, 2), 77)
    call("set_robust_list", BAD, 5)
    call("get_robust_list", 99999999, BAD, BAD)
    call("get_robust_list", 0, q(0), q(0))
    call("rseq", 0, 32, 0, 0x53053053)
    call("rseq", 0, 32, 1, 0x53053053)
    call("rseq", 0, 32, 6, 5)
    call("membarrier", 99, 0, 0)
    call("membarrier", 0x100, 1, 0)
    call("membarrier", 0x600, 1, 0)
    call("seccomp", 9, 1, BAD)
    call("seccomp", 2, 0, i(0x7fff0000))
    call("seccomp", 2, 0, i(0x50001))
    call("seccomp", 3, 0, (b"\0" * 6,))
    call("seccomp", 1, 0x7f, BAD)
    call("seccomp", 0, 1, 0)
    call("landlock_create_ruleset", 0, 0, 1)
    call("landlock_create_ruleset", q(0x1fff), 8, 0)
    call("landlock_create_ruleset", BAD, 8, 2)
    call("landlock_add_rule", -1, 1, q(5, 7), 0)
    call("landlock_add_rule", -1, 9, BAD, 1)
    call("landlock_restrict_self", -1, 1)
    call("perf_event_open", BAD, -1, -1, -1, 15)


@section
def system():
    call("reboot", 0xfee1dead, 672274793, 0x12345, 0) if os.getuid() else call("reboot", 1, 2, 0x12345, BAD)
    call("syslog", 99, BAD, 5)
    call("syslog", 9, 0, 0)
    call("syslog", 3, BAD, -1)
    call("sethostname", b"x", -1)
    call("setdomainname", BAD, 5 << 20)
    call("init_module", BAD, 5, b"a=1")
    call("finit_module", -1, b"a=1", 7)
    call("finit_module", -1, b"a=1", 8)
    call("delete_module", b"nothing", 0o4001 + 0o1000 - 1)
    call("kexec_file_load", -1, -1, 4, b"abc", 7)
    call("iopl", 9)
    call("ioperm", 70000, 1, 1)
    call("modify_ldt", 0, BAD, 16)
    call("vhangup") if 0 else None
    call("getrandom", BAD, 5, 8)
    call("getrandom", BAD, 8, 7)
    call("uname", BAD)
    call("sysinfo", BAD)
    call("io_setup", 5, BAD)
    call("io_destroy", 5)
    call("io_submit", 5, 1, BAD)
    call("io_submit", 5, 2, (struct.pack("QQ", at(struct.pack("QIIHhIQQqQII", 7, 0, 0, 1, 2, 99, at(b"data"), 4, 9, 0, 1, 3)), 4096),))
    call("io_submit", 5, 1, (struct.pack("Q", at(struct.pack("QIIHhIQQqQII", 7, 0, 0, 0, 2, 99, at(b"data"), 4, 9, 0, 0, 3))),))
    call("io_submit", 5, 1, (struct.pack("Q", at(struct.pack("QIIHhIQQqQII", 7, 0, 0, 5, 2, 99, 0xa005, 4, 9, 0, 0, 3))),))
    call("io_submit", 5, 1, (struct.pack("Q", at(struct.pack("QIIHhIQQqQII", 7, 0, 0, 8, 2, 99, at(struct.pack("QQ", at(b"data"), 4)), 1, 9, 0, 0,
            3))),))
    call("io_cancel", 5, BAD, BAD)
    call("io_cancel", 5, (struct.pack("QIIHhIQQqQII", 7, 0, 0, 1, 2, 99, at(b"data"), 4, 9, 0, 1, 3),), BAD)
    call("io_getevents", 5, 1, 2, BAD, q(1, 2))
    call("io_pgetevents", 5, 1, 2, BAD, q(1, 2), q(5, 8))


for name in sys.argv[1:] or sections:
    libc.syscall(ctypes.c_long(95), ctypes.c_long(0o123))
    sections[name]()
os._exit(0)
