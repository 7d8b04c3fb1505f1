// The timers of a process: setitimer(2), alarm(2), timer_create(2). Kept in ThreadGroup::timers, which is null until the first.
//
// An interval timer is not set anew when it expires but when its signal is taken: however short the interval, at most one
// signal of each timer is pending and the kernel does no work for expiries that nobody sees (they are counted as overruns).
// Source: kernel/time/posix-timers.c, itimer.c.
//
// Locks: ProcessTimers::lock_ (rank `clock`) is taken with nothing of a later rank held; signals are sent without it.
#pragma once

#include <array>
#include <map>
#include <optional>

#include "abi/time.h"
#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/signal/signal.h"
#include "kernel/time/clock.h"

namespace limen {

class Task;
class ThreadGroup;

// What a timer counts by.
enum class TimerClock : u8 { monotonic, realtime, boottime, process_cpu, process_user, thread_cpu };

struct TimerSetting {
  u64 interval_ns = 0;
  u64 value_ns = 0;  // to go; 0: not set
};
abi::ITimerSpec to_itimerspec(const TimerSetting& setting);

class ProcessTimers final : public RefCounted {
 public:
  explicit ProcessTimers(ThreadGroup& group) : group_(group) {}

  // ITIMER_*: 0..2. Both return what was set before; value_ns is relative.
  TimerSetting set_itimer(usize which, TimerSetting setting);
  TimerSetting get_itimer(usize which);

  // timer_create. eagain at the limit. `tid` of a CPU clock's thread or of SIGEV_THREAD_ID's target; 0: none.
  struct Created {
    TimerClock clock = TimerClock::monotonic;
    Pid clock_tid;
    bool notifies = true;  // not SIGEV_NONE
    Pid target_tid;        // SIGEV_THREAD_ID
    Signal signo;
    std::optional<u64> value;  // none: the timer's id (no sigevent was given)
    std::optional<i32> id;     // PR_TIMER_CREATE_RESTORE_IDS; ebusy where it is taken
  };
  Result<i32> create(const Created& what);
  Result<TimerSetting> settime(i32 id, TimerSetting setting, bool absolute);  // einval; the setting before
  Result<TimerClock> clock_of(i32 id);                                        // einval
  Result<TimerSetting> gettime(i32 id);
  Result<i64> overrun(i32 id);
  Result<void> remove(i32 id);

  // RLIMIT_CPU: at `expiry_ns` of the process's CPU time the limit is looked at; 0: never.
  void watch_cpu(u64 expiry_ns);

  void remove_posix();  // execve
  void stop_all();      // the process has ended
  // A signal of a timer is about to be delivered: fills in the overrun and sets the timer for its next expiry. Any thread.
  void on_delivery(SignalInfo& info);

 private:
  struct Timer {
    Created what;
    u64 interval = 0;
    u64 expiry = 0;            // in the clock's own time; 0: not set
    u64 handle = 0;            // in the kernel's TimerQueue
    u64 generation = 0;        // of the setting: an expiry that comes too late finds another
    bool undelivered = false;  // its signal is pending; the next expiry is computed when it is taken
    i64 last_overrun = 0;
  };
  // One of each ITIMER_* has a key below, a POSIX timer its id.
  static constexpr i32 itimer_key(usize which) { return -1 - static_cast<i32>(which); }

  static constexpr i32 kCpuLimitKey = -4;

  u64 read(TimerClock clock, Pid tid) const;
  TimerSetting setting_of(const Timer& timer, u64 now) const;
  TimerSetting arm(i32 key, Timer& timer, TimerSetting setting, bool absolute, u64 now) REQUIRES(lock_);
  void schedule(i32 key, Timer& timer, u64 now) REQUIRES(lock_);
  void disarm(Timer& timer) REQUIRES(lock_);
  void expire(i32 key, u64 generation);
  void send(i32 key, const Created& what);
  void enforce_cpu_limit(u64 used_ns);

  ThreadGroup& group_;  // which owns this; a timer that is set keeps the group alive
  Mutex lock_{LockRank::timers};
  std::map<i32, Timer> timers_ GUARDED_BY(lock_);
  i32 next_id_ GUARDED_BY(lock_) = 0;
};

// The group's timers, made where there are none.
Ref<ProcessTimers> process_timers(ThreadGroup& group);
// RLIMIT_CPU was set or inherited: SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one.
void watch_cpu_limit(ThreadGroup& group);
// execve(2): POSIX timers end, the three of setitimer stay.
void forget_timers(Task& task);
// The last thread has gone: nothing fires any more.
void end_timers(ThreadGroup& group);
// A timer's signal, on its way to a handler, signalfd or sigtimedwait.
void timer_signal_taken(ThreadGroup& group, SignalInfo& info);

}  // namespace limen
