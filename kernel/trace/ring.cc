#include "kernel/trace/ring.h"

namespace limen {

EventChunks::~EventChunks() {
  for (Chunk* chunk : free_) delete chunk;
}

EventChunks::Chunk* EventChunks::take() {
  std::lock_guard<std::mutex> guard(mutex_);
  if (free_.empty()) return new Chunk;
  Chunk* const chunk = free_.back();
  free_.pop_back();
  chunk->filled.store(0, std::memory_order_relaxed);
  chunk->next.store(nullptr, std::memory_order_relaxed);
  return chunk;
}

EventChunks::Chunk* EventChunks::first() { return take(); }

EventChunks::Chunk* EventChunks::another() {
  if (waiting_.fetch_add(1, std::memory_order_relaxed) < kMostWaiting) return take();
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  return nullptr;
}

void EventChunks::give_back(Chunk* chunk, bool was_waiting) {
  if (was_waiting) waiting_.fetch_sub(1, std::memory_order_relaxed);
  std::lock_guard<std::mutex> guard(mutex_);
  if (free_.size() < kMostWaiting) {
    free_.push_back(chunk);
  } else {
    delete chunk;
  }
}

EventRing::~EventRing() {
  release();
  if (reading_ == nullptr) reading_ = first_.load(std::memory_order_acquire);
  while (reading_ != nullptr) {
    EventChunks::Chunk* const next = reading_->next.load(std::memory_order_acquire);
    chunks_.give_back(reading_, next != nullptr);
    reading_ = next;
  }
}

u8* EventRing::reserve(usize size) {
  if (writing_ == nullptr || size > EventChunks::kBytes - written_) {
    EventChunks::Chunk* const chunk = writing_ == nullptr ? chunks_.first() : chunks_.another();
    if (chunk == nullptr) return nullptr;
    (writing_ == nullptr ? first_ : writing_->next).store(chunk, std::memory_order_release);
    writing_ = chunk, written_ = 0;
  }
  return &writing_->bytes[written_];
}

void EventRing::commit(usize size) {
  written_ += static_cast<u32>(size);
  writing_->filled.store(written_, std::memory_order_release);
}

void EventRing::release() {
  for (EventChunks::Chunk* chunk : taken_) chunks_.give_back(chunk, true);
  taken_.clear();
}

bool EventRing::is_empty() const {
  const EventChunks::Chunk* at = reading_ != nullptr ? reading_ : first_.load(std::memory_order_acquire);
  return at == nullptr || (at->next.load(std::memory_order_acquire) == nullptr &&
                           at->filled.load(std::memory_order_acquire) == (reading_ != nullptr ? read_ : 0));
}

}  // namespace limen
