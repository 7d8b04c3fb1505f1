// Load averages, for /proc/loadavg and sysinfo(2): how many tasks run or want to, as means over one, five and fifteen minutes in which
// the past counts ever less.
//
// Nothing samples, so that an idle sandbox stays idle. Whoever reads brings them up to date: the CPU time that the sandbox has used
// since the reading before says how many tasks ran meanwhile. Tasks that waited for a CPU in vain are not counted.
#pragma once

#include <array>

#include "base/lock.h"
#include "base/ref.h"
#include "kernel/time/cpu_time.h"

namespace limen {

class Kernel;

class LoadAverage final : public RefCounted {
 public:
  static constexpr u32 kShift = 16;  // SI_LOAD_SHIFT: what fixed-point figures are shifted by
  using Means = std::array<u64, 3>;

  // `cpu_ns` has been used since the start, `now_ns` ago. The means then.
  Means update(u64 now_ns, u64 cpu_ns) EXCLUDES(lock_);

  // What a process used that was waited for and is gone.
  void add_ended(CpuTime time) EXCLUDES(lock_);
  CpuTime ended() const EXCLUDES(lock_);

 private:
  mutable Mutex lock_{LockRank::leaf};
  u64 last_ns_ GUARDED_BY(lock_) = 0;
  u64 last_cpu_ns_ GUARDED_BY(lock_) = 0;
  std::array<double, 3> means_ GUARDED_BY(lock_) = {};
  CpuTime ended_ GUARDED_BY(lock_);
};

LoadAverage& load_of(Kernel& kernel);
// Of all tasks since the start. Takes process_tree and each group's lock.
CpuTime cpu_time_of_all(Kernel& kernel);
LoadAverage::Means load_averages(Kernel& kernel);

}  // namespace limen
