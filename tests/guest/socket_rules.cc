// The rules of connections that programs meet at their edges: tcp(7), udp(7), unix(7), socket(7), connect(2), shutdown(2).
#include "tests/guest/guest_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef POLLRDHUP
#define POLLRDHUP 0x2000
#endif

namespace {
const sockaddr* generic(const void* address) { return static_cast<const sockaddr*>(address); }
sockaddr_in local(uint16_t port = 0) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}
sockaddr_in name_of(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return address;
}
int bound(int type) {
  int fd = socket(AF_INET, type, 0);
  sockaddr_in address = local();
  return bind(fd, generic(&address), sizeof address) == 0 ? fd : -1;
}
struct Pair {
  int client = -1, taken = -1;
};
Pair tcp_pair() {
  Pair pair;
  int listening = bound(SOCK_STREAM);
  listen(listening, 4);
  sockaddr_in address = name_of(listening);
  pair.client = socket(AF_INET, SOCK_STREAM, 0);
  connect(pair.client, generic(&address), sizeof address);
  pair.taken = accept(listening, nullptr, nullptr);
  close(listening);
  return pair;
}
int events_of(int fd) {
  pollfd poller{fd, POLLIN | POLLPRI | POLLOUT | POLLRDHUP, 0};
  poll(&poller, 1, 0);
  return poller.revents;
}
// Waits for what another side is to bring about.
int wait_for(int fd, int wanted) {
  for (int i = 0; i < 200 && (events_of(fd) & wanted) != wanted; ++i) guest::sleep_ms(5);
  return events_of(fd);
}
int error_of(int fd) {
  int error = -1;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}
int number(int fd, int level, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, option, &value, &length) == 0 ? value : -errno;
}
}  // namespace

TEST(a_connect_that_does_not_wait_tells_its_end_once) {
  COVERS("connect");
  int listening = bound(SOCK_STREAM);
  listen(listening, 1);
  sockaddr_in address = name_of(listening);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  EXPECT_ERRNO(EINPROGRESS, connect(fd, generic(&address), sizeof address));
  EXPECT_EQ(POLLOUT, wait_for(fd, POLLOUT));
  EXPECT_OK(connect(fd, generic(&address), sizeof address));
  EXPECT_ERRNO(EISCONN, connect(fd, generic(&address), sizeof address));
}

TEST(a_refused_connect_that_does_not_wait) {
  COVERS("connect", "getsockopt", "poll");
  int other = bound(SOCK_STREAM);
  sockaddr_in address = name_of(other);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  EXPECT_ERRNO(EINPROGRESS, connect(fd, generic(&address), sizeof address));
  EXPECT_EQ(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP, wait_for(fd, POLLERR));
  EXPECT_EQ(ECONNREFUSED, error_of(fd));
  EXPECT_EQ(0, error_of(fd));
  EXPECT_ERRNO(ECONNABORTED, connect(fd, generic(&address), sizeof address));
  EXPECT_ERRNO(EINPROGRESS, connect(fd, generic(&address), sizeof address));
}

TEST(a_full_backlog_makes_a_connect_wait) {
  COVERS("listen", "accept", "connect");
  int listening = bound(SOCK_STREAM);
  listen(listening, 0);
  sockaddr_in address = name_of(listening);
  int clients[3];
  for (int& fd : clients) {
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    EXPECT_ERRNO(EINPROGRESS, connect(fd, generic(&address), sizeof address));
  }
  EXPECT_EQ(POLLOUT, wait_for(clients[0], POLLOUT));
  EXPECT_EQ(0, events_of(clients[2]));
  EXPECT_ERRNO(EALREADY, connect(clients[2], generic(&address), sizeof address));
  sockaddr_in peer;
  socklen_t length = sizeof peer;
  EXPECT_ERRNO(ENOTCONN, getpeername(clients[2], reinterpret_cast<sockaddr*>(&peer), &length));
  EXPECT_ERRNO(EAGAIN, send(clients[2], "x", 1, 0));
  close(clients[1]);
  EXPECT_OK(accept(listening, nullptr, nullptr));
}

TEST(disconnecting_a_datagram_socket_forgets_what_was_not_bound) {
  COVERS("connect", "getsockname");
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(9);
  six.sin6_addr = in6addr_loopback;
  if (connect(fd, generic(&six), sizeof six) != 0) SKIP("no IPv6");
  sockaddr none{};
  EXPECT_OK(connect(fd, &none, sizeof none));
  sockaddr_in6 name{};
  socklen_t length = sizeof name;
  EXPECT_OK(getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length));
  EXPECT_EQ(0, name.sin6_port);
  EXPECT_TRUE(IN6_IS_ADDR_UNSPECIFIED(&name.sin6_addr));
  sockaddr_in four = local(9);
  EXPECT_OK(connect(fd, generic(&four), sizeof four));
  length = sizeof name;
  EXPECT_OK(getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length));
  EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&name.sin6_addr));
}

TEST(disconnecting_a_tcp_socket_resets_its_peer) {
  COVERS("connect", "recvfrom");
  Pair pair = tcp_pair();
  sockaddr none{};
  char byte;
  EXPECT_OK(connect(pair.client, &none, sizeof none));
  sockaddr_in peer;
  socklen_t length = sizeof peer;
  EXPECT_ERRNO(ENOTCONN, getpeername(pair.client, reinterpret_cast<sockaddr*>(&peer), &length));
  EXPECT_ERRNO(ECONNRESET, recv(pair.taken, &byte, 1, 0));
  EXPECT_EQ(0, recv(pair.taken, &byte, 1, 0));
}

TEST(a_peer_that_closed_answers_with_a_reset) {
  COVERS("sendto", "recvfrom", "poll");
  Pair pair = tcp_pair();
  char byte;
  close(pair.client);
  EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP, wait_for(pair.taken, POLLIN));
  EXPECT_EQ(1, send(pair.taken, "x", 1, 0));
  EXPECT_EQ(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP, wait_for(pair.taken, POLLERR));
  EXPECT_EQ(0, recv(pair.taken, &byte, 1, 0));
  EXPECT_ERRNO(EPIPE, send(pair.taken, "x", 1, MSG_NOSIGNAL));
  EXPECT_EQ(POLLIN | POLLOUT | POLLHUP | POLLRDHUP, events_of(pair.taken));
  EXPECT_EQ(SIGPIPE, guest::signal_of([&] { return send(pair.taken, "x", 1, 0); }));
}

TEST(a_long_write_to_a_peer_that_closed_is_cut_short) {
  COVERS("write", "sendto");
  Pair pair = tcp_pair();
  static char much[8 << 20];
  close(pair.client);
  wait_for(pair.taken, POLLIN);
  ssize_t sent = send(pair.taken, much, sizeof much, MSG_NOSIGNAL);
  EXPECT_TRUE(sent < static_cast<ssize_t>(sizeof much));
  EXPECT_ERRNO(EPIPE, send(pair.taken, "x", 1, MSG_NOSIGNAL));
}

TEST(what_was_not_read_makes_a_close_a_reset) {
  COVERS("close", "sendto", "recvfrom");
  Pair pair = tcp_pair();
  char byte;
  send(pair.taken, "abc", 3, 0);
  wait_for(pair.client, POLLIN);
  close(pair.client);
  EXPECT_EQ(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP, wait_for(pair.taken, POLLERR));
  EXPECT_ERRNO(ECONNRESET, send(pair.taken, "x", 1, 0));
  EXPECT_EQ(0, recv(pair.taken, &byte, 1, 0));
  EXPECT_ERRNO(EPIPE, send(pair.taken, "x", 1, MSG_NOSIGNAL));
}

TEST(no_lingering_is_a_reset) {
  COVERS("setsockopt", "close");
  Pair pair = tcp_pair();
  char out[8];
  linger off{1, 0};
  send(pair.taken, "data", 4, 0);
  EXPECT_OK(setsockopt(pair.taken, SOL_SOCKET, SO_LINGER, &off, sizeof off));
  close(pair.taken);
  wait_for(pair.client, POLLERR);
  EXPECT_EQ(4, recv(pair.client, out, 8, 0));
  EXPECT_ERRNO(ECONNRESET, recv(pair.client, out, 8, 0));
  EXPECT_EQ(0, recv(pair.client, out, 8, 0));
}

TEST(shutdown_of_both_sides_is_a_hangup) {
  COVERS("shutdown", "poll");
  Pair pair = tcp_pair();
  EXPECT_OK(shutdown(pair.client, SHUT_WR));
  EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP, wait_for(pair.taken, POLLIN));
  EXPECT_EQ(POLLOUT, events_of(pair.client));
  EXPECT_OK(shutdown(pair.taken, SHUT_WR));
  EXPECT_EQ(POLLIN | POLLOUT | POLLHUP | POLLRDHUP, wait_for(pair.client, POLLHUP));
  EXPECT_EQ(POLLIN | POLLOUT | POLLHUP | POLLRDHUP, wait_for(pair.taken, POLLHUP));
  EXPECT_ERRNO(ENOTCONN, shutdown(pair.client, SHUT_RDWR));
}

TEST(a_listener_that_was_shut_down_wakes_who_accepts) {
  COVERS("shutdown", "accept");
  int listening = bound(SOCK_STREAM);
  listen(listening, 2);
  pid_t child = guest::spawn([&] { return accept(listening, nullptr, nullptr) == -1 && errno == EINVAL ? 0 : 1; });
  guest::sleep_ms(50);
  EXPECT_OK(shutdown(listening, SHUT_RD));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(shutdown_wakes_who_waits_for_a_datagram) {
  COVERS("shutdown", "recvfrom");
  int fd = bound(SOCK_DGRAM);
  pid_t child = guest::spawn([&] {
    char byte;
    return static_cast<int>(recv(fd, &byte, 1, 0));
  });
  guest::sleep_ms(50);
  EXPECT_ERRNO(ENOTCONN, shutdown(fd, SHUT_RDWR));
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_EQ(POLLIN | POLLOUT | POLLHUP | POLLRDHUP, events_of(fd));
}

TEST(urgent_data_of_tcp) {
  COVERS("sendto", "recvfrom", "ioctl", "poll");
  Pair pair = tcp_pair();
  char out[16] = {};
  int mark = -1;
  send(pair.client, "ab", 2, 0);
  EXPECT_EQ(1, send(pair.client, "X", 1, MSG_OOB));
  send(pair.client, "cd", 2, 0);
  EXPECT_EQ(POLLIN | POLLPRI | POLLOUT, wait_for(pair.taken, POLLPRI));
  EXPECT_EQ(2, recv(pair.taken, out, sizeof out, 0));
  EXPECT_OK(ioctl(pair.taken, SIOCATMARK, &mark));
  EXPECT_EQ(1, mark);
  EXPECT_EQ(1, recv(pair.taken, out, 1, MSG_OOB | MSG_PEEK));
  EXPECT_EQ(1, recv(pair.taken, out, 4, MSG_OOB));
  EXPECT_EQ('X', out[0]);
  EXPECT_ERRNO(EINVAL, recv(pair.taken, out, 1, MSG_OOB));
  EXPECT_EQ(2, recv(pair.taken, out, sizeof out, 0));
  EXPECT_EQ(0, memcmp(out, "cd", 2));
  EXPECT_EQ(POLLOUT, events_of(pair.taken));
}

TEST(urgent_data_in_line) {
  COVERS("setsockopt", "recvfrom");
  Pair pair = tcp_pair();
  char out[16] = {};
  int on = 1;
  EXPECT_OK(setsockopt(pair.taken, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
  EXPECT_EQ(3, send(pair.client, "abX", 3, MSG_OOB));
  send(pair.client, "cd", 2, 0);
  wait_for(pair.taken, POLLPRI);
  EXPECT_EQ(2, recv(pair.taken, out, sizeof out, 0));
  EXPECT_ERRNO(EINVAL, recv(pair.taken, out, 1, MSG_OOB));
  EXPECT_EQ(3, recv(pair.taken, out, sizeof out, 0));
  EXPECT_EQ(0, memcmp(out, "Xcd", 3));
}

TEST(urgent_data_of_a_unix_stream) {
  COVERS("sendto", "recvfrom");
  int fds[2];
  char out[16] = {};
  ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  send(fds[0], "ab", 2, 0);
  EXPECT_EQ(1, send(fds[0], "X", 1, MSG_OOB));
  send(fds[0], "cd", 2, 0);
  EXPECT_EQ(POLLIN | POLLPRI | POLLOUT, events_of(fds[1]));
  EXPECT_EQ(2, recv(fds[1], out, sizeof out, 0));
  EXPECT_EQ(1, recv(fds[1], out, 4, MSG_OOB));
  EXPECT_ERRNO(EINVAL, recv(fds[1], out, 1, MSG_OOB));
  EXPECT_EQ(2, recv(fds[1], out, sizeof out, 0));
  EXPECT_EQ(0, memcmp(out, "cd", 2));
  ASSERT_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
  EXPECT_ERRNO(EOPNOTSUPP, send(fds[0], "x", 1, MSG_OOB));
}

TEST(urgent_data_is_told_by_a_signal) {
  COVERS("fcntl", "sendto");
  Pair pair = tcp_pair();
  static volatile int told = 0;
  signal(SIGURG, [](int) { told = 1; });
  EXPECT_OK(fcntl(pair.taken, F_SETOWN, getpid()));
  send(pair.client, "X", 1, MSG_OOB);
  for (int i = 0; i < 200 && told == 0; ++i) guest::sleep_ms(5);
  EXPECT_EQ(1, told);
}

TEST(a_low_water_mark_holds_a_reader) {
  COVERS("setsockopt", "recvfrom", "poll");
  Pair pair = tcp_pair();
  char out[16];
  int least = 4;
  EXPECT_OK(setsockopt(pair.taken, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least));
  send(pair.client, "ab", 2, 0);
  guest::sleep_ms(30);
  EXPECT_EQ(POLLOUT, events_of(pair.taken));
  pid_t child = guest::spawn([&] {
    guest::sleep_ms(20);
    return send(pair.client, "cdef", 4, 0) == 4 ? 0 : 1;
  });
  EXPECT_EQ(6, recv(pair.taken, out, sizeof out, 0));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(what_is_cut_from_a_tcp_stream_is_gone) {
  COVERS("recvfrom");
  Pair pair = tcp_pair();
  char out[4] = {'-', '-', '-', '-'};
  send(pair.client, "abcdef", 6, 0);
  wait_for(pair.taken, POLLIN);
  EXPECT_EQ(3, recv(pair.taken, out, 3, MSG_TRUNC));
  EXPECT_EQ('-', out[0]);
  EXPECT_EQ(3, recv(pair.taken, out, 4, 0));
  EXPECT_EQ(0, memcmp(out, "def", 3));
}

TEST(errors_of_sockets_without_a_connection) {
  COVERS("sendto", "recvfrom", "shutdown", "accept");
  char byte;
  int tcp = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(SIGPIPE, guest::signal_of([&] { return send(tcp, "x", 1, 0); }));
  EXPECT_ERRNO(EPIPE, send(tcp, "x", 1, MSG_NOSIGNAL));
  EXPECT_ERRNO(ENOTCONN, recv(tcp, &byte, 1, 0));
  EXPECT_ERRNO(ENOTCONN, shutdown(tcp, SHUT_RDWR));
  EXPECT_ERRNO(EINVAL, accept(tcp, nullptr, nullptr));
  int stream = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un nowhere{};
  nowhere.sun_family = AF_UNIX;
  strcpy(nowhere.sun_path, "/nonexistent");
  EXPECT_ERRNO(EOPNOTSUPP, sendto(stream, "x", 1, 0, generic(&nowhere), sizeof nowhere));
  EXPECT_ERRNO(ENOTCONN, send(stream, "x", 1, 0));
  EXPECT_ERRNO(EINVAL, recv(stream, &byte, 1, MSG_DONTWAIT));
  EXPECT_OK(shutdown(stream, SHUT_RDWR));
  EXPECT_EQ(POLLIN | POLLOUT | POLLHUP | POLLRDHUP, events_of(stream));
}

TEST(kinds_of_sockets_that_there_are_not) {
  COVERS("socket", "socketpair");
  EXPECT_ERRNO(EAFNOSUPPORT, socket(45, SOCK_STREAM, 0));
  EXPECT_ERRNO(EAFNOSUPPORT, socket(-1, SOCK_STREAM, 0));
  EXPECT_ERRNO(EAFNOSUPPORT, socket(999, SOCK_STREAM, 0));
  EXPECT_ERRNO(EINVAL, socket(AF_INET, 11, 0));
  EXPECT_ERRNO(ESOCKTNOSUPPORT, socket(AF_INET, SOCK_SEQPACKET, 0));
  EXPECT_ERRNO(EPROTONOSUPPORT, socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
  EXPECT_ERRNO(EPROTONOSUPPORT, socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
  EXPECT_ERRNO(EINVAL, socket(AF_INET, SOCK_STREAM, 9999));
  EXPECT_ERRNO(EPROTONOSUPPORT, socket(AF_UNIX, SOCK_STREAM, 5));
  int fds[2];
  EXPECT_ERRNO(EOPNOTSUPP, socketpair(AF_INET, SOCK_STREAM, 0, fds));
}

TEST(options_know_their_levels_and_ranges) {
  COVERS("setsockopt", "getsockopt");
  int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0),
      unix_ = socket(AF_UNIX, SOCK_STREAM, 0);
  int on = 1, big = 99999, minus = -1;
  EXPECT_EQ(-EOPNOTSUPP, number(udp, SOL_TCP, TCP_NODELAY));
  EXPECT_ERRNO(ENOPROTOOPT, setsockopt(udp, SOL_TCP, TCP_NODELAY, &on, sizeof on));
  EXPECT_EQ(-EOPNOTSUPP, number(tcp, IPPROTO_IPV6, IPV6_V6ONLY));
  EXPECT_EQ(-EOPNOTSUPP, number(unix_, SOL_IP, IP_TTL));
  EXPECT_ERRNO(EOPNOTSUPP, setsockopt(unix_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
  EXPECT_ERRNO(EINVAL, setsockopt(tcp, SOL_TCP, TCP_KEEPIDLE, &big, sizeof big));
  EXPECT_ERRNO(EINVAL, setsockopt(tcp, SOL_IP, IP_TTL, &big, sizeof big));
  EXPECT_OK(setsockopt(tcp, SOL_IP, IP_TTL, &minus, sizeof minus));
  EXPECT_EQ(64, number(tcp, SOL_IP, IP_TTL));
  EXPECT_ERRNO(EINVAL, setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, 1));
  EXPECT_EQ(1, number(tcp, SOL_SOCKET, SO_SNDLOWAT));
  EXPECT_ERRNO(ENOPROTOOPT, setsockopt(tcp, SOL_SOCKET, SO_SNDLOWAT, &on, sizeof on));
  EXPECT_ERRNO(ENODEV, setsockopt(tcp, SOL_SOCKET, SO_BINDTODEVICE, "nothere", 8));
  tcp_info info{};
  socklen_t length = sizeof info.tcpi_state;
  EXPECT_OK(getsockopt(tcp, SOL_TCP, TCP_INFO, &info, &length));
  EXPECT_EQ(TCP_CLOSE, info.tcpi_state);
  Pair pair = tcp_pair();
  EXPECT_OK(getsockopt(pair.client, SOL_TCP, TCP_INFO, &info, &length));
  EXPECT_EQ(TCP_ESTABLISHED, info.tcpi_state);
  char name[16] = {};
  length = sizeof name;
  EXPECT_OK(getsockopt(tcp, SOL_TCP, TCP_CONGESTION, name, &length));
  EXPECT_TRUE(name[0] != 0);
}

TEST(a_datagram_tells_when_where_and_how_far) {
  COVERS("recvmsg", "sendmsg", "setsockopt");
  int to = bound(SOCK_DGRAM), from = bound(SOCK_DGRAM), on = 1, ttl = 7;
  setsockopt(to, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
  setsockopt(to, SOL_IP, IP_PKTINFO, &on, sizeof on);
  setsockopt(to, SOL_IP, IP_RECVTTL, &on, sizeof on);
  setsockopt(from, SOL_IP, IP_TTL, &ttl, sizeof ttl);
  sockaddr_in address = name_of(to);
  EXPECT_EQ(1, sendto(from, "x", 1, 0, generic(&address), sizeof address));
  char byte;
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[256] = {};
  msghdr message{nullptr, 0, &part, 1, control, sizeof control, 0};
  EXPECT_EQ(1, recvmsg(to, &message, 0));
  bool when = false, where = false, far = false;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMP) {
      timeval t;
      memcpy(&t, CMSG_DATA(c), sizeof t);
      when = llabs(static_cast<long long>(t.tv_sec) - static_cast<long long>(time(nullptr))) < 60;
    }
    if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      memcpy(&info, CMSG_DATA(c), sizeof info);
      where = info.ipi_addr.s_addr == htonl(INADDR_LOOPBACK);
    }
    if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TTL) {
      int told = 0;
      memcpy(&told, CMSG_DATA(c), sizeof told);
      far = told == ttl;
    }
  }
  EXPECT_TRUE(when);
  EXPECT_TRUE(where);
  EXPECT_TRUE(far);
}

TEST(a_port_stays_taken_while_a_connection_is_on_it) {
  COVERS("bind");
  int listening = bound(SOCK_STREAM), other = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  listen(listening, 2);
  sockaddr_in address = name_of(listening);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_OK(connect(client, generic(&address), sizeof address));
  int taken = accept(listening, nullptr, nullptr);
  close(listening);
  EXPECT_ERRNO(EADDRINUSE, bind(other, generic(&address), sizeof address));
  (void)on;
  close(taken);
}

TEST(proc_net_lists_a_listener) {
  COVERS("listen");
  int listening = bound(SOCK_STREAM);
  listen(listening, 2);
  char wanted[32];
  snprintf(wanted, sizeof wanted, "0100007F:%04X 00000000:0000 0A", ntohs(name_of(listening).sin_port));
  static char text[65536];
  int fd = open("/proc/net/tcp", O_RDONLY);
  ASSERT_OK(fd);
  size_t have = 0;
  for (ssize_t n; have < sizeof text - 1 && (n = read(fd, text + have, sizeof text - 1 - have)) > 0;)
    have += static_cast<size_t>(n);
  EXPECT_TRUE(strstr(text, wanted) != nullptr);
}

GUEST_TEST_MAIN
