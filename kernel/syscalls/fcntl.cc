// fcntl(2), ioctl(2): what every descriptor can be asked. Commands of one kind of file are its own (File::control, File::ioctl).
// Source: fs/fcntl.c, fs/ioctl.c.
#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "abi/landlock.h"
#include "kernel/kernel.h"
#include "kernel/landlock/access.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/async.h"
#include "kernel/vfs/block_sharing.h"
#include "kernel/vfs/dnotify.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/file_locks.h"
#include "kernel/vfs/leases.h"
#include "kernel/vfs/opened.h"

namespace limen {
namespace {

Result<i64> duplicate_above(Task& task, const Ref<File>& file, u64 lowest, FdFlags flags) {
  if (lowest > INT32_MAX) return Errno::einval;
  const Fd fd = TRY(task.files().install(task, file, flags, Fd(static_cast<i32>(lowest))));
  return fd.raw();
}

Result<i64> lock_command(Task& task, File& file, u32 command, u64 arg) {
  const UserInOut<abi::FLock> user{GuestAddr(arg)};
  abi::FLock lock = TRY(user.read(task));
  TRY(record_lock(task, file, command, lock));
  if (command == abi::f_getlk || command == abi::f_ofd_getlk) TRY(user.write(task, lock));
  return 0;
}

bool is_lock_command(u32 command) {
  return (command >= abi::f_getlk && command <= abi::f_setlkw) ||
         (command >= abi::f_ofd_getlk && command <= abi::f_ofd_setlkw);
}

// F_SETFL. Linux: fs/fcntl.c:setfl; O_ASYNC is taken up where the file knows it, and else ignored.
Result<i64> set_status_flags(Task& task, File& file, Fd fd, u32 wanted) {
  const u32 old = file.flags();
  if ((wanted & ~old & abi::o_noatime) != 0 && file.has_inode()) {
    const Attributes attributes = TRY(file.attributes());
    if (!is_owner_or_capable(task.credentials(), attributes)) return Errno::eperm;
  }
  if ((wanted & abi::o_direct) != 0 && !file.can_be_direct()) return Errno::einval;
  if (((wanted ^ old) & abi::o_async) != 0 && file.can_signal()) {
    file.set_signalling(task.kernel(), (wanted & abi::o_async) != 0, fd);
  }
  withdraw_opened(task, file);
  file.set_flags(wanted);
  return 0;
}

// F_GET_RW_HINT, F_SET_RW_HINT: RWH_WRITE_LIFE_NOT_SET to RWH_WRITE_LIFE_EXTREME. Linux: rw_hint_valid.
Result<i64> hint_command(Task& task, File& file, u32 command, u64 arg) {
  constexpr u64 kLast = 5;
  const UserInOut<u64> user{GuestAddr(arg)};
  if (!file.has_inode()) return Errno::einval;
  if (command == abi::f_get_rw_hint) {
    TRY(user.write(task, file.inode().write_hint.load(std::memory_order_relaxed)));
    return 0;
  }
  const Attributes attributes = TRY(file.attributes());
  if (!is_owner_or_capable(task.credentials(), attributes)) return Errno::eperm;
  const u64 hint = TRY(user.read(task));
  if (hint > kLast) return Errno::einval;
  file.inode().write_hint.store(static_cast<u8>(hint), std::memory_order_relaxed);
  return 0;
}

// FIOQSIZE: what the file takes. FIGETBSZ: the block size of its filesystem. FIONREAD of a regular file: what is left to read.
Result<i64> inode_ioctl(Task& task, File& file, u32 command, u64 arg) {
  if (command == abi::figetbsz) {
    const FilesystemStatus status = TRY(file.inode().filesystem().status());
    TRY(UserOut<i32>(GuestAddr(arg)).write(task, static_cast<i32>(status.block_size)));
    return 0;
  }
  const Attributes attributes = TRY(file.attributes());
  if (command == abi::fionread) {
    if (!attributes.is_regular()) return file.ioctl(task, command, arg);
    TRY(UserOut<i32>(GuestAddr(arg)).write(task, static_cast<i32>(attributes.size - file.position())));
    return 0;
  }
  if (!attributes.is_regular() && !attributes.is_directory() && !attributes.is_symlink()) return Errno::enotty;
  TRY(UserOut<i64>(GuestAddr(arg)).write(task, static_cast<i64>(attributes.blocks * 512)));
  return 0;
}

Result<i64> set_nonblocking(Task& task, File& file, u64 arg) {
  const i32 on = TRY(UserIn<i32>(GuestAddr(arg)).read(task));
  const u32 flags = file.flags();
  withdraw_opened(task, file);
  file.set_flags(on != 0 ? flags | abi::o_nonblock : flags & ~abi::o_nonblock);
  return 0;
}

Result<i64> set_asynchronous(Task& task, File& file, Fd fd, u64 arg) {
  const i32 on = TRY(UserIn<i32>(GuestAddr(arg)).read(task));
  if ((on != 0) == ((file.flags() & abi::o_async) != 0)) return 0;
  if (!file.can_signal()) return Errno::enotty;
  file.set_signalling(task.kernel(), on != 0, fd);
  return 0;
}

}  // namespace

Result<i64> sys_fcntl(Task& task, Fd fd, FcntlCmd cmd, u64 arg) {
  const Ref<File> file = TRY(task.files().get(fd));
  const u32 command = cmd.raw();
  switch (command) {  // what an O_PATH descriptor has too
    case abi::f_dupfd:
    case abi::f_dupfd_cloexec:
      return duplicate_above(task, file, arg, cloexec_if(command == abi::f_dupfd_cloexec));
    case abi::f_dupfd_query: {
      const Ref<File> other = TRY(task.files().get(Fd(static_cast<i32>(arg))));
      return other == file ? 1 : 0;
    }
    case abi::f_created_query:
      return file->was_created() ? 1 : 0;
    case abi::f_getfd: {
      const FdFlags flags = TRY(task.files().flags(fd));
      return static_cast<i64>(flags);
    }
    case abi::f_setfd:
      TRY(task.files().set_flags(task, fd, cloexec_if((arg & abi::fd_cloexec) != 0)));
      return 0;
    case abi::f_getfl:
      return file->flags();
    default:
      break;
  }
  if (file->is_path_only()) return Errno::ebadf;
  if (is_lock_command(command)) return lock_command(task, *file, command, arg);
  if (is_owner_command(command)) return owner_command(task, *file, command, arg);
  switch (command) {
    case abi::f_setfl:
      return set_status_flags(task, *file, fd, static_cast<u32>(arg));
    case abi::f_get_rw_hint:
    case abi::f_set_rw_hint:
      return hint_command(task, *file, command, arg);
    case abi::f_getlease:
      return lease_of(*file);
    case abi::f_setlease:
      TRY(set_lease(task, *file, fd, static_cast<i32>(arg)));
      return 0;
    case abi::f_notify:
      TRY(set_dnotify(task, *file, fd, static_cast<u32>(arg)));
      return 0;
    default:
      return file->control(task, command, arg);
  }
}

Result<i64> sys_ioctl(Task& task, Fd fd, IoctlCmd cmd, u64 arg) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  const bool refused = (file->refused() & abi::landlock_access_fs_ioctl_dev) != 0;
  if (refused && !landlock::is_harmless_ioctl(cmd.raw())) return Errno::eacces;
  switch (cmd.raw()) {
    case abi::fioclex:
      TRY(task.files().set_flags(task, fd, FdFlags::close_on_exec));
      return 0;
    case abi::fionclex:
      TRY(task.files().set_flags(task, fd, FdFlags::none));
      return 0;
    case abi::fionbio:
      return set_nonblocking(task, *file, arg);
    case abi::fioasync:
      return set_asynchronous(task, *file, fd, arg);
    case abi::fioqsize:
    case abi::figetbsz:
    case abi::fionread:
      if (file->has_inode()) return inode_ioctl(task, *file, cmd.raw(), arg);
      [[fallthrough]];
    default: {
      if (is_block_command(cmd.raw())) return block_command(task, *file, cmd.raw(), arg);
      const Result<i64> answer = file->ioctl(task, cmd.raw(), arg);
      return answer.is(Errno::enoioctlcmd) ? Result<i64>(Errno::enotty) : answer;
    }
  }
}

}  // namespace limen
