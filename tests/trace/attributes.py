"""Words of bpf(2) and io_uring(7), most of them refused. For tests/run-trace."""
import ctypes
import os
import struct

libc = ctypes.CDLL(None)
keep = []


def place(data):
    keep.append(ctypes.create_string_buffer(data, max(len(data), 1)))
    return ctypes.addressof(keep[-1])


def call(number, *words):
    libc.syscall(ctypes.c_long(number), *[ctypes.c_long(word) for word in words])


def bpf(command, data, size=None):
    call(321, command, place(data.ljust(256, b"\0")), len(data) if size is None else size)


gpl = place(b"GPL\0")
path = place(b"/sys/fs/bpf/none\0")
for size in (4, 16, 20, 72, 144):
    bpf(0, struct.pack("IIIII", 2, 4, 8, 3, 0x20).ljust(28, b"\0") + b"map", size)
bpf(0, b"\0" * 140 + b"\7")
for command in range(38):
    for size in (4, 16, 144):
        bpf(command, b"\1", size)
bpf(5, struct.pack("IIQQ", 1, 2, gpl, gpl), 48)
bpf(5, struct.pack("IIQQIIQIi16s", 99, 2, 0, gpl, 1, 2, 3, 0x10203, 0x41, b"name"), 144)
bpf(6, struct.pack("QII", path, 3, 9), 16)
bpf(17, struct.pack("QI", path, 3), 16)
bpf(18, struct.pack("QQIII", gpl, 0, 4, 0, 0), 28)
call(321, 0, 0, 16)
call(321, 0, 1, 16)
call(425, 4, 0)
call(425, 4, place(struct.pack("IIIII", 0, 0, 1 << 30, 0, 0).ljust(120, b"\0")))
call(425, 0, place(struct.pack("IIIII", 0, 0, 2, 1, 7).ljust(120, b"\0")))
call(426, 99, 0, 0, 1, place(struct.pack("Q", 1)), 8)
call(426, 99, 1, 1, 0x82, 0, 8)
call(427, 99, 0, place(struct.pack("QQ", gpl, 3)), 1)
call(427, 99, 2, place(struct.pack("ii", 0, -1)), 2)
call(427, 99, 4, place(struct.pack("i", 7)), 1)
call(427, 99, 1, 0, 0)
call(427, 99, 99, 1, 0)
os._exit(0)
