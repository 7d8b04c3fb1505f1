// splice(2), tee(2), vmsplice(2): which end is a pipe is found here, kernel/ipc/splice moves the bytes. The order of the checks is
// that of fs/splice.c (do_splice, do_tee, vmsplice_type).
#include "kernel/ipc/splice.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "abi/poll.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/notify.h"

namespace limen {
namespace {

constexpr usize kMost = 0x7ffff000;  // MAX_RW_COUNT
constexpr u32 kKnown = abi::splice_f_move | abi::splice_f_nonblock | abi::splice_f_more | abi::splice_f_gift;

Waits waits_unless(bool nonblocking) { return nonblocking ? Waits::no : Waits::yes; }

// The offset of the end that is no pipe: a pipe's must be null.
Result<std::optional<u64>> offset_of(Task& task, UserInOut<i64> offset) {
  if (offset.is_null()) return std::optional<u64>();
  const i64 given = TRY(offset.read(task));
  return std::optional<u64>(static_cast<u64>(given));
}

// Linux: rw_verify_area.
Result<void> judge_offset(const std::optional<u64>& offset) {
  return offset && static_cast<i64>(*offset) < 0 ? Result<void>(Errno::einval) : Result<void>();
}

struct Ends {
  Ref<File> in, out;
  Ref<Pipe> in_pipe, out_pipe;
  std::optional<u64> in_offset, out_offset;
};

Result<usize> do_splice(Task& task, Ends& ends, usize length, bool nonblock) {
  if (!ends.in->readable() || !ends.out->writable()) return Errno::ebadf;
  if (ends.in_pipe && ends.out_pipe) {
    if (ends.in_pipe == ends.out_pipe) return Errno::einval;
    const Waits waits = waits_unless(nonblock || ends.in->nonblocking() || ends.out->nonblocking());
    return splice_between(task, *ends.in_pipe, *ends.out_pipe, length, Pipe::Transfer::move, waits);
  }
  if (ends.in_pipe) {
    if (ends.out_offset && !ends.out->seekable()) return Errno::einval;
    if ((ends.out->flags() & abi::o_append) != 0) return Errno::einval;
    TRY(judge_offset(ends.out_offset));
    return splice_from_pipe(task, *ends.in_pipe, *ends.out, ends.out_offset ? &*ends.out_offset : nullptr, length,
                            waits_unless(nonblock || ends.in->nonblocking()));
  }
  if (ends.out_pipe) {
    if (ends.in_offset && !ends.in->seekable()) return Errno::einval;
    TRY(judge_offset(ends.in_offset));
    return splice_to_pipe(task, *ends.in, ends.in_offset ? &*ends.in_offset : nullptr, *ends.out_pipe, length,
                          waits_unless(nonblock || ends.out->nonblocking()));
  }
  return Errno::einval;
}

}  // namespace

Result<i64> sys_splice(Task& task, Fd fd_in, UserInOut<i64> off_in, Fd fd_out, UserInOut<i64> off_out, usize len,
                       SpliceFlags flags) {
  if (len == 0) return 0;
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  Ends ends;
  ends.in = TRY(file_of(task, fd_in));
  ends.out = TRY(file_of(task, fd_out));
  ends.in_pipe = pipe_of(*ends.in);
  ends.out_pipe = pipe_of(*ends.out);
  if ((ends.in_pipe && !off_in.is_null()) || (ends.out_pipe && !off_out.is_null())) return Errno::espipe;
  for (const Ref<File>& end : {ends.in, ends.out}) {
    if (auto* pipe = dynamic_cast<PipeFile*>(end.get()); pipe != nullptr) pipe->set_spliced();
  }
  ends.out_offset = TRY(offset_of(task, off_out));
  ends.in_offset = TRY(offset_of(task, off_in));
  const usize moved = TRY(do_splice(task, ends, std::min(len, kMost), flags.has(abi::splice_f_nonblock)));
  if (ends.out_offset) TRY(off_out.write(task, static_cast<i64>(*ends.out_offset)));
  if (ends.in_offset) TRY(off_in.write(task, static_cast<i64>(*ends.in_offset)));
  return static_cast<i64>(moved);
}

Result<i64> sys_tee(Task& task, Fd fd_in, Fd fd_out, usize len, SpliceFlags flags) {
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  if (len == 0) return 0;
  const Ref<File> in = TRY(file_of(task, fd_in));
  const Ref<File> out = TRY(file_of(task, fd_out));
  if (!in->readable() || !out->writable()) return Errno::ebadf;
  const Ref<Pipe> from = pipe_of(*in), to = pipe_of(*out);
  if (!from || !to || from == to) return Errno::einval;
  const Waits waits = waits_unless(flags.has(abi::splice_f_nonblock) || in->nonblocking() || out->nonblocking());
  const usize moved = TRY(splice_between(task, *from, *to, std::min(len, kMost), Pipe::Transfer::copy, waits));
  return static_cast<i64>(moved);
}

Result<i64> sys_vmsplice(Task& task, Fd fd, UserArray<In, abi::IoVec> iov, u64 nr_segs, SpliceFlags flags) {
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  const Ref<File> file = TRY(file_of(task, fd));
  const Ref<Pipe> pipe = pipe_of(*file);
  if (!pipe) return Errno::ebadf;
  UserBuffer buffer = TRY(read_iovec(task, iov.addr(), nr_segs));
  if (buffer.remaining() == 0) return 0;
  const Waits waits = waits_unless(flags.has(abi::splice_f_nonblock));
  const usize moved = TRY(file->writable() ? splice_from_memory(task, buffer, *pipe, waits)
                                           : splice_to_memory(task, *pipe, buffer, waits));
  return static_cast<i64>(moved);
}

}  // namespace limen
