// Raw and ping sockets over the loopback interface: raw(7), icmp(7).
#include "tests/guest/guest_test.h"
#include "tests/guest/sockets.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifndef ICMP_FILTER
#define ICMP_FILTER 1
#endif

namespace {
using guest::own_network;
const sockaddr* generic(const void* address) { return static_cast<const sockaddr*>(address); }
sockaddr_in local(uint16_t port = 0, const char* ip = "127.0.0.1") {
  sockaddr_in in{};
  in.sin_family = AF_INET, in.sin_port = htons(port);
  inet_pton(AF_INET, ip, &in.sin_addr);
  return in;
}
uint16_t checksum(const void* data, size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint32_t sum = 0;
  for (size_t i = 0; i < size; ++i) sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}
struct Echo {
  icmphdr head{};
  char text[8] = "payload";
};
Echo echo(uint16_t id, uint16_t number) {
  Echo e;
  e.head.type = ICMP_ECHO;
  e.head.un.echo.id = htons(id), e.head.un.echo.sequence = htons(number);
  e.head.checksum = htons(checksum(&e, sizeof e));
  return e;
}
struct Seen {
  ssize_t length = -1;
  sockaddr_in from{};
  alignas(8) unsigned char bytes[2000];
  const iphdr& ip() const { return *reinterpret_cast<const iphdr*>(bytes); }
  const Echo& icmp() const { return *reinterpret_cast<const Echo*>(bytes + 20); }
};
const Seen& take(int fd) {
  static Seen seen;
  seen = Seen();
  pollfd poller{fd, POLLIN, 0};
  poll(&poller, 1, 200);
  socklen_t length = sizeof seen.from;
  seen.length =
      recvfrom(fd, seen.bytes, sizeof seen.bytes, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&seen.from), &length);
  return seen;
}
bool let_all_ping() {
  int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY);
  bool written = fd >= 0 && write(fd, "0 2147483647\n", 13) == 13;
  if (fd >= 0) close(fd);
  return written;
}
}  // namespace

TEST(who_may_make_raw_sockets) {
  COVERS("socket");
  EXPECT_ERRNO(EPROTONOSUPPORT, socket(AF_INET, SOCK_RAW, 0));
  EXPECT_ERRNO(EINVAL, socket(AF_INET, SOCK_RAW, 300));
  int refused = guest::in_child([] {
    if (geteuid() == 0 && setuid(65534) != 0) return 2;
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) == -1 && errno == EPERM ? 0 : 1;
  });
  EXPECT_TRUE(refused == 0 || refused == 2);
}

TEST(a_raw_socket_sees_requests_and_the_kernels_answers) {
  COVERS("socket", "sendto", "recvfrom", "setsockopt");
  if (!own_network()) SKIP("may not make a network namespace");
  int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  ASSERT_TRUE(fd >= 0);
  sockaddr_in to = local();
  Echo request = echo(7, 1);
  ASSERT_EQ(16, sendto(fd, &request, sizeof request, 0, generic(&to), sizeof to));
  const Seen& sent = take(fd);
  ASSERT_EQ(36, sent.length);
  EXPECT_EQ(0x45, sent.bytes[0]);
  EXPECT_EQ(htons(36), sent.ip().tot_len);
  EXPECT_EQ(64, sent.ip().ttl);
  EXPECT_EQ(IPPROTO_ICMP, sent.ip().protocol);
  EXPECT_EQ(to.sin_addr.s_addr, sent.ip().daddr);
  EXPECT_EQ(0, checksum(sent.bytes, 20));
  EXPECT_EQ(0, memcmp(sent.bytes + 20, &request, sizeof request));
  EXPECT_EQ(0, sent.from.sin_port);
  const Seen& answer = take(fd);
  ASSERT_EQ(36, answer.length);
  EXPECT_EQ(ICMP_ECHOREPLY, answer.icmp().head.type);
  EXPECT_EQ(htons(7), answer.icmp().head.un.echo.id);
  EXPECT_EQ(0, checksum(answer.bytes + 20, 16));
  EXPECT_STREQ("payload", answer.icmp().text);
  // A filter hides types.
  uint32_t hidden = ~(1u << ICMP_ECHOREPLY);
  ASSERT_OK(setsockopt(fd, SOL_RAW, ICMP_FILTER, &hidden, sizeof hidden));
  ASSERT_EQ(16, sendto(fd, &request, sizeof request, 0, generic(&to), sizeof to));
  EXPECT_EQ(ICMP_ECHOREPLY, take(fd).icmp().head.type);
  EXPECT_EQ(-1, take(fd).length);
  hidden = 0;
  ASSERT_OK(setsockopt(fd, SOL_RAW, ICMP_FILTER, &hidden, sizeof hidden));
  // A wrong checksum is not answered.
  request.head.checksum ^= 1;
  ASSERT_EQ(16, sendto(fd, &request, sizeof request, 0, generic(&to), sizeof to));
  EXPECT_EQ(ICMP_ECHO, take(fd).icmp().head.type);
  EXPECT_EQ(-1, take(fd).length);
  // The refusal of a datagram.
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in nobody = local(9);
  ASSERT_EQ(5, sendto(udp, "hello", 5, 0, generic(&nobody), sizeof nobody));
  const Seen& refusal = take(fd);
  EXPECT_EQ(61, refusal.length);
  EXPECT_EQ(ICMP_DEST_UNREACH, refusal.icmp().head.type);
  EXPECT_EQ(ICMP_PORT_UNREACH, refusal.icmp().head.code);
  EXPECT_EQ(0, checksum(refusal.bytes + 20, 41));
  EXPECT_EQ(0xc0, refusal.ip().tos);
}

TEST(raw_sockets_of_a_protocol) {
  COVERS("socket", "bind", "connect", "getsockname", "sendto");
  if (!own_network()) SKIP("may not make a network namespace");
  int a = socket(AF_INET, SOCK_RAW, 200), b = socket(AF_INET, SOCK_RAW, 200);
  sockaddr_in to = local(), other = local(33, "127.0.0.5");
  ASSERT_EQ(4, sendto(a, "data", 4, 0, generic(&to), sizeof to));
  EXPECT_EQ(24, take(a).length);
  EXPECT_EQ(24, take(b).length);
  ASSERT_OK(bind(b, generic(&other), sizeof other));
  sockaddr_in name{};
  socklen_t length = sizeof name;
  ASSERT_OK(getsockname(b, reinterpret_cast<sockaddr*>(&name), &length));
  EXPECT_EQ(htons(200), name.sin_port);  // the protocol, whatever was asked for
  EXPECT_EQ(other.sin_addr.s_addr, name.sin_addr.s_addr);
  ASSERT_EQ(4, sendto(a, "data", 4, 0, generic(&to), sizeof to));
  EXPECT_EQ(-1, take(b).length);
  EXPECT_EQ(24, take(a).length);
  ASSERT_EQ(4, sendto(a, "data", 4, 0, generic(&other), sizeof other));
  EXPECT_EQ(24, take(b).length);
  EXPECT_EQ(24, take(a).length);
  ASSERT_OK(connect(b, generic(&to), sizeof to));
  ASSERT_EQ(2, send(b, "ab", 2, 0));
  const Seen& packet = take(a);
  EXPECT_EQ(22, packet.length);
  EXPECT_EQ(other.sin_addr.s_addr, packet.from.sin_addr.s_addr);
  EXPECT_ERRNO(EOPNOTSUPP, listen(a, 1));
  EXPECT_ERRNO(EDESTADDRREQ, send(a, "x", 1, 0));
  EXPECT_ERRNO(EOPNOTSUPP, setsockopt(a, SOL_RAW, ICMP_FILTER, &to, 4));
}

TEST(a_header_of_ones_own) {
  COVERS("sendto", "setsockopt", "getsockopt");
  if (!own_network()) SKIP("may not make a network namespace");
  int out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), in = socket(AF_INET, SOCK_RAW, 200);
  int value = 0;
  socklen_t length = sizeof value;
  ASSERT_OK(getsockopt(out, IPPROTO_IP, IP_HDRINCL, &value, &length));
  EXPECT_EQ(1, value);
  struct {
    iphdr ip{};
    char text[4] = {'r', 'a', 'w', '!'};
  } packet;
  packet.ip.version = 4, packet.ip.ihl = 5, packet.ip.ttl = 33, packet.ip.protocol = 200;
  sockaddr_in from = local(0, "127.0.0.3"), to = local();
  packet.ip.saddr = from.sin_addr.s_addr, packet.ip.daddr = to.sin_addr.s_addr;
  ASSERT_EQ(24, sendto(out, &packet, sizeof packet, 0, generic(&to), sizeof to));
  const Seen& seen = take(in);
  ASSERT_EQ(24, seen.length);
  EXPECT_EQ(htons(24), seen.ip().tot_len);
  EXPECT_EQ(33, seen.ip().ttl);
  EXPECT_EQ(0, checksum(seen.bytes, 20));
  EXPECT_EQ(from.sin_addr.s_addr, seen.from.sin_addr.s_addr);
  EXPECT_EQ(0, memcmp(seen.bytes + 20, "raw!", 4));
  EXPECT_ERRNO(EINVAL, sendto(out, &packet, 19, 0, generic(&to), sizeof to));
  // A datagram that is made by hand arrives, too.
  int udp = socket(AF_INET, SOCK_DGRAM, 0), hand = socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  sockaddr_in name = local();
  ASSERT_OK(bind(udp, generic(&name), sizeof name));
  length = sizeof name;
  ASSERT_OK(getsockname(udp, reinterpret_cast<sockaddr*>(&name), &length));
  const uint16_t datagram[6] = {htons(4444), name.sin_port, htons(12), 0, htons(0x6869), htons(0x6a6b)};
  ASSERT_EQ(12, sendto(hand, datagram, sizeof datagram, 0, generic(&to), sizeof to));
  const Seen& got = take(udp);
  EXPECT_EQ(4, got.length);
  EXPECT_EQ(0, memcmp(got.bytes, "hijk", 4));
  EXPECT_EQ(htons(4444), got.from.sin_port);
}

TEST(a_ping_socket_asks_and_is_answered) {
  COVERS("socket", "sendto", "recvfrom", "bind", "connect");
  if (!own_network()) SKIP("may not make a network namespace");
  EXPECT_ERRNO(EACCES, socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));  // at first nobody may
  if (!let_all_ping()) SKIP("may not say who may ping");
  int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  ASSERT_TRUE(fd >= 0);
  sockaddr_in to = local();
  Echo request = echo(77, 5);
  request.head.checksum = 0x1234;  // its number and its checksum are the kernel's
  ASSERT_EQ(16, sendto(fd, &request, sizeof request, 0, generic(&to), sizeof to));
  sockaddr_in name{};
  socklen_t length = sizeof name;
  ASSERT_OK(getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length));
  EXPECT_TRUE(name.sin_port != 0);
  const Seen& answer = take(fd);
  ASSERT_EQ(16, answer.length);
  Echo got;
  memcpy(&got, answer.bytes, sizeof got);
  EXPECT_EQ(ICMP_ECHOREPLY, got.head.type);
  EXPECT_EQ(name.sin_port, got.head.un.echo.id);
  EXPECT_EQ(htons(5), got.head.un.echo.sequence);
  EXPECT_STREQ("payload", got.text);
  EXPECT_EQ(0, checksum(answer.bytes, 16));
  EXPECT_EQ(-1, take(fd).length);  // the request is not seen
  EXPECT_ERRNO(EINVAL, sendto(fd, &request, 7, 0, generic(&to), sizeof to));
  request.head.type = ICMP_ECHOREPLY;
  EXPECT_ERRNO(EINVAL, sendto(fd, &request, sizeof request, 0, generic(&to), sizeof to));
  request.head.type = ICMP_ECHO, request.head.code = 1;
  EXPECT_ERRNO(EINVAL, sendto(fd, &request, sizeof request, 0, generic(&to), sizeof to));
  request.head.code = 0;
  EXPECT_ERRNO(EDESTADDRREQ, send(fd, &request, sizeof request, 0));
  ASSERT_OK(connect(fd, generic(&to), sizeof to));
  EXPECT_EQ(16, send(fd, &request, sizeof request, 0));
  EXPECT_EQ(16, take(fd).length);
  EXPECT_ERRNO(EOPNOTSUPP, listen(fd, 1));
  // A port that is bound is the number.
  int bound = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  sockaddr_in number = local(4242);
  ASSERT_OK(bind(bound, generic(&number), sizeof number));
  ASSERT_EQ(16, sendto(bound, &request, sizeof request, 0, generic(&to), sizeof to));
  memcpy(&got, take(bound).bytes, sizeof got);
  EXPECT_EQ(htons(4242), got.head.un.echo.id);
}

TEST(the_kernel_fills_a_checksum_in_where_it_is_told_to) {
  COVERS("setsockopt", "getsockopt", "sendto");
  if (!own_network()) SKIP("may not make a network namespace");
  int out = socket(AF_INET6, SOCK_RAW, 253), in = socket(AF_INET6, SOCK_RAW, 253);
  if (out < 0) SKIP("there is no IPv6");
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6, to.sin6_addr = in6addr_loopback;
  if (sendto(out, "abcdefgh", 8, 0, generic(&to), sizeof to) != 8) SKIP("there is no ::1");
  EXPECT_EQ(8, take(in).length);
  const auto set = [](int fd, int level, int place) { return SYS(setsockopt, fd, level, IPV6_CHECKSUM, &place, 4); };
  const auto get = [](int fd, int level) {
    int place = 99;
    socklen_t length = sizeof place;
    return SYS(getsockopt, fd, level, IPV6_CHECKSUM, &place, &length) == 0 ? place : 100;
  };
  EXPECT_EQ(-1, get(out, SOL_RAW));
  for (int level : {SOL_RAW, SOL_IPV6}) {
    EXPECT_ERRNO(EINVAL, set(out, level, 3));
    EXPECT_OK(set(out, level, -5));
    EXPECT_EQ(-1, get(out, level));
    EXPECT_OK(set(out, level, 2));
    EXPECT_EQ(2, get(out, level));
  }
  EXPECT_ERRNO(EINVAL, sendto(out, "abc", 3, 0, generic(&to), sizeof to));
  EXPECT_EQ(4, sendto(out, "abcd", 4, 0, generic(&to), sizeof to));
  const Seen& filled = take(in);
  EXPECT_EQ(4, filled.length);
  EXPECT_EQ(0, memcmp(filled.bytes, "ab\x9d\x9a", 4));
  EXPECT_OK(set(in, SOL_RAW, 2));  // now it looks, too
  EXPECT_EQ(4, sendto(out, "abcd", 4, 0, generic(&to), sizeof to));
  EXPECT_EQ(4, take(in).length);
  EXPECT_OK(set(out, SOL_RAW, -1));
  EXPECT_EQ(4, sendto(out, "abcd", 4, 0, generic(&to), sizeof to));
  EXPECT_EQ(-1, take(in).length);
  // ICMPv6 has its place, which SOL_IPV6 may not move; other sockets have none.
  int icmp = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), four = socket(AF_INET, SOCK_RAW, 253);
  EXPECT_EQ(2, get(icmp, SOL_RAW));
  EXPECT_ERRNO(EINVAL, set(icmp, SOL_IPV6, 2));
  EXPECT_OK(set(icmp, SOL_RAW, 2));
  EXPECT_ERRNO(EINVAL, sendto(icmp, "\x80\0\0", 3, 0, generic(&to), sizeof to));
  EXPECT_EQ(4, sendto(icmp, "\x80\0\0", 4, 0, generic(&to), sizeof to));
  EXPECT_ERRNO(ENOPROTOOPT, set(four, SOL_RAW, 2));
  EXPECT_ERRNO(ENOPROTOOPT, set(socket(AF_INET6, SOCK_DGRAM, 0), SOL_RAW, 2));
}

TEST(echoes_of_ipv6) {
  COVERS("socket", "sendto", "recvfrom");
  if (!own_network()) SKIP("may not make a network namespace");
  int raw = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
  if (raw < 0) SKIP("there is no IPv6");
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6, to.sin6_addr = in6addr_loopback;
  const unsigned char request[12] = {128, 0, 0, 0, 0, 5, 0, 6, 'h', 'e', 'y', '!'};
  if (sendto(raw, request, sizeof request, 0, generic(&to), sizeof to) != 12) SKIP("there is no ::1");
  // The kernel fills the checksum in; no IP header is seen.
  const Seen& sent = take(raw);
  ASSERT_EQ(12, sent.length);
  EXPECT_EQ(128, sent.bytes[0]);
  EXPECT_TRUE(sent.bytes[2] != 0 || sent.bytes[3] != 0);
  const Seen& answer = take(raw);
  ASSERT_EQ(12, answer.length);
  EXPECT_EQ(129, answer.bytes[0]);
  if (!let_all_ping()) SKIP("may not say who may ping");
  int ping = socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
  ASSERT_TRUE(ping >= 0);
  ASSERT_EQ(12, sendto(ping, request, sizeof request, 0, generic(&to), sizeof to));
  const Seen& reply = take(ping);
  EXPECT_EQ(12, reply.length);
  EXPECT_EQ(129, reply.bytes[0]);
}

GUEST_TEST_MAIN
