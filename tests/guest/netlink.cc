// netlink(7), rtnetlink(7), netdevice(7): the loopback interface.
#include "tests/guest/guest_test.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace {
struct Request {
  nlmsghdr head;
  ifinfomsg body;
};
Request request(uint16_t type, uint16_t flags) {
  Request r{};
  r.head.nlmsg_len = sizeof r;
  r.head.nlmsg_type = type;
  r.head.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  r.head.nlmsg_seq = 7;
  return r;
}
}  // namespace

TEST(a_socket_gets_its_port) {
  COVERS("socket", "bind", "getsockname");
  int fd = static_cast<int>(SYS(socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  ASSERT_OK(fd);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  EXPECT_OK(SYS(bind, fd, &address, sizeof address));
  socklen_t length = sizeof address;
  EXPECT_OK(SYS(getsockname, fd, &address, &length));
  EXPECT_EQ(sizeof address, length);
  EXPECT_EQ(getpid(), address.nl_pid);
  address.nl_pid = 99999;
  EXPECT_ERRNO(EINVAL, SYS(bind, fd, &address, sizeof address));
  EXPECT_ERRNO(EINVAL, SYS(bind, fd, &address, 4));
  int second = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
  address.nl_pid = getpid();
  EXPECT_ERRNO(EADDRINUSE, SYS(bind, second, &address, sizeof address));
  EXPECT_ERRNO(ESOCKTNOSUPPORT, SYS(socket, AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
  EXPECT_ERRNO(EPROTONOSUPPORT, SYS(socket, AF_NETLINK, SOCK_RAW, 77));
  EXPECT_ERRNO(EOPNOTSUPP, listen(fd, 1));
  int value = 0;
  length = sizeof value;
  EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &length));
  EXPECT_EQ(AF_NETLINK, value);
}

TEST(a_dump_ends_with_done) {
  COVERS("sendto", "recvmsg", "recvfrom");
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  Request r = request(RTM_GETLINK, NLM_F_DUMP);
  EXPECT_EQ(sizeof r, send(fd, &r, sizeof r, 0));
  pollfd poller{fd, POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 2000));
  alignas(8) static char out[65536];
  EXPECT_GT(recv(fd, out, 0, MSG_PEEK | MSG_TRUNC), 100);
  bool lo = false, done = false;
  while (!done) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(fd, out, sizeof out, 0, reinterpret_cast<sockaddr*>(&from), &size);
    ASSERT_TRUE(n > 0);
    EXPECT_EQ(0, from.nl_pid);
    for (auto* at = reinterpret_cast<nlmsghdr*>(out); NLMSG_OK(at, n); at = NLMSG_NEXT(at, n)) {
      EXPECT_EQ(7, at->nlmsg_seq);
      EXPECT_EQ(getpid(), at->nlmsg_pid);
      EXPECT_TRUE(at->nlmsg_flags & NLM_F_MULTI);
      if (at->nlmsg_type == NLMSG_DONE) done = true;
      if (at->nlmsg_type == RTM_NEWLINK && static_cast<ifinfomsg*>(NLMSG_DATA(at))->ifi_index == 1) lo = true;
    }
  }
  EXPECT_TRUE(lo);
  EXPECT_ERRNO(EAGAIN, recv(fd, out, sizeof out, MSG_DONTWAIT));
}

TEST(a_request_is_acknowledged) {
  COVERS("sendto", "recvfrom");
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct {
    nlmsghdr head;
    nlmsgerr body;
    char rest[4096];
  } answer;
  Request r = request(RTM_GETLINK, 0);
  r.body.ifi_index = 99;
  send(fd, &r, sizeof r, 0);
  EXPECT_GT(recv(fd, &answer, sizeof answer, 0), 0);
  EXPECT_EQ(NLMSG_ERROR, answer.head.nlmsg_type);
  EXPECT_EQ(-ENODEV, answer.body.error);
  r = request(RTM_GETLINK, 0);
  r.body.ifi_index = 1;
  send(fd, &r, sizeof r, 0);
  EXPECT_GT(recv(fd, &answer, sizeof answer, 0), 0);
  EXPECT_EQ(RTM_NEWLINK, answer.head.nlmsg_type);
  // Not a request: only acknowledged.
  r.head.nlmsg_flags = NLM_F_ACK;
  send(fd, &r, sizeof r, 0);
  EXPECT_EQ(36, recv(fd, &answer, sizeof answer, 0));
  EXPECT_EQ(0, answer.body.error);
  EXPECT_EQ(0, guest::in_child([&] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              Request change = request(RTM_SETLINK, NLM_F_ACK);
              change.body.ifi_index = 1;
              send(fd, &change, sizeof change, 0);
              return recv(fd, &answer, sizeof answer, 0) > 0 && answer.body.error == -EPERM ? 0 : 2;
            }));
}

TEST(the_c_library_finds_the_interface) {
  COVERS("socket", "ioctl");
  ifaddrs* list = nullptr;
  ASSERT_OK(getifaddrs(&list));
  bool v4 = false;
  for (ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (strcmp(at->ifa_name, "lo") != 0 || at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    v4 = reinterpret_cast<sockaddr_in*>(at->ifa_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
    EXPECT_TRUE(at->ifa_flags & IFF_LOOPBACK);
    EXPECT_EQ(htonl(0xff000000), reinterpret_cast<sockaddr_in*>(at->ifa_netmask)->sin_addr.s_addr);
  }
  EXPECT_TRUE(v4);
  freeifaddrs(list);
  EXPECT_EQ(1, if_nametoindex("lo"));
  char name[IF_NAMESIZE];
  EXPECT_STREQ("lo", if_indextoname(1, name));
  struct if_nameindex* names = if_nameindex();
  ASSERT_TRUE(names != nullptr);
  EXPECT_EQ(1, names[0].if_index);
}

TEST(interface_ioctls) {
  COVERS("ioctl");
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq r{};
  strcpy(r.ifr_name, "lo");
  EXPECT_OK(ioctl(fd, SIOCGIFADDR, &r));
  EXPECT_EQ(htonl(INADDR_LOOPBACK), reinterpret_cast<sockaddr_in*>(&r.ifr_addr)->sin_addr.s_addr);
  EXPECT_OK(ioctl(fd, SIOCGIFNETMASK, &r));
  EXPECT_EQ(htonl(0xff000000), reinterpret_cast<sockaddr_in*>(&r.ifr_netmask)->sin_addr.s_addr);
  EXPECT_OK(ioctl(fd, SIOCGIFMTU, &r));
  EXPECT_EQ(65536, r.ifr_mtu);
  EXPECT_OK(ioctl(fd, SIOCGIFHWADDR, &r));
  EXPECT_EQ(772, r.ifr_hwaddr.sa_family);
  EXPECT_OK(ioctl(fd, SIOCGIFMETRIC, &r));
  EXPECT_OK(ioctl(fd, SIOCGIFTXQLEN, &r));
  ifreq list[8];
  ifconf conf{};
  conf.ifc_len = sizeof list;
  conf.ifc_req = list;
  EXPECT_OK(ioctl(fd, SIOCGIFCONF, &conf));
  EXPECT_GE(conf.ifc_len, static_cast<int>(sizeof(ifreq)));
  EXPECT_STREQ("lo", list[0].ifr_name);
  conf.ifc_req = nullptr;
  EXPECT_OK(ioctl(fd, SIOCGIFCONF, &conf));
  EXPECT_GE(conf.ifc_len, static_cast<int>(sizeof(ifreq)));
  r.ifr_ifindex = 1;
  EXPECT_OK(ioctl(fd, SIOCGIFNAME, &r));
  EXPECT_STREQ("lo", r.ifr_name);
  r.ifr_ifindex = 9999;
  EXPECT_ERRNO(ENODEV, ioctl(fd, SIOCGIFNAME, &r));
  EXPECT_ERRNO(EFAULT, ioctl(fd, SIOCGIFFLAGS, guest::bad_pointer()));
  EXPECT_EQ(0, guest::in_child([&] {
              if (guest::is_root() && setresuid(65534, 65534, 65534) != 0) return 1;
              ifreq up{};
              strcpy(up.ifr_name, "lo");
              up.ifr_flags = IFF_UP;
              return ioctl(fd, SIOCSIFFLAGS, &up) == -1 && errno == EPERM ? 0 : 2;
            }));
}

GUEST_TEST_MAIN
