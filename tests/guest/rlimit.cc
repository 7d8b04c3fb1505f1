// getrlimit(2), setrlimit(2), prlimit64(2), getrusage(2), times(2).
#include "tests/guest/guest_test.h"

#include <sys/resource.h>
#include <sys/times.h>

TEST(limits_are_set_and_told) {
  COVERS("getrlimit", "setrlimit", "prlimit64");
  EXPECT_EQ(0, guest::in_child([] {
              rlimit limit{100, 200}, told{}, old{};
              if (SYS(setrlimit, RLIMIT_NOFILE, &limit) != 0) return 1;
              if (SYS(getrlimit, RLIMIT_NOFILE, &told) != 0 || told.rlim_cur != 100 || told.rlim_max != 200) return 2;
              limit.rlim_cur = 150;
              if (SYS(prlimit64, 0, RLIMIT_NOFILE, &limit, &old) != 0 || old.rlim_cur != 100) return 3;
              limit = {201, 200};
              if (SYS(setrlimit, RLIMIT_NOFILE, &limit) != -1 || errno != EINVAL) return 4;
              limit = {100, 300};
              if (!guest::is_root() && (SYS(setrlimit, RLIMIT_NOFILE, &limit) != -1 || errno != EPERM)) return 5;
              return 0;
            }));
}

TEST(limits_pass_to_children_and_through_exec) {
  COVERS("prlimit64", "execve");
  EXPECT_EQ(0, guest::in_child([] {
              rlimit limit{77, 99};
              setrlimit(RLIMIT_NOFILE, &limit);
              return execl("/bin/sh", "sh", "-c", "[ $(ulimit -n) = 77 ] && [ $(ulimit -Hn) = 99 ]", nullptr);
            }));
}

TEST(limit_errors) {
  COVERS("getrlimit", "prlimit64");
  rlimit limit;
  EXPECT_ERRNO(EINVAL, SYS(getrlimit, 99, &limit));
  EXPECT_ERRNO(EFAULT, SYS(getrlimit, RLIMIT_CPU, guest::bad_pointer()));
  EXPECT_ERRNO(ESRCH, SYS(prlimit64, 4000000, RLIMIT_CPU, nullptr, &limit));
  EXPECT_ERRNO(EINVAL, SYS(prlimit64, 0, 99, nullptr, &limit));
  EXPECT_ERRNO(EFAULT, SYS(prlimit64, 0, RLIMIT_CPU, guest::bad_pointer(), nullptr));
}

TEST(the_processor_time_limit_is_sigxcpu) {
  COVERS("setrlimit");
  EXPECT_EQ(SIGXCPU, guest::signal_of([] {
              rlimit limit{1, 5};
              setrlimit(RLIMIT_CPU, &limit);
              for (volatile long i = 0;; i = i + 1) {
              }
            }));
}

TEST(usage_of_self_and_children) {
  COVERS("getrusage", "times", "wait4");
  guest::in_child([] {
    long start = guest::now_ms();
    while (guest::now_ms() - start < 60) {
    }
    return 0;
  });
  rusage self, children;
  ASSERT_OK(SYS(getrusage, RUSAGE_SELF, &self));
  ASSERT_OK(SYS(getrusage, RUSAGE_CHILDREN, &children));
  EXPECT_GT(self.ru_maxrss, 0);
  EXPECT_GT(children.ru_utime.tv_usec + children.ru_stime.tv_usec + children.ru_utime.tv_sec * 1000000, 10000);
  tms ticks;
  EXPECT_GT(SYS(times, &ticks), 0);
  EXPECT_GE(ticks.tms_cutime + ticks.tms_cstime, 1);
  EXPECT_ERRNO(EINVAL, SYS(getrusage, 5, &self));
  EXPECT_ERRNO(EFAULT, SYS(getrusage, RUSAGE_SELF, guest::bad_pointer()));
  EXPECT_ERRNO(EFAULT, SYS(times, guest::bad_pointer()));
  EXPECT_OK(SYS(getrusage, RUSAGE_THREAD, &self));
}

TEST(the_stack_limit_bounds_the_stack) {
  COVERS("setrlimit");
  EXPECT_EQ(SIGSEGV, guest::signal_of([] {
              rlimit limit{1 << 20, RLIM_INFINITY};
              getrlimit(RLIMIT_STACK, &limit);
              limit.rlim_cur = 1 << 20;
              setrlimit(RLIMIT_STACK, &limit);
              char here;
              volatile char* at = &here;
              for (int i = 0; i < 3 << 20; i += 2048) at[-static_cast<long>(i)] = 1;
            }));
}

GUEST_TEST_MAIN
