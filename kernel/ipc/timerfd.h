// timerfd_create(2): a timer behind a descriptor. Source: fs/timerfd.c.
//
// Expirations are computed when somebody looks: a timer is its next expiry and its interval, and the kernel's timer thread is asked for one
// wake-up at the expiry only. So an interval of a nanosecond costs what one of a day costs.
//
// Deviation: TFD_TIMER_CANCEL_ON_SET notices that the host has set its clock when the timer is read or polled; nobody is woken by it. (A
// guest cannot set the clock.) Lock: lock_ (rank `ipc`).
#pragma once

#include "base/lock.h"
#include "kernel/time/timers.h"
#include "kernel/vfs/file.h"

namespace limen {

class TimerFile final : public File {
 public:
  TimerFile(Path path, u32 flags, Kernel& kernel, i32 clock_id, TimerClock clock);

  TimerClock clock() const { return clock_; }
  bool is_alarm() const;  // one of the clocks that wake the machine
  // `flags` are TFD_TIMER_*; returns what was set before.
  TimerSetting set(TimerSetting setting, u32 flags);
  TimerSetting get();
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;  // TFD_IOC_SET_TICKS

  bool seekable() const override { return false; }
  Result<u64> seek(Task&, i64, int) override { return u64{0}; }  // Linux: noop_llseek
  PollEvents poll(PollTable* table) override;
  std::string describe() override;

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  void released() override;

 private:
  // What the timer thread wakes; it outlives the file while a wake-up is on its way.
  struct Waiters final : RefCounted {
    WaitQueue queue;
  };
  u64 now() const;
  i64 clock_offset() const;
  bool is_cancelled() const REQUIRES(lock_);
  bool is_due() const REQUIRES(lock_);
  TimerSetting setting(u64 now) const REQUIRES(lock_);
  void schedule() REQUIRES(lock_);

  Kernel& kernel_;
  const i32 clock_id_;
  const TimerClock clock_;
  const Ref<Waiters> waiters_;
  mutable Mutex lock_{LockRank::ipc};
  u64 expiry_ GUARDED_BY(lock_) = 0;  // in the clock's own time; 0: not set
  u64 interval_ GUARDED_BY(lock_) = 0;
  u64 more_ticks_ GUARDED_BY(lock_) = 0;  // of TFD_IOC_SET_TICKS, beside those that the clock makes
  u32 flags_of_set_ GUARDED_BY(lock_) = 0;
  i64 offset_when_set_ GUARDED_BY(lock_) = 0;
  u64 handle_ GUARDED_BY(lock_) = 0;  // in the kernel's TimerQueue
};

}  // namespace limen
