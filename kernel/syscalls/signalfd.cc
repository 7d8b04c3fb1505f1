// signalfd(2), signalfd4(2).
#include "kernel/ipc/signalfd.h"

#include "abi/fcntl.h"
#include "abi/poll.h"
#include "abi/signal.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

Result<i64> sys_signalfd4(Task& task, Fd fd, UserIn<abi::SigSet> mask, usize sigsetsize, SignalfdFlags flags) {
  if (sigsetsize != abi::sigset_size) return Errno::einval;
  const abi::SigSet set = TRY(mask.read(task));
  if (flags.unknown(abi::sfd_cloexec | abi::sfd_nonblock) != 0) return Errno::einval;
  const SignalSet wanted(set.bits);
  if (fd == Fd(-1)) {
    Ref<File> file = make_ref<SignalFile>(anon_path(task, "anon_inode:[signalfd]", 0600),
                                          (flags.raw() & abi::sfd_nonblock) | abi::o_rdwr, wanted);
    const FdFlags fd_flags = flags.has(abi::sfd_cloexec) ? FdFlags::close_on_exec : FdFlags::none;
    const Fd made = TRY(task.files().install(task, std::move(file), fd_flags));
    return made.raw();
  }
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  auto* const signals = dynamic_cast<SignalFile*>(file.get());
  if (signals == nullptr) return Errno::einval;
  signals->set_wanted(wanted);
  task.group().signal_arrived.wake();  // a reader that sleeps looks again
  return fd.raw();
}

Result<i64> sys_signalfd(Task& task, Fd fd, UserIn<abi::SigSet> mask, usize sigsetsize) {
  return sys_signalfd4(task, fd, mask, sigsetsize, SignalfdFlags());
}

}  // namespace limen
