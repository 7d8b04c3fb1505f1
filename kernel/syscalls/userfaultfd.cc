// userfaultfd(2). Source: fs/userfaultfd.c.
#include "abi/userfaultfd.h"

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/mm/userfault_file.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

// As with vm.unprivileged_userfaultfd = 0: only who may trace others may make the kernel wait.
Result<i64> sys_userfaultfd(Task& task, int flags) {
  const u32 wanted = static_cast<u32>(flags);
  const bool user_only = (wanted & abi::uffd_user_mode_only) != 0;
  const bool for_all = user_only || task.kernel().settings().unprivileged_userfaultfd.on();
  if (!for_all && !task.credentials().capable(Capability::sys_ptrace)) return Errno::eperm;
  if ((wanted & ~(abi::uffd_user_mode_only | abi::o_cloexec | abi::o_nonblock)) != 0) return Errno::einval;
  Ref<File> file = make_ref<UserfaultFile>(anon_path(task, "anon_inode:[userfaultfd]", 0600),
                                           abi::o_rdonly | (wanted & abi::o_nonblock), task.mm().handle(),
                                           user_only ? Userfault::Kernel::fails : Userfault::Kernel::waits);
  const FdFlags fd_flags = (wanted & abi::o_cloexec) != 0 ? FdFlags::close_on_exec : FdFlags::none;
  const Fd fd = TRY(task.files().install(task, std::move(file), fd_flags));
  return fd.raw();
}

}  // namespace limen
