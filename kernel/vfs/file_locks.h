// Advisory locks of an inode: POSIX record locks (fcntl(2) F_SETLK), open file description locks (F_OFD_SETLK) and flock(2).
//
// They hang on the inode (Attachment::locks) and name their owners by stable ids: a descriptor table for POSIX locks, an open file
// description for the others. POSIX and OFD locks conflict with each other, flock's only among themselves.
// Waiting is Task::block; a POSIX wait that would close a circle of waiters is EDEADLK (Linux: fs/locks.c:posix_locks_deadlock).
// Bound: kMostLocks records on one inode (enolck). Locks: rank `leaf`, nothing is called with it held.
#pragma once

#include <optional>
#include <vector>

#include "abi/fcntl.h"
#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/task/wait_queue.h"

namespace limen {

class FdTable;
class File;
class Task;

struct LockOwner {
  enum class Kind : u8 { posix, ofd };
  Kind kind = Kind::posix;
  u64 id = 0;
  i32 pid = 0;  // what F_GETLK tells: -1 for OFD locks
  bool operator==(const LockOwner& o) const { return kind == o.kind && id == o.id; }
};

struct RecordLock {
  u64 first = 0, last = 0;  // bytes, both inclusive
  bool is_write = false;
  LockOwner owner;
};

class FileLocks final : public RefCounted {
 public:
  static constexpr usize kMostLocks = 65536;
  static constexpr u64 kToEnd = ~u64{0} >> 1;

  // One attempt. eagain where another owner's lock conflicts (then *blocker is it), enolck.
  Result<void> set(const RecordLock& wanted, RecordLock* blocker);
  void unset(const LockOwner& owner, u64 first, u64 last);
  std::optional<RecordLock> conflict(const RecordLock& wanted) const;
  // flock(2): `exclusive` or shared, replacing what the file had; eagain.
  Result<void> set_flock(u64 file_id, bool exclusive);
  void unset_flock(u64 file_id);

  std::vector<RecordLock> list() const;  // /proc/locks
  WaitQueue released;

 private:
  std::optional<RecordLock> conflict_locked(const RecordLock& wanted) const REQUIRES(lock_);
  bool cut(const LockOwner& owner, u64 first, u64 last) REQUIRES(lock_);

  struct Flock {
    u64 file_id;
    bool exclusive;
  };
  mutable Mutex lock_{LockRank::leaf};
  std::vector<RecordLock> records_ GUARDED_BY(lock_);
  std::vector<Flock> flocks_ GUARDED_BY(lock_);
};

// fcntl(2) F_GETLK, F_SETLK, F_SETLKW and their OFD kin on `file`; F_GETLK changes `lock` to what it found.
// ebadf for the wrong access mode, einval, eoverflow, eagain, edeadlk, enolck, ERESTARTSYS.
Result<void> record_lock(Task& task, File& file, u32 command, abi::FLock& lock);
// flock(2). einval, eagain, ERESTARTSYS.
Result<void> flock_file(Task& task, File& file, u32 operation);

// close(2) of any descriptor drops the process's POSIX locks on the inode; the end of a description drops its own.
void release_posix_locks(const FdTable& table, File& file);
void release_locks_of_file(File& file);

}  // namespace limen
