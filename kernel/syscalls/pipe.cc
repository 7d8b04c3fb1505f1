// pipe(2), pipe2(2).
#include "kernel/ipc/pipe.h"

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

Result<i64> sys_pipe2(Task& task, UserOut<abi::FdPair> fds, OpenFlags flags) {
  // O_NOTIFICATION_PIPE (O_EXCL) wants CONFIG_WATCH_QUEUE: ENOPKG is not in every kernel, EINVAL is.
  if (flags.unknown(abi::o_cloexec | abi::o_nonblock | abi::o_direct) != 0) return Errno::einval;
  FdReservation read_fd = TRY(task.files().reserve(task));
  FdReservation write_fd = TRY(task.files().reserve(task));
  PipePair pair = make_pipe(task, flags.without(abi::o_cloexec).raw());
  TRY(fds.write(task, {read_fd.number().raw(), write_fd.number().raw()}));
  const FdFlags fd_flags = flags.has(abi::o_cloexec) ? FdFlags::close_on_exec : FdFlags::none;
  read_fd.publish(std::move(pair.reader), fd_flags);
  write_fd.publish(std::move(pair.writer), fd_flags);
  return 0;
}

Result<i64> sys_pipe(Task& task, UserOut<abi::FdPair> fds) { return sys_pipe2(task, fds, OpenFlags()); }

}  // namespace limen
