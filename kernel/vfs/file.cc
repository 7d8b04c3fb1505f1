#include "kernel/vfs/file.h"

#include "abi/fanotify.h"
#include "abi/fcntl.h"
#include "kernel/mm/page_store.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/async.h"
#include "kernel/vfs/dnotify.h"
#include "kernel/vfs/file_locks.h"
#include "kernel/vfs/leases.h"
#include "kernel/vfs/notify.h"

namespace limen {
namespace {

u64 next_file_id() {
  static std::atomic<u64> next{1};  // a supply of numbers, not state
  return next.fetch_add(1, std::memory_order_relaxed);
}

constexpr u32 kChangeable = abi::o_append | abi::o_nonblock | abi::o_direct | abi::o_noatime;
// What open(2) obeys and the description forgets.
constexpr u32 kOnlyForOpen = abi::o_creat | abi::o_excl | abi::o_noctty | abi::o_trunc | abi::o_cloexec;

}  // namespace

File::File(Path path, u32 flags) : id_(next_file_id()), path_(std::move(path)), flags_(flags & ~kOnlyForOpen) {}

void File::add_watcher(Ref<FileWatcher> watcher) {
  MutexGuard guard(owner_lock_);
  watchers_.push_back(std::move(watcher));
}

void File::remove_watcher(FileWatcher& watcher) {
  Ref<FileWatcher> removed;  // dropped without the lock
  MutexGuard guard(owner_lock_);
  for (Ref<FileWatcher>& w : watchers_) {
    if (w.get() != &watcher) continue;
    removed = std::move(w);
    w = std::move(watchers_.back());
    watchers_.pop_back();
    return;
  }
}

void File::last_reference() {
  std::vector<Ref<FileWatcher>> watchers;
  Ref<FileWatcher> signaller;
  {
    MutexGuard guard(owner_lock_);
    watchers.swap(watchers_);
    signaller = std::move(signaller_);
  }
  if (signaller) signaller->file_gone(*this);
  for (const Ref<FileWatcher>& watcher : watchers) watcher->file_gone(*this);
  if (has_inode()) {
    release_locks_of_file(*this);
    release_lease(*this);
    forget_dnotify(*this);
    if (counted_.load(std::memory_order_relaxed)) writable() ? inode().remove_writer() : inode().remove_reader();
    if (!is_path_only() && !untold_) notify_inode(path_, writable() ? abi::in_close_write : abi::in_close_nowrite);
  }
  released();
  delete this;
}

void File::set_signalling(Kernel& kernel, bool on, Fd fd) {
  Ref<FileWatcher> fresh, old;
  if (on) fresh = make_ref<FileSignaller>(kernel, *this, fd);
  {
    MutexGuard guard(owner_lock_);
    old = std::exchange(signaller_, fresh);
  }
  if (old) old->file_gone(*this);
  if (fresh) static_cast<FileSignaller&>(*fresh).start(*this);
  if (on)
    flags_.fetch_or(abi::o_async);
  else
    flags_.fetch_and(~abi::o_async);
}

void File::set_flags(u32 changeable) {
  u32 old = flags();
  while (!flags_.compare_exchange_weak(old, (old & ~kChangeable) | (changeable & kChangeable))) {
  }
}

// Linux: fs/read_write.c:rw_verify_area.
Result<void> File::check_range(u64 position, usize length) const {
  constexpr u64 kMost = INT64_MAX;
  const bool fits = position <= kMost && length <= kMost - position;
  return fits || has_unsigned_offsets() ? Result<void>() : Errno::einval;
}

// Seekable files never say EAGAIN: one attempt, with the position held as Linux's f_pos_lock is.
Result<usize> File::at_position(Task& task, UserBuffer& buffer, Attempt attempt, bool at_end) {
  MutexGuard guard(position_lock_);
  u64 position = position_.load(std::memory_order_relaxed);
  TRY(check_range(position, buffer.remaining()));
  if (at_end) position = kAtEnd;
  Result<usize> moved = (this->*attempt)(task, buffer, &position);
  if (moved.ok() && position != kAtEnd) position_.store(position, std::memory_order_relaxed);
  return moved;
}

// The one blocking loop of reads and writes. A read ends with the first bytes, a write when all are gone; a signal or an error
// after some bytes ends it with their count.
Result<usize> File::block_until_moved(Task& task, UserBuffer& buffer, PollEvents wanted, Attempt attempt, bool waits) {
  const bool writes = (wanted & kPollOut) != 0;
  usize moved = 0;
  std::optional<TaskPollTable> table;
  for (;;) {
    Result<usize> now = (this->*attempt)(task, buffer, nullptr);
    if (now.ok()) {
      moved += *now;
      if (!writes || *now == 0 || buffer.remaining() == 0 || !waits) return moved;
      continue;
    }
    if (!now.is(Errno::eagain) || !waits) return moved != 0 ? Result<usize>(moved) : Result<usize>(now.error());
    if (!table) {
      table.emplace(task, wanted | kPollErr | kPollHup);
      (void)poll(&*table);  // registers; what happened before it is seen by the attempt that follows
      continue;
    }
    const Result<void> slept = task.sleep(Deadline::never());
    if (!slept.ok()) return moved != 0 ? Result<usize>(moved) : Result<usize>(slept.error());
  }
}

Result<usize> File::told(Result<usize> moved, u32 event) const {
  if (moved.ok() && *moved != 0 && !untold_) notify_inode(path_, event);
  return moved;
}

// Does this write go to the end? O_APPEND of the file, overridden by RWF_APPEND and RWF_NOAPPEND of the call.
bool File::writes_at_end(u32 how) const {
  if (!appends()) return false;
  return (how & abi::rwf_append) != 0 || ((flags() & abi::o_append) != 0 && (how & abi::rwf_noappend) == 0);
}

// Who listens may forbid a read. Linux: rw_verify_area, fsnotify_file_area_perm.
Result<void> File::ask_to_read(Task& task) const {
  return untold_ ? success : ask_listeners(task, path_, abi::fan_access_perm);
}

Result<usize> File::read(Task& task, UserBuffer& to, u32 how) {
  if (!readable()) return Errno::ebadf;
  TRY(ask_to_read(task));
  if (keeps_position()) return told(at_position(task, to, &File::try_read, false), abi::in_access);
  return told(read_waiting(task, to, !nonblocking() && (how & abi::rwf_nowait) == 0), abi::in_access);
}

Result<usize> File::read_waiting(Task& task, UserBuffer& to, bool waits) {
  return block_until_moved(task, to, kPollIn | kPollRdNorm, &File::try_read, waits);
}

Result<usize> File::write(Task& task, UserBuffer& from, u32 how) {
  if (!writable()) return Errno::ebadf;
  if (keeps_position()) return told(at_position(task, from, &File::try_write, writes_at_end(how)), abi::in_modify);
  const bool waits = !nonblocking() && (how & abi::rwf_nowait) == 0;
  return told(block_until_moved(task, from, kPollOut | kPollWrNorm, &File::try_write, waits), abi::in_modify);
}

Result<usize> File::pread(Task& task, UserBuffer& to, u64 offset, u32) {
  if (is_path_only()) return Errno::ebadf;
  if (!seekable()) return Errno::espipe;
  if (!readable()) return Errno::ebadf;
  TRY(check_range(offset, to.remaining()));
  TRY(ask_to_read(task));
  return told(try_read(task, to, &offset), abi::in_access);
}

Result<usize> File::pwrite(Task& task, UserBuffer& from, u64 offset, u32 how) {
  if (is_path_only()) return Errno::ebadf;
  if (!seekable()) return Errno::espipe;
  if (!writable()) return Errno::ebadf;
  TRY(check_range(offset, from.remaining()));
  if (writes_at_end(how)) offset = kAtEnd;
  return told(try_write(task, from, &offset), abi::in_modify);
}

Result<usize> File::read_kernel(Task& task, std::span<u8> to, u64 offset) {
  UserBuffer buffer(to);
  usize moved = 0;
  while (buffer.remaining() != 0) {
    const usize n = TRY(try_read(task, buffer, &offset));
    if (n == 0) break;
    moved += n;
  }
  return moved;
}

Result<u64> File::seek(Task&, i64 offset, int whence) {
  if (!seekable()) return Errno::espipe;
  const auto size = [this]() -> Result<i64> {
    const Attributes a = TRY(attributes());
    return static_cast<i64>(a.size);
  };
  MutexGuard guard(position_lock_);
  i64 base = 0;
  switch (static_cast<u32>(whence)) {
    case abi::seek_set:
      break;
    case abi::seek_cur:
      base = static_cast<i64>(position());
      break;
    case abi::seek_end:
      base = TRY(size());
      break;
    case abi::seek_data:
    case abi::seek_hole: {  // a file without holes: data up to the end, one hole there
      const i64 end = TRY(size());
      if (offset < 0 || offset >= end) return Errno::enxio;
      if (static_cast<u32>(whence) == abi::seek_hole) offset = end;
      break;
    }
    default:
      return Errno::einval;
  }
  i64 target = 0;
  if (__builtin_add_overflow(base, offset, &target) || target < 0) return Errno::einval;
  set_position(static_cast<u64>(target));
  return static_cast<u64>(target);
}

u32 File::call_flags(Moves) const {
  constexpr u32 kAll = abi::rwf_hipri | abi::rwf_dsync | abi::rwf_sync | abi::rwf_append | abi::rwf_noappend;
  return seekable() ? kAll : kAll | abi::rwf_nowait;
}

PollEvents File::poll(PollTable*) { return kPollIn | kPollOut | kPollRdNorm | kPollWrNorm; }
Result<i64> File::ioctl(Task&, u32, u64) { return Errno::enotty; }
Result<void> File::read_directory(Task&, u64&, const DirectorySink&) { return Errno::enotdir; }
Result<void> File::sync(Task&, bool) { return Errno::einval; }
Result<void> File::allocate(u32, u64, u64) { return Errno::eopnotsupp; }
Result<MappingSource> File::mapping() { return Errno::enodev; }
Result<void> File::flush(Task&) { return success; }
std::string File::describe() { return ""; }
Result<usize> File::try_read(Task&, UserBuffer&, u64*) { return Errno::einval; }
Result<usize> File::try_write(Task&, UserBuffer&, u64*) { return Errno::einval; }

Result<Attributes> File::attributes() {
  if (!has_inode()) return Errno::ebadf;
  return inode().attributes();
}

Result<void> File::change(const AttributeChange& change) {
  if (!has_inode()) return Errno::ebadf;
  return inode().change(change);
}

Result<i64> File::control(Task&, u32 command, u64) {
  if (command == abi::f_setpipe_sz || command == abi::f_getpipe_sz) return Errno::ebadf;
  return Errno::einval;
}

struct TaskPollTable::Place {
  Place(Task& task, Ref<RefCounted> owner, WaitQueue& queue, PollEvents interest)
      : owner(std::move(owner)), waiter(task, queue, interest) {}
  Ref<RefCounted> owner;  // outlives the waiter
  TaskWaiter waiter;
};

TaskPollTable::TaskPollTable(Task& task, PollEvents interest) : task_(task), interest_(interest) {}
TaskPollTable::~TaskPollTable() = default;

void TaskPollTable::add(Ref<RefCounted> owner, WaitQueue& queue) {
  places_.push_back(std::make_unique<Place>(task_, std::move(owner), queue, interest_));
}

}  // namespace limen
