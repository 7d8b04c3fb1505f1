"""Calls with constants of many kinds. For tests/run-trace."""
import fcntl
import mmap
import os
import resource
import select
import signal
import socket
import struct
import termios
import time

one, other = socket.socketpair()
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
server.bind(("127.0.0.1", 0))
server.listen()
client = socket.create_connection(server.getsockname())
accepted, _ = server.accept()
accepted.shutdown(socket.SHUT_RDWR)
socket.socket(socket.AF_UNIX).connect_ex("/nonexistent")
socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect_ex(("::1", 9))
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
epoll = select.epoll()
epoll.register(other, select.EPOLLIN | select.EPOLLOUT)
epoll.poll(0)
poll = select.poll()
poll.register(one, select.POLLOUT)
poll.poll(0)
select.select([one], [], [], 0)
fcntl.fcntl(epoll.fileno(), fcntl.F_GETFD)
file = os.open("file", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
fcntl.fcntl(file, fcntl.F_GETFL)
fcntl.lockf(file, fcntl.LOCK_EX)
os.ftruncate(file, 8192)
os.lseek(file, 0, os.SEEK_END)
os.posix_fadvise(file, 0, 0, os.POSIX_FADV_WILLNEED)
memory = mmap.mmap(file, 4096)
memory.madvise(mmap.MADV_DONTNEED)
memory.flush()
os.unlink("file")
try:
    termios.tcgetattr(0)
except termios.error:
    pass
resource.getrlimit(resource.RLIMIT_CORE)
signal.setitimer(signal.ITIMER_REAL, 100)
signal.setitimer(signal.ITIMER_REAL, 0)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, 64])
signal.signal(signal.SIGUSR2, signal.SIG_IGN)
time.sleep(0.001)
os.stat("/tmp")
os.stat("/dev/null")
os.access("/etc", os.R_OK | os.X_OK)
os.memfd_create("x")
os.eventfd(1)
os.sched_getscheduler(0)
os.getpriority(os.PRIO_PROCESS, 0)
os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", file))])
other.recvmsg(10, 100)
os.waitpid(os.fork() or os._exit(3), 0)
killed = os.fork()
if killed == 0:
    os.kill(os.getpid(), signal.SIGKILL)
os.waitid(os.P_PID, killed, os.WEXITED)
