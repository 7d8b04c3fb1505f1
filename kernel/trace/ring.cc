#include "kernel/trace/ring.h"

#include <cstring>

namespace limen {
namespace {

// Where a record did not fit before the end of the buffer: the rest of it is skipped.
constexpr u32 kSkip = 0;

}  // namespace

bool EventRing::has_room(usize size) const {
  const u64 tail = tail_.load(std::memory_order_relaxed);
  const usize skipped = size > to_end(tail) ? to_end(tail) : 0;
  return tail + skipped + size - head_.load(std::memory_order_acquire) <= kCapacity;
}

void EventRing::push(std::span<const u8> record) {
  u64 tail = tail_.load(std::memory_order_relaxed);
  if (record.size() > to_end(tail)) {
    std::memcpy(&bytes_[tail % kCapacity], &kSkip, sizeof kSkip);
    tail += to_end(tail);
  }
  std::memcpy(&bytes_[tail % kCapacity], record.data(), record.size());
  tail_.store(tail + record.size(), std::memory_order_release);
}

bool EventRing::take(std::vector<u8>& to) {
  u64 head = head_.load(std::memory_order_relaxed);
  const u64 tail = tail_.load(std::memory_order_acquire);
  if (head == tail) return false;
  while (head != tail) {
    u32 size = 0;
    std::memcpy(&size, &bytes_[head % kCapacity], sizeof size);
    if (size == kSkip) {
      head += to_end(head);
      continue;
    }
    const u8* from = &bytes_[head % kCapacity];
    to.insert(to.end(), from, from + size);
    head += size;
  }
  head_.store(head, std::memory_order_release);
  return true;
}

}  // namespace limen
