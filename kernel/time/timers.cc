#include "kernel/time/timers.h"

#include <algorithm>

#include "abi/resource.h"
#include "abi/signal.h"
#include "kernel/kernel.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/time/cpu_time.h"
#include "kernel/time/time_values.h"
#include "kernel/time/timer_queue.h"

namespace limen {
namespace {

constexpr u64 kShortestCpuWait = 1'000'000;  // between two looks at a CPU clock
constexpr u64 kIgnoredInterval = 4'000'000;  // the shortest interval of a timer whose signal is ignored: a tick
constexpr usize kMostTimers = 65536;         // whatever RLIMIT_SIGPENDING says

constexpr TimerClock kItimerClocks[] = {TimerClock::monotonic, TimerClock::process_user, TimerClock::process_cpu};
constexpr Signal kItimerSignals[] = {sig::alrm, sig::vtalrm, sig::prof};

u64 saturating_add(u64 a, u64 b) { return std::min(a + std::min(b, kMostNs - std::min(a, kMostNs)), kMostNs); }

// The first expiry after `now` of a timer that was due at `expiry`, and how many were passed over before it.
struct Forward {
  u64 next;
  u64 passed;
};
Forward forward(u64 expiry, u64 interval, u64 now) {
  if (now < expiry) return {expiry, 0};
  const u64 passed = (now - expiry) / interval;
  return {saturating_add(expiry + passed * interval, interval), passed};
}

Ref<Task> member_of(ThreadGroup& group, Pid tid) {
  MutexGuard guard(group.lock);
  const auto found = group.members.find(tid);
  return found == group.members.end() ? Ref<Task>() : found->second;
}

bool is_cpu_clock(TimerClock clock) {
  return clock == TimerClock::process_cpu || clock == TimerClock::process_user || clock == TimerClock::thread_cpu;
}

}  // namespace

abi::ITimerSpec to_itimerspec(const TimerSetting& setting) {
  return {to_timespec(setting.interval_ns), to_timespec(setting.value_ns)};
}

u64 ProcessTimers::read(TimerClock clock, Pid tid) const {
  Clock& host = group_.kernel().clock();
  switch (clock) {
    case TimerClock::monotonic:
      return host.monotonic_ns();
    case TimerClock::realtime:
      return host.realtime_ns();
    case TimerClock::boottime:
      return host.boottime_ns();
    case TimerClock::process_cpu:
      return cpu_time(group_).total();
    case TimerClock::process_user:
      return cpu_time(group_).user_ns;
    case TimerClock::thread_cpu: {
      const Ref<Task> task = member_of(group_, tid);
      return task ? cpu_time(*task).total() : 0;
    }
  }
  return 0;
}

TimerSetting ProcessTimers::setting_of(const Timer& timer, u64 now) const {
  TimerSetting setting{.interval_ns = timer.interval};
  if (timer.expiry == 0) return setting;
  if (timer.expiry > now) {
    setting.value_ns = timer.expiry - now;
  } else if (timer.interval != 0 && (timer.undelivered || !timer.what.notifies)) {
    setting.value_ns = forward(timer.expiry, timer.interval, now).next - now;
  } else {
    setting.value_ns = timer.what.notifies ? 1 : 0;  // due, but not yet seen to be
  }
  return setting;
}

void ProcessTimers::disarm(Timer& timer) {
  if (timer.handle != 0) group_.kernel().timers().cancel(timer.handle);
  timer.handle = 0;
  timer.expiry = 0;
  timer.undelivered = false;
  ++timer.generation;
}

void ProcessTimers::schedule(i32 key, Timer& timer, u64 now) {
  if (!timer.what.notifies) return;
  Kernel& kernel = group_.kernel();
  u64 wait = timer.expiry > now ? timer.expiry - now : 0;
  if (is_cpu_clock(timer.what.clock)) {
    // No sooner than when all CPUs of the sandbox work for this process alone.
    wait = std::max(wait / std::max(kernel.options().limits.cpus, 1u), kShortestCpuWait);
  }
  timer.handle = kernel.timers().set(kernel.clock().after(wait), Ref<RefCounted>(&group_),
                                     [this, key, generation = timer.generation] { expire(key, generation); });
}

TimerSetting ProcessTimers::arm(i32 key, Timer& timer, TimerSetting setting, bool absolute, u64 now) {
  const TimerSetting old = setting_of(timer, now);
  disarm(timer);
  timer.interval = setting.interval_ns;
  timer.last_overrun = 0;
  if (setting.value_ns == 0) return old;
  timer.expiry = std::max<u64>(absolute ? setting.value_ns : saturating_add(now, setting.value_ns), 1);
  schedule(key, timer, now);
  return old;
}

void ProcessTimers::expire(i32 key, u64 generation) {
  Created what;
  {
    MutexGuard guard(lock_);
    const auto found = timers_.find(key);
    if (found == timers_.end() || found->second.generation != generation) return;
    what = found->second.what;
  }
  const u64 now = read(what.clock, what.clock_tid);
  {
    MutexGuard group_guard(group_.lock);
    if (group_.exiting || group_.members.empty()) return;
  }
  if (key == kCpuLimitKey) return enforce_cpu_limit(now);
  {
    MutexGuard guard(lock_);
    const auto found = timers_.find(key);
    if (found == timers_.end() || found->second.generation != generation) return;
    Timer& timer = found->second;
    timer.handle = 0;
    if (now < timer.expiry) {  // a CPU clock, or realtime was set back
      schedule(key, timer, now);
      return;
    }
    timer.undelivered = timer.interval != 0;
    if (timer.interval == 0) timer.expiry = 0;
  }
  send(key, what);
  // An ignored signal will never be taken: the timer goes on by itself, but no faster than a tick.
  const Ref<Task> target = what.target_tid.raw() != 0 ? member_of(group_, what.target_tid) : Ref<Task>();
  {
    MutexGuard guard(group_.signal_lock);
    if (group_.shared_pending.has_timer(key)) return;
    if (target) {
      target->signal_lock().assert_held();  // it is the group's
      if (target->pending.has_timer(key)) return;
    }
  }
  MutexGuard guard(lock_);
  const auto found = timers_.find(key);
  if (found == timers_.end() || found->second.generation != generation || !found->second.undelivered) return;
  Timer& timer = found->second;
  timer.undelivered = false;
  timer.expiry = std::max(forward(timer.expiry, timer.interval, now).next, saturating_add(now, kIgnoredInterval));
  schedule(key, timer, now);
}

void ProcessTimers::send(i32 key, const Created& what) {
  SignalInfo info{.signo = what.signo, .code = key < 0 ? abi::si_kernel : abi::si_timer};
  info.value = what.value.value_or(static_cast<u64>(key));
  info.timer_id = key;
  info.is_expiry = true;
  if (what.target_tid.raw() == 0) {
    send_signal(group_, info);
  } else if (const Ref<Task> target = member_of(group_, what.target_tid)) {
    send_signal(*target, info);
  }
}

void ProcessTimers::on_delivery(SignalInfo& info) {
  const i32 key = info.timer_id;
  Created what;
  {
    MutexGuard guard(lock_);
    const auto found = timers_.find(key);
    if (found == timers_.end() || !found->second.undelivered) return;
    what = found->second.what;
  }
  const u64 now = read(what.clock, what.clock_tid);
  MutexGuard guard(lock_);
  const auto found = timers_.find(key);
  if (found == timers_.end() || !found->second.undelivered) return;
  Timer& timer = found->second;
  const Forward next = forward(timer.expiry, timer.interval, now);
  timer.undelivered = false;
  timer.expiry = next.next;
  timer.last_overrun = static_cast<i64>(std::min<u64>(next.passed, INT32_MAX));
  info.overrun = static_cast<i32>(timer.last_overrun);
  schedule(key, timer, now);
}

TimerSetting ProcessTimers::set_itimer(usize which, TimerSetting setting) {
  const i32 key = itimer_key(which);
  const u64 now = read(kItimerClocks[which], Pid());
  MutexGuard guard(lock_);
  Timer& timer = timers_[key];
  timer.what.clock = kItimerClocks[which];
  timer.what.signo = kItimerSignals[which];
  return arm(key, timer, setting, false, now);
}

TimerSetting ProcessTimers::get_itimer(usize which) {
  const u64 now = read(kItimerClocks[which], Pid());
  MutexGuard guard(lock_);
  const auto found = timers_.find(itimer_key(which));
  return found == timers_.end() ? TimerSetting{} : setting_of(found->second, now);
}

Result<i32> ProcessTimers::create(const Created& what) {
  const u64 most = std::min<u64>(group_.limit(abi::rlimit_sigpending).soft, kMostTimers);
  MutexGuard guard(lock_);
  if (timers_.size() >= most) return Errno::eagain;
  if (what.id) {
    if (*what.id < 0) return Errno::einval;
    if (timers_.contains(*what.id)) return Errno::ebusy;
    timers_[*what.id].what = what;
    return *what.id;
  }
  while (timers_.contains(next_id_)) next_id_ = next_id_ == INT32_MAX ? 0 : next_id_ + 1;
  const i32 id = next_id_;
  next_id_ = next_id_ == INT32_MAX ? 0 : next_id_ + 1;
  timers_[id].what = what;
  return id;
}

Result<TimerClock> ProcessTimers::clock_of(i32 id) {
  MutexGuard guard(lock_);
  const auto found = id < 0 ? timers_.end() : timers_.find(id);
  return found == timers_.end() ? Result<TimerClock>(Errno::einval) : found->second.what.clock;
}

Result<TimerSetting> ProcessTimers::settime(i32 id, TimerSetting setting, bool absolute) {
  Created what;
  {
    MutexGuard guard(lock_);
    const auto found = id < 0 ? timers_.end() : timers_.find(id);
    if (found == timers_.end()) return Errno::einval;
    what = found->second.what;
  }
  const u64 now = read(what.clock, what.clock_tid);
  TimerSetting old;
  {
    MutexGuard guard(lock_);
    const auto found = timers_.find(id);
    if (found == timers_.end()) return Errno::einval;
    old = setting_of(found->second, now);
    disarm(found->second);
  }
  // An expiry of the old setting that nobody has taken is no more.
  const Ref<Task> target = what.target_tid.raw() != 0 ? member_of(group_, what.target_tid) : Ref<Task>();
  {
    MutexGuard guard(group_.signal_lock);
    group_.shared_pending.discard_timer(id);
    if (target) {
      target->signal_lock().assert_held();  // it is the group's
      target->pending.discard_timer(id);
    }
  }
  MutexGuard guard(lock_);
  const auto found = timers_.find(id);
  if (found == timers_.end()) return Errno::einval;
  (void)arm(id, found->second, setting, absolute, now);
  return old;
}

Result<TimerSetting> ProcessTimers::gettime(i32 id) {
  Created what;
  {
    MutexGuard guard(lock_);
    const auto found = id < 0 ? timers_.end() : timers_.find(id);
    if (found == timers_.end()) return Errno::einval;
    what = found->second.what;
  }
  const u64 now = read(what.clock, what.clock_tid);
  MutexGuard guard(lock_);
  const auto found = timers_.find(id);
  if (found == timers_.end()) return Errno::einval;
  return setting_of(found->second, now);
}

Result<i64> ProcessTimers::overrun(i32 id) {
  MutexGuard guard(lock_);
  const auto found = id < 0 ? timers_.end() : timers_.find(id);
  if (found == timers_.end()) return Errno::einval;
  return found->second.last_overrun;
}

Result<void> ProcessTimers::remove(i32 id) {
  (void)TRY(settime(id, TimerSetting{}, false));  // also takes back its signal
  MutexGuard guard(lock_);
  timers_.erase(id);
  return success;
}

void ProcessTimers::watch_cpu(u64 expiry_ns) {
  const u64 now = read(TimerClock::process_cpu, Pid());
  MutexGuard guard(lock_);
  Timer& timer = timers_[kCpuLimitKey];
  timer.what.clock = TimerClock::process_cpu;
  (void)arm(kCpuLimitKey, timer, {.value_ns = expiry_ns}, true, now);
}

// Linux: check_process_timers.
void ProcessTimers::enforce_cpu_limit(u64 used_ns) {
  ResourceLimit limit = group_.limit(abi::rlimit_cpu);
  if (limit.soft == abi::rlim_infinity) return;
  const u64 used = used_ns / kNsPerSecond;
  if (limit.hard != abi::rlim_infinity && used >= limit.hard) return send_signal(group_, kernel_signal(sig::kill));
  if (used >= limit.soft) {
    ++limit.soft;
    group_.set_limit(abi::rlimit_cpu, limit);
    send_signal(group_, kernel_signal(sig::xcpu));
  }
  watch_cpu_limit(group_);
}

void ProcessTimers::remove_posix() {
  MutexGuard guard(lock_);
  for (auto it = timers_.begin(); it != timers_.end();) {
    if (it->first >= 0) disarm(it->second);
    it = it->first >= 0 ? timers_.erase(it) : std::next(it);
  }
  next_id_ = 0;
}

void ProcessTimers::stop_all() {
  MutexGuard guard(lock_);
  for (auto& [key, timer] : timers_) disarm(timer);
  timers_.clear();
}

Ref<ProcessTimers> process_timers(ThreadGroup& group) {
  MutexGuard guard(group.lock);
  if (!group.timers) group.timers = make_ref<ProcessTimers>(group);
  return Ref<ProcessTimers>(static_cast<ProcessTimers*>(group.timers.get()));
}

namespace {
Ref<ProcessTimers> timers_if_any(ThreadGroup& group) {
  MutexGuard guard(group.lock);
  return Ref<ProcessTimers>(static_cast<ProcessTimers*>(group.timers.get()));
}
}  // namespace

void watch_cpu_limit(ThreadGroup& group) {
  const ResourceLimit limit = group.limit(abi::rlimit_cpu);
  const bool finite = limit.soft != abi::rlim_infinity;
  if (!finite && !timers_if_any(group)) return;
  const u64 seconds = std::min(std::max<u64>(limit.soft, 1), kMostNs / kNsPerSecond);
  process_timers(group)->watch_cpu(finite ? seconds * kNsPerSecond : 0);
}

void forget_timers(Task& task) {
  task.group().restores_timer_ids = false;
  if (const Ref<ProcessTimers> timers = timers_if_any(task.group())) timers->remove_posix();
}

void end_timers(ThreadGroup& group) {
  if (const Ref<ProcessTimers> timers = timers_if_any(group)) timers->stop_all();
}

void timer_signal_taken(ThreadGroup& group, SignalInfo& info) {
  if (const Ref<ProcessTimers> timers = timers_if_any(group)) timers->on_delivery(info);
}

}  // namespace limen
