// ip(7), tcp(7), udp(7) on the loopback interface.
#include "tests/guest/guest_test.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace {
sockaddr_in local(uint16_t port = 0) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}
uint16_t port_of(int fd) {
  sockaddr_in address;
  socklen_t length = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}
int server(int kind) {
  int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
  sockaddr_in address = local();
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  return kind == SOCK_DGRAM || listen(fd, 8) == 0 ? fd : -1;
}
int dial(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = local(port);
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}
}  // namespace

TEST(tcp_connects_and_talks) {
  COVERS("socket", "bind", "listen", "connect", "accept", "read", "write");
  int listening = server(SOCK_STREAM);
  ASSERT_OK(listening);
  EXPECT_NE(0, port_of(listening));
  int client = dial(port_of(listening));
  ASSERT_OK(client);
  sockaddr_in peer;
  socklen_t length = sizeof peer;
  int taken = accept(listening, reinterpret_cast<sockaddr*>(&peer), &length);
  ASSERT_OK(taken);
  EXPECT_EQ(htonl(INADDR_LOOPBACK), peer.sin_addr.s_addr);
  EXPECT_EQ(port_of(client), ntohs(peer.sin_port));
  EXPECT_EQ(5, write(client, "hello", 5));
  char out[8] = {};
  EXPECT_EQ(5, read(taken, out, 8));
  shutdown(client, SHUT_WR);
  EXPECT_EQ(0, read(taken, out, 8));
  EXPECT_EQ(3, write(taken, "bye", 3));
  close(taken);
  EXPECT_EQ(3, read(client, out, 8));
  EXPECT_EQ(0, read(client, out, 8));
}

TEST(a_port_without_a_listener_refuses) {
  COVERS("connect");
  int listening = server(SOCK_STREAM);
  uint16_t port = port_of(listening);
  close(listening);
  EXPECT_ERRNO(ECONNREFUSED, dial(port));
}

TEST(a_nonblocking_connect_is_in_progress) {
  COVERS("connect", "poll", "getsockopt");
  int listening = server(SOCK_STREAM);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address = local(port_of(listening));
  int result = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  EXPECT_TRUE(result == 0 || errno == EINPROGRESS);
  pollfd poller{fd, POLLOUT, 0};
  EXPECT_EQ(1, poll(&poller, 1, 2000));
  int error = 9;
  socklen_t length = sizeof error;
  EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
  EXPECT_EQ(0, error);
  connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);  // the first one after EINPROGRESS succeeds
  EXPECT_ERRNO(EISCONN, connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

TEST(a_port_in_use_is_refused) {
  COVERS("bind", "setsockopt");
  int first = server(SOCK_STREAM), second = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  sockaddr_in address = local(port_of(first));
  EXPECT_ERRNO(EADDRINUSE, bind(second, reinterpret_cast<sockaddr*>(&address), sizeof address));
  EXPECT_OK(setsockopt(second, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  EXPECT_ERRNO(EADDRINUSE, bind(second, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

TEST(much_data_arrives_whole) {
  COVERS("read", "write");
  int listening = server(SOCK_STREAM);
  uint16_t port = port_of(listening);
  pid_t child = guest::spawn([&] {
    int fd = dial(port);
    static unsigned char block[65536];
    for (size_t i = 0; i < sizeof block; ++i) block[i] = static_cast<unsigned char>(i * 7);
    for (int i = 0; i < 16; ++i) {
      for (size_t sent = 0; sent < sizeof block;) {
        ssize_t more = write(fd, block + sent, sizeof block - sent);
        if (more <= 0) return 1;
        sent += static_cast<size_t>(more);
      }
    }
    return 0;
  });
  int taken = accept(listening, nullptr, nullptr);
  static unsigned char in[10000];
  long total = 0, wrong = 0;
  for (ssize_t got; (got = read(taken, in, sizeof in)) > 0; total += got) {
    for (ssize_t i = 0; i < got; ++i) wrong += in[i] != static_cast<unsigned char>((total + i) % 65536 * 7);
  }
  EXPECT_EQ(16 * 65536, total);
  EXPECT_EQ(0, wrong);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(udp_keeps_borders_and_tells_the_sender) {
  COVERS("sendto", "recvfrom", "connect");
  int one = server(SOCK_DGRAM), two = server(SOCK_DGRAM);
  sockaddr_in to = local(port_of(one)), from;
  socklen_t length = sizeof from;
  EXPECT_EQ(2, sendto(two, "ab", 2, 0, reinterpret_cast<sockaddr*>(&to), sizeof to));
  EXPECT_EQ(3, sendto(two, "cde", 3, 0, reinterpret_cast<sockaddr*>(&to), sizeof to));
  char out[8];
  EXPECT_EQ(2, recvfrom(one, out, 8, 0, reinterpret_cast<sockaddr*>(&from), &length));
  EXPECT_EQ(port_of(two), ntohs(from.sin_port));
  EXPECT_EQ(3, recv(one, out, 8, 0));
  EXPECT_OK(connect(two, reinterpret_cast<sockaddr*>(&to), sizeof to));
  EXPECT_EQ(1, send(two, "f", 1, 0));
  EXPECT_ERRNO(EMSGSIZE, [&] {
    static char huge[70000];
    return send(two, huge, sizeof huge, 0);
  }());
}

TEST(ipv6_loopback) {
  COVERS("socket", "bind", "connect");
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd == -1) SKIP("no IPv6 here");
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == -1) SKIP("no IPv6 loopback here");
  listen(fd, 1);
  socklen_t length = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  int client = socket(AF_INET6, SOCK_STREAM, 0);
  EXPECT_OK(connect(client, reinterpret_cast<sockaddr*>(&address), length));
}

TEST(tcp_options) {
  COVERS("getsockopt", "setsockopt");
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1, told = 0;
  socklen_t length = sizeof told;
  EXPECT_OK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  EXPECT_OK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &told, &length));
  EXPECT_EQ(1, told);
  EXPECT_OK(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
  EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &told, &length));
  EXPECT_EQ(0, told);
  EXPECT_ERRNO(ENOPROTOOPT, setsockopt(fd, IPPROTO_TCP, 9999, &on, sizeof on));
}

TEST(the_loopback_interface_is_there) {
  COVERS("ioctl", "socket");
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  EXPECT_OK(ioctl(fd, SIOCGIFFLAGS, &request));
  EXPECT_TRUE(request.ifr_flags & IFF_LOOPBACK);
  EXPECT_OK(ioctl(fd, SIOCGIFINDEX, &request));
  EXPECT_EQ(1, request.ifr_ifindex);
  strcpy(request.ifr_name, "nonesuch0");
  EXPECT_ERRNO(ENODEV, ioctl(fd, SIOCGIFFLAGS, &request));
}

GUEST_TEST_MAIN
