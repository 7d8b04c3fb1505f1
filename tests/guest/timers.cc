// alarm(2), setitimer(2), timer_create(2) and its family.
#include "tests/guest/guest_test.h"

#include <sys/time.h>

namespace {
volatile sig_atomic_t hits;
volatile int value;
void count(int) { hits = hits + 1; }
}  // namespace

TEST(alarm_tells_what_was_left) {
  COVERS("alarm");
  EXPECT_EQ(0, SYS(alarm, 100));
  EXPECT_EQ(100, SYS(alarm, 5));
  EXPECT_EQ(5, SYS(alarm, 0));
  EXPECT_EQ(SIGALRM, guest::signal_of([] {
              SYS(alarm, 1);
              pause();
            }));
}

TEST(the_real_timer_repeats) {
  COVERS("setitimer", "getitimer");
  hits = 0;
  guest::handle(SIGALRM, count);
  itimerval timer{{0, 10000}, {0, 10000}}, now, none{}, old;
  EXPECT_OK(SYS(setitimer, ITIMER_REAL, &timer, nullptr));
  EXPECT_TRUE(guest::eventually([] { return hits >= 3; }));
  EXPECT_OK(SYS(getitimer, ITIMER_REAL, &now));
  EXPECT_EQ(10000, now.it_interval.tv_usec);
  EXPECT_LE(now.it_value.tv_usec, 10000);
  EXPECT_OK(SYS(setitimer, ITIMER_REAL, &none, &old));
  EXPECT_EQ(10000, old.it_interval.tv_usec);
  EXPECT_OK(SYS(getitimer, ITIMER_REAL, &now));
  EXPECT_EQ(0, now.it_value.tv_usec);
}

TEST(virtual_and_profiling_timers_count_processor_time) {
  COVERS("setitimer");
  itimerval timer{{0, 0}, {0, 20000}};
  EXPECT_EQ(SIGVTALRM, guest::signal_of([&] {
              setitimer(ITIMER_VIRTUAL, &timer, nullptr);
              for (volatile long i = 0;; i = i + 1) {
              }
            }));
  EXPECT_EQ(SIGPROF, guest::signal_of([&] {
              setitimer(ITIMER_PROF, &timer, nullptr);
              for (volatile long i = 0;; i = i + 1) {
              }
            }));
}

TEST(timers_are_not_inherited_by_fork) {
  COVERS("setitimer", "fork");
  itimerval timer{{0, 0}, {100, 0}}, none{};
  setitimer(ITIMER_REAL, &timer, nullptr);
  EXPECT_EQ(0, guest::in_child([] {
              itimerval now;
              getitimer(ITIMER_REAL, &now);
              return now.it_value.tv_sec == 0 ? 0 : 1;
            }));
  setitimer(ITIMER_REAL, &none, nullptr);
}

TEST(itimer_errors) {
  COVERS("setitimer", "getitimer");
  itimerval timer{{0, 0}, {0, 1000000}};
  EXPECT_ERRNO(EINVAL, SYS(setitimer, ITIMER_REAL, &timer, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(getitimer, 9, &timer));
  EXPECT_ERRNO(EFAULT, SYS(setitimer, ITIMER_REAL, guest::bad_pointer(), nullptr));
  EXPECT_ERRNO(EFAULT, SYS(getitimer, ITIMER_REAL, guest::bad_pointer()));
}

TEST(a_posix_timer_sends_its_value) {
  COVERS("timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete");
  hits = 0;
  guest::handle(SIGUSR1, [](int, siginfo_t* info, void*) {
    hits = hits + 1;
    value = info->si_code == SI_TIMER ? info->si_value.sival_int : -1;
  });
  sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  event.sigev_value.sival_int = 77;
  int id = -1;
  ASSERT_OK(SYS(timer_create, CLOCK_MONOTONIC, &event, &id));
  itimerspec spec{{0, 5000000}, {0, 5000000}}, now;
  EXPECT_OK(SYS(timer_settime, id, 0, &spec, nullptr));
  EXPECT_TRUE(guest::eventually([] { return hits >= 2; }));
  EXPECT_EQ(77, value);
  EXPECT_OK(SYS(timer_gettime, id, &now));
  EXPECT_EQ(5000000, now.it_interval.tv_nsec);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  guest::sleep_ms(50);
  sigprocmask(SIG_UNBLOCK, &mask, nullptr);
  EXPECT_GE(SYS(timer_getoverrun, id), 3);
  EXPECT_OK(SYS(timer_delete, id));
  EXPECT_ERRNO(EINVAL, SYS(timer_gettime, id, &now));
}

TEST(a_timer_for_one_thread) {
  COVERS("timer_create");
  static volatile pid_t taker;
  guest::handle(SIGUSR2, [](int) { taker = gettid(); });
  sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGUSR2;
  event._sigev_un._tid = gettid();
  int id;
  ASSERT_OK(SYS(timer_create, CLOCK_REALTIME, &event, &id));
  itimerspec spec{{0, 0}, {0, 1000000}};
  EXPECT_OK(SYS(timer_settime, id, 0, &spec, nullptr));
  EXPECT_TRUE(guest::eventually([] { return taker == gettid(); }));
}

TEST(posix_timer_errors) {
  COVERS("timer_create", "timer_settime", "timer_delete", "timer_getoverrun");
  int id;
  sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_notify = 99;
  EXPECT_ERRNO(EINVAL, SYS(timer_create, CLOCK_MONOTONIC, &event, &id));
  EXPECT_ERRNO(EINVAL, SYS(timer_create, 99, nullptr, &id));
  EXPECT_ERRNO(EFAULT, SYS(timer_create, CLOCK_MONOTONIC, nullptr, guest::bad_pointer()));
  ASSERT_OK(SYS(timer_create, CLOCK_MONOTONIC, nullptr, &id));
  itimerspec spec{{0, 0}, {0, -1}};
  EXPECT_ERRNO(EINVAL, SYS(timer_settime, id, 0, &spec, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(timer_settime, 12345, 0, &spec, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(timer_delete, 12345));
  EXPECT_ERRNO(EINVAL, SYS(timer_getoverrun, 12345));
  EXPECT_OK(SYS(timer_delete, id));
}

GUEST_TEST_MAIN
