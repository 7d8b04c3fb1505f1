#include "kernel/vfs/block_sharing.h"

#include <vector>

#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "kernel/cred/credentials.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// Linux: fs/ioctl.c:ioctl_file_clone, fs/read_write.c:generic_file_rw_checks.
Result<i64> clone_range(Task& task, File& to, i64 source) {
  const Ref<File> from = TRY(task.files().get(Fd(static_cast<i32>(source))));
  if (from->is_path_only()) return Errno::ebadf;
  if (!from->has_inode() || !to.has_inode()) return Errno::einval;
  if (&from->inode().filesystem() != &to.inode().filesystem()) return Errno::exdev;
  const Attributes in = TRY(from->attributes());
  const Attributes out = TRY(to.attributes());
  if (in.is_directory() || out.is_directory()) return Errno::eisdir;
  if (!in.is_regular() || !out.is_regular()) return Errno::einval;
  if (!from->readable() || !to.writable() || (to.flags() & abi::o_append) != 0) return Errno::ebadf;
  return Errno::eopnotsupp;
}

// Linux: fs/ioctl.c:ioctl_file_dedupe_range, fs/remap_range.c:vfs_dedupe_file_range.
Result<i64> dedupe_range(Task& task, File& file, GuestAddr argument) {
  const auto given = TRY(UserIn<abi::FileDedupeRange>(argument).read(task));
  const usize size = sizeof given + usize{given.dest_count} * abi::file_dedupe_range_info_size;
  if (size > kPageSize) return Errno::enomem;
  std::vector<u8> all(size);
  TRY(copy_from_user(task, all.data(), argument, size));
  if (!file.readable() || given.reserved1 != 0 || given.reserved2 != 0) return Errno::einval;
  const Attributes attributes = TRY(file.attributes());
  if (attributes.is_directory()) return Errno::eisdir;
  return attributes.is_regular() ? Errno::eopnotsupp : Errno::einval;
}

}  // namespace

bool is_block_command(u32 command) {
  return command == abi::ficlone || command == abi::ficlonerange || command == abi::fideduperange ||
         command == abi::fs_ioc_fiemap || command == abi::fibmap;
}

Result<i64> block_command(Task& task, File& file, u32 command, u64 argument) {
  switch (command) {
    case abi::ficlone:
      return clone_range(task, file, static_cast<i64>(argument));
    case abi::ficlonerange: {
      const auto range = TRY(UserIn<abi::FileCloneRange>(GuestAddr(argument)).read(task));
      return clone_range(task, file, range.src_fd);
    }
    case abi::fideduperange:
      return dedupe_range(task, file, GuestAddr(argument));
    case abi::fs_ioc_fiemap:
      return Errno::eopnotsupp;
    default: {
      const Attributes attributes = TRY(file.attributes());
      if (!attributes.is_regular()) return file.ioctl(task, command, argument);
      return task.credentials().capable(Capability::sys_rawio) ? Errno::einval : Errno::eperm;
    }
  }
}

}  // namespace limen
