// Names: mkdir(2), unlink(2), rename(2), link(2), symlink(2), mknod(2), getdents64(2), chdir(2), getcwd(2), umask(2).
#include <cstring>

#include "abi/dirent.h"
#include "abi/fanotify.h"
#include "abi/fcntl.h"
#include "abi/limits.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/names.h"
#include "kernel/vfs/notify.h"

namespace limen {
namespace {

Result<ParentAndName> parent_of(Task& task, i32 dirfd, UserPath path) {
  const std::string name = TRY(path.read(task));
  return walk_parent(task, dirfd, name);
}

Result<i64> mkdir_at(Task& task, i32 dirfd, UserPath path, FileMode mode) {
  const ParentAndName where = TRY(parent_of(task, dirfd, path));
  TRY(make_name(task, where, abi::s_ifdir | (mode.raw() & 01777)));
  return 0;
}

Result<i64> mknod_at(Task& task, i32 dirfd, UserPath path, FileMode mode, DevNumber dev) {
  u32 type = mode.raw() & abi::s_ifmt;
  if (type == 0) type = abi::s_ifreg;
  if (type == abi::s_ifdir) return Errno::eperm;
  const bool device = type == abi::s_ifchr || type == abi::s_ifblk;
  if (!device && type != abi::s_ifreg && type != abi::s_ififo && type != abi::s_ifsock) return Errno::einval;
  const ParentAndName where = TRY(parent_of(task, dirfd, path));
  if (device && !task.credentials().capable(Capability::mknod)) return Errno::eperm;
  const u32 raw = dev.raw();  // new_decode_dev
  const Device number{(raw & 0xfff00) >> 8, (raw & 0xff) | ((raw >> 12) & 0xfff00)};
  TRY(make_name(task, where, type | (mode.raw() & 07777), device ? number : Device{}));
  return 0;
}

Result<i64> symlink_at(Task& task, UserPath target, i32 dirfd, UserPath path) {
  const std::string to = TRY(target.read(task));
  if (to.empty()) return Errno::enoent;
  const ParentAndName where = TRY(parent_of(task, dirfd, path));
  TRY(make_name(task, where, abi::s_iflnk | 0777, {}, to));
  return 0;
}

Result<i64> link_at(Task& task, i32 old_dirfd, UserPath old_path, i32 new_dirfd, UserPath new_path, u32 flags) {
  const std::string name = TRY(old_path.read(task));
  WalkFlags walk_flags;
  walk_flags.follow = (flags & abi::at_symlink_follow) != 0;
  walk_flags.allow_empty = (flags & abi::at_empty_path) != 0;
  const Path what = TRY(walk(task, old_dirfd, name, walk_flags));
  const ParentAndName where = TRY(parent_of(task, new_dirfd, new_path));
  TRY(link_name(task, what, where));
  return 0;
}

Result<i64> rename_at(Task& task, i32 old_dirfd, UserPath old_path, i32 new_dirfd, UserPath new_path,
                      RenameFlags flags) {
  constexpr u32 kNoReplace = 1, kExchange = 2, kWhiteout = 4;
  if (flags.unknown(kNoReplace | kExchange | kWhiteout) != 0) return Errno::einval;
  if (flags.has(kExchange) && flags.any(kNoReplace | kWhiteout)) return Errno::einval;
  const ParentAndName from = TRY(parent_of(task, old_dirfd, old_path));
  const ParentAndName to = TRY(parent_of(task, new_dirfd, new_path));
  TRY(rename_name(task, from, to, flags.raw()));
  return 0;
}

// The two layouts of an entry: how long it is, and what stands before and after its name. Its bytes are zero before.
struct Dirent64 {
  static usize length(std::string_view name) { return abi::dirent64_reclen(name.size()); }
  static void fill(std::span<u8> record, const DirectoryEntry& entry) {
    abi::LinuxDirent64 header{};
    header.d_ino = entry.inode, header.d_off = static_cast<i64>(entry.next);
    header.d_reclen = static_cast<u16>(record.size()), header.d_type = static_cast<u8>(entry.type);
    std::memcpy(record.data(), &header, sizeof header);
    std::memcpy(&record[sizeof header], entry.name.data(), entry.name.size());
  }
};
struct Dirent {
  static usize length(std::string_view name) { return abi::dirent_reclen(name.size()); }
  static void fill(std::span<u8> record, const DirectoryEntry& entry) {
    abi::LinuxDirent header{};
    header.d_ino = entry.inode, header.d_off = entry.next, header.d_reclen = static_cast<u16>(record.size());
    std::memcpy(record.data(), &header, sizeof header);
    std::memcpy(&record[sizeof header], entry.name.data(), entry.name.size());
    record.back() = static_cast<u8>(entry.type);  // the old layout keeps the type in its last byte
  }
};

// Packs entries of one layout into a buffer that the guest gets in one copy.
template <typename Layout>
Result<i64> list_directory(Task& task, Fd fd, GuestAddr to, u32 count) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  constexpr u32 kMost = 256 * 1024, kUsual = 4096;
  const usize room = std::min(count, kMost);
  std::vector<u8> bytes;
  bytes.reserve(std::min<usize>(room, kUsual));
  bool too_small = false;
  if (!file->is_untold()) TRY(ask_listeners(task, file->path(), abi::fan_access_perm));
  MutexGuard guard(file->position_lock());
  u64 position = file->position();
  const Result<void> walked = file->read_directory(task, position, [&](const DirectoryEntry& entry) {
    const usize length = Layout::length(entry.name), at = bytes.size();
    if (at + length > room) {
      too_small = bytes.empty();
      return false;
    }
    bytes.resize(at + length);
    Layout::fill(std::span<u8>(bytes).subspan(at), entry);
    return true;
  });
  if (bytes.empty() && !walked.ok()) return walked.error();
  if (!file->is_untold()) notify_inode(file->path(), abi::in_access);
  if (too_small) return Errno::einval;
  TRY(copy_to_user(task, to, bytes.data(), bytes.size()));
  file->set_position(position);
  return static_cast<i64>(bytes.size());
}

Result<void> enter(Task& task, Path path) {
  const Attributes a = TRY(path.inode().attributes());
  if (!a.is_directory()) return Errno::enotdir;
  TRY(check_permission(task, path, 1));
  task.fs().set_cwd(std::move(path));
  return success;
}

}  // namespace

Result<i64> sys_mkdir(Task& task, UserPath path, FileMode mode) {
  return mkdir_at(task, abi::at_fdcwd.raw(), path, mode);
}
Result<i64> sys_mkdirat(Task& task, DirFd dirfd, UserPath path, FileMode mode) {
  return mkdir_at(task, dirfd.raw(), path, mode);
}

Result<i64> sys_mknod(Task& task, UserPath path, FileMode mode, DevNumber dev) {
  return mknod_at(task, abi::at_fdcwd.raw(), path, mode, dev);
}
Result<i64> sys_mknodat(Task& task, DirFd dirfd, UserPath path, FileMode mode, DevNumber dev) {
  return mknod_at(task, dirfd.raw(), path, mode, dev);
}

Result<i64> sys_symlink(Task& task, UserPath target, UserPath linkpath) {
  return symlink_at(task, target, abi::at_fdcwd.raw(), linkpath);
}
Result<i64> sys_symlinkat(Task& task, UserPath target, DirFd newdirfd, UserPath linkpath) {
  return symlink_at(task, target, newdirfd.raw(), linkpath);
}

Result<i64> sys_link(Task& task, UserPath oldpath, UserPath newpath) {
  return link_at(task, abi::at_fdcwd.raw(), oldpath, abi::at_fdcwd.raw(), newpath, 0);
}
Result<i64> sys_linkat(Task& task, DirFd olddirfd, UserPath oldpath, DirFd newdirfd, UserPath newpath, AtFlags flags) {
  if (flags.unknown(abi::at_symlink_follow | abi::at_empty_path) != 0) return Errno::einval;
  return link_at(task, olddirfd.raw(), oldpath, newdirfd.raw(), newpath, flags.raw());
}

Result<i64> sys_unlink(Task& task, UserPath path) {
  const ParentAndName where = TRY(parent_of(task, abi::at_fdcwd.raw(), path));
  TRY(unlink_name(task, where));
  return 0;
}
Result<i64> sys_rmdir(Task& task, UserPath path) {
  const ParentAndName where = TRY(parent_of(task, abi::at_fdcwd.raw(), path));
  TRY(rmdir_name(task, where));
  return 0;
}
Result<i64> sys_unlinkat(Task& task, DirFd dirfd, UserPath path, AtFlags flags) {
  if (flags.unknown(abi::at_removedir) != 0) return Errno::einval;
  const ParentAndName where = TRY(parent_of(task, dirfd.raw(), path));
  TRY(flags.has(abi::at_removedir) ? rmdir_name(task, where) : unlink_name(task, where));
  return 0;
}

Result<i64> sys_rename(Task& task, UserPath oldpath, UserPath newpath) {
  return rename_at(task, abi::at_fdcwd.raw(), oldpath, abi::at_fdcwd.raw(), newpath, RenameFlags());
}
Result<i64> sys_renameat(Task& task, DirFd olddirfd, UserPath oldpath, DirFd newdirfd, UserPath newpath) {
  return rename_at(task, olddirfd.raw(), oldpath, newdirfd.raw(), newpath, RenameFlags());
}
Result<i64> sys_renameat2(Task& task, DirFd olddirfd, UserPath oldpath, DirFd newdirfd, UserPath newpath,
                          RenameFlags flags) {
  return rename_at(task, olddirfd.raw(), oldpath, newdirfd.raw(), newpath, flags);
}

Result<i64> sys_getdents64(Task& task, Fd fd, UserBytes<Out> dirents, u32 count) {
  return list_directory<Dirent64>(task, fd, dirents.addr(), count);
}
Result<i64> sys_getdents(Task& task, Fd fd, UserBytes<Out> dirents, u32 count) {
  return list_directory<Dirent>(task, fd, dirents.addr(), count);
}

Result<i64> sys_getcwd(Task& task, UserBytes<Out> buf, u64 size) {
  const Path cwd = task.fs().cwd();
  if (cwd.dentry->is_deleted()) return Errno::enoent;
  const std::string name = path_name(task, cwd);
  // Linux puts it together in a page of its own, whatever room the caller has.
  if (name.size() + 1 > abi::path_max) return Errno::enametoolong;
  if (name.size() + 1 > size) return Errno::erange;
  TRY(copy_to_user(task, buf.addr(), name.c_str(), name.size() + 1));
  return static_cast<i64>(name.size() + 1);
}

Result<i64> sys_chdir(Task& task, UserPath path) {
  const std::string name = TRY(path.read(task));
  Path place = TRY(walk(task, abi::at_fdcwd.raw(), name));
  TRY(enter(task, std::move(place)));
  return 0;
}

Result<i64> sys_fchdir(Task& task, Fd fd) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (!file->has_inode()) return Errno::enotdir;
  TRY(enter(task, file->path()));
  return 0;
}

Result<i64> sys_chroot(Task& task, UserPath path) {
  const std::string name = TRY(path.read(task));
  Path place = TRY(walk(task, abi::at_fdcwd.raw(), name));
  const Attributes a = TRY(place.inode().attributes());
  if (!a.is_directory()) return Errno::enotdir;
  TRY(check_permission(task, place, 1));
  if (!task.credentials().capable_here(Capability::sys_chroot)) return Errno::eperm;
  task.fs().set_root(std::move(place));
  return 0;
}

Result<i64> sys_umask(Task& task, int mask) { return task.fs().set_umask(static_cast<u32>(mask) & 0777); }

}  // namespace limen
