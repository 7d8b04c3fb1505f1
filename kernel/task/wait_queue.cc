#include "kernel/task/wait_queue.h"

namespace limen {

void WaitQueue::add(Entry& entry) {
  MutexGuard guard(lock_);
  entry.place_ = entries_.insert(entries_.end(), &entry);
  entry.queue_ = this;
  count_.fetch_add(1, std::memory_order_seq_cst);
}

void WaitQueue::remove(Entry& entry) {
  MutexGuard guard(lock_);
  if (entry.queue_ != this) return;
  entries_.erase(entry.place_);
  entry.queue_ = nullptr;
  count_.fetch_sub(1, std::memory_order_seq_cst);
}

unsigned WaitQueue::wake_here(PollEvents events, unsigned at_most, WakeChain& chain) {
  // Pairs with the increment in add(): a waiter that this load misses has not
  // made its second attempt yet and will see the change that we announce.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (empty()) return 0;
  MutexGuard guard(lock_);
  unsigned counted = 0;
  for (Entry* entry : entries_) {
    if (counted == at_most) break;
    if (entry->woken(events, chain)) ++counted;
  }
  return counted;
}

unsigned WaitQueue::wake(PollEvents events, unsigned at_most) {
  WakeChain chain;
  const unsigned counted = wake_here(events, at_most, chain);
  while (!chain.next_.empty()) {
    const WakeChain::Link link = std::move(chain.next_.back());
    chain.next_.pop_back();
    link.queue->wake_here(link.events, ~0u, chain);
  }
  return counted;
}

}  // namespace limen
