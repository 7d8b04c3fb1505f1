// Where a guest thread and its kernel thread run: the difference between 0.1, 5 and 57 microseconds for a call.
//
// Waking a halted CPU is what costs (docs/decisions/0001-hand-off.md). So a pair is either
//
//   cold  both on one CPU, at first that of the pair that made this one: each wakes the other there and sleeps; the host switches
//         between them. While calls come quickly they take turns instead: who has nothing to do yields the CPU and does not sleep, so
//         nobody needs to be woken. That gives way to whatever else runs there, for a whole slice: when an answer or a call arrives
//         late, turns end for a while.
//         A pair whose kernel thread wakes another and then sleeps draws the other to its CPU; or
//   hot   bound to be on two CPUs: the kernel thread polls for the next call, the guest polls for the answer, both for some tens
//         of microseconds. Only for pairs that call again and again at short intervals, and only half as many pairs
//         as there are CPUs; a pair that polls in vain, or sees that other work wants its CPU, is cold again. While more
//         pairs work than half the CPUs could hold, both yield between two looks (docs/decisions/0044-polite-polling.md).
//
// The host keeps its freedom to balance: a guest that runs long without a call, and each pair now and then, is let go. A pair that calls and
// calls on a CPU that others want, too, goes to an emptier one (docs/decisions/0048-affinity-is-dear.md); where two pairs want one CPU tick
// after tick and call rarely, the housekeeper moves one (docs/decisions/0045-where-pairs-start.md).
// What the guest's slot says of its CPU is a hint that can only slow that guest down.
#pragma once

#include <sched.h>

#include <array>
#include <atomic>

#include "base/ref.h"
#include "platform/stub/process.h"

namespace limen::platform {

// The machine's CPUs, and the places for hot pairs. One for each platform.
class Cpus {
 public:
  void look();  // once, at the start

  int count() const { return count_; }
  bool usable(u32 cpu) const { return cpu < CPU_SETSIZE && CPU_ISSET(cpu, &all_); }
  const cpu_set_t& all() const { return all_; }
  // Of the host's numbers, which are the guest's; all, where none of them is usable.
  cpu_set_t set_of(u64 cpus) const;
  u64 cycles_per_us() const;

  // Pairs that want a CPU: whose guest runs or whose kernel thread works. Those that sleep in the kernel do not.
  void came() { active_.fetch_add(1, std::memory_order_relaxed); }
  void left() { active_.fetch_sub(1, std::memory_order_relaxed); }
  // Polling takes a CPU from one of them, but for who yields.
  bool crowded() const { return active_.load(std::memory_order_relaxed) * 2 > count_; }

  // The same, by the CPU where they are bound.
  void count(u32 cpu, int change) { busy_[cpu].fetch_add(change, std::memory_order_relaxed); }
  int busy(u32 cpu) const { return busy_[cpu].load(std::memory_order_relaxed); }
  // One of `allowed` that at least two fewer want than this one; -1: none.
  int emptier_than(u32 cpu, const cpu_set_t& allowed) const;
  // Where the fewest want to be.
  cpu_set_t emptiest() const;

  // A place for a hot pair: a free one, or one whose owner has not called for a while.
  bool take_place(const void* owner);
  // Still ours? Says that it is in use.
  bool keep_place(const void* owner);
  void leave_place(const void* owner);

 private:
  struct Place {
    std::atomic<const void*> owner{nullptr};
    std::atomic<u64> used{0};  // cycles
  };
  static constexpr usize kMostPlaces = 64;

  cpu_set_t all_{};
  int count_ = 1;
  usize places_count_ = 0;
  std::array<Place, kMostPlaces> places_;
  std::atomic<int> active_{0};
  std::array<std::atomic<int>, CPU_SETSIZE> busy_{};
  u64 start_cycles_ = 0;
  i64 start_ns_ = 0;
  mutable std::atomic<u64> cycles_per_us_{0};
};

// Kernel threads start on any CPU, whatever the thread that made them is bound to.
void unbind_this_thread(const Cpus& cpus);
// By a thread that serves the sandbox, when it has nothing to do: its next work shall not take the CPU from a pair while another one has
// none. Returns where it may run now.
cpu_set_t step_aside(const Cpus& cpus);
// For Sleeper: the CPU that this kernel thread is bound to, or -1; that somebody else has bound it; binding somebody else.
int bound_cpu();
void was_moved_to(int cpu);
int this_thread_id();
void bind_thread(int tid, int cpu);

class Pairing {
 public:
  Pairing(Cpus& cpus, StubProcess& process, int tid, wire::Slot* slot)
      : cpus_(cpus), process_(process), tid_(tid), slot_(slot), birth_cpu_(::sched_getcpu()) {
    cpus_.came();
  }
  // The host thread is left unbound, for the next one who takes it.
  ~Pairing();

  // By the serving thread, in this order, for each crossing:
  void answering();                      // before the answer goes out
  void answered(bool guest_slept);       // after it
  bool poll(u32 seen);                   // while hot: true when the guest has posted
  bool take_turns(u32 seen);             // while cold: the same
  void entered(u32 cpu, bool we_slept);  // when it has posted

  bool hot() const { return hot_; }
  u64 cycles_per_us() const { return cpus_.cycles_per_us(); }
  // The pair that the calling kernel thread serves, or null.
  static Pairing* of_this_thread();
  void serve_from_this_thread();
  // By the serving thread, about sleeps in the kernel for something else than its guest: Sleeper.
  void kernel_sleeps();
  void kernel_woke();
  // Returns the CPU to wake the other on: ours, where we have used to sleep right after; else -1.
  int wakes_somebody();

  // Any thread: the guest runs on these CPUs only. The kernel thread goes where it likes.
  void confine(u64 cpus);

  // By the housekeeper: lets a guest go that has run for long, and every pair now and then.
  void tick(bool in_guest, bool let_go);
  bool bound() const { return bound_to() >= 0; }
  int bound_to() const { return guest_cpu_.load(std::memory_order_relaxed); }  // below 0: to no single CPU
  bool asleep() const { return asleep_.load(std::memory_order_relaxed); }      // in the kernel
  void move_to(int cpu) { move_to_.store(cpu, std::memory_order_relaxed); }    // soon

 private:
  static constexpr int kAnywhere = -1, kElsewhere = -2;  // the latter: on any CPU but the kernel thread's

  void bind(u32 cpu);
  void come_together(u32 guest_cpu);
  void count_on(int& counted, int cpu);
  void leave_crowd();
  void unbind();
  void bind_guest(int cpu);
  int place_beside_guest() const;
  bool bind_self(int cpu);
  void become_hot();
  void become_cold(u64 pause_us);
  void set_turns(bool on);
  void set_polite(bool polite);
  void judge_turns(u64 now);
  bool was_late(u64 now) const;

  Cpus& cpus_;
  StubProcess& process_;
  const int tid_;
  wire::Slot* const slot_;
  int birth_cpu_;  // where its maker ran: it starts there; -1: it has started

  bool hot_ = false;
  bool polite_ = false;  // hot, and yielding between looks
  bool guest_slept_ = false;
  std::atomic<bool> asleep_{false};
  u8 hands_over_ = 0;         // 0..3: how surely a wake-up is followed by our own sleep in this call or the next
  u8 since_wake_ = 2;         // calls since we woke somebody; 2: long ago
  u8 misses_ = 0;             // hot: the last eight crossings, a bit for each that had to wake somebody
  u32 quick_ = 0;             // cold: crossings in a row that came soon after the answer
  u32 crossings_ = 0;         // cold: since the pair was bound or let go
  u64 not_before_ = 0;        // cycles: when to try being hot again
  u32 pause_us_ = 0;          // the last pause, doubled each time
  bool draws_guest_ = false;  // to our CPU, when it sleeps
  int counted_on_ = -1, guest_counted_on_ = -1;  // in Cpus::count
  u32 crowded_calls_ = 0;  // cold: in a row, without a sleep in the kernel, while others wanted our CPU
  bool turns_ = false;     // cold, and yielding
  u8 late_ = 0;            // turns: the last eight, a bit for each in which others had the CPU
  u32 turns_taken_ = 0;
  u64 turns_not_before_ = 0;
  u32 turns_pause_us_ = 0;
  std::atomic<u64> answered_at_{0};
  std::atomic<int> guest_cpu_{kAnywhere};
  std::atomic<u64> confined_to_{~u64{0}};
  std::atomic<bool> let_go_{false};
  std::atomic<int> move_to_{kAnywhere};
};

}  // namespace limen::platform
