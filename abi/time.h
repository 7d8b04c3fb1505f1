// Clocks, timers and the structures of time.
// Source: clock_gettime(2), setitimer(2), timer_create(2), adjtimex(2), times(2), utime(2); include/uapi/linux/time.h,
// time_types.h, timex.h.
#pragma once

#include "abi/clock_ids.h"
#include "base/types.h"

namespace limen::abi {

struct TimeSpec {
  i64 tv_sec;
  i64 tv_nsec;
};

struct TimeVal {
  i64 tv_sec;
  i64 tv_usec;
};

struct TimeZone {
  i32 tz_minuteswest;
  i32 tz_dsttime;
};

struct ITimerVal {
  TimeVal it_interval;
  TimeVal it_value;
};

struct ITimerSpec {
  TimeSpec it_interval;
  TimeSpec it_value;
};

// times(2), in ticks of clock_ticks a second
struct Tms {
  i64 tms_utime;
  i64 tms_stime;
  i64 tms_cutime;
  i64 tms_cstime;
};
inline constexpr i64 clock_ticks = 100;  // USER_HZ, sysconf(_SC_CLK_TCK), AT_CLKTCK

struct UtimBuf {
  i64 actime;
  i64 modtime;
};

// A dynamic clock id: ~number in the upper bits, three bits of kind below. Source: include/linux/posix-timers.h.
inline constexpr i32 cpuclock_prof = 0;
inline constexpr i32 cpuclock_virt = 1;
inline constexpr i32 cpuclock_sched = 2;
inline constexpr i32 clock_id_fd = 3;          // a descriptor's clock (CLOCKFD)
inline constexpr i32 clock_id_per_thread = 4;  // a bit: a thread and not a process
inline constexpr i32 clock_id_kind_mask = 3;
constexpr i32 clock_id_number(i32 clockid) { return ~(clockid >> 3); }

// timer_settime(2), clock_nanosleep(2)
inline constexpr u32 timer_abstime = 1;

// setitimer(2)
inline constexpr i32 itimer_real = 0;
inline constexpr i32 itimer_virtual = 1;
inline constexpr i32 itimer_prof = 2;

// adjtimex(2)
struct Timex {
  u32 modes;
  u32 pad0;
  i64 offset;
  i64 freq;
  i64 maxerror;
  i64 esterror;
  i32 status;
  u32 pad1;
  i64 constant;
  i64 precision;
  i64 tolerance;
  TimeVal time;
  i64 tick;
  i64 ppsfreq;
  i64 jitter;
  i32 shift;
  u32 pad2;
  i64 stabil;
  i64 jitcnt;
  i64 calcnt;
  i64 errcnt;
  i64 stbcnt;
  i32 tai;
  u32 pad3[11];
};

// Timex::modes
inline constexpr u32 adj_offset = 1;
inline constexpr u32 adj_frequency = 2;
inline constexpr u32 adj_maxerror = 4;
inline constexpr u32 adj_esterror = 8;
inline constexpr u32 adj_status = 0x10;
inline constexpr u32 adj_timeconst = 0x20;
inline constexpr u32 adj_tai = 0x80;
inline constexpr u32 adj_setoffset = 0x100;
inline constexpr u32 adj_micro = 0x1000;
inline constexpr u32 adj_nano = 0x2000;
inline constexpr u32 adj_tick = 0x4000;
inline constexpr u32 adj_offset_singleshot = 0x8001;
inline constexpr u32 adj_offset_ss_read = 0xa001;

// What adjtimex(2) returns, and Timex::status.
inline constexpr i32 time_ok = 0;
inline constexpr i32 time_error = 5;
inline constexpr i32 sta_pll = 1;
inline constexpr i32 sta_unsync = 0x40;
inline constexpr i32 sta_nano = 0x2000;

}  // namespace limen::abi
