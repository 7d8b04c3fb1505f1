// epoll_create(2), epoll_ctl(2), epoll_wait(2), epoll_pwait(2), epoll_pwait2(2).
#include "kernel/ipc/epoll.h"

#include "abi/fcntl.h"
#include "abi/signal.h"
#include "kernel/ipc/timeout.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

using Events = UserArray<Out, abi::EpollEvent>;

constexpr int kMostEpollEvents = 0x7fffffff / static_cast<int>(sizeof(abi::EpollEvent));

Result<i64> wait(Task& task, Fd epfd, Events events, int most, Deadline deadline) {
  const Ref<File> file = TRY(task.files().get(epfd));
  if (file->is_path_only()) return Errno::ebadf;
  if (most <= 0 || most > kMostEpollEvents) return Errno::einval;
  auto* const epoll_file = dynamic_cast<EpollFile*>(file.get());
  if (epoll_file == nullptr) return Errno::einval;
  const Ref<Epoll> epoll = epoll_file->epoll();
  const usize limit = static_cast<usize>(most);  // no more than the epoll watches, which is bounded
  const auto attempt = [&] { return epoll->take(limit); };
  auto taken = deadline == Deadline::past() ? attempt() : task.block(epoll->queue, deadline, attempt);
  if (taken.is(Errno::eagain) || taken.is(Errno::etimedout)) return 0;
  if (taken.is(Errno::erestartsys)) return Errno::eintr;
  const std::vector<abi::EpollEvent> ready = TRY(std::move(taken));
  TRY(events.write_array(task, ready));
  return static_cast<i64>(ready.size());
}

Result<void> apply_mask(Task& task, UserIn<abi::SigSet> mask, usize size) {
  if (mask.is_null()) return success;
  if (size != abi::sigset_size) return Errno::einval;
  const abi::SigSet set = TRY(mask.read(task));
  task.set_temporary_mask(SignalSet(set.bits));
  return success;
}

bool can_be_polled(File& file) {
  if (!file.has_inode()) return true;
  const Result<Attributes> a = file.attributes();
  return !a.ok() || (!a->is_regular() && !a->is_directory());
}

}  // namespace

Result<i64> sys_epoll_create1(Task& task, EpollFlags flags) {
  if (flags.unknown(abi::epoll_cloexec) != 0) return Errno::einval;
  Kernel& kernel = task.kernel();
  const Credentials& who = task.credentials();
  Ref<Epoll> epoll =
      make_ref<Epoll>(kernel.ipc_memory(), who.user_ns->account(who.uid), kernel.settings().epoll_max_user_watches);
  Ref<File> file = make_ref<EpollFile>(anon_path(task, "anon_inode:[eventpoll]", 0600), abi::o_rdwr, std::move(epoll));
  const FdFlags fd_flags = flags.has(abi::epoll_cloexec) ? FdFlags::close_on_exec : FdFlags::none;
  const Fd fd = TRY(task.files().install(task, std::move(file), fd_flags));
  return fd.raw();
}

Result<i64> sys_epoll_create(Task& task, int size) {
  return size <= 0 ? Result<i64>(Errno::einval) : sys_epoll_create1(task, EpollFlags());
}

Result<i64> sys_epoll_ctl(Task& task, Fd epfd, EpollOp op, Fd fd, UserIn<abi::EpollEvent> event) {
  abi::EpollEvent wanted{};
  if (op.raw() != abi::epoll_ctl_del) wanted = TRY(event.read(task));
  const Ref<File> epoll_file = TRY(task.files().get(epfd));
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only() || epoll_file->is_path_only()) return Errno::ebadf;
  if (!can_be_polled(*file)) return Errno::eperm;
  auto* const self = dynamic_cast<EpollFile*>(epoll_file.get());
  if (self == nullptr || epoll_file == file) return Errno::einval;
  switch (op.raw()) {
    case abi::epoll_ctl_add: {
      // One at a time where the graph of epolls changes.
      std::optional<MutexGuard> nesting;
      if (dynamic_cast<EpollFile*>(file.get()) != nullptr) nesting.emplace(task.kernel().epoll_nesting);
      TRY(self->epoll()->add(*self, file, fd, wanted));
      return 0;
    }
    case abi::epoll_ctl_mod:
      TRY(self->epoll()->modify(*file, fd, wanted));
      return 0;
    case abi::epoll_ctl_del:
      TRY(self->epoll()->remove(*file, fd));
      return 0;
    default:
      return Errno::einval;
  }
}

Result<i64> sys_epoll_wait(Task& task, Fd epfd, Events events, int maxevents, int timeout_ms) {
  return wait(task, epfd, events, maxevents, millisecond_deadline(task.clock(), timeout_ms));
}

Result<i64> sys_epoll_pwait(Task& task, Fd epfd, Events events, int maxevents, int timeout_ms,
                            UserIn<abi::SigSet> sigmask, usize sigsetsize) {
  TRY(apply_mask(task, sigmask, sigsetsize));
  return wait(task, epfd, events, maxevents, millisecond_deadline(task.clock(), timeout_ms));
}

Result<i64> sys_epoll_pwait2(Task& task, Fd epfd, Events events, int maxevents, UserIn<abi::TimeSpec> timeout,
                             UserIn<abi::SigSet> sigmask, usize sigsetsize) {
  Deadline deadline = Deadline::never();
  if (!timeout.is_null()) {
    const abi::TimeSpec t = TRY(timeout.read(task));
    const u64 ns = TRY(to_ns(t));
    deadline = ns == 0 ? Deadline::past() : task.clock().after(ns);
  }
  TRY(apply_mask(task, sigmask, sigsetsize));
  return wait(task, epfd, events, maxevents, deadline);
}

}  // namespace limen
