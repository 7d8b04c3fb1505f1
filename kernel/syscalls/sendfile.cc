// sendfile(2) and copy_file_range(2): bytes from one file to another through a buffer of the kernel's.
#include <algorithm>

#include "abi/fcntl.h"
#include "kernel/ipc/splice.h"
#include "kernel/mm/page_store.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/task/usage.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr usize kMostAtOnce = 0x7ffff000;  // MAX_RW_COUNT
constexpr usize kChunk = 1 << 17;

// Copies up to `count` bytes from `from` at `position`. `put` writes and says how much it took. What was written counts, an error after it
// does not show; bytes that were read and not taken are not consumed.
template <typename Put>
Result<usize> pump(Task& task, File& from, u64& position, usize count, Put put) {
  std::vector<u8> chunk(std::min(count, kChunk));
  usize total = 0;
  while (total < count && !chunk.empty()) {
    UserBuffer in(std::span<u8>(chunk).first(std::min(chunk.size(), count - total)));
    const Result<usize> got = from.pread(task, in, position);
    if (!got.ok()) return total != 0 ? Result<usize>(total) : Result<usize>(got.error());
    if (*got == 0) break;
    UserBuffer out = UserBuffer::of_const(std::span<const u8>(chunk).first(*got));
    const Result<usize> put_now = put(out);
    if (!put_now.ok()) return total != 0 ? Result<usize>(total) : Result<usize>(put_now.error());
    total += *put_now;
    position += *put_now;
    if (*put_now < *got || task.signal_pending()) break;
  }
  return total;
}

// Whatever was given: a negative one is judged later.
Result<i64> given_start(Task& task, File& file, UserInOut<i64> offset) {
  return offset.is_null() ? Result<i64>(static_cast<i64>(file.position())) : offset.read(task);
}

Result<u64> start_of(Task& task, File& file, UserInOut<i64> offset) {
  const i64 given = TRY(given_start(task, file, offset));
  if (given < 0) return Errno::einval;
  return static_cast<u64>(given);
}

void advance(File& file, u64 position) {
  MutexGuard guard(file.position_lock());
  file.set_position(position);
}

// Into a pipe sendfile is splice, and takes what splice takes. Linux: do_sendfile.
Result<i64> send_to_pipe(Task& task, File& in, UserInOut<i64> offset, File& out, Pipe& pipe, usize count) {
  if (pipe_of(in)) return Errno::einval;
  std::optional<u64> position;
  if (!offset.is_null()) position = TRY(start_of(task, in, offset));
  const Waits waits = out.nonblocking() ? Waits::no : Waits::yes;
  const usize moved =
      TRY(splice_to_pipe(task, in, position ? &*position : nullptr, pipe, std::min(count, kMostAtOnce), waits));
  if (position) TRY(offset.write(task, static_cast<i64>(*position)));
  count_read(task, moved), count_write(task, moved);
  return static_cast<i64>(moved);
}

}  // namespace

Result<i64> sys_sendfile(Task& task, Fd out_fd, Fd in_fd, UserInOut<i64> offset, usize count) {
  const Ref<File> in = TRY(file_of(task, in_fd));
  if (!in->readable()) return Errno::ebadf;
  if (!in->seekable() && !offset.is_null()) return Errno::espipe;
  u64 position = TRY(start_of(task, *in, offset));
  if (static_cast<i64>(count) < 0 || static_cast<i64>(position + count) < 0) return Errno::einval;
  const Ref<File> out = TRY(file_of(task, out_fd));
  if (!out->writable()) return Errno::ebadf;
  if (const Ref<Pipe> pipe = pipe_of(*out)) return send_to_pipe(task, *in, offset, *out, *pipe, count);
  if ((out->flags() & abi::o_append) != 0 || !in->has_position(!offset.is_null())) return Errno::einval;
  TRY(check_spliceable(*in));
  const Result<usize> moved = pump(task, *in, position, std::min(count, kMostAtOnce),
                                   [&](UserBuffer& bytes) { return out->write(task, bytes); });
  if (moved.is(Errno::eisdir)) return Errno::einval;  // a directory cannot be spliced
  if (!moved.ok()) return moved.error();
  if (offset.is_null())
    advance(*in, position);
  else
    TRY(offset.write(task, static_cast<i64>(position)));
  count_read(task, *moved), count_write(task, *moved);
  return static_cast<i64>(*moved);
}

// Source: fs/read_write.c:generic_copy_file_checks.
Result<i64> sys_copy_file_range(Task& task, Fd fd_in, UserInOut<i64> off_in, Fd fd_out, UserInOut<i64> off_out,
                                usize len, u32 flags) {
  const Ref<File> in = TRY(file_of(task, fd_in));
  const Ref<File> out = TRY(file_of(task, fd_out));
  u64 from = static_cast<u64>(TRY(given_start(task, *in, off_in)));
  u64 to = static_cast<u64>(TRY(given_start(task, *out, off_out)));
  if (flags != 0) return Errno::einval;
  const Attributes source = TRY(in->attributes());
  const Attributes target = TRY(out->attributes());
  if (source.is_directory() || target.is_directory()) return Errno::eisdir;
  if (!source.is_regular() || !target.is_regular()) return Errno::einval;
  if (!in->readable() || !out->writable() || (out->flags() & abi::o_append) != 0) return Errno::ebadf;
  if (&in->inode().filesystem() != &out->inode().filesystem()) return Errno::exdev;
  if (!in->keeps_position() || !out->keeps_position())
    return Errno::exdev;  // a stream of the host's: callers read and write instead
  if (from + len < from || to + len < to) return Errno::eoverflow;
  if (static_cast<i64>(from) < 0 || static_cast<i64>(to) < 0) return Errno::einval;
  const u64 left = source.size > from ? source.size - from : 0;
  const usize count = static_cast<usize>(std::min<u64>(std::min(len, kMostAtOnce), left));
  if (&in->inode() == &out->inode() && from < to + count && to < from + count) return Errno::einval;
  const Result<usize> moved = pump(task, *in, from, count, [&](UserBuffer& bytes) {
    Result<usize> put = out->pwrite(task, bytes, to);
    if (put.ok()) to += *put;
    return put;
  });
  if (!moved.ok()) return moved.error();
  if (off_in.is_null())
    advance(*in, from);
  else
    TRY(off_in.write(task, static_cast<i64>(from)));
  if (off_out.is_null())
    advance(*out, to);
  else
    TRY(off_out.write(task, static_cast<i64>(to)));
  count_read(task, *moved), count_write(task, *moved);
  return static_cast<i64>(*moved);
}

}  // namespace limen
