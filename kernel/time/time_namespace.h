// Time namespaces: monotonic and boot time with offsets. Source: time_namespaces(7), kernel/time/namespace.c.
//
// The one Clock knows nothing of them: a time is translated where a guest says or hears it, as an id is.
//
//   ns += task.namespaces()...                      // no: by these two
//   tp.write(task, to_timespec(seen_time(task, TimerClock::monotonic, ns)));
//   deadline = Deadline::at(meant_time(task, TimerClock::monotonic, given));
//
// Offsets are written before the first process lives in it, through /proc/PID/timens_offsets, and never after. Guests in another than
// the first namespace ask the kernel for every reading: the gate does not answer, and their vDSO has a page that cannot say.
#pragma once

#include "base/lock.h"
#include "kernel/cred/namespace.h"
#include "kernel/time/timers.h"

namespace limen {

class Task;

class TimeNamespace final : public Namespace {
 public:
  struct Offsets {
    i64 monotonic = 0, boottime = 0;  // nanoseconds
  };
  TimeNamespace() : Namespace(NamespaceKind::time) {}
  TimeNamespace(const TimeNamespace& old, Ref<UserNamespace> owner, UserCharge charge)
      : Namespace(NamespaceKind::time, std::move(owner), std::move(charge)), offsets_(old.offsets()) {}

  Offsets offsets() const {
    MutexGuard guard(lock_);
    return offsets_;
  }
  i64 offset(TimerClock clock) const {
    if (is_first()) return 0;
    const Offsets all = offsets();
    return clock == TimerClock::monotonic ? all.monotonic : clock == TimerClock::boottime ? all.boottime : 0;
  }
  // eacces: somebody lives in it.
  Result<void> set(const Offsets& offsets) {
    MutexGuard guard(lock_);
    if (is_first() || frozen_) return Errno::eacces;
    offsets_ = offsets;
    return success;
  }
  void freeze() {
    MutexGuard guard(lock_);
    frozen_ = true;
  }

 private:
  mutable Mutex lock_{LockRank::leaf};
  Offsets offsets_ GUARDED_BY(lock_);
  bool frozen_ GUARDED_BY(lock_) = false;
};

// [self] A reading as the task sees it, and what the task means by a time; a time before the clock's start is its start.
u64 seen_time(Task& task, TimerClock clock, u64 ns);
u64 meant_time(Task& task, TimerClock clock, u64 ns);

}  // namespace limen
