// timespec and timeval between guests and the kernel's nanoseconds. Source: include/linux/time64.h.
#pragma once

#include "abi/time.h"
#include "base/result.h"
#include "base/types.h"

namespace limen {

inline constexpr u64 kNsPerSecond = 1'000'000'000;
inline constexpr u64 kMostNs = static_cast<u64>(INT64_MAX);  // KTIME_MAX

// einval for a negative time or a fraction out of range; saturates at kMostNs.
inline Result<u64> to_ns(const abi::TimeSpec& t) {
  if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= static_cast<i64>(kNsPerSecond)) return Errno::einval;
  if (static_cast<u64>(t.tv_sec) >= kMostNs / kNsPerSecond) return kMostNs;
  return static_cast<u64>(t.tv_sec) * kNsPerSecond + static_cast<u64>(t.tv_nsec);
}
inline Result<u64> to_ns(const abi::TimeVal& t) {
  if (t.tv_usec < 0 || t.tv_usec >= 1'000'000) return Errno::einval;
  return to_ns(abi::TimeSpec{t.tv_sec, t.tv_usec * 1000});
}
constexpr abi::TimeSpec to_timespec(u64 ns) {
  return {static_cast<i64>(ns / kNsPerSecond), static_cast<i64>(ns % kNsPerSecond)};
}
constexpr abi::TimeVal to_timeval(u64 ns) {
  return {static_cast<i64>(ns / kNsPerSecond), static_cast<i64>(ns % kNsPerSecond / 1000)};
}

}  // namespace limen
