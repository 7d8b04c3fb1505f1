// Multicast over the loopback interface: ip(7), ipv6(7).
#include "tests/guest/guest_test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {
constexpr const char* kGroup = "239.1.2.3";
sockaddr_in address(const char* ip, uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET, in.sin_port = htons(port);
  inet_pton(AF_INET, ip, &in.sin_addr);
  return in;
}
const sockaddr* generic(const void* address) { return static_cast<const sockaddr*>(address); }
// On a port that several sockets share.
int receiver(const char* ip, uint16_t port) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in in = address(ip, port);
  return bind(fd, generic(&in), sizeof in) == 0 ? fd : -1;
}
uint16_t port_of(int fd) {
  sockaddr_in name{};
  socklen_t length = sizeof name;
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length);
  return ntohs(name.sin_port);
}
ip_mreqn on_lo(const char* group) {
  ip_mreqn request{};
  inet_pton(AF_INET, group, &request.imr_multiaddr);
  request.imr_ifindex = static_cast<int>(if_nametoindex("lo"));
  return request;
}
int change(int fd, int option, const char* group) {
  ip_mreqn request = on_lo(group);
  return setsockopt(fd, IPPROTO_IP, option, &request, sizeof request);
}
// How many datagrams wait there; all are taken.
int count(int fd) {
  char bytes[100];
  int n = 0;
  while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) >= 0) ++n;
  return n;
}
int sender() {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  in_addr lo{htonl(INADDR_LOOPBACK)};
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof lo);
  return fd;
}
}  // namespace

TEST(a_group_reaches_the_sockets_of_its_port) {
  COVERS("setsockopt", "sendto", "bind");
  int a = receiver("0.0.0.0", 0), b = receiver("0.0.0.0", port_of(a)), c = receiver(kGroup, port_of(a));
  int d = receiver("127.0.0.1", port_of(a)), out = sender();
  ASSERT_TRUE(a >= 0 && b >= 0 && c >= 0 && d >= 0);
  sockaddr_in group = address(kGroup, port_of(a));
  // Nobody has joined it.
  ASSERT_EQ(1, sendto(out, "1", 1, 0, generic(&group), sizeof group));
  EXPECT_EQ(0, count(a) + count(b) + count(c) + count(d));
  ASSERT_OK(change(a, IP_ADD_MEMBERSHIP, kGroup));
  ASSERT_EQ(1, sendto(out, "2", 1, 0, generic(&group), sizeof group));
  EXPECT_EQ(1, count(a));
  EXPECT_EQ(1, count(b));  // another's membership is enough ...
  EXPECT_EQ(1, count(c));
  EXPECT_EQ(0, count(d));
  int off = 0;
  ASSERT_OK(setsockopt(b, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off));
  ASSERT_EQ(1, sendto(out, "3", 1, 0, generic(&group), sizeof group));
  EXPECT_EQ(1, count(a));
  EXPECT_EQ(0, count(b));  // ... but where it wants its own alone
  EXPECT_EQ(1, count(c));
  ASSERT_OK(change(b, IP_ADD_MEMBERSHIP, kGroup));
  ASSERT_OK(change(a, IP_DROP_MEMBERSHIP, kGroup));
  ASSERT_EQ(1, sendto(out, "4", 1, 0, generic(&group), sizeof group));
  EXPECT_EQ(3, count(a) + count(b) + count(c));
  close(b);  // the last member goes
  ASSERT_EQ(1, sendto(out, "5", 1, 0, generic(&group), sizeof group));
  EXPECT_EQ(0, count(a) + count(c));
}

TEST(a_datagram_to_a_group_tells_of_its_way) {
  COVERS("setsockopt", "recvmsg", "connect");
  int in = receiver("0.0.0.0", 0), out = sender(), on = 1, hops = 5;
  ASSERT_OK(change(in, IP_ADD_MEMBERSHIP, kGroup));
  ASSERT_OK(setsockopt(in, IPPROTO_IP, IP_RECVTTL, &on, sizeof on));
  ASSERT_OK(setsockopt(in, IPPROTO_IP, IP_PKTINFO, &on, sizeof on));
  sockaddr_in group = address(kGroup, port_of(in));
  for (int ttl : {1, 5}) {
    if (ttl == hops) ASSERT_OK(setsockopt(out, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof hops));
    ASSERT_EQ(1, sendto(out, "x", 1, 0, generic(&group), sizeof group));
    char byte;
    alignas(8) char control[200];
    sockaddr_in from{};
    iovec vector{&byte, 1};
    msghdr message{};
    message.msg_name = &from, message.msg_namelen = sizeof from;
    message.msg_iov = &vector, message.msg_iovlen = 1;
    message.msg_control = control, message.msg_controllen = sizeof control;
    ASSERT_EQ(1, recvmsg(in, &message, 0));
    EXPECT_EQ(htonl(INADDR_LOOPBACK), from.sin_addr.s_addr);
    int seen = 0;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_type == IP_TTL) {
        int told = 0;
        memcpy(&told, CMSG_DATA(c), sizeof told);
        EXPECT_EQ(ttl, told);
        ++seen;
      } else if (c->cmsg_type == IP_PKTINFO) {
        in_pktinfo info{};
        memcpy(&info, CMSG_DATA(c), sizeof info);
        EXPECT_EQ(group.sin_addr.s_addr, info.ipi_addr.s_addr);
        EXPECT_EQ(htonl(INADDR_LOOPBACK), info.ipi_spec_dst.s_addr);
        ++seen;
      }
    }
    EXPECT_EQ(2, seen);
  }
  ASSERT_OK(connect(out, generic(&group), sizeof group));
  ASSERT_EQ(1, send(out, "y", 1, 0));
  EXPECT_EQ(1, count(in));
  sockaddr_in name{};
  socklen_t length = sizeof name;
  ASSERT_OK(getsockname(out, reinterpret_cast<sockaddr*>(&name), &length));
  EXPECT_EQ(htonl(INADDR_LOOPBACK), name.sin_addr.s_addr);
}

TEST(errors_of_memberships) {
  COVERS("setsockopt", "getsockopt");
  int fd = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_OK(change(fd, IP_ADD_MEMBERSHIP, kGroup));
  EXPECT_ERRNO(EADDRINUSE, change(fd, IP_ADD_MEMBERSHIP, kGroup));
  EXPECT_ERRNO(EINVAL, change(fd, IP_ADD_MEMBERSHIP, "127.0.0.1"));
  EXPECT_ERRNO(EADDRNOTAVAIL, change(fd, IP_DROP_MEMBERSHIP, "239.1.2.4"));
  EXPECT_OK(change(fd, IP_DROP_MEMBERSHIP, kGroup));
  EXPECT_ERRNO(EADDRNOTAVAIL, change(fd, IP_DROP_MEMBERSHIP, kGroup));
  EXPECT_ERRNO(EPROTO, change(stream, IP_ADD_MEMBERSHIP, kGroup));
  ip_mreqn nowhere = on_lo(kGroup);
  nowhere.imr_ifindex = 9999;
  EXPECT_ERRNO(ENODEV, setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &nowhere, sizeof nowhere));
  EXPECT_ERRNO(EINVAL, setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &nowhere, 7));
  EXPECT_ERRNO(EADDRNOTAVAIL, setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &nowhere, sizeof nowhere));
  // By the interface's address.
  ip_mreq by_address{};
  inet_pton(AF_INET, kGroup, &by_address.imr_multiaddr);
  by_address.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_OK(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &by_address, sizeof by_address));
  EXPECT_OK(change(fd, IP_DROP_MEMBERSHIP, kGroup));
  EXPECT_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &by_address, sizeof by_address));
  in_addr chosen{};
  socklen_t length = sizeof chosen;
  EXPECT_OK(getsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &chosen, &length));
  EXPECT_EQ(htonl(INADDR_LOOPBACK), chosen.s_addr);
  // The call that both protocols have.
  group_req request{};
  request.gr_interface = if_nametoindex("lo");
  sockaddr_in group = address(kGroup, 0);
  memcpy(&request.gr_group, &group, sizeof group);
  EXPECT_OK(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, sizeof request));
  EXPECT_ERRNO(EADDRINUSE, change(fd, IP_ADD_MEMBERSHIP, kGroup));
  EXPECT_OK(setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &request, sizeof request));
  EXPECT_ERRNO(EADDRNOTAVAIL, setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &request, sizeof request));
  EXPECT_ERRNO(EINVAL, setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &request, 20));
}

TEST(memberships_of_ipv6) {
  COVERS("setsockopt");
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) SKIP("there is no IPv6");
  ipv6_mreq request{};
  inet_pton(AF_INET6, "ff02::1:2", &request.ipv6mr_multiaddr);
  request.ipv6mr_interface = if_nametoindex("lo");
  if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request) != 0) SKIP("lo has no IPv6");
  EXPECT_ERRNO(EADDRINUSE, setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request));
  EXPECT_ERRNO(EINVAL, setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, 16));
  EXPECT_OK(setsockopt(fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &request, sizeof request));
  EXPECT_ERRNO(EADDRNOTAVAIL, setsockopt(fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &request, sizeof request));
  request.ipv6mr_interface = 9999;
  EXPECT_ERRNO(ENODEV, setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request));
  request.ipv6mr_interface = if_nametoindex("lo");
  request.ipv6mr_multiaddr = in6addr_loopback;
  EXPECT_ERRNO(EINVAL, setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request));
  int index = static_cast<int>(request.ipv6mr_interface), nowhere = 9999, seen = 0;
  socklen_t length = sizeof seen;
  EXPECT_OK(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index));
  EXPECT_OK(getsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &seen, &length));
  EXPECT_EQ(index, seen);
  EXPECT_ERRNO(ENODEV, setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &nowhere, sizeof nowhere));
}

GUEST_TEST_MAIN
