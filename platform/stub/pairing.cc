#include "platform/stub/pairing.h"

#include <algorithm>
#include <bit>
#include <climits>
#include <utility>

#include "host/clock.h"
#include "platform/sleeper.h"

namespace limen::platform {
namespace {

constexpr u64 kPollUs = 100;               // how long a hot kernel thread polls
constexpr u64 kSoonUs = 10;                // the next call, if calls come one after the other
constexpr u32 kGuestPollKilocycles = 128;  // and a hot guest
constexpr u64 kQuickUs = 80;               // a call that came this soon would have been met by polling
constexpr u32 kQuickCalls = 8;             // so many in a row make a pair hot
constexpr int kMostMisses = 3;             // of eight
constexpr u64 kGapUs = 20;                 // polling stood still this long: somebody else had our CPU
constexpr u64 kStaleUs = 2000;             // a hot pair's place may be taken after that
constexpr u32 kBindAfter = 4;              // calls
constexpr u32 kCrowdedCalls = 32;          // so many in a row on a crowded CPU, and a pair looks for another
constexpr u64 kLongRunUs = 8000;
constexpr u32 kFirstPauseUs = 500, kLastPauseUs = 64000;

constexpr u32 kTurns = 3;        // yields in vain before going to sleep
constexpr u32 kTurnsAfter = 2;   // quick calls in a row
constexpr u64 kLateUs = 60;      // a switch between two threads takes a tenth of that
constexpr int kMostLate = 2;     // of eight
constexpr u32 kGoodTurns = 256;  // so many without an end to them: the next pause is short again
constexpr u32 kFirstTurnsPauseUs = 1000, kLastTurnsPauseUs = 512000;

constexpr u8 kSurely = 3, kLikely = 2;  // hands_over_

constexpr int kUnbound = -1, kInherited = -2;
thread_local int own_cpu = kInherited;  // what this kernel thread is bound to
thread_local int own_tid = 0;
thread_local Pairing* served = nullptr;

cpu_set_t only(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<usize>(cpu), &set);
  return set;
}

}  // namespace

void Cpus::look() {
  CPU_ZERO(&all_);
  if (!host::call::sched_getaffinity(0, sizeof all_, &all_).ok()) CPU_SET(0, &all_);
  count_ = CPU_COUNT(&all_);
  places_count_ = std::min<usize>(static_cast<usize>(count_) / 2, kMostPlaces);
  start_cycles_ = host::cycles();
  start_ns_ = host::monotonic_ns();
}

cpu_set_t Cpus::set_of(u64 cpus) const {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (u32 cpu = 0; cpu < 64; ++cpu) {
    if ((cpus >> cpu & 1) != 0 && usable(cpu)) CPU_SET(cpu, &set);
  }
  return cpus == ~u64{0} || CPU_COUNT(&set) == 0 ? all_ : set;
}

u64 Cpus::cycles_per_us() const {
  const u64 known = cycles_per_us_.load(std::memory_order_relaxed);
  if (known != 0) return known;
  const i64 ns = host::monotonic_ns() - start_ns_;
  const u64 cycles = host::cycles() - start_cycles_;
  if (ns < 2'000'000) return 2500;  // too early to tell
  const u64 rate = std::max<u64>(cycles / (static_cast<u64>(ns) / 1000), 1);
  cycles_per_us_.store(rate, std::memory_order_relaxed);
  return rate;
}

bool Cpus::take_place(const void* owner) {
  const u64 now = host::cycles();
  for (usize i = 0; i < places_count_; ++i) {
    const void* before = places_[i].owner.load(std::memory_order_relaxed);
    const u64 used = places_[i].used.load(std::memory_order_relaxed);
    if (before != nullptr && (now < used || now - used < kStaleUs * cycles_per_us())) continue;
    if (!places_[i].owner.compare_exchange_strong(before, owner)) continue;
    places_[i].used.store(now, std::memory_order_relaxed);
    return true;
  }
  return false;
}

bool Cpus::keep_place(const void* owner) {
  for (usize i = 0; i < places_count_; ++i) {
    if (places_[i].owner.load(std::memory_order_relaxed) != owner) continue;
    places_[i].used.store(host::cycles(), std::memory_order_relaxed);
    return true;
  }
  return false;
}

int Cpus::emptier_than(u32 cpu, const cpu_set_t& allowed) const {
  int best = -1, fewest = busy(cpu) - 1;
  for (u32 i = 1; i < CPU_SETSIZE; ++i) {  // the next ones first: not all sandboxes go to the same
    const u32 other = (cpu + i) % CPU_SETSIZE;
    if (usable(other) && CPU_ISSET(other, &allowed) && busy(other) < fewest)
      fewest = busy(other), best = static_cast<int>(other);
  }
  return best;
}

cpu_set_t Cpus::emptiest() const {
  cpu_set_t best;
  CPU_ZERO(&best);
  int fewest = INT_MAX;
  for (u32 cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!usable(cpu) || busy(cpu) > fewest) continue;
    if (busy(cpu) < fewest) CPU_ZERO(&best);
    fewest = busy(cpu);
    CPU_SET(cpu, &best);
  }
  return best;
}

void Cpus::leave_place(const void* owner) {
  for (usize i = 0; i < places_count_; ++i) {
    const void* mine = owner;
    if (places_[i].owner.compare_exchange_strong(mine, nullptr)) return;
  }
}

void unbind_this_thread(const Cpus& cpus) {
  if (own_cpu == kUnbound) return;
  own_cpu = kUnbound;
  (void)host::call::sched_setaffinity(0, sizeof(cpu_set_t), &cpus.all()).ok();
}

cpu_set_t step_aside(const Cpus& cpus) {
  thread_local cpu_set_t now = cpus.all();
  const cpu_set_t set = cpus.emptiest();
  if (CPU_COUNT(&set) != 0 && !CPU_EQUAL(&set, &now) && host::call::sched_setaffinity(0, sizeof set, &set).ok())
    now = set;
  return now;
}

int bound_cpu() { return own_cpu; }

void was_moved_to(int cpu) { own_cpu = cpu; }

int this_thread_id() {
  if (own_tid == 0) own_tid = static_cast<int>(host::call::gettid().value_or(0));
  return own_tid;
}

void bind_thread(int tid, int cpu) {
  const cpu_set_t set = only(cpu);
  (void)host::call::sched_setaffinity(tid, sizeof set, &set).ok();
}

Pairing::~Pairing() {
  if (served == this) {
    served = nullptr;
    Sleeper::wake_gathered();
  }
  if (!asleep_) cpus_.left();
  count_on(counted_on_, -1), count_on(guest_counted_on_, -1);
  if (hot_) cpus_.leave_place(this);
  __atomic_store_n(&slot_->spin, 0, __ATOMIC_RELAXED);
  set_turns(false);
  set_polite(false);
  bind_guest(kAnywhere);
  confine(~u64{0});
}

// Where the guest may not run on `cpu`, it runs where it may.
void Pairing::bind_guest(int cpu) {
  if (guest_cpu_.exchange(cpu) == cpu) return;
  u64 confined_to = 0;
  do {
    confined_to = confined_to_.load();
    cpu_set_t set = cpus_.set_of(confined_to);
    if (cpu >= 0 && CPU_ISSET(static_cast<usize>(cpu), &set)) set = only(cpu);
    if (cpu == kElsewhere && CPU_COUNT(&set) > 1) CPU_CLR(static_cast<usize>(own_cpu), &set);
    process_.set_affinity(tid_, &set, sizeof set);
  } while (confined_to_.load() != confined_to);
}

void Pairing::confine(u64 cpus) {
  if (confined_to_.exchange(cpus) == cpus) return;
  guest_cpu_ = kAnywhere;
  const cpu_set_t set = cpus_.set_of(cpus);
  process_.set_affinity(tid_, &set, sizeof set);
}

// A CPU for the kernel thread that leaves the guest one of those where it may run; -1: none.
int Pairing::place_beside_guest() const {
  const int here = ::sched_getcpu();
  const cpu_set_t allowed = cpus_.set_of(confined_to_.load(std::memory_order_relaxed));
  const auto suits = [&](u32 cpu) {
    return cpus_.usable(cpu) && (CPU_COUNT(&allowed) > 1 || !CPU_ISSET(cpu, &allowed));
  };
  if (here >= 0 && suits(static_cast<u32>(here))) return here;
  for (u32 cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (suits(cpu)) return static_cast<int>(cpu);
  }
  return -1;
}

bool Pairing::bind_self(int cpu) {
  if (own_cpu == cpu) return true;
  const cpu_set_t set = only(cpu);
  if (!host::call::sched_setaffinity(0, sizeof set, &set).ok()) return false;
  own_cpu = cpu;
  return true;
}

void Pairing::bind(u32 cpu) {
  bind_guest(static_cast<int>(cpu));
  (void)bind_self(static_cast<int>(cpu));
}

// To move a thread that runs takes the host's stopper, and 30 us and more; one that sleeps costs a tenth. So we stay, and the guest comes when it
// next sleeps, unless it may not run here.
void Pairing::come_together(u32 guest_cpu) {
  const int here = own_cpu >= 0 ? own_cpu : ::sched_getcpu();
  const cpu_set_t allowed = cpus_.set_of(confined_to_.load(std::memory_order_relaxed));
  if (here >= 0 && CPU_ISSET(static_cast<usize>(here), &allowed) && bind_self(here)) {
    draws_guest_ = true;
  } else if (cpus_.usable(guest_cpu)) {
    bind(guest_cpu);
  }
}

void Pairing::count_on(int& counted, int cpu) {
  if (counted == cpu) return;
  if (counted >= 0) cpus_.count(static_cast<u32>(counted), -1);
  counted = cpu;
  if (counted >= 0) cpus_.count(static_cast<u32>(counted), 1);
}

// Who shares a CPU only to hand it to and fro sleeps in between, and stays.
void Pairing::leave_crowd() {
  if (own_cpu < 0 || cpus_.busy(static_cast<u32>(own_cpu)) < 2) {
    crowded_calls_ = 0;
    return;
  }
  if (++crowded_calls_ % kCrowdedCalls != 0) return;
  const cpu_set_t allowed = cpus_.set_of(confined_to_.load(std::memory_order_relaxed));
  const int other = cpus_.emptier_than(static_cast<u32>(own_cpu), allowed);
  if (other < 0 || !bind_self(other)) return;
  draws_guest_ = true;
  count_on(counted_on_, other);
}

void Pairing::unbind() {
  bind_guest(kAnywhere);
  if (own_cpu >= 0) unbind_this_thread(cpus_);
  draws_guest_ = false;
  crossings_ = 0;
}

void Pairing::become_hot() {
  hot_ = true;
  draws_guest_ = false;
  set_turns(false);
  misses_ = 0;
  // Apart for certain: two that poll for each other on one CPU wait for the end of a time slice.
  if (const int place = place_beside_guest(); place >= 0 && bind_self(place)) {
    bind_guest(kElsewhere);
  } else {
    unbind();
  }
  __atomic_store_n(&slot_->spin, kGuestPollKilocycles, __ATOMIC_RELAXED);
}

void Pairing::become_cold(u64 pause_us) {
  hot_ = false;
  quick_ = crossings_ = 0;
  not_before_ = host::cycles() + pause_us * cpus_.cycles_per_us();
  cpus_.leave_place(this);
  count_on(guest_counted_on_, -1);
  __atomic_store_n(&slot_->spin, 0, __ATOMIC_RELAXED);
}

Pairing* Pairing::of_this_thread() { return served; }

void Pairing::serve_from_this_thread() { served = this; }

void Pairing::kernel_sleeps() {
  asleep_ = true;
  if (since_wake_ < 2 && hands_over_ < kSurely) ++hands_over_;
  since_wake_ = 2;
  quick_ = crowded_calls_ = 0;
  count_on(counted_on_, -1), count_on(guest_counted_on_, -1);
  if (hot_) __atomic_store_n(&slot_->spin, 0, __ATOMIC_RELAXED);
  if (turns_) __atomic_store_n(&slot_->turns, 0, __ATOMIC_RELAXED);
  cpus_.left();
}

void Pairing::kernel_woke() {
  cpus_.came();
  count_on(counted_on_, own_cpu);
  if (hot_) __atomic_store_n(&slot_->spin, kGuestPollKilocycles, __ATOMIC_RELAXED);
  if (turns_) __atomic_store_n(&slot_->turns, kTurns, __ATOMIC_RELAXED);
  asleep_ = false;
}

int Pairing::wakes_somebody() {
  since_wake_ = 0;
  return !hot_ && hands_over_ >= kLikely ? own_cpu : -1;
}

void Pairing::answering() {
  if (birth_cpu_ >= 0) {
    const int cpu = std::exchange(birth_cpu_, -1);
    if (cpus_.count() > 1 && cpus_.usable(static_cast<u32>(cpu))) bind(static_cast<u32>(cpu));
  }
  if (let_go_.load(std::memory_order_relaxed) && let_go_.exchange(false) && !hot_) unbind();
  if (move_to_.load(std::memory_order_relaxed) >= 0) {
    const int cpu = move_to_.exchange(kAnywhere);
    if (!hot_) bind(static_cast<u32>(cpu));
  }
  // Our thread was drawn to another CPU while it slept.
  if (const int bound = guest_cpu_.load(std::memory_order_relaxed); bound >= 0 && own_cpu >= 0 && bound != own_cpu)
    bind_guest(own_cpu);
  if (draws_guest_ && __atomic_load_n(&slot_->guest_sleeps, __ATOMIC_RELAXED) != 0) {
    draws_guest_ = false;
    if (!hot_ && own_cpu >= 0) bind_guest(own_cpu);
  }
}

void Pairing::answered(bool guest_slept) {
  guest_slept_ = guest_slept;
  answered_at_.store(host::cycles(), std::memory_order_relaxed);
}

bool Pairing::poll(u32 seen) {
  if (!hot_) return false;
  const u64 us = cpus_.cycles_per_us();
  const u64 start = host::cycles();
  u64 now = start;
  do {
    if (__atomic_load_n(&slot_->post, __ATOMIC_ACQUIRE) != seen) return true;
    const bool crowded = cpus_.crowded();
    Sleeper::wake_hurried(crowded || now - start > kSoonUs * us);
    if (crowded) {
      (void)host::call::sched_yield().ok();
    } else {
      __builtin_ia32_pause();
    }
    const u64 then = now;
    now = host::cycles();
    if (now - then > (crowded ? kLateUs : kGapUs) * us) {
      misses_ = static_cast<u8>(misses_ << 1 | 1);
      if (std::popcount(misses_) >= kMostMisses) return false;
    }
  } while (now - start < kPollUs * us);
  return false;
}

void Pairing::set_turns(bool on) {
  turns_ = on;
  late_ = 0, turns_taken_ = 0;
  __atomic_store_n(&slot_->turns, on ? kTurns : 0, __ATOMIC_RELAXED);
}

bool Pairing::take_turns(u32 seen) {
  if (!turns_ || quick_ < kTurnsAfter) return false;
  for (u32 turn = 0; turn < kTurns; ++turn) {
    (void)host::call::sched_yield().ok();
    if (__atomic_load_n(&slot_->post, __ATOMIC_ACQUIRE) != seen) return true;
  }
  return false;
}

// The guest's word, which may only slow that guest down.
bool Pairing::was_late(u64 now) const {
  const u64 most = kLateUs * cpus_.cycles_per_us();
  const u64 posted = __atomic_load_n(&slot_->posted_at, __ATOMIC_RELAXED);
  const u64 got = __atomic_load_n(&slot_->got_at, __ATOMIC_RELAXED);
  const u64 answered = answered_at_.load(std::memory_order_relaxed);
  return now - posted > most || (got > answered && got - answered > most);
}

void Pairing::set_polite(bool polite) {
  if (polite_ == polite) return;
  polite_ = polite;
  __atomic_store_n(&slot_->polite, polite ? 1 : 0, __ATOMIC_RELAXED);
}

void Pairing::judge_turns(u64 now) {
  const bool together = cpus_.count() < 2 || (own_cpu >= 0 && guest_cpu_.load(std::memory_order_relaxed) == own_cpu);
  if (!turns_) {
    if (together && quick_ >= kTurnsAfter && now > turns_not_before_) set_turns(true);
    return;
  }
  if (!together) return set_turns(false);
  late_ = static_cast<u8>(late_ << 1 | (was_late(now) ? 1 : 0));
  if (std::popcount(late_) >= kMostLate) {
    turns_pause_us_ = std::clamp(turns_pause_us_ * 2, kFirstTurnsPauseUs, kLastTurnsPauseUs);
    turns_not_before_ = now + turns_pause_us_ * cpus_.cycles_per_us();
    return set_turns(false);
  }
  if (++turns_taken_ == kGoodTurns) turns_pause_us_ = 0;
}

void Pairing::entered(u32 cpu, bool we_slept) {
  if (since_wake_ < 2 && ++since_wake_ == 2 && hands_over_ > 0) --hands_over_;
  count_on(counted_on_, own_cpu);
  if (hot_) {
    count_on(guest_counted_on_, cpus_.usable(cpu) ? static_cast<int>(cpu) : -1);
    set_polite(cpus_.crowded());
    misses_ = static_cast<u8>(misses_ << 1 | (we_slept || guest_slept_ ? 1 : 0));
    if (std::popcount(misses_) < kMostMisses && cpus_.keep_place(this)) {
      pause_us_ = 0;
      return;
    }
    pause_us_ = std::clamp(pause_us_ * 2, kFirstPauseUs, kLastPauseUs);
    become_cold(pause_us_);
    come_together(cpu);
    return;
  }
  const u64 now = host::cycles();
  quick_ = now - answered_at_.load(std::memory_order_relaxed) < kQuickUs * cpus_.cycles_per_us() ? quick_ + 1 : 0;
  if (quick_ >= kQuickCalls && now > not_before_ && cpus_.take_place(this)) return become_hot();
  if (++crossings_ >= kBindAfter && cpus_.count() > 1) {
    const int bound = guest_cpu_.load(std::memory_order_relaxed);
    if (own_cpu < 0 || bound != own_cpu) come_together(bound >= 0 ? static_cast<u32>(bound) : cpu);
  }
  leave_crowd();
  judge_turns(now);
}

void Pairing::tick(bool in_guest, bool let_go) {
  if (guest_cpu_.load(std::memory_order_relaxed) < 0) return;
  if (let_go) let_go_ = true;
  const u64 run = host::cycles() - answered_at_.load(std::memory_order_relaxed);
  if (in_guest && run > kLongRunUs * cpus_.cycles_per_us()) bind_guest(kAnywhere);
}

}  // namespace limen::platform
