#include "platform/sleeper.h"

#include <utility>

#include "host/clock.h"
#include "host/futex.h"
#include "platform/stub/pairing.h"

namespace limen::platform {
namespace {

constexpr u64 kCompanyUs = 200;  // so long may a reader wait for more while calls come quickly

// The words of those who are to be woken. A word may be gone by then, with its sleeper that woke by itself: who waits at that address
// now looks again, as after any futex(2).
struct Gathered {
  static constexpr u32 kMost = 8;
  u32 count = 0;
  bool unhurried = false;  // all of them
  u64 due = 0;             // in cycles, if unhurried
  const u32* words[kMost] = {};
};
thread_local Gathered gathered;
thread_local bool unhurried = false;

void wake_word(const u32* word) { host::futex_wake(word, 1, host::FutexScope::kernel_only); }

}  // namespace

Sleeper::Unhurried::Unhurried() { unhurried = true; }
Sleeper::Unhurried::~Unhurried() { unhurried = false; }

void Sleeper::wake_gathered() {
  const u32 count = std::exchange(gathered.count, 0);
  for (u32 i = 0; i < count; ++i) wake_word(gathered.words[i]);
}

void Sleeper::wake_hurried(bool polls_vainly) {
  if (gathered.count == 0) return;
  if (!gathered.unhurried || polls_vainly || host::cycles() > gathered.due) wake_gathered();
}

bool Sleeper::take_token() {
  u32 token = kToken;
  return word_.compare_exchange_strong(token, kAwake, std::memory_order_acquire);
}

bool Sleeper::sleep(std::optional<u64> until) {
  if (take_token()) return true;
  wake_gathered();
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
  const bool in_no_hurry = unhurried && pair != nullptr && pair->hot();
  if (!in_no_hurry) gathered.unhurried = false;  // perhaps it is among them
  if (word_.exchange(kToken, std::memory_order_acq_rel) != kAsleep) return;
  const auto* word = reinterpret_cast<const u32*>(&word_);
  if (pair == nullptr || gathered.count == Gathered::kMost) return wake_word(word);
  if (gathered.count == 0 && in_no_hurry) {
    gathered.unhurried = true;
    gathered.due = host::cycles() + kCompanyUs * pair->cycles_per_us();
  }
  gathered.words[gathered.count++] = word;
}

}  // namespace limen::platform
