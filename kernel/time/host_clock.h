// The sandbox's Clock over the host's: one formula over the cycle counter, the same one that guests compute in the vDSO,
// so that a guest sees no difference between its two ways to ask, and no reading ever goes back.
//
// The formula is steered towards the host's clock each time somebody asks the kernel and the last steering is more than
// half a second old (the vDSO turns to the kernel when its page is two seconds old). Differences are made good by running a
// little faster or slower; only a clock that is far behind (the machine slept) is stepped forward. Where the counter is not
// invariant, or turns out not to be steady, every reading is the host's.
#pragma once

#include <atomic>
#include <memory>

#include "base/lock.h"
#include "kernel/time/clock.h"
#include "kernel/time/vdso.h"

namespace limen {

class HostClock final : public Clock {
 public:
  // Where there is no memory file for the vDSO, a clock without one.
  static std::unique_ptr<HostClock> create();

  u64 monotonic_ns() override;
  u64 boottime_ns() override;
  u64 realtime_ns() override;
  const Vdso* vdso() const override { return vdso_.get(); }

  // One steering, as if the host's clocks and the counter read this. For tests; use_cycles says whether the formula is in use.
  struct Sample {
    u64 cycles = 0, monotonic = 0;
    i64 realtime_offset = 0, boottime_offset = 0;
  };
  void steer_for_test(const Sample& sample);
  const wire::TimePage& page() const { return *page_; }

 private:
  explicit HostClock(std::unique_ptr<Vdso> vdso);
  static Sample read_host();
  wire::TimeReading now();
  u64 steer_after() const;
  void steer(const Sample& sample) REQUIRES(lock_);
  void publish(const Sample& sample, u64 base_ns, u64 ns_per_cycle, u32 use_cycles) REQUIRES(lock_);

  const std::unique_ptr<Vdso> vdso_;
  wire::TimePage own_page_{};  // where there is no vDSO
  wire::TimePage* const page_;
  Mutex lock_{LockRank::clock};
  bool counter_is_good_ GUARDED_BY(lock_);
  Sample origin_ GUARDED_BY(lock_);      // the far end of the measured frequency
  u64 frequency_ GUARDED_BY(lock_) = 0;  // measured ns per cycle, times 2^32; 0: not yet
  std::atomic<u64> measured_over_{0};    // so many ns; written under the lock
  std::atomic<u64> floor_{0};            // no reading without the formula is below
};

}  // namespace limen
