// What the parts of the futex table share: who waits, and how a word is found.
#pragma once

#include <atomic>
#include <list>
#include <vector>

#include "kernel/ipc/futex.h"
#include "kernel/task/task.h"

namespace limen {

struct FutexTable::Waiter {
  enum class Kind : u8 { plain, pi, moves_to_pi };
  Task* task = nullptr;
  FutexKey key;
  u32 bitset = ~0u;
  Kind kind = Kind::plain;
  GuestAddr addr;                        // pi: to write the word for it
  FutexKey target;                       // moves_to_pi: of the word at `addr`
  Pid owner;                             // pi: whom it waits for
  std::atomic<Bucket*> bucket{nullptr};  // null once woken; changed under the bucket's lock
  std::list<Waiter*>::iterator place;
};

// A waiter on a private word counts itself before it looks at the word: then a guest whose wake finds the count at 0 may believe it.
class CountedWait {
 public:
  CountedWait(Task& task, FutexTable::Word word)
      : count_(word.is_private ? &task.mm().space().futex_waiters() : nullptr) {
    if (count_ != nullptr) __atomic_fetch_add(count_, 1, __ATOMIC_SEQ_CST);
  }
  ~CountedWait() {
    if (count_ != nullptr) __atomic_fetch_sub(count_, 1, __ATOMIC_SEQ_CST);
  }
  CountedWait(const CountedWait&) = delete;
  CountedWait& operator=(const CountedWait&) = delete;

 private:
  u32* const count_;
};

inline void wake_tasks(const std::vector<Ref<Task>>& tasks) {
  for (const Ref<Task>& task : tasks) task->wake();
}

inline Result<FutexKey> key_of(Task& task, FutexTable::Word word) {
  if (word.addr.raw() % sizeof(u32) != 0) return Errno::einval;
  return task.mm().futex_key(word.addr, word.is_private);
}

}  // namespace limen
