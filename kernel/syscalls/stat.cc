// stat(2), statx(2), access(2), readlink(2).
#include "abi/stat.h"
#include "abi/fcntl.h"
#include "abi/x86_64/stat.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/mount_words.h"

namespace limen {
namespace {

abi::StatxTimestamp statx_time(TimeStamp t) {
  abi::StatxTimestamp out{};
  out.tv_sec = t.sec, out.tv_nsec = t.nsec;
  return out;
}

abi::Statx encode_statx(const Credentials& reader, const Attributes& a, u64 mount_id, bool id_is_unique) {
  abi::Statx s{};
  constexpr u32 kBasicAndBirth = 0x7ff | 0x800;  // STATX_BASIC_STATS, STATX_BTIME
  s.stx_mask = kBasicAndBirth | (id_is_unique ? abi::statx_mnt_id_unique : abi::statx_mnt_id);
  s.stx_blksize = static_cast<u32>(a.block_size), s.stx_nlink = static_cast<u32>(a.links);
  s.stx_uid = reader.seen(a.uid), s.stx_gid = reader.seen(a.gid), s.stx_mode = static_cast<u16>(a.mode);
  s.stx_ino = a.inode, s.stx_size = a.size, s.stx_blocks = a.blocks;
  s.stx_atime = statx_time(a.atime), s.stx_btime = statx_time(a.btime);
  s.stx_ctime = statx_time(a.ctime), s.stx_mtime = statx_time(a.mtime);
  s.stx_rdev_major = a.rdev.major, s.stx_rdev_minor = a.rdev.minor;
  s.stx_dev_major = a.device.major, s.stx_dev_minor = a.device.minor;
  s.stx_mnt_id = mount_id;
  return s;
}

// The attributes of a name, or with AT_EMPTY_PATH and "" of a descriptor (which may have no name at all).
struct Found {
  Attributes attributes;
  Ref<Mount> mount;
};
Result<Found> find(Task& task, i32 dirfd, UserPath path, u32 at_flags) {
  const bool may_be_empty = (at_flags & abi::at_empty_path) != 0;
  std::string name;
  if (!(may_be_empty && path.is_null())) name = TRY(path.read(task));
  Found found;
  if (name.empty() && may_be_empty && dirfd != abi::at_fdcwd.raw()) {
    const Ref<File> file = TRY(task.files().get(Fd(dirfd)));
    found.attributes = TRY(file->attributes());
    found.mount = file->path().mount;
    return found;
  }
  WalkFlags flags;
  flags.follow = (at_flags & abi::at_symlink_nofollow) == 0;
  flags.allow_empty = may_be_empty;
  const Path place = TRY(walk(task, dirfd, name, flags));
  found.attributes = TRY(place.inode().recent_attributes());
  found.mount = place.mount;
  return found;
}

Result<i64> stat_at(Task& task, i32 dirfd, UserPath path, u32 at_flags, UserOut<abi::Stat> out) {
  const Found found = TRY(find(task, dirfd, path, at_flags));
  TRY(out.write(task, encode_stat(task.credentials(), found.attributes)));
  return 0;
}

Result<i64> access_at(Task& task, i32 dirfd, UserPath path, AccessMode mode, u32 at_flags) {
  constexpr u32 kKnownModes = 7;
  if (mode.unknown(kKnownModes) != 0) return Errno::einval;
  const std::string name = TRY(path.read(task));
  // access(2) asks for the real ids, and for root by its real id with all of its rights.
  Ref<const Credentials> cred = task.credentials_ref();
  if ((at_flags & abi::at_eaccess) == 0 && (cred->uid != cred->fsuid || cred->gid != cred->fsgid)) {
    Ref<Credentials> real = cred->clone();
    real->fsuid = cred->uid, real->fsgid = cred->gid;
    real->effective = cred->is_root(cred->uid) ? cred->permitted : 0;
    cred = real;
  }
  WalkFlags flags;
  flags.follow = (at_flags & abi::at_symlink_nofollow) == 0;
  flags.allow_empty = (at_flags & abi::at_empty_path) != 0;
  const Path place = TRY(walk_as(task, *cred, dirfd, name, flags));
  if (mode.raw() == 0) return 0;
  TRY(check_permission(task, *cred, place, mode.raw()));
  if (mode.has(1) && (place.mount->flags() & kMountNoExec) != 0) {
    const Attributes a = TRY(place.inode().recent_attributes());
    if (a.is_regular()) return Errno::eacces;
  }
  return 0;
}

Result<i64> readlink_at(Task& task, i32 dirfd, UserPath path, UserBytes<Out> buf, int size) {
  if (size <= 0) return Errno::einval;
  const std::string name = TRY(path.read(task));
  WalkFlags flags;
  flags.follow = false;
  flags.allow_empty = true;
  if (name.empty() && dirfd == abi::at_fdcwd.raw()) return Errno::enoent;
  const Path place = TRY(walk(task, dirfd, name, flags));
  const Attributes a = TRY(place.inode().recent_attributes());
  if (!a.is_symlink()) return name.empty() ? Errno::enoent : Errno::einval;
  const std::string target = TRY(place.inode().readlink(task));
  const usize n = std::min(target.size(), static_cast<usize>(size));
  TRY(copy_to_user(task, buf.addr(), target.data(), n));
  return static_cast<i64>(n);
}

}  // namespace

Result<i64> sys_stat(Task& task, UserPath path, UserOut<abi::Stat> statbuf) {
  return stat_at(task, abi::at_fdcwd.raw(), path, 0, statbuf);
}

Result<i64> sys_lstat(Task& task, UserPath path, UserOut<abi::Stat> statbuf) {
  return stat_at(task, abi::at_fdcwd.raw(), path, abi::at_symlink_nofollow, statbuf);
}

Result<i64> sys_fstat(Task& task, Fd fd, UserOut<abi::Stat> statbuf) {
  const Ref<File> file = TRY(task.files().get(fd));
  const Attributes a = TRY(file->attributes());
  TRY(statbuf.write(task, encode_stat(task.credentials(), a)));
  return 0;
}

Result<i64> sys_newfstatat(Task& task, DirFd dirfd, UserPath path, UserOut<abi::Stat> statbuf, AtFlags flags) {
  constexpr u32 kKnown = abi::at_symlink_nofollow | abi::at_empty_path | abi::at_no_automount | abi::at_statx_sync_type;
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  return stat_at(task, dirfd.raw(), path, flags.raw(), statbuf);
}

Result<i64> sys_statx(Task& task, DirFd dirfd, UserPath path, AtFlags flags, StatxMask mask,
                      UserOut<abi::Statx> statxbuf) {
  constexpr u32 kSyncFlags = abi::at_statx_sync_type;
  constexpr u32 kKnown = abi::at_symlink_nofollow | abi::at_empty_path | abi::at_no_automount | kSyncFlags;
  constexpr u32 kReserved = 0x80000000;
  if (flags.unknown(kKnown) != 0 || (flags.raw() & kSyncFlags) == kSyncFlags || mask.any(kReserved))
    return Errno::einval;
  const Found found = TRY(find(task, dirfd.raw(), path, flags.raw()));
  const bool unique = (mask.raw() & abi::statx_mnt_id_unique) != 0;
  const u64 mount_id = !found.mount ? 0 : unique ? unique_id(*found.mount) : found.mount->id();
  TRY(statxbuf.write(task, encode_statx(task.credentials(), found.attributes, mount_id, unique)));
  return 0;
}

Result<i64> sys_access(Task& task, UserPath path, AccessMode mode) {
  return access_at(task, abi::at_fdcwd.raw(), path, mode, 0);
}

Result<i64> sys_faccessat(Task& task, DirFd dirfd, UserPath path, AccessMode mode) {
  return access_at(task, dirfd.raw(), path, mode, 0);
}

Result<i64> sys_faccessat2(Task& task, DirFd dirfd, UserPath path, AccessMode mode, AtFlags flags) {
  if (flags.unknown(abi::at_eaccess | abi::at_symlink_nofollow | abi::at_empty_path) != 0) return Errno::einval;
  return access_at(task, dirfd.raw(), path, mode, flags.raw());
}

Result<i64> sys_readlink(Task& task, UserPath path, UserBytes<Out> buf, int size) {
  return readlink_at(task, abi::at_fdcwd.raw(), path, buf, size);
}

Result<i64> sys_readlinkat(Task& task, DirFd dirfd, UserPath path, UserBytes<Out> buf, int size) {
  return readlink_at(task, dirfd.raw(), path, buf, size);
}

}  // namespace limen
