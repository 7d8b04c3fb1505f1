// Clock ids as guests name them. Source: clock_gettime(2), clock_getcpuclockid(3); kernel/time/posix-cpu-timers.c.
#pragma once

#include "abi/params.h"
#include "base/result.h"
#include "kernel/time/timers.h"

namespace limen {

// Nanoseconds of a clock; einval for one that does not exist (or a process that does not).
Result<u64> read_clock(Task& task, ClockId clock);
// Its resolution in ns; einval.
Result<u64> clock_resolution(Task& task, ClockId clock);

// What timers and sleeps can count by. einval for no clock at all, eopnotsupp for one that only tells the time.
struct TimerBase {
  TimerClock clock = TimerClock::monotonic;
  Pid tid;  // thread_cpu: whose
};
Result<TimerBase> timer_base(Task& task, ClockId clock);

}  // namespace limen
