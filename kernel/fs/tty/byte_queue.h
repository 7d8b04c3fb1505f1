// Bytes on their way, first in first out, never more than a fixed number: what a terminal holds for one direction.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>

#include "base/types.h"

namespace limen {

class ByteQueue {
 public:
  explicit ByteQueue(usize capacity) : capacity_(capacity) {}
  usize size() const { return size_; }
  usize room() const { return capacity_ - size_; }
  bool empty() const { return size_ == 0; }

  // As much as there is room for.
  usize push(std::span<const u8> bytes) {
    if (!bytes_) bytes_ = std::make_unique<u8[]>(capacity_);
    const usize total = std::min(bytes.size(), room());
    for (usize done = 0; done < total;) {
      const usize at = (first_ + size_) % capacity_;
      const usize n = std::min(total - done, capacity_ - at);
      std::memcpy(bytes_.get() + at, bytes.data() + done, n);
      size_ += n, done += n;
    }
    return total;
  }
  bool push(u8 byte) { return push(std::span(&byte, 1)) == 1; }

  // The first bytes that lie together; empty only where there are none.
  std::span<const u8> front() const {
    return size_ == 0 ? std::span<const u8>()
                      : std::span<const u8>(bytes_.get() + first_, std::min(size_, capacity_ - first_));
  }
  void pop(usize n) {
    first_ = (first_ + n) % capacity_;
    size_ -= n;
  }
  void clear() { first_ = size_ = 0; }

 private:
  const usize capacity_;
  std::unique_ptr<u8[]> bytes_;  // made by the first push
  usize first_ = 0, size_ = 0;
};

}  // namespace limen
