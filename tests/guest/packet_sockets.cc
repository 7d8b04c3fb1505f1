// Packet sockets on the loopback interface: packet(7).
#include "tests/guest/guest_test.h"
#include "tests/guest/sockets.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace {
using guest::generic;
using guest::own_network;
sockaddr_ll on_lo(uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET, address.sll_protocol = htons(protocol);
  address.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
  return address;
}
struct Wire {
  int in = -1, out = -1;
  sockaddr_in to{};
  Wire() {
    in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
    to.sin_family = AF_INET, to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(in, generic(&to), sizeof to);
    socklen_t length = sizeof to;
    getsockname(in, reinterpret_cast<sockaddr*>(&to), &length);
  }
  void send() const { sendto(out, "hello", 5, 0, generic(&to), sizeof to); }
};
struct Seen {
  ssize_t length = -1;
  sockaddr_ll from{};
  unsigned char bytes[200];
};
const Seen& take(int fd, size_t most = 200, int flags = 0) {
  static Seen seen;
  seen = Seen();
  pollfd poller{fd, POLLIN, 0};
  poll(&poller, 1, 200);
  socklen_t length = sizeof seen.from;
  seen.length = recvfrom(fd, seen.bytes, most, MSG_DONTWAIT | flags, reinterpret_cast<sockaddr*>(&seen.from), &length);
  return seen;
}
}  // namespace

TEST(who_may_make_packet_sockets) {
  COVERS("socket");
  int refused = guest::in_child([] {
    if (geteuid() == 0 && setuid(65534) != 0) return 2;
    return socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) == -1 && errno == EPERM ? 0 : 1;
  });
  EXPECT_TRUE(refused == 0 || refused == 2);
}

TEST(a_packet_socket_sees_what_goes_and_what_comes) {
  COVERS("socket", "recvfrom", "bind", "getsockname");
  if (!own_network()) SKIP("may not make a network namespace");
  int all = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), cooked = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
  int none = socket(AF_PACKET, SOCK_RAW, 0);
  ASSERT_TRUE(all >= 0 && cooked >= 0 && none >= 0);
  Wire wire;
  wire.send();
  for (int way : {PACKET_OUTGOING, PACKET_HOST}) {
    const Seen& frame = take(all);
    ASSERT_EQ(14 + 20 + 8 + 5, frame.length);
    EXPECT_EQ(way, frame.from.sll_pkttype);
    EXPECT_EQ(AF_PACKET, frame.from.sll_family);
    EXPECT_EQ(htons(ETH_P_IP), frame.from.sll_protocol);
    EXPECT_EQ(static_cast<int>(if_nametoindex("lo")), frame.from.sll_ifindex);
    EXPECT_EQ(772, frame.from.sll_hatype);
    EXPECT_EQ(6, frame.from.sll_halen);
    EXPECT_EQ(0x08, frame.bytes[12]);
    EXPECT_EQ(0x45, frame.bytes[14]);
    EXPECT_EQ(0, memcmp(frame.bytes + 42, "hello", 5));
  }
  const Seen& packet = take(cooked);  // of one protocol, what comes alone
  ASSERT_EQ(33, packet.length);
  EXPECT_EQ(0x45, packet.bytes[0]);
  EXPECT_EQ(PACKET_HOST, packet.from.sll_pkttype);
  EXPECT_EQ(-1, take(cooked).length);
  EXPECT_EQ(-1, take(none).length);
  // Bound, it says so.
  sockaddr_ll lo = on_lo(ETH_P_IP), name{};
  ASSERT_OK(bind(none, generic(&lo), sizeof lo));
  socklen_t length = sizeof name;
  ASSERT_OK(getsockname(none, reinterpret_cast<sockaddr*>(&name), &length));
  EXPECT_EQ(18u, length);
  EXPECT_EQ(htons(ETH_P_IP), name.sll_protocol);
  EXPECT_EQ(lo.sll_ifindex, name.sll_ifindex);
  wire.send();
  EXPECT_EQ(47, take(none).length);
  lo.sll_ifindex = 999;
  EXPECT_ERRNO(ENODEV, bind(none, generic(&lo), sizeof lo));
  EXPECT_ERRNO(EOPNOTSUPP, listen(none, 1));
  EXPECT_ERRNO(EOPNOTSUPP, connect(none, generic(&lo), sizeof lo));
}

TEST(options_of_packet_sockets) {
  COVERS("setsockopt", "getsockopt", "recvmsg");
  if (!own_network()) SKIP("may not make a network namespace");
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
  ASSERT_TRUE(fd >= 0);
  Wire wire;
  // A filter sees the frame from its link header on.
  const sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 14 + 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 20),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  sock_fprog program{4, const_cast<sock_filter*>(code)};
  ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
  int on = 1;
  ASSERT_OK(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on));
  wire.send();
  char bytes[100];
  alignas(8) char control[100];
  iovec vector{bytes, sizeof bytes};
  msghdr message{};
  message.msg_iov = &vector, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  ASSERT_EQ(20, recvmsg(fd, &message, 0));
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  ASSERT_TRUE(c != nullptr);
  EXPECT_EQ(SOL_PACKET, c->cmsg_level);
  EXPECT_EQ(PACKET_AUXDATA, c->cmsg_type);
  tpacket_auxdata more{};
  memcpy(&more, CMSG_DATA(c), sizeof more);
  EXPECT_EQ(47u, more.tp_len);
  EXPECT_EQ(20u, more.tp_snaplen);
  EXPECT_EQ(14, more.tp_net);
  tpacket_stats counts{};
  socklen_t length = sizeof counts;
  ASSERT_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &counts, &length));
  EXPECT_EQ(1u, counts.tp_packets);
  EXPECT_EQ(0u, counts.tp_drops);
  length = sizeof counts;
  ASSERT_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &counts, &length));
  EXPECT_EQ(0u, counts.tp_packets);
  packet_mreq member{};
  member.mr_ifindex = static_cast<int>(if_nametoindex("lo")), member.mr_type = PACKET_MR_PROMISC;
  EXPECT_OK(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, sizeof member));
  EXPECT_ERRNO(EINVAL, setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, 4));
  member.mr_ifindex = 999;
  EXPECT_ERRNO(ENODEV, setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, sizeof member));
  wire.send();
  EXPECT_EQ(20, take(fd, 5, MSG_TRUNC).length);
}

TEST(a_frame_that_is_sent_is_seen) {
  COVERS("sendto");
  if (!own_network()) SKIP("may not make a network namespace");
  int raw = socket(AF_INET, SOCK_RAW, 200), fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  int other = socket(AF_PACKET, SOCK_DGRAM, 0);
  ASSERT_TRUE(raw >= 0 && fd >= 0 && other >= 0);
  sockaddr_in to{};
  to.sin_family = AF_INET, to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(4, sendto(raw, "data", 4, 0, generic(&to), sizeof to));
  EXPECT_EQ(24, take(raw).length);
  Seen frame = take(fd);
  ASSERT_EQ(38, frame.length);
  EXPECT_EQ(38, take(fd).length);
  sockaddr_ll lo = on_lo(ETH_P_IP);
  EXPECT_ERRNO(ENXIO, send(fd, frame.bytes, 38, 0));  // no interface is named
  ASSERT_EQ(38, sendto(fd, frame.bytes, 38, 0, generic(&lo), sizeof lo));
  EXPECT_EQ(-1, take(raw).length);  // IP takes nothing from 127.0.0.0/8 that was not sent there by itself
  EXPECT_EQ(PACKET_HOST, take(fd).from.sll_pkttype);  // it does not see its own go out
  EXPECT_EQ(-1, take(fd).length);
  ASSERT_EQ(24, sendto(other, frame.bytes + 14, 24, 0, generic(&lo), sizeof lo));
  EXPECT_EQ(PACKET_OUTGOING, take(fd).from.sll_pkttype);
  EXPECT_EQ(38, take(fd).length);
  EXPECT_ERRNO(EINVAL, sendto(fd, frame.bytes, 10, 0, generic(&lo), sizeof lo));
}

GUEST_TEST_MAIN
