// The events of one task on their way to the reader: a list of chunks with one writer (the task's kernel thread) and one reader
// (the recorder's). Chunks come from a pool that all rings share, which keeps their pages warm and bounds what waits unread.
//
//   u8* place = ring.reserve(size);         // null: the pool has no chunk to spare, the reader must come first
//   ... ring.commit(size);
//   ring.take([&](std::span<const u8> records) { ... });   // valid until
//   ring.release();                         // what was taken goes back to the pool
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/types.h"
#include "kernel/trace/event.h"

namespace limen {

class EventChunks {
 public:
  static constexpr usize kBytes = event::kMostRecord;
  // Full chunks that wait for the reader, of all rings; beside them each ring has one that it writes.
  static constexpr u32 kMostWaiting = 64;

  struct Chunk {
    std::atomic<u32> filled{0};
    std::atomic<Chunk*> next{nullptr};  // set when no more is written to this one
    std::unique_ptr<u8[]> bytes{new u8[kBytes]};
  };

  ~EventChunks();
  // A first chunk of a ring, or one after a full one: null where too many of those wait.
  Chunk* first();
  Chunk* another();
  void give_back(Chunk* chunk, bool was_waiting);
  // Should the reader hurry?
  bool half_full() const { return waiting_.load(std::memory_order_relaxed) > kMostWaiting / 2; }

 private:
  Chunk* take();
  std::atomic<u32> waiting_{0};
  std::mutex mutex_;
  std::vector<Chunk*> free_;  // under mutex_
};

class EventRing {
 public:
  explicit EventRing(EventChunks& chunks) : chunks_(chunks) {}
  ~EventRing();
  EventRing(const EventRing&) = delete;
  EventRing& operator=(const EventRing&) = delete;

  // Room for whole records, in one piece. By the writer.
  u8* reserve(usize size);
  // Of what was reserved last.
  void commit(usize size);

  // By the reader: hands over all that has been written since the last time, oldest first, in one span or more.
  template <typename Take>
  void take(const Take& take) {
    if (reading_ == nullptr) reading_ = first_.load(std::memory_order_acquire);
    while (reading_ != nullptr) {
      // In this order: with a next one, `filled` is final.
      EventChunks::Chunk* const next = reading_->next.load(std::memory_order_acquire);
      const u32 filled = reading_->filled.load(std::memory_order_acquire);
      if (filled != read_) take(std::span<const u8>(&reading_->bytes[read_], filled - read_));
      read_ = filled;
      if (next == nullptr) return;
      taken_.push_back(std::exchange(reading_, next));
      read_ = 0;
    }
  }
  void release();
  bool is_empty() const;

 private:
  EventChunks& chunks_;
  EventChunks::Chunk* writing_ = nullptr;  // the writer's
  u32 written_ = 0;
  std::atomic<EventChunks::Chunk*> first_{nullptr};
  EventChunks::Chunk* reading_ = nullptr;  // the reader's
  u32 read_ = 0;
  std::vector<EventChunks::Chunk*> taken_;
};

}  // namespace limen
