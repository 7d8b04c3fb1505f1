#include "kernel/mm/userfault.h"

#include "kernel/task/task.h"

namespace limen {

std::optional<u64> Userfault::features() const {
  MutexGuard guard(lock_);
  return features_;
}

Result<void> Userfault::agree(u64 features) {
  MutexGuard guard(lock_);
  if (features_) return Errno::einval;
  features_ = features;
  return success;
}

Userfault::Place Userfault::add(const Fault& fault) {
  MutexGuard guard(lock_);
  waiters_.push_back(Waiter{.fault = fault, .woken = closed_});
  return std::prev(waiters_.end());
}

void Userfault::sleep(Task& task, Place place) {
  (void)task
      .block(faulters_, Deadline::never(),
             [&]() -> Result<void> {
               MutexGuard guard(lock_);
               return place->woken ? success : Result<void>(Errno::eagain);
             })
      .ok();  // a signal is as good: the access is tried again
}

void Userfault::remove(Place place) {
  MutexGuard guard(lock_);
  waiters_.erase(place);
}

void Userfault::wake(u64 start, u64 end) {
  {
    MutexGuard guard(lock_);
    for (Waiter& waiter : waiters_) {
      if (waiter.fault.addr >= start && waiter.fault.addr < end) waiter.woken = true;
    }
  }
  faulters_.wake();
}

void Userfault::close() {
  {
    MutexGuard guard(lock_);
    closed_ = true;
  }
  wake(0, ~u64{0});
}

std::optional<Userfault::Fault> Userfault::next_unread() {
  MutexGuard guard(lock_);
  for (Waiter& waiter : waiters_) {
    if (waiter.read || waiter.woken) continue;
    waiter.read = true;
    return waiter.fault;
  }
  return std::nullopt;
}

bool Userfault::has_unread() const {
  MutexGuard guard(lock_);
  for (const Waiter& waiter : waiters_) {
    if (!waiter.read && !waiter.woken) return true;
  }
  return false;
}

}  // namespace limen
