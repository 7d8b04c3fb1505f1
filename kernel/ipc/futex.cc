#include "kernel/ipc/futex.h"

#include <algorithm>
#include <deque>

#include "abi/futex.h"
#include "kernel/ipc/futex_waiter.h"
#include "kernel/kernel.h"

namespace limen {

FutexTable::FutexTable() : buckets_(std::make_unique<std::array<Bucket, kBuckets>>()) {}

FutexTable::Bucket& FutexTable::bucket_of(const FutexKey& key) {
  u64 h = key.object * 0x9e3779b97f4a7c15u ^ (key.offset >> 2) * 0xc2b2ae3d27d4eb4fu;
  h ^= h >> 32;
  return (*buckets_)[h % kBuckets];
}

// The bucket's lock is held by the caller in the four below.
void FutexTable::enqueue(Bucket& bucket, Waiter& waiter) NO_THREAD_SAFETY_ANALYSIS {
  waiter.place = bucket.waiters.insert(bucket.waiters.end(), &waiter);
  waiter.bucket.store(&bucket, std::memory_order_release);
}

void FutexTable::wake_waiter(Bucket& bucket, std::list<Waiter*>::iterator it,
                             std::vector<Ref<Task>>& woken) NO_THREAD_SAFETY_ANALYSIS {
  Waiter& waiter = **it;
  woken.push_back(Ref<Task>(waiter.task));
  bucket.waiters.erase(it);
  waiter.bucket.store(nullptr, std::memory_order_release);  // from here the waiter may be gone
}

usize FutexTable::wake_matching(Bucket& bucket, const FutexKey& key, i32 most, u32 bitset,
                                std::vector<Ref<Task>>& woken) NO_THREAD_SAFETY_ANALYSIS {
  const usize limit = most <= 0 ? 1 : static_cast<usize>(most);
  usize count = 0;
  for (auto it = bucket.waiters.begin(); it != bucket.waiters.end() && count < limit;) {
    const auto here = it++;
    if ((*here)->key != key || ((*here)->bitset & bitset) == 0) continue;
    wake_waiter(bucket, here, woken);
    ++count;
  }
  return count;
}

bool FutexTable::dequeue(Waiter& waiter) {
  for (;;) {
    Bucket* const bucket = waiter.bucket.load(std::memory_order_acquire);
    if (bucket == nullptr) return false;
    MutexGuard guard(bucket->lock);
    if (waiter.bucket.load(std::memory_order_relaxed) != bucket) continue;  // requeued meanwhile
    bucket->waiters.erase(waiter.place);
    waiter.bucket.store(nullptr, std::memory_order_relaxed);
    return true;
  }
}

Result<void> FutexTable::sleep(Task& task, Waiter& waiter, Deadline deadline) {
  while (waiter.bucket.load(std::memory_order_acquire) != nullptr) {
    const Result<void> slept = task.sleep(deadline);
    if (slept.ok()) continue;
    return dequeue(waiter) ? slept : success;
  }
  return success;
}

Result<void> FutexTable::wait(Task& task, Word word, u32 expected, u32 bitset, Deadline deadline) {
  if (bitset == 0) return Errno::einval;
  const CountedWait counted(task, word);
  Waiter waiter;
  waiter.task = &task;
  waiter.bitset = bitset;
  waiter.key = TRY(key_of(task, word));
  {
    Bucket& bucket = bucket_of(waiter.key);
    MutexGuard guard(bucket.lock);
    const u32 value = TRY(task.mm().load_u32(word.addr));
    if (value != expected) return Errno::eagain;
    enqueue(bucket, waiter);
  }
  return sleep(task, waiter, deadline);
}

Result<usize> FutexTable::wait_any(Task& task, std::span<const Expected> words, Deadline deadline) {
  std::vector<Waiter> waiters(words.size());
  std::deque<CountedWait> counted;
  // What is left in the queues is taken out; the first that had been woken wins.
  const auto take_all = [&](usize count) {
    usize woken = words.size();
    for (usize i = 0; i < count; ++i) {
      if (!dequeue(waiters[i]) && woken == words.size()) woken = i;
    }
    return woken;
  };
  for (usize i = 0; i < words.size(); ++i) {
    waiters[i].task = &task;
    Result<void> queued = [&]() -> Result<void> {
      counted.emplace_back(task, words[i].word);
      waiters[i].key = TRY(key_of(task, words[i].word));
      Bucket& bucket = bucket_of(waiters[i].key);
      MutexGuard guard(bucket.lock);
      const u32 value = TRY(task.mm().load_u32(words[i].word.addr));
      if (value != words[i].value) return Errno::eagain;
      enqueue(bucket, waiters[i]);
      return success;
    }();
    if (queued.ok()) continue;
    if (const usize woken = take_all(i); woken != words.size()) return woken;
    return queued.error();
  }
  const auto any_woken = [&] {
    return std::any_of(waiters.begin(), waiters.end(), [](const Waiter& w) { return w.bucket.load() == nullptr; });
  };
  Result<void> slept;
  while (slept.ok() && !any_woken()) slept = task.sleep(deadline);
  if (const usize woken = take_all(words.size()); woken != words.size()) return woken;
  return slept.error();
}

Result<i64> FutexTable::wake(Task& task, Word word, i32 most, u32 bitset) {
  if (bitset == 0) return Errno::einval;
  const FutexKey key = TRY(key_of(task, word));
  std::vector<Ref<Task>> woken;
  Bucket& bucket = bucket_of(key);
  {
    MutexGuard guard(bucket.lock);
    // A plain wake of a word that others hold a PI lock on is a mistake of the program.
    for (const Waiter* waiter : bucket.waiters) {
      if (waiter->key == key && waiter->kind != Waiter::Kind::plain) return Errno::einval;
    }
    wake_matching(bucket, key, most, bitset, woken);
  }
  wake_tasks(woken);
  return static_cast<i64>(woken.size());
}

Result<i64> FutexTable::requeue(Task& task, Word from, Word to, i32 most_woken, i32 most_moved,
                                const u32* compare) NO_THREAD_SAFETY_ANALYSIS {
  if (most_woken < 0 || most_moved < 0) return Errno::einval;
  const FutexKey from_key = TRY(key_of(task, from));
  const FutexKey to_key = TRY(key_of(task, to));
  Bucket& source = bucket_of(from_key);
  Bucket& target = bucket_of(to_key);
  std::vector<Ref<Task>> woken;
  i64 count = 0;
  {
    MutexGuard first(&source < &target ? source.lock : target.lock);
    std::optional<MutexGuard> second;
    if (&source != &target) second.emplace(&source < &target ? target.lock : source.lock);
    if (compare != nullptr) {
      const u32 value = TRY(task.mm().load_u32(from.addr));
      if (value != *compare) return Errno::eagain;
    }
    // Appended waiters of the same key must not be met again: stop at what was the last.
    usize left = source.waiters.size();
    for (auto it = source.waiters.begin(); left > 0; --left) {
      const auto here = it++;
      Waiter& waiter = **here;
      if (waiter.key != from_key) continue;
      if (waiter.kind != Waiter::Kind::plain) return Errno::einval;
      if (count - most_woken >= most_moved) break;
      if (++count <= most_woken) {
        wake_waiter(source, here, woken);
      } else {
        target.waiters.splice(target.waiters.end(), source.waiters, here);
        waiter.key = to_key;
        waiter.bucket.store(&target, std::memory_order_release);
      }
    }
  }
  wake_tasks(woken);
  return count;
}

namespace {

i32 sign_extend_12(u32 bits) { return static_cast<i32>(bits << 20) >> 20; }

Result<u32> apply_operation(u32 op, u32 old, u32 argument) {
  switch (op) {
    case abi::futex_op_set:
      return argument;
    case abi::futex_op_add:
      return old + argument;
    case abi::futex_op_or:
      return old | argument;
    case abi::futex_op_andn:
      return old & ~argument;
    case abi::futex_op_xor:
      return old ^ argument;
    default:
      return Errno::enosys;
  }
}

Result<bool> compare_operation(u32 cmp, i32 old, i32 argument) {
  switch (cmp) {
    case abi::futex_op_cmp_eq:
      return old == argument;
    case abi::futex_op_cmp_ne:
      return old != argument;
    case abi::futex_op_cmp_lt:
      return old < argument;
    case abi::futex_op_cmp_le:
      return old <= argument;
    case abi::futex_op_cmp_gt:
      return old > argument;
    case abi::futex_op_cmp_ge:
      return old >= argument;
    default:
      return Errno::enosys;
  }
}

// *addr = old op oparg, in one step against the guest's own accesses; whether old cmp cmparg.
// Bounded: a guest that keeps changing the word gets EAGAIN.
Result<bool> operate(Mm& mm, GuestAddr addr, u32 operation) {
  const bool shift = (operation >> 28 & abi::futex_op_oparg_shift) != 0;
  const u32 op = operation >> 28 & 7;
  u32 argument = static_cast<u32>(sign_extend_12(operation >> 12 & 0xfff));
  if (shift) argument = u32{1} << (argument & 31);
  for (int tries = 0; tries < 1024; ++tries) {
    const u32 old = TRY(mm.load_u32(addr));
    const u32 desired = TRY(apply_operation(op, old, argument));
    const u32 found = TRY(mm.compare_exchange_u32(addr, old, desired));
    if (found != old) continue;
    return compare_operation(operation >> 24 & 15, static_cast<i32>(old), sign_extend_12(operation & 0xfff));
  }
  return Errno::eagain;
}

}  // namespace

Result<i64> FutexTable::wake_op(Task& task, Word first, Word second, i32 most_first, i32 most_second,
                                u32 operation) NO_THREAD_SAFETY_ANALYSIS {
  const FutexKey key1 = TRY(key_of(task, first));
  const FutexKey key2 = TRY(key_of(task, second));
  Bucket& bucket1 = bucket_of(key1);
  Bucket& bucket2 = bucket_of(key2);
  std::vector<Ref<Task>> woken;
  {
    MutexGuard lower(&bucket1 < &bucket2 ? bucket1.lock : bucket2.lock);
    std::optional<MutexGuard> upper;
    if (&bucket1 != &bucket2) upper.emplace(&bucket1 < &bucket2 ? bucket2.lock : bucket1.lock);
    const bool met = TRY(operate(task.mm(), second.addr, operation));
    for (const auto& [bucket, key] : {std::pair(&bucket1, &key1), std::pair(&bucket2, &key2)}) {
      if (bucket == &bucket2 && !met) continue;
      for (const Waiter* waiter : bucket->waiters) {
        if (waiter->key == *key && waiter->kind != Waiter::Kind::plain) return Errno::einval;
      }
    }
    wake_matching(bucket1, key1, most_first, ~0u, woken);
    if (met) wake_matching(bucket2, key2, most_second, ~0u, woken);
  }
  wake_tasks(woken);
  return static_cast<i64>(woken.size());
}

}  // namespace limen
