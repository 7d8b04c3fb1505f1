// A host descriptor that closes itself and knows how to open itself again (checkpoint and restore).
#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "host/calls.h"

namespace limen::host {

// How a descriptor came to be: enough to make another like it in another process.
struct Origin {
  enum class Kind : u8 {
    anonymous,  // has no name; its content must be saved (memory files, sockets)
    inherited,  // given to us by our caller under this number
    path,       // openat2(root, path, flags)
  };
  Kind kind = Kind::anonymous;
  std::string path;  // path: below the root of the mount that it was opened through
  int flags = 0;     // path: open flags; inherited: the number
};

class Handle {
 public:
  Handle() = default;
  explicit Handle(int fd, Origin origin = {}) : fd_(fd), origin_(std::move(origin)) {}
  Handle(Handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)), origin_(std::move(other.origin_)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(origin_, other.origin_);
    return *this;
  }
  ~Handle() {
    if (fd_ >= 0) (void)call::close(fd_).ok();
  }

  int fd() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  const Origin& origin() const { return origin_; }
  int release() { return std::exchange(fd_, -1); }

  // A second descriptor of the same open file.
  Result<Handle> duplicate() const {
    const i64 fd = TRY(call::fcntl(fd_, F_DUPFD_CLOEXEC, 0));
    return Handle(static_cast<int>(fd), origin_);
  }

 private:
  int fd_ = -1;
  Origin origin_;
};

}  // namespace limen::host
