// timerfd_create(2), signalfd(2).
#include "tests/guest/guest_test.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
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
  COVERS("signalfd4", "read");
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
}

TEST(the_first_signalfd_has_no_flags) {
  COVERS("signalfd", "read", "fcntl");
  sigset_t mask, none;
  sigemptyset(&none);
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  const int fd = static_cast<int>(SYS(signalfd, -1, &mask, 8));
  ASSERT_OK(fd);
  EXPECT_EQ(0, fcntl(fd, F_GETFD));
  EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL));
  kill(getpid(), SIGUSR1);
  signalfd_siginfo info{};
  EXPECT_EQ(sizeof info, read(fd, &info, sizeof info));
  EXPECT_EQ(SIGUSR1, info.ssi_signo);
  EXPECT_EQ(fd, SYS(signalfd, fd, &none, 8));
  kill(getpid(), SIGUSR1);
  pollfd poller{fd, POLLIN, 0};
  EXPECT_EQ(0, poll(&poller, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(signalfd, -1, &mask, 4));
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

TEST(a_timer_that_is_set_anew_forgets_what_it_counted) {
  COVERS("timerfd_settime", "timerfd_gettime", "poll");
  int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK);
  ASSERT_OK(fd);
  itimerspec soon{{0, 0}, {0, 1}}, later{{7, 0}, {100, 0}}, old{}, now{};
  EXPECT_OK(timerfd_settime(fd, 0, &soon, nullptr));
  pollfd poller{fd, POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, -1));
  EXPECT_EQ(POLLIN, poller.revents);
  EXPECT_OK(timerfd_settime(fd, 0, &later, &old));
  EXPECT_EQ(0, old.it_value.tv_sec + old.it_value.tv_nsec);
  uint64_t count = 0;
  EXPECT_ERRNO(EAGAIN, read(fd, &count, 8));
  EXPECT_EQ(0, poll(&poller, 1, 0));
  EXPECT_OK(timerfd_settime(fd, 0, &soon, &old));
  EXPECT_EQ(99, old.it_value.tv_sec);
  EXPECT_EQ(7, old.it_interval.tv_sec);
  EXPECT_EQ(1, poll(&poller, 1, -1));
  EXPECT_EQ(8, read(fd, &count, 8));
  EXPECT_EQ(1, count);
  EXPECT_OK(timerfd_gettime(fd, &now));
  EXPECT_EQ(0, now.it_value.tv_sec + now.it_value.tv_nsec);
}

TEST(an_interval_timer_that_nobody_reads_shows_its_next_expiry) {
  COVERS("timerfd_gettime", "timerfd_settime", "read");
  int fd = timerfd_create(CLOCK_MONOTONIC, 0);
  timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  itimerspec spec{{1000, 0}, {start.tv_sec, start.tv_nsec}}, now{};
  spec.it_value.tv_sec = start.tv_sec > 2 ? start.tv_sec - 2 : 1;
  EXPECT_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, nullptr));
  EXPECT_OK(timerfd_gettime(fd, &now));
  EXPECT_GE(now.it_value.tv_sec, 900);
  EXPECT_LE(now.it_value.tv_sec, 999);
  uint64_t count = 0;
  EXPECT_EQ(8, read(fd, &count, 8));
  EXPECT_EQ(1, count);
}

TEST(timerfd_clocks_and_flags) {
  COVERS("timerfd_create", "timerfd_settime", "lseek", "write");
  EXPECT_ERRNO(EINVAL, SYS(timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0));
  EXPECT_ERRNO(EINVAL, SYS(timerfd_create, CLOCK_MONOTONIC_RAW, 0));
  EXPECT_ERRNO(EINVAL, SYS(timerfd_create, -1, 0));
  int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
  EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
  EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL));
  itimerspec spec{{0, 0}, {4000000000, 0}}, bad{{0, -1}, {1, 0}};
  EXPECT_OK(SYS(timerfd_settime, fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, nullptr));
  EXPECT_OK(SYS(timerfd_settime, fd, TFD_TIMER_CANCEL_ON_SET, &spec, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(timerfd_settime, fd, 0, &bad, nullptr));
  bad = {{0, 0}, {-1, 0}};
  EXPECT_ERRNO(EINVAL, SYS(timerfd_settime, fd, 0, &bad, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(timerfd_gettime, 0, &spec));
  EXPECT_ERRNO(EFAULT, SYS(timerfd_settime, fd, 0, &spec, guest::bad_pointer()));
  EXPECT_EQ(0, lseek(fd, 0, SEEK_CUR));
  uint64_t value = 1;
  EXPECT_ERRNO(EINVAL, write(fd, &value, 8));
}

TEST(a_signalfd_belongs_to_whoever_reads) {
  COVERS("signalfd4", "read", "poll");
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigaddset(&mask, SIGKILL);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  int fd = signalfd(-1, &mask, SFD_NONBLOCK);
  ASSERT_OK(kill(getpid(), SIGUSR1));
  pollfd poller{fd, POLLIN, 0};
  EXPECT_EQ(1, poll(&poller, 1, 0));
  EXPECT_EQ(POLLIN, poller.revents);
  EXPECT_EQ(0, guest::in_child([&] {
              signalfd_siginfo info;
              pollfd own{fd, POLLIN, 0};
              if (poll(&own, 1, 0) != 0) return 1;
              if (read(fd, &info, sizeof info) != -1 || errno != EAGAIN) return 2;
              kill(getpid(), SIGUSR1);
              return read(fd, &info, sizeof info) == sizeof info && info.ssi_pid == static_cast<uint32_t>(getpid()) ? 0
                                                                                                                    : 3;
            }));
  signalfd_siginfo info{};
  EXPECT_EQ(sizeof info, SYS(read, fd, &info, sizeof info + 4));
  EXPECT_EQ(SIGUSR1, info.ssi_signo);
  EXPECT_EQ(SI_USER, info.ssi_code);
  EXPECT_ERRNO(EINVAL, write(fd, &info, sizeof info));
  EXPECT_EQ(0, lseek(fd, 0, SEEK_CUR));
}

TEST(a_signalfd_tells_values_and_children) {
  COVERS("signalfd4", "read", "rt_sigqueueinfo");
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGRTMIN);
  sigaddset(&mask, SIGCHLD);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  int fd = signalfd(-1, &mask, 0);
  sigval value;
  value.sival_ptr = reinterpret_cast<void*>(0x123456789abcUL);
  ASSERT_OK(sigqueue(getpid(), SIGRTMIN, value));
  signalfd_siginfo info{};
  EXPECT_EQ(sizeof info, read(fd, &info, sizeof info));
  EXPECT_EQ(SIGRTMIN, info.ssi_signo);
  EXPECT_EQ(SI_QUEUE, info.ssi_code);
  EXPECT_EQ(0x123456789abcUL, info.ssi_ptr);
  EXPECT_EQ(0x56789abc, info.ssi_int);
  EXPECT_EQ(getuid(), info.ssi_uid);
  pid_t child = fork();
  if (child == 0) _exit(9);
  EXPECT_EQ(sizeof info, read(fd, &info, sizeof info));
  EXPECT_EQ(SIGCHLD, info.ssi_signo);
  EXPECT_EQ(CLD_EXITED, info.ssi_code);
  EXPECT_EQ(child, info.ssi_pid);
  EXPECT_EQ(9, info.ssi_status);
  waitpid(child, nullptr, 0);
}

TEST(a_reader_of_a_signalfd_sleeps_until_a_signal) {
  COVERS("signalfd4", "read", "epoll_wait");
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  pid_t child = guest::spawn([&] {
    int fd = signalfd(-1, &mask, 0);
    signalfd_siginfo info{};
    return read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR2 ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  kill(child, SIGUSR2);
  EXPECT_EQ(0, guest::reap(child));
  child = guest::spawn([&] {
    int fd = signalfd(-1, &mask, SFD_NONBLOCK), epoll = epoll_create1(0);
    epoll_event event{EPOLLIN, {}};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return 1;
    return epoll_wait(epoll, &event, 1, -1) == 1 && event.events == EPOLLIN ? 0 : 2;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  kill(child, SIGUSR2);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(the_ticks_of_a_timer_are_set) {
  COVERS("ioctl", "timerfd_settime", "read", "poll");
  constexpr unsigned long kSetTicks = 0x40085400;  // TFD_IOC_SET_TICKS
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  uint64_t ticks = 5;
  if (ioctl(fd, kSetTicks, &ticks) == -1 && errno == ENOTTY) SKIP("this kernel was built without it");
  pollfd entry{fd, POLLIN, 0};
  EXPECT_EQ(1, poll(&entry, 1, 0));
  EXPECT_EQ(8, read(fd, &ticks, 8));
  EXPECT_EQ(5u, ticks);
  EXPECT_ERRNO(EAGAIN, read(fd, &ticks, 8));
  ticks = 0;
  EXPECT_ERRNO(EINVAL, ioctl(fd, kSetTicks, &ticks));
  EXPECT_ERRNO(EFAULT, ioctl(fd, kSetTicks, guest::bad_pointer()));
  EXPECT_ERRNO(ENOTTY, ioctl(fd, 0x5499, &ticks));
  // They are those that have come: the time that is left stays.
  itimerspec spec{{0, 0}, {1000, 0}}, left;
  timerfd_settime(fd, 0, &spec, nullptr);
  ticks = 7;
  EXPECT_OK(ioctl(fd, kSetTicks, &ticks));
  EXPECT_EQ(8, read(fd, &ticks, 8));
  EXPECT_EQ(7u, ticks);
  timerfd_gettime(fd, &left);
  EXPECT_GT(left.it_value.tv_sec, 990);
  // A tick that came already is one of them.
  spec = {{0, 0}, {0, 1000}};
  timerfd_settime(fd, 0, &spec, nullptr);
  guest::sleep_ms(5);
  ticks = 3;
  EXPECT_OK(ioctl(fd, kSetTicks, &ticks));
  EXPECT_EQ(8, read(fd, &ticks, 8));
  EXPECT_EQ(3u, ticks);
  ticks = 3;
  EXPECT_OK(ioctl(fd, kSetTicks, &ticks));
  spec = {{0, 0}, {1000, 0}};
  timerfd_settime(fd, 0, &spec, nullptr);
  EXPECT_ERRNO(EAGAIN, read(fd, &ticks, 8));  // a new setting begins anew
}

GUEST_TEST_MAIN
