// file_getattr(2), file_setattr(2), lsm_list_modules(2). No filesystem here keeps the attributes of FS_IOC_FSGETXATTR.
#include <array>

#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr usize kAttrSize = 24;  // FILE_ATTR_SIZE_VER0

Result<Path> place(Task& task, DirFd dirfd, UserPath path, AtFlags flags, usize size) {
  if (flags.unknown(abi::at_symlink_nofollow | abi::at_empty_path) != 0) return Errno::einval;
  if (size > kPageSize) return Errno::e2big;
  if (size < kAttrSize) return Errno::einval;
  const std::string name = TRY(path.read(task));
  WalkFlags how;
  how.follow = !flags.any(abi::at_symlink_nofollow);
  how.allow_empty = flags.any(abi::at_empty_path);
  return walk(task, dirfd.raw(), name, how);
}

}  // namespace

Result<i64> sys_file_getattr(Task& task, DirFd dirfd, UserPath path, UserBytes<Out>, usize size, AtFlags flags) {
  const Path found = TRY(place(task, dirfd, path, flags, size));
  return Errno::eopnotsupp;
}

Result<i64> sys_file_setattr(Task& task, DirFd dirfd, UserPath path, UserBytes<In> attr, usize size, AtFlags flags) {
  const Path found = TRY(place(task, dirfd, path, flags, size));
  std::array<u8, kAttrSize> given;
  TRY(copy_struct_from_user(task, given.data(), given.size(), attr.addr(), size));
  TRY(want_write(found));
  const Attributes attributes = TRY(found.inode().attributes());
  if (!is_owner_or_capable(task.credentials(), attributes)) return Errno::eperm;
  return Errno::eopnotsupp;
}

Result<i64> sys_lsm_list_modules(Task& task, UserArray<Out, u64> ids, UserInOut<u32> size, u32 flags) {
  constexpr u64 kCapability = 100;  // LSM_ID_CAPABILITY: the rules of capabilities(7) are the only module
  if (flags != 0) return Errno::einval;
  const u32 room = TRY(size.read(task));
  TRY(size.write(task, sizeof kCapability));
  if (room < sizeof kCapability) return Errno::e2big;
  TRY(ids.write(task, kCapability));
  return 1;
}

}  // namespace limen
