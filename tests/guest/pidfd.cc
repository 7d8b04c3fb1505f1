// Descriptors of processes: pidfd_open, pidfd_send_signal, pidfd_getfd, waitid(P_PIDFD).
#include <linux/sched.h>
#include <poll.h>
#include <sys/prctl.h>

#include "tests/guest/guest_test.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace {

// A child that waits until it is killed.
pid_t sleeper() {
  return guest::spawn([] {
    for (;;) pause();
    return 0;
  });
}

int flags_of(int fd) { return fcntl(fd, F_GETFL); }

}  // namespace

TEST(pidfd_open_errors_and_flags) {
  COVERS("pidfd_open");
  EXPECT_ERRNO(EINVAL, SYS(pidfd_open, getpid(), 1));
  EXPECT_ERRNO(EINVAL, SYS(pidfd_open, 0, 0));
  EXPECT_ERRNO(EINVAL, SYS(pidfd_open, -1, 0));
  EXPECT_ERRNO(ESRCH, SYS(pidfd_open, 4000000, 0));
  int fd = SYS(pidfd_open, getpid(), O_NONBLOCK);
  ASSERT_OK(fd);
  EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
  EXPECT_EQ(O_NONBLOCK, flags_of(fd) & O_NONBLOCK);
  char byte;
  EXPECT_ERRNO(EINVAL, read(fd, &byte, 1));
  close(fd);
}

TEST(a_pidfd_is_readable_when_its_process_has_ended) {
  COVERS("pidfd_open", "pidfd_send_signal", "waitid");
  pid_t child = sleeper();
  int fd = SYS(pidfd_open, child, 0);
  ASSERT_OK(fd);
  pollfd entry{fd, POLLIN, 0};
  EXPECT_EQ(0, poll(&entry, 1, 0));
  EXPECT_OK(SYS(pidfd_send_signal, fd, SIGKILL, nullptr, 0));
  EXPECT_EQ(1, poll(&entry, 1, 5000));
  siginfo_t info{};
  EXPECT_OK(SYS(waitid, P_PIDFD, fd, &info, WEXITED | WNOWAIT, nullptr));
  EXPECT_EQ(child, info.si_pid);
  EXPECT_EQ(CLD_KILLED, info.si_code);
  EXPECT_OK(SYS(waitid, P_PIDFD, fd, &info, WEXITED, nullptr));
  EXPECT_ERRNO(ECHILD, SYS(waitid, P_PIDFD, fd, &info, WEXITED, nullptr));
  EXPECT_ERRNO(ESRCH, SYS(pidfd_send_signal, fd, 0, nullptr, 0));
  close(fd);
}

TEST(a_nonblocking_pidfd_makes_waitid_say_eagain) {
  COVERS("waitid", "pidfd_open");
  pid_t child = sleeper();
  int fd = SYS(pidfd_open, child, O_NONBLOCK);
  ASSERT_OK(fd);
  siginfo_t info{};
  EXPECT_ERRNO(EAGAIN, SYS(waitid, P_PIDFD, fd, &info, WEXITED, nullptr));
  EXPECT_EQ(0, SYS(waitid, P_PIDFD, fd, &info, WEXITED | WNOHANG, nullptr));
  EXPECT_EQ(0, info.si_pid);
  kill(child, SIGKILL);
  EXPECT_TRUE(guest::eventually([&] { return SYS(waitid, P_PIDFD, fd, &info, WEXITED, nullptr) == 0; }));
  EXPECT_EQ(child, info.si_pid);
  EXPECT_ERRNO(EBADF, SYS(waitid, P_PIDFD, 0 + 900, &info, WEXITED, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(waitid, P_PIDFD, -1, &info, WEXITED, nullptr));
  close(fd);
}

TEST(a_signal_by_pidfd_can_carry_a_value) {
  COVERS("pidfd_send_signal");
  int pipes[2];
  ASSERT_OK(pipe(pipes));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pid_t child = guest::spawn([&] {
    sigprocmask(SIG_BLOCK, &set, nullptr);
    write(pipes[1], "r", 1);
    siginfo_t got{};
    if (sigwaitinfo(&set, &got) != SIGUSR1) return 1;
    if (got.si_code != SI_QUEUE || got.si_value.sival_int != 77 || got.si_pid != getppid()) return 2;
    write(pipes[1], "r", 1);
    if (sigwaitinfo(&set, &got) != SIGUSR1) return 3;
    return got.si_code == SI_USER && got.si_pid == getppid() ? 0 : 4;
  });
  char byte;
  read(pipes[0], &byte, 1);
  int fd = SYS(pidfd_open, child, 0);
  ASSERT_OK(fd);
  siginfo_t info{};
  info.si_signo = SIGUSR1;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_int = 77;
  EXPECT_ERRNO(EINVAL, SYS(pidfd_send_signal, fd, SIGUSR2, &info, 0));
  EXPECT_ERRNO(EFAULT, SYS(pidfd_send_signal, fd, SIGUSR1, guest::bad_pointer(), 0));
  EXPECT_OK(SYS(pidfd_send_signal, fd, SIGUSR1, &info, 0));
  info.si_code = SI_USER;
  EXPECT_ERRNO(EPERM, SYS(pidfd_send_signal, fd, SIGUSR1, &info, 0));
  read(pipes[0], &byte, 1);
  EXPECT_OK(SYS(pidfd_send_signal, fd, SIGUSR1, nullptr, 0));
  EXPECT_EQ(0, guest::reap(child));
  close(fd);
  close(pipes[0]);
  close(pipes[1]);
}

TEST(pidfd_send_signal_errors) {
  COVERS("pidfd_send_signal");
  pid_t child = sleeper();
  int fd = SYS(pidfd_open, child, 0);
  ASSERT_OK(fd);
  EXPECT_ERRNO(EINVAL, SYS(pidfd_send_signal, fd, 65, nullptr, 0));
  EXPECT_ERRNO(EINVAL, SYS(pidfd_send_signal, fd, 0, nullptr, 0x100));
  EXPECT_ERRNO(EBADF, SYS(pidfd_send_signal, 900, 0, nullptr, 0));
  EXPECT_ERRNO(EBADF, SYS(pidfd_send_signal, 0, 0, nullptr, 0));
  EXPECT_OK(SYS(pidfd_send_signal, fd, 0, nullptr, 0));
  kill(child, SIGKILL);
  guest::reap(child);
  close(fd);
}

TEST(pidfd_getfd_copies_a_descriptor) {
  COVERS("pidfd_getfd");
  int data[2], ready[2];
  ASSERT_OK(pipe(ready));
  pid_t child = guest::spawn([&] {
    if (pipe(data) != 0) return 1;
    int numbers[2] = {data[0], data[1]};
    write(data[1], "hello", 5);
    write(ready[1], numbers, sizeof numbers);
    for (;;) pause();
    return 0;
  });
  int numbers[2];
  ASSERT_EQ((ssize_t)sizeof numbers, read(ready[0], numbers, sizeof numbers));
  int pidfd = SYS(pidfd_open, child, 0);
  ASSERT_OK(pidfd);
  int copy = SYS(pidfd_getfd, pidfd, numbers[0], 0);
  ASSERT_OK(copy);
  EXPECT_EQ(FD_CLOEXEC, fcntl(copy, F_GETFD));
  char text[8];
  EXPECT_EQ(5, read(copy, text, sizeof text));
  EXPECT_ERRNO(EINVAL, SYS(pidfd_getfd, pidfd, numbers[0], 1));
  EXPECT_ERRNO(EBADF, SYS(pidfd_getfd, pidfd, 900, 0));
  EXPECT_ERRNO(EBADF, SYS(pidfd_getfd, 900, 0, 0));
  kill(child, SIGKILL);
  guest::reap(child);
  EXPECT_ERRNO(ESRCH, SYS(pidfd_getfd, pidfd, numbers[0], 0));
  close(pidfd);
  close(copy);
  close(ready[0]);
  close(ready[1]);
}

GUEST_TEST_MAIN
