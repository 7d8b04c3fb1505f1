// Waiting: the queues that objects own, and the one way to sleep on them.
//
// An object that can become ready owns a WaitQueue and calls `wake(events)` after each change,
// with its own lock released or held (a queue's lock ranks below every object's).
// Nobody sleeps by hand. A call that may block is written as one attempt:
//
//   return task.block(pipe.readers, deadline, [&] { return pipe.try_read(buffer); });
//
// `block` (kernel/task/task.h) tries, registers, tries again, sleeps, and maps a signal to
// ERESTARTSYS and a deadline to ETIMEDOUT. All state of a blocked call lives in its arguments, so it can be
// unwound at any moment.
#pragma once

#include <atomic>
#include <list>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/types.h"

namespace limen {

// POLLIN and friends as in <linux/eventpoll.h>: one vocabulary for poll, select and epoll.
using PollEvents = u32;
inline constexpr PollEvents kPollIn = 0x1, kPollPri = 0x2, kPollOut = 0x4, kPollErr = 0x8, kPollHup = 0x10,
                            kPollNval = 0x20, kPollRdNorm = 0x40, kPollRdBand = 0x80, kPollWrNorm = 0x100,
                            kPollWrBand = 0x200, kPollMsg = 0x400, kPollRdHup = 0x2000;
inline constexpr PollEvents kPollAll = ~PollEvents{0};

class WaitQueue;

// Queues that a wake-up must wake in turn once the first queue's lock is dropped (epoll in epoll).
// Each link carries a reference that keeps its queue's owner alive until then.
class WakeChain {
 public:
  void add(Ref<RefCounted> owner, WaitQueue& queue, PollEvents events) {
    next_.push_back({std::move(owner), &queue, events});
  }

 private:
  friend class WaitQueue;
  struct Link {
    Ref<RefCounted> owner;
    WaitQueue* queue;
    PollEvents events;
  };
  std::vector<Link> next_;
};

class WaitQueue {
 public:
  // Somebody who waits. Its owner keeps it alive and calls remove() before its end and before the queue's end.
  class Entry {
   public:
    virtual ~Entry() = default;
    // Under the queue's lock: be brief, take locks of rank `task` and later only.
    // Returns true when this waiter counts against wake()'s `at_most`.
    virtual bool woken(PollEvents events, WakeChain& chain) = 0;

   private:
    friend class WaitQueue;
    std::list<Entry*>::iterator place_;
    WaitQueue* queue_ = nullptr;
  };

  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  void add(Entry& entry) EXCLUDES(lock_);
  void remove(Entry& entry) EXCLUDES(lock_);  // harmless when it is not registered
  // Wakes the waiters in order of arrival, at most `at_most` of those that count. Returns how many counted.
  unsigned wake(PollEvents events = kPollAll, unsigned at_most = ~0u) EXCLUDES(lock_);
  bool empty() const { return count_.load(std::memory_order_seq_cst) == 0; }

 private:
  unsigned wake_here(PollEvents events, unsigned at_most, WakeChain& chain) EXCLUDES(lock_);

  mutable Mutex lock_{LockRank::wait_queue};
  std::list<Entry*> entries_ GUARDED_BY(lock_);
  std::atomic<unsigned> count_{0};
};

}  // namespace limen
