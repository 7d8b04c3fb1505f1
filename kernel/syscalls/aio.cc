// io_setup(2), io_destroy(2), io_submit(2), io_cancel(2), io_getevents(2), io_pgetevents(2). Source: fs/aio.c.
#include "kernel/ipc/aio.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "abi/mman.h"
#include "abi/poll.h"
#include "abi/signal.h"
#include "kernel/ipc/timeout.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr usize kMostAioEvents = 0x10000000 / sizeof(abi::IoEvent);
constexpr u64 kEventBytes = 64;  // what a place in a context's queue costs

Result<Ref<AioContext>> context_of(Task& task, u64 id) {
  const Ref<RefCounted> table = task.mm().aio();
  if (!table) return Errno::einval;
  return static_cast<AioTable&>(*table).find(id);
}

struct Request {
  abi::IoCb control{};
  Ref<File> file;
  Ref<EventFile> told;  // IOCB_FLAG_RESFD
  abi::IoEvent event{};
};

Result<UserBuffer> buffer_of(Task& task, const abi::IoCb& control, bool is_vector) {
  if (is_vector) return read_iovec(task, GuestAddr(control.aio_buf), control.aio_nbytes);
  return UserBuffer(task, GuestAddr(control.aio_buf), control.aio_nbytes);
}

// IOCB_CMD_PREAD and its kin: what the transfer says is the event's result, what is wrong with the request io_submit's.
Result<i64> transfer(Task& task, const Request& request, File::Moves direction, bool is_vector) {
  const abi::IoCb& control = request.control;
  File& file = *request.file;
  const bool reads = direction == File::Moves::reads;
  if ((control.aio_rw_flags & ~file.call_flags(direction)) != 0) return Errno::eopnotsupp;
  constexpr u32 kEither = abi::rwf_append | abi::rwf_noappend;
  if ((control.aio_rw_flags & kEither) == kEither) return Errno::einval;
  if (reads ? !file.readable() : !file.writable()) return Errno::ebadf;
  UserBuffer buffer = TRY(buffer_of(task, control, is_vector));
  if (file.seekable() && control.aio_offset < 0) return Errno::einval;
  const u64 offset = static_cast<u64>(control.aio_offset);
  Result<usize> moved = Errno::einval;
  if (reads) {
    moved = file.seekable() ? file.pread(task, buffer, offset, control.aio_rw_flags)
                            : file.read(task, buffer, control.aio_rw_flags);
  } else {
    moved = file.seekable() ? file.pwrite(task, buffer, offset, control.aio_rw_flags)
                            : file.write(task, buffer, control.aio_rw_flags);
  }
  if (moved.ok()) return static_cast<i64>(*moved);
  const Errno error = moved.is(Errno::erestartsys) ? Errno::eintr : moved.error();
  return -static_cast<i64>(error);
}

Result<i64> synchronise(Task& task, const Request& request, bool data_only) {
  const abi::IoCb& control = request.control;
  if (control.aio_buf != 0 || control.aio_offset != 0 || control.aio_nbytes != 0 || control.aio_rw_flags != 0)
    return Errno::einval;
  const Result<void> done = request.file->sync(task, data_only);
  if (done.is(Errno::einval)) return Errno::einval;  // nothing that could be synchronised
  return done.ok() ? 0 : -static_cast<i64>(done.error());
}

Result<void> start_poll(Task& task, AioContext& context, const Request& request) {
  const abi::IoCb& control = request.control;
  if (control.aio_buf > UINT16_MAX) return Errno::einval;
  if (control.aio_offset != 0 || control.aio_nbytes != 0 || control.aio_rw_flags != 0) return Errno::einval;
  const PollEvents events = static_cast<PollEvents>(control.aio_buf) | kPollErr | kPollHup;
  return context.poll(task.kernel(), request.file, events, request.event, request.told);
}

// The request has its reservation; it is given back where this fails.
Result<void> carry_out(Task& task, AioContext& context, Request& request) {
  Result<i64> result = Errno::einval;
  switch (request.control.aio_lio_opcode) {
    case abi::iocb_cmd_pread:
    case abi::iocb_cmd_preadv:
      result = TRY(transfer(task, request, File::Moves::reads, request.control.aio_lio_opcode == abi::iocb_cmd_preadv));
      break;
    case abi::iocb_cmd_pwrite:
    case abi::iocb_cmd_pwritev:
      result =
          TRY(transfer(task, request, File::Moves::writes, request.control.aio_lio_opcode == abi::iocb_cmd_pwritev));
      break;
    case abi::iocb_cmd_fsync:
    case abi::iocb_cmd_fdsync:
      result = TRY(synchronise(task, request, request.control.aio_lio_opcode == abi::iocb_cmd_fdsync));
      break;
    case abi::iocb_cmd_poll:
      return start_poll(task, context, request);
    default:
      return Errno::einval;
  }
  request.event.res = *result;
  context.complete(request.event, request.told);
  return success;
}

// Linux: io_submit_one, __io_submit_one.
Result<void> submit_one(Task& task, AioContext& context, u64 iocb) {
  Request request;
  request.control = TRY(UserIn<abi::IoCb>(GuestAddr(iocb)).read(task));
  const abi::IoCb& control = request.control;
  if (control.aio_reserved2 != 0 || static_cast<i64>(control.aio_nbytes) < 0) return Errno::einval;
  TRY(context.reserve());
  const Result<void> begun = [&]() -> Result<void> {
    request.file = TRY(task.files().get(Fd(static_cast<i32>(control.aio_fildes))));
    if (request.file->is_path_only()) return Errno::ebadf;
    if ((control.aio_flags & abi::iocb_flag_resfd) != 0) {
      const Ref<File> told = TRY(task.files().get(Fd(static_cast<i32>(control.aio_resfd))));
      auto* const counter = dynamic_cast<EventFile*>(told.get());
      if (counter == nullptr) return Errno::einval;
      request.told = Ref<EventFile>(counter);
    }
    constexpr u32 kKey = 0;  // KIOCB_KEY: io_cancel wants to see it
    TRY(UserOut<u32>(GuestAddr(iocb + offsetof(abi::IoCb, aio_key))).write(task, kKey));
    request.event = {control.aio_data, iocb, 0, 0};
    return carry_out(task, context, request);
  }();
  if (!begun.ok()) context.give_back();
  return begun;
}

// As many events as there are, at least `least` unless the deadline or a signal comes first.
Result<i64> get_events(Task& task, u64 id, i64 least, i64 most, UserArray<Out, abi::IoEvent> to, Deadline deadline) {
  const Ref<AioContext> context = TRY(context_of(task, id));
  if (least > most || least < 0) return Errno::einval;
  i64 total = 0;
  const auto attempt = [&]() -> Result<void> {
    const std::vector<abi::IoEvent> events = context->take(static_cast<usize>(most - total));
    const UserOut<abi::IoEvent> place(to.addr() + static_cast<u64>(total) * sizeof(abi::IoEvent));
    const Result<void> copied = place.write_array(task, events);
    if (!copied.ok()) {
      context->put_back(events);
      return copied;
    }
    total += static_cast<i64>(events.size());
    if (total >= least) return success;
    return context->is_closed() ? Errno::einval : Errno::eagain;  // Linux: aio_read_events of a dead context
  };
  const Result<void> done = deadline == Deadline::past() ? attempt() : task.block(context->finished, deadline, attempt);
  if (total != 0 || done.ok() || done.is(Errno::eagain) || done.is(Errno::etimedout)) return total;
  return done.error();
}

Result<Deadline> deadline_after(Task& task, UserIn<abi::TimeSpec> timeout) {
  if (timeout.is_null()) return Deadline::never();
  const abi::TimeSpec t = TRY(timeout.read(task));
  if (t.tv_sec < 0 || (t.tv_sec == 0 && t.tv_nsec <= 0)) return Deadline::past();
  const i64 seconds = std::min<i64>(t.tv_sec, INT64_MAX / 2'000'000'000);
  return task.clock().after(static_cast<u64>(seconds) * kNsPerSecond + static_cast<u64>(std::max<i64>(t.tv_nsec, 0)));
}

}  // namespace

Result<i64> sys_io_setup(Task& task, u32 nr_events, UserInOut<u64> ctx) {
  const u64 before = TRY(ctx.read(task));
  if (before != 0 || nr_events == 0) return Errno::einval;
  Kernel& kernel = task.kernel();
  if (nr_events > kMostAioEvents / 2) return Errno::einval;
  if (nr_events > kernel.settings().aio_max_nr) return Errno::eagain;
  const AioRoom room = aio_room(nr_events, std::max(kernel.options().limits.cpus, 1u));
  const Ref<AioContext> context = TRY(AioContext::create(kernel, nr_events, room.events, room.events * kEventBytes));
  MmapRequest pages;
  pages.length = room.bytes;
  pages.prot = abi::prot_read | abi::prot_write;
  pages.flags = abi::map_private | abi::map_anonymous;
  const Result<GuestAddr> at = task.mm().mmap(task, pages);
  if (!at.ok()) return Errno::enomem;
  (void)task.mm().set_vma_name(*at, room.bytes, "/[aio]").ok();
  const Ref<RefCounted> table = task.mm().aio_or([] { return Ref<RefCounted>(make_ref<AioTable>()); });
  auto& contexts = static_cast<AioTable&>(*table);
  contexts.add(at->raw(), context);
  if (const Result<void> published = ctx.write(task, at->raw()); !published.ok()) {
    (void)contexts.remove(at->raw()).ok();
    (void)task.mm().munmap(*at, room.bytes).ok();
    return published.error();
  }
  return 0;
}

Result<i64> sys_io_destroy(Task& task, u64 ctx) {
  const Ref<RefCounted> table = task.mm().aio();
  if (!table) return Errno::einval;
  const Ref<AioContext> context = TRY(static_cast<AioTable&>(*table).remove(ctx));
  context->close();
  const AioRoom room = aio_room(context->asked(), std::max(task.kernel().options().limits.cpus, 1u));
  (void)task.mm().munmap(GuestAddr(ctx), room.bytes).ok();
  return 0;
}

Result<i64> sys_io_submit(Task& task, u64 ctx, i64 nr, UserArray<In, u64> iocbs) {
  if (nr < 0) return Errno::einval;
  const Ref<AioContext> context = TRY(context_of(task, ctx));
  const i64 most = std::min<i64>(nr, static_cast<i64>(context->capacity()));
  for (i64 i = 0; i < most; ++i) {
    const Result<void> begun = [&]() -> Result<void> {
      const u64 iocb = TRY(iocbs.read(task, static_cast<usize>(i)));
      return submit_one(task, *context, iocb);
    }();
    if (!begun.ok()) return i != 0 ? Result<i64>(i) : Result<i64>(begun.error());
  }
  return most;
}

Result<i64> sys_io_cancel(Task& task, u64 ctx, UserAddr iocb, UserOut<abi::IoEvent>) {
  const u32 key = TRY(UserIn<u32>(iocb + offsetof(abi::IoCb, aio_key)).read(task));
  if (key != 0) return Errno::einval;
  const Ref<AioContext> context = TRY(context_of(task, ctx));
  // The event comes through the queue, as Linux has it; `result` is not used any more.
  return context->cancel(iocb.raw()) ? Errno::einprogress : Errno::einval;
}

Result<i64> sys_io_getevents(Task& task, u64 ctx, i64 min_nr, i64 nr, UserArray<Out, abi::IoEvent> events,
                             UserIn<abi::TimeSpec> timeout) {
  const Deadline deadline = TRY(deadline_after(task, timeout));
  const Result<i64> got = get_events(task, ctx, min_nr, nr, events, deadline);
  return got.is(Errno::erestartsys) ? Result<i64>(Errno::eintr) : got;
}

Result<i64> sys_io_pgetevents(Task& task, u64 ctx, i64 min_nr, i64 nr, UserArray<Out, abi::IoEvent> events,
                              UserIn<abi::TimeSpec> timeout, UserIn<abi::SigSetArg> sigmask) {
  const Deadline deadline = TRY(deadline_after(task, timeout));
  if (!sigmask.is_null()) {
    const abi::SigSetArg mask = TRY(sigmask.read(task));
    if (!mask.mask.is_null()) {
      if (mask.size != abi::sigset_size) return Errno::einval;
      const abi::SigSet set = TRY(UserIn<abi::SigSet>(mask.mask).read(task));
      task.set_temporary_mask(SignalSet(set.bits));
    }
  }
  const Result<i64> got = get_events(task, ctx, min_nr, nr, events, deadline);
  return got.is(Errno::erestartsys) ? Result<i64>(Errno::erestartnohand) : got;
}

}  // namespace limen
