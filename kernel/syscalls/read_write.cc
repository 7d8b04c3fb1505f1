// read(2), write(2) and their kin: descriptor and buffers are found here, File does the work.
#include "abi/fcntl.h"
#include "kernel/mm/user_buffer.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/task/usage.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// The answer of a read or a write, which /proc/PID/io counts unless the descriptor was not for it. Linux: vfs_read, vfs_write.
Result<i64> has_read(Task& task, const Result<usize>& n) {
  if (!n.is(Errno::ebadf)) count_read(task, n.value_or(0));
  return n.ok() ? Result<i64>(static_cast<i64>(*n)) : n.error();
}
Result<i64> has_written(Task& task, const Result<usize>& n) {
  if (!n.is(Errno::ebadf)) count_write(task, n.value_or(0));
  return n.ok() ? Result<i64>(static_cast<i64>(*n)) : n.error();
}

// Where preadv(2) and its kin work: at the file's own position, or at one that was given.
struct Place {
  bool given = false;
  i64 position = 0;
};

// The order of the checks is Linux's: fs/read_write.c:do_preadv, vfs_readv.
Result<Ref<File>> file_for(Task& task, Fd fd, Place place, File::Moves direction) {
  if (place.given && place.position < 0) return Errno::einval;
  Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  if (place.given && !file->seekable()) return Errno::espipe;
  if (direction == File::Moves::reads ? !file->readable() : !file->writable()) return Errno::ebadf;
  return file;
}

// RWF_*. Linux: include/linux/fs.h:kiocb_set_rw_flags. RWF_HIPRI is a hint; RWF_DSYNC and RWF_SYNC are carried out by the caller.
Result<void> check_rw_flags(const File& file, u32 flags, File::Moves direction) {
  if ((flags & ~file.call_flags(direction)) != 0) return Errno::eopnotsupp;
  constexpr u32 kEither = abi::rwf_append | abi::rwf_noappend;
  return (flags & kEither) == kEither ? Result<void>(Errno::einval) : Result<void>();
}

Result<i64> vector_read(Task& task, Fd fd, GuestAddr iov, u64 count, Place place, u32 flags = 0) {
  const Ref<File> file = TRY(file_for(task, fd, place, File::Moves::reads));
  UserBuffer buffer = TRY(read_iovec(task, iov, count));
  if (buffer.remaining() != 0) TRY(check_rw_flags(*file, flags, File::Moves::reads));
  return has_read(task, place.given ? file->pread(task, buffer, static_cast<u64>(place.position), flags)
                                    : file->read(task, buffer, flags));
}

Result<i64> vector_write(Task& task, Fd fd, GuestAddr iov, u64 count, Place place, u32 flags = 0) {
  const Ref<File> file = TRY(file_for(task, fd, place, File::Moves::writes));
  UserBuffer buffer = TRY(read_iovec(task, iov, count));
  if (buffer.remaining() != 0) TRY(check_rw_flags(*file, flags, File::Moves::writes));
  Result<i64> result =
      has_written(task, place.given ? file->pwrite(task, buffer, static_cast<u64>(place.position), flags)
                                    : file->write(task, buffer, flags));
  if ((flags & (abi::rwf_dsync | abi::rwf_sync)) != 0 && result.ok() && *result > 0 && file->seekable()) {
    TRY(file->sync(task, (flags & abi::rwf_sync) == 0));
  }
  return result;
}

// The position of preadv(2) comes in two halves; on a 64-bit ABI the low one holds it all. -1 of preadv2(2) is the file's own.
Place place_at(u64 position) { return {true, static_cast<i64>(position)}; }
Place place_or_own(u64 position) { return static_cast<i64>(position) == -1 ? Place() : place_at(position); }

}  // namespace

Result<i64> sys_read(Task& task, Fd fd, UserBytes<Out> buf, usize count) {
  const Ref<File> file = TRY(task.files().get(fd));
  UserBuffer buffer(task, buf.addr(), count);
  return has_read(task, file->read(task, buffer));
}

Result<i64> sys_write(Task& task, Fd fd, UserBytes<In> buf, usize count) {
  const Ref<File> file = TRY(task.files().get(fd));
  UserBuffer buffer(task, buf.addr(), count);
  return has_written(task, file->write(task, buffer));
}

Result<i64> sys_pread64(Task& task, Fd fd, UserBytes<Out> buf, usize count, Off offset) {
  if (offset < 0) return Errno::einval;
  const Ref<File> file = TRY(task.files().get(fd));
  UserBuffer buffer(task, buf.addr(), count);
  return has_read(task, file->pread(task, buffer, static_cast<u64>(offset)));
}

Result<i64> sys_pwrite64(Task& task, Fd fd, UserBytes<In> buf, usize count, Off offset) {
  if (offset < 0) return Errno::einval;
  const Ref<File> file = TRY(task.files().get(fd));
  UserBuffer buffer(task, buf.addr(), count);
  return has_written(task, file->pwrite(task, buffer, static_cast<u64>(offset)));
}

Result<i64> sys_readv(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt) {
  return vector_read(task, fd, iov.addr(), iovcnt, Place());
}

Result<i64> sys_writev(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt) {
  return vector_write(task, fd, iov.addr(), iovcnt, Place());
}

Result<i64> sys_preadv(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt, u64 pos_l, u64) {
  return vector_read(task, fd, iov.addr(), iovcnt, place_at(pos_l));
}

Result<i64> sys_pwritev(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt, u64 pos_l, u64) {
  return vector_write(task, fd, iov.addr(), iovcnt, place_at(pos_l));
}

Result<i64> sys_preadv2(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt, u64 pos_l, u64, RwFlags flags) {
  return vector_read(task, fd, iov.addr(), iovcnt, place_or_own(pos_l), flags.raw());
}

Result<i64> sys_pwritev2(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt, u64 pos_l, u64, RwFlags flags) {
  return vector_write(task, fd, iov.addr(), iovcnt, place_or_own(pos_l), flags.raw());
}

Result<i64> sys_lseek(Task& task, Fd fd, Off offset, Whence whence) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  constexpr u32 kLast = 4;  // SEEK_HOLE
  if (whence.raw() > kLast) return Errno::einval;
  const u64 position = TRY(file->seek(task, offset, static_cast<int>(whence.raw())));
  return static_cast<i64>(position);
}

}  // namespace limen
