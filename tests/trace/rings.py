"""Words of io_uring(7), all of them refused. For tests/run-trace."""
import ctypes
import os
import struct

libc = ctypes.CDLL(None)
keep = []


def at(data):
    keep.append(ctypes.create_string_buffer(data, max(len(data), 1)))
    return ctypes.addressof(keep[-1])


def call(number, *words):
    libc.syscall(ctypes.c_long(number), *[ctypes.c_long(word) for word in words])


for flags in (0, 0xfff, 1<<14, 1<<30):
    call(425, 4, at(struct.pack("IIIIIIIIII", 1, 2, flags, 3, 4, 5, -1&0xffffffff, 0, 0, 7).ljust(120, b"\0")))
call(425, 4, 0x1000)
for op in [n for n in range(30) if n not in (24, 25)]:
    call(427, 99, op, 0, 0)
    call(427, 99, op, 0x1000, 2)
    call(427, 99, op, at(struct.pack("16Q", *range(1, 17))), 2)
    call(427, 99, op|1<<31, at(struct.pack("16Q", *range(1, 17))), 1)
iov=at(struct.pack("QQQQ", 4096, 1, 8192, 2))
call(427, 99, 0, iov, 2)
call(427, 99, 6, at(struct.pack("IIQ", 1, 0, at(struct.pack("ii", 3, -1)))), 2)
call(427, 99, 8, at(struct.pack("BBHIII", 5, 2, 0, 0, 0, 0)+struct.pack("BBHI", 1, 0, 1, 0)*2), 2)
call(427, 99, 11, at(struct.pack("HBB3I", 0, 5, 0, 0, 0, 0)+struct.pack("HBB3I", 2, 7, 0, 0, 0, 0)+struct.pack("HBB3I", 9, 7, 0, 0, 0, 0)), 3)
call(427, 99, 13, at(struct.pack("IIQQQ", 2, 0, 0, at(struct.pack("ii", 3, 4)), at(struct.pack("QQ", 1, 2)))), 32)
call(427, 99, 15, at(struct.pack("IIQQQ", 2, 1, 0, iov, at(struct.pack("QQ", 1, 2)))), 32)
call(427, 99, 14, at(struct.pack("IIQQII", 1, 0, at(struct.pack("ii", 3, 4)), at(struct.pack("QQ", 1, 2)), 2, 0)), 32)
call(427, 99, 16, at(struct.pack("IIQQII", 1, 0, iov, at(struct.pack("QQ", 1, 2)), 2, 0)), 32)
call(427, 99, 17, at(struct.pack("Q", 5)), 8)
call(427, 99, 19, at(struct.pack("II", 5, 6)), 2)
call(427, 99, 20, at(struct.pack("IIQIIQ", 5, 0, 6, 7, 0, 8)), 2)
call(427, 99, 21, at(struct.pack("IIQ", 5, 0, 6)), 1)
call(427, 99, 22, at(struct.pack("QIHHQQQ", 4096, 8, 3, 0, 0, 0, 0)), 1)
call(427, 99, 23, at(struct.pack("QIHHQQQ", 4096, 8, 3, 0, 0, 0, 0)), 1)
call(426, 99, 1, 1, 0x1f, at(struct.pack("Q", 1)), 8)
call(426, 99, 1, 1, 0x8, at(struct.pack("QIIQ", at(struct.pack("Q", 1)), 8, 0, at(struct.pack("qq", 1, 2)))), 24)
call(426, 99, 1, 1, 0x8, 0, 24)
os._exit(0)
