// The events of one task on their way to the reader: a ring with one writer (the task's kernel thread) and one reader (the
// recorder's). The writer never wakes the reader for an event; it waits where the ring is full.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "base/types.h"
#include "kernel/trace/event.h"

namespace limen {

class EventRing {
 public:
  static constexpr usize kCapacity = 4 * event::kMostRecord;

  EventRing() : bytes_(new u8[kCapacity]) {}
  // Is there room for a record of this size, once? By the writer.
  bool has_room(usize size) const;
  // After has_room. `record` is whole, with its head.
  void push(std::span<const u8> record);
  // Appends all records to `to`, oldest first. By the reader; false where there was none.
  bool take(std::vector<u8>& to);
  bool is_empty() const { return tail_.load(std::memory_order_acquire) == head_.load(std::memory_order_relaxed); }
  bool half_full() const {
    return tail_.load(std::memory_order_relaxed) - head_.load(std::memory_order_relaxed) > kCapacity / 2;
  }

 private:
  // Bytes from `tail_` to the end of the buffer: a record that does not fit there starts at its beginning.
  static usize to_end(u64 place) { return kCapacity - place % kCapacity; }

  std::unique_ptr<u8[]> bytes_;
  std::atomic<u64> head_{0}, tail_{0};  // of all bytes ever; both multiples of 8
};

}  // namespace limen
