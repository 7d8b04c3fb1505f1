// landlock(7): ports of TCP, and whom a domain does not reach: signals, abstract sockets, tracing, mounts.
#include "tests/guest/landlock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

using namespace landlock;

TEST(ports_of_tcp_are_bound_and_reached_where_it_is_granted) {
  COVERS("landlock_add_rule", "landlock_restrict_self");
  NEED_LANDLOCK(4);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof to;
  auto address = [](sockaddr_in& in) { return reinterpret_cast<sockaddr*>(&in); };
  ASSERT_OK(bind(listener, address(to), sizeof to));
  ASSERT_OK(listen(listener, 4));
  ASSERT_OK(getsockname(listener, address(to), &length));
  apart([&] {
    int fd = create(0, kBind | kConnect);
    EXPECT_OK(allow_port(fd, kConnect, ntohs(to.sin_port)));
    EXPECT_OK(restrict(fd));
    int s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in any = to;
    any.sin_port = 0;
    EXPECT_ERRNO(EACCES, bind(s, address(any), sizeof any));
    EXPECT_ERRNO(EINVAL, bind(s, address(any), 4));
    EXPECT_OK(connect(s, address(to), sizeof to));
    sockaddr_in none{};
    EXPECT_OK(connect(s, address(none), sizeof none));  // AF_UNSPEC
    EXPECT_ERRNO(EACCES, bind(s, address(none), sizeof none));
    none.sin_addr.s_addr = 1;
    EXPECT_ERRNO(EAFNOSUPPORT, bind(s, address(none), sizeof none));
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT_OK(bind(datagrams, address(any), sizeof any));
  });
  apart([&] {
    int fd = create(0, kBind | kConnect);
    EXPECT_OK(allow_port(fd, kBind, 0));
    EXPECT_OK(restrict(fd));
    int s = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_ERRNO(EACCES, connect(s, address(to), sizeof to));
    sockaddr_in any = to;
    any.sin_port = 0;
    EXPECT_OK(bind(s, address(any), sizeof any));
    int six = socket(AF_INET6, SOCK_STREAM, 0);
    if (six != -1) {
      EXPECT_ERRNO(EINVAL, connect(six, address(to), sizeof to));
      sockaddr_in6 wide{};
      wide.sin6_family = AF_INET6;
      wide.sin6_addr = in6addr_loopback;
      wide.sin6_port = htons(9);
      EXPECT_ERRNO(EACCES, connect(six, reinterpret_cast<sockaddr*>(&wide), sizeof wide));
      EXPECT_ERRNO(EACCES, bind(six, reinterpret_cast<sockaddr*>(&wide), sizeof wide));
    }
  });
  apart([&] {  // not handled
    EXPECT_OK(restrict(create(0, kBind)));
    int s = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_OK(connect(s, address(to), sizeof to));
  });
  close(listener);
}

TEST(signals_stay_in_their_scope) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(6);
  apart([] {
    pid_t outside = guest::spawn([] {
      pause();
      return 0;
    });
    pid_t parent = getpid();
    apart([&] {
      EXPECT_OK(restrict(create(0, 0, kScopeSignal)));
      EXPECT_ERRNO(EPERM, kill(outside, 0));
      EXPECT_ERRNO(EPERM, kill(outside, SIGKILL));
      EXPECT_ERRNO(EPERM, kill(parent, 0));
      EXPECT_ERRNO(EPERM, SYS(tgkill, outside, outside, 0));
      int fd = static_cast<int>(SYS(pidfd_open, outside, 0));
      EXPECT_ERRNO(EPERM, SYS(pidfd_send_signal, fd, 0, nullptr, 0));
      EXPECT_OK(kill(getpid(), 0));
      pid_t inside = guest::spawn([] {
        pause();
        return 0;
      });
      EXPECT_OK(kill(inside, 0));
      EXPECT_EQ(0, guest::in_child([&] { return kill(inside, 0) == 0 && kill(parent, 0) == -1 ? 0 : 1; }));
      EXPECT_EQ(0, guest::in_child([&] {  // one more layer that is not scoped
                  restrict(create(0, kBind));
                  return kill(inside, 0) == 0 && kill(parent, 0) == -1 ? 0 : 1;
                }));
      EXPECT_OK(kill(inside, SIGKILL));
      guest::reap(inside);
    });
    EXPECT_OK(kill(outside, SIGKILL));
    guest::reap(outside);
    EXPECT_EQ(0, guest::in_child([&] {
                restrict(create(0, 0, kScopeAbstract));
                return kill(parent, 0);
              }));
  });
}

TEST(abstract_sockets_stay_in_their_scope) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(6);
  auto abstract = [](const char* what) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "landlock-%d-%s", getpid(), what);
    return name;
  };
  auto generic = [](sockaddr_un& un) { return reinterpret_cast<sockaddr*>(&un); };
  sockaddr_un stream = abstract("stream"), datagram = abstract("datagram");
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), hears = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_OK(bind(listener, generic(stream), sizeof stream));
  ASSERT_OK(listen(listener, 4));
  ASSERT_OK(bind(hears, generic(datagram), sizeof datagram));
  guest::TempDir dir;
  sockaddr_un named{};
  named.sun_family = AF_UNIX;
  strcpy(named.sun_path, dir / "u");
  int with_name = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_OK(bind(with_name, generic(named), sizeof named));
  ASSERT_OK(listen(with_name, 4));
  apart([&] {
    int connected = socket(AF_UNIX, SOCK_DGRAM, 0);
    EXPECT_OK(connect(connected, generic(datagram), sizeof datagram));
    EXPECT_OK(restrict(create(0, 0, kScopeAbstract)));
    int s = socket(AF_UNIX, SOCK_STREAM, 0), d = socket(AF_UNIX, SOCK_DGRAM, 0);
    EXPECT_ERRNO(EPERM, connect(s, generic(stream), sizeof stream));
    EXPECT_ERRNO(EPERM, connect(d, generic(datagram), sizeof datagram));
    EXPECT_ERRNO(EPERM, sendto(d, "x", 1, 0, generic(datagram), sizeof datagram));
    EXPECT_OK(connect(s, generic(named), sizeof named));
    EXPECT_EQ(1, send(connected, "x", 1, 0));
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    snprintf(own.sun_path + 1, sizeof own.sun_path - 1, "landlock-%d-own", getpid());
    int mine = socket(AF_UNIX, SOCK_DGRAM, 0);
    EXPECT_OK(bind(mine, generic(own), sizeof own));
    EXPECT_EQ(1, sendto(d, "x", 1, 0, generic(own), sizeof own));
    EXPECT_EQ(0, guest::in_child([&] { return sendto(d, "x", 1, 0, generic(own), sizeof own) == 1 ? 0 : 1; }));
  });
  for (int fd : {listener, hears, with_name}) close(fd);
}

TEST(only_what_is_within_a_domain_is_traced_from_it) {
  COVERS("landlock_restrict_self");
  NEED_LANDLOCK(1);
  apart([] {
    pid_t parent = getpid();
    char word = 7;
    apart([&] {
      EXPECT_OK(restrict(create(kMakeBlock)));
      pid_t inside = guest::spawn([] {
        pause();
        return 0;
      });
      EXPECT_ERRNO(EPERM, ptrace(PTRACE_SEIZE, parent, nullptr, nullptr));
      char copy = 0;
      iovec to{&copy, 1}, from{&word, 1};
      EXPECT_ERRNO(EPERM, process_vm_readv(parent, &to, 1, &from, 1, 0));
      EXPECT_EQ(1, process_vm_readv(inside, &to, 1, &from, 1, 0));
      char path[64], name[64];
      snprintf(path, sizeof path, "/proc/%d/exe", parent);
      EXPECT_ERRNO(EACCES, readlink(path, name, sizeof name));
      snprintf(path, sizeof path, "/proc/%d/exe", inside);
      EXPECT_TRUE(readlink(path, name, sizeof name) > 0);
      kill(inside, SIGKILL);
      guest::reap(inside);
    });
    apart([&] {
      EXPECT_OK(restrict(create(kMakeBlock)));
      EXPECT_EQ(0, guest::in_child([] {
                  restrict(create(kMakeBlock));
                  return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1;  // the parent's contains ours
                }));
    });
    apart([&] {  // a child from before
      int fds[2];
      ASSERT_OK(pipe2(fds, O_CLOEXEC));
      pid_t child = guest::spawn([&] {
        char byte;
        read(fds[0], &byte, 1);
        return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == -1 && errno == EPERM ? 0 : 1;
      });
      EXPECT_OK(restrict(create(kMakeBlock)));
      EXPECT_EQ(1, write(fds[1], "x", 1));
      EXPECT_EQ(0, guest::reap(child));
    });
  });
}

TEST(mounts_stay_as_they_are_in_a_domain_of_files) {
  COVERS("landlock_restrict_self", "mount", "umount2");
  NEED_LANDLOCK(1);
  if (!guest::is_root()) SKIP("mounting takes root");
  guest::TempDir dir;
  apart([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    EXPECT_OK(mount("none", dir.path(), "tmpfs", 0, nullptr));
    apart([&] {
      EXPECT_OK(restrict(create(kMakeBlock)));
      EXPECT_ERRNO(EPERM, mount("none", dir.path(), "tmpfs", 0, nullptr));
      EXPECT_ERRNO(EPERM, mount(nullptr, dir.path(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr));
      EXPECT_ERRNO(EPERM, umount2(dir.path(), 0));
      EXPECT_ERRNO(EPERM, umount2(dir.path(), MNT_DETACH));
    });
    apart([&] {
      EXPECT_OK(restrict(create(0, kBind)));
      EXPECT_OK(umount2(dir.path(), 0));
    });
  });
}

GUEST_TEST_MAIN
