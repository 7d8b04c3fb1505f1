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

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/mm/user_buffer.h"
#include "kernel/task/wait_queue.h"
#include "kernel/vfs/inode.h"
#include "kernel/vfs/path.h"

namespace limen {

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

class File : public RefCounted {
 public:
  // `path` may be empty for files with no name (pipes, sockets have a pseudo dentry: see kernel/vfs/anon.h).
  File(Path path, u32 flags);

  const Path& path() const { return path_; }
  bool has_inode() const { return static_cast<bool>(path_.dentry); }
  Inode& inode() const { return path_.inode(); }

  // O_APPEND, O_NONBLOCK, O_DIRECT, O_ASYNC, O_NOATIME may change by F_SETFL; the access mode never.
  u32 flags() const { return flags_.load(std::memory_order_relaxed); }
  void set_flags(u32 changeable) EXCLUDES(position_lock_);
  bool nonblocking() const { return (flags() & 04000) != 0; }
  bool readable() const { return (flags() & 3) != 1 && !is_path_only(); }
  bool writable() const { return (flags() & 3) != 0 && (flags() & 3) != 3 && !is_path_only(); }
  bool is_path_only() const { return (flags() & 010000000) != 0; }  // O_PATH

  // read(2) and write(2) at the position; pread and pwrite at `offset`. Block unless O_NONBLOCK. ebadf for the wrong mode,
  // espipe for pread on what cannot seek, EISDIR for directories. write honours O_APPEND.
  Result<usize> read(Task& task, UserBuffer& to);
  Result<usize> write(Task& task, UserBuffer& from);
  Result<usize> pread(Task& task, UserBuffer& to, u64 offset);
  Result<usize> pwrite(Task& task, UserBuffer& from, u64 offset);
  // Whole reads of kernel callers (exec, sendfile): never EFAULT.
  Result<usize> read_kernel(Task& task, std::span<u8> to, u64 offset);

  // SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE. espipe unless seekable().
  virtual Result<u64> seek(Task& task, i64 offset, int whence);
  virtual bool seekable() const { return true; }

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

  u64 position() const { return position_.load(std::memory_order_relaxed); }
  Mutex& position_lock() { return position_lock_; }
  void set_position(u64 p) { position_.store(p, std::memory_order_relaxed); }

 protected:
  ~File() override = default;
  // One attempt. Seekable files use and advance *position; others get null and ignore it.
  virtual Result<usize> try_read(Task& task, UserBuffer& to, u64* position);
  virtual Result<usize> try_write(Task& task, UserBuffer& from, u64* position);
  // The end of a regular file for O_APPEND, asked under the inode's write order.
  virtual Result<u64> append_position() { return attributes().value().size; }
  // The last descriptor and the last user are gone.
  virtual void released() {}
  void last_reference() override {
    released();
    delete this;
  }

 private:
  Result<usize> transfer(Task& task, UserBuffer& buffer, u64* position, PollEvents wanted,
                         Result<usize> (File::*attempt)(Task&, UserBuffer&, u64*));

  const Path path_;
  std::atomic<u32> flags_;
  Mutex position_lock_{LockRank::file};
  std::atomic<u64> position_{0};
};

}  // namespace limen
