// Timers that send signals. Source: setitimer(2), alarm(2), timer_create(2), timer_settime(2), timer_getoverrun(2);
// kernel/time/{itimer,posix-timers}.c.
#include <algorithm>

#include "abi/signal.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/time/clock_ids.h"
#include "kernel/time/time_namespace.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

bool is_itimer(ItimerWhich which) { return which.raw() >= abi::itimer_real && which.raw() <= abi::itimer_prof; }

abi::ITimerVal to_itimerval(const TimerSetting& setting) {
  abi::ITimerVal out{to_timeval(setting.interval_ns), to_timeval(setting.value_ns)};
  // A timer that is set never shows zero.
  if (setting.value_ns != 0 && setting.value_ns < 1000) out.it_value.tv_usec = 1;
  return out;
}
}  // namespace

Result<i64> sys_getitimer(Task& task, ItimerWhich which, UserOut<abi::ITimerVal> value) {
  if (!is_itimer(which)) return Errno::einval;
  TRY(value.write(task, to_itimerval(process_timers(task.group())->get_itimer(static_cast<usize>(which.raw())))));
  return 0;
}

Result<i64> sys_setitimer(Task& task, ItimerWhich which, UserIn<abi::ITimerVal> value,
                          UserOut<abi::ITimerVal> old_value) {
  TimerSetting setting;
  if (!value.is_null()) {  // a null value disarms, as it always has on Linux
    const abi::ITimerVal wanted = TRY(value.read(task));
    setting.value_ns = TRY(to_ns(wanted.it_value));
    setting.interval_ns = TRY(to_ns(wanted.it_interval));
  }
  if (!is_itimer(which)) return Errno::einval;
  const TimerSetting old = process_timers(task.group())->set_itimer(static_cast<usize>(which.raw()), setting);
  if (!old_value.is_null()) TRY(old_value.write(task, to_itimerval(old)));
  return 0;
}

Result<i64> sys_alarm(Task& task, u32 seconds) {
  const TimerSetting old = process_timers(task.group())->set_itimer(0, {.value_ns = seconds * kNsPerSecond});
  // Rounded to the nearest second, but never down to "none".
  if (old.value_ns == 0) return 0;
  const i64 rounded = static_cast<i64>((old.value_ns + kNsPerSecond / 2) / kNsPerSecond);
  return rounded == 0 ? 1 : rounded;
}

Result<i64> sys_timer_create(Task& task, ClockId clockid, UserIn<abi::SigEvent> event, UserOut<i32> timerid) {
  const TimerBase base = TRY(timer_base(task, clockid));
  const bool wakes = clockid.raw() == abi::clock_realtime_alarm || clockid.raw() == abi::clock_boottime_alarm;
  if (wakes && !task.credentials().capable(Capability::wake_alarm)) return Errno::eperm;
  ProcessTimers::Created what{.clock = base.clock, .clock_tid = base.tid, .signo = sig::alrm};
  if (!event.is_null()) {
    const abi::SigEvent wanted = TRY(event.read(task));
    what.value = wanted.value;
    what.signo = Signal(wanted.signo);
    switch (wanted.notify) {
      case abi::sigev_none:
        what.notifies = false;
        break;
      case abi::sigev_thread_id: {
        what.target_tid = task.means(Pid(wanted.tid));
        MutexGuard guard(task.group().lock);
        if (!task.group().members.contains(what.target_tid)) return Errno::einval;
        break;
      }
      case abi::sigev_signal:
      case abi::sigev_thread:
        break;
      default:
        return Errno::einval;
    }
    if (what.notifies && (wanted.signo < 1 || wanted.signo > kSignalMax)) return Errno::einval;
  }
  if (task.group().restores_timer_ids) what.id = TRY(UserIn<i32>(timerid.addr()).read(task));
  const Ref<ProcessTimers> timers = process_timers(task.group());
  const i32 id = TRY(timers->create(what));
  const Result<void> written = timerid.write(task, id);
  if (!written.ok()) {
    (void)timers->remove(id).ok();
    return written.error();
  }
  return 0;
}

Result<i64> sys_timer_settime(Task& task, int timerid, TimerFlags flags, UserIn<abi::ITimerSpec> value,
                              UserOut<abi::ITimerSpec> old_value) {
  if (value.is_null()) return Errno::einval;
  const abi::ITimerSpec wanted = TRY(value.read(task));
  TimerSetting setting;
  setting.value_ns = TRY(to_ns(wanted.it_value));
  setting.interval_ns = TRY(to_ns(wanted.it_interval));
  const Ref<ProcessTimers> timers = process_timers(task.group());
  if (flags.has(abi::timer_abstime) && setting.value_ns != 0) {
    const TimerClock clock = TRY(timers->clock_of(timerid));
    setting.value_ns = std::max<u64>(meant_time(task, clock, setting.value_ns), 1);  // 0 would disarm it
  }
  const TimerSetting old = TRY(timers->settime(timerid, setting, flags.has(abi::timer_abstime)));
  if (!old_value.is_null()) TRY(old_value.write(task, to_itimerspec(old)));
  return 0;
}

Result<i64> sys_timer_gettime(Task& task, int timerid, UserOut<abi::ITimerSpec> value) {
  const TimerSetting setting = TRY(process_timers(task.group())->gettime(timerid));
  TRY(value.write(task, to_itimerspec(setting)));
  return 0;
}

Result<i64> sys_timer_getoverrun(Task& task, int timerid) { return process_timers(task.group())->overrun(timerid); }

Result<i64> sys_timer_delete(Task& task, int timerid) {
  TRY(process_timers(task.group())->remove(timerid));
  return 0;
}

}  // namespace limen
