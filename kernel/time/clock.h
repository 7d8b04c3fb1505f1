// The one Clock of a sandbox: all time, timers, timeouts and vDSO data come from it.
// Monotonic time is nanoseconds since an arbitrary start; a time namespace adds an offset later.
#pragma once

#include "base/types.h"

namespace limen {

// A point of monotonic time in ns, for timeouts. `never()` waits for ever; `past()` does not wait.
class Deadline {
 public:
  static constexpr Deadline never() { return Deadline(~u64{0}); }
  static constexpr Deadline past() { return Deadline(0); }
  static constexpr Deadline at(u64 monotonic_ns) { return Deadline(monotonic_ns); }
  constexpr bool is_never() const { return ns_ == ~u64{0}; }
  constexpr u64 ns() const { return ns_; }
  constexpr auto operator<=>(const Deadline&) const = default;

 private:
  constexpr explicit Deadline(u64 ns) : ns_(ns) {}
  u64 ns_;
};

class Vdso;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual u64 monotonic_ns() = 0;
  virtual u64 boottime_ns() = 0;
  virtual u64 realtime_ns() = 0;
  // What this clock publishes to guests; null: they ask for each reading.
  virtual const Vdso* vdso() const { return nullptr; }
  // `timeout` from now; saturates at never().
  Deadline after(u64 timeout_ns) {
    const u64 now = monotonic_ns();
    return timeout_ns >= ~u64{0} - now ? Deadline::never() : Deadline::at(now + timeout_ns);
  }
};

}  // namespace limen
