// futex(2): FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI, FUTEX_LOCK_PI2: condition variables over locks with priority inheritance.
#include "tests/guest/guest_test.h"

#include <linux/futex.h>
#include <pthread.h>

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

namespace {

// Shared with the children of a case, who wait on `condition` for `lock`.
struct Shared {
  uint32_t condition, lock, other, plain;
  int waiting, owned, error;
};

Shared* shared() {
  void* map = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return static_cast<Shared*>(map);
}

uint32_t tid() { return static_cast<uint32_t>(SYS(gettid)); }

pid_t waiter(Shared* s, const timespec* limit = nullptr, uint32_t Shared::*target = &Shared::lock) {
  pid_t child = guest::spawn([=] {
    __atomic_add_fetch(&s->waiting, 1, __ATOMIC_SEQ_CST);
    if (SYS(futex, &s->condition, FUTEX_WAIT_REQUEUE_PI, 0, limit, &(s->*target), 0) != 0) {
      s->error = errno;
      return 1;
    }
    if ((s->*target & FUTEX_TID_MASK) != tid()) return 2;
    __atomic_add_fetch(&s->owned, 1, __ATOMIC_SEQ_CST);
    return SYS(futex, &(s->*target), FUTEX_UNLOCK_PI, 0) == 0 ? 0 : 3;
  });
  guest::falls_asleep(child);
  return child;
}

long requeue(Shared* s, uint32_t* to, int moved, uint32_t expected = 0) {
  return SYS(futex, &s->condition, FUTEX_CMP_REQUEUE_PI, 1, moved, to, expected);
}

}  // namespace

TEST(a_free_lock_goes_to_the_first_who_waits) {
  COVERS("futex");
  Shared* s = shared();
  pid_t child = waiter(s);
  EXPECT_EQ(1, requeue(s, &s->lock, 0));
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_EQ(0u, s->lock);
  EXPECT_EQ(0, requeue(s, &s->lock, 10));  // nobody waits
}

TEST(the_others_wait_for_the_lock_in_turn) {
  COVERS("futex");
  Shared* s = shared();
  pid_t children[3];
  for (pid_t& child : children) child = waiter(s);
  ASSERT_OK(SYS(futex, &s->lock, FUTEX_LOCK_PI2, 0, nullptr));
  EXPECT_EQ(tid(), s->lock);
  EXPECT_EQ(3, requeue(s, &s->lock, 100));  // moved, one woken of none
  EXPECT_EQ(tid() | FUTEX_WAITERS, s->lock);
  guest::sleep_ms(10);
  EXPECT_EQ(0, s->owned);
  ASSERT_OK(SYS(futex, &s->lock, FUTEX_UNLOCK_PI, 0));
  for (pid_t child : children) EXPECT_EQ(0, guest::reap(child));
  EXPECT_EQ(3, s->owned);
}

TEST(no_more_than_asked_for_are_moved) {
  COVERS("futex");
  Shared* s = shared();
  pid_t children[3];
  for (pid_t& child : children) child = waiter(s);
  ASSERT_OK(SYS(futex, &s->lock, FUTEX_LOCK_PI, 0, nullptr));
  EXPECT_EQ(2, requeue(s, &s->lock, 1));
  EXPECT_EQ(1, requeue(s, &s->lock, 1));
  ASSERT_OK(SYS(futex, &s->lock, FUTEX_UNLOCK_PI, 0));
  for (pid_t child : children) EXPECT_EQ(0, guest::reap(child));
}

TEST(what_makes_no_pair) {
  COVERS("futex");
  Shared* s = shared();
  EXPECT_ERRNO(EINVAL, SYS(futex, &s->condition, FUTEX_WAIT_REQUEUE_PI, 0, nullptr, &s->condition, 0));
  EXPECT_ERRNO(EAGAIN, SYS(futex, &s->condition, FUTEX_WAIT_REQUEUE_PI, 5, nullptr, &s->lock, 0));
  EXPECT_ERRNO(EINVAL, requeue(s, &s->condition, 1));
  EXPECT_ERRNO(EAGAIN, requeue(s, &s->lock, 1, 7));
  EXPECT_ERRNO(EINVAL, SYS(futex, &s->condition, FUTEX_CMP_REQUEUE_PI, 2, 1, &s->lock, 0));
  EXPECT_ERRNO(EINVAL, SYS(futex, &s->condition, FUTEX_CMP_REQUEUE_PI, 0, 1, &s->lock, 0));
  EXPECT_ERRNO(EINVAL, SYS(futex, &s->condition, FUTEX_CMP_REQUEUE_PI, 1, -1, &s->lock, 0));
  EXPECT_ERRNO(EFAULT, SYS(futex, &s->condition, FUTEX_CMP_REQUEUE_PI, 1, 1, 16, 0));
  EXPECT_ERRNO(EFAULT, SYS(futex, &s->condition, FUTEX_WAIT_REQUEUE_PI, 0, nullptr, 16, 0));
  EXPECT_ERRNO(ENOSYS, SYS(futex, &s->condition, FUTEX_CMP_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 1, 1, &s->lock, 0));
  pid_t child = waiter(s);
  EXPECT_ERRNO(EINVAL, requeue(s, &s->other, 1));  // it waits for another
  EXPECT_ERRNO(EINVAL, SYS(futex, &s->condition, FUTEX_WAKE, 1));
  EXPECT_ERRNO(EINVAL, SYS(futex, &s->condition, FUTEX_REQUEUE, 0, 1, &s->lock));
  EXPECT_ERRNO(EINVAL, SYS(futex, &s->condition, FUTEX_CMP_REQUEUE, 1, 1, &s->lock, 0));
  EXPECT_EQ(1, requeue(s, &s->lock, 1));
  EXPECT_EQ(0, guest::reap(child));
  // A plain waiter is not moved to such a lock, nor may a word with plain waiters be such a lock.
  child = guest::spawn([&] { return SYS(futex, &s->plain, FUTEX_WAIT, 0, nullptr) == 0 ? 0 : 1; });
  guest::falls_asleep(child);
  EXPECT_ERRNO(EINVAL, SYS(futex, &s->plain, FUTEX_CMP_REQUEUE_PI, 1, 1, &s->lock, 0));
  s->plain = 1;
  EXPECT_ERRNO(EINVAL, SYS(futex, &s->plain, FUTEX_LOCK_PI, 0, nullptr));
  EXPECT_EQ(1, SYS(futex, &s->plain, FUTEX_WAKE, 1));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(who_holds_the_lock_cannot_be_given_it) {
  COVERS("futex");
  Shared* s = shared();
  pid_t child = guest::spawn([=] {
    if (SYS(futex, &s->lock, FUTEX_LOCK_PI, 0, nullptr) != 0) return 1;
    __atomic_store_n(&s->waiting, 1, __ATOMIC_SEQ_CST);
    timespec limit;
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += 1;
    return SYS(futex, &s->condition, FUTEX_WAIT_REQUEUE_PI, 0, &limit, &s->lock, 0) == -1 && errno == ETIMEDOUT ? 0 : 2;
  });
  EXPECT_TRUE(guest::eventually([&] { return __atomic_load_n(&s->waiting, __ATOMIC_SEQ_CST) == 1; }));
  guest::falls_asleep(child);
  EXPECT_ERRNO(EDEADLK, requeue(s, &s->lock, 1));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(the_time_ends_before_and_after_the_move) {
  COVERS("futex");
  Shared* s = shared();
  timespec limit;
  clock_gettime(CLOCK_MONOTONIC, &limit);
  EXPECT_ERRNO(ETIMEDOUT, SYS(futex, &s->condition, FUTEX_WAIT_REQUEUE_PI, 0, &limit, &s->lock, 0));
  clock_gettime(CLOCK_REALTIME, &limit);
  EXPECT_ERRNO(ETIMEDOUT,
               SYS(futex, &s->condition, FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, &limit, &s->lock, 0));
  clock_gettime(CLOCK_MONOTONIC, &limit);
  limit.tv_sec += 1;
  pid_t child = waiter(s, &limit);
  ASSERT_OK(SYS(futex, &s->lock, FUTEX_LOCK_PI, 0, nullptr));
  EXPECT_EQ(1, requeue(s, &s->lock, 1));
  EXPECT_NE(0, guest::reap(child));
  EXPECT_EQ(ETIMEDOUT, s->error);
  EXPECT_OK(SYS(futex, &s->lock, FUTEX_UNLOCK_PI, 0));
}

TEST(a_lock_that_is_asked_for_by_the_monotonic_clock) {
  COVERS("futex");
  Shared* s = shared();
  pid_t child = guest::spawn([=] {
    SYS(futex, &s->lock, FUTEX_LOCK_PI2, 0, nullptr);
    s->waiting = 1;
    guest::sleep_ms(300);
    return SYS(futex, &s->lock, FUTEX_UNLOCK_PI, 0) == 0 ? 0 : 1;
  });
  EXPECT_TRUE(guest::eventually([&] { return __atomic_load_n(&s->waiting, __ATOMIC_SEQ_CST) == 1; }));
  timespec limit;
  clock_gettime(CLOCK_MONOTONIC, &limit);
  EXPECT_ERRNO(ETIMEDOUT, SYS(futex, &s->lock, FUTEX_LOCK_PI2, 0, &limit));
  clock_gettime(CLOCK_REALTIME, &limit);
  EXPECT_ERRNO(ETIMEDOUT, SYS(futex, &s->lock, FUTEX_LOCK_PI2 | FUTEX_CLOCK_REALTIME, 0, &limit));
  EXPECT_OK(SYS(futex, &s->lock, FUTEX_LOCK_PI2, 0, nullptr));
  EXPECT_EQ(tid(), s->lock & FUTEX_TID_MASK);
  EXPECT_OK(SYS(futex, &s->lock, FUTEX_UNLOCK_PI, 0));
  EXPECT_EQ(0, guest::reap(child));
}

TEST(the_lock_of_who_died_goes_to_who_was_moved_there) {
  COVERS("futex", "set_robust_list");
  Shared* s = shared();
  pid_t child = waiter(s);
  pid_t owner = guest::spawn([=] {
    if (SYS(futex, &s->lock, FUTEX_LOCK_PI, 0, nullptr) != 0) return 1;
    return requeue(s, &s->lock, 1) == 1 ? 0 : 2;
  });
  EXPECT_EQ(0, guest::reap(owner));
  EXPECT_EQ(0, guest::reap(child));
  EXPECT_EQ(1, s->owned);
}

namespace {
pthread_mutex_t mutex;
pthread_cond_t condition;
int ready, passed;
void* wait_for_it(void*) {
  pthread_mutex_lock(&mutex);
  __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
  pthread_cond_wait(&condition, &mutex);
  ++passed;
  pthread_mutex_unlock(&mutex);
  return nullptr;
}
}  // namespace

TEST(a_condition_with_such_a_mutex) {
  COVERS("futex");
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  ASSERT_EQ(0, pthread_mutex_init(&mutex, &attributes));
  pthread_cond_init(&condition, nullptr);
  pthread_t threads[3];
  for (pthread_t& thread : threads) ASSERT_EQ(0, pthread_create(&thread, nullptr, wait_for_it, nullptr));
  EXPECT_TRUE(guest::eventually([] { return __atomic_load_n(&ready, __ATOMIC_SEQ_CST) == 3; }));
  pthread_mutex_lock(&mutex);
  pthread_cond_broadcast(&condition);
  pthread_mutex_unlock(&mutex);
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  EXPECT_EQ(3, passed);
}

GUEST_TEST_MAIN
