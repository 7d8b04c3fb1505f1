// poll(2), ppoll(2), select(2), pselect6(2). Source: fs/select.c.
#include "kernel/ipc/poll.h"

#include <algorithm>
#include <bit>

#include "abi/poll.h"
#include "abi/resource.h"
#include "abi/signal.h"
#include "kernel/ipc/timeout.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

using PollFds = UserArray<InOut, abi::PollFd>;

Result<i64> do_poll(Task& task, PollFds user, u32 count, Deadline deadline) {
  if (count > task.group().limit(abi::rlimit_nofile).soft) return Errno::einval;
  std::vector<abi::PollFd> fds = TRY(user.in().read_array(task, count));
  std::vector<PollItem> items(count);
  for (u32 i = 0; i < count; ++i) {
    items[i].ignore = fds[i].fd < 0;
    if (items[i].ignore) continue;
    items[i].events = fds[i].events | kPollErr | kPollHup;
    const Result<Ref<File>> file = task.files().get(Fd(fds[i].fd));
    if (file.ok() && !(*file)->is_path_only()) items[i].file = *file;
  }
  const usize ready = TRY(wait_for_any(task, items, deadline));
  for (u32 i = 0; i < count; ++i) {
    const u64 revents = user.raw() + i * sizeof(abi::PollFd) + offsetof(abi::PollFd, revents);
    TRY(UserOut<u16>(GuestAddr(revents)).write(task, static_cast<u16>(items[i].ready)));
  }
  return static_cast<i64>(ready);
}

// poll(2) goes on after a stop with the time that was left: the deadline is in the record.
Result<i64> poll_until(Task& task, PollFds fds, u32 count, Deadline deadline) {
  Result<i64> result = do_poll(task, fds, count, deadline);
  if (!result.is(Errno::erestartnohand)) return result;
  task.set_restart({[=](Task& t) { return poll_until(t, fds, count, deadline); }});
  return Errno::erestart_restartblock;
}

// The signal mask of ppoll, pselect6 and epoll_pwait: one for the length of the call.
Result<void> apply_mask(Task& task, GuestAddr mask, usize size) {
  if (mask.is_null()) return success;
  if (size != abi::sigset_size) return Errno::einval;
  const abi::SigSet set = TRY(UserIn<abi::SigSet>(mask).read(task));
  task.set_temporary_mask(SignalSet(set.bits));
  return success;
}

// Tells the time that is left, as Linux does and POSIX allows. Where the memory cannot be written the call must not be
// restarted with the whole time (Linux: poll_select_finish).
template <typename Write>
Result<i64> tell_remaining(Result<i64> result, Write write) {
  if (write().ok() || !result.is(Errno::erestartnohand)) return result;
  return Errno::eintr;
}

// --- select -----------------------------------------------------------------------------------------------------------

constexpr PollEvents kInSet = kPollNval | kPollRdNorm | kPollRdBand | kPollIn | kPollHup | kPollErr;
constexpr PollEvents kOutSet = kPollNval | kPollWrBand | kPollWrNorm | kPollOut | kPollErr;
constexpr PollEvents kExceptSet = kPollNval | kPollPri;

using FdSet = UserArray<InOut, u64>;
struct FdSets {
  FdSet in, out, except;
};

// Descriptors beyond the table that Linux would have allocated are not looked at (select(2), BUGS).
u32 table_size(Task& task) {
  u32 highest = 0;
  for (const auto& [fd, file] : task.files().list()) highest = std::max(highest, static_cast<u32>(fd.raw()));
  return highest < 64 ? 64 : std::bit_ceil(highest / 128 + 1) * 128;
}

Result<std::vector<u64>> read_set(Task& task, FdSet set, usize words) {
  if (set.is_null()) return std::vector<u64>(words);
  return set.in().read_array(task, words);
}

Result<void> write_set(Task& task, FdSet set, std::span<const u64> words) {
  return set.is_null() ? Result<void>() : set.out().write_array(task, words);
}

bool bit(const std::vector<u64>& words, u32 n) { return (words[n / 64] >> (n % 64) & 1) != 0; }

struct Selected {
  std::vector<PollItem> items;
  std::vector<u32> fds;
};

Result<Selected> collect(Task& task, u32 count, const std::vector<u64>& in, const std::vector<u64>& out,
                         const std::vector<u64>& except) {
  Selected selected;
  for (u32 fd = 0; fd < count; ++fd) {
    if (((in[fd / 64] | out[fd / 64] | except[fd / 64]) >> (fd % 64) & 1) == 0) continue;
    PollItem item;
    if (bit(in, fd)) item.events |= kInSet;
    if (bit(out, fd)) item.events |= kOutSet;
    if (bit(except, fd)) item.events |= kExceptSet;
    Result<Ref<File>> file = task.files().get(Fd(static_cast<i32>(fd)));
    if (!file.ok()) {
      if (fd < table_size(task)) return Errno::ebadf;
      break;
    }
    if (!(*file)->is_path_only()) item.file = std::move(*file);  // else POLLNVAL, which every set takes
    selected.items.push_back(std::move(item));
    selected.fds.push_back(fd);
  }
  return selected;
}

Result<i64> do_select(Task& task, int nfds, const FdSets& sets, Deadline deadline) {
  if (nfds < 0) return Errno::einval;
  const u32 count = std::min(static_cast<u32>(nfds), task.kernel().options().limits.files);
  const usize words = (count + 63) / 64;
  std::vector<u64> in = TRY(read_set(task, sets.in, words));
  std::vector<u64> out = TRY(read_set(task, sets.out, words));
  std::vector<u64> except = TRY(read_set(task, sets.except, words));
  Selected selected = TRY(collect(task, count, in, out, except));
  TRY(wait_for_any(task, selected.items, deadline));

  std::vector<u64> ready_in(words), ready_out(words), ready_except(words);
  i64 ready = 0;
  for (usize i = 0; i < selected.items.size(); ++i) {
    const u32 fd = selected.fds[i];
    const PollEvents events = selected.items[i].ready;
    const u64 mask = u64{1} << (fd % 64);
    const auto mark = [&](const std::vector<u64>& wanted, std::vector<u64>& result, PollEvents of) {
      if (!bit(wanted, fd) || (events & of) == 0) return;
      result[fd / 64] |= mask;
      ++ready;
    };
    mark(in, ready_in, kInSet);
    mark(out, ready_out, kOutSet);
    mark(except, ready_except, kExceptSet);
  }
  TRY(write_set(task, sets.in, ready_in));
  TRY(write_set(task, sets.out, ready_out));
  TRY(write_set(task, sets.except, ready_except));
  return ready;
}

}  // namespace

Result<i64> sys_poll(Task& task, PollFds fds, u32 nfds, int timeout_ms) {
  return poll_until(task, fds, nfds, millisecond_deadline(task.clock(), timeout_ms));
}

Result<i64> sys_ppoll(Task& task, PollFds fds, u32 nfds, UserInOut<abi::TimeSpec> timeout, UserIn<abi::SigSet> sigmask,
                      usize sigsetsize) {
  Deadline deadline = Deadline::never();
  if (!timeout.is_null()) {
    const abi::TimeSpec t = TRY(timeout.read(task));
    deadline = TRY(relative_deadline(task.clock(), t));
    if (t.tv_sec == 0 && t.tv_nsec == 0) deadline = Deadline::past();
  }
  TRY(apply_mask(task, sigmask.addr(), sigsetsize));
  Result<i64> result = do_poll(task, fds, nfds, deadline);
  if (timeout.is_null()) return result;
  return tell_remaining(std::move(result),
                        [&] { return timeout.write(task, to_timespec(remaining_ns(task.clock(), deadline))); });
}

Result<i64> sys_select(Task& task, int nfds, FdSet readfds, FdSet writefds, FdSet exceptfds,
                       UserInOut<abi::TimeVal> timeout) {
  Deadline deadline = Deadline::never();
  if (!timeout.is_null()) {
    const abi::TimeVal t = TRY(timeout.read(task));
    // Microseconds beyond a second are carried, not refused (Linux: kern_select).
    const i64 seconds = t.tv_sec + t.tv_usec / 1'000'000;
    const u64 ns = TRY(to_ns(abi::TimeSpec{seconds, t.tv_usec % 1'000'000 * 1000}));
    deadline = ns == 0 ? Deadline::past() : task.clock().after(ns);
  }
  Result<i64> result = do_select(task, nfds, {readfds, writefds, exceptfds}, deadline);
  if (timeout.is_null()) return result;
  return tell_remaining(std::move(result), [&] {
    const abi::TimeSpec left = to_timespec(remaining_ns(task.clock(), deadline));
    return timeout.write(task, {left.tv_sec, left.tv_nsec / 1000});
  });
}

Result<i64> sys_pselect6(Task& task, int nfds, FdSet readfds, FdSet writefds, FdSet exceptfds,
                         UserInOut<abi::TimeSpec> timeout, UserIn<abi::SigSetArg> sigmask) {
  abi::SigSetArg mask{};
  if (!sigmask.is_null()) mask = TRY(sigmask.read(task));
  Deadline deadline = Deadline::never();
  if (!timeout.is_null()) {
    const abi::TimeSpec t = TRY(timeout.read(task));
    deadline = TRY(relative_deadline(task.clock(), t));
    if (t.tv_sec == 0 && t.tv_nsec == 0) deadline = Deadline::past();
  }
  TRY(apply_mask(task, mask.mask, mask.size));
  Result<i64> result = do_select(task, nfds, {readfds, writefds, exceptfds}, deadline);
  if (timeout.is_null()) return result;
  return tell_remaining(std::move(result),
                        [&] { return timeout.write(task, to_timespec(remaining_ns(task.clock(), deadline))); });
}

}  // namespace limen
