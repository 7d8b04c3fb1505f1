// Clocks and sleeping. Source: clock_gettime(2), clock_nanosleep(2), nanosleep(2), gettimeofday(2), times(2), adjtimex(2);
// kernel/time/{posix-timers,hrtimer,time}.c. The sandbox's clocks are the host's: no capability sets them (EPERM, as in a
// user namespace of Linux).
#include <algorithm>

#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/time/clock_ids.h"
#include "kernel/time/cpu_time.h"
#include "kernel/time/time_namespace.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

// Sleeps until `clock` shows `expiry`. Success, or ERESTARTSYS.
Result<void> sleep_until(Task& task, const TimerBase& base, u64 expiry) {
  for (;;) {
    u64 now = 0;
    u64 at_least = 0;
    switch (base.clock) {
      case TimerClock::monotonic:
        now = task.clock().monotonic_ns();
        break;
      case TimerClock::realtime:
        now = task.clock().realtime_ns();
        break;
      case TimerClock::boottime:
        now = task.clock().boottime_ns();
        break;
      default:
        now = cpu_time(task.group()).total();
        at_least = 1'000'000;  // a CPU clock is looked at again and again
    }
    if (now >= expiry) return success;
    const Result<void> slept = task.sleep(task.clock().after(std::max(expiry - now, at_least)));
    if (slept.is(Errno::erestartsys)) return slept;
  }
}

Result<u64> now_of(Task& task, const TimerBase& base) {
  switch (base.clock) {
    case TimerClock::monotonic:
      return task.clock().monotonic_ns();
    case TimerClock::realtime:
      return task.clock().realtime_ns();
    case TimerClock::boottime:
      return task.clock().boottime_ns();
    default:
      return cpu_time(task.group()).total();
  }
}

Result<i64> sleep_relative(Task& task, TimerBase base, u64 expiry, UserOut<abi::TimeSpec> remaining) {
  if (sleep_until(task, base, expiry).ok()) return 0;
  if (!remaining.is_null()) {
    const u64 now = TRY(now_of(task, base));
    TRY(remaining.write(task, to_timespec(expiry > now ? expiry - now : 0)));
  }
  task.set_restart({[base, expiry, remaining](Task& again) { return sleep_relative(again, base, expiry, remaining); }});
  return Errno::erestart_restartblock;
}

u64 add_saturating(u64 a, u64 b) { return b > kMostNs - std::min(a, kMostNs) ? kMostNs : a + b; }

Result<i64> read_adjustment(Task& task, UserInOut<abi::Timex> buf) {
  abi::Timex timex = TRY(buf.read(task));
  // Nobody here sets the host's clock. Linux: timekeeping_validate_timex.
  constexpr u32 kAdjtime = abi::adj_offset_singleshot & ~abi::adj_offset;
  if ((timex.modes & kAdjtime) != 0 && (timex.modes & abi::adj_offset) == 0) return Errno::einval;
  if (timex.modes != 0 && timex.modes != abi::adj_offset_ss_read) return Errno::eperm;
  timex = abi::Timex{};
  timex.constant = 2;
  timex.precision = 1;
  timex.tolerance = 32'768'000;  // 500 ppm
  timex.tick = 10'000;
  timex.maxerror = 500'000;
  timex.time = to_timeval(task.clock().realtime_ns());
  TRY(buf.write(task, timex));
  return abi::time_ok;
}

}  // namespace

Result<i64> sys_clock_gettime(Task& task, ClockId clockid, UserOut<abi::TimeSpec> tp) {
  const u64 ns = TRY(read_clock(task, clockid));
  TRY(tp.write(task, to_timespec(ns)));
  return 0;
}

Result<i64> sys_clock_getres(Task& task, ClockId clockid, UserOut<abi::TimeSpec> res) {
  const u64 ns = TRY(clock_resolution(task, clockid));
  if (!res.is_null()) TRY(res.write(task, to_timespec(ns)));
  return 0;
}

Result<i64> sys_clock_settime(Task& task, ClockId clockid, UserIn<abi::TimeSpec> tp) {
  // Only clocks that Linux could set get as far as the permission.
  const bool settable = clockid.raw() == abi::clock_realtime;
  if (!settable) {
    (void)TRY(clock_resolution(task, clockid));
    return clockid.raw() < 0 ? Errno::eperm : Errno::einval;  // Linux: posix_cpu_clock_set; the others have none
  }
  const abi::TimeSpec wanted = TRY(tp.read(task));
  (void)TRY(to_ns(wanted));
  return Errno::eperm;
}

Result<i64> sys_settimeofday(Task& task, UserIn<abi::TimeVal> tv, UserIn<abi::TimeZone> tz) {
  if (!tv.is_null()) {
    const abi::TimeVal wanted = TRY(tv.read(task));
    (void)TRY(to_ns(wanted));
  }
  if (!tz.is_null()) (void)TRY(tz.read(task));
  return Errno::eperm;
}

Result<i64> sys_gettimeofday(Task& task, UserOut<abi::TimeVal> tv, UserOut<abi::TimeZone> tz) {
  if (!tv.is_null()) TRY(tv.write(task, to_timeval(task.clock().realtime_ns())));
  if (!tz.is_null()) TRY(tz.write(task, abi::TimeZone{}));
  return 0;
}

Result<i64> sys_time(Task& task, UserOut<i64> t) {
  const i64 seconds = static_cast<i64>(task.clock().realtime_ns() / kNsPerSecond);
  if (!t.is_null()) TRY(t.write(task, seconds));
  return seconds;
}

Result<i64> sys_times(Task& task, UserOut<abi::Tms> buf) {
  constexpr u64 kTick = kNsPerSecond / abi::clock_ticks;
  if (!buf.is_null()) {
    settle_cpu_time(task);
    const CpuTime own = cpu_time(task.group());
    Usage children;
    {
      ReadGuard tree(task.kernel().process_tree);
      children = task.group().waited_children;
    }
    TRY(buf.write(task,
                  abi::Tms{static_cast<i64>(own.user_ns / kTick), static_cast<i64>(own.system_ns / kTick),
                           static_cast<i64>(children.user_ns / kTick), static_cast<i64>(children.system_ns / kTick)}));
  }
  return static_cast<i64>(task.clock().boottime_ns() / kTick);
}

Result<i64> sys_adjtimex(Task& task, UserInOut<abi::Timex> buf) { return read_adjustment(task, buf); }

Result<i64> sys_clock_adjtime(Task& task, ClockId clockid, UserInOut<abi::Timex> buf) {
  if (clockid.raw() >= 0) (void)TRY(clock_resolution(task, clockid));
  if (clockid.raw() != abi::clock_realtime) return Errno::eopnotsupp;
  return read_adjustment(task, buf);
}

Result<i64> sys_nanosleep(Task& task, UserIn<abi::TimeSpec> duration, UserOut<abi::TimeSpec> remaining) {
  const abi::TimeSpec wanted = TRY(duration.read(task));
  const u64 ns = TRY(to_ns(wanted));
  return sleep_relative(task, TimerBase{}, add_saturating(task.clock().monotonic_ns(), ns), remaining);
}

Result<i64> sys_clock_nanosleep(Task& task, ClockId clockid, TimerFlags flags, UserIn<abi::TimeSpec> duration,
                                UserOut<abi::TimeSpec> remaining) {
  if (clockid.raw() == abi::clock_thread_cputime_id)
    return Errno::eopnotsupp;  // no nsleep of its own in Linux's k_clock
  TimerBase base = TRY(timer_base(task, clockid));
  if (base.clock == TimerClock::thread_cpu && base.tid == task.tid()) return Errno::einval;  // it would never end
  const abi::TimeSpec wanted = TRY(duration.read(task));
  const u64 ns = TRY(to_ns(wanted));
  if (flags.has(abi::timer_abstime)) {
    return sleep_until(task, base, meant_time(task, base.clock, ns)).ok() ? Result<i64>(0) : Errno::erestartnohand;
  }
  // A relative sleep on the realtime clock does not follow its steps (POSIX).
  if (base.clock == TimerClock::realtime) base.clock = TimerClock::monotonic;
  const u64 now = TRY(now_of(task, base));
  return sleep_relative(task, base, add_saturating(now, ns), remaining);
}

}  // namespace limen
