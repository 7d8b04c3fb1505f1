// Less usual ways of TCP connections: tcp(7), socket(7), MSG_ZEROCOPY of send(2).
#include "tests/guest/guest_test.h"
#include "tests/guest/sockets.h"

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif
#ifndef SO_EE_ORIGIN_ZEROCOPY
#define SO_EE_ORIGIN_ZEROCOPY 5
#endif

namespace {
using guest::generic;
using guest::name_of;
int bound(int type, uint16_t port = 0, int option = 0) {
  int fd = socket(AF_INET, type, 0), on = 1;
  if (option != 0) setsockopt(fd, SOL_SOCKET, option, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET, address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return bind(fd, generic(&address), sizeof address) == 0 ? fd : -1;
}
int listener() {
  int fd = bound(SOCK_STREAM);
  return listen(fd, 8) == 0 ? fd : -1;
}
struct Pair {
  int a = -1, b = -1;
};
Pair tcp_pair() {
  int listening = listener();
  Pair pair{socket(AF_INET, SOCK_STREAM, 0), -1};
  sockaddr_in to = name_of(listening);
  connect(pair.a, generic(&to), sizeof to);
  pair.b = accept(listening, nullptr, nullptr);
  close(listening);
  return pair;
}
}  // namespace

TEST(a_send_that_connects) {
  COVERS("sendto");
  int listening = listener(), fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to = name_of(listening);
  EXPECT_ERRNO(EINVAL, send(fd, "x", 1, MSG_FASTOPEN));
  if (sendto(fd, "data", 4, MSG_FASTOPEN, generic(&to), sizeof to) != 4) {
    if (errno == EOPNOTSUPP) SKIP("this Linux does not let clients use TCP Fast Open");
  }
  int taken = accept(listening, nullptr, nullptr);
  char bytes[8]{};
  EXPECT_EQ(4, recv(taken, bytes, 4, MSG_WAITALL));
  EXPECT_STREQ("data", bytes);
  EXPECT_EQ(4, send(fd, "more", 4, 0));
  EXPECT_EQ(4, recv(taken, bytes, 4, MSG_WAITALL));
  EXPECT_ERRNO(EISCONN, sendto(fd, "data", 4, MSG_FASTOPEN, generic(&to), sizeof to));
  close(listening);
  int refused = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_ERRNO(ECONNREFUSED, sendto(refused, "data", 4, MSG_FASTOPEN, generic(&to), sizeof to));
}

TEST(a_socket_that_is_connected_to_itself) {
  COVERS("connect", "getpeername");
  int fd = bound(SOCK_STREAM);
  sockaddr_in own = name_of(fd), peer{};
  socklen_t length = sizeof peer;
  ASSERT_OK(connect(fd, generic(&own), sizeof own));
  ASSERT_EQ(2, send(fd, "me", 2, 0));
  char bytes[4]{};
  EXPECT_EQ(2, recv(fd, bytes, 4, 0));
  EXPECT_STREQ("me", bytes);
  EXPECT_OK(getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length));
  EXPECT_EQ(own.sin_port, peer.sin_port);
  EXPECT_OK(shutdown(fd, SHUT_WR));
  EXPECT_EQ(0, recv(fd, bytes, 4, 0));
}

TEST(a_group_shares_what_comes) {
  COVERS("setsockopt", "bind", "listen", "accept");
  int a = bound(SOCK_STREAM, 0, SO_REUSEPORT);
  int b = bound(SOCK_STREAM, ntohs(name_of(a).sin_port), SO_REUSEPORT);
  ASSERT_TRUE(a >= 0 && b >= 0);
  EXPECT_EQ(-1, bound(SOCK_STREAM, ntohs(name_of(a).sin_port), SO_REUSEADDR));
  ASSERT_OK(listen(a, 64));
  ASSERT_OK(listen(b, 64));
  int clients[60];
  sockaddr_in to = name_of(a);
  for (int& client : clients) {
    client = socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_OK(connect(client, generic(&to), sizeof to));
  }
  int counts[2]{};
  for (int i = 0; i < 2; ++i) {
    int fd = i == 0 ? a : b;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int taken; (taken = accept(fd, nullptr, nullptr)) >= 0; close(taken)) ++counts[i];
  }
  EXPECT_EQ(60, counts[0] + counts[1]);
  EXPECT_TRUE(counts[0] > 5 && counts[1] > 5);
  // Datagrams of one sender go to one of them.
  int u = bound(SOCK_DGRAM, 0, SO_REUSEPORT), v = bound(SOCK_DGRAM, ntohs(name_of(u).sin_port), SO_REUSEPORT);
  int from = bound(SOCK_DGRAM);
  sockaddr_in there = name_of(u);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(1, sendto(from, "x", 1, 0, generic(&there), sizeof there));
  int heard[2]{};
  char byte;
  for (int i = 0; i < 2; ++i) {
    while (recv(i == 0 ? u : v, &byte, 1, MSG_DONTWAIT) == 1) ++heard[i];
  }
  EXPECT_EQ(10, heard[0] + heard[1]);
  EXPECT_TRUE(heard[0] == 0 || heard[1] == 0);
}

TEST(what_tcp_tells_of_a_connection) {
  COVERS("getsockopt", "recvmsg");
  Pair pair = tcp_pair();
  char bytes[1000]{};
  ASSERT_EQ(1000, send(pair.a, bytes, sizeof bytes, 0));
  ASSERT_EQ(100, recv(pair.b, bytes, 100, MSG_WAITALL));
  tcp_info info{};
  socklen_t length = sizeof info;
  ASSERT_OK(getsockopt(pair.b, IPPROTO_TCP, TCP_INFO, &info, &length));
  EXPECT_EQ(1, info.tcpi_state);
  EXPECT_EQ(1000u, info.tcpi_bytes_received);
  // How much is left.
  int on = 1;
  if (setsockopt(pair.b, IPPROTO_TCP, TCP_INQ, &on, sizeof on) != 0) SKIP("this Linux has no TCP_INQ");
  alignas(8) char control[64];
  iovec vector{bytes, 100};
  msghdr message{};
  message.msg_iov = &vector, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  ASSERT_EQ(100, recvmsg(pair.b, &message, 0));
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  ASSERT_TRUE(c != nullptr);
  EXPECT_EQ(IPPROTO_TCP, c->cmsg_level);
  EXPECT_EQ(TCP_INQ, c->cmsg_type);
  int left = 0;
  memcpy(&left, CMSG_DATA(c), sizeof left);
  EXPECT_EQ(800, left);
}

TEST(sends_without_copies_say_when_they_are_done) {
  COVERS("sendto", "recvmsg", "setsockopt");
  for (int type : {SOCK_STREAM, SOCK_DGRAM}) {
    Pair pair;
    if (type == SOCK_STREAM) {
      pair = tcp_pair();
    } else {
      pair = {socket(AF_INET, SOCK_DGRAM, 0), bound(SOCK_DGRAM)};
      sockaddr_in to = name_of(pair.b);
      ASSERT_OK(connect(pair.a, generic(&to), sizeof to));
    }
    int on = 1;
    ASSERT_EQ(3, send(pair.a, "abc", 3, MSG_ZEROCOPY));  // means nothing without the option
    ASSERT_OK(setsockopt(pair.a, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on));
    for (int i = 0; i < 4; ++i) ASSERT_EQ(3, send(pair.a, "abc", 3, MSG_ZEROCOPY));
    char bytes[64];
    for (int i = 0; i < 5; ++i) recv(pair.b, bytes, 3, 0);
    // The numbers of the calls that are over, in one message or in several.
    unsigned next = 0;
    for (int tries = 0; tries < 200 && next < 4; ++tries) {
      alignas(8) char control[128];
      iovec vector{bytes, sizeof bytes};
      msghdr message{};
      message.msg_iov = &vector, message.msg_iovlen = 1;
      message.msg_control = control, message.msg_controllen = sizeof control;
      if (recvmsg(pair.a, &message, MSG_ERRQUEUE) < 0) {
        EXPECT_EQ(EAGAIN, errno);
        guest::sleep_ms(5);
        continue;
      }
      EXPECT_TRUE((message.msg_flags & MSG_ERRQUEUE) != 0);
      cmsghdr* c = CMSG_FIRSTHDR(&message);
      ASSERT_TRUE(c != nullptr);
      EXPECT_EQ(IP_RECVERR, c->cmsg_type);
      sock_extended_err error{};
      memcpy(&error, CMSG_DATA(c), sizeof error);
      EXPECT_EQ(0u, error.ee_errno);
      EXPECT_EQ(SO_EE_ORIGIN_ZEROCOPY, error.ee_origin);
      EXPECT_EQ(next, error.ee_info);
      next = error.ee_data + 1;
    }
    EXPECT_EQ(4u, next);
    close(pair.a), close(pair.b);
  }
}

GUEST_TEST_MAIN
