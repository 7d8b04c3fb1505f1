#include "kernel/vfs/file_locks.h"

#include <algorithm>

#include "kernel/kernel.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// Who waits for whom, in one kernel; POSIX locks only.
class LockWaits final : public RefCounted {
 public:
  // edeadlk where `blocker` already waits, perhaps through others, for `waiter`.
  Result<void> begin(const void* request, u64 waiter, u64 blocker) {
    MutexGuard guard(lock_);
    std::erase_if(waits_, [&](const Wait& w) { return w.request == request; });
    u64 at = blocker;
    for (usize steps = 0; steps <= waits_.size(); ++steps) {
      if (at == waiter) return Errno::edeadlk;
      const auto next = std::find_if(waits_.begin(), waits_.end(), [&](const Wait& w) { return w.waiter == at; });
      if (next == waits_.end()) break;
      at = next->blocker;
    }
    waits_.push_back({request, waiter, blocker});
    return success;
  }
  void end(const void* request) {
    MutexGuard guard(lock_);
    std::erase_if(waits_, [&](const Wait& w) { return w.request == request; });
  }

 private:
  struct Wait {
    const void* request;
    u64 waiter, blocker;
  };
  Mutex lock_{LockRank::leaf};
  std::vector<Wait> waits_ GUARDED_BY(lock_);
};

Ref<FileLocks> locks_of(Inode& inode) {
  return ref_cast<FileLocks>(
      inode.attachment_or(Inode::Attachment::locks, [] { return Ref<RefCounted>(make_ref<FileLocks>()); }));
}

struct Range {
  u64 first, last;
};

// Linux: fs/locks.c:flock64_to_posix_lock.
Result<Range> range_of(File& file, const abi::FLock& lock) {
  i64 base = 0;
  switch (static_cast<u32>(lock.l_whence)) {
    case abi::seek_set:
      break;
    case abi::seek_cur:
      base = static_cast<i64>(file.position());
      break;
    case abi::seek_end: {
      const Attributes attributes = TRY(file.attributes());
      base = static_cast<i64>(attributes.size);
      break;
    }
    default:
      return Errno::einval;
  }
  i64 start = 0;
  if (__builtin_add_overflow(base, lock.l_start, &start)) return Errno::eoverflow;
  if (start < 0) return Errno::einval;
  i64 last = static_cast<i64>(FileLocks::kToEnd);
  if (lock.l_len > 0) {
    if (__builtin_add_overflow(start, lock.l_len - 1, &last)) return Errno::eoverflow;
  } else if (lock.l_len < 0) {
    if (start + lock.l_len < 0) return Errno::einval;
    last = start - 1;
    start += lock.l_len;
  }
  return Range{static_cast<u64>(start), static_cast<u64>(last)};
}

}  // namespace

std::optional<RecordLock> FileLocks::conflict_locked(const RecordLock& wanted) const {
  for (const RecordLock& lock : records_) {
    if (lock.owner == wanted.owner || lock.last < wanted.first || lock.first > wanted.last) continue;
    if (lock.is_write || wanted.is_write) return lock;
  }
  return std::nullopt;
}

std::optional<RecordLock> FileLocks::conflict(const RecordLock& wanted) const {
  MutexGuard guard(lock_);
  return conflict_locked(wanted);
}

// Takes [first, last] out of the owner's locks, splitting where it must. Says whether there was anything.
bool FileLocks::cut(const LockOwner& owner, u64 first, u64 last) {
  bool changed = false;
  std::vector<RecordLock> rest;
  std::erase_if(records_, [&](RecordLock& lock) {
    if (!(lock.owner == owner) || lock.last < first || lock.first > last) return false;
    changed = true;
    if (lock.first < first) rest.push_back({lock.first, first - 1, lock.is_write, lock.owner});
    if (lock.last > last) rest.push_back({last + 1, lock.last, lock.is_write, lock.owner});
    return true;
  });
  records_.insert(records_.end(), rest.begin(), rest.end());
  return changed;
}

Result<void> FileLocks::set(const RecordLock& wanted, RecordLock* blocker) {
  bool changed = false;
  {
    MutexGuard guard(lock_);
    if (const std::optional<RecordLock> other = conflict_locked(wanted)) {
      *blocker = *other;
      return Errno::eagain;
    }
    if (records_.size() >= kMostLocks) return Errno::enolck;
    changed = cut(wanted.owner, wanted.first, wanted.last);
    RecordLock merged = wanted;  // with the owner's neighbours of the same kind
    std::erase_if(records_, [&](const RecordLock& lock) {
      if (!(lock.owner == wanted.owner) || lock.is_write != wanted.is_write) return false;
      if (lock.last + 1 != merged.first && merged.last + 1 != lock.first) return false;
      merged.first = std::min(merged.first, lock.first);
      merged.last = std::max(merged.last, lock.last);
      return true;
    });
    records_.push_back(merged);
  }
  if (changed) released.wake();  // a write lock may have become a read lock
  return success;
}

void FileLocks::unset(const LockOwner& owner, u64 first, u64 last) {
  bool changed = false;
  {
    MutexGuard guard(lock_);
    changed = cut(owner, first, last);
  }
  if (changed) released.wake();
}

Result<void> FileLocks::set_flock(u64 file_id, bool exclusive) {
  bool dropped = false, taken = false;
  {
    MutexGuard guard(lock_);
    for (const Flock& lock : flocks_) {
      if (lock.file_id == file_id && lock.exclusive == exclusive) return success;
    }
    if (flocks_.size() >= kMostLocks) return Errno::enolck;
    // flock(2): a conversion gives up the old lock first, and is not atomic.
    dropped = std::erase_if(flocks_, [&](const Flock& lock) { return lock.file_id == file_id; }) != 0;
    taken = std::none_of(flocks_.begin(), flocks_.end(), [&](const Flock& l) { return l.exclusive || exclusive; });
    if (taken) flocks_.push_back({file_id, exclusive});
  }
  if (dropped) released.wake();
  return taken ? Result<void>() : Errno::eagain;
}

void FileLocks::unset_flock(u64 file_id) {
  {
    MutexGuard guard(lock_);
    if (std::erase_if(flocks_, [&](const Flock& lock) { return lock.file_id == file_id; }) == 0) return;
  }
  released.wake();
}

std::vector<RecordLock> FileLocks::list() const {
  MutexGuard guard(lock_);
  return records_;
}

Result<void> record_lock(Task& task, File& file, u32 command, abi::FLock& lock) {
  const bool is_ofd = command == abi::f_ofd_getlk || command == abi::f_ofd_setlk || command == abi::f_ofd_setlkw;
  const bool asks = command == abi::f_getlk || command == abi::f_ofd_getlk;
  const bool waits = command == abi::f_setlkw || command == abi::f_ofd_setlkw;
  if (is_ofd && lock.l_pid != 0) return Errno::einval;
  const bool unlocks = lock.l_type == abi::f_unlck;
  if (!unlocks && lock.l_type != abi::f_rdlck && lock.l_type != abi::f_wrlck) return Errno::einval;
  if (asks && unlocks && !is_ofd) return Errno::einval;
  if (!file.has_inode()) return Errno::ebadf;
  const Range range = TRY(range_of(file, lock));
  const LockOwner owner = is_ofd ? LockOwner{LockOwner::Kind::ofd, file.id(), -1}
                                 : LockOwner{LockOwner::Kind::posix, task.files().id(), task.group().pid().raw()};
  const RecordLock wanted{range.first, range.last, lock.l_type == abi::f_wrlck, owner};
  const Ref<FileLocks> locks = locks_of(file.inode());
  if (asks) {
    const std::optional<RecordLock> other = unlocks ? std::nullopt : locks->conflict(wanted);
    lock.l_type = static_cast<i16>(abi::f_unlck);
    if (!other) return success;
    lock.l_type = static_cast<i16>(other->is_write ? abi::f_wrlck : abi::f_rdlck);
    lock.l_whence = 0;
    lock.l_start = static_cast<i64>(other->first);
    lock.l_len = other->last == FileLocks::kToEnd ? 0 : static_cast<i64>(other->last - other->first + 1);
    lock.l_pid = other->owner.kind == LockOwner::Kind::ofd ? -1 : task.sees(Pid(other->owner.pid));
    return success;
  }
  if (unlocks) {
    locks->unset(owner, range.first, range.last);
    return success;
  }
  if (wanted.is_write ? !file.writable() : !file.readable()) return Errno::ebadf;
  RecordLock blocker;
  if (!waits) return locks->set(wanted, &blocker);
  const Ref<RefCounted> single =
      task.kernel().single_or(Kernel::Single::lock_waits, [] { return Ref<RefCounted>(make_ref<LockWaits>()); });
  auto& circle = static_cast<LockWaits&>(*single);
  const Result<void> done = task.block(locks->released, Deadline::never(), [&]() -> Result<void> {
    const Result<void> set = locks->set(wanted, &blocker);
    if (!set.is(Errno::eagain) || is_ofd || blocker.owner.kind != LockOwner::Kind::posix) return set;
    TRY(circle.begin(&wanted, owner.id, blocker.owner.id));
    return Errno::eagain;
  });
  circle.end(&wanted);
  return done;
}

Result<void> flock_file(Task& task, File& file, u32 operation) {
  constexpr u32 kMandatory = 32;  // LOCK_MAND: Linux ignores it since 5.18
  if ((operation & kMandatory) != 0) return success;
  const u32 kind = operation & ~abi::lock_nb;
  if (kind != abi::lock_sh && kind != abi::lock_ex && kind != abi::lock_un) return Errno::einval;
  if (!file.has_inode()) return Errno::ebadf;
  const Ref<FileLocks> locks = locks_of(file.inode());
  if (kind == abi::lock_un) {
    locks->unset_flock(file.id());
    return success;
  }
  const auto attempt = [&] { return locks->set_flock(file.id(), kind == abi::lock_ex); };
  if ((operation & abi::lock_nb) != 0) return attempt();
  return task.block(locks->released, Deadline::never(), attempt);
}

void release_posix_locks(const FdTable& table, File& file) {
  const Ref<RefCounted> locks = file.inode().attachment(Inode::Attachment::locks);
  if (locks) static_cast<FileLocks&>(*locks).unset({LockOwner::Kind::posix, table.id(), 0}, 0, FileLocks::kToEnd);
}

void release_locks_of_file(File& file) {
  const Ref<RefCounted> locks = file.inode().attachment(Inode::Attachment::locks);
  if (!locks) return;
  auto& held = static_cast<FileLocks&>(*locks);
  held.unset({LockOwner::Kind::ofd, file.id(), 0}, 0, FileLocks::kToEnd);
  held.unset_flock(file.id());
}

}  // namespace limen
