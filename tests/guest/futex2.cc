// futex_waitv(2) and the calls of futex2: futex_wait, futex_wake, futex_requeue (Linux 6.7).
#include "tests/guest/guest_test.h"

namespace {
constexpr unsigned kSize32 = 2;
constexpr unsigned kPrivate = 128;
struct Waiter {
  uint64_t value, address;
  uint32_t flags, reserved;
};
timespec after_ms(long ms) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  now.tv_nsec += ms * 1000000;
  now.tv_sec += now.tv_nsec / 1000000000;
  now.tv_nsec %= 1000000000;
  return now;
}
uint32_t* shared_words() {
  return static_cast<uint32_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}
constexpr long kWaitv = 449, kWake = 454, kWait = 455, kRequeue = 456;
bool there() { return guest::raw(kWake, 0, 0, 0, 0) == -1 && errno != ENOSYS; }
}  // namespace

TEST(waitv_waits_for_any_of_several) {
  COVERS("futex_waitv");
  uint32_t* words = shared_words();
  pid_t child = guest::spawn([&] {
    Waiter waiters[2] = {{0, reinterpret_cast<uintptr_t>(&words[0]), kSize32, 0},
                         {0, reinterpret_cast<uintptr_t>(&words[1]), kSize32, 0}};
    timespec limit = after_ms(5000);
    return static_cast<int>(guest::raw(kWaitv, waiters, 2, 0, &limit, CLOCK_MONOTONIC));
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(1, SYS(futex, &words[1], 1 /* FUTEX_WAKE */, 1));
  EXPECT_EQ(1, WEXITSTATUS(guest::reap(child)));
}

TEST(waitv_errors) {
  COVERS("futex_waitv");
  uint32_t word = 0;
  Waiter waiter{1, reinterpret_cast<uintptr_t>(&word), kSize32 | kPrivate, 0};
  timespec limit = after_ms(20);
  EXPECT_ERRNO(EAGAIN, guest::raw(kWaitv, &waiter, 1, 0, &limit, CLOCK_MONOTONIC));
  waiter.value = 0;
  EXPECT_ERRNO(ETIMEDOUT, guest::raw(kWaitv, &waiter, 1, 0, &limit, CLOCK_MONOTONIC));
  EXPECT_ERRNO(EINVAL, guest::raw(kWaitv, &waiter, 0, 0, &limit, CLOCK_MONOTONIC));
  EXPECT_ERRNO(EINVAL, guest::raw(kWaitv, &waiter, 129, 0, &limit, CLOCK_MONOTONIC));
  EXPECT_ERRNO(EINVAL, guest::raw(kWaitv, &waiter, 1, 1, &limit, CLOCK_MONOTONIC));
  EXPECT_ERRNO(EINVAL, guest::raw(kWaitv, &waiter, 1, 0, &limit, 99));
  waiter.reserved = 1;
  EXPECT_ERRNO(EINVAL, guest::raw(kWaitv, &waiter, 1, 0, &limit, CLOCK_MONOTONIC));
  EXPECT_ERRNO(EFAULT, guest::raw(kWaitv, guest::bad_pointer(), 1, 0, &limit, CLOCK_MONOTONIC));
}

TEST(wait_and_wake_by_mask) {
  COVERS("futex_wait", "futex_wake");
  if (!there()) SKIP("older than Linux 6.7");
  uint32_t* words = shared_words();
  pid_t child = guest::spawn([&] {
    timespec limit = after_ms(5000);
    return static_cast<int>(guest::raw(kWait, words, 0, 2, kSize32, &limit, CLOCK_MONOTONIC));
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(0, guest::raw(kWake, words, 1, 1, kSize32));
  EXPECT_EQ(1, guest::raw(kWake, words, 6, 1, kSize32));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(wait_and_wake_errors) {
  COVERS("futex_wait", "futex_wake");
  if (!there()) SKIP("older than Linux 6.7");
  uint32_t word = 5;
  EXPECT_ERRNO(EAGAIN, guest::raw(kWait, &word, 4, ~0u, kSize32, nullptr, CLOCK_MONOTONIC));
  EXPECT_ERRNO(EINVAL, guest::raw(kWait, &word, 5, 0, kSize32, nullptr, CLOCK_MONOTONIC));
  EXPECT_ERRNO(EINVAL, guest::raw(kWait, &word, 5, ~0u, 0x1000, nullptr, CLOCK_MONOTONIC));
  timespec limit = after_ms(10);
  EXPECT_ERRNO(ETIMEDOUT, guest::raw(kWait, &word, 5, ~0u, kSize32 | kPrivate, &limit, CLOCK_MONOTONIC));
  EXPECT_ERRNO(EINVAL, guest::raw(kWake, &word, 0, 1, kSize32));
  EXPECT_ERRNO(EINVAL, guest::raw(kWake, &word, ~0u, 1, 0x1000));
}

TEST(requeue_moves_a_waiter) {
  COVERS("futex_requeue");
  if (!there()) SKIP("older than Linux 6.7");
  uint32_t* words = shared_words();
  pid_t child = guest::spawn([&] { return static_cast<int>(SYS(futex, words, 0 /* FUTEX_WAIT */, 0, nullptr)); });
  EXPECT_TRUE(guest::falls_asleep(child));
  Waiter pair[2] = {{1, reinterpret_cast<uintptr_t>(&words[0]), kSize32, 0},
                    {0, reinterpret_cast<uintptr_t>(&words[1]), kSize32, 0}};
  EXPECT_ERRNO(EAGAIN, guest::raw(kRequeue, pair, 0, 0, 1));
  pair[0].value = 0;
  EXPECT_EQ(1, guest::raw(kRequeue, pair, 0, 0, 1));
  EXPECT_EQ(0, SYS(futex, &words[0], 1, 1));
  EXPECT_EQ(1, SYS(futex, &words[1], 1, 1));
  EXPECT_EQ(0, guest::reap(child));
}

GUEST_TEST_MAIN
