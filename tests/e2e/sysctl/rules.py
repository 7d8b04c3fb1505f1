"""Settings of the whole sandbox, written by its root: each is shown again and holds. Prints what does not."""
import ctypes
import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
failures = []


def check(what, truth):
    if not truth:
        failures.append(what)


def write(name, text):
    """How many bytes were taken, or the errno."""
    try:
        fd = os.open("/proc/sys/" + name, os.O_WRONLY)
        try:
            return os.write(fd, text.encode())
        finally:
            os.close(fd)
    except OSError as error:
        return errno.errorcode[error.errno]


def read(name):
    with open("/proc/sys/" + name) as file:
        return file.read().rstrip("\n").replace("\t", " ")


def setting(name, good, bad=(), shown=None):
    for text in bad:
        check("%s takes %r" % (name, text), write(name, text) == "EINVAL")
    check("%s takes no %r" % (name, good), write(name, good) == len(good))
    check("%s shows %r" % (name, read(name)), read(name) == (good if shown is None else shown))


def error_of(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return None


def in_child(body, user=None):
    """What `body` gives in a process of its own, as another user where one is named."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            if user is not None:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            code = body()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def pipes():
    setting("fs/pipe-max-size", "8192", ["2147483649", "-1", "x"])
    setting("fs/pipe-max-size", "5000", shown="8192")

    def by_nobody():
        reader, writer = os.pipe()
        if fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ) != 8192:
            return 1
        return 0 if error_of(fcntl.fcntl, writer, fcntl.F_SETPIPE_SZ, 16384) == "EPERM" else 2
    check("pipe-max-size holds", in_child(by_nobody, 1000) == 0)
    reader, writer = os.pipe()
    check("pipe-max-size does not bind CAP_SYS_RESOURCE", fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ) == 65536)


def descriptors():
    setting("fs/nr_open", "4096", ["63", "-1"])

    def by_root():
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, 4097))
        except (OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, 4096))
            return 0
        return 1
    check("nr_open bounds RLIMIT_NOFILE", in_child(by_root) == 0)


def leases():
    setting("fs/lease-break-time", "1")
    with open("leased", "w"):
        pass
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    holder = os.open("leased", os.O_RDONLY)
    fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    begin = time.monotonic()
    check("a lease is broken", in_child(lambda: 0 if os.open("leased", os.O_WRONLY) else 1) == 0)
    check("lease-break-time holds", 0.8 < time.monotonic() - begin < 20)
    setting("fs/leases-enable", "0")
    check("leases-enable holds", error_of(fcntl.fcntl, holder, fcntl.F_SETLEASE, fcntl.F_RDLCK) == "EINVAL")


def watches():
    setting("fs/inotify/max_user_watches", "1", ["-1"])
    setting("fs/inotify/max_user_instances", "2", ["-1"])
    setting("fs/inotify/max_queued_events", "3", ["-1"])
    check("user.max_inotify_watches is the same", read("user/max_inotify_watches") == "1")

    def inotify():
        fd = libc.inotify_init1(os.O_NONBLOCK)
        if libc.inotify_add_watch(fd, b".", 0x100) < 0:
            return 1
        if libc.inotify_add_watch(fd, b"/", 0x100) != -1 or ctypes.get_errno() != errno.ENOSPC:
            return 2
        for name in range(5):
            os.close(os.open("made%d" % name, os.O_CREAT | os.O_RDWR))
        if len(os.read(fd, 4096)) != 3 * 32 + 16:  # and IN_Q_OVERFLOW
            return 3
        libc.inotify_init1(0)
        return 0 if libc.inotify_init1(0) == -1 and ctypes.get_errno() == errno.EMFILE else 4
    check("inotify's limits hold", in_child(inotify) == 0)
    setting("fs/epoll/max_user_watches", "1", ["-1"])

    def epoll():
        import select
        poll = select.epoll()
        first, second = os.pipe()
        poll.register(first)
        if error_of(poll.register, second) != "ENOSPC":
            return 1
        poll.unregister(first)
        poll.register(second)
        return 0
    check("max_user_watches of epoll holds", in_child(epoll, 1000) == 0)
    setting("fs/aio-max-nr", "10", ["-1"])

    def aio():
        context, other = ctypes.c_ulong(0), ctypes.c_ulong(0)
        setup = 206
        if libc.syscall(setup, 11, ctypes.byref(context)) != -1 or ctypes.get_errno() != errno.EAGAIN:
            return 1
        if libc.syscall(setup, 6, ctypes.byref(context)) != 0 or read("fs/aio-nr") != "6":
            return 2
        child = os.fork()
        if child == 0:  # another address space counts, too
            refused = libc.syscall(setup, 5, ctypes.byref(other)) == -1 and ctypes.get_errno() == errno.EAGAIN
            os._exit(0 if refused and libc.syscall(setup, 4, ctypes.byref(other)) == 0 else 1)
        return 0 if os.waitpid(child, 0)[1] == 0 else 3
    check("aio-max-nr holds", in_child(aio) == 0)
    check("aio-nr goes down", read("fs/aio-nr") == "0")


def sticky():
    """Files of another in a directory that all may write."""
    os.mkdir("all")
    os.chmod("all", 0o1777)
    os.chmod(".", 0o777)
    with open("all/file", "w"):
        pass
    os.mkfifo("all/fifo", 0o666)
    os.chmod("all/fifo", 0o666)
    os.chmod("all/file", 0o666)
    os.chown("all/file", 7, 7)
    os.chown("all/fifo", 7, 7)
    os.symlink("/etc/passwd", "all/link")
    os.lchown("all/link", 7, 7)
    with open("private", "w"):
        pass
    os.chmod("private", 0o644)

    def opens(name, flags):
        return lambda: 0 if error_of(os.open, name, flags) is None else 1
    regular, fifo = opens("all/file", os.O_CREAT | os.O_RDWR), opens("all/fifo", os.O_CREAT | os.O_RDWR)
    for name, what in (("regular", regular), ("fifos", fifo)):
        setting("fs/protected_" + name, "0", ["3", "-1"])
        check("protected_%s 0" % name, in_child(what, 1000) == 0)
        setting("fs/protected_" + name, "1")
        check("protected_%s 1" % name, in_child(what, 1000) == 1)
        check("protected_%s spares the owner" % name, in_child(what, 7) == 0)
        os.chmod("all", 0o1775)
        check("protected_%s 1 leaves groups alone" % name, in_child(what, 1000) == 0)
        setting("fs/protected_" + name, "2")
        check("protected_%s 2" % name, in_child(what, 1000) == 1)
        os.chmod("all", 0o1777)
        check("protected_%s is about O_CREAT" % name, in_child(opens("all/file", os.O_RDWR), 1000) == 0)
    setting("fs/protected_symlinks", "1", ["2", "-1"])
    check("protected_symlinks 1", in_child(opens("all/link", os.O_RDONLY), 1000) == 1)
    setting("fs/protected_symlinks", "0")
    check("protected_symlinks 0", in_child(opens("all/link", os.O_RDONLY), 1000) == 0)

    def links():
        return 0 if error_of(os.link, "private", "linked") is None else 1
    setting("fs/protected_hardlinks", "1", ["2", "-1"])
    check("protected_hardlinks 1", in_child(links, 1000) == 1)
    setting("fs/protected_hardlinks", "0")
    check("protected_hardlinks 0", in_child(links, 1000) == 0)


def memory():
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    setting("vm/overcommit_memory", "1", ["3", "-1"])
    anonymous = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    check("overcommit_memory 1", error_of(lambda: mmap.mmap(-1, 64 * total, anonymous)) is None)
    setting("vm/overcommit_memory", "0")
    check("overcommit_memory 0", error_of(lambda: mmap.mmap(-1, 1024 * total, anonymous)) == "ENOMEM")
    setting("vm/overcommit_ratio", "50")
    setting("vm/overcommit_memory", "2")
    half = total // 2
    check("overcommit_memory 2", error_of(lambda: mmap.mmap(-1, half + (1 << 20), anonymous)) == "ENOMEM")
    some = mmap.mmap(-1, half // 2, anonymous)
    check("what is mapped counts", error_of(lambda: mmap.mmap(-1, half // 2 + (1 << 20), anonymous)) == "ENOMEM")
    check("overcommit 2 binds fork", error_of(lambda: os.waitpid(os.fork() or os._exit(0), 0)) == "ENOMEM")
    some.close()
    check("what is gone does not", error_of(lambda: mmap.mmap(-1, half // 2, anonymous).close()) is None)
    setting("vm/overcommit_kbytes", "4096")
    check("one of the two rules", read("vm/overcommit_ratio") == "0")
    check("overcommit_kbytes holds", error_of(lambda: mmap.mmap(-1, 8 << 20, anonymous)) == "ENOMEM")
    setting("vm/overcommit_memory", "0")
    setting("vm/overcommit_ratio", "50")
    check("and the other", read("vm/overcommit_kbytes") == "0")
    with open("/proc/meminfo") as file:
        rows = dict(line.split(":") for line in file)
    check("CommitLimit", abs(int(rows["CommitLimit"].split()[0]) * 1024 - half) < 1 << 20)
    check("Committed_AS", int(rows["Committed_AS"].split()[0]) > 0)
    setting("vm/max_map_count", "400", ["-1", "65531"])

    def maps():
        kept = []
        for number in range(500):
            try:
                kept.append(mmap.mmap(-1, 4096, anonymous, prot=1 + number % 2 * 2))
            except OSError as error:
                return 0 if error.errno == errno.ENOMEM and number > 50 else 1
        return 2
    check("max_map_count holds", in_child(maps) == 0)
    setting("vm/max_map_count", "65530")
    check("drop_caches", write("vm/drop_caches", "3") == 1 and write("vm/drop_caches", "5") == "EINVAL")
    check("drop_caches is not read", error_of(os.open, "/proc/sys/vm/drop_caches", os.O_RDONLY) == "EACCES")
    setting("vm/swappiness", "200", ["201", "-1"])
    setting("kernel/randomize_va_space", "0")
    where = {subprocess.run(["/bin/cat", "/proc/self/maps"], capture_output=True, check=True).stdout.splitlines()[-3]
             for _ in range(3)}
    check("randomize_va_space 0", len(where) == 1)
    setting("kernel/randomize_va_space", "2")


def processes():
    setting("kernel/threads-max", "20", ["0", "-1", "1000000"])

    def many():
        children = []
        for _ in range(40):
            try:
                child = os.fork()
            except OSError as error:
                for one in children:
                    os.kill(one, 9)
                return 0 if error.errno == errno.EAGAIN else 1
            if child == 0:
                signal.pause()
            children.append(child)
        return 2
    check("threads-max holds", in_child(many) == 0)
    write("kernel/threads-max", "1000")
    setting("fs/suid_dumpable", "2", ["3", "-1"])

    def dumpable():
        os.setresuid(1000, 1000, 1000)
        return libc.prctl(3)  # PR_GET_DUMPABLE
    check("suid_dumpable 2", in_child(dumpable) == 2)
    setting("fs/suid_dumpable", "0")
    check("suid_dumpable 0", in_child(dumpable) == 0)
    for value in (0, 1):
        setting("vm/unprivileged_userfaultfd", str(value), ["2", "-1"])
        faults = in_child(lambda: 0 if libc.syscall(323, os.O_CLOEXEC) == -1 else 1, 1000)
        check("unprivileged_userfaultfd %d" % value, faults == value)
    setting("kernel/dmesg_restrict", "0", ["2", "-1"])
    check("dmesg_restrict 0", in_child(lambda: 0 if libc.klogctl(10, None, 0) > 0 else 1, 1000) == 0)
    setting("kernel/dmesg_restrict", "1")
    check("dmesg_restrict 1", in_child(lambda: 0 if libc.klogctl(10, None, 0) > 0 else 1, 1000) == 1)
    setting("kernel/printk", "7 4 1 7")
    check("the console's level", libc.klogctl(8, None, 3) == 0 and read("kernel/printk").split()[0] == "3")
    setting("kernel/keys/maxkeys", "1", ["0", "1000001"])

    def keys():
        def add(name):
            return libc.syscall(248, b"user", name, b"x", 1, -2)
        numbers = [add(b"key%d" % number) for number in range(4)]
        return 0 if numbers[-1] == -1 and ctypes.get_errno() == errno.EDQUOT else 1
    check("maxkeys holds", in_child(keys, 1000) == 0)


def texts():
    setting("kernel/core_pattern", "/tmp/core.%p")
    check("the whole word", write("kernel/core_pattern", "a\nb") == 3 and read("kernel/core_pattern") == "a")
    with open("/proc/sys/kernel/hostname", "w") as file:
        file.write("other\n")
    check("the host's name", os.uname().nodename == "other" and read("kernel/hostname") == "other")
    check("not too long", write("kernel/hostname", "n" * 100) == 100 and read("kernel/hostname") == "n" * 64)


def buffers():
    setting("net/core/rmem_max", "10000", ["2303", "-1"])
    setting("net/core/wmem_default", "20000", ["4607"])
    plain = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100000)
    check("rmem_max holds", plain.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 20000)
    check("wmem_default holds", plain.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 20000)


def rights():
    def by_nobody():
        names = ["fs/nr_open", "kernel/core_pattern", "kernel/hostname", "vm/overcommit_memory", "kernel/shmmni",
                 "kernel/pid_max", "net/core/somaxconn", "net/core/rmem_max", "user/max_ipc_namespaces"]
        return sum(write(name, "5") != "EACCES" for name in names)
    check("nobody writes", in_child(by_nobody, 1000) == 0)
    check("what has no rule is not written", write("fs/file-max", "5") == "EACCES")
    for path, _, files in os.walk("/proc/sys"):
        for name in files:
            mode = stat.S_IMODE(os.stat(os.path.join(path, name)).st_mode)
            check("mode of " + name, mode in (0o444, 0o644, 0o200) or name == "ns_last_pid" and mode == 0o666)


for part in (pipes, descriptors, leases, watches, sticky, memory, processes, texts, buffers, rights):
    try:
        part()
    except Exception as error:  # pylint: disable=broad-except
        failures.append("%s: %r" % (part.__name__, error))
for failure in failures:
    print(failure, file=sys.stderr)
sys.exit(1 if failures else 0)
