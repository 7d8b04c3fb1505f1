// What inodes are made to be: chmod(2), chown(2), utimensat(2), truncate(2).
#include "abi/fcntl.h"
#include "abi/landlock.h"
#include "abi/resource.h"
#include "abi/stat.h"
#include "abi/time.h"
#include "kernel/landlock/access.h"
#include "kernel/signal/signal.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/leases.h"
#include "kernel/vfs/names.h"

namespace limen {
namespace {

Result<Path> find_place(Task& task, i32 dirfd, UserPath path, u32 at_flags) {
  const std::string name = TRY(path.read(task));
  WalkFlags flags;
  flags.follow = (at_flags & abi::at_symlink_nofollow) == 0;
  flags.allow_empty = (at_flags & abi::at_empty_path) != 0;
  return walk(task, dirfd, name, flags);
}

// A descriptor that may be changed: not one of O_PATH.
Result<Ref<File>> open_file(Task& task, Fd fd) {
  Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  return file;
}

Result<i64> chmod_at(Task& task, i32 dirfd, UserPath path, FileMode mode, u32 at_flags) {
  const Path place = TRY(find_place(task, dirfd, path, at_flags));
  TRY(change_mode(task, place, mode.raw() & 07777));
  return 0;
}

Result<i64> chown_at(Task& task, i32 dirfd, UserPath path, Uid owner, Gid group, u32 at_flags) {
  const Path place = TRY(find_place(task, dirfd, path, at_flags));
  TRY(change_owner(task, place, owner, group));
  return 0;
}

Result<TimesChange> times_of(const abi::TimeSpec (&given)[2]) {
  TimesChange change;
  const auto set = [](const abi::TimeSpec& from, TimesChange::Kind& kind, TimeStamp& to) -> Result<void> {
    if (from.tv_nsec == abi::utime_now) {
      kind = TimesChange::Kind::now;
    } else if (from.tv_nsec == abi::utime_omit) {
      kind = TimesChange::Kind::omit;
    } else if (from.tv_nsec < 0 || from.tv_nsec > 999'999'999) {
      return Errno::einval;
    } else {
      kind = TimesChange::Kind::set, to = {from.tv_sec, static_cast<u32>(from.tv_nsec)};
    }
    return success;
  };
  TRY(set(given[0], change.atime_kind, change.atime));
  TRY(set(given[1], change.mtime_kind, change.mtime));
  return change;
}

bool both_now(const TimesChange& c) {
  return c.atime_kind == TimesChange::Kind::now && c.mtime_kind == TimesChange::Kind::now;
}

Result<i64> utimens(Task& task, i32 dirfd, UserPath path, const TimesChange& change, u32 at_flags) {
  if (change.atime_kind == TimesChange::Kind::omit && change.mtime_kind == TimesChange::Kind::omit) return 0;
  if (path.is_null() && dirfd != abi::at_fdcwd.raw()) {  // futimens(3)
    const Ref<File> file = TRY(open_file(task, Fd(dirfd)));
    if (!file->has_inode()) return Errno::einval;
    TRY(change_times(task, file->path(), change, both_now(change)));
    return 0;
  }
  const Path place = TRY(find_place(task, dirfd, path, at_flags));
  TRY(change_times(task, place, change, both_now(change)));
  return 0;
}

// The older calls give microseconds.
Result<i64> utimes_at(Task& task, i32 dirfd, UserPath path, UserArray<In, abi::TimeVal> times) {
  TimesChange change;
  if (!times.is_null()) {
    abi::TimeSpec given[2];
    for (usize i = 0; i < 2; ++i) {
      const abi::TimeVal tv = TRY(times.read(task, i));
      if (tv.tv_usec < 0 || tv.tv_usec >= 1'000'000) return Errno::einval;
      given[i] = {tv.tv_sec, tv.tv_usec * 1000};
    }
    change = TRY(times_of(given));
  }
  return utimens(task, dirfd, path, change, 0);
}

}  // namespace

Result<void> check_size_limit(Task& task, u64 size) {
  if (size <= task.group().limit(abi::rlimit_fsize).soft) return success;
  send_signal(task, kernel_signal(sig::xfsz));
  return Errno::efbig;
}

Result<i64> sys_chmod(Task& task, UserPath path, FileMode mode) {
  return chmod_at(task, abi::at_fdcwd.raw(), path, mode, 0);
}
Result<i64> sys_fchmodat(Task& task, DirFd dirfd, UserPath path, FileMode mode) {
  return chmod_at(task, dirfd.raw(), path, mode, 0);
}
Result<i64> sys_fchmodat2(Task& task, DirFd dirfd, UserPath path, FileMode mode, AtFlags flags) {
  if (flags.unknown(abi::at_symlink_nofollow | abi::at_empty_path) != 0) return Errno::einval;
  return chmod_at(task, dirfd.raw(), path, mode, flags.raw());
}
Result<i64> sys_fchmod(Task& task, Fd fd, FileMode mode) {
  const Ref<File> file = TRY(open_file(task, fd));
  TRY(change_mode(task, file->path(), mode.raw() & 07777));
  return 0;
}

Result<i64> sys_chown(Task& task, UserPath path, Uid owner, Gid group) {
  return chown_at(task, abi::at_fdcwd.raw(), path, owner, group, 0);
}
Result<i64> sys_lchown(Task& task, UserPath path, Uid owner, Gid group) {
  return chown_at(task, abi::at_fdcwd.raw(), path, owner, group, abi::at_symlink_nofollow);
}
Result<i64> sys_fchownat(Task& task, DirFd dirfd, UserPath path, Uid owner, Gid group, AtFlags flags) {
  if (flags.unknown(abi::at_symlink_nofollow | abi::at_empty_path) != 0) return Errno::einval;
  return chown_at(task, dirfd.raw(), path, owner, group, flags.raw());
}
Result<i64> sys_fchown(Task& task, Fd fd, Uid owner, Gid group) {
  const Ref<File> file = TRY(open_file(task, fd));
  TRY(change_owner(task, file->path(), owner, group));
  return 0;
}

Result<i64> sys_utimensat(Task& task, DirFd dirfd, UserPath path, UserArray<In, abi::TimeSpec> times, AtFlags flags) {
  if (flags.unknown(abi::at_symlink_nofollow | abi::at_empty_path) != 0) return Errno::einval;
  TimesChange change;
  if (!times.is_null()) {
    abi::TimeSpec given[2];
    given[0] = TRY(times.read(task, 0));
    given[1] = TRY(times.read(task, 1));
    change = TRY(times_of(given));
  }
  return utimens(task, dirfd.raw(), path, change, flags.raw());
}
Result<i64> sys_utimes(Task& task, UserPath path, UserArray<In, abi::TimeVal> times) {
  return utimes_at(task, abi::at_fdcwd.raw(), path, times);
}
Result<i64> sys_futimesat(Task& task, DirFd dirfd, UserPath path, UserArray<In, abi::TimeVal> times) {
  return utimes_at(task, dirfd.raw(), path, times);
}
Result<i64> sys_utime(Task& task, UserPath path, UserIn<abi::UtimBuf> times) {
  TimesChange change;
  if (!times.is_null()) {
    const abi::UtimBuf given = TRY(times.read(task));
    change.atime_kind = change.mtime_kind = TimesChange::Kind::set;
    change.atime = {given.actime, 0}, change.mtime = {given.modtime, 0};
  }
  return utimens(task, abi::at_fdcwd.raw(), path, change, 0);
}

Result<i64> sys_truncate(Task& task, UserPath path, i64 length) {
  if (length < 0) return Errno::einval;
  const Path place = TRY(find_place(task, abi::at_fdcwd.raw(), path, 0));
  const Attributes a = TRY(place.inode().attributes());
  if (a.is_directory()) return Errno::eisdir;
  if (!a.is_regular()) return Errno::einval;
  TRY(check_permission(task, place, 2));
  TRY(check_size_limit(task, static_cast<u64>(length)));
  TRY(place.inode().add_writer());
  Result<void> done = break_leases(task, place.inode(), abi::o_wronly);
  if (done.ok()) done = landlock::check(task, place, abi::landlock_access_fs_truncate);
  if (done.ok()) done = change_size(task, place, static_cast<u64>(length));
  place.inode().remove_writer();
  TRY(done);
  return 0;
}

Result<i64> sys_ftruncate(Task& task, Fd fd, i64 length) {
  if (length < 0) return Errno::einval;
  const Ref<File> file = TRY(open_file(task, fd));
  if (!file->writable()) return Errno::einval;
  if (const Attributes a = TRY(file->attributes()); !a.is_regular()) return Errno::einval;
  TRY(check_size_limit(task, static_cast<u64>(length)));
  if ((file->refused() & abi::landlock_access_fs_truncate) != 0) return Errno::eacces;
  AttributeChange change;
  change.size = static_cast<u64>(length);
  TRY(file->change(change));
  return 0;
}

}  // namespace limen
