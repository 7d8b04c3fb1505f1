// open(2), openat2(2), close(2), dup(2): descriptors come and go.
#include "abi/fcntl.h"
#include "abi/resource.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/opened.h"

namespace limen {
namespace {

Result<i64> open_at(Task& task, i32 dirfd, UserPath path, u32 flags, u32 mode, u64 resolve = 0) {
  const std::string name = TRY(path.read(task));
  FdReservation fd = TRY(task.files().reserve(task));
  Ref<File> file = TRY(open_path(task, dirfd, name, flags, mode, resolve));
  const Fd number = fd.number();
  const FdFlags fd_flags = cloexec_if((flags & abi::o_cloexec) != 0);
  Opened opened(task, *file);
  fd.publish(file, fd_flags);
  opened.tell(number, fd_flags);
  return number.raw();
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
  const abi::OpenHow given = TRY(how.read_sized(task, size));
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
    task.files().set_close_on_exec_range(task, first, last);
  } else {
    task.files().close_range(task, first, last);
  }
  return 0;
}

Result<i64> sys_dup(Task& task, Fd oldfd) {
  const Ref<File> file = TRY(task.files().get(oldfd));
  const Fd fd = TRY(task.files().install(task, file, FdFlags::none));
  return fd.raw();
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

}  // namespace limen
