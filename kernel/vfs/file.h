// An open file description (open(2)): position, status flags and what reading and writing mean. Descriptors refer to it.
//
// The calls (read, write, pread, ...) are final here: they check the mode, hold the position, and own the only
// blocking loop for I/O. A kind of file overrides the attempts (`try_read`, `try_write`), which never block: EAGAIN
// means "not now", and `poll` says when to try again.
//
//   class PipeReader : public File {
//     Result<usize> try_read(Task&, UserBuffer& to, u64* position) override;
//     PollEvents poll(PollTable* table) override;   // kPollIn when try_read would not say EAGAIN
//   };
//
// Lifetime: last_reference() calls released() first: where a pipe's end closes and a lease ends.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/landlock/domain.h"
#include "kernel/mm/user_buffer.h"
#include "kernel/task/wait_queue.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/path.h"

namespace limen {

class Kernel;
class PageStore;
class Task;
namespace host {
class Handle;
}

// Where poll(2), select(2), epoll(7) and the blocking loop register themselves. `add` is called by File::poll for each
// queue whose wake-up may change its answer; the queue lives as long as `owner`.
class PollTable {
 public:
  virtual ~PollTable() = default;
  virtual void add(Ref<RefCounted> owner, WaitQueue& queue) = 0;
};

// What mmap may map of a file. Exactly one of the two is set.
struct MappingSource {
  Ref<PageStore> store;          // pages in the arena: tmpfs, memfd, shared memory; shared and private mappings
  host::Handle* host = nullptr;  // a host file that is mapped while clean: private mappings, and shared read-only ones
  Ref<RefCounted> owner;         // keeps either alive
};

class File;

// Somebody who refers to a File without keeping it alive (epoll). Told once, when the last reference is gone; the file is
// still whole, but not to be referred to again.
class FileWatcher : public RefCounted {
 public:
  virtual void file_gone(File& file) = 0;
};

class File : public RefCounted {
 public:
  void add_watcher(Ref<FileWatcher> watcher);
  void remove_watcher(FileWatcher& watcher);

  // `path` may be empty for files with no name (pipes, sockets have a pseudo dentry: see kernel/vfs/anon.h).
  File(Path path, u32 flags);

  const Path& path() const { return path_; }
  bool has_inode() const { return static_cast<bool>(path_.dentry); }
  Inode& inode() const { return path_.inode(); }

  // O_APPEND, O_NONBLOCK, O_DIRECT, O_ASYNC, O_NOATIME may change by F_SETFL; the access mode never.
  u32 flags() const { return flags_.load(std::memory_order_relaxed); }
  void set_flags(u32 changeable) EXCLUDES(position_lock_);
  bool nonblocking() const { return (flags() & 04000) != 0; }
  // Access mode 3 is neither: ioctl only.
  bool readable() const { return (((flags() & 3) + 1) & 1) != 0 && !is_path_only(); }
  bool writable() const { return (((flags() & 3) + 1) & 2) != 0 && !is_path_only(); }
  bool is_path_only() const { return (flags() & 010000000) != 0; }  // O_PATH

  // read(2) and write(2) at the position; pread and pwrite at `offset`. Block unless O_NONBLOCK. ebadf for the wrong mode,
  // espipe for pread on what cannot seek, EISDIR for directories. write honours O_APPEND.
  // `how` holds RWF_* of preadv2(2), which were judged: NOWAIT never blocks, APPEND and NOAPPEND override O_APPEND.
  Result<usize> read(Task& task, UserBuffer& to, u32 how = 0);
  Result<usize> write(Task& task, UserBuffer& from, u32 how = 0);
  Result<usize> pread(Task& task, UserBuffer& to, u64 offset, u32 how = 0);
  Result<usize> pwrite(Task& task, UserBuffer& from, u64 offset, u32 how = 0);
  // Whole reads of kernel callers (exec, sendfile): never EFAULT.
  Result<usize> read_kernel(Task& task, std::span<u8> to, u64 offset);

  // SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE. espipe unless seekable().
  virtual Result<u64> seek(Task& task, i64 offset, int whence);
  virtual bool seekable() const { return true; }
  // read and write go by position(). Not so where it is another's: of a file of the host that the sandbox was started with.
  virtual bool keeps_position() const { return seekable(); }
  // Can a transfer go by a position: one that was given, or position()?
  bool has_position(bool given) const { return given ? seekable() : keeps_position(); }
  // Positions are addresses, of which none is negative. Linux: FOP_UNSIGNED_OFFSET.
  virtual bool has_unsigned_offsets() const { return false; }

  // What is ready now (of kPoll*); with a table, first registers where changes are announced.
  virtual PollEvents poll(PollTable* table);
  virtual Result<i64> ioctl(Task& task, u32 command, u64 argument);  // enotty
  // From `position` on; the sink says when it is full. enotdir by default.
  virtual Result<void> read_directory(Task& task, u64& position, const DirectorySink& sink);
  virtual Result<Attributes> attributes();                          // the inode's by default
  virtual Result<void> change(const AttributeChange& change);       // fchmod, ftruncate...
  virtual Result<void> sync(Task& task, bool data_only);            // einval where it means nothing
  virtual Result<void> allocate(u32 mode, u64 offset, u64 length);  // fallocate(2): eopnotsupp
  virtual Result<MappingSource> mapping();                          // enodev
  virtual Result<void> flush(Task& task);                           // at each close(2) of a descriptor
  virtual std::string describe();                                   // /proc/PID/fdinfo/N beyond pos and flags
  // fcntl(2) commands of one kind of file (F_SETPIPE_SZ, F_ADD_SEALS, ...): einval by default, ebadf for F_*PIPE_SZ.
  virtual Result<i64> control(Task& task, u32 command, u64 argument);

  // The task whose gate was told of it last, or null (kernel/vfs/opened.h); never followed.
  std::atomic<const Task*> told_to{nullptr};

  u64 id() const { return id_; }  // who holds an OFD lock or flock; stable
  bool was_created() const { return created_.load(std::memory_order_relaxed); }  // by its own open(2): F_CREATED_QUERY
  void set_created() { created_.store(true, std::memory_order_relaxed); }

  // LANDLOCK_ACCESS_FS_* that its opener's domain does not grant on it, for whoever uses it later (kernel/landlock/access.h).
  u64 refused() const { return refused_; }
  void refuse(u64 rights) { refused_ = rights; }  // before anybody else sees it
  // What is done with it is told to nobody: a descriptor that fanotify gave out. Linux: FMODE_NONOTIFY. Before it is seen by others.
  void set_untold() { untold_ = true; }
  bool is_untold() const { return untold_; }

  // open(2) of a regular file: counted among the inode's readers or writers until its end.
  void set_counted() { counted_.store(true, std::memory_order_relaxed); }

  // Which RWF_* of preadv2(2) its reads or writes know. Linux: FMODE_NOWAIT, and files without read_iter.
  enum class Moves : u8 { reads, writes };
  virtual u32 call_flags(Moves direction) const;
  virtual bool can_be_direct() const { return false; }  // O_DIRECT may be set
  // Does it send SIGIO when it becomes ready? Pipes, sockets, terminals: what has Linux's fasync operation.
  virtual bool can_signal() const { return false; }
  // O_ASYNC by F_SETFL and FIOASYNC: from now on its owner is told (kernel/vfs/async.h). `fd` is what si_fd will tell.
  void set_signalling(Kernel& kernel, bool on, Fd fd);
  // fcntl(F_SETOWN, F_SETSIG): who is told, and the credentials of who said so.
  struct AsyncOwner {
    i32 type = 0;    // F_OWNER_*
    i32 pid = 0;     // 0: nobody
    i32 signal = 0;  // 0: SIGIO
    Uid uid, euid;
    Ref<const LandlockDomain> landlock;  // of who said so, unless that was to be told itself
  };
  AsyncOwner async_owner() const {
    MutexGuard guard(owner_lock_);
    return async_owner_;
  }
  void set_async_owner(AsyncOwner owner) {
    MutexGuard guard(owner_lock_);
    async_owner_ = owner;
  }

  u64 position() const { return position_.load(std::memory_order_relaxed); }
  Mutex& position_lock() { return position_lock_; }
  void set_position(u64 p) { position_.store(p, std::memory_order_relaxed); }

 protected:
  ~File() override = default;
  // What read(2) does with a file that does not seek: attempts and, where it `waits`, sleeps. Only terminals wait in a way of
  // their own.
  virtual Result<usize> read_waiting(Task& task, UserBuffer& to, bool waits);
  // One attempt. Seekable files use and advance *position; others get null and ignore it. Where appends() a write's
  // position may be kAtEnd: at the end of the file, and *position is what comes after the bytes.
  static constexpr u64 kAtEnd = ~u64{0};
  virtual bool appends() const { return false; }
  virtual Result<usize> try_read(Task& task, UserBuffer& to, u64* position);
  virtual Result<usize> try_write(Task& task, UserBuffer& from, u64* position);
  // The last descriptor and the last user are gone.
  virtual void released() {}
  void last_reference() override;

 private:
  Result<usize> told(Result<usize> moved, u32 event) const;  // notify.h
  Result<void> ask_to_read(Task& task) const;
  using Attempt = Result<usize> (File::*)(Task&, UserBuffer&, u64*);
  Result<usize> at_position(Task& task, UserBuffer& buffer, Attempt attempt, bool at_end) EXCLUDES(position_lock_);
  Result<usize> block_until_moved(Task& task, UserBuffer& buffer, PollEvents wanted, Attempt attempt, bool waits);
  bool writes_at_end(u32 how) const;
  Result<void> check_range(u64 position, usize length) const;

  const u64 id_;
  const Path path_;
  u64 refused_ = 0;
  std::atomic<u32> flags_;
  Mutex position_lock_{LockRank::position};
  std::atomic<u64> position_{0};
  std::atomic<bool> created_{false}, counted_{false};
  bool untold_ = false;
  mutable Mutex owner_lock_{LockRank::leaf};
  Ref<FileWatcher> signaller_ GUARDED_BY(owner_lock_);  // while O_ASYNC
  AsyncOwner async_owner_ GUARDED_BY(owner_lock_);
  std::vector<Ref<FileWatcher>> watchers_ GUARDED_BY(owner_lock_);
};

// A PollTable that wakes one task: for blocking loops. Register once, then Task::sleep between attempts.
class TaskPollTable final : public PollTable {
 public:
  TaskPollTable(Task& task, PollEvents interest);
  ~TaskPollTable() override;
  void add(Ref<RefCounted> owner, WaitQueue& queue) override;

 private:
  struct Place;
  Task& task_;
  const PollEvents interest_;
  std::vector<std::unique_ptr<Place>> places_;
};

}  // namespace limen
