// Timeouts as calls take them, turned into deadlines. Each fails with einval where tv_nsec is not in [0, 1e9) or tv_sec is negative
// (Linux: timespec64_valid).
#pragma once

#include "abi/time.h"
#include "base/result.h"
#include "kernel/time/clock.h"

namespace limen {

inline constexpr u64 kNsPerSecond = 1'000'000'000;

// Nanoseconds, saturating: what cannot be counted waits for ever.
inline Result<u64> timespec_ns(const abi::TimeSpec& t) {
  if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= static_cast<i64>(kNsPerSecond)) return Errno::einval;
  if (static_cast<u64>(t.tv_sec) >= ~u64{0} / kNsPerSecond) return ~u64{0};
  return static_cast<u64>(t.tv_sec) * kNsPerSecond + static_cast<u64>(t.tv_nsec);
}

inline abi::TimeSpec to_timespec(u64 ns) {
  return {static_cast<i64>(ns / kNsPerSecond), static_cast<i64>(ns % kNsPerSecond)};
}

inline Result<Deadline> relative_deadline(Clock& clock, const abi::TimeSpec& t) {
  const u64 ns = TRY(timespec_ns(t));
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
