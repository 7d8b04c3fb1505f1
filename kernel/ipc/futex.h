// Futexes. Source: futex(2), get_robust_list(2), kernel/futex/*.c.
//
// Waiters hang in hash buckets by FutexKey. The word is compared under the bucket's lock, and a waker takes that lock after the
// guest changed the word: a waiter is queued before, or sees the change.
//
// Lock: one for each bucket (rank `futex`), two in order of address for requeue and wake_op. The word is read under it
// (rank `mm` is below). Priority inheritance: states and owners of the words are Linux's, priorities are not boosted, as
// the sandbox schedules nothing itself.
#pragma once

#include <array>
#include <atomic>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/mm/mm.h"
#include "kernel/time/clock.h"

namespace limen {

class Task;

class FutexTable {
 public:
  FutexTable();

  struct Word {
    GuestAddr addr;
    bool is_private = false;
  };
  // Sleeps while the word is `expected`. eagain where it is not, etimedout, erestartsys, efault, einval (unaligned).
  Result<void> wait(Task& task, Word word, u32 expected, u32 bitset, Deadline deadline);
  // As wait, on several: the index of one that was woken.
  struct Expected {
    Word word;
    u32 value;
  };
  Result<usize> wait_any(Task& task, std::span<const Expected> words, Deadline deadline);
  // How many were woken, at least one if there is one (as on Linux, even for most <= 0).
  Result<i64> wake(Task& task, Word word, i32 most, u32 bitset);
  // Wakes `most_woken` of `from`, moves at most `most_moved` others to `to`. eagain where *from != *compare.
  Result<i64> requeue(Task& task, Word from, Word to, i32 most_woken, i32 most_moved, const u32* compare);
  // FUTEX_WAIT_REQUEUE_PI: as wait, until requeue_pi has made it the owner of `to`, or one that waits for it.
  // eagain also for a signal that comes after it was moved; erestartnointr for one before.
  Result<void> wait_requeue_pi(Task& task, Word from, u32 expected, Word to, Deadline deadline);
  // FUTEX_CMP_REQUEUE_PI: how many of `from` got `to` or wait for it now, at most one more than `most_moved`.
  // einval: who waits is not in wait_requeue_pi, or for another `to`; edeadlk; esrch.
  Result<i64> requeue_pi(Task& task, Word from, Word to, i32 most_woken, i32 most_moved, u32 compare);
  // FUTEX_WAKE_OP. enosys for an unknown operation.
  Result<i64> wake_op(Task& task, Word first, Word second, i32 most_first, i32 most_second, u32 operation);

  enum class Try : u8 { no, yes };
  // edeadlk, esrch (no such owner), eagain (Try::yes: held), etimedout, erestartnointr.
  Result<void> lock_pi(Task& task, Word word, Deadline deadline, Try only_try);
  Result<void> unlock_pi(Task& task, Word word);  // eperm unless the caller owns it

  // What a dying thread held goes to the next waiters, marked FUTEX_OWNER_DIED.
  void owner_died(Task& task);

 private:
  struct Waiter;
  struct Bucket {
    Mutex lock{LockRank::futex};
    std::list<Waiter*> waiters GUARDED_BY(lock);
  };
  Bucket& bucket_of(const FutexKey& key);
  void enqueue(Bucket& bucket, Waiter& waiter);
  void wake_waiter(Bucket& bucket, std::list<Waiter*>::iterator it, std::vector<Ref<Task>>& woken);
  bool dequeue(Waiter& waiter);  // false when it had been woken
  Result<void> sleep(Task& task, Waiter& waiter, Deadline deadline);
  struct Taking;
  Result<bool> try_take_pi(const Taking& taking, Bucket& bucket, Waiter& waiter);
  void hand_over_from(Pid owner);
  usize wake_matching(Bucket& bucket, const FutexKey& key, i32 most, u32 bitset, std::vector<Ref<Task>>& woken);

  static constexpr usize kBuckets = 256;
  std::unique_ptr<std::array<Bucket, kBuckets>> buckets_;
  std::atomic<u32> pi_waiters_{0};
};

// At the end of a thread, with its mm still there (Linux: exit_robust_list, mm_release). Bounded: a list of at most
// 2048 entries is walked, each word is read once.
void exit_robust_list(Task& task);
void clear_child_tid_wake(Task& task);

}  // namespace limen
