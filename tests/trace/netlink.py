"""Messages of netlink(7) in both directions. For tests/run-trace."""
import os
import socket
import struct


def request(kind, flags, body, number):
    return struct.pack("IHHII", 16 + len(body), kind, flags, number, 0) + body


route = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
route.bind((0, 0))
link = struct.pack("BxHiII", 0, 0, 0, 0, 0)
lo = struct.pack("BxHiII", 0, 0, 1, 0, 0)
name = struct.pack("HH", 7, 3) + b"lo\0\0"
route.send(request(18, 5, lo + name + struct.pack("HHI", 8, 29, 1), 1))  # a link by its name
route.recv(65536)
route.sendto(request(19, 5, struct.pack("BxHiII", 0, 0, 99, 1, 1), 2), (0, 0))  # one that is not there
route.recv(65536)
route.send(request(22, 0x301, struct.pack("BBBBi", 10, 0, 0, 0, 0), 3))  # addresses
route.send(request(26, 0x301, struct.pack("BBBBBBBBI", 2, 8, 0, 0, 255, 2, 254, 2, 0), 4))  # routes
route.send(request(16, 0x605, link, 5))
route.send(request(17, 0x105, link, 6))
route.send(request(30, 0x301, struct.pack("BBHiHBB", 2, 0, 0, 0, 2, 2, 1), 7))  # neighbours
route.send(request(24, 0x605, struct.pack("BBBBBBBBI", 2, 32, 0, 0, 254, 4, 253, 1, 0) + struct.pack("HH4B", 8, 1, 127, 9, 9, 9) +
                   struct.pack("HHI", 8, 4, 1) + struct.pack("HHI", 8, 6, 77) + struct.pack("HH3sx", 7, 0x8008, b"abc"), 8))
route.send(request(3, 0, b"", 9))  # a head alone
route.send(request(18, 0, b"\2\0\0\0", 10) * 2)  # two, and less than a link's message
route.send(request(99, 0x1234, b"0123456789" * 8, 11))  # of no known kind
route.send(b"abc")  # no message
route.send(struct.pack("IHHII", 1000, 16, 1, 12, 0) + link)  # longer than it is
route.send(struct.pack("IHHII", 3, 16, 1, 13, 0) + link)  # shorter than its head
route.send(request(16, 1, link + struct.pack("HH", 100, 3) + b"lo\0\0", 14))  # an attribute that ends nowhere
route.send(request(20, 0x305, struct.pack("BBBBi", 2, 8, 0, 0, 1) + struct.pack("HH", 4, 0) + struct.pack("HH", 3, 0), 15))  # attributes without data
os._exit(0)
