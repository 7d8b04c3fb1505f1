// read(2), write(2) and their kin: descriptor and buffers are found here, File does the work.
#include "abi/fcntl.h"
#include "kernel/mm/user_buffer.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

Result<i64> moved(const Result<usize>& n) { return n.ok() ? Result<i64>(static_cast<i64>(*n)) : n.error(); }

// The position of preadv(2) comes in two halves; on a 64-bit ABI the low one holds it all.
Result<i64> vector_read(Task& task, Fd fd, GuestAddr iov, u64 count, i64 position, bool at_position) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (at_position && position < 0) return Errno::einval;
  UserBuffer buffer = TRY(read_iovec(task, iov, count));
  return moved(at_position ? file->pread(task, buffer, static_cast<u64>(position)) : file->read(task, buffer));
}

Result<i64> vector_write(Task& task, Fd fd, GuestAddr iov, u64 count, i64 position, bool at_position) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (at_position && position < 0) return Errno::einval;
  UserBuffer buffer = TRY(read_iovec(task, iov, count));
  return moved(at_position ? file->pwrite(task, buffer, static_cast<u64>(position)) : file->write(task, buffer));
}

// RWF_HIPRI is a hint, RWF_DSYNC and RWF_SYNC are always so for files in memory.
Result<void> check_rw_flags(RwFlags flags) {
  constexpr u32 kHints = abi::rwf_hipri | abi::rwf_dsync | abi::rwf_sync;
  return flags.unknown(kHints) != 0 ? Result<void>(Errno::eopnotsupp) : Result<void>();
}

}  // namespace

Result<i64> sys_read(Task& task, Fd fd, UserBytes<Out> buf, usize count) {
  const Ref<File> file = TRY(task.files().get(fd));
  UserBuffer buffer(task, buf.addr(), count);
  return moved(file->read(task, buffer));
}

Result<i64> sys_write(Task& task, Fd fd, UserBytes<In> buf, usize count) {
  const Ref<File> file = TRY(task.files().get(fd));
  UserBuffer buffer(task, buf.addr(), count);
  return moved(file->write(task, buffer));
}

Result<i64> sys_pread64(Task& task, Fd fd, UserBytes<Out> buf, usize count, Off offset) {
  if (offset < 0) return Errno::einval;
  const Ref<File> file = TRY(task.files().get(fd));
  UserBuffer buffer(task, buf.addr(), count);
  return moved(file->pread(task, buffer, static_cast<u64>(offset)));
}

Result<i64> sys_pwrite64(Task& task, Fd fd, UserBytes<In> buf, usize count, Off offset) {
  if (offset < 0) return Errno::einval;
  const Ref<File> file = TRY(task.files().get(fd));
  UserBuffer buffer(task, buf.addr(), count);
  return moved(file->pwrite(task, buffer, static_cast<u64>(offset)));
}

Result<i64> sys_readv(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt) {
  return vector_read(task, fd, iov.addr(), iovcnt, 0, false);
}

Result<i64> sys_writev(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt) {
  return vector_write(task, fd, iov.addr(), iovcnt, 0, false);
}

Result<i64> sys_preadv(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt, u64 pos_l, u64) {
  return vector_read(task, fd, iov.addr(), iovcnt, static_cast<i64>(pos_l), true);
}

Result<i64> sys_pwritev(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt, u64 pos_l, u64) {
  return vector_write(task, fd, iov.addr(), iovcnt, static_cast<i64>(pos_l), true);
}

Result<i64> sys_preadv2(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt, u64 pos_l, u64, RwFlags flags) {
  TRY(check_rw_flags(flags));
  const i64 position = static_cast<i64>(pos_l);
  return vector_read(task, fd, iov.addr(), iovcnt, position, position != -1);
}

Result<i64> sys_pwritev2(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 iovcnt, u64 pos_l, u64, RwFlags flags) {
  TRY(check_rw_flags(flags));
  const i64 position = static_cast<i64>(pos_l);
  return vector_write(task, fd, iov.addr(), iovcnt, position, position != -1);
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
