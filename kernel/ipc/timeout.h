// Timeouts as calls take them, turned into deadlines. Each fails with einval where tv_nsec is not in [0, 1e9) or tv_sec is negative
// (Linux: timespec64_valid).
#pragma once

#include "abi/time.h"
#include "base/result.h"
#include "kernel/time/clock.h"
#include "kernel/time/time_values.h"

namespace limen {

inline Result<Deadline> relative_deadline(Clock& clock, const abi::TimeSpec& t) {
  const u64 ns = TRY(to_ns(t));
  return clock.after(ns);
}

// `then` on the realtime clock as a point of monotonic time. A later step of the realtime clock does not move it.
inline Deadline realtime_deadline(Clock& clock, u64 then_ns) {
  const u64 now = clock.realtime_ns();
  return then_ns <= now ? Deadline::past() : clock.after(then_ns - now);
}

// Milliseconds of poll(2) and epoll_wait(2): negative waits for ever.
inline Deadline millisecond_deadline(Clock& clock, int ms) {
  if (ms < 0) return Deadline::never();
  return ms == 0 ? Deadline::past() : clock.after(static_cast<u64>(ms) * 1'000'000);
}

// What is left until then.
inline u64 remaining_ns(Clock& clock, Deadline deadline) {
  const u64 now = clock.monotonic_ns();
  return deadline.ns() > now ? deadline.ns() - now : 0;
}

}  // namespace limen
