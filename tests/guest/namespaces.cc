// namespaces(7): UTS, IPC, network and cgroup namespaces; /proc/PID/ns, setns(2), ioctl_nsfs(2), user.max_*_namespaces.
#include "tests/guest/user_namespace.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>

namespace {

constexpr unsigned long kGetUserNs = 0xb701, kGetParent = 0xb702, kGetType = 0xb703, kGetOwnerUid = 0xb704;

int open_ns(const char* name, pid_t pid = 0) {
  char path[64];
  if (pid == 0) {
    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
  } else {
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
  }
  return open(path, O_RDONLY | O_CLOEXEC);
}

ino_t number_of(const char* name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/ns/%s", name);
  struct stat st;
  return stat(path, &st) == 0 ? st.st_ino : 0;
}

int connect_to(const char* address, int port) {
  int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in in{};
  in.sin_family = AF_INET, in.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, address, &in.sin_addr);
  int result = connect(s, reinterpret_cast<sockaddr*>(&in), sizeof in);
  int error = errno;
  close(s);
  errno = error;
  return result;
}

bool lo_up_by_ioctl(bool up) {
  int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  if (ioctl(s, SIOCGIFFLAGS, &request) != 0) return false;
  if (up)
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  else
    request.ifr_flags = static_cast<short>(request.ifr_flags & ~IFF_UP);
  bool done = ioctl(s, SIOCSIFFLAGS, &request) == 0;
  close(s);
  return done;
}

short lo_flags() {
  int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  bool got = ioctl(s, SIOCGIFFLAGS, &request) == 0;
  close(s);
  return got ? request.ifr_flags : static_cast<short>(-1);
}

}  // namespace

TEST(a_hostname_is_of_its_namespace) {
  COVERS("unshare", "sethostname", "setdomainname", "uname");
  NEEDS_USER_NAMESPACES();
  utsname before, after;
  ASSERT_OK(uname(&before));
  ino_t number = number_of("uts");
  EXPECT_EQ(0, guest::in_child([&] {
              if (!guest::become_root(CLONE_NEWUTS)) return 1;
              utsname inside;
              if (uname(&inside) != 0 || strcmp(inside.nodename, before.nodename) != 0) return 2;
              if (sethostname("inside", 6) != 0 || setdomainname("within", 6) != 0) return 3;
              if (uname(&inside) != 0 || strcmp(inside.nodename, "inside") != 0) return 4;
              char text[80];
              if (guest::slurp("/proc/sys/kernel/hostname", text, sizeof text) != 7 || strcmp(text, "inside\n") != 0)
                return 5;
              return number_of("uts") != number ? 0 : 6;
            }));
  ASSERT_OK(uname(&after));
  EXPECT_STREQ(before.nodename, after.nodename);
}

TEST(ipc_objects_are_of_their_namespace) {
  COVERS("unshare", "msgget", "shmget", "mq_open");
  NEEDS_USER_NAMESPACES();
  int outside = msgget(0x4c696d, IPC_CREAT | 0600);
  ASSERT_OK(outside);
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root(CLONE_NEWIPC)) return 1;
              if (msgget(0x4c696d, 0) != -1 || errno != ENOENT) return 2;
              int inside = msgget(0x4c696d, IPC_CREAT | IPC_EXCL | 0600);
              if (inside == -1) return 3;
              msqid_ds ds;
              if (msgctl(inside, IPC_STAT, &ds) != 0 || ds.msg_perm.uid != 0) return 4;
              mqd_t queue = mq_open("/limen-ns", O_CREAT | O_RDWR, 0600, nullptr);
              return queue != -1 ? 0 : 5;
            }));
  EXPECT_EQ(outside, msgget(0x4c696d, 0));
  EXPECT_EQ(static_cast<mqd_t>(-1), mq_open("/limen-ns", O_RDWR));
  msgctl(outside, IPC_RMID, nullptr);
}

TEST(a_network_has_a_loopback_that_is_down) {
  COVERS("unshare", "connect", "bind", "ioctl");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root(CLONE_NEWNET)) return 1;
              if ((lo_flags() & IFF_UP) != 0 || (lo_flags() & IFF_LOOPBACK) == 0) return 2;
              if (connect_to("127.0.0.1", 9) != -1 || errno != ENETUNREACH) return 3;
              if (!lo_up_by_ioctl(true)) return 4;
              if ((lo_flags() & (IFF_UP | IFF_RUNNING)) != (IFF_UP | IFF_RUNNING)) return 5;
              if (connect_to("127.0.0.1", 9) != -1 || errno != ECONNREFUSED) return 6;
              int listener = socket(AF_INET, SOCK_STREAM, 0);
              sockaddr_in in{};
              in.sin_family = AF_INET, in.sin_port = htons(80);
              in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
              if (bind(listener, reinterpret_cast<sockaddr*>(&in), sizeof in) != 0 || listen(listener, 1) != 0)
                return 7;
              if (connect_to("127.0.0.1", 80) != 0) return 8;
              return lo_up_by_ioctl(false) && (lo_flags() & IFF_UP) == 0 ? 0 : 9;
            }));
}

TEST(rtnetlink_brings_the_loopback_up) {
  COVERS("unshare", "sendto", "recvfrom");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root(CLONE_NEWNET)) return 1;
              int nl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
              if (nl == -1) return 2;
              struct {
                nlmsghdr head;
                ifaddrmsg body;
                rtattr local_head;
                in_addr local;
                rtattr address_head;
                in_addr address;
              } add{};
              add.head.nlmsg_len = sizeof add, add.head.nlmsg_type = RTM_NEWADDR;
              add.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
              add.body.ifa_family = AF_INET, add.body.ifa_prefixlen = 8, add.body.ifa_flags = IFA_F_PERMANENT;
              add.body.ifa_scope = RT_SCOPE_HOST, add.body.ifa_index = 1;
              add.local_head.rta_type = IFA_LOCAL, add.address_head.rta_type = IFA_ADDRESS;
              add.local_head.rta_len = add.address_head.rta_len = RTA_LENGTH(sizeof(in_addr));
              add.local.s_addr = add.address.s_addr = htonl(INADDR_LOOPBACK);
              struct {
                nlmsghdr head;
                nlmsgerr error;
                char rest[256];
              } answer{};
              if (send(nl, &add, sizeof add, 0) != sizeof add) return 3;
              if (recv(nl, &answer, sizeof answer, 0) <= 0 || answer.error.error != 0) return 4;
              if (send(nl, &add, sizeof add, 0) != sizeof add) return 5;
              if (recv(nl, &answer, sizeof answer, 0) <= 0 || answer.error.error != -EEXIST) return 6;
              struct {
                nlmsghdr head;
                ifinfomsg body;
              } link{};
              link.head.nlmsg_len = sizeof link, link.head.nlmsg_type = RTM_NEWLINK;
              link.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
              link.body.ifi_family = AF_UNSPEC, link.body.ifi_index = 1;
              link.body.ifi_flags = link.body.ifi_change = IFF_UP;
              if (send(nl, &link, sizeof link, 0) != sizeof link) return 7;
              if (recv(nl, &answer, sizeof answer, 0) <= 0 || answer.error.error != 0) return 8;
              return connect_to("127.0.0.1", 9) == -1 && errno == ECONNREFUSED ? 0 : 9;
            }));
}

TEST(abstract_names_are_of_the_network) {
  COVERS("unshare", "bind", "connect");
  NEEDS_USER_NAMESPACES();
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "limen-ns-%d", getpid());
  socklen_t size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + strlen(name.sun_path + 1));
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_OK(bind(listener, reinterpret_cast<sockaddr*>(&name), size));
  ASSERT_OK(listen(listener, 1));
  EXPECT_EQ(0, guest::in_child([&] {
              int before = socket(AF_UNIX, SOCK_STREAM, 0);
              if (!guest::become_root(CLONE_NEWNET)) return 1;
              int inside = socket(AF_UNIX, SOCK_STREAM, 0);
              if (connect(inside, reinterpret_cast<sockaddr*>(&name), size) != -1 || errno != ECONNREFUSED) return 2;
              if (bind(inside, reinterpret_cast<sockaddr*>(&name), size) != 0) return 3;
              // A socket stays where it was made.
              return connect(before, reinterpret_cast<sockaddr*>(&name), size) == 0 ? 0 : 4;
            }));
}

TEST(setns_goes_back_and_forth) {
  COVERS("setns", "unshare", "sethostname");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root(CLONE_NEWUTS)) return 1;
              int first = open_ns("uts");
              if (first == -1 || sethostname("first", 5) != 0) return 2;
              if (unshare(CLONE_NEWUTS) != 0 || sethostname("second", 6) != 0) return 3;
              int second = open_ns("uts");
              utsname name;
              if (setns(first, CLONE_NEWIPC) != -1 || errno != EINVAL) return 4;
              if (setns(first, CLONE_NEWUTS) != 0) return 5;
              if (uname(&name) != 0 || strcmp(name.nodename, "first") != 0) return 6;
              if (setns(second, 0) != 0) return 7;
              if (uname(&name) != 0 || strcmp(name.nodename, "second") != 0) return 8;
              int null = open("/dev/null", O_RDONLY);
              if (setns(null, 0) != -1 || errno != EINVAL) return 9;
              if (setns(-1, 0) != -1 || errno != EBADF) return 10;
              // One's own user namespace gives nothing back.
              int user = open_ns("user");
              return setns(user, 0) == -1 && errno == EINVAL ? 0 : 11;
            }));
}

TEST(setns_enters_what_a_pidfd_refers_to) {
  COVERS("setns", "pidfd_open");
  NEEDS_USER_NAMESPACES();
  int ready[2];
  ASSERT_OK(pipe(ready));
  pid_t child = guest::spawn([&] {
    if (!guest::become_root(CLONE_NEWUTS | CLONE_NEWNS) || sethostname("pidfd", 5) != 0) return 1;
    if (write(ready[1], "x", 1) != 1) return 2;
    pause();
    return 0;
  });
  char byte;
  ASSERT_EQ(1, read(ready[0], &byte, 1));
  EXPECT_EQ(0, guest::in_child([&] {
              int pidfd = static_cast<int>(SYS(pidfd_open, child, 0));
              if (pidfd == -1) return 1;
              if (setns(pidfd, 0) != -1 || errno != EINVAL) return 2;
              if (setns(pidfd, CLONE_VM) != -1 || errno != EINVAL) return 3;
              if (setns(pidfd, CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNS) != 0) return 4;
              utsname name;
              if (uname(&name) != 0 || strcmp(name.nodename, "pidfd") != 0) return 5;
              return getuid() == 0 ? 0 : 6;
            }));
  kill(child, SIGKILL);
  guest::reap(child);
}

TEST(entering_needs_the_right_to) {
  COVERS("setns");
  NEEDS_USER_NAMESPACES();
  int uts = open_ns("uts"), net = open_ns("net"), user = open_ns("user");
  EXPECT_EQ(0, guest::in_child([&] {
              if (!guest::become_root(CLONE_NEWUTS)) return 1;
              // Those outside are of the namespace around.
              if (setns(uts, 0) != -1 || errno != EPERM) return 2;
              if (setns(net, 0) != -1 || errno != EPERM) return 3;
              return setns(user, 0) == -1 && errno == EPERM ? 0 : 4;
            }));
}

TEST(files_of_namespaces_tell_who_they_are) {
  COVERS("ioctl", "open", "readlink", "stat");
  NEEDS_USER_NAMESPACES();
  char text[64];
  ssize_t length = readlink("/proc/self/ns/uts", text, sizeof text - 1);
  ASSERT_TRUE(length > 0);
  text[length] = '\0';
  char expected[64];
  snprintf(expected, sizeof expected, "uts:[%lu]", static_cast<unsigned long>(number_of("uts")));
  EXPECT_STREQ(expected, text);
  EXPECT_EQ(0, guest::in_child([] {
              uid_t uid = geteuid();
              if (!guest::become_root(CLONE_NEWUTS)) return 1;
              int uts = open_ns("uts");
              if (ioctl(uts, kGetType, 0) != CLONE_NEWUTS) return 2;
              int owner = ioctl(uts, kGetUserNs, 0);
              struct stat st;
              if (owner == -1 || fstat(owner, &st) != 0 || st.st_ino != number_of("user")) return 3;
              if (ioctl(owner, kGetType, 0) != CLONE_NEWUSER) return 4;
              uid_t maker = 77;
              if (ioctl(owner, kGetOwnerUid, &maker) != 0 || maker != 0) return 5;
              if (ioctl(uts, kGetOwnerUid, &maker) != -1 || errno != EINVAL) return 6;
              if (ioctl(uts, kGetParent, 0) != -1 || errno != EINVAL) return 7;
              if (ioctl(owner, kGetParent, 0) != -1 || errno != EPERM) return 8;
              char byte;
              if (read(uts, &byte, 1) != -1 || errno != EINVAL) return 9;
              (void)uid;
              return 0;
            }));
}

TEST(pidfds_give_the_namespaces_of_their_process) {
  COVERS("ioctl", "pidfd_open");
  int pidfd = static_cast<int>(SYS(pidfd_open, getpid(), 0));
  ASSERT_OK(pidfd);
  const struct {
    unsigned long command;
    const char* name;
  } kinds[] = {{0xff01, "cgroup"}, {0xff02, "ipc"},  {0xff03, "mnt"}, {0xff04, "net"},
               {0xff05, "pid"},    {0xff09, "user"}, {0xff0a, "uts"}};
  for (const auto& kind : kinds) {
    int fd = ioctl(pidfd, kind.command, 0);
    struct stat st;
    ASSERT_OK(fd);
    EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
    ASSERT_OK(fstat(fd, &st));
    EXPECT_EQ(number_of(kind.name), st.st_ino);
  }
  EXPECT_ERRNO(EINVAL, ioctl(pidfd, 0xff0a, 1));
  EXPECT_ERRNO(ENOTTY, ioctl(pidfd, 0xff60, 0));
  pid_t child = guest::spawn([] { return 0; });
  int ended = static_cast<int>(SYS(pidfd_open, child, 0));
  ASSERT_OK(ended);
  guest::reap(child);
  EXPECT_ERRNO(ESRCH, ioctl(ended, 0xff0a, 0));
}

TEST(each_kind_is_limited) {
  COVERS("unshare");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              if (!guest::become_root()) return 1;
              if (!guest::write_text("/proc/sys/user/max_uts_namespaces", "2")) return 2;
              char text[32];
              if (guest::slurp("/proc/sys/user/max_uts_namespaces", text, sizeof text) != 2 || text[0] != '2') return 3;
              int first = -1;
              if (unshare(CLONE_NEWUTS) != 0 || (first = open_ns("uts")) == -1) return 4;
              if (unshare(CLONE_NEWUTS) != 0) return 5;
              if (unshare(CLONE_NEWUTS) != -1 || errno != ENOSPC) return 6;
              close(first);
              return guest::eventually([] { return unshare(CLONE_NEWUTS) == 0; }) ? 0 : 7;
            }));
}

TEST(the_cgroup_namespace_changes_its_name_alone) {
  COVERS("unshare");
  NEEDS_USER_NAMESPACES();
  EXPECT_EQ(0, guest::in_child([] {
              ino_t before = number_of("cgroup");
              if (!guest::become_root(CLONE_NEWCGROUP)) return 1;
              char text[256];
              if (guest::slurp("/proc/self/cgroup", text, sizeof text) <= 0 || strstr(text, "0::/\n") == nullptr)
                return 2;
              return number_of("cgroup") != before ? 0 : 3;
            }));
}

TEST(unknown_flags_are_refused) {
  COVERS("unshare");
  EXPECT_ERRNO(EINVAL, unshare(CLONE_VFORK));
  EXPECT_ERRNO(EINVAL, unshare(CLONE_PARENT));
  EXPECT_EQ(0, unshare(0));
  if (!guest::is_root()) {
    EXPECT_ERRNO(EPERM, unshare(CLONE_NEWUTS));
    EXPECT_ERRNO(EPERM, unshare(CLONE_NEWNS));
    EXPECT_ERRNO(EPERM, unshare(CLONE_NEWNET));
  }
}

GUEST_TEST_MAIN
