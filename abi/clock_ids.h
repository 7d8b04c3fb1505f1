// Clocks, for freestanding code as well. Source: clock_gettime(2); include/uapi/linux/time.h.
#pragma once

#include "base/ints.h"

namespace limen::abi {

// clock_gettime(2). A negative id names a process, a thread or a descriptor: see clock_id_* in abi/time.h.
inline constexpr i32 clock_realtime = 0;
inline constexpr i32 clock_monotonic = 1;
inline constexpr i32 clock_process_cputime_id = 2;
inline constexpr i32 clock_thread_cputime_id = 3;
inline constexpr i32 clock_monotonic_raw = 4;
inline constexpr i32 clock_realtime_coarse = 5;
inline constexpr i32 clock_monotonic_coarse = 6;
inline constexpr i32 clock_boottime = 7;
inline constexpr i32 clock_realtime_alarm = 8;
inline constexpr i32 clock_boottime_alarm = 9;
inline constexpr i32 clock_tai = 11;

}  // namespace limen::abi
