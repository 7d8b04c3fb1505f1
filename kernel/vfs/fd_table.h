// Descriptors of a process. Shared by threads and by clone(CLONE_FILES). Lock rank `fd_table`.
//
// What a call gives out it reserves first, copies out, then publishes:
//
//   FdReservation fd = TRY(task.files().reserve(task));   // EMFILE comes before any work
//   TRY(out.write(task, fd.number()));                    // a fault leaves no trace
//   fd.publish(file, FdFlags::close_on_exec);             // cannot fail
#pragma once

#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/vfs/file.h"

namespace limen {

class Task;
class FdTable;

enum class FdFlags : u8 { none = 0, close_on_exec = 1 };

// A number that nobody else gets; given back unless published.
class FdReservation {
 public:
  FdReservation(FdReservation&& o) noexcept : table_(std::exchange(o.table_, nullptr)), number_(o.number_) {}
  FdReservation& operator=(FdReservation&&) = delete;
  FdReservation(const FdReservation&) = delete;
  FdReservation& operator=(const FdReservation&) = delete;
  ~FdReservation();
  Fd number() const { return number_; }
  void publish(Ref<File> file, FdFlags flags);

 private:
  friend class FdTable;
  FdReservation(FdTable* table, Fd number) : table_(table), number_(number) {}
  FdTable* table_;
  Fd number_;
};

class FdTable : public RefCounted {
 public:
  FdTable();
  ~FdTable() override;
  u64 id() const { return id_; }  // who holds a POSIX lock; stable
  // ebadf. O_PATH descriptors are found too: File::read and others refuse them.
  Result<Ref<File>> get(Fd fd) const;
  Result<FdFlags> flags(Fd fd) const;
  Result<void> set_flags(Task& task, Fd fd, FdFlags flags);
  // The lowest free number at or above `from` and below the task's RLIMIT_NOFILE; emfile, einval where from is beyond the limit.
  Result<FdReservation> reserve(Task& task, Fd from = Fd(0));
  // Shorthand for calls that copy nothing out.
  Result<Fd> install(Task& task, Ref<File> file, FdFlags flags, Fd from = Fd(0));
  // dup2, dup3, pidfd-like uses: replaces what `to` was. ebadf beyond the limit, ebusy while `to` is reserved.
  Result<void> install_at(Task& task, Fd to, Ref<File> file, FdFlags flags);
  // The descriptors of the first process, before it runs: no limit, no close-on-exec.
  void install_first(Fd fd, Ref<File> file);
  // close(2): the descriptor is gone even when flush reports an error.
  Result<void> close(Task& task, Fd fd);
  void close_range(Task& task, u32 first, u32 last);
  void set_close_on_exec_range(Task& task, u32 first, u32 last);
  void close_on_exec(Task& task);
  void close_all(Task& task);
  Ref<FdTable> clone() const;                          // fork, unshare(CLONE_FILES)
  std::vector<std::pair<Fd, Ref<File>>> list() const;  // /proc/PID/fd

 private:
  friend class FdReservation;
  void publish(Fd number, Ref<File> file, FdFlags flags);
  void give_back(Fd number);
  Ref<File> take_out(Task& task, u32 index) REQUIRES(lock_);
  struct Slot {
    Ref<File> file;
    FdFlags flags = FdFlags::none;
    bool reserved = false;
  };
  const u64 id_;
  mutable Mutex lock_{LockRank::fd_table};
  std::vector<Slot> slots_ GUARDED_BY(lock_);
  u32 first_free_ GUARDED_BY(lock_) = 0;
};

// cwd, root and umask; shared by CLONE_FS. Lock rank `fs_context`.
class FsContext : public RefCounted {
 public:
  FsContext(Path root, Path cwd, u32 umask) : root_(std::move(root)), cwd_(std::move(cwd)), umask_(umask) {}
  Path root() const;
  Path cwd() const;
  void set_root(Path root);
  void set_cwd(Path cwd);
  u32 umask() const;
  u32 set_umask(u32 mask);  // returns the old one
  Ref<FsContext> clone() const;

 private:
  mutable Mutex lock_{LockRank::fs_context};
  Path root_ GUARDED_BY(lock_);
  Path cwd_ GUARDED_BY(lock_);
  u32 umask_ GUARDED_BY(lock_);
};

}  // namespace limen
