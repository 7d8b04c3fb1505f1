// Memory files: shared memory that a guest's process may hold too, sealed against shrinking (invariant 7).
#pragma once

#include "host/handle.h"

namespace limen::host {

// A memory file of `size` bytes, sparse, that can never shrink.
Result<Handle> make_memory_file(const char* name, u64 size);
// One that can never change again.
Result<Handle> make_sealed_file(const char* name, const void* content, usize size);

// A shared mapping of a whole memory file in the kernel process.
class Mapping {
 public:
  Mapping() = default;
  Mapping(Mapping&& other) noexcept : base_(std::exchange(other.base_, nullptr)), size_(other.size_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping() {
    if (base_ != nullptr) (void)call::munmap(base_, size_).ok();
  }
  static Result<Mapping> shared(const Handle& file, u64 size);

  u8* base() const { return base_; }
  u64 size() const { return size_; }

 private:
  Mapping(u8* base, u64 size) : base_(base), size_(size) {}
  u8* base_ = nullptr;
  u64 size_ = 0;
};

}  // namespace limen::host
