// eventfd(2), eventfd2(2).
#include "kernel/ipc/eventfd.h"

#include "abi/fcntl.h"
#include "abi/poll.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

Result<i64> sys_eventfd2(Task& task, u32 initval, EventfdFlags flags) {
  if (flags.unknown(abi::efd_semaphore | abi::efd_cloexec | abi::efd_nonblock) != 0) return Errno::einval;
  const auto mode = flags.has(abi::efd_semaphore) ? EventFile::Mode::semaphore : EventFile::Mode::counter;
  Ref<File> file = make_ref<EventFile>(anon_path(task, "anon_inode:[eventfd]", 0600),
                                       (flags.raw() & abi::efd_nonblock) | abi::o_rdwr, initval, mode);
  const FdFlags fd_flags = flags.has(abi::efd_cloexec) ? FdFlags::close_on_exec : FdFlags::none;
  const Fd fd = TRY(task.files().install(task, std::move(file), fd_flags));
  return fd.raw();
}

Result<i64> sys_eventfd(Task& task, u32 initval) { return sys_eventfd2(task, initval, EventfdFlags()); }

}  // namespace limen
