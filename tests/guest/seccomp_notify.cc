// seccomp(2) among several: TSYNC, user notification, a supervisor that answers the calls of others.
#include "tests/guest/seccomp_filters.h"

using namespace seccomp_test;

namespace {
// A sibling that waits, then says what getppid gives it.
struct Sibling {
  int gate[2], answer[2];
  pthread_t id;
  pid_t tid = 0;
  Sibling() {
    if (pipe(gate) != 0 || pipe(answer) != 0) _exit(120);
    pthread_create(&id, nullptr, run, this);
    char byte;
    read(answer[0], &byte, 1);
  }
  static void* run(void* self) {
    Sibling& s = *static_cast<Sibling*>(self);
    s.tid = static_cast<pid_t>(SYS(gettid));
    char order = 0;
    write(s.answer[1], "r", 1);
    while (read(s.gate[0], &order, 1) == 1) {
      unsigned char met = 0;
      if (order == 'f')
        met = static_cast<unsigned char>(filter_call(SYS_getpgid, SECCOMP_RET_ERRNO | 3) == 0 ? 0 : errno);
      if (order == 'p') met = static_cast<unsigned char>(SYS(getppid) == -1 ? errno : 0);
      if (order == 'n') met = static_cast<unsigned char>(SYS(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
      write(s.answer[1], &met, 1);
    }
    return nullptr;
  }
  int ask(char order) {
    unsigned char met = 255;
    write(gate[1], &order, 1);
    read(answer[0], &met, 1);
    return met;
  }
};
}  // namespace

TEST(tsync_binds_siblings) {
  COVERS("seccomp");
  EXPECT_EQ(0, WEXITSTATUS(guest::in_child([] {
              Sibling sibling;
              if (!no_new_privs()) return 1;
              if (sibling.ask('n') != 0) return 2;
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 21, SECCOMP_FILTER_FLAG_TSYNC) != 0) return 3;
              if (sibling.ask('p') != 21 || sibling.ask('n') != 1) return 4;
              // A filter of its own that the caller does not have: no way back.
              if (sibling.ask('f') != 0) return 5;
              const long failed = filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 22, SECCOMP_FILTER_FLAG_TSYNC);
              if (failed != sibling.tid) return 6;
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 22,
                              SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH) != -1 ||
                  errno != ESRCH)
                return 7;
              return SYS(getppid) == -1 && errno == 21 ? 0 : 8;
            })));
}

TEST(without_tsync_siblings_are_free) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              Sibling sibling;
              if (filter_call(SYS_getppid, SECCOMP_RET_ERRNO | 21) != 0) return 1;
              return sibling.ask('p') == 0 && SYS(getppid) == -1 ? 0 : 2;
            }));
}

namespace {
// A supervisor: the test; the supervised: a child that ran `body` behind a listener for `nr`. The listener comes over pidfd_getfd's
// elder sister: it is inherited by a fork that CLONE_FILES shares.
struct Supervised {
  int listener = -1;
  pid_t pid = -1;
  template <typename F>
  Supervised(unsigned nr, F body, unsigned flags = 0) {
    int number[2];
    if (pipe(number) != 0) return;
    static char stack[1 << 16] __attribute__((aligned(16)));
    struct Start {
      unsigned nr, flags;
      F* body;
      int out;
    };
    Start start{nr, flags, &body, number[1]};  // the child has a copy of this memory
    // Shares the descriptors, not the memory.
    pid = clone(
        [](void* raw) {
          Start s = *static_cast<Start*>(raw);
          no_new_privs();
          int fd =
              static_cast<int>(filter_call(s.nr, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER | s.flags));
          write(s.out, &fd, sizeof fd);
          return (*s.body)();
        },
        stack + sizeof stack, CLONE_FILES | SIGCHLD, &start);
    read(number[0], &listener, sizeof listener);
  }
  seccomp_notif receive() {
    seccomp_notif got{};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &got) != 0) got.pid = 0;
    return got;
  }
  int send(seccomp_notif_resp answer) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); }
  int end() {
    int status = guest::reap(pid);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
  }
};
}  // namespace

TEST(a_supervisor_answers) {
  COVERS("seccomp", "ioctl");
  Supervised child(SYS_getppid, [] {
    if (syscall(SYS_getppid, 1, 2, 3, 4, 5, 6) != 4242) return 1;
    if (SYS(getppid) != -1 || errno != EPROTO) return 2;
    return SYS(getppid) > 0 ? 0 : 3;
  });
  ASSERT_TRUE(child.listener >= 0);
  seccomp_notif got = child.receive();
  EXPECT_EQ(child.pid, static_cast<pid_t>(got.pid));
  EXPECT_EQ(SYS_getppid, got.data.nr);
  EXPECT_EQ(static_cast<unsigned>(AUDIT_ARCH_X86_64), got.data.arch);
  EXPECT_EQ(6u, got.data.args[5]);
  EXPECT_OK(ioctl(child.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &got.id));
  unsigned long wrong = got.id + 1000;
  EXPECT_ERRNO(ENOENT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &wrong));
  EXPECT_ERRNO(ENOENT, child.send({wrong, 0, 0, 0}));
  EXPECT_ERRNO(EINVAL, child.send({got.id, 0, 0, 8}));
  EXPECT_ERRNO(EINVAL, child.send({got.id, 1, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE}));
  EXPECT_ERRNO(EINVAL, child.send({got.id, 0, -1, SECCOMP_USER_NOTIF_FLAG_CONTINUE}));
  EXPECT_OK(child.send({got.id, 4242, 0, 0}));
  got = child.receive();
  EXPECT_OK(child.send({got.id, 0, -EPROTO, 0}));
  got = child.receive();
  EXPECT_OK(child.send({got.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE}));
  EXPECT_EQ(0, child.end());
  EXPECT_ERRNO(ENOENT, child.send({got.id, 0, 0, 0}));
}

TEST(a_listener_can_be_polled) {
  COVERS("seccomp", "poll");
  int gate[2];
  ASSERT_OK(pipe(gate));
  Supervised child(SYS_getppid, [gate] {
    char byte;
    read(gate[0], &byte, 1);
    SYS(getppid);
    return 0;
  });
  ASSERT_TRUE(child.listener >= 0);
  pollfd p{child.listener, POLLIN | POLLOUT, 0};
  EXPECT_EQ(0, poll(&p, 1, 0));
  write(gate[1], "g", 1);
  p.events = POLLIN;
  EXPECT_EQ(1, poll(&p, 1, 5000));
  EXPECT_EQ(POLLIN, p.revents);
  const seccomp_notif got = child.receive();
  p.events = POLLIN | POLLOUT;
  EXPECT_EQ(1, poll(&p, 1, 5000));
  EXPECT_EQ(POLLOUT, p.revents);
  EXPECT_OK(child.send({got.id, 0, 0, 0}));
  EXPECT_EQ(0, child.end());
  p.events = POLLIN;
  EXPECT_EQ(1, poll(&p, 1, 5000));
  EXPECT_TRUE((p.revents & POLLHUP) != 0);
}

TEST(errors_of_a_listener) {
  COVERS("seccomp", "ioctl");
  Supervised child(SYS_getppid, [] { return SYS(getppid) == -1 && errno == ENOSYS ? 0 : 1; });
  ASSERT_TRUE(child.listener >= 0);
  seccomp_notif dirty{};
  dirty.flags = 1;
  EXPECT_ERRNO(EINVAL, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_RECV, &dirty));
  EXPECT_ERRNO(EFAULT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_RECV, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_SEND, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, guest::bad_pointer()));
  EXPECT_ERRNO(EINVAL, ioctl(child.listener, 0x1234, 0));
  pollfd p{child.listener, POLLIN, 0};
  ASSERT_EQ(1, poll(&p, 1, 5000));
  // Read-only memory: read in, not written out; the notification is still there.
  void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_ERRNO(EFAULT, ioctl(child.listener, SECCOMP_IOCTL_NOTIF_RECV, page));
  EXPECT_EQ(1, poll(&p, 1, 0));
  const seccomp_notif got = child.receive();
  EXPECT_EQ(child.pid, static_cast<pid_t>(got.pid));
  close(child.listener);  // nobody will answer: ENOSYS
  EXPECT_EQ(0, child.end());
}

TEST(one_listener_on_a_path) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              const long fd = filter_call(9999, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
              if (fd < 0 || (fcntl(static_cast<int>(fd), F_GETFD) & FD_CLOEXEC) == 0) return 1;
              char name[64] = {}, link[64];
              snprintf(link, sizeof link, "/proc/self/fd/%ld", fd);
              if (readlink(link, name, sizeof name - 1) < 0 || strcmp(name, "anon_inode:seccomp notify") != 0) return 2;
              if (filter_call(9999, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER) != -1 || errno != EBUSY)
                return 3;
              char byte;
              if (read(static_cast<int>(fd), &byte, 1) != -1 || errno != EINVAL) return 4;
              // A filter that asks without a listener of its own: ENOSYS.
              if (filter_call(SYS_getppid, SECCOMP_RET_USER_NOTIF) != 0) return 5;
              return SYS(getppid) == -1 && errno == ENOSYS ? 0 : 6;
            }));
}

TEST(a_listener_and_tsync_together) {
  COVERS("seccomp");
  EXPECT_EQ(0, confined([] {
              const long fd = filter_call(
                  9999, SECCOMP_RET_USER_NOTIF,
                  SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
              return fd > 0 ? 0 : 1;
            }));
}

TEST(a_supervisor_gives_descriptors) {
  COVERS("seccomp", "ioctl");
  int fds[2];
  ASSERT_OK(pipe(fds));
  write(fds[1], "ab", 2);
  int control[2];
  ASSERT_OK(pipe(control));
  // fork: descriptors of its own, and the listener goes by pidfd_getfd.
  pid_t pid = guest::spawn([&] {
    no_new_privs();
    int listener = static_cast<int>(filter_call(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER));
    close(fds[0]);
    write(control[1], &listener, sizeof listener);
    if (SYS(getppid) != 7) return 1;
    char byte = 0;
    if (read(100, &byte, 1) != 1 || byte != 'a') return 2;
    if (fcntl(100, F_GETFD) != FD_CLOEXEC) return 3;
    const int given = static_cast<int>(SYS(getppid));
    if (given < 3 || read(given, &byte, 1) != 1 || byte != 'b' || fcntl(given, F_GETFD) != 0) return 4;
    return 0;
  });
  int number = -1;
  read(control[0], &number, sizeof number);
  const long pidfd = SYS(pidfd_open, pid, 0);
  const int listener = static_cast<int>(SYS(pidfd_getfd, pidfd, number, 0));
  ASSERT_TRUE(listener >= 0);
  seccomp_notif got{};
  ASSERT_OK(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &got));
  seccomp_notif_addfd add{got.id, SECCOMP_ADDFD_FLAG_SETFD, static_cast<unsigned>(fds[0]), 100, O_CLOEXEC};
  EXPECT_EQ(100, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add));
  seccomp_notif_addfd bad = add;
  bad.srcfd = 999;
  EXPECT_ERRNO(EBADF, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  bad = add, bad.flags = 0;
  EXPECT_ERRNO(EINVAL, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  bad = add, bad.flags = 64;
  EXPECT_ERRNO(EINVAL, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  bad = add, bad.newfd_flags = O_APPEND;
  EXPECT_ERRNO(EINVAL, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  bad = add, bad.id += 99;
  EXPECT_ERRNO(ENOENT, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  EXPECT_ERRNO(EFAULT, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, guest::bad_pointer()));
  struct Longer {
    seccomp_notif_addfd known;
    unsigned long more;
  } longer{add, 0};
  longer.known.newfd = 101;
  EXPECT_EQ(101, ioctl(listener, _IOW('!', 3, Longer), &longer));
  longer.more = 1;
  EXPECT_ERRNO(E2BIG, ioctl(listener, _IOW('!', 3, Longer), &longer));
  EXPECT_ERRNO(EINVAL, ioctl(listener, _IOW('!', 3, int), &add));
  bad = add, bad.newfd = 1u << 30;
  EXPECT_ERRNO(EBADF, ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &bad));
  seccomp_notif_resp answer{got.id, 7, 0, 0};
  ASSERT_OK(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer));
  got = {};
  ASSERT_OK(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &got));
  add = {got.id, SECCOMP_ADDFD_FLAG_SEND, static_cast<unsigned>(fds[0]), 0, 0};
  EXPECT_GT(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add), 2);
  const int status = guest::reap(pid);
  EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST(a_signal_ends_the_wait_for_a_supervisor) {
  COVERS("seccomp");
  Supervised child(SYS_getppid, [] {
    guest::handle(SIGUSR1, [](int) {});
    return SYS(getppid) == -1 && errno == EINTR ? 0 : 1;
  });
  ASSERT_TRUE(child.listener >= 0);
  const seccomp_notif got = child.receive();
  kill(child.pid, SIGUSR1);
  EXPECT_EQ(0, child.end());
  EXPECT_ERRNO(ENOENT, child.send({got.id, 0, 0, 0}));
}

TEST(a_restarted_call_asks_again) {
  COVERS("seccomp");
  Supervised child(SYS_getppid, [] {
    guest::handle(
        SIGUSR1, [](int) {}, SA_RESTART);
    return SYS(getppid) == 55 ? 0 : 1;
  });
  ASSERT_TRUE(child.listener >= 0);
  const seccomp_notif first = child.receive();
  kill(child.pid, SIGUSR1);
  const seccomp_notif again = child.receive();
  EXPECT_NE(first.id, again.id);
  EXPECT_ERRNO(ENOENT, child.send({first.id, 0, 0, 0}));
  EXPECT_OK(child.send({again.id, 55, 0, 0}));
  EXPECT_EQ(0, child.end());
}

TEST(wait_killable_after_receipt) {
  COVERS("seccomp");
  Supervised child(
      SYS_getppid,
      [] {
        static int handled = 0;
        guest::handle(SIGUSR1, [](int) { ++handled; });
        return SYS(getppid) == 66 && handled == 1 ? 0 : 1;
      },
      SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  ASSERT_TRUE(child.listener >= 0);
  const seccomp_notif got = child.receive();
  guest::sleep_ms(20);
  kill(child.pid, SIGUSR1);
  guest::sleep_ms(20);
  EXPECT_OK(ioctl(child.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &got.id));
  EXPECT_OK(child.send({got.id, 66, 0, 0}));
  EXPECT_EQ(0, child.end());
  Supervised killed(
      SYS_getppid, [] { return static_cast<int>(SYS(getppid)); }, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  killed.receive();
  kill(killed.pid, SIGKILL);
  EXPECT_EQ(1000 + SIGKILL, killed.end());
}

TEST(a_receiver_hears_that_nobody_is_left) {
  COVERS("seccomp");
  Supervised child(SYS_getppid, [] { return 0; });
  ASSERT_TRUE(child.listener >= 0);
  EXPECT_EQ(0, child.end());
  pollfd p{child.listener, 0, 0};
  EXPECT_EQ(1, poll(&p, 1, 5000));
  EXPECT_TRUE((p.revents & POLLHUP) != 0);
}

GUEST_TEST_MAIN
