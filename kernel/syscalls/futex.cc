// futex(2), futex_waitv(2), futex_wake(2), futex_wait(2), futex_requeue(2). Source: kernel/futex/syscalls.c.
#include "kernel/ipc/futex.h"

#include "abi/futex.h"
#include "abi/time.h"
#include "kernel/ipc/timeout.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/time/time_namespace.h"

namespace limen {
namespace {

using Word = FutexTable::Word;

// With a timeout the call goes on after a stop until the same deadline, else it is made again.
Result<i64> wait_until(Task& task, Word word, u32 expected, u32 bitset, Deadline deadline) {
  const Result<void> result = task.kernel().futexes().wait(task, word, expected, bitset, deadline);
  if (result.ok()) return 0;
  if (!result.is(Errno::erestartsys) || deadline.is_never()) return result.error();
  task.set_restart({[=](Task& t) { return wait_until(t, word, expected, bitset, deadline); }});
  return Errno::erestart_restartblock;
}

enum class Meaning : u8 { relative, absolute };

// never() where there is no timeout.
Result<Deadline> read_deadline(Task& task, GuestAddr timeout, Meaning meaning, bool realtime) {
  if (timeout.is_null()) return Deadline::never();
  const abi::TimeSpec t = TRY(UserIn<abi::TimeSpec>(timeout).read(task));
  const u64 ns = TRY(to_ns(t));
  if (meaning == Meaning::relative) return task.clock().after(ns);
  return realtime ? realtime_deadline(task.clock(), ns) : Deadline::at(meant_time(task, TimerClock::monotonic, ns));
}

Result<i64> no_value(Result<void> result) { return result.ok() ? Result<i64>(0) : Result<i64>(result.error()); }

}  // namespace

Result<i64> sys_futex(Task& task, UserInOut<u32> uaddr, FutexOp op, u32 val, u64 timeout_or_val2, UserInOut<u32> uaddr2,
                      u32 val3) {
  FutexTable& futexes = task.kernel().futexes();
  const bool is_private = op.has(abi::futex_private_flag);
  const bool realtime = op.has(abi::futex_clock_realtime);
  const u32 command = op.raw() & abi::futex_cmd_mask;
  if (realtime && command != abi::futex_wait_bitset && command != abi::futex_wait_requeue_pi &&
      command != abi::futex_lock_pi2) {
    return Errno::enosys;
  }
  const Word word{uaddr.addr(), is_private};
  const Word word2{uaddr2.addr(), is_private};
  const GuestAddr timeout(timeout_or_val2);
  const i32 count = static_cast<i32>(val);
  const i32 count2 = static_cast<i32>(timeout_or_val2);
  using Try = FutexTable::Try;
  switch (command) {
    case abi::futex_wait: {
      const Deadline deadline = TRY(read_deadline(task, timeout, Meaning::relative, false));
      return wait_until(task, word, val, abi::futex_bitset_match_any, deadline);
    }
    case abi::futex_wait_bitset: {
      const Deadline deadline = TRY(read_deadline(task, timeout, Meaning::absolute, realtime));
      return wait_until(task, word, val, val3, deadline);
    }
    case abi::futex_wake:
      return futexes.wake(task, word, count, abi::futex_bitset_match_any);
    case abi::futex_wake_bitset:
      return futexes.wake(task, word, count, val3);
    case abi::futex_requeue:
      return futexes.requeue(task, word, word2, count, count2, nullptr);
    case abi::futex_cmp_requeue:
      return futexes.requeue(task, word, word2, count, count2, &val3);
    case abi::futex_wake_op:
      return futexes.wake_op(task, word, word2, count, count2, val3);
    case abi::futex_lock_pi: {
      const Deadline deadline = TRY(read_deadline(task, timeout, Meaning::absolute, true));
      return no_value(futexes.lock_pi(task, word, deadline, Try::no));
    }
    case abi::futex_lock_pi2: {
      const Deadline deadline = TRY(read_deadline(task, timeout, Meaning::absolute, realtime));
      return no_value(futexes.lock_pi(task, word, deadline, Try::no));
    }
    case abi::futex_trylock_pi:
      return no_value(futexes.lock_pi(task, word, Deadline::never(), Try::yes));
    case abi::futex_unlock_pi:
      return no_value(futexes.unlock_pi(task, word));
    case abi::futex_wait_requeue_pi: {
      const Deadline deadline = TRY(read_deadline(task, timeout, Meaning::absolute, realtime));
      return no_value(futexes.wait_requeue_pi(task, word, val, word2, deadline));
    }
    case abi::futex_cmp_requeue_pi:
      return futexes.requeue_pi(task, word, word2, count, count2, val3);
    default:
      return Errno::enosys;  // FUTEX_FD is no more
  }
}

namespace {

constexpr u32 kKnownFutex2 = abi::futex2_size_mask | abi::futex2_private;

Result<void> check_futex2(u32 flags) {
  if ((flags & ~kKnownFutex2) != 0) return Errno::einval;
  return (flags & abi::futex2_size_mask) == abi::futex2_size_u32 ? Result<void>() : Result<void>(Errno::einval);
}

Word word_of(GuestAddr addr, u32 flags) { return {addr, (flags & abi::futex2_private) != 0}; }

Result<Deadline> futex2_deadline(Task& task, UserIn<abi::TimeSpec> timeout, ClockId clockid) {
  if (timeout.is_null()) return Deadline::never();
  if (clockid.raw() != abi::clock_monotonic && clockid.raw() != abi::clock_realtime) return Errno::einval;
  return read_deadline(task, timeout.addr(), Meaning::absolute, clockid.raw() == abi::clock_realtime);
}

bool is_u32(u64 value) { return value >> 32 == 0; }

}  // namespace

Result<i64> sys_futex_waitv(Task& task, UserArray<In, abi::FutexWaitV> waiters, u32 nr_futexes, u32 flags,
                            UserIn<abi::TimeSpec> timeout, ClockId clockid) {
  if (flags != 0 || nr_futexes == 0 || nr_futexes > abi::futex_waitv_max || waiters.is_null()) return Errno::einval;
  const Deadline deadline = TRY(futex2_deadline(task, timeout, clockid));
  const std::vector<abi::FutexWaitV> array = TRY(waiters.read_array(task, nr_futexes));
  std::vector<FutexTable::Expected> words;
  for (const abi::FutexWaitV& w : array) {
    if (w.reserved != 0 || !is_u32(w.val)) return Errno::einval;
    TRY(check_futex2(w.flags));
    words.push_back({word_of(w.uaddr, w.flags), static_cast<u32>(w.val)});
  }
  const usize woken = TRY(task.kernel().futexes().wait_any(task, words, deadline));
  return static_cast<i64>(woken);
}

Result<i64> sys_futex_wake(Task& task, UserInOut<u32> uaddr, u64 mask, int nr, u32 flags) {
  TRY(check_futex2(flags));
  if (!is_u32(mask)) return Errno::einval;
  if (nr == 0) return 0;  // these calls take 0 at its word
  return task.kernel().futexes().wake(task, word_of(uaddr.addr(), flags), nr, static_cast<u32>(mask));
}

Result<i64> sys_futex_wait(Task& task, UserInOut<u32> uaddr, u64 val, u64 mask, u32 flags,
                           UserIn<abi::TimeSpec> timeout, ClockId clockid) {
  TRY(check_futex2(flags));
  if (!is_u32(val) || !is_u32(mask)) return Errno::einval;
  const Deadline deadline = TRY(futex2_deadline(task, timeout, clockid));
  const Word word = word_of(uaddr.addr(), flags);
  return wait_until(task, word, static_cast<u32>(val), static_cast<u32>(mask), deadline);
}

Result<i64> sys_futex_requeue(Task& task, UserArray<In, abi::FutexWaitV> waiters, u32 flags, int nr_wake,
                              int nr_requeue) {
  if (flags != 0 || waiters.is_null()) return Errno::einval;
  const std::vector<abi::FutexWaitV> pair = TRY(waiters.read_array(task, 2));
  for (const abi::FutexWaitV& w : pair) {
    if (w.reserved != 0 || !is_u32(w.val)) return Errno::einval;
    TRY(check_futex2(w.flags));
  }
  const u32 expected = static_cast<u32>(pair[0].val);
  return task.kernel().futexes().requeue(task, word_of(pair[0].uaddr, pair[0].flags),
                                         word_of(pair[1].uaddr, pair[1].flags), nr_wake, nr_requeue, &expected);
}

}  // namespace limen
