// Calls about a file's bytes as a whole: flock(2), fallocate(2), fsync(2) and its kin, posix_fadvise(2), statfs(2).
#include <algorithm>

#include "abi/fcntl.h"
#include "abi/poll.h"
#include "abi/stat.h"
#include "kernel/mm/page_store.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/file_locks.h"
#include "kernel/vfs/filesystem_types.h"
#include "kernel/vfs/notify.h"

namespace limen {
namespace {

Result<u32> type_of(File& file) {
  const Attributes attributes = TRY(file.attributes());
  return attributes.type();
}

Result<abi::StatFs> statfs_of(const Path& path) {
  const FilesystemStatus status = TRY(path.inode().filesystem().status());
  abi::StatFs out{};
  out.f_type = static_cast<i64>(status.magic);
  out.f_bsize = out.f_frsize = static_cast<i64>(status.block_size);
  out.f_blocks = status.blocks, out.f_bfree = status.blocks_free, out.f_bavail = status.blocks_available;
  out.f_files = status.files, out.f_ffree = status.files_free;
  const u64 fsid = path.inode().filesystem().fsid();
  out.f_fsid[0] = static_cast<i32>(fsid), out.f_fsid[1] = static_cast<i32>(fsid >> 32);
  out.f_namelen = static_cast<i64>(status.name_max);
  constexpr u32 kTold = kMountReadOnly | kMountNoSuid | kMountNoDev | kMountNoExec | kMountNoAtime | kMountNoDirAtime;
  out.f_flags = abi::st_valid | static_cast<i64>(path.mount->flags() & kTold);
  if ((path.mount->flags() & kMountRelatime) != 0) out.f_flags |= abi::st_relatime;
  return out;
}

// By number of a device. Linux: fs/statfs.c:vfs_ustat.
Result<FilesystemStatus> status_of_device(Task& task, Device device) {
  for (const Ref<Mount>& mount : task.namespaces().mount->list()) {
    if (mount->filesystem()->device() == device) return mount->filesystem()->status();
  }
  return Errno::einval;
}

}  // namespace

Result<i64> sys_ustat(Task& task, DevNumber dev, UserOut<abi::UStat> buf) {
  const u32 raw = dev.raw();  // new_decode_dev
  const Device device{(raw & 0xfff00) >> 8, (raw & 0xff) | ((raw >> 12) & 0xfff00)};
  const FilesystemStatus status = TRY(status_of_device(task, device));
  abi::UStat out{};
  out.f_tfree = static_cast<i32>(status.blocks_free);
  out.f_tinode = status.files_free;
  TRY(buf.write(task, out));
  return 0;
}

// Source: sysfs(2), fs/filesystems.c.
Result<i64> sys_sysfs(Task& task, int option, u64 arg1, u64 arg2) {
  constexpr usize kCount = std::size(kFilesystemTypes);
  switch (option) {
    case 1: {
      const std::string name = TRY(UserPath(GuestAddr(arg1)).read(task));
      const auto* at = std::find(std::begin(kFilesystemTypes), std::end(kFilesystemTypes), name);
      return at == std::end(kFilesystemTypes) ? Result<i64>(Errno::einval) : at - std::begin(kFilesystemTypes);
    }
    case 2: {
      if (arg1 >= kCount) return Errno::einval;
      const std::string name(kFilesystemTypes[arg1]);
      TRY(copy_to_user(task, GuestAddr(arg2), name.c_str(), name.size() + 1));
      return 0;
    }
    case 3:
      return static_cast<i64>(kCount);
    default:
      return Errno::einval;
  }
}

Result<i64> sys_flock(Task& task, Fd fd, FlockOp op) {
  const Ref<File> file = TRY(file_of(task, fd));
  TRY(flock_file(task, *file, op.raw()));
  return 0;
}

Result<i64> sys_fallocate(Task& task, Fd fd, FallocateMode mode, Off offset, Off len) {
  const Ref<File> file = TRY(file_of(task, fd));
  if (offset < 0 || len <= 0) return Errno::einval;
  constexpr u32 kKnown = abi::falloc_fl_keep_size | abi::falloc_fl_punch_hole | abi::falloc_fl_collapse_range |
                         abi::falloc_fl_zero_range | abi::falloc_fl_insert_range | abi::falloc_fl_unshare_range;
  if (mode.unknown(kKnown) != 0) return Errno::eopnotsupp;
  if (mode.any(abi::falloc_fl_punch_hole) && !mode.any(abi::falloc_fl_keep_size)) return Errno::eopnotsupp;
  if (!file->writable()) return Errno::ebadf;
  const u32 type = TRY(type_of(*file));
  if (type == abi::s_ififo) return Errno::espipe;
  if (type == abi::s_ifdir) return Errno::eisdir;
  if (type != abi::s_ifreg) return Errno::enodev;
  if (offset > INT64_MAX - len) return Errno::efbig;
  const u64 end = static_cast<u64>(offset) + static_cast<u64>(len);
  if (!mode.any(abi::falloc_fl_keep_size) && end > TRY(file->path().inode().attributes()).size)
    TRY(check_size_limit(task, end));
  TRY(file->allocate(mode.raw(), static_cast<u64>(offset), static_cast<u64>(len)));
  if (!file->is_untold()) notify_inode(file->path(), abi::in_modify);
  return 0;
}

Result<i64> sys_fsync(Task& task, Fd fd) {
  const Ref<File> file = TRY(file_of(task, fd));
  TRY(file->sync(task, false));
  return 0;
}

Result<i64> sys_fdatasync(Task& task, Fd fd) {
  const Ref<File> file = TRY(file_of(task, fd));
  TRY(file->sync(task, true));
  return 0;
}

Result<i64> sys_sync(Task& task) {
  for (const Ref<Mount>& mount : task.namespaces().mount->list()) (void)mount->filesystem()->sync().ok();
  return 0;
}

Result<i64> sys_syncfs(Task& task, Fd fd) {
  const Ref<File> file = TRY(file_of(task, fd));
  if (!file->has_inode()) return Errno::ebadf;
  TRY(file->inode().filesystem().sync());
  return 0;
}

Result<i64> sys_sync_file_range(Task& task, Fd fd, Off offset, Off nbytes, SyncRangeFlags flags) {
  constexpr u32 kKnown =
      abi::sync_file_range_wait_before | abi::sync_file_range_write | abi::sync_file_range_wait_after;
  const Ref<File> file = TRY(file_of(task, fd));
  if (flags.unknown(kKnown) != 0 || offset < 0 || nbytes < 0 || offset > INT64_MAX - nbytes) return Errno::einval;
  const u32 type = TRY(type_of(*file));
  if (type != abi::s_ifreg && type != abi::s_ifblk && type != abi::s_ifdir && type != abi::s_iflnk)
    return Errno::espipe;
  if (!flags.empty()) TRY(file->sync(task, true));
  return 0;
}

// Advice needs no deed; its arguments are judged. Linux: mm/fadvise.c:generic_fadvise.
Result<i64> sys_fadvise64(Task& task, Fd fd, Off, Off len, FadviseAdvice advice) {
  const Ref<File> file = TRY(file_of(task, fd));
  const u32 type = TRY(type_of(*file));
  if (type == abi::s_ififo) return Errno::espipe;
  if (len < 0 || advice.raw() < abi::posix_fadv_normal || advice.raw() > abi::posix_fadv_noreuse) return Errno::einval;
  return 0;
}

Result<i64> sys_readahead(Task& task, Fd fd, Off, usize) {
  const Ref<File> file = TRY(file_of(task, fd));
  if (!file->readable()) return Errno::ebadf;
  const u32 type = TRY(type_of(*file));
  if (type != abi::s_ifreg && type != abi::s_ifblk) return Errno::einval;
  return 0;
}

Result<i64> sys_statfs(Task& task, UserPath path, UserOut<abi::StatFs> buf) {
  const std::string name = TRY(path.read(task));
  const Path place = TRY(walk(task, abi::at_fdcwd.raw(), name));
  const abi::StatFs out = TRY(statfs_of(place));
  TRY(buf.write(task, out));
  return 0;
}

Result<i64> sys_fstatfs(Task& task, Fd fd, UserOut<abi::StatFs> buf) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (!file->has_inode()) return Errno::ebadf;
  const abi::StatFs out = TRY(statfs_of(file->path()));
  TRY(buf.write(task, out));
  return 0;
}

}  // namespace limen
