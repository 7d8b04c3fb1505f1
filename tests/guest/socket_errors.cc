// Errors of the calls of sockets that other families do not ask for: addresses that cannot be, sockets that cannot do it, peers that are gone.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "tests/guest/guest_test.h"
#include "tests/guest/user_namespace.h"

namespace {

char bytes[64];
iovec vector{bytes, sizeof bytes};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}
sockaddr_un named(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  return address;
}
msghdr with_vector() {
  msghdr message{};
  message.msg_iov = &vector, message.msg_iovlen = 1;
  return message;
}
// A TCP socket that listens, and its port.
int listening(sockaddr_in& address) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  address = loopback(0);
  socklen_t length = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  listen(fd, 5);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return fd;
}

// Two sockets that are bound to one port, as both have SO_REUSEADDR.
bool two_on_one_port(int& one, int& other) {
  int on = 1;
  sockaddr_in here = loopback(0);
  socklen_t length = sizeof here;
  for (int* fd : {&one, &other}) {
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(*fd, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0) return false;
    getsockname(*fd, reinterpret_cast<sockaddr*>(&here), &length);
  }
  return true;
}

}  // namespace

TEST(addresses_that_cannot_be_read_or_written) {
  COVERS("accept", "accept4", "bind", "connect", "getsockname", "getpeername", "recvfrom", "recvmsg", "recvmmsg");
  int pair[2];
  ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
  socklen_t length = sizeof(sockaddr_un), negative = static_cast<socklen_t>(-1);
  sockaddr_un address{};
  EXPECT_ERRNO(EFAULT, SYS(bind, socket(AF_UNIX, SOCK_STREAM, 0), guest::bad_pointer(), sizeof address));
  EXPECT_ERRNO(EFAULT, SYS(connect, socket(AF_UNIX, SOCK_STREAM, 0), guest::bad_pointer(), sizeof address));
  EXPECT_ERRNO(EFAULT, SYS(getsockname, pair[0], guest::bad_pointer(), &length));
  EXPECT_ERRNO(EFAULT, SYS(getsockname, pair[0], &address, guest::bad_pointer()));
  length = sizeof address;
  EXPECT_ERRNO(EFAULT, SYS(getpeername, pair[0], guest::bad_pointer(), &length));
  EXPECT_ERRNO(EINVAL, SYS(getsockname, pair[0], &address, &negative));
  EXPECT_ERRNO(EINVAL, SYS(getpeername, pair[0], &address, &negative));
  send(pair[1], "x", 1, 0);
  EXPECT_ERRNO(EFAULT, SYS(recvfrom, pair[0], guest::bad_pointer(), 1, 0, nullptr, nullptr));
  msghdr message = with_vector();
  mmsghdr several{message, 0};
  EXPECT_ERRNO(EFAULT, SYS(recvmsg, pair[0], guest::bad_pointer(), 0));
  EXPECT_ERRNO(EFAULT, SYS(recvmmsg, pair[0], guest::bad_pointer(), 1, 0, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(recvmmsg, pair[0], &several, 1, 0, guest::bad_pointer()));
  timespec odd{0, 1000000000};
  EXPECT_ERRNO(EINVAL, SYS(recvmmsg, pair[0], &several, 1, 0, &odd));
  message.msg_iovlen = 1025;
  EXPECT_ERRNO(EMSGSIZE, SYS(recvmsg, pair[0], &message, 0));
  message = with_vector();
  message.msg_namelen = static_cast<socklen_t>(-1), message.msg_name = bytes;
  EXPECT_ERRNO(EINVAL, SYS(recvmsg, pair[0], &message, 0));
  sockaddr_in there;
  int listener = listening(there), client = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_OK(connect(client, reinterpret_cast<sockaddr*>(&there), sizeof there));
  EXPECT_ERRNO(EFAULT, SYS(accept, listener, guest::bad_pointer(), &length));
  ASSERT_OK(connect(socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&there), sizeof there));
  EXPECT_ERRNO(EFAULT, SYS(accept4, listener, guest::bad_pointer(), &length, 0));
}

TEST(sockets_that_accept_nothing) {
  COVERS("accept", "accept4", "listen");
  int datagrams = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_ERRNO(EOPNOTSUPP, SYS(accept, datagrams, nullptr, nullptr));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(accept4, datagrams, nullptr, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(accept, stream, nullptr, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(accept4, stream, nullptr, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(accept4, stream, nullptr, nullptr, 1));
  sockaddr_in there;
  int listener = listening(there);
  fcntl(listener, F_SETFL, O_NONBLOCK);
  EXPECT_ERRNO(EAGAIN, SYS(accept, listener, nullptr, nullptr));
  EXPECT_ERRNO(EAGAIN, SYS(accept4, listener, nullptr, nullptr, SOCK_NONBLOCK));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(listen, datagrams, 1));
  // Two with SO_REUSEADDR may have one port, until one of them listens.
  int one, other;
  ASSERT_TRUE(two_on_one_port(one, other));
  ASSERT_OK(listen(one, 1));
  EXPECT_ERRNO(EADDRINUSE, SYS(listen, other, 1));
}

TEST(pairs_that_cannot_be) {
  COVERS("socketpair", "socket");
  int pair[2];
  EXPECT_ERRNO(EAFNOSUPPORT, SYS(socketpair, 99, SOCK_STREAM, 0, pair));
  EXPECT_ERRNO(EPROTONOSUPPORT, SYS(socketpair, AF_UNIX, SOCK_STREAM, 77, pair));
  EXPECT_ERRNO(ESOCKTNOSUPPORT, SYS(socketpair, AF_UNIX, SOCK_RDM, 0, pair));
  EXPECT_ERRNO(EINVAL, SYS(socketpair, AF_UNIX, SOCK_STREAM | 0x100000, 0, pair));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(socketpair, AF_INET, SOCK_STREAM, 0, pair));
  EXPECT_ERRNO(EFAULT, SYS(socketpair, AF_UNIX, SOCK_STREAM, 0, guest::bad_pointer()));
}

TEST(names_that_cannot_be_bound) {
  COVERS("bind");
  guest::TempDir dir;
  close(guest::make_file(dir / "file", ""));
  symlink("loop", dir / "loop");
  const auto bound = [](const sockaddr_un& address, socklen_t length = sizeof(sockaddr_un)) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    long result = SYS(bind, fd, &address, length);
    int error = errno;
    close(fd);
    errno = error;
    return result;
  };
  char long_name[300];
  snprintf(long_name, sizeof long_name, "/%0104d", 1);
  EXPECT_ERRNO(ENOENT, bound(named(dir / "missing/socket")));
  EXPECT_ERRNO(ENOTDIR, bound(named(dir / "file/socket")));
  EXPECT_ERRNO(ELOOP, bound(named(dir / "loop/socket")));
  EXPECT_ERRNO(EADDRINUSE, bound(named(dir / "file")));
  EXPECT_ERRNO(EINVAL, bound(named("x"), sizeof(sockaddr_un) + 1));
  EXPECT_ERRNO(EINVAL, bound(named("x"), 1));
  sockaddr_in elsewhere = loopback(0);
  elsewhere.sin_addr.s_addr = htonl(0x08080808);
  EXPECT_ERRNO(EADDRNOTAVAIL, SYS(bind, socket(AF_INET, SOCK_DGRAM, 0), &elsewhere, sizeof elsewhere));
  EXPECT_ERRNO(EINVAL, SYS(bind, socket(AF_INET, SOCK_DGRAM, 0), &elsewhere, 4));
  // Not more than a directory's names: a long one in the working directory.
  chdir(dir.path());
  sockaddr_un full{};
  full.sun_family = AF_UNIX;
  memset(full.sun_path, 'x', sizeof full.sun_path);
  EXPECT_OK(bound(full));
  EXPECT_OK(chdir("/"));
}

TEST(ports_and_directories_of_others) {
  COVERS("bind", "connect");
  NEEDS_USER_NAMESPACES();
  guest::TempDir dir;
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = named(dir / "socket");
  ASSERT_OK(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address));
  ASSERT_OK(listen(listener, 1));
  if (guest::is_root()) {
    chmod(dir.path(), 0755), chmod(dir / "socket", 0700);
    EXPECT_EQ(0, guest::in_child([&] {
                if (setresuid(65534, 65534, 65534) != 0) return 1;
                EXPECT_ERRNO(EACCES, SYS(connect, socket(AF_UNIX, SOCK_STREAM, 0), &address, sizeof address));
                sockaddr_un mine = named(dir / "mine");
                EXPECT_ERRNO(EACCES, SYS(bind, socket(AF_UNIX, SOCK_STREAM, 0), &mine, sizeof mine));
                sockaddr_in low = loopback(81);
                EXPECT_ERRNO(EACCES, SYS(bind, socket(AF_INET, SOCK_STREAM, 0), &low, sizeof low));
                return 0;
              }));
  }
  sockaddr_in everybody = loopback(9);
  everybody.sin_addr.s_addr = htonl(INADDR_BROADCAST);
  int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
  long result = SYS(connect, datagrams, &everybody, sizeof everybody);
  EXPECT_TRUE(result == -1 && (errno == EACCES || errno == ENETUNREACH));
}

TEST(connections_that_cannot_be_made) {
  COVERS("connect");
  sockaddr_in there;
  int listener = listening(there);
  ASSERT_OK(listener);
  sockaddr_in odd = there;
  odd.sin_family = AF_APPLETALK;
  EXPECT_ERRNO(EAFNOSUPPORT, SYS(connect, socket(AF_INET, SOCK_STREAM, 0), &odd, sizeof odd));
  EXPECT_ERRNO(EINVAL, SYS(connect, socket(AF_INET, SOCK_STREAM, 0), &there, 4));
  // The same four numbers twice.
  int first, second;
  ASSERT_TRUE(two_on_one_port(first, second));
  ASSERT_OK(connect(first, reinterpret_cast<sockaddr*>(&there), sizeof there));
  EXPECT_ERRNO(EADDRNOTAVAIL, SYS(connect, second, &there, sizeof there));
  // A queue without room, and nobody who waits.
  guest::TempDir dir;
  int busy = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = named(dir / "socket");
  ASSERT_OK(bind(busy, reinterpret_cast<sockaddr*>(&address), sizeof address));
  ASSERT_OK(listen(busy, 0));
  ASSERT_OK(connect(socket(AF_UNIX, SOCK_STREAM, 0), reinterpret_cast<sockaddr*>(&address), sizeof address));
  EXPECT_ERRNO(EAGAIN, SYS(connect, socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), &address, sizeof address));
}

TEST(what_receiving_says_of_peers) {
  COVERS("recvmsg", "recvmmsg", "recvfrom");
  msghdr message = with_vector();
  mmsghdr several{message, 0};
  int alone = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_ERRNO(ENOTCONN, SYS(recvmsg, alone, &message, 0));
  EXPECT_ERRNO(ENOTCONN, SYS(recvmmsg, alone, &several, 1, 0, nullptr));
  EXPECT_ERRNO(ENOTCONN, SYS(recvfrom, alone, bytes, 1, 0, nullptr, nullptr));
  int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  EXPECT_ERRNO(EAGAIN, SYS(recvmsg, datagrams, &message, 0));
  EXPECT_ERRNO(EAGAIN, SYS(recvmmsg, datagrams, &several, 1, 0, nullptr));
  // Nobody at the port: the next call hears of it.
  sockaddr_in nobody = loopback(0);
  socklen_t length = sizeof nobody;
  int other = socket(AF_INET, SOCK_DGRAM, 0);
  bind(other, reinterpret_cast<sockaddr*>(&nobody), sizeof nobody);
  getsockname(other, reinterpret_cast<sockaddr*>(&nobody), &length);
  close(other);
  ASSERT_OK(connect(datagrams, reinterpret_cast<sockaddr*>(&nobody), sizeof nobody));
  send(datagrams, "x", 1, 0);
  EXPECT_ERRNO(ECONNREFUSED, SYS(recvmmsg, datagrams, &several, 1, 0, nullptr));
  send(datagrams, "x", 1, 0);
  EXPECT_ERRNO(ECONNREFUSED, SYS(recvmsg, datagrams, &message, 0));
  // A peer that goes with data unread resets.
  for (int i = 0; i < 2; ++i) {
    sockaddr_in there;
    int listener = listening(there), client = socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_OK(connect(client, reinterpret_cast<sockaddr*>(&there), sizeof there));
    int server = accept(listener, nullptr, nullptr);
    send(client, "x", 1, 0);
    char byte;
    recv(server, &byte, 1, MSG_PEEK);
    close(server);
    if (i == 0)
      EXPECT_ERRNO(ECONNRESET, SYS(recvmsg, client, &message, 0));
    else
      EXPECT_ERRNO(ECONNRESET, SYS(recvmmsg, client, &several, 1, 0, nullptr));
    close(listener), close(client);
  }
}

GUEST_TEST_MAIN
