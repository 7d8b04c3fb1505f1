// timerfd_create(2), signalfd(2).
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

TEST(a_timer_counts_its_expirations) {
  COVERS("timerfd_create", "timerfd_settime", "read");
  long fd = SYS(timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  ASSERT_OK(fd);
  itimerspec spec{{0, 10000000}, {0, 10000000}};
  uint64_t count = 0;
  EXPECT_ERRNO(EAGAIN, read(fd, &count, 8));
  EXPECT_OK(SYS(timerfd_settime, fd, 0, &spec, nullptr));
  guest::sleep_ms(55);
  EXPECT_EQ(8, read(fd, &count, 8));
  EXPECT_GE(count, 4);
  EXPECT_ERRNO(EINVAL, read(fd, &count, 4));
}

TEST(gettime_tells_what_is_left_and_zero_disarms) {
  COVERS("timerfd_gettime", "timerfd_settime");
  int fd = timerfd_create(CLOCK_MONOTONIC, 0);
  itimerspec spec{{2, 0}, {100, 0}}, now, old;
  EXPECT_OK(SYS(timerfd_settime, fd, 0, &spec, nullptr));
  EXPECT_OK(SYS(timerfd_gettime, fd, &now));
  EXPECT_EQ(99, now.it_value.tv_sec);
  EXPECT_EQ(2, now.it_interval.tv_sec);
  itimerspec none{};
  EXPECT_OK(SYS(timerfd_settime, fd, 0, &none, &old));
  EXPECT_EQ(99, old.it_value.tv_sec);
  EXPECT_OK(SYS(timerfd_gettime, fd, &now));
  EXPECT_EQ(0, now.it_value.tv_sec + now.it_value.tv_nsec);
}

TEST(an_absolute_time_in_the_past_fires_at_once) {
  COVERS("timerfd_settime", "poll");
  int fd = timerfd_create(CLOCK_REALTIME, 0);
  itimerspec spec{{0, 0}, {1000, 0}};
  EXPECT_OK(SYS(timerfd_settime, fd, TFD_TIMER_ABSTIME, &spec, nullptr));
  pollfd poller{fd, POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 1000));
  uint64_t count = 0;
  EXPECT_EQ(8, read(fd, &count, 8));
  EXPECT_EQ(1, count);
}

TEST(a_blocking_read_waits_for_the_timer) {
  COVERS("timerfd_create", "read");
  int fd = timerfd_create(CLOCK_MONOTONIC, 0);
  itimerspec spec{{0, 0}, {0, 30000000}};
  long start = guest::now_ms();
  timerfd_settime(fd, 0, &spec, nullptr);
  uint64_t count = 0;
  EXPECT_EQ(8, read(fd, &count, 8));
  EXPECT_GE(guest::now_ms() - start, 29);
}

TEST(timerfd_errors) {
  COVERS("timerfd_create", "timerfd_settime", "timerfd_gettime");
  itimerspec spec{{0, 0}, {0, 1000000000}};
  EXPECT_ERRNO(EINVAL, SYS(timerfd_create, 77, 0));
  EXPECT_ERRNO(EINVAL, SYS(timerfd_create, CLOCK_MONOTONIC, 1));
  int fd = timerfd_create(CLOCK_MONOTONIC, 0);
  EXPECT_ERRNO(EINVAL, SYS(timerfd_settime, fd, 0, &spec, nullptr));
  spec.it_value.tv_nsec = 1;
  EXPECT_ERRNO(EINVAL, SYS(timerfd_settime, fd, 0x100, &spec, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(timerfd_settime, 0, 0, &spec, nullptr));
  EXPECT_ERRNO(EBADF, SYS(timerfd_settime, -1, 0, &spec, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(timerfd_settime, fd, 0, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EFAULT, SYS(timerfd_gettime, fd, guest::bad_pointer()));
  EXPECT_ERRNO(EBADF, SYS(timerfd_gettime, -1, &spec));
}

TEST(signals_are_read_as_records) {
  COVERS("signalfd4", "signalfd", "read");
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigaddset(&mask, SIGUSR2);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  long fd = SYS(signalfd4, -1, &mask, 8, SFD_NONBLOCK | SFD_CLOEXEC);
  ASSERT_OK(fd);
  signalfd_siginfo info[3];
  EXPECT_ERRNO(EAGAIN, read(fd, info, sizeof info));
  kill(getpid(), SIGUSR2);
  kill(getpid(), SIGUSR1);
  pollfd poller{static_cast<int>(fd), POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 0));
  EXPECT_EQ(2 * sizeof info[0], read(fd, info, sizeof info));
  EXPECT_EQ(SIGUSR1, info[0].ssi_signo);
  EXPECT_EQ(getpid(), info[0].ssi_pid);
  EXPECT_EQ(SIGUSR2, info[1].ssi_signo);
  sigdelset(&mask, SIGUSR1);
  EXPECT_EQ(fd, SYS(signalfd4, fd, &mask, 8, 0));
  kill(getpid(), SIGUSR1);
  EXPECT_ERRNO(EAGAIN, read(fd, info, sizeof info));
  EXPECT_OK(SYS(signalfd, -1, &mask, 8));
}

TEST(signalfd_errors) {
  COVERS("signalfd4");
  sigset_t mask;
  sigemptyset(&mask);
  EXPECT_ERRNO(EINVAL, SYS(signalfd4, -1, &mask, 4, 0));
  EXPECT_ERRNO(EINVAL, SYS(signalfd4, -1, &mask, 8, 1));
  EXPECT_ERRNO(EINVAL, SYS(signalfd4, 0, &mask, 8, 0));
  EXPECT_ERRNO(EBADF, SYS(signalfd4, 999, &mask, 8, 0));
  EXPECT_ERRNO(EFAULT, SYS(signalfd4, -1, guest::bad_pointer(), 8, 0));
  int fd = signalfd(-1, &mask, SFD_NONBLOCK);
  char small[8];
  EXPECT_ERRNO(EINVAL, read(fd, small, sizeof small));
}

GUEST_TEST_MAIN
