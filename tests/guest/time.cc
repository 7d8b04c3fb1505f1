// clock_gettime(2), clock_settime(2), clock_nanosleep(2), nanosleep(2), gettimeofday(2), time(2).
#include "tests/guest/guest_test.h"

#include <pthread.h>
#include <sys/time.h>
#include <sys/timex.h>

TEST(every_clock_ticks) {
  COVERS("clock_gettime", "clock_getres");
  for (clockid_t clock :
       {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
        CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI}) {
    timespec now{-1, -1}, resolution{-1, -1};
    EXPECT_OK(SYS(clock_gettime, clock, &now));
    EXPECT_GE(now.tv_sec, 0);
    EXPECT_OK(SYS(clock_getres, clock, &resolution));
    EXPECT_GE(resolution.tv_nsec, 1);
    EXPECT_OK(SYS(clock_getres, clock, nullptr));
  }
}

TEST(clock_errors) {
  COVERS("clock_gettime", "clock_getres", "clock_settime", "gettimeofday", "settimeofday");
  timespec now{0, 0};
  EXPECT_ERRNO(EINVAL, SYS(clock_gettime, 99, &now));
  EXPECT_ERRNO(EINVAL, SYS(clock_getres, 99, &now));
  EXPECT_ERRNO(EFAULT, SYS(clock_gettime, CLOCK_REALTIME, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(gettimeofday, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EINVAL, SYS(clock_settime, CLOCK_MONOTONIC, &now));
  if (!guest::is_root()) {
    EXPECT_ERRNO(EPERM, SYS(clock_settime, CLOCK_REALTIME, &now));
    timeval value{1, 0};
    EXPECT_ERRNO(EPERM, SYS(settimeofday, &value, nullptr));
  }
}

TEST(sleeps_last_as_long_as_asked) {
  COVERS("nanosleep", "clock_nanosleep");
  timespec wanted{0, 30000000};
  long start = guest::now_ms();
  EXPECT_OK(SYS(nanosleep, &wanted, nullptr));
  EXPECT_GE(guest::now_ms() - start, 29);
  start = guest::now_ms();
  EXPECT_OK(SYS(clock_nanosleep, CLOCK_REALTIME, 0, &wanted, nullptr));
  EXPECT_GE(guest::now_ms() - start, 29);
  timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += 30000000;
  if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, ++until.tv_sec;
  start = guest::now_ms();
  EXPECT_OK(SYS(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr));
  EXPECT_GE(guest::now_ms() - start, 28);
  until = {1, 0};
  EXPECT_OK(SYS(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr));
}

TEST(sleep_errors) {
  COVERS("nanosleep", "clock_nanosleep");
  timespec bad{0, 1000000000}, negative{-1, 0}, fine{0, 1};
  EXPECT_ERRNO(EINVAL, SYS(nanosleep, &bad, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(nanosleep, &negative, nullptr));
  EXPECT_ERRNO(EFAULT, SYS(nanosleep, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EINVAL, SYS(clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, nullptr));
  EXPECT_ERRNO(EOPNOTSUPP, SYS(clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &fine, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(clock_nanosleep, 99, 0, &fine, nullptr));
}

TEST(time_and_gettimeofday_agree) {
  COVERS("time", "gettimeofday");
  time_t stored = 0;
  long told = SYS(time, &stored);
  EXPECT_EQ(told, stored);
  timeval value;
  EXPECT_OK(SYS(gettimeofday, &value, nullptr));
  EXPECT_LE(value.tv_sec - told, 1);
  EXPECT_GE(value.tv_sec - told, 0);
  EXPECT_ERRNO(EFAULT, SYS(time, guest::bad_pointer()));
}

TEST(processor_clocks_count_work_only) {
  COVERS("clock_gettime");
  timespec start, end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
  guest::sleep_ms(50);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  long slept = (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000;
  EXPECT_LT(slept, 30000);
  long until = guest::now_ms() + 100;
  while (guest::now_ms() < until) {
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
  long worked = (start.tv_sec - end.tv_sec) * 1000000 + (start.tv_nsec - end.tv_nsec) / 1000;
  EXPECT_GT(worked, 10000);
}

TEST(clocks_of_other_processes_and_threads) {
  COVERS("clock_gettime");
  clockid_t clock;
  pid_t child = guest::spawn([] {
    for (volatile long i = 0;; i = i + 1) {
    }
    return 0;
  });
  guest::sleep_ms(60);
  ASSERT_EQ(0, clock_getcpuclockid(child, &clock));
  timespec used{};
  EXPECT_OK(SYS(clock_gettime, clock, &used));
  EXPECT_GT(used.tv_sec * 1000000000 + used.tv_nsec, 1000000);
  kill(child, SIGKILL);
  guest::reap(child);
  EXPECT_ERRNO(EINVAL, SYS(clock_gettime, clock, &used));
}

TEST(adjtimex_may_be_read_by_all) {
  COVERS("adjtimex", "clock_adjtime");
  timex state;
  memset(&state, 0, sizeof state);
  EXPECT_GE(SYS(adjtimex, &state), 0);
  EXPECT_GT(state.time.tv_sec, 0);
  memset(&state, 0, sizeof state);
  EXPECT_GE(SYS(clock_adjtime, CLOCK_REALTIME, &state), 0);
  EXPECT_GT(state.time.tv_sec, 0);
  EXPECT_GT(state.tick, 0);
  EXPECT_ERRNO(EFAULT, SYS(clock_adjtime, CLOCK_REALTIME, guest::bad_pointer()));
  EXPECT_ERRNO(EINVAL, SYS(clock_adjtime, 99, &state));
  EXPECT_ERRNO(EFAULT, SYS(adjtimex, guest::bad_pointer()));
}

GUEST_TEST_MAIN
