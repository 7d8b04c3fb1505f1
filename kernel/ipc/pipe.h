// Pipes and FIFOs. Source: pipe(7), fifo(7), fs/pipe.c.
//
// A Pipe is a ring of slots, each one page at most, as on Linux: a write of up to PIPE_BUF bytes goes into one slot (or into the
// room that the last one has left) and is therefore atomic; the pipe is writable while a slot is free. In packet mode
// (O_DIRECT) a slot is a packet. Two PipeFiles, or any number for a FIFO, are its ends.
//
// Lock: lock_ (rank `pipe`), held during user copies. Nothing here blocks but open_fifo.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "kernel/ipc/account.h"
#include "kernel/vfs/file.h"

namespace limen {

class Kernel;

class Pipe final : public RefCounted {
 public:
  static constexpr usize kDefaultSlots = 16;

  // A capacity of so many pages.
  Pipe(MemoryAccount& account, usize slots) : account_(account), most_slots_(slots) {}
  // The capacity that is kept for so many bytes; einval. Linux: round_pipe_size.
  static Result<usize> rounded(usize bytes);
  ~Pipe() override;

  enum class Packets : u8 { no, yes };
  // Bytes, 0 at the end (no writer is left), eagain. In packet mode at most one packet, whose rest is dropped.
  Result<usize> read(UserBuffer& to) EXCLUDES(lock_);
  // What fits of `from` (all or nothing up to PIPE_BUF), eagain where nothing does, epipe without a reader.
  Result<usize> write(UserBuffer& from, Packets packets) EXCLUDES(lock_);

  // splice(2) and tee(2) between two pipes: up to `length` bytes; eagain where nothing could move now, 0 at the end.
  enum class Transfer : u8 { move, copy };
  static Result<usize> transfer(Pipe& from, Pipe& to, usize length, Transfer how);

  // splice(2) out of a pipe: the first slots, up to `length` bytes, leave it, and what was not used of them comes back in front. Between
  // the two the pipe seems to hold less, but not to have ended.
  class Taken;
  Taken take(usize length) EXCLUDES(lock_);
  void finish(Taken taken, usize used) EXCLUDES(lock_);

  usize bytes() const EXCLUDES(lock_);
  usize capacity() const EXCLUDES(lock_);
  // F_SETPIPE_SZ: the capacity that was set. ebusy when more is in it, einval. The caller checked the right to a big one.
  Result<usize> set_capacity(usize bytes) EXCLUDES(lock_);

  // Who has it open. Counts of opens tell a FIFO's opener that the other side came, even if it has left again.
  struct Ends {
    u32 readers = 0, writers = 0;
    u32 reader_opens = 0, writer_opens = 0;
  };
  Ends ends() const EXCLUDES(lock_);
  void open(bool reads, bool writes) EXCLUDES(lock_);
  void close(bool reads, bool writes) EXCLUDES(lock_);

  struct State {
    bool empty, full;
    bool ended;  // empty, and no byte will come
    Ends ends;
    usize free_slots;
  };
  State state() const EXCLUDES(lock_);

  WaitQueue read_queue;   // woken when bytes, writers or an end came
  WaitQueue write_queue;  // woken when room, readers or an end came

 private:
  struct Slot {
    std::unique_ptr<u8[]> page;
    u32 offset = 0;
    u32 length = 0;
    bool packet = false;
  };
  Result<std::unique_ptr<u8[]>> take_page() REQUIRES(lock_);
  void drop_front() REQUIRES(lock_);
  void keep_or_free(std::unique_ptr<u8[]> page) REQUIRES(lock_);
  Result<void> append(UserBuffer& from, Packets packets) REQUIRES(lock_);
  Result<void> merge(UserBuffer& from) REQUIRES(lock_);

  bool has_ended() const REQUIRES(lock_) { return ends_.writers == 0 && taken_ == 0; }

  MemoryAccount& account_;
  mutable Mutex lock_{LockRank::pipe};
  u32 taken_ GUARDED_BY(lock_) = 0;  // how many have slots of it out
  std::deque<Slot> slots_ GUARDED_BY(lock_);
  usize most_slots_ GUARDED_BY(lock_);
  static constexpr usize kMostSpare = 4;
  std::vector<std::unique_ptr<u8[]>> spare_ GUARDED_BY(lock_);  // warm pages, so that a steady stream allocates nothing
  Ends ends_ GUARDED_BY(lock_);
};

class Pipe::Taken {
 public:
  usize bytes() const { return bytes_; }
  std::vector<std::span<const u8>> spans() const;

 private:
  friend class Pipe;
  std::deque<Slot> slots_;
  usize bytes_ = 0;  // which may be less than all slots hold
};

// An end of a pipe, or both (a FIFO opened O_RDWR).
class PipeFile final : public File {
 public:
  // `hup_after`: kPollHup is not told before a writer came beyond this count of opens (a FIFO opened without one).
  PipeFile(Path path, u32 flags, Ref<Pipe> pipe, u32 hup_after);
  const Ref<Pipe>& pipe() const { return pipe_; }

  bool seekable() const override { return false; }
  bool can_be_direct() const override { return true; }
  bool can_signal() const override { return true; }
  PollEvents poll(PollTable* table) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;
  Result<i64> control(Task& task, u32 command, u64 argument) override;
  // Once it was spliced, RWF_NOWAIT is refused. Linux: pipe_clear_nowait.
  void set_spliced() { was_spliced_.store(true, std::memory_order_relaxed); }
  u32 call_flags(Moves direction) const override;

 protected:
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;
  void released() override;

 private:
  const Ref<Pipe> pipe_;
  const u32 hup_after_;
  std::atomic<bool> was_spliced_{false};
};

struct PipePair {
  Ref<File> reader, writer;
};
// pipe2(2) without its descriptors. `flags` may hold O_NONBLOCK and O_DIRECT.
PipePair make_pipe(Task& task, u32 flags);

// open(2) of a FIFO: waits for the other side unless O_NONBLOCK or O_RDWR. enxio, erestartsys.
Result<Ref<File>> open_fifo(Task& task, const Path& path, u32 flags);

// fcntl(2)'s F_SETPIPE_SZ and F_GETPIPE_SZ: ebadf unless `file` is a pipe; eperm, ebusy, einval.
Result<i64> set_pipe_size(Task& task, File& file, u64 bytes);
Result<i64> get_pipe_size(File& file);
// null unless `file` is a pipe.
Ref<Pipe> pipe_of(File& file);

// The SIGPIPE of a write that nobody will read, to the writing thread.
void send_sigpipe(Task& task);

}  // namespace limen
