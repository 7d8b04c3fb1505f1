// sched(7): affinity, policies, yield; membarrier(2); ioprio(2).
#include "tests/guest/guest_test.h"

#include <pthread.h>
#include <sys/resource.h>

#include <atomic>

TEST(affinity_can_be_narrowed) {
  COVERS("sched_setaffinity", "sched_getaffinity");
  cpu_set_t all, one;
  CPU_ZERO(&all);
  ASSERT_TRUE(SYS(sched_getaffinity, 0, sizeof all, &all) >= 8);
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &all)) {
      CPU_SET(i, &one);
      break;
    }
  }
  EXPECT_OK(SYS(sched_setaffinity, 0, sizeof one, &one));
  cpu_set_t told;
  CPU_ZERO(&told);
  SYS(sched_getaffinity, 0, sizeof told, &told);
  EXPECT_EQ(1, CPU_COUNT(&told));
  EXPECT_OK(SYS(sched_setaffinity, 0, sizeof all, &all));
}

TEST(affinity_errors) {
  COVERS("sched_setaffinity", "sched_getaffinity");
  cpu_set_t none;
  CPU_ZERO(&none);
  EXPECT_ERRNO(EINVAL, SYS(sched_setaffinity, 0, sizeof none, &none));
  EXPECT_ERRNO(EFAULT, SYS(sched_setaffinity, 0, 8, guest::bad_pointer()));
  EXPECT_ERRNO(ESRCH, SYS(sched_getaffinity, 4000000, sizeof none, &none));
  EXPECT_ERRNO(EINVAL, SYS(sched_getaffinity, 0, 1, &none));
  EXPECT_ERRNO(EFAULT, SYS(sched_getaffinity, 0, sizeof none, guest::bad_pointer()));
}

TEST(the_policy_is_other_and_can_become_batch) {
  COVERS("sched_getscheduler", "sched_setscheduler", "sched_getparam", "sched_setparam");
  EXPECT_EQ(SCHED_OTHER, SYS(sched_getscheduler, 0));
  sched_param param{0}, told{9};
  EXPECT_OK(SYS(sched_getparam, 0, &told));
  EXPECT_EQ(0, told.sched_priority);
  EXPECT_OK(SYS(sched_setparam, 0, &param));
  EXPECT_OK(SYS(sched_setscheduler, 0, SCHED_BATCH, &param));
  EXPECT_EQ(SCHED_BATCH, SYS(sched_getscheduler, 0));
  param.sched_priority = 5;
  EXPECT_ERRNO(EINVAL, SYS(sched_setscheduler, 0, SCHED_OTHER, &param));
  EXPECT_ERRNO(EINVAL, SYS(sched_setscheduler, 0, 77, &param));
  EXPECT_ERRNO(ESRCH, SYS(sched_getscheduler, 4000000));
  EXPECT_ERRNO(EINVAL, SYS(sched_getscheduler, -1));
  rlimit none{0, 0};
  if (!guest::is_root() && setrlimit(RLIMIT_RTPRIO, &none) == 0) {
    EXPECT_ERRNO(EPERM, SYS(sched_setscheduler, 0, SCHED_FIFO, &param));
  }
}

TEST(priority_ranges) {
  COVERS("sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval", "sched_yield");
  EXPECT_EQ(99, SYS(sched_get_priority_max, SCHED_FIFO));
  EXPECT_EQ(1, SYS(sched_get_priority_min, SCHED_RR));
  EXPECT_EQ(0, SYS(sched_get_priority_max, SCHED_OTHER));
  constexpr int kExtensible = 7;  // SCHED_EXT, since Linux 6.12
  const long least = SYS(sched_get_priority_min, kExtensible), most = SYS(sched_get_priority_max, kExtensible);
  EXPECT_TRUE(least == most && (least == 0 || errno == EINVAL));
  EXPECT_ERRNO(EINVAL, SYS(sched_get_priority_max, 77));
  EXPECT_ERRNO(EINVAL, SYS(sched_get_priority_min, -1));
  timespec slice{-1, -1};
  EXPECT_OK(SYS(sched_rr_get_interval, 0, &slice));
  EXPECT_EQ(0, slice.tv_sec);
  EXPECT_GE(slice.tv_nsec, 0);
  EXPECT_ERRNO(EINVAL, SYS(sched_rr_get_interval, -1, &slice));
  EXPECT_ERRNO(ESRCH, SYS(sched_rr_get_interval, 4194303, &slice));
  EXPECT_ERRNO(EFAULT, SYS(sched_rr_get_interval, 0, guest::bad_pointer()));
  EXPECT_EQ(0, SYS(sched_yield));
}

TEST(sched_attributes) {
  COVERS("sched_getattr", "sched_setattr");
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes;
  memset(&attributes, 0, sizeof attributes);
  EXPECT_OK(SYS(sched_getattr, 0, &attributes, sizeof attributes, 0));
  EXPECT_EQ(48, attributes.size);
  EXPECT_EQ(SCHED_OTHER, attributes.policy);
  attributes.nice = 3;
  EXPECT_OK(SYS(sched_setattr, 0, &attributes, 0));
  EXPECT_EQ(3, getpriority(PRIO_PROCESS, 0));
  EXPECT_ERRNO(EINVAL, SYS(sched_getattr, 0, &attributes, 8, 0));
  EXPECT_ERRNO(EINVAL, SYS(sched_setattr, 0, &attributes, 1));
  EXPECT_ERRNO(ESRCH, SYS(sched_getattr, 4000000, &attributes, sizeof attributes, 0));
}

TEST(sched_attributes_are_judged) {
  COVERS("sched_setattr", "sched_getattr", "sched_setscheduler");
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint64_t more[8];
  } a;
  memset(&a, 0, sizeof a);
  a.size = 48;
  a.policy = SCHED_BATCH;
  EXPECT_OK(SYS(sched_setattr, 0, &a, 0));
  EXPECT_EQ(SCHED_BATCH, SYS(sched_getscheduler, 0));
  a.flags = 0x18;  // keep the policy and its parameters
  a.policy = SCHED_OTHER;
  EXPECT_OK(SYS(sched_setattr, 0, &a, 0));
  EXPECT_EQ(SCHED_BATCH, SYS(sched_getscheduler, 0));
  a.flags = 1;  // reset on fork
  EXPECT_OK(SYS(sched_setattr, 0, &a, 0));
  EXPECT_EQ(SCHED_OTHER | 0x40000000, SYS(sched_getscheduler, 0));
  EXPECT_EQ(0, guest::in_child([] { return static_cast<int>(SYS(sched_getscheduler, 0)); }));
  a.priority = 1;
  EXPECT_ERRNO(EINVAL, SYS(sched_setattr, 0, &a, 0));
  a.priority = 0;
  a.policy = SCHED_FIFO;
  EXPECT_ERRNO(EINVAL, SYS(sched_setattr, 0, &a, 0));
  a.policy = 77;
  EXPECT_ERRNO(EINVAL, SYS(sched_setattr, 0, &a, 0));
  a.policy = 6;  // SCHED_DEADLINE without a deadline
  EXPECT_ERRNO(EINVAL, SYS(sched_setattr, 0, &a, 0));
  a.policy = SCHED_OTHER;
  a.flags = 1ull << 40;
  EXPECT_ERRNO(EINVAL, SYS(sched_setattr, 0, &a, 0));
  a.flags = 1;
  a.size = 8;
  EXPECT_ERRNO(E2BIG, SYS(sched_setattr, 0, &a, 0));
  EXPECT_EQ(56, a.size);  // what the kernel knows
  a.size = sizeof a;
  a.more[4] = 1;
  EXPECT_ERRNO(E2BIG, SYS(sched_setattr, 0, &a, 0));
  EXPECT_ERRNO(EINVAL, SYS(sched_setattr, 0, nullptr, 0));
  EXPECT_ERRNO(EFAULT, SYS(sched_setattr, 0, guest::bad_pointer(), 0));
  EXPECT_ERRNO(EINVAL, SYS(sched_setattr, -1, &a, 0));
  EXPECT_ERRNO(EINVAL, SYS(sched_getattr, 0, &a, 48, 1));
  EXPECT_ERRNO(EFAULT, SYS(sched_getattr, 0, guest::bad_pointer(), 48, 0));
}

TEST(membarrier_knows_its_commands) {
  COVERS("membarrier");
  const long commands = SYS(membarrier, 0, 0, 0);
  if (commands == -1 && errno == ENOSYS) SKIP("the kernel has no membarrier");
  if (commands < 512) SKIP("before Linux 6.3");
  EXPECT_EQ(0x3ff, commands);
  EXPECT_EQ(0, guest::in_child([] {
              SYS(membarrier, 0, 0, 0);
              if (SYS(membarrier, 512, 0, 0) != 0) return 1;
              // Each private command wants its own registration.
              for (const int command : {8, 32, 128}) {
                if (SYS(membarrier, command, 0, 0) != -1 || errno != EPERM) return 2;
              }
              if (SYS(membarrier, 256, 0, 0) != 0 || SYS(membarrier, 512, 0, 0) != (256 | 16)) return 3;
              if (SYS(membarrier, 8, 0, 0) != -1 || errno != EPERM) return 4;
              for (const int cpu : {0, 99}) {
                if (SYS(membarrier, 128, 1, cpu) != 0) return 5;
              }
              if (SYS(membarrier, 128, 0, 0) != 0) return 6;
              if (SYS(membarrier, 64, 0, 0) != 0 || SYS(membarrier, 32, 0, 0) != 0) return 7;
              if (SYS(membarrier, 16, 0, 0) != 0 || SYS(membarrier, 8, 0, 0) != 0) return 8;
              if (SYS(membarrier, 4, 0, 0) != 0 || SYS(membarrier, 512, 0, 0) != (256 | 64 | 16 | 4)) return 9;
              if (SYS(membarrier, 2, 0, 0) != 0 || SYS(membarrier, 1, 0, 0) != 0) return 10;
              // A child is registered as its parent was.
              return guest::in_child([] {
                if (SYS(membarrier, 512, 0, 0) != (256 | 64 | 16 | 4)) return 11;
                for (const int command : {8, 32, 128}) {
                  if (SYS(membarrier, command, 0, 0) != 0) return 12;
                }
                return 0;
              });
            }));
  for (const int command : {1 << 20, 3, -1, 8 | 16}) EXPECT_ERRNO(EINVAL, SYS(membarrier, command, 0, 0));
  for (const int command : {0, 1, 8, 16, 512}) EXPECT_ERRNO(EINVAL, SYS(membarrier, command, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(membarrier, 128, 2, 0));
}

TEST(a_barrier_for_all_threads_orders_plain_stores) {
  COVERS("membarrier");
  if (SYS(membarrier, 16, 0, 0) != 0) SKIP("no private barrier");
  // Dekker with one fence: the other side has only the compiler's order, and membarrier(2) stands for its fence.
  struct Sides {
    alignas(64) volatile int slow = 0;
    alignas(64) volatile int fast = 0;
    alignas(64) std::atomic<int> inside{0}, both{0};
    std::atomic<bool> stop{false};
  };
  static Sides sides;
  pthread_t thread;
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void*) -> void* {
                     while (!sides.stop.load(std::memory_order_relaxed)) {
                       sides.fast = 1;
                       asm volatile("" ::: "memory");
                       if (sides.slow == 0) {
                         if (sides.inside.fetch_add(1) != 0) ++sides.both;
                         sides.inside.fetch_sub(1);
                       }
                       asm volatile("" ::: "memory");
                       sides.fast = 0;
                     }
                     return nullptr;
                   },
                   nullptr));
  for (int turn = 0; turn < 2000; ++turn) {
    sides.slow = 1;
    if (SYS(membarrier, 8, 0, 0) != 0) break;
    if (sides.fast == 0) {
      if (sides.inside.fetch_add(1) != 0) ++sides.both;
      sides.inside.fetch_sub(1);
    }
    sides.slow = 0;
  }
  sides.stop = true;
  pthread_join(thread, nullptr);
  EXPECT_EQ(0, sides.both.load());
}

TEST(io_priorities) {
  COVERS("ioprio_get", "ioprio_set");
  EXPECT_GE(SYS(ioprio_get, 1, 0), 0);
  EXPECT_OK(SYS(ioprio_set, 1, 0, (2 << 13) | 5));
  EXPECT_EQ((2 << 13) | 5, SYS(ioprio_get, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(ioprio_set, 1, 0, (7 << 13)));
  EXPECT_OK(SYS(ioprio_set, 1, 0, 1 << 16 | 2 << 13 | 5));
  EXPECT_EQ((2 << 13) | 5, SYS(ioprio_get, 1, 0));
  EXPECT_ERRNO(EINVAL, SYS(ioprio_get, 99, 0));
  EXPECT_ERRNO(ESRCH, SYS(ioprio_get, 1, 4000000));
}

GUEST_TEST_MAIN
