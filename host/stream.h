// Descriptors that the front end was started with (standard input, output, error): read and written without
// ever blocking a kernel thread, and without touching flags that the descriptor shares with other processes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>

#include "base/lock.h"
#include "base/result.h"
#include "host/handle.h"

namespace limen::host {

// What fstat(2) tells of it.
struct StreamStatus {
  u64 device_major = 0, device_minor = 0, inode = 0, size = 0;
  u32 mode = 0, uid = 0, gid = 0, rdev_major = 0, rdev_minor = 0;
};

enum class StreamKind : u8 { regular, pipe_or_socket, terminal, other };

class Stream {
 public:
  explicit Stream(Handle handle);
  StreamKind kind() const { return kind_; }
  Result<StreamStatus> status() const;
  int open_flags() const;  // F_GETFL
  // Which of `events` (POLLIN, POLLOUT, ...) hold now, with POLLERR and POLLHUP.
  u32 ready(u32 events) const;
  void wait(u32 events, int timeout_ms) const;  // until one of them, or an error, holds
  // One attempt: eagain when it would block. Regular files use their own offset, shared with whoever else has them open.
  Result<usize> read(std::span<u8> to);
  Result<usize> write(std::span<const u8> from);
  // At an offset of the caller's: regular files.
  Result<usize> read_at(std::span<u8> to, u64 offset);
  Result<usize> write_at(std::span<const u8> from, u64 offset);
  Result<u64> seek(i64 offset, int whence);
  Result<void> sync(bool data_only);
  Result<void> truncate(u64 size);
  int fd() const { return handle_.fd(); }

 private:
  Handle handle_;
  StreamKind kind_;
};

// One thread that waits for descriptors on behalf of tasks. Starts with the first watch.
class Watcher {
 public:
  static std::shared_ptr<Watcher> create();
  ~Watcher();
  // Calls `once` on the watcher's thread after one of `events` (or an error) holds; a second watch of the same descriptor replaces
  // the first, with both events. Descriptors that are always ready (regular files) call at once.
  void watch(int fd, u32 events, std::function<void()> once);
  void forget(int fd);

 private:
  struct State;
  explicit Watcher(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace limen::host
