#include "kernel/ipc/pipe.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "abi/fcntl.h"
#include "abi/ioctl.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/vfs/anon.h"
#include "platform/sleeper.h"

namespace limen {
namespace {

constexpr PollEvents kReadable = kPollIn | kPollRdNorm;
constexpr PollEvents kWritable = kPollOut | kPollWrNorm;

}  // namespace

Pipe::~Pipe() {
  const usize pages = slots_.size() + spare_.size();
  account_.uncharge(pages * kPageSize);
}

Result<std::unique_ptr<u8[]>> Pipe::take_page() {
  if (!spare_.empty()) {
    std::unique_ptr<u8[]> page = std::move(spare_.back());
    spare_.pop_back();
    return page;
  }
  if (!account_.charge(kPageSize)) return Errno::enomem;
  return std::unique_ptr<u8[]>(new u8[kPageSize]);
}

void Pipe::keep_or_free(std::unique_ptr<u8[]> page) {
  if (spare_.size() < kMostSpare) {
    spare_.push_back(std::move(page));
  } else {
    account_.uncharge(kPageSize);
  }
}

void Pipe::drop_front() {
  keep_or_free(std::move(slots_.front().page));
  slots_.pop_front();
}

Result<usize> Pipe::read(UserBuffer& to) {
  usize total = 0;
  {
    MutexGuard guard(lock_);
    while (to.remaining() != 0 && !slots_.empty()) {
      Slot& slot = slots_.front();
      const usize want = std::min<usize>(slot.length, to.remaining());
      const Result<usize> copied = to.copy_out({slot.page.get() + slot.offset, want});
      if (!copied.ok() && total == 0) return copied.error();
      const usize n = copied.value_or(0);
      slot.offset += static_cast<u32>(n);
      slot.length -= static_cast<u32>(n);
      total += n;
      if (n < want) break;
      const bool was_packet = slot.packet;
      if (slot.length == 0 || was_packet) drop_front();
      if (was_packet) break;
    }
    if (total == 0 && to.remaining() != 0) {
      return has_ended() ? Result<usize>(usize{0}) : Errno::eagain;
    }
  }
  if (total != 0) write_queue.wake(kWritable);
  return total;
}

// A tail that is not a whole page goes into the room of the last slot, if it fits wholly (Linux: pipe_write).
Result<void> Pipe::merge(UserBuffer& from) {
  const usize tail = from.remaining() % kPageSize;
  if (tail == 0 || slots_.empty() || slots_.back().packet) return success;
  Slot& last = slots_.back();
  const usize end = last.offset + last.length;
  if (end + tail > kPageSize) return success;
  const usize n = TRY(from.copy_in({last.page.get() + end, tail}));
  last.length += static_cast<u32>(n);
  return n < tail ? Result<void>(Errno::efault) : success;
}

Result<void> Pipe::append(UserBuffer& from, Packets packets) {
  while (from.remaining() != 0) {
    if (slots_.size() >= most_slots_) return Errno::eagain;
    Slot slot;
    slot.page = TRY(take_page());
    slot.packet = packets == Packets::yes;
    const usize want = std::min<usize>(kPageSize, from.remaining());
    const Result<usize> copied = from.copy_in({slot.page.get(), want});
    if (!copied.ok() || *copied < want) {  // half a page is not sent
      if (copied.ok()) from.rewind(*copied);
      keep_or_free(std::move(slot.page));
      return Errno::efault;
    }
    slot.length = static_cast<u32>(want);
    slots_.push_back(std::move(slot));
  }
  return success;
}

Result<usize> Pipe::write(UserBuffer& from, Packets packets) {
  if (from.remaining() == 0) return usize{0};
  const usize before = from.moved();
  Result<void> result;
  bool much = false;  // for a reader to do
  {
    MutexGuard guard(lock_);
    if (ends_.readers == 0) return Errno::epipe;
    // Only a write's first attempt merges: its rest is whole pages.
    if (before == 0 && packets == Packets::no) result = merge(from);
    if (result.ok()) result = append(from, packets);
    much = slots_.size() * 4 >= most_slots_ * 3;
  }
  const usize moved = from.moved() - before;
  if (moved == 0 && !result.ok()) return result.error();
  // A stream of data, whose reader may as well have more of it at once; else a message.
  std::optional<platform::Sleeper::Unhurried> unhurried;
  if (moved >= kPageSize && !much) unhurried.emplace();
  read_queue.wake(kReadable);
  return moved;
}

Result<usize> Pipe::transfer(Pipe& from, Pipe& to, usize length, Transfer how) {
  if (&from == &to) return Errno::einval;
  Pipe& first = &from < &to ? from : to;
  Pipe& second = &from < &to ? to : from;
  usize total = 0;
  Result<void> result;
  {
    MutexGuard guard_first(first.lock_);
    MutexGuard guard_second(second.lock_);
    const auto step = [&]() NO_THREAD_SAFETY_ANALYSIS -> Result<void> {
      usize index = 0;
      while (total < length && index < from.slots_.size()) {
        if (to.ends_.readers == 0) return Errno::epipe;
        if (to.slots_.size() >= to.most_slots_) return Errno::eagain;
        Slot& source = from.slots_[index];
        const usize n = std::min<usize>(source.length, length - total);
        Slot slot;
        if (how == Transfer::move && n == source.length) {
          // The page changes hands, and with it its charge.
          if (&from.account_ != &to.account_) return Errno::einval;
          slot = std::move(source);
          from.slots_.pop_front();
        } else {
          slot.page = TRY(to.take_page());
          std::memcpy(slot.page.get(), source.page.get() + source.offset, n);
          slot.length = static_cast<u32>(n);
          slot.packet = source.packet;
          if (how == Transfer::move) {
            source.offset += static_cast<u32>(n);
            source.length -= static_cast<u32>(n);
          } else {
            ++index;
          }
        }
        to.slots_.push_back(std::move(slot));
        total += n;
      }
      if (total == 0 && to.ends_.readers == 0) return Errno::epipe;
      if (total == 0 && length != 0) return from.has_ended() ? Result<void>() : Result<void>(Errno::eagain);
      return success;
    };
    result = step();
  }
  if (total == 0) return result.ok() ? Result<usize>(usize{0}) : Result<usize>(result.error());
  to.read_queue.wake(kReadable);
  if (how == Transfer::move) from.write_queue.wake(kWritable);
  return total;
}

std::vector<std::span<const u8>> Pipe::Taken::spans() const {
  std::vector<std::span<const u8>> out;
  usize left = bytes_;
  for (const Slot& slot : slots_) {
    const usize n = std::min<usize>(slot.length, left);
    out.emplace_back(slot.page.get() + slot.offset, n);
    left -= n;
  }
  return out;
}

Pipe::Taken Pipe::take(usize length) {
  Taken taken;
  MutexGuard guard(lock_);
  while (taken.bytes_ < length && !slots_.empty()) {
    taken.bytes_ += std::min<usize>(slots_.front().length, length - taken.bytes_);
    taken.slots_.push_back(std::move(slots_.front()));
    slots_.pop_front();
  }
  ++taken_;
  return taken;
}

void Pipe::finish(Taken taken, usize used) {
  {
    MutexGuard guard(lock_);
    --taken_;
    while (!taken.slots_.empty() && used >= taken.slots_.front().length) {
      used -= taken.slots_.front().length;
      keep_or_free(std::move(taken.slots_.front().page));
      taken.slots_.pop_front();
    }
    if (!taken.slots_.empty()) {
      taken.slots_.front().offset += static_cast<u32>(used);
      taken.slots_.front().length -= static_cast<u32>(used);
    }
    while (!taken.slots_.empty()) {
      slots_.push_front(std::move(taken.slots_.back()));
      taken.slots_.pop_back();
    }
  }
  write_queue.wake(kWritable);
  read_queue.wake(kReadable | kPollHup);
}

usize Pipe::bytes() const {
  MutexGuard guard(lock_);
  usize total = 0;
  for (const Slot& slot : slots_) total += slot.length;
  return total;
}

usize Pipe::capacity() const {
  MutexGuard guard(lock_);
  return most_slots_ * kPageSize;
}

Result<usize> Pipe::rounded(usize bytes) {
  if (bytes > (usize{1} << 31)) return Errno::einval;
  return std::bit_ceil(std::max<usize>(bytes, kPageSize));
}

Result<usize> Pipe::set_capacity(usize bytes) {
  const usize slots = TRY(rounded(bytes))
  / kPageSize;
  usize before = 0;
  {
    MutexGuard guard(lock_);
    if (slots < slots_.size()) return Errno::ebusy;
    before = std::exchange(most_slots_, slots);
  }
  if (slots > before) write_queue.wake(kWritable);
  return slots * kPageSize;
}

Pipe::Ends Pipe::ends() const {
  MutexGuard guard(lock_);
  return ends_;
}

Pipe::State Pipe::state() const {
  MutexGuard guard(lock_);
  const usize free = slots_.size() < most_slots_ ? most_slots_ - slots_.size() : 0;
  return {slots_.empty(), free == 0, slots_.empty() && has_ended(), ends_, free};
}

void Pipe::open(bool reads, bool writes) {
  {
    MutexGuard guard(lock_);
    if (reads) ++ends_.readers, ++ends_.reader_opens;
    if (writes) ++ends_.writers, ++ends_.writer_opens;
  }
  if (reads) write_queue.wake();
  if (writes) read_queue.wake();
}

void Pipe::close(bool reads, bool writes) {
  {
    MutexGuard guard(lock_);
    if (reads) --ends_.readers;
    if (writes) --ends_.writers;
    if (ends_.readers == 0 && ends_.writers == 0) {  // what a FIFO held goes with its last user
      while (!slots_.empty()) drop_front();
    }
  }
  read_queue.wake(kReadable | kPollErr | kPollHup);
  write_queue.wake(kWritable | kPollErr | kPollHup);
}

u32 PipeFile::call_flags(Moves direction) const {
  const u32 known = File::call_flags(direction);
  return was_spliced_.load(std::memory_order_relaxed) ? known & ~abi::rwf_nowait : known;
}

PipeFile::PipeFile(Path path, u32 flags, Ref<Pipe> pipe, u32 hup_after)
    : File(std::move(path), flags), pipe_(std::move(pipe)), hup_after_(hup_after) {}

PollEvents PipeFile::poll(PollTable* table) {
  if (table != nullptr && readable()) table->add(pipe_, pipe_->read_queue);
  if (table != nullptr && writable()) table->add(pipe_, pipe_->write_queue);
  const Pipe::State state = pipe_->state();
  PollEvents events = 0;
  if (readable()) {
    if (!state.empty) events |= kReadable;
    if (state.ends.writers == 0 && state.ends.writer_opens != hup_after_) events |= kPollHup;
  }
  if (writable()) {
    if (!state.full) events |= kWritable;
    if (state.ends.readers == 0) events |= kPollErr;
  }
  return events;
}

Result<i64> PipeFile::ioctl(Task& task, u32 command, u64 argument) {
  if (command != abi::fionread) return File::ioctl(task, command, argument);
  TRY(UserOut<i32>(GuestAddr(argument)).write(task, static_cast<i32>(pipe_->bytes())));
  return 0;
}

Result<usize> PipeFile::try_read(Task&, UserBuffer& to, u64*) { return pipe_->read(to); }

Result<usize> PipeFile::try_write(Task& task, UserBuffer& from, u64*) {
  const auto packets = (flags() & abi::o_direct) != 0 ? Pipe::Packets::yes : Pipe::Packets::no;
  Result<usize> result = pipe_->write(from, packets);
  if (result.is(Errno::epipe)) send_sigpipe(task);
  return result;
}

Result<i64> PipeFile::control(Task& task, u32 command, u64 argument) {
  if (command == abi::f_setpipe_sz) return set_pipe_size(task, *this, argument);
  if (command == abi::f_getpipe_sz) return get_pipe_size(*this);
  return File::control(task, command, argument);
}

void PipeFile::released() { pipe_->close(readable(), writable()); }

void send_sigpipe(Task& task) {
  SignalInfo info;
  info.signo = sig::pipe;
  info.pid = task.group().pid();
  info.uid = task.credentials().uid;
  send_signal(task, info);
}

// Linux: alloc_pipe_info.
usize first_slots(Task& task) {
  const usize most = task.kernel().settings().pipe_max_size / kPageSize;
  return task.credentials().capable(Capability::sys_resource) ? Pipe::kDefaultSlots
                                                              : std::min(Pipe::kDefaultSlots, most);
}

PipePair make_pipe(Task& task, u32 flags) {
  const Ref<Pipe> pipe = make_ref<Pipe>(task.kernel().ipc_memory(), first_slots(task));
  pipe->open(true, true);
  // Opened again by /proc/PID/fd/N a pipe never waits for its other side, and needs none. Linux: fifo_open's is_pipe.
  auto reopen = [pipe](const Path& at, u32 how) -> Result<Ref<File>> {
    const u32 access = how & abi::o_accmode;
    if (access == abi::o_accmode) return Errno::einval;
    pipe->open(access != abi::o_wronly, access != abi::o_rdonly);
    return Ref<File>(make_ref<PipeFile>(at, how, pipe, 0));
  };
  const Path path = anon_path(task, "pipe:", abi::s_ififo | 0600, std::move(reopen));
  PipePair pair;
  pair.reader = make_ref<PipeFile>(path, flags | abi::o_rdonly, pipe, 0);
  pair.writer = make_ref<PipeFile>(path, flags | abi::o_wronly, pipe, 0);
  return pair;
}

Result<Ref<File>> open_fifo(Task& task, const Path& path, u32 flags) {
  MemoryAccount& account = task.kernel().ipc_memory();
  const Ref<Pipe> pipe = ref_cast<Pipe>(
      path.inode().attachment_or(Inode::Attachment::fifo, [&] { return make_ref<Pipe>(account, first_slots(task)); }));
  const u32 access = flags & abi::o_accmode;
  if (access == abi::o_accmode) return Errno::einval;
  const bool reads = access != abi::o_wronly;
  const bool writes = access != abi::o_rdonly;
  const bool nonblock = (flags & abi::o_nonblock) != 0;
  if (!reads && nonblock && pipe->ends().readers == 0) return Errno::enxio;

  const Pipe::Ends before = pipe->ends();
  pipe->open(reads, writes);
  // From here the file closes the ends that were opened, whatever happens.
  const u32 hup_after = reads && !writes && nonblock && before.writers == 0 ? before.writer_opens : 0;
  Ref<File> file = make_ref<PipeFile>(path, flags, pipe, hup_after);
  if ((reads && writes) || nonblock) return file;
  WaitQueue& queue = reads ? pipe->read_queue : pipe->write_queue;
  TRY(task.block(queue, Deadline::never(), [&]() -> Result<void> {
    const Pipe::Ends now = pipe->ends();
    const bool met = reads ? now.writers != 0 || now.writer_opens != before.writer_opens
                           : now.readers != 0 || now.reader_opens != before.reader_opens;
    return met ? Result<void>() : Result<void>(Errno::eagain);
  }));
  return file;
}

Ref<Pipe> pipe_of(File& file) {
  auto* end = dynamic_cast<PipeFile*>(&file);
  return end != nullptr ? end->pipe() : Ref<Pipe>();
}

Result<i64> set_pipe_size(Task& task, File& file, u64 bytes) {
  const Ref<Pipe> pipe = pipe_of(file);
  if (!pipe) return Errno::ebadf;
  const bool bigger = bytes > pipe->capacity() && bytes > task.kernel().settings().pipe_max_size;
  if (bigger && !task.credentials().capable(Capability::sys_resource)) return Errno::eperm;
  return static_cast<i64>(TRY(pipe->set_capacity(bytes)));
}

Result<i64> get_pipe_size(File& file) {
  const Ref<Pipe> pipe = pipe_of(file);
  if (!pipe) return Errno::ebadf;
  return static_cast<i64>(pipe->capacity());
}

}  // namespace limen
