// futex(2), set_robust_list(2).
#include "tests/guest/guest_test.h"

#include <linux/futex.h>
#include <pthread.h>

namespace {
// Shared with the children of a case.
struct Shared {
  uint32_t word, other, count, woken;
};
Shared* shared() {
  void* map = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return static_cast<Shared*>(map);
}
timespec in_ms(long ms) { return {ms / 1000, ms % 1000 * 1000000}; }
}  // namespace

TEST(wait_with_another_value_is_eagain) {
  COVERS("futex");
  uint32_t word = 1;
  EXPECT_ERRNO(EAGAIN, SYS(futex, &word, FUTEX_WAIT, 2, nullptr));
  EXPECT_ERRNO(EAGAIN, SYS(futex, &word, FUTEX_WAIT_PRIVATE, 2, nullptr));
}

TEST(wait_times_out) {
  COVERS("futex");
  uint32_t word = 1;
  timespec limit = in_ms(20);
  long start = guest::now_ms();
  EXPECT_ERRNO(ETIMEDOUT, SYS(futex, &word, FUTEX_WAIT, 1, &limit));
  EXPECT_GE(guest::now_ms() - start, 19);
  timespec bad{0, 1000000000};
  EXPECT_ERRNO(EINVAL, SYS(futex, &word, FUTEX_WAIT, 1, &bad));
  EXPECT_ERRNO(EFAULT, SYS(futex, &word, FUTEX_WAIT, 1, guest::bad_pointer()));
}

TEST(the_absolute_timeout_of_wait_bitset) {
  COVERS("futex");
  uint32_t word = 1;
  timespec limit;
  clock_gettime(CLOCK_MONOTONIC, &limit);
  EXPECT_ERRNO(ETIMEDOUT, SYS(futex, &word, FUTEX_WAIT_BITSET, 1, &limit, nullptr, ~0u));
  clock_gettime(CLOCK_REALTIME, &limit);
  EXPECT_ERRNO(ETIMEDOUT, SYS(futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1, &limit, nullptr, ~0u));
  EXPECT_ERRNO(EINVAL, SYS(futex, &word, FUTEX_WAIT_BITSET, 1, &limit, nullptr, 0));
}

TEST(addresses_are_checked) {
  COVERS("futex");
  alignas(8) char bytes[8] = {};
  EXPECT_ERRNO(EINVAL, SYS(futex, bytes + 1, FUTEX_WAIT, 0, nullptr));
  EXPECT_ERRNO(EINVAL, SYS(futex, bytes + 2, FUTEX_WAKE, 1));
  EXPECT_ERRNO(EFAULT, SYS(futex, 0x1000, FUTEX_WAIT, 0, nullptr));
  EXPECT_ERRNO(ENOSYS, SYS(futex, bytes, 99, 0, nullptr));
}

TEST(wake_without_waiters_is_zero) {
  COVERS("futex");
  uint32_t word = 0;
  EXPECT_EQ(0, SYS(futex, &word, FUTEX_WAKE, 10));
  EXPECT_EQ(0, SYS(futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX));
  EXPECT_EQ(0, SYS(futex, &word, FUTEX_WAKE_BITSET, 1, nullptr, nullptr, 1));
  EXPECT_ERRNO(EINVAL, SYS(futex, &word, FUTEX_WAKE_BITSET, 1, nullptr, nullptr, 0));
}

TEST(wake_across_processes) {
  COVERS("futex");
  Shared* area = shared();
  pid_t children[3];
  for (pid_t& child : children) {
    child = guest::spawn([&] {
      __atomic_add_fetch(&area->count, 1, __ATOMIC_SEQ_CST);
      while (__atomic_load_n(&area->word, __ATOMIC_SEQ_CST) == 0) SYS(futex, &area->word, FUTEX_WAIT, 0, nullptr);
      return 0;
    });
  }
  for (pid_t child : children) EXPECT_TRUE(guest::falls_asleep(child));
  __atomic_store_n(&area->word, 1, __ATOMIC_SEQ_CST);
  EXPECT_EQ(1, SYS(futex, &area->word, FUTEX_WAKE, 1));
  EXPECT_EQ(2, SYS(futex, &area->word, FUTEX_WAKE, 10));
  for (pid_t child : children) EXPECT_EQ(0, guest::reap(child));
}

TEST(private_memory_of_two_processes_is_two_futexes) {
  COVERS("futex");
  static uint32_t word = 0;
  pid_t child = guest::spawn([&] {
    timespec limit = in_ms(100);
    return SYS(futex, &word, FUTEX_WAIT, 0, &limit) == -1 && errno == ETIMEDOUT ? 0 : 1;
  });
  guest::falls_asleep(child);
  EXPECT_EQ(0, SYS(futex, &word, FUTEX_WAKE, 10));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(a_shared_file_page_is_one_futex_at_two_addresses) {
  COVERS("futex");
  guest::TempDir dir;
  int fd = guest::make_file(dir / "f", "");
  ftruncate(fd, 4096);
  auto* one = static_cast<uint32_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  auto* two = static_cast<uint32_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  pid_t child = guest::spawn([&] {
    timespec limit = in_ms(5000);
    return static_cast<int>(SYS(futex, one, FUTEX_WAIT, 0, &limit));
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(1, SYS(futex, two, FUTEX_WAKE, 1));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(bitsets_select_waiters) {
  COVERS("futex");
  Shared* area = shared();
  pid_t child = guest::spawn([&] {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    now.tv_sec += 5;
    return static_cast<int>(SYS(futex, &area->word, FUTEX_WAIT_BITSET, 0, &now, nullptr, 2));
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  EXPECT_EQ(0, SYS(futex, &area->word, FUTEX_WAKE_BITSET, 1, nullptr, nullptr, 1));
  EXPECT_EQ(1, SYS(futex, &area->word, FUTEX_WAKE_BITSET, 1, nullptr, nullptr, 6));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(requeue_moves_waiters) {
  COVERS("futex");
  Shared* area = shared();
  pid_t children[3];
  for (pid_t& child : children) {
    child = guest::spawn([&] { return static_cast<int>(SYS(futex, &area->word, FUTEX_WAIT, 0, nullptr)); });
    EXPECT_TRUE(guest::falls_asleep(child));
  }
  EXPECT_ERRNO(EAGAIN, SYS(futex, &area->word, FUTEX_CMP_REQUEUE, 1, 10, &area->other, 5));
  // One woken, two requeued.
  EXPECT_EQ(3, SYS(futex, &area->word, FUTEX_CMP_REQUEUE, 1, 10, &area->other, 0));
  EXPECT_EQ(0, SYS(futex, &area->word, FUTEX_WAKE, 10));
  EXPECT_EQ(2, SYS(futex, &area->other, FUTEX_WAKE, 10));
  for (pid_t child : children) EXPECT_EQ(0, guest::reap(child));
}

TEST(wake_op_changes_the_second_word) {
  COVERS("futex");
  uint32_t one = 0, two = 5;
  int operation = FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5);
  EXPECT_EQ(0, SYS(futex, &one, FUTEX_WAKE_OP, 1, 1, &two, operation));
  EXPECT_EQ(8, two);
  operation = FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_GT, 100);
  EXPECT_EQ(0, SYS(futex, &one, FUTEX_WAKE_OP, 1, 1, &two, operation));
  EXPECT_EQ(1, two);
}

TEST(priority_inheritance_locks_without_contention) {
  COVERS("futex");
  uint32_t word = 0;
  EXPECT_OK(SYS(futex, &word, FUTEX_LOCK_PI, 0, nullptr));
  EXPECT_EQ(gettid(), word & FUTEX_TID_MASK);
  EXPECT_ERRNO(EDEADLK, SYS(futex, &word, FUTEX_LOCK_PI, 0, nullptr));
  EXPECT_OK(SYS(futex, &word, FUTEX_UNLOCK_PI));
  EXPECT_EQ(0, word);
  EXPECT_ERRNO(EPERM, SYS(futex, &word, FUTEX_UNLOCK_PI));
  EXPECT_OK(SYS(futex, &word, FUTEX_TRYLOCK_PI));
  EXPECT_OK(SYS(futex, &word, FUTEX_UNLOCK_PI));
}

TEST(a_signal_interrupts_a_wait) {
  COVERS("futex");
  pid_t child = guest::spawn([] {
    guest::handle(SIGUSR1, [](int) {});
    uint32_t word = 0;
    return SYS(futex, &word, FUTEX_WAIT, 0, nullptr) == -1 && errno == EINTR ? 0 : 1;
  });
  EXPECT_TRUE(guest::falls_asleep(child));
  kill(child, SIGUSR1);
  EXPECT_EQ(0, guest::reap(child));
}

TEST(a_robust_list_marks_the_owner_dead) {
  COVERS("set_robust_list", "get_robust_list", "futex");
  struct Lock {
    robust_list node;
    uint32_t word;
  };
  struct Area {
    robust_list_head head;
    Lock lock;
  };
  auto* area = static_cast<Area*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  EXPECT_EQ(0, guest::in_child([&] {
              area->head.list.next = &area->lock.node;
              area->head.futex_offset = offsetof(Lock, word);
              area->head.list_op_pending = nullptr;
              area->lock.node.next = &area->head.list;
              area->lock.word = static_cast<uint32_t>(gettid()) | FUTEX_WAITERS;
              if (SYS(set_robust_list, &area->head, sizeof area->head) != 0) return 1;
              robust_list_head* told = nullptr;
              size_t length = 0;
              if (SYS(get_robust_list, 0, &told, &length) != 0) return 2;
              return told == &area->head && length == sizeof area->head ? 0 : 3;
            }));
  EXPECT_EQ(FUTEX_OWNER_DIED, area->lock.word & FUTEX_OWNER_DIED);
  EXPECT_EQ(0, area->lock.word & FUTEX_TID_MASK);
  EXPECT_ERRNO(EINVAL, SYS(set_robust_list, &area->head, 8));
  EXPECT_ERRNO(ESRCH, SYS(get_robust_list, 4000000, &area, &area));
}

TEST(a_robust_mutex_survives_its_owner) {
  COVERS("futex", "set_robust_list");
  auto* mutex =
      static_cast<pthread_mutex_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(mutex, &attributes);
  pid_t child = guest::spawn([&] {
    pthread_mutex_lock(mutex);
    guest::sleep_ms(30);
    return 0;
  });
  guest::sleep_ms(10);
  int result = pthread_mutex_lock(mutex);
  EXPECT_EQ(EOWNERDEAD, result);
  pthread_mutex_consistent(mutex);
  pthread_mutex_unlock(mutex);
  guest::reap(child);
}

TEST(threads_take_turns) {
  COVERS("futex");
  static uint32_t turn;
  static long sum;
  turn = 0;
  sum = 0;
  auto run = [](void* which) -> void* {
    uint32_t mine = which != nullptr;
    for (int i = 0; i < 1000; ++i) {
      while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != mine) SYS(futex, &turn, FUTEX_WAIT_PRIVATE, 1 - mine, nullptr);
      ++sum;
      __atomic_store_n(&turn, 1 - mine, __ATOMIC_SEQ_CST);
      SYS(futex, &turn, FUTEX_WAKE_PRIVATE, 1);
    }
    return nullptr;
  };
  pthread_t other;
  ASSERT_EQ(0, pthread_create(&other, nullptr, run, &sum));
  run(nullptr);
  pthread_join(other, nullptr);
  EXPECT_EQ(2000, sum);
}

GUEST_TEST_MAIN
