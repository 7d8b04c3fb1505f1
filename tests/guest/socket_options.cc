// Options that change what a socket sends and receives: socket(7), udp(7), unix(7).
#include "tests/guest/guest_test.h"
#include "tests/guest/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
#ifndef SO_TXTIME
#define SO_TXTIME 61
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK 72
#endif

namespace {
using guest::bound;
using guest::generic;
using guest::name_of;
using guest::Pair;
using guest::set;
using guest::text;
using guest::udp_pair;
using guest::unix_pair;
Pair tcp_pair() {
  int listening = bound(SOCK_STREAM);
  listen(listening, 1);
  Pair pair{socket(AF_INET, SOCK_STREAM, 0), -1};
  sockaddr_in to = name_of(listening);
  connect(pair.a, generic(&to), sizeof to);
  pair.b = accept(listening, nullptr, nullptr);
  close(listening);
  return pair;
}
int number(int fd, int level, int option) {
  int value = -77;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, option, &value, &length) == 0 ? value : -errno - 1000;
}
// The one control message of a received datagram; its length, or -1.
struct Told {
  int level = -1, type = -1;
  ssize_t length = -1;
  alignas(8) unsigned char data[256]{};
  ssize_t received = -1;
};
Told told(int fd) {
  Told result;
  char bytes[70000];
  alignas(8) char control[512];
  iovec vector{bytes, sizeof bytes};
  msghdr message{};
  message.msg_iov = &vector, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  result.received = recvmsg(fd, &message, MSG_DONTWAIT);
  if (cmsghdr* c = result.received < 0 ? nullptr : CMSG_FIRSTHDR(&message)) {
    result.level = c->cmsg_level, result.type = c->cmsg_type;
    result.length = static_cast<ssize_t>(c->cmsg_len - CMSG_LEN(0));
    memcpy(result.data, CMSG_DATA(c), static_cast<size_t>(result.length));
  }
  return result;
}
int as_int(const Told& told) {
  int value = 0;
  memcpy(&value, told.data, sizeof value);
  return value;
}
}  // namespace

TEST(a_peek_with_an_offset_goes_through_a_stream) {
  COVERS("recvfrom", "setsockopt", "getsockopt");
  for (int kind = 0; kind < 2; ++kind) {
    Pair pair = kind == 0 ? unix_pair(SOCK_STREAM) : tcp_pair();
    EXPECT_EQ(-1, number(pair.b, SOL_SOCKET, SO_PEEK_OFF));
    if (set(pair.b, SOL_SOCKET, SO_PEEK_OFF, 1) != 0) SKIP("this Linux has no SO_PEEK_OFF for TCP");
    ASSERT_EQ(6, send(pair.a, "abcdef", 6, 0));
    EXPECT_STREQ("bc", text(pair.b, MSG_PEEK, 2));
    EXPECT_STREQ("de", text(pair.b, MSG_PEEK, 2));
    EXPECT_EQ(5, number(pair.b, SOL_SOCKET, SO_PEEK_OFF));
    EXPECT_STREQ("f", text(pair.b, MSG_PEEK, 2));
    EXPECT_STREQ("!EAGAIN", text(pair.b, MSG_PEEK, 2));
    EXPECT_STREQ("ab", text(pair.b, 0, 2));  // takes the offset back with it
    EXPECT_EQ(4, number(pair.b, SOL_SOCKET, SO_PEEK_OFF));
    ASSERT_OK(set(pair.b, SOL_SOCKET, SO_PEEK_OFF, 1));
    EXPECT_STREQ("def", text(pair.b, MSG_PEEK));
    ASSERT_OK(set(pair.b, SOL_SOCKET, SO_PEEK_OFF, -1));
    EXPECT_STREQ("cdef", text(pair.b, MSG_PEEK));
    EXPECT_STREQ("cdef", text(pair.b, MSG_PEEK));
    close(pair.a), close(pair.b);
  }
}

TEST(a_peek_with_an_offset_steps_over_datagrams) {
  COVERS("recvfrom", "setsockopt");
  for (int kind = 0; kind < 3; ++kind) {
    Pair pair = kind == 0 ? udp_pair() : unix_pair(kind == 1 ? SOCK_DGRAM : SOCK_SEQPACKET);
    ASSERT_OK(set(pair.b, SOL_SOCKET, SO_PEEK_OFF, 0));
    ASSERT_EQ(3, send(pair.a, "abc", 3, 0));
    ASSERT_EQ(3, send(pair.a, "def", 3, 0));
    EXPECT_STREQ("ab", text(pair.b, MSG_PEEK, 2));
    EXPECT_STREQ("c", text(pair.b, MSG_PEEK, 2));
    EXPECT_STREQ("de", text(pair.b, MSG_PEEK, 2));
    EXPECT_STREQ("f", text(pair.b, MSG_PEEK));
    EXPECT_STREQ("!EAGAIN", text(pair.b, MSG_PEEK));
    EXPECT_STREQ("a",
                 text(pair.b, 0, 1));  // the rest of that datagram is gone; UDP takes back what was read of it alone
    EXPECT_EQ(kind == 0 ? 5 : 3, number(pair.b, SOL_SOCKET, SO_PEEK_OFF));
    ASSERT_OK(set(pair.b, SOL_SOCKET, SO_PEEK_OFF, 1));
    EXPECT_STREQ("ef", text(pair.b, MSG_PEEK));
    close(pair.a), close(pair.b);
  }
}

TEST(the_groups_of_a_peer) {
  COVERS("getsockopt");
  Pair pair = unix_pair(SOCK_STREAM);
  gid_t own[128], seen[128];
  int count = getgroups(128, own);
  ASSERT_TRUE(count >= 0);
  socklen_t length = sizeof seen;
  ASSERT_OK(getsockopt(pair.a, SOL_SOCKET, SO_PEERGROUPS, seen, &length));
  EXPECT_EQ(static_cast<int>(count * sizeof(gid_t)), static_cast<int>(length));
  if (count > 0) {
    EXPECT_EQ(own[0], seen[0]);
    length = 1;
    EXPECT_ERRNO(ERANGE, getsockopt(pair.a, SOL_SOCKET, SO_PEERGROUPS, seen, &length));
  }
  length = sizeof seen;
  int lone = socket(AF_UNIX, SOCK_STREAM, 0), inet = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_ERRNO(ENODATA, getsockopt(lone, SOL_SOCKET, SO_PEERGROUPS, seen, &length));
  EXPECT_ERRNO(ENODATA, getsockopt(inet, SOL_SOCKET, SO_PEERGROUPS, seen, &length));
  EXPECT_ERRNO(ENOPROTOOPT, setsockopt(pair.a, SOL_SOCKET, SO_PEERGROUPS, seen, sizeof seen));
}

TEST(a_corked_datagram_goes_when_the_cork_goes) {
  COVERS("setsockopt", "sendto");
  Pair pair = udp_pair();
  ASSERT_OK(set(pair.a, IPPROTO_UDP, UDP_CORK, 1));
  EXPECT_EQ(1, number(pair.a, IPPROTO_UDP, UDP_CORK));
  ASSERT_EQ(3, send(pair.a, "one", 3, 0));
  ASSERT_EQ(3, send(pair.a, "two", 3, 0));
  EXPECT_STREQ("!EAGAIN", text(pair.b, 0));
  ASSERT_OK(set(pair.a, IPPROTO_UDP, UDP_CORK, 0));
  EXPECT_STREQ("onetwo", text(pair.b, 0));
  EXPECT_STREQ("!EAGAIN", text(pair.b, 0));
}

TEST(more_to_come_makes_one_datagram) {
  COVERS("sendto");
  Pair pair = udp_pair();
  int other = bound(SOCK_DGRAM);
  sockaddr_in elsewhere = name_of(other);
  ASSERT_EQ(2, send(pair.a, "ab", 2, MSG_MORE));
  ASSERT_EQ(0, send(pair.a, "", 0, MSG_MORE));
  EXPECT_STREQ("!EAGAIN", text(pair.b, 0));
  // It goes where its first piece was to go.
  ASSERT_EQ(2, sendto(pair.a, "cd", 2, 0, generic(&elsewhere), sizeof elsewhere));
  EXPECT_STREQ("abcd", text(pair.b, 0));
  EXPECT_STREQ("!EAGAIN", text(other, 0));
  // What becomes too long is dropped, and the next one begins anew.
  static char much[40000];
  ASSERT_EQ(40000, send(pair.a, much, sizeof much, MSG_MORE));
  EXPECT_ERRNO(EMSGSIZE, send(pair.a, much, sizeof much, MSG_MORE));
  ASSERT_EQ(1, send(pair.a, "x", 1, 0));
  EXPECT_STREQ("x", text(pair.b, 0));
  // What is held when the socket is closed is never sent.
  ASSERT_EQ(1, send(pair.a, "y", 1, MSG_MORE));
  close(pair.a);
  EXPECT_STREQ("!EAGAIN", text(pair.b, 0));
}

TEST(a_receive_buffer_holds_so_many_datagrams_and_tells_of_the_lost) {
  COVERS("setsockopt", "getsockopt", "recvmsg");
  Pair pair = udp_pair();
  ASSERT_OK(set(pair.b, SOL_SOCKET, SO_RCVBUF, 4096));
  ASSERT_OK(set(pair.b, SOL_SOCKET, SO_RXQ_OVFL, 1));
  for (int i = 0; i < 100; ++i) ASSERT_EQ(1, send(pair.a, "x", 1, 0));
  uint32_t info[9]{};
  socklen_t length = sizeof info;
  ASSERT_OK(getsockopt(pair.b, SOL_SOCKET, SO_MEMINFO, info, &length));
  EXPECT_EQ(sizeof info, static_cast<size_t>(length));
  EXPECT_EQ(8192u, info[1]);
  EXPECT_TRUE(info[0] != 0 && info[0] <= 8192);
  int kept = 0;
  while (recv(pair.b, info, 1, MSG_DONTWAIT) == 1) ++kept;
  EXPECT_TRUE(kept >= 5 && kept <= 20);
  EXPECT_EQ(100u - static_cast<unsigned>(kept), info[8]);
  ASSERT_EQ(1, send(pair.a, "y", 1, 0));
  Told drops = told(pair.b);
  EXPECT_EQ(SOL_SOCKET, drops.level);
  EXPECT_EQ(SO_RXQ_OVFL, drops.type);
  EXPECT_EQ(100 - kept, as_int(drops));
}

TEST(timestamps_in_every_form) {
  COVERS("setsockopt", "recvmsg");
  struct {
    int option, value, type;
    ssize_t length;
  } const cases[] = {
      {SO_TIMESTAMP, 1, SO_TIMESTAMP, 16},
      {SO_TIMESTAMPNS, 1, SO_TIMESTAMPNS, 16},
      {63, 1, 63, 16},  // SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW
      {64, 1, 64, 16},
      {SO_TIMESTAMPING, 1 << 3 | 1 << 4, SO_TIMESTAMPING, 48},  // of software, when received
  };
  for (const auto& c : cases) {
    Pair pair = udp_pair();
    ASSERT_OK(set(pair.b, SOL_SOCKET, c.option, c.value));
    EXPECT_EQ(c.value, number(pair.b, SOL_SOCKET, c.option));
    guest::sleep_ms(1);
    ASSERT_EQ(1, send(pair.a, "x", 1, 0));
    Told stamp = told(pair.b);
    EXPECT_EQ(SOL_SOCKET, stamp.level);
    EXPECT_EQ(c.type, stamp.type);
    EXPECT_EQ(c.length, stamp.length);
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t seconds = 0;
    memcpy(&seconds, stamp.data, sizeof seconds);
    EXPECT_TRUE(now.tv_sec - seconds >= 0 && now.tv_sec - seconds < 5);
    close(pair.a), close(pair.b);
  }
  int fd = bound(SOCK_DGRAM);
  ASSERT_OK(set(fd, SOL_SOCKET, SO_TIMESTAMP, 1));
  ASSERT_OK(set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1));  // the last one holds
  EXPECT_EQ(0, number(fd, SOL_SOCKET, SO_TIMESTAMP));
  ASSERT_OK(set(fd, SOL_SOCKET, SO_TIMESTAMP, 0));
  EXPECT_EQ(0, number(fd, SOL_SOCKET, SO_TIMESTAMPNS));
  EXPECT_ERRNO(EINVAL, set(fd, SOL_SOCKET, SO_TIMESTAMPING, -1));
}

TEST(options_that_are_kept_and_told) {
  COVERS("setsockopt", "getsockopt");
  int udp = socket(AF_INET, SOCK_DGRAM, 0), stream = socket(AF_UNIX, SOCK_STREAM, 0);
  for (int fd : {udp, stream}) {
    EXPECT_OK(set(fd, SOL_SOCKET, SO_BUSY_POLL, 0));
    EXPECT_ERRNO(EINVAL, set(fd, SOL_SOCKET, SO_BUSY_POLL, -1));
    EXPECT_OK(set(fd, SOL_SOCKET, SO_NOFCS, 7));
    EXPECT_EQ(1, number(fd, SOL_SOCKET, SO_NOFCS));
    EXPECT_EQ(-1, number(fd, SOL_SOCKET, SO_INCOMING_CPU));
    EXPECT_EQ(-1, number(fd, SOL_SOCKET, SO_MAX_PACING_RATE));
    EXPECT_OK(set(fd, SOL_SOCKET, SO_MAX_PACING_RATE, 70000));
    uint64_t wide = 0;
    socklen_t length = sizeof wide;
    EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &wide, &length));
    EXPECT_EQ(70000u, wide);
    EXPECT_EQ(8u, length);
    length = sizeof wide;
    EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &wide, &length));
    EXPECT_TRUE(wide != 0);
    uint64_t again = 0;
    length = sizeof again;
    EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &again, &length));
    EXPECT_EQ(wide, again);
    length = 4;
    EXPECT_ERRNO(EINVAL, getsockopt(fd, SOL_SOCKET, SO_COOKIE, &wide, &length));
    length = sizeof wide;
    EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &wide, &length));
    EXPECT_TRUE(wide != 0);
    const struct {
      int clock;
      unsigned flags;
    } monotonic{1, 2}, strange{1, 4}, raw{4, 0};
    EXPECT_OK(setsockopt(fd, SOL_SOCKET, SO_TXTIME, &monotonic, sizeof monotonic));
    EXPECT_ERRNO(EINVAL, setsockopt(fd, SOL_SOCKET, SO_TXTIME, &strange, sizeof strange));
    errno = 0;
    EXPECT_EQ(-1, setsockopt(fd, SOL_SOCKET, SO_TXTIME, &raw, sizeof raw));
    EXPECT_TRUE(errno == EINVAL || errno == EPERM);  // with CAP_NET_ADMIN, without
    EXPECT_ERRNO(EINVAL, setsockopt(fd, SOL_SOCKET, SO_TXTIME, &monotonic, 4));
    EXPECT_EQ(1, number(fd, SOL_SOCKET, SO_TXTIME));
    EXPECT_EQ(0, number(fd, SOL_SOCKET, SO_BUF_LOCK));
    EXPECT_OK(set(fd, SOL_SOCKET, SO_RCVBUF, 10000));
    EXPECT_EQ(20000, number(fd, SOL_SOCKET, SO_RCVBUF));
    EXPECT_EQ(2, number(fd, SOL_SOCKET, SO_BUF_LOCK));
    EXPECT_OK(set(fd, SOL_SOCKET, SO_SNDBUF, 10000));
    EXPECT_EQ(3, number(fd, SOL_SOCKET, SO_BUF_LOCK));
    EXPECT_ERRNO(EINVAL, set(fd, SOL_SOCKET, SO_BUF_LOCK, 4));
    EXPECT_EQ(0, number(fd, SOL_SOCKET, SO_BINDTOIFINDEX));
    EXPECT_ERRNO(EINVAL, set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, -1));
    EXPECT_ERRNO(ENODEV, setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nowhere0", 9));
    EXPECT_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    EXPECT_EQ(1, number(fd, SOL_SOCKET, SO_BINDTOIFINDEX));
    char name[16] = "";
    length = sizeof name;
    EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length));
    EXPECT_STREQ("lo", name);
    EXPECT_EQ(3u, length);
    timeval wait{};
    wait.tv_sec = 3;
    EXPECT_OK(setsockopt(fd, SOL_SOCKET, 66, &wait, sizeof wait));  // SO_RCVTIMEO_NEW
    EXPECT_EQ(3, number(fd, SOL_SOCKET, SO_RCVTIMEO));
    wait.tv_usec = 1000000;
    EXPECT_ERRNO(EDOM, setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait));
  }
  EXPECT_OK(set(udp, SOL_SOCKET, SO_ZEROCOPY, 1));
  EXPECT_ERRNO(EINVAL, set(udp, SOL_SOCKET, SO_ZEROCOPY, 2));
  EXPECT_ERRNO(EOPNOTSUPP, set(stream, SOL_SOCKET, SO_ZEROCOPY, 1));
  EXPECT_EQ(0, number(stream, SOL_SOCKET, SO_ZEROCOPY));
}

TEST(options_of_tcp_that_are_counted_otherwise) {
  COVERS("setsockopt", "getsockopt");
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  const struct {
    int option, value, kept;
  } cases[] = {
      {TCP_DEFER_ACCEPT, 2, 3},
      {TCP_DEFER_ACCEPT, 5, 7},
      {TCP_DEFER_ACCEPT, -1, 0},
      {TCP_LINGER2, 0, 60},
      {TCP_LINGER2, -5, -1},
      {TCP_LINGER2, 70000, 120},
      {TCP_WINDOW_CLAMP, 1, 1152},
      {TCP_FASTOPEN, 70000, 4096},
      {TCP_FASTOPEN_CONNECT, 1, 1},
      {TCP_USER_TIMEOUT, 5, 5},
      {TCP_INQ, 1, 1},
  };
  for (const auto& c : cases) {
    EXPECT_OK(set(fd, IPPROTO_TCP, c.option, c.value));
    EXPECT_EQ(c.kept, number(fd, IPPROTO_TCP, c.option));
  }
  EXPECT_ERRNO(EINVAL, set(fd, IPPROTO_TCP, TCP_FASTOPEN, -1));
  EXPECT_ERRNO(EINVAL, set(fd, IPPROTO_TCP, TCP_INQ, 2));
  EXPECT_ERRNO(EINVAL, setsockopt(fd, IPPROTO_TCP, 200, "", 1));
  EXPECT_ERRNO(ENOPROTOOPT, set(fd, IPPROTO_TCP, 200, 1));
  EXPECT_ERRNO(EINVAL, setsockopt(fd, IPPROTO_IP, IP_FREEBIND, "", 0));
  EXPECT_OK(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, nullptr, 0));
  EXPECT_OK(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, "\1", 1));
  char options[40];
  socklen_t length = sizeof options;
  EXPECT_OK(getsockopt(fd, IPPROTO_IP, IP_OPTIONS, options, &length));
  EXPECT_EQ(4u, length);
  EXPECT_ERRNO(EINVAL, setsockopt(fd, IPPROTO_IP, IP_OPTIONS, "\2\0\0", 4));
}

GUEST_TEST_MAIN
