#include "kernel/ipc/timerfd.h"

#include <algorithm>

#include "abi/poll.h"
#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/time/time_values.h"
#include "kernel/time/timer_queue.h"

namespace limen {
namespace {

constexpr i64 kClockWasSet =
    100'000'000;  // a smaller step of the host's clock is not told from the noise of reading it

u64 saturating_add(u64 a, u64 b) { return a > kMostNs || b > kMostNs - a ? kMostNs : a + b; }

}  // namespace

TimerFile::TimerFile(Path path, u32 flags, Kernel& kernel, i32 clock_id, TimerClock clock)
    : File(std::move(path), flags),
      kernel_(kernel),
      clock_id_(clock_id),
      clock_(clock),
      waiters_(make_ref<Waiters>()) {}

bool TimerFile::is_alarm() const {
  return clock_id_ == abi::clock_realtime_alarm || clock_id_ == abi::clock_boottime_alarm;
}

u64 TimerFile::now() const {
  Clock& clock = kernel_.clock();
  if (clock_ == TimerClock::realtime) return clock.realtime_ns();
  return clock_ == TimerClock::boottime ? clock.boottime_ns() : clock.monotonic_ns();
}

i64 TimerFile::clock_offset() const {
  return static_cast<i64>(kernel_.clock().realtime_ns()) - static_cast<i64>(kernel_.clock().monotonic_ns());
}

bool TimerFile::is_cancelled() const {
  constexpr u32 kBoth = abi::tfd_timer_abstime | abi::tfd_timer_cancel_on_set;
  if (clock_ != TimerClock::realtime || (flags_of_set_ & kBoth) != kBoth) return false;
  const i64 step = clock_offset() - offset_when_set_;
  return step > kClockWasSet || step < -kClockWasSet;
}

bool TimerFile::is_due() const { return expiry_ != 0 && now() >= expiry_; }

// An expiry that nobody has read counts on: what is told is the next one.
TimerSetting TimerFile::setting(u64 now) const {
  TimerSetting out{.interval_ns = interval_};
  if (expiry_ > now) {
    out.value_ns = expiry_ - now;
  } else if (expiry_ != 0 && interval_ != 0) {
    out.value_ns = interval_ - (now - expiry_) % interval_;
  }
  return out;
}

void TimerFile::schedule() {
  if (handle_ != 0) kernel_.timers().cancel(handle_);
  handle_ = 0;
  if (expiry_ == 0) return;
  const u64 at = now();
  const u64 wait = expiry_ > at ? expiry_ - at : 0;
  handle_ = kernel_.timers().set(kernel_.clock().after(wait), waiters_,
                                 [waiters = waiters_.get()] { waiters->queue.wake(kPollIn); });
}

TimerSetting TimerFile::set(TimerSetting wanted, u32 flags) {
  bool due = false;
  TimerSetting old;
  {
    MutexGuard guard(lock_);
    const u64 at = now();
    old = setting(at);
    flags_of_set_ = flags;
    offset_when_set_ = clock_offset();
    interval_ = wanted.interval_ns;
    expiry_ = 0;
    more_ticks_ = 0;
    if (wanted.value_ns != 0) {
      const bool absolute = (flags & abi::tfd_timer_abstime) != 0;
      expiry_ = absolute ? wanted.value_ns : saturating_add(at, wanted.value_ns);
    }
    due = is_due();
    schedule();
  }
  if (due) waiters_->queue.wake(kPollIn);
  return old;
}

TimerSetting TimerFile::get() {
  MutexGuard guard(lock_);
  return setting(now());
}

PollEvents TimerFile::poll(PollTable* table) {
  if (table != nullptr) table->add(waiters_, waiters_->queue);
  MutexGuard guard(lock_);
  return is_due() || more_ticks_ != 0 || is_cancelled() ? kPollIn : 0;
}

Result<usize> TimerFile::try_read(Task&, UserBuffer& to, u64*) {
  if (to.remaining() < sizeof(u64)) return Errno::einval;
  u64 ticks = 0;
  {
    MutexGuard guard(lock_);
    if (is_cancelled()) {
      offset_when_set_ = clock_offset();
      return Errno::ecanceled;
    }
    const u64 at = now();
    if (expiry_ != 0 && at >= expiry_) {
      ticks = 1;
      if (interval_ == 0) {
        expiry_ = 0;
      } else {
        ticks += (at - expiry_) / interval_;
        expiry_ = saturating_add(expiry_, ticks * interval_);
        schedule();
      }
    }
    ticks += std::exchange(more_ticks_, 0);
    if (ticks == 0) return Errno::eagain;
  }
  // As on Linux a bad address loses what was read.
  const usize n = TRY(to.copy_out({reinterpret_cast<const u8*>(&ticks), sizeof ticks}));
  return n == sizeof ticks ? Result<usize>(n) : Result<usize>(Errno::efault);
}

// Ticks that have come are replaced, by at least one. Source: fs/timerfd.c:timerfd_ioctl.
Result<i64> TimerFile::ioctl(Task& task, u32 command, u64 argument) {
  if (command != abi::tfd_ioc_set_ticks) return Errno::enotty;
  u64 ticks = 0;
  TRY(copy_from_user(task, &ticks, GuestAddr(argument), sizeof ticks));
  if (ticks == 0) return Errno::einval;
  {
    MutexGuard guard(lock_);
    if (is_cancelled()) return Errno::ecanceled;
    more_ticks_ = ticks - static_cast<u64>(is_due());
  }
  waiters_->queue.wake(kPollIn);
  return 0;
}

void TimerFile::released() {
  MutexGuard guard(lock_);
  expiry_ = 0;
  schedule();
}

std::string TimerFile::describe() {
  MutexGuard guard(lock_);
  const u64 at = now();
  const TimerSetting left = setting(at);
  u64 ticks = 0;
  if (expiry_ != 0 && at >= expiry_) ticks = interval_ == 0 ? 1 : 1 + (at - expiry_) / interval_;
  ticks += more_ticks_;
  const abi::TimeSpec value = to_timespec(left.value_ns), interval = to_timespec(left.interval_ns);
  char text[200];
  std::snprintf(text, sizeof text,
                "clockid: %d\nticks: %llu\nsettime flags: 0%o\nit_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
                clock_id_, static_cast<unsigned long long>(ticks), flags_of_set_,
                static_cast<unsigned long long>(value.tv_sec), static_cast<unsigned long long>(value.tv_nsec),
                static_cast<unsigned long long>(interval.tv_sec), static_cast<unsigned long long>(interval.tv_nsec));
  return text;
}

}  // namespace limen
