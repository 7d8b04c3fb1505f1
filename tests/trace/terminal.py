"""What is asked of terminals, interfaces and files by ioctl(2). For tests/run-trace."""
import ctypes
import os
import pty
import socket
import struct

libc = ctypes.CDLL(None)
master, slave = pty.openpty()
words = ctypes.create_string_buffer(256)


def ioctl(fd, command, place):
    libc.syscall(16, fd, ctypes.c_ulong(command), place)


for command in (0x5401, 0x802C542A, 0x5405, 0x5413, 0x5411, 0x5424, 0x5409):
    ioctl(slave, command, words if command != 0x5409 else 1)
ioctl(master, 0x80045430, words)
ioctl(slave, 0x5401, words)
for c_oflag, c_cflag in (((b"\x18", 5), (b"\0", 8)), ((b"\0", 5), (b"\x30", 8))):
    words[c_oflag[1]], words[c_cflag[1]] = c_oflag[0], c_cflag[0]
    ioctl(-1, 0x5402, words)
ioctl(-1, 0x540B, 2)
ioctl(-1, 0x540A, 1)
stream = socket.socket()
for command in (0x8913, 0x8915, 0x8919, 0x891B, 0x8921, 0x8927, 0x8933):
    ioctl(stream.fileno(), command, ctypes.create_string_buffer(struct.pack("16s24s", b"lo", b"")))
    ioctl(stream.fileno(), command, ctypes.create_string_buffer(struct.pack("16s24s", b"none", b"")))
ioctl(stream.fileno(), 0x8910, ctypes.create_string_buffer(struct.pack("16si20s", b"", 1, b"")))
room = ctypes.create_string_buffer(40)
ioctl(stream.fileno(), 0x8912, ctypes.create_string_buffer(struct.pack("iq", 40, ctypes.addressof(room))))
ioctl(stream.fileno(), 0x5421, words)
os._exit(0)
