// Socket filters: socket(7), SO_ATTACH_FILTER.
#include "tests/guest/guest_test.h"
#include "tests/guest/sockets.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {
using guest::bound;
using guest::generic;
using guest::name_of;
using guest::Pair;
using guest::set;
using guest::text;
using guest::udp_pair;
using guest::unix_pair;
int attach(int fd, const sock_filter* code, size_t count, int option = SO_ATTACH_FILTER) {
  sock_fprog program{static_cast<unsigned short>(count), const_cast<sock_filter*>(code)};
  return setsockopt(fd, SOL_SOCKET, option, &program, sizeof program);
}
}  // namespace

TEST(a_filter_drops_and_cuts_datagrams) {
  COVERS("setsockopt");
  // The first byte of the data stands behind UDP's header: 'k' is kept, 'c' is cut to two bytes.
  const sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'k', 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'c', 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 10),         BPF_STMT(BPF_RET | BPF_K, 0),
  };
  Pair pair = udp_pair();
  ASSERT_OK(attach(pair.b, code, 6));
  for (const char* sent : {"kept", "lost", "cut", "", "k"}) ASSERT_OK(send(pair.a, sent, strlen(sent), 0));
  EXPECT_STREQ("kept", text(pair.b, 0));
  EXPECT_STREQ("cu", text(pair.b, 0));
  EXPECT_STREQ("k", text(pair.b, 0));
  EXPECT_STREQ("!EAGAIN", text(pair.b, 0));
  ASSERT_OK(set(pair.b, SOL_SOCKET, SO_DETACH_FILTER, 0));
  EXPECT_ERRNO(ENOENT, set(pair.b, SOL_SOCKET, SO_DETACH_FILTER, 0));
  ASSERT_OK(send(pair.a, "lost", 4, 0));
  EXPECT_STREQ("lost", text(pair.b, 0));
}

TEST(a_filter_sees_headers_and_more) {
  COVERS("setsockopt");
  // Each of these is kept or not by what it loads.
  struct {
    sock_filter load;
    uint32_t value;
    const char* what;
  } const cases[] = {
      {BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), 8 + 4, "the length"},
      {BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4), 8 + 4, "UDP's length"},
      {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, static_cast<uint32_t>(SKF_NET_OFF)), 0x45, "IP's version"},
      {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, static_cast<uint32_t>(SKF_NET_OFF + 9)), IPPROTO_UDP, "IP's protocol"},
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_NET_OFF + 16)), INADDR_LOOPBACK, "where it goes"},
      {BPF_STMT(BPF_LD | BPF_H | BPF_ABS, static_cast<uint32_t>(SKF_LL_OFF + 12)), ETH_P_IP, "the link's type"},
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL)), ETH_P_IP, "protocol"},
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_IFINDEX)), 1, "interface"},
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_HATYPE)), 772, "hardware"},
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)), 0, "for us"},
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)), 0, "VLAN"},
  };
  for (const auto& c : cases) {
    Pair pair = udp_pair();
    const sock_filter code[] = {
        c.load,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, c.value, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    ASSERT_OK(attach(pair.b, code, 4));
    ASSERT_EQ(4, send(pair.a, "data", 4, 0));
    if (strcmp("data", text(pair.b, 0)) != 0) guest::fail(__FILE__, __LINE__, "not seen", c.what);
    close(pair.a), close(pair.b);
  }
  // X + k, remainders, the length of an IP header, a load from beyond the packet, which ends the program.
  const sock_filter code[] = {
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, static_cast<uint32_t>(SKF_NET_OFF)),
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, static_cast<uint32_t>(SKF_NET_OFF + 8)),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 10),
      BPF_STMT(BPF_ST, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
      BPF_STMT(BPF_LD | BPF_MEM, 3),
      BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 8),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  Pair pair = udp_pair();
  ASSERT_OK(attach(pair.b, code, 8));
  ASSERT_EQ(1, send(pair.a, "5", 1, 0));
  ASSERT_EQ(6, send(pair.a, "567890", 6, 0));  // '5' is 53: three bytes are kept
  EXPECT_STREQ("567", text(pair.b, 0));
}

TEST(a_filter_of_a_unix_socket) {
  COVERS("setsockopt");
  const sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 15),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  for (int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    Pair pair = unix_pair(type);
    ASSERT_OK(attach(pair.b, code, 3));
    EXPECT_EQ(4, send(pair.a, "2abc", 4, 0));
    EXPECT_EQ(4, send(pair.a, "0abc", 4, 0));
    EXPECT_EQ(4, send(pair.a, "9abc", 4, 0));
    EXPECT_STREQ("2a", text(pair.b, 0));
    EXPECT_STREQ("9abc", text(pair.b, 0));
    EXPECT_STREQ("!EAGAIN", text(pair.b, 0));
    close(pair.a), close(pair.b);
  }
}

TEST(which_filters_are_taken) {
  COVERS("setsockopt", "getsockopt");
  Pair pair = udp_pair();
  const sock_filter good[] = {BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_RET | BPF_A, 0)};
  const sock_filter open_ended[] = {BPF_STMT(BPF_LD | BPF_IMM, 1)};
  const sock_filter far[] = {BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_RET | BPF_K, 0)};
  const sock_filter by_zero[] = {BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 0), BPF_STMT(BPF_RET | BPF_A, 0)};
  const sock_filter unwritten[] = {BPF_STMT(BPF_LD | BPF_MEM, 2), BPF_STMT(BPF_RET | BPF_A, 0)};
  const sock_filter strange[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_MAX)),
                                 BPF_STMT(BPF_RET | BPF_A, 0)};
  EXPECT_ERRNO(EINVAL, attach(pair.b, good, 0));
  EXPECT_ERRNO(EINVAL, attach(pair.b, open_ended, 1));
  EXPECT_ERRNO(EINVAL, attach(pair.b, far, 2));
  EXPECT_ERRNO(EINVAL, attach(pair.b, by_zero, 2));
  EXPECT_ERRNO(EINVAL, attach(pair.b, unwritten, 2));
  EXPECT_ERRNO(EINVAL, attach(pair.b, strange, 2));
  EXPECT_ERRNO(EFAULT, attach(pair.b, reinterpret_cast<const sock_filter*>(16), 2));
  EXPECT_ERRNO(EINVAL, setsockopt(pair.b, SOL_SOCKET, SO_ATTACH_FILTER, good, 4));
  sock_filter read[4]{};
  socklen_t length = 4;
  EXPECT_OK(getsockopt(pair.b, SOL_SOCKET, SO_GET_FILTER, read, &length));
  EXPECT_EQ(0u, length);
  ASSERT_OK(attach(pair.b, good, 2));
  // The length counts instructions.
  length = 0;
  ASSERT_OK(getsockopt(pair.b, SOL_SOCKET, SO_GET_FILTER, read, &length));
  EXPECT_EQ(2u, length);
  EXPECT_EQ(0, read[1].code);
  length = 1;
  EXPECT_ERRNO(EINVAL, getsockopt(pair.b, SOL_SOCKET, SO_GET_FILTER, read, &length));
  length = 4;
  ASSERT_OK(getsockopt(pair.b, SOL_SOCKET, SO_GET_FILTER, read, &length));
  EXPECT_EQ(2u, length);
  EXPECT_EQ(0, memcmp(read, good, sizeof good));
  // A filter that is locked stays.
  ASSERT_OK(set(pair.b, SOL_SOCKET, SO_LOCK_FILTER, 1));
  EXPECT_ERRNO(EPERM, attach(pair.b, good, 2));
  EXPECT_ERRNO(EPERM, set(pair.b, SOL_SOCKET, SO_DETACH_FILTER, 0));
  EXPECT_ERRNO(EPERM, set(pair.b, SOL_SOCKET, SO_LOCK_FILTER, 0));
  EXPECT_OK(set(pair.b, SOL_SOCKET, SO_LOCK_FILTER, 1));
}

GUEST_TEST_MAIN
