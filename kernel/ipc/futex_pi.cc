// Futexes with priority inheritance: FUTEX_LOCK_PI and its kin, FUTEX_CMP_REQUEUE_PI. Source: kernel/futex/pi.c, requeue.c.
#include <algorithm>

#include "abi/futex.h"
#include "kernel/ipc/futex_waiter.h"
#include "kernel/kernel.h"

namespace limen {

// Who takes a word with priority inheritance, and through whose memory it is written.
struct FutexTable::Taking {
  Task& taker;
  Mm& mm;
  GuestAddr addr;
  bool marks_waiters = false;  // others will come
};

// As it stands in a word: in the task's own pid namespace.
static u32 number_of(const Task& task) { return static_cast<u32>(task.sees(task.tid())); }

// Takes the word for a task, or marks it contended and says false. Under the lock of the word's bucket. Linux: futex_lock_pi_atomic.
Result<bool> FutexTable::try_take_pi(const Taking& taking, Bucket& bucket, Waiter& waiter) NO_THREAD_SAFETY_ANALYSIS {
  const u32 tid = number_of(taking.taker);
  const FutexKey& key = waiter.kind == Waiter::Kind::moves_to_pi ? waiter.target : waiter.key;
  for (int tries = 0; tries < 1024; ++tries) {
    const u32 value = TRY(taking.mm.load_u32(taking.addr));
    const u32 owner = value & abi::futex_tid_mask;
    if (owner == tid) return Errno::edeadlk;
    bool others = false;
    for (const Waiter* there : bucket.waiters) {
      if (there->key != key) continue;
      if (there->kind != Waiter::Kind::pi) return Errno::einval;
      others = true;
    }
    u32 desired = value | abi::futex_waiters;
    if (owner == 0) {
      desired = tid | (value & abi::futex_owner_died) | (others || taking.marks_waiters ? abi::futex_waiters : 0);
    }
    if (desired != value) {
      const u32 found = TRY(taking.mm.compare_exchange_u32(taking.addr, value, desired));
      if (found != value) continue;
    }
    if (owner == 0) return true;
    waiter.owner = taking.taker.means(Pid(static_cast<i32>(owner)));
    return false;
  }
  return Errno::eagain;
}

Result<void> FutexTable::lock_pi(Task& task, Word word, Deadline deadline, Try only_try) {
  const CountedWait counted(task, word);
  Waiter waiter;
  waiter.task = &task;
  waiter.kind = Waiter::Kind::pi;
  waiter.addr = word.addr;
  waiter.key = TRY(key_of(task, word));
  Bucket& bucket = bucket_of(waiter.key);
  if (only_try == Try::yes) {
    const u32 value = TRY(task.mm().load_u32(word.addr));
    const u32 owner = value & abi::futex_tid_mask;
    if (owner != 0 && owner != static_cast<u32>(task.sees(task.tid()))) {
      ReadGuard tree(task.kernel().process_tree);
      return task.namespaces().pid->find(Pid(static_cast<i32>(owner))) ? Errno::eagain : Errno::esrch;
    }
  }
  pi_waiters_.fetch_add(1, std::memory_order_seq_cst);
  Result<void> result = [&]() -> Result<void> {
    {
      MutexGuard guard(bucket.lock);
      const bool taken = TRY(try_take_pi({task, task.mm(), word.addr}, bucket, waiter));
      if (taken) return success;
      enqueue(bucket, waiter);
    }
    // An owner that is gone already will not hand over (it may have died before we queued).
    bool exists = false;
    {
      ReadGuard tree(task.kernel().process_tree);
      exists = static_cast<bool>(task.kernel().pids->find(waiter.owner));
    }
    if (!exists && dequeue(waiter)) return Errno::esrch;
    const Result<void> slept = sleep(task, waiter, deadline);  // success: the word is ours already
    return slept.is(Errno::erestartsys) ? Result<void>(Errno::erestartnointr) : slept;
  }();
  pi_waiters_.fetch_sub(1, std::memory_order_seq_cst);
  return result;
}

Result<void> FutexTable::unlock_pi(Task& task, Word word) {
  const FutexKey key = TRY(key_of(task, word));
  const u32 tid = static_cast<u32>(task.sees(task.tid()));
  Bucket& bucket = bucket_of(key);
  std::vector<Ref<Task>> woken;
  {
    MutexGuard guard(bucket.lock);
    const auto next =
        std::find_if(bucket.waiters.begin(), bucket.waiters.end(), [&](const Waiter* w) { return w->key == key; });
    if (next != bucket.waiters.end() && (*next)->kind != Waiter::Kind::pi) return Errno::einval;
    bool done = false;
    for (int tries = 0; tries < 1024 && !done; ++tries) {
      const u32 value = TRY(task.mm().load_u32(word.addr));
      if ((value & abi::futex_tid_mask) != tid) return Errno::eperm;
      u32 desired = 0;
      if (next != bucket.waiters.end()) desired = number_of(*(*next)->task) | abi::futex_waiters;
      const u32 found = TRY(task.mm().compare_exchange_u32(word.addr, value, desired));
      done = found == value;
    }
    if (!done) return Errno::eagain;
    if (next != bucket.waiters.end()) {
      const Pid new_owner = (*next)->task->tid();
      for (Waiter* w : bucket.waiters) {
        if (w->key == key) w->owner = new_owner;
      }
      wake_waiter(bucket, next, woken);
    }
  }
  wake_tasks(woken);
  return success;
}

Result<void> FutexTable::wait_requeue_pi(Task& task, Word from, u32 expected, Word to, Deadline deadline) {
  if (from.addr == to.addr) return Errno::einval;
  const CountedWait counted(task, from), counted_there(task, to);
  Waiter waiter;
  waiter.task = &task;
  waiter.kind = Waiter::Kind::moves_to_pi;
  waiter.addr = to.addr;
  waiter.target = TRY(key_of(task, to));
  waiter.key = TRY(key_of(task, from));
  if (waiter.key == waiter.target) return Errno::einval;
  pi_waiters_.fetch_add(1, std::memory_order_seq_cst);
  Result<void> slept = [&]() -> Result<void> {
    {
      Bucket& bucket = bucket_of(waiter.key);
      MutexGuard guard(bucket.lock);
      const u32 value = TRY(task.mm().load_u32(from.addr));
      if (value != expected) return Errno::eagain;
      enqueue(bucket, waiter);
    }
    return sleep(task, waiter, deadline);  // success: `to` is ours
  }();
  pi_waiters_.fetch_sub(1, std::memory_order_seq_cst);
  // Made again after it was moved it would find another value: so it says so at once.
  if (slept.is(Errno::erestartsys)) return waiter.kind == Waiter::Kind::pi ? Errno::eagain : Errno::erestartnointr;
  return slept;
}

Result<i64> FutexTable::requeue_pi(Task& task, Word from, Word to, i32 most_woken, i32 most_moved,
                                   u32 compare) NO_THREAD_SAFETY_ANALYSIS {
  if (most_woken != 1 || most_moved < 0 || from.addr == to.addr) return Errno::einval;
  const FutexKey from_key = TRY(key_of(task, from));
  const FutexKey to_key = TRY(key_of(task, to));
  if (from_key == to_key) return Errno::einval;
  Bucket& source = bucket_of(from_key);
  Bucket& target = bucket_of(to_key);
  std::vector<Ref<Task>> woken;
  Pid waited_for;
  i64 count = 0;
  const Result<void> done = [&]() NO_THREAD_SAFETY_ANALYSIS -> Result<void> {  // with the locks of both buckets
    MutexGuard first(&source < &target ? source.lock : target.lock);
    std::optional<MutexGuard> second;
    if (&source != &target) second.emplace(&source < &target ? target.lock : source.lock);
    const u32 value = TRY(task.mm().load_u32(from.addr));
    if (value != compare) return Errno::eagain;
    usize left = source.waiters.size();
    for (auto it = source.waiters.begin(); left > 0 && count - most_woken < most_moved; --left) {
      const auto here = it++;
      Waiter& waiter = **here;
      if (waiter.key != from_key) continue;
      if (waiter.kind != Waiter::Kind::moves_to_pi || waiter.target != to_key) return Errno::einval;
      const Taking taking{*waiter.task, task.mm(), to.addr, most_moved > 0};
      const bool taken = TRY(try_take_pi(taking, target, waiter));
      ++count;
      if (taken) {
        wake_waiter(source, here, woken);
        continue;
      }
      target.waiters.splice(target.waiters.end(), source.waiters, here);
      waited_for = waiter.owner;
      waiter.kind = Waiter::Kind::pi;
      waiter.key = to_key;
      waiter.bucket.store(&target, std::memory_order_release);
    }
    return success;
  }();
  wake_tasks(woken);
  // An owner that is gone already will not hand over.
  if (waited_for != Pid()) {
    bool exists = false;
    {
      ReadGuard tree(task.kernel().process_tree);
      exists = static_cast<bool>(task.kernel().pids->find(waited_for));
    }
    if (!exists) hand_over_from(waited_for);
  }
  if (!done.ok()) return done.error();
  return count;
}

void FutexTable::owner_died(Task& task) {
  if (pi_waiters_.load(std::memory_order_seq_cst) != 0) hand_over_from(task.tid());
}

void FutexTable::hand_over_from(Pid owner) {
  std::vector<Ref<Task>> woken;
  for (Bucket& bucket : *buckets_) {
    MutexGuard guard(bucket.lock);
    for (auto it = bucket.waiters.begin(); it != bucket.waiters.end();) {
      const auto here = it++;
      Waiter& waiter = **here;
      if (waiter.kind != Waiter::Kind::pi || waiter.owner != owner) continue;
      const Ref<Mm> mm = waiter.task->mm_ref();
      const Pid heir = waiter.task->tid();
      const FutexKey key = waiter.key;
      if (mm) {
        const u32 desired = number_of(*waiter.task) | abi::futex_waiters | abi::futex_owner_died;
        const Result<u32> value = mm->load_u32(waiter.addr);
        if (value.ok()) (void)mm->compare_exchange_u32(waiter.addr, *value, desired);
      }
      wake_waiter(bucket, here, woken);
      for (Waiter* w : bucket.waiters) {
        if (w->kind == Waiter::Kind::pi && w->key == key) w->owner = heir;
      }
    }
  }
  wake_tasks(woken);
}

}  // namespace limen
