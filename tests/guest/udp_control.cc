// What a datagram is sent with and told of: control messages of ip(7) and ipv6(7), errors that come later (IP_RECVERR), datagrams
// in segments (UDP_SEGMENT, UDP_GRO).
#include "tests/guest/guest_test.h"

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/in6.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace {
struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
Address local(int family, uint16_t port, const char* v4 = "127.0.0.1") {
  Address address;
  if (family == AF_INET) {
    auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
    in->sin_family = AF_INET, in->sin_port = htons(port);
    inet_pton(AF_INET, v4, &in->sin_addr);
    address.length = sizeof *in;
  } else {
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    in6->sin6_family = AF_INET6, in6->sin6_port = htons(port);
    in6->sin6_addr = in6addr_loopback;
    address.length = sizeof *in6;
  }
  return address;
}
uint16_t port_of(int fd) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length);
  return ntohs(reinterpret_cast<sockaddr_in*>(&name)->sin_port);  // at the same place in both
}
int receiver(int family, const char* v4 = "0.0.0.0") {
  int fd = socket(family, SOCK_DGRAM, 0);
  Address any = local(family, 0, v4);
  return bind(fd, any.get(), any.length) == 0 ? fd : -1;
}
bool has_v6() {
  int fd = receiver(AF_INET6);
  if (fd >= 0) close(fd);
  return fd >= 0;
}
int set(int fd, int level, int option, int value) { return setsockopt(fd, level, option, &value, sizeof value); }
int error_of(int fd) {
  int error = -1;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}
int events_of(int fd) {
  pollfd poller{fd, POLLIN | POLLPRI | POLLOUT, 0};
  poll(&poller, 1, 0);
  return poller.revents;
}
struct Control {
  int level, type;
  ssize_t length = -1;
  alignas(8) unsigned char data[64]{};
};
struct Got {
  ssize_t bytes = -1;
  int flags = 0, count = 0;
  sockaddr_storage from{};
  socklen_t from_length = 0;
  Control controls[8]{};
  char text[70000];
  const Control* find(int level, int type) const {
    for (int i = 0; i < count; ++i) {
      if (controls[i].level == level && controls[i].type == type) return &controls[i];
    }
    return nullptr;
  }
  int number(int level, int type) const {
    const Control* control = find(level, type);
    int value = 0;
    if (control == nullptr) return -77;
    memcpy(&value, control->data, control->length < 4 ? static_cast<size_t>(control->length) : 4);
    return value;
  }
};
const Got& take(int fd, int flags = 0) {
  static Got got;
  got = Got();
  alignas(8) char control[1024];
  iovec vector{got.text, sizeof got.text};
  msghdr message{};
  message.msg_name = &got.from, message.msg_namelen = sizeof got.from;
  message.msg_iov = &vector, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  got.bytes = recvmsg(fd, &message, flags | MSG_DONTWAIT);
  if (got.bytes < 0) return got;
  got.flags = message.msg_flags, got.from_length = message.msg_namelen;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr && got.count < 8; c = CMSG_NXTHDR(&message, c)) {
    Control& to = got.controls[got.count++];
    to.level = c->cmsg_level, to.type = c->cmsg_type;
    to.length = static_cast<ssize_t>(c->cmsg_len - CMSG_LEN(0));
    memcpy(to.data, CMSG_DATA(c), to.length < 64 ? static_cast<size_t>(to.length) : 64);
  }
  return got;
}
// Sends one byte with one control message.
ssize_t send_with(int fd, const Address& to, int level, int type, const void* data, size_t size) {
  alignas(8) char control[128]{};
  char byte = 'x';
  iovec vector{&byte, 1};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(to.get()), message.msg_namelen = to.length;
  message.msg_iov = &vector, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = CMSG_SPACE(size);
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = level, c->cmsg_type = type, c->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(c), data, size);
  return sendmsg(fd, &message, 0);
}
ssize_t send_number(int fd, const Address& to, int level, int type, int value) {
  return send_with(fd, to, level, type, &value, sizeof value);
}
// A port of this family that nobody has.
uint16_t closed_port(int family) {
  int fd = receiver(family);
  uint16_t port = port_of(fd);
  close(fd);
  return port;
}
}  // namespace

TEST(ip_control_messages_in_both_directions) {
  COVERS("sendmsg", "recvmsg", "setsockopt");
  int in = receiver(AF_INET), out = socket(AF_INET, SOCK_DGRAM, 0);
  ASSERT_TRUE(in >= 0);
  for (int option : {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR}) ASSERT_OK(set(in, IPPROTO_IP, option, 1));
  Address to = local(AF_INET, port_of(in), "127.0.0.77");
  ASSERT_OK(set(out, IPPROTO_IP, IP_TTL, 9));
  ASSERT_EQ(1, send_number(out, to, IPPROTO_IP, IP_TOS, 0x10));
  const Got& first = take(in);
  EXPECT_EQ(9, first.number(IPPROTO_IP, IP_TTL));
  EXPECT_EQ(0x10, first.number(IPPROTO_IP, IP_TOS));
  const Control* info = first.find(IPPROTO_IP, IP_PKTINFO);
  ASSERT_TRUE(info != nullptr);
  in_pktinfo seen{};
  memcpy(&seen, info->data, sizeof seen);
  EXPECT_EQ(htonl(0x7f00004d), seen.ipi_addr.s_addr);
  const Control* original = first.find(IPPROTO_IP, IP_ORIGDSTADDR);
  ASSERT_TRUE(original != nullptr);
  EXPECT_EQ(0, memcmp(original->data, to.get(), 8));
  // All of 127.0.0.0/8 is reached from 127.0.0.1, but where the sender says otherwise.
  EXPECT_EQ(htonl(INADDR_LOOPBACK), reinterpret_cast<const sockaddr_in*>(&first.from)->sin_addr.s_addr);
  in_pktinfo source{};
  inet_pton(AF_INET, "127.0.0.9", &source.ipi_spec_dst);
  ASSERT_EQ(1, send_with(out, to, IPPROTO_IP, IP_PKTINFO, &source, sizeof source));
  EXPECT_EQ(htonl(0x7f000009), reinterpret_cast<const sockaddr_in*>(&take(in).from)->sin_addr.s_addr);
  ASSERT_EQ(1, send_number(out, to, IPPROTO_IP, IP_TTL, 7));
  EXPECT_EQ(7, take(in).number(IPPROTO_IP, IP_TTL));

  EXPECT_ERRNO(EINVAL, send_number(out, to, IPPROTO_IP, IP_TTL, 0));
  EXPECT_ERRNO(EINVAL, send_number(out, to, IPPROTO_IP, IP_TTL, 256));
  EXPECT_ERRNO(EINVAL, send_with(out, to, IPPROTO_IP, IP_TTL, "\7", 1));
  EXPECT_EQ(1, send_with(out, to, IPPROTO_IP, IP_TOS, "\7", 1));
  EXPECT_ERRNO(EINVAL, send_number(out, to, IPPROTO_IP, IP_TOS, 256));
  EXPECT_ERRNO(EINVAL, send_with(out, to, IPPROTO_IP, IP_PKTINFO, &source, 8));
  source.ipi_ifindex = 999;
  EXPECT_ERRNO(ENODEV, send_with(out, to, IPPROTO_IP, IP_PKTINFO, &source, sizeof source));
  EXPECT_ERRNO(EINVAL, send_number(out, to, IPPROTO_IP, 99, 1));
  EXPECT_ERRNO(EINVAL, send_number(out, to, SOL_SOCKET, 99, 1));
  EXPECT_EQ(1, send_number(out, to, 99, 99, 1));  // a level that nobody knows
}

TEST(ipv6_control_messages_in_both_directions) {
  COVERS("sendmsg", "recvmsg", "setsockopt");
  if (!has_v6()) SKIP("there is no ::1");
  int in = receiver(AF_INET6), out = socket(AF_INET6, SOCK_DGRAM, 0);
  for (int option :
       {IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, IPV6_2292PKTINFO, IPV6_2292HOPLIMIT, IPV6_FLOWINFO}) {
    ASSERT_OK(set(in, IPPROTO_IPV6, option, 1));
  }
  Address to = local(AF_INET6, port_of(in));
  ASSERT_EQ(1, send_number(out, to, IPPROTO_IPV6, IPV6_HOPLIMIT, 7));
  const Got& first = take(in);
  EXPECT_EQ(7, first.number(IPPROTO_IPV6, IPV6_HOPLIMIT));
  EXPECT_EQ(7, first.number(IPPROTO_IPV6, IPV6_2292HOPLIMIT));
  EXPECT_EQ(0, first.number(IPPROTO_IPV6, IPV6_TCLASS));
  for (int type : {IPV6_PKTINFO, IPV6_2292PKTINFO}) {
    const Control* info = first.find(IPPROTO_IPV6, type);
    ASSERT_TRUE(info != nullptr);
    EXPECT_EQ(20, info->length);
    EXPECT_EQ(0, memcmp(info->data, &in6addr_loopback, 16));
  }
  ASSERT_EQ(1, send_number(out, to, IPPROTO_IPV6, IPV6_TCLASS, 0x20));
  EXPECT_EQ(0x20, take(in).number(IPPROTO_IPV6, IPV6_TCLASS));
  ASSERT_EQ(1, send_number(out, to, IPPROTO_IPV6, IPV6_FLOWINFO, static_cast<int>(htonl(0x12345))));
  EXPECT_EQ(static_cast<int>(htonl(0x12345)), take(in).number(IPPROTO_IPV6, IPV6_FLOWINFO));
  EXPECT_EQ(1, send_number(out, to, IPPROTO_IPV6, IPV6_HOPLIMIT, -1));
  EXPECT_EQ(64, take(in).number(IPPROTO_IPV6, IPV6_HOPLIMIT));

  EXPECT_ERRNO(EINVAL, send_number(out, to, IPPROTO_IPV6, IPV6_HOPLIMIT, 256));
  EXPECT_ERRNO(EINVAL, send_number(out, to, IPPROTO_IPV6, IPV6_TCLASS, 256));
  EXPECT_ERRNO(EINVAL, send_number(out, to, IPPROTO_IPV6, IPV6_DONTFRAG, 2));
  EXPECT_ERRNO(EINVAL, send_number(out, to, IPPROTO_IPV6, 99, 1));
  EXPECT_EQ(1, send_number(out, to, IPPROTO_IP, IP_TTL, 0));  // means nothing to IPv6
  in6_pktinfo source{in6addr_loopback, 0};
  EXPECT_EQ(1, send_with(out, to, IPPROTO_IPV6, IPV6_PKTINFO, &source, sizeof source));
  source.ipi6_addr.s6_addr[15] = 2;
  EXPECT_ERRNO(EINVAL, send_with(out, to, IPPROTO_IPV6, IPV6_PKTINFO, &source, sizeof source));
  source = {in6addr_loopback, 999};
  EXPECT_ERRNO(ENODEV, send_with(out, to, IPPROTO_IPV6, IPV6_PKTINFO, &source, sizeof source));
}

TEST(a_refusal_waits_in_the_error_queue) {
  COVERS("recvmsg", "setsockopt", "sendto", "getsockopt", "poll");
  for (int family : {AF_INET, AF_INET6}) {
    if (family == AF_INET6 && !has_v6()) break;
    const bool v6 = family == AF_INET6;
    const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP, option = v6 ? IPV6_RECVERR : IP_RECVERR;
    int fd = socket(family, SOCK_DGRAM, 0);
    ASSERT_OK(set(fd, level, option, 1));
    EXPECT_EQ(-1, take(fd, MSG_ERRQUEUE).bytes);
    EXPECT_EQ(EAGAIN, errno);
    Address to = local(family, closed_port(family));
    ASSERT_EQ(5, sendto(fd, "hello", 5, 0, to.get(), to.length));
    ASSERT_EQ(POLLERR | POLLOUT, events_of(fd));
    EXPECT_EQ(-1, take(fd).bytes);  // a pending error, too, of a socket that is not connected
    EXPECT_EQ(ECONNREFUSED, errno);
    const Got& refused = take(fd, MSG_ERRQUEUE);
    ASSERT_EQ(5, refused.bytes);
    EXPECT_EQ(0, memcmp(refused.text, "hello", 5));
    EXPECT_EQ(MSG_ERRQUEUE, refused.flags);
    EXPECT_EQ(static_cast<int>(to.length), static_cast<int>(refused.from_length));
    EXPECT_EQ(0, memcmp(&refused.from, to.get(), 8));
    const Control* control = refused.find(level, option);
    ASSERT_TRUE(control != nullptr);
    EXPECT_EQ(v6 ? 44 : 32, control->length);
    sock_extended_err error{};
    memcpy(&error, control->data, sizeof error);
    EXPECT_EQ(ECONNREFUSED, static_cast<int>(error.ee_errno));
    EXPECT_EQ(v6 ? SO_EE_ORIGIN_ICMP6 : SO_EE_ORIGIN_ICMP, error.ee_origin);
    EXPECT_EQ(v6 ? 1 : 3, error.ee_type);
    EXPECT_EQ(v6 ? 4 : 3, error.ee_code);
    sockaddr_in offender{};
    memcpy(&offender, control->data + sizeof error, sizeof offender);
    EXPECT_EQ(family, offender.sin_family);
    EXPECT_EQ(0, offender.sin_port);
    EXPECT_EQ(POLLOUT, events_of(fd));
    close(fd);
  }
}

TEST(the_error_queue_and_the_pending_error) {
  COVERS("recvmsg", "getsockopt", "sendto");
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ASSERT_OK(set(fd, IPPROTO_IP, IP_RECVERR, 1));
  Address to = local(AF_INET, closed_port(AF_INET));
  static char much[2000];
  ASSERT_EQ(2000, sendto(fd, much, sizeof much, 0, to.get(), to.length));
  EXPECT_ERRNO(ECONNREFUSED, sendto(fd, "b", 1, 0, to.get(), to.length));  // told, and nothing is sent
  ASSERT_EQ(1, sendto(fd, "c", 1, 0, to.get(), to.length));
  EXPECT_EQ(ECONNREFUSED, error_of(fd));
  EXPECT_EQ(0, error_of(fd));
  // ICMP quotes the first 576 bytes. Taking one makes the next one pending.
  EXPECT_EQ(520, take(fd, MSG_ERRQUEUE).bytes);
  EXPECT_EQ(POLLERR | POLLOUT, events_of(fd));
  EXPECT_EQ(ECONNREFUSED, error_of(fd));
  EXPECT_EQ(POLLERR | POLLOUT, events_of(fd));
  EXPECT_EQ(1, take(fd, MSG_ERRQUEUE).bytes);
  EXPECT_EQ(0, error_of(fd));
  // Switched off, it forgets what waits.
  ASSERT_EQ(1, sendto(fd, "d", 1, 0, to.get(), to.length));
  ASSERT_OK(set(fd, IPPROTO_IP, IP_RECVERR, 0));
  EXPECT_EQ(-1, take(fd, MSG_ERRQUEUE).bytes);
  EXPECT_EQ(ECONNREFUSED, error_of(fd));
  ASSERT_EQ(1, sendto(fd, "e", 1, 0, to.get(), to.length));
  EXPECT_EQ(0, error_of(fd));
  // What is too long is told of, too.
  ASSERT_OK(set(fd, IPPROTO_IP, IP_RECVERR, 1));
  static char too_much[65520];
  EXPECT_ERRNO(EMSGSIZE, sendto(fd, too_much, sizeof too_much, 0, to.get(), to.length));
  const Got& local_error = take(fd, MSG_ERRQUEUE);
  EXPECT_EQ(0, local_error.bytes);
  sock_extended_err error{};
  const Control* control = local_error.find(IPPROTO_IP, IP_RECVERR);
  ASSERT_TRUE(control != nullptr);
  memcpy(&error, control->data, sizeof error);
  EXPECT_EQ(EMSGSIZE, static_cast<int>(error.ee_errno));
  EXPECT_EQ(SO_EE_ORIGIN_LOCAL, error.ee_origin);
  // A poll can tell of the queue by POLLPRI.
  ASSERT_OK(set(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1));
  ASSERT_EQ(1, sendto(fd, "f", 1, 0, to.get(), to.length));
  EXPECT_EQ(POLLPRI | POLLERR | POLLOUT, events_of(fd));
}

TEST(a_refusal_wakes_who_waits) {
  COVERS("recvfrom", "poll");
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int later = receiver(AF_INET, "127.0.0.1");
  Address to = local(AF_INET, port_of(later));
  ASSERT_OK(connect(fd, to.get(), to.length));
  close(later);
  pid_t child = guest::spawn([&] {
    guest::sleep_ms(30);
    return send(fd, "x", 1, 0) == 1 ? 0 : 1;
  });
  char byte;
  EXPECT_ERRNO(ECONNREFUSED, recv(fd, &byte, 1, 0));
  guest::reap(child);
}

TEST(a_datagram_in_segments) {
  COVERS("setsockopt", "sendto", "sendmsg");
  int in = receiver(AF_INET, "127.0.0.1"), out = socket(AF_INET, SOCK_DGRAM, 0);
  Address to = local(AF_INET, port_of(in));
  ASSERT_OK(set(out, IPPROTO_UDP, UDP_SEGMENT, 4));
  ASSERT_EQ(10, sendto(out, "aaaabbbbcc", 10, 0, to.get(), to.length));
  EXPECT_EQ(4, take(in).bytes);
  const Got& second = take(in);
  EXPECT_EQ(4, second.bytes);
  EXPECT_EQ(0, memcmp(second.text, "bbbb", 4));
  EXPECT_EQ(2, take(in).bytes);
  EXPECT_EQ(-1, take(in).bytes);
  static char much[60000];
  EXPECT_ERRNO(EINVAL, sendto(out, much, sizeof much, 0, to.get(), to.length));  // more segments than there may be
  ASSERT_OK(set(out, IPPROTO_UDP, UDP_SEGMENT, 0));
  const uint16_t size = 1;
  char two[] = "xy";
  alignas(8) char control[CMSG_SPACE(sizeof size)]{};
  iovec vector{two, 2};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(to.get()), message.msg_namelen = to.length;
  message.msg_iov = &vector, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = IPPROTO_UDP, c->cmsg_type = UDP_SEGMENT, c->cmsg_len = CMSG_LEN(sizeof size);
  memcpy(CMSG_DATA(c), &size, sizeof size);
  ASSERT_EQ(2, sendmsg(out, &message, 0));
  EXPECT_EQ('x', take(in).text[0]);
  EXPECT_EQ('y', take(in).text[0]);
  EXPECT_ERRNO(EINVAL, send_number(out, to, IPPROTO_UDP, UDP_SEGMENT, 1));
  EXPECT_ERRNO(EINVAL, set(out, IPPROTO_UDP, UDP_SEGMENT, 65536));
}

TEST(segments_that_are_received_as_one) {
  COVERS("setsockopt", "recvmsg");
  int in = receiver(AF_INET, "127.0.0.1"), out = socket(AF_INET, SOCK_DGRAM, 0);
  Address to = local(AF_INET, port_of(in));
  ASSERT_OK(set(in, IPPROTO_UDP, UDP_GRO, 1));
  ASSERT_OK(set(out, IPPROTO_UDP, UDP_SEGMENT, 100));
  static char much[1050];
  ASSERT_EQ(1050, sendto(out, much, sizeof much, 0, to.get(), to.length));
  const Got& whole = take(in);
  EXPECT_EQ(1050, whole.bytes);
  EXPECT_EQ(100, whole.number(IPPROTO_UDP, UDP_GRO));
  ASSERT_EQ(60, sendto(out, much, 60, 0, to.get(), to.length));  // one segment is a datagram like others
  const Got& one = take(in);
  EXPECT_EQ(60, one.bytes);
  EXPECT_EQ(-77, one.number(IPPROTO_UDP, UDP_GRO));
}

TEST(when_a_datagram_was_sent) {
  COVERS("setsockopt", "recvmsg");
  int in = receiver(AF_INET, "127.0.0.1"), out = socket(AF_INET, SOCK_DGRAM, 0);
  Address to = local(AF_INET, port_of(in));
  // By software, when it was sent, with a number of its own, without its bytes.
  ASSERT_OK(set(out, SOL_SOCKET, SO_TIMESTAMPING, 1 << 1 | 1 << 4 | 1 << 7 | 1 << 11));
  ASSERT_EQ(1, sendto(out, "x", 1, 0, to.get(), to.length));
  ASSERT_EQ(1, sendto(out, "x", 1, 0, to.get(), to.length));
  for (unsigned i = 0; i < 2; ++i) {
    const Got& stamp = take(out, MSG_ERRQUEUE);
    ASSERT_EQ(0, stamp.bytes);
    const Control* times = stamp.find(SOL_SOCKET, SO_TIMESTAMPING);
    ASSERT_TRUE(times != nullptr);
    EXPECT_EQ(48, times->length);
    const Control* control = stamp.find(IPPROTO_IP, IP_RECVERR);
    ASSERT_TRUE(control != nullptr);
    sock_extended_err error{};
    memcpy(&error, control->data, sizeof error);
    EXPECT_EQ(ENOMSG, static_cast<int>(error.ee_errno));
    EXPECT_EQ(SO_EE_ORIGIN_TIMESTAMPING, error.ee_origin);
    EXPECT_EQ(0u, error.ee_info);
    EXPECT_EQ(i, error.ee_data);
  }
  EXPECT_EQ(0, error_of(out));
}

GUEST_TEST_MAIN
