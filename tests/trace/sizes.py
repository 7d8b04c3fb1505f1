"""Structures that say how long they are, and answers that are written over what was asked. For tests/run-trace: sizes.py KIND."""
import ctypes
import mmap
import os
import socket
import struct
import sys

libc = ctypes.CDLL(None)
kept = []
pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
end = ctypes.addressof(ctypes.c_char.from_buffer(pages)) + mmap.PAGESIZE
libc.mprotect(ctypes.c_void_p(end), mmap.PAGESIZE, 0)
SCHED_SETATTR, SCHED_GETATTR, SENDMMSG, RECVMMSG, BPF, CLONE3, OPENAT2, MOUNT_SETATTR, LANDLOCK = 314, 315, 307, 299, 321, 435, 437, 442, 444
HERE = 0xffffffffffffff9c


def block(data):
    kept.append(ctypes.create_string_buffer(data, len(data)))
    return ctypes.addressof(kept[-1])


def at_end(data):
    """Where memory that is there ends."""
    ctypes.memmove(end - len(data), data, len(data))
    return end - len(data)


def call(number, *words):
    libc.syscall(ctypes.c_long(number), *map(ctypes.c_void_p, words))


def structures():
    rest = struct.pack("<IQiIQQQII", 0, 0, 3, 0, 0, 0, 0, 0, 0)  # of a sched_attr
    for size, tail in ((0, b""), (47, b""), (48, b""), (52, b""), (56, b""), (57, b"\0"), (60, b"\1\2\3\4"), (64, b"\0" * 8),
                       (64, b"\0\0\5" + b"\0" * 5), (4097, b"x" * 4041), (5000, b"y" * 4944), (0xffffffff, b"")):
        call(SCHED_SETATTR, 0, block(struct.pack("<I", size) + rest + tail + b"Z" * 8), 0)
    call(SCHED_SETATTR, 0, at_end(struct.pack("<I", 100) + rest + b"abcd"), 0)
    call(SCHED_SETATTR, 0, at_end(struct.pack("<I", 100) + rest + b"\0\0"), 0)
    call(SCHED_SETATTR, 0, at_end(struct.pack("<I", 56)), 0)
    for place in (0, 1):
        call(SCHED_SETATTR, 0, place, 5 * place)
    for size in (0, 47, 48, 52, 56, 57, 64, 100, 4096, 4097):
        call(SCHED_GETATTR, 0, block(b"q" * 5000), size, 0)
    how, name = struct.pack("<QQQ", os.O_RDONLY | os.O_CLOEXEC, 0, 0), block(b"/etc/hostname\0")
    for size, tail in ((0, b""), (23, b""), (24, b""), (25, b"\0"), (32, b"\0" * 8), (32, b"\1" + b"\0" * 7), (64, b"\0" * 39 + b"\7"),
                       (4096, b"\0" * 4072), (4097, b"\0" * 4073), (4097, b"\0" * 4072 + b"\1"), (5000, b"a" * 4976)):
        call(OPENAT2, HERE, name, block(how + tail), size)
    for tail in (b"", b"\1\0", b"\0\0"):
        call(OPENAT2, HERE, name, at_end(how + tail), 40)
    args = struct.pack("<11Q", 1 << 36, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0)  # no such flag, and no such signal
    for size, tail in ((0, b""), (63, b""), (64, b""), (72, b""), (80, b""), (88, b""), (89, b"\0"), (96, b"\0" * 8), (96, b"\0" * 7 + b"\1"),
                       (4096, b"\2" * 4008), (4097, b"\2" * 4009)):
        call(CLONE3, block(args + tail), size)
    call(CLONE3, at_end(args), 96)
    for size in (64, 65, 72, 80, 88, 100):
        call(CLONE3, block(struct.pack("<11Q", 1 << 33, 7, 8, 9, 99, 10, 11, 12, 13, 14, 15) + b"\1" * 12), size)
    attr = struct.pack("<QQQQ", 1, 2, 0, 5)
    for size, tail in ((0, b""), (31, b""), (32, b""), (33, b"\0"), (40, b"\0" * 8), (40, b"\1" + b"\0" * 7), (4097, b"\1" * 4065)):
        call(MOUNT_SETATTR, 77, block(b"x\0"), 0x8000, block(attr + tail), size)
    call(MOUNT_SETATTR, 77, block(b"x\0"), 0x8000, at_end(attr), 48)


def refused():
    """What the sandbox refuses, whatever its words are."""
    for size in (0, 7, 8, 9, 16, 24, 4097):
        call(LANDLOCK, block(struct.pack("<Q", 1) + b"\1" * 4089), size, 0xf0)
    call(LANDLOCK, at_end(struct.pack("<Q", 3)), 16, 0)
    for command in (0, 1, 5, 6, 12, 13, 28, 35):
        for size, tail in ((1, b""), (144, b"\0"), (200, b"\5" * 200), (4096, b"\5" * 4000), (4097, b"\5" * 4000)):
            call(BPF, command, block(struct.pack("<IIII", 200, 4, 8, 1) + b"\0" * 130 + tail), size)


def vector(count, size=4, names=False):
    out = b""
    for _ in range(count):
        iov = block(struct.pack("<QQ", block(b"abcd" * 8), size))
        out += struct.pack("<QIIQQQQIIII", block(b"N" * 128) if names else 0, 100 if names else 0, 0, iov, 1, 0, 0, 0, 0, 0xdead, 0)
    return block(out)


def messages():
    def seconds(s, ns):
        return block(struct.pack("<qq", s, ns))
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    u, v = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    u.bind(("127.0.0.1", 0))
    v.connect(u.getsockname())
    for _ in range(3):
        v.send(b"abcdef")
    dontwait, waitforone = 0x40, 0x10000
    call(RECVMMSG, u.fileno(), vector(4, 4, True), 4, dontwait, seconds(1, 0))
    call(SENDMMSG, a.fileno(), vector(3), 3, 0)
    call(RECVMMSG, b.fileno(), vector(2, 8), 2, 0, seconds(2, 5))
    call(RECVMMSG, b.fileno(), vector(2, 8), 2, dontwait, 0)
    call(RECVMMSG, b.fileno(), vector(2, 8), 2, dontwait, seconds(2, 5))
    call(SENDMMSG, a.fileno(), vector(9), 9, dontwait)
    call(RECVMMSG, b.fileno(), vector(12), 12, waitforone | dontwait, seconds(3, 100))
    call(RECVMMSG, b.fileno(), vector(1), 0, 0, 0)
    call(SENDMMSG, a.fileno(), vector(1), 0, 0)
    for s, ns in ((-1, 0), (0, 1000000000)):
        call(RECVMMSG, b.fileno(), vector(1), 1, 0, seconds(s, ns))
    call(RECVMMSG, b.fileno(), vector(1), 1, 0, 1)
    call(RECVMMSG, 99, vector(1), 1, 0, seconds(1, 0))
    call(RECVMMSG, b.fileno(), 0x10, 1, dontwait, seconds(1, 0))
    call(SENDMMSG, 99, vector(2), 2, 0)
    call(SENDMMSG, a.fileno(), 0x10, 2, 0)


globals()[sys.argv[1]]()
