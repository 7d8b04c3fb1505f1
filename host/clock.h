// The host's clocks, in nanoseconds. The kernel's one Clock is built on these.
#pragma once

#include <ctime>

#include "base/types.h"

namespace limen::host {

inline i64 read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);  // the host's vDSO serves the common ones without a call
  return i64{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}
inline i64 monotonic_ns() { return read_clock(CLOCK_MONOTONIC); }
inline i64 realtime_ns() { return read_clock(CLOCK_REALTIME); }
inline i64 boottime_ns() { return read_clock(CLOCK_BOOTTIME); }
inline i64 process_cpu_ns() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
inline i64 thread_cpu_ns() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

// Of another process by its id; 0 when there is none. (The id of its CPU clock: include/linux/posix-timers.h.)
inline u64 cpu_ns_of_process(int pid) {
  constexpr int kSched = 2;
  return static_cast<u64>(read_clock(static_cast<clockid_t>(~static_cast<unsigned>(pid) << 3 | kSched)));
}

inline timespec to_timespec(i64 ns) { return {ns / 1'000'000'000, ns % 1'000'000'000}; }

inline u64 cycles() { return __builtin_ia32_rdtsc(); }

}  // namespace limen::host
