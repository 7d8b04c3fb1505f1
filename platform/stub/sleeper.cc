#include "platform/sleeper.h"

#include "host/clock.h"
#include "host/futex.h"
#include "platform/stub/pairing.h"

namespace limen::platform {

bool Sleeper::take_token() {
  u32 token = kToken;
  return word_.compare_exchange_strong(token, kAwake, std::memory_order_acquire);
}

bool Sleeper::sleep(std::optional<u64> until) {
  if (take_token()) return true;
  Pairing* pair = Pairing::of_this_thread();
  if (pair != nullptr) pair->kernel_sleeps();
  const int cpu = bound_cpu();
  cpu_.store(cpu, std::memory_order_relaxed);
  tid_.store(cpu < 0 ? 0 : this_thread_id(), std::memory_order_relaxed);
  u32 awake = kAwake;
  bool told = !word_.compare_exchange_strong(awake, kAsleep, std::memory_order_acq_rel);
  while (!told) {
    const timespec deadline = host::to_timespec(static_cast<i64>(until.value_or(0)));
    const Result<void> slept = host::futex_wait(reinterpret_cast<const u32*>(&word_), kAsleep,
                                                host::FutexScope::kernel_only, until ? &deadline : nullptr);
    told = word_.load(std::memory_order_acquire) == kToken;
    if (!told && slept.is(Errno::etimedout)) break;
  }
  told = word_.exchange(kAwake, std::memory_order_acq_rel) == kToken;
  if (const int moved = cpu_.load(std::memory_order_relaxed); moved != cpu) was_moved_to(moved);
  if (pair != nullptr) pair->kernel_woke();
  return told;
}

void Sleeper::wake() {
  Pairing* pair = Pairing::of_this_thread();
  const int here = pair != nullptr ? pair->wakes_somebody() : -1;
  if (here >= 0 && word_.load(std::memory_order_acquire) == kAsleep) {
    // One that wakes in the meantime believes itself where it was; it is bound anew when the housekeeper lets it go.
    const int tid = tid_.load(std::memory_order_relaxed);
    if (tid != 0 && cpu_.exchange(here, std::memory_order_relaxed) != here) bind_thread(tid, here);
  }
  if (word_.exchange(kToken, std::memory_order_acq_rel) == kAsleep)
    host::futex_wake(reinterpret_cast<const u32*>(&word_), 1, host::FutexScope::kernel_only);
}

}  // namespace limen::platform
