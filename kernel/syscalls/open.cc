// open(2), openat2(2), close(2), dup(2), fcntl(2), ioctl(2): descriptors come and go.
#include <algorithm>

#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "abi/resource.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/file_locks.h"

namespace limen {
namespace {

constexpr FdFlags cloexec_if(bool on) { return on ? FdFlags::close_on_exec : FdFlags::none; }

Result<i64> open_at(Task& task, i32 dirfd, UserPath path, u32 flags, u32 mode, u64 resolve = 0) {
  const std::string name = TRY(path.read(task));
  FdReservation fd = TRY(task.files().reserve(task));
  Ref<File> file = TRY(open_path(task, dirfd, name, flags, mode, resolve));
  const i64 number = fd.number().raw();
  fd.publish(std::move(file), cloexec_if((flags & abi::o_cloexec) != 0));
  return number;
}

// Bits that open(2) has ignored since the beginning are dropped; openat2(2) refuses them.
constexpr u32 kKnownOpenFlags = abi::o_accmode | abi::o_creat | abi::o_excl | abi::o_noctty | abi::o_trunc |
                                abi::o_append | abi::o_nonblock | abi::o_dsync | abi::o_async | abi::o_direct |
                                abi::o_largefile | abi::o_directory | abi::o_nofollow | abi::o_noatime |
                                abi::o_cloexec | abi::o_sync | abi::o_path | abi::o_tmpfile;

Result<i64> duplicate(Task& task, Fd from, Fd to, FdFlags flags) {
  Ref<File> file = TRY(task.files().get(from));
  TRY(task.files().install_at(task, to, std::move(file), flags));
  return to.raw();
}

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

Result<i64> set_status_flags(File& file, u32 wanted) {
  constexpr u32 kChangeable = abi::o_append | abi::o_nonblock | abi::o_async | abi::o_direct | abi::o_noatime;
  file.set_flags(wanted & kChangeable);
  return 0;
}

}  // namespace

Result<i64> sys_open(Task& task, UserPath path, OpenFlags flags, FileMode mode) {
  return open_at(task, abi::at_fdcwd.raw(), path, flags.raw() & kKnownOpenFlags, mode.raw() & 07777);
}

Result<i64> sys_openat(Task& task, DirFd dirfd, UserPath path, OpenFlags flags, FileMode mode) {
  return open_at(task, dirfd.raw(), path, flags.raw() & kKnownOpenFlags, mode.raw() & 07777);
}

Result<i64> sys_creat(Task& task, UserPath path, FileMode mode) {
  return open_at(task, abi::at_fdcwd.raw(), path, abi::o_creat | abi::o_wronly | abi::o_trunc, mode.raw() & 07777);
}

Result<i64> sys_openat2(Task& task, DirFd dirfd, UserPath path, UserIn<abi::OpenHow> how, usize size) {
  if (size < abi::open_how_size_ver0) return Errno::einval;
  if (size > kPageSize) return Errno::e2big;
  std::vector<u8> bytes(size);
  TRY(copy_from_user(task, bytes.data(), how.addr(), size));
  abi::OpenHow given{};
  if (std::any_of(bytes.begin() + sizeof given, bytes.end(), [](u8 b) { return b != 0; })) return Errno::e2big;
  std::copy_n(bytes.begin(), sizeof given, reinterpret_cast<u8*>(&given));
  if ((given.flags & ~u64{kKnownOpenFlags}) != 0 || (given.mode & ~u64{07777}) != 0) return Errno::einval;
  constexpr u64 kWithPath = abi::o_path | abi::o_directory | abi::o_nofollow | abi::o_cloexec;
  if ((given.flags & abi::o_path) != 0 && (given.flags & ~kWithPath) != 0) return Errno::einval;
  const bool creates = (given.flags & abi::o_creat) != 0 || (given.flags & abi::o_tmpfile) == abi::o_tmpfile;
  if (!creates && given.mode != 0) return Errno::einval;
  constexpr u64 kKnownResolve = 0x3f;
  if ((given.resolve & ~kKnownResolve) != 0) return Errno::einval;
  constexpr u64 kScoped = abi::resolve_beneath | abi::resolve_in_root;
  if ((given.resolve & kScoped) == kScoped) return Errno::einval;
  if ((given.resolve & abi::resolve_cached) != 0 && (creates || (given.flags & abi::o_trunc) != 0))
    return Errno::eagain;
  return open_at(task, dirfd.raw(), path, static_cast<u32>(given.flags), static_cast<u32>(given.mode), given.resolve);
}

Result<i64> sys_close(Task& task, Fd fd) {
  TRY(task.files().close(task, fd));
  return 0;
}

Result<i64> sys_close_range(Task& task, u32 first, u32 last, CloseRangeFlags flags) {
  if (flags.unknown(abi::close_range_unshare | abi::close_range_cloexec) != 0 || first > last) return Errno::einval;
  if (flags.has(abi::close_range_unshare) && task.files().ref_count() > 1) task.set_files(task.files().clone());
  if (flags.has(abi::close_range_cloexec)) {
    task.files().set_close_on_exec_range(first, last);
  } else {
    task.files().close_range(task, first, last);
  }
  return 0;
}

Result<i64> sys_dup(Task& task, Fd oldfd) {
  const Ref<File> file = TRY(task.files().get(oldfd));
  return duplicate_above(task, file, 0, FdFlags::none);
}

Result<i64> sys_dup2(Task& task, Fd oldfd, Fd newfd) {
  if (oldfd == newfd) {
    TRY(task.files().get(oldfd));
    return newfd.raw();
  }
  return duplicate(task, oldfd, newfd, FdFlags::none);
}

Result<i64> sys_dup3(Task& task, Fd oldfd, Fd newfd, OpenFlags flags) {
  if (flags.unknown(abi::o_cloexec) != 0 || oldfd == newfd) return Errno::einval;
  return duplicate(task, oldfd, newfd, cloexec_if(flags.has(abi::o_cloexec)));
}

Result<i64> sys_fcntl(Task& task, Fd fd, FcntlCmd cmd, u64 arg) {
  const Ref<File> file = TRY(task.files().get(fd));
  const u32 command = cmd.raw();
  switch (command) {
    case abi::f_dupfd:
    case abi::f_dupfd_cloexec:
      return duplicate_above(task, file, arg, cloexec_if(command == abi::f_dupfd_cloexec));
    case abi::f_getfd: {
      const FdFlags flags = TRY(task.files().flags(fd));
      return static_cast<i64>(flags);
    }
    case abi::f_setfd:
      TRY(task.files().set_flags(fd, cloexec_if((arg & abi::fd_cloexec) != 0)));
      return 0;
    case abi::f_getfl:
      return file->flags() & ~(abi::o_cloexec | abi::o_creat | abi::o_excl | abi::o_noctty | abi::o_trunc);
    default:
      break;
  }
  if (file->is_path_only()) return Errno::ebadf;
  switch (command) {
    case abi::f_setfl:
      return set_status_flags(*file, static_cast<u32>(arg));
    case abi::f_getlk:
    case abi::f_setlk:
    case abi::f_setlkw:
    case abi::f_ofd_getlk:
    case abi::f_ofd_setlk:
    case abi::f_ofd_setlkw:
      return lock_command(task, *file, command, arg);
    case abi::f_getown: {
      const File::AsyncOwner owner = file->async_owner();
      return owner.type == abi::f_owner_pgrp ? -i64{owner.pid} : owner.pid;
    }
    case abi::f_setown: {
      File::AsyncOwner owner = file->async_owner();
      const i32 who = static_cast<i32>(arg);
      owner.type = who < 0 ? abi::f_owner_pgrp : abi::f_owner_pid;
      owner.pid = who < 0 ? -who : who;
      file->set_async_owner(owner);
      return 0;
    }
    case abi::f_getsig:
      return file->async_owner().signal;
    case abi::f_setsig: {
      if (arg > static_cast<u64>(kSignalMax)) return Errno::einval;
      File::AsyncOwner owner = file->async_owner();
      owner.signal = static_cast<i32>(arg);
      file->set_async_owner(owner);
      return 0;
    }
    default:
      return file->control(task, command, arg);
  }
}

Result<i64> sys_ioctl(Task& task, Fd fd, IoctlCmd cmd, u64 arg) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  switch (cmd.raw()) {
    case abi::fioclex:
      TRY(task.files().set_flags(fd, FdFlags::close_on_exec));
      return 0;
    case abi::fionclex:
      TRY(task.files().set_flags(fd, FdFlags::none));
      return 0;
    case abi::fionbio: {
      const i32 on = TRY(UserIn<i32>(GuestAddr(arg)).read(task));
      constexpr u32 kKept = abi::o_append | abi::o_async | abi::o_direct | abi::o_noatime;
      return set_status_flags(*file, (file->flags() & kKept) | (on != 0 ? abi::o_nonblock : 0));
    }
    default: {
      const Result<i64> answer = file->ioctl(task, cmd.raw(), arg);
      return answer.is(Errno::enoioctlcmd) ? Result<i64>(Errno::enotty) : answer;
    }
  }
}

}  // namespace limen
