#include "kernel/ipc/splice.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

constexpr usize kMostAtOnce = 1 << 20;  // bytes in the kernel's hands at one time

// Waits until the pipe has a free slot. Linux: wait_for_space.
Result<void> wait_for_room(Task& task, Pipe& pipe, Waits waits) {
  const auto attempt = [&]() -> Result<void> {
    const Pipe::State state = pipe.state();
    if (state.ends.readers == 0) return Errno::epipe;
    return state.full ? Result<void>(Errno::eagain) : Result<void>();
  };
  const Result<void> room = waits == Waits::yes ? task.block(pipe.write_queue, Deadline::never(), attempt) : attempt();
  if (room.is(Errno::epipe)) send_sigpipe(task);
  return room;
}

// Waits until the pipe has bytes; false when it has ended without one. Linux: splice_from_pipe_next.
Result<bool> wait_for_bytes(Task& task, Pipe& pipe, Waits waits) {
  const auto attempt = [&]() -> Result<bool> {
    const Pipe::State state = pipe.state();
    if (!state.empty) return true;
    return state.ended ? Result<bool>(false) : Errno::eagain;
  };
  return waits == Waits::yes ? task.block(pipe.read_queue, Deadline::never(), attempt) : attempt();
}

u32 how_of(Waits waits) { return waits == Waits::yes ? 0 : abi::rwf_nowait; }

// All of `bytes` into the pipe, whose room was seen; another writer may have taken it since.
Result<usize> put(Task& task, Pipe& pipe, std::span<const u8> bytes, Waits waits) {
  UserBuffer from = UserBuffer::of_const(bytes);
  usize total = 0;
  for (;;) {
    const Result<usize> now = pipe.write(from, Pipe::Packets::no);
    total += now.value_or(0);
    if (from.remaining() == 0) return total;
    if (!now.ok() && !now.is(Errno::eagain)) return total != 0 ? Result<usize>(total) : now;
    const Result<void> room = wait_for_room(task, pipe, waits);
    if (!room.ok()) return total != 0 ? Result<usize>(total) : Result<usize>(room.error());
  }
}

}  // namespace

Result<void> check_spliceable(File& in) {
  const auto* pseudo = in.has_inode() ? dynamic_cast<const PseudoInode*>(&in.inode()) : nullptr;
  return pseudo != nullptr && !pseudo->may_be_spliced() ? Result<void>(Errno::einval) : success;
}

Result<usize> splice_to_pipe(Task& task, File& in, u64* position, Pipe& pipe, usize length, Waits waits) {
  TRY(check_spliceable(in));
  TRY(wait_for_room(task, pipe, waits));
  const usize room = std::min(pipe.state().free_slots * kPageSize, kMostAtOnce);
  std::vector<u8> chunk(std::min(length, room));
  if (chunk.empty()) return length == 0 ? Result<usize>(usize{0}) : Errno::eagain;
  UserBuffer to{std::span<u8>(chunk)};
  if (!in.has_position(position != nullptr)) {
    const usize got = TRY(in.read(task, to, how_of(waits)));
    // What a socket or a terminal gave cannot be put back: it waits for its place.
    return got == 0 ? Result<usize>(got) : put(task, pipe, std::span<const u8>(chunk).first(got), Waits::yes);
  }
  u64 at = position != nullptr ? *position : in.position();
  const Result<usize> read = in.pread(task, to, at);
  if (read.is(Errno::eisdir)) return Errno::einval;  // a directory has no way to be spliced at all
  const usize got = TRY(read);
  if (got == 0) return usize{0};
  const usize taken = TRY(put(task, pipe, std::span<const u8>(chunk).first(got), Waits::no));
  at += taken;
  if (position != nullptr) {
    *position = at;
  } else {
    MutexGuard guard(in.position_lock());
    in.set_position(at);
  }
  return taken;
}

Result<usize> splice_from_pipe(Task& task, Pipe& pipe, File& out, u64* position, usize length, Waits waits) {
  usize total = 0;
  while (total < length) {
    const Result<bool> more = wait_for_bytes(task, pipe, total == 0 ? waits : Waits::no);
    if (!more.ok()) return total != 0 ? Result<usize>(total) : Result<usize>(more.error());
    if (!*more) break;
    Pipe::Taken taken = pipe.take(std::min(length - total, kMostAtOnce));
    usize used = 0;
    Result<usize> put_now = usize{0};
    for (const std::span<const u8>& span : taken.spans()) {
      UserBuffer from = UserBuffer::of_const(span);
      put_now = position != nullptr ? out.pwrite(task, from, *position) : out.write(task, from, how_of(waits));
      if (!put_now.ok()) break;
      used += *put_now;
      if (position != nullptr) *position += *put_now;
      if (*put_now < span.size()) break;
    }
    const bool whole = used == taken.bytes();
    pipe.finish(std::move(taken), used);
    total += used;
    if (!put_now.ok() && total == 0) return put_now.error();
    if (!whole) break;
  }
  return total;
}

Result<usize> splice_between(Task& task, Pipe& from, Pipe& to, usize length, Pipe::Transfer how, Waits waits) {
  for (;;) {
    // Linux: ipipe_prep, opipe_prep, then the transfer, over again where somebody else was faster.
    const bool more = TRY(wait_for_bytes(task, from, waits));
    if (!more) return usize{0};
    TRY(wait_for_room(task, to, waits));
    const Result<usize> moved = Pipe::transfer(from, to, length, how);
    if (moved.is(Errno::epipe)) send_sigpipe(task);
    if (!moved.is(Errno::eagain) || waits == Waits::no) return moved;
  }
}

Result<usize> splice_from_memory(Task& task, UserBuffer& from, Pipe& pipe, Waits waits) {
  for (;;) {
    TRY(wait_for_room(task, pipe, waits));
    const Result<usize> moved = pipe.write(from, Pipe::Packets::no);
    if (moved.is(Errno::epipe)) send_sigpipe(task);
    if (!moved.is(Errno::eagain) || waits == Waits::no) return moved;
  }
}

Result<usize> splice_to_memory(Task& task, Pipe& pipe, UserBuffer& to, Waits waits) {
  const auto attempt = [&] { return pipe.read(to); };
  return waits == Waits::yes ? task.block(pipe.read_queue, Deadline::never(), attempt) : attempt();
}

}  // namespace limen
