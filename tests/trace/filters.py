"""Programs of classic BPF for seccomp(2) and SO_ATTACH_FILTER, which both refuse. For tests/run-trace."""
import ctypes
import os
import socket
import struct

libc = ctypes.CDLL(None)
STEPS = ((0x20, 0, 0, 4), (0x15, 1, 0, 0xC000003E), (6, 0, 0, 0), (0x20, 0, 0, 0), (0x35, 0, 1, 0x40000000), (6, 0, 0, 0x80000000),
         (0x15, 0, 1, 59), (6, 0, 0, 0x50001), (0x54, 0, 0, 0xFF), (0x1C, 0, 0, 0), (0x07, 0, 0, 0), (0x87, 0, 0, 0), (0x60, 0, 0, 1),
         (0x02, 0, 0, 2), (0xB1, 0, 0, 3), (0x05, 0, 0, 1), (0x84, 0, 0, 0), (0x16, 0, 0, 0), (6, 0, 0, 0x7FFF0000))
steps = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in STEPS))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(STEPS), ctypes.addressof(steps)))
libc.syscall(317, 1, 0, program)
libc.syscall(157, 22, 2, program, 0, 0)
libc.syscall(54, socket.socket().fileno(), 1, 26, program, 16)
os._exit(0)
