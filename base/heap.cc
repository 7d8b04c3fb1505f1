#include "base/heap.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace limen {
namespace {

constexpr i64 kTellAt = 16 << 10;
std::atomic<i64> told{0};
[[maybe_unused]] thread_local i64 untold = 0;

[[maybe_unused]] void count(i64 bytes) {
  untold += bytes;
  if (untold > kTellAt || untold < -kTellAt) tell_heap();
}

}  // namespace

u64 heap_in_use() {
  const i64 sum = told.load(std::memory_order_relaxed);
  return sum > 0 ? static_cast<u64>(sum) : 0;
}

void tell_heap() {
  told.fetch_add(untold, std::memory_order_relaxed);
  untold = 0;
}

#ifndef LIMEN_SANITIZED
#define LIMEN_COUNTS_HEAP
namespace {

void* counted(void* memory) {
  if (memory != nullptr) count(static_cast<i64>(malloc_usable_size(memory)));
  return memory;
}

// The kernel process has no exceptions to throw: without memory it ends, and the sandbox with it.
void* needed(void* memory) {
  if (memory == nullptr) std::abort();
  return memory;
}

void release(void* memory) {
  if (memory != nullptr) count(-static_cast<i64>(malloc_usable_size(memory)));
  std::free(memory);
}

}  // namespace
#endif

}  // namespace limen

#ifdef LIMEN_COUNTS_HEAP
void* operator new(std::size_t size) { return limen::needed(limen::counted(std::malloc(size))); }
void* operator new(std::size_t size, std::align_val_t align) {
  const auto a = static_cast<std::size_t>(align);
  return limen::needed(limen::counted(std::aligned_alloc(a, (size + a - 1) & ~(a - 1))));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return limen::counted(std::malloc(size)); }
void operator delete(void* memory) noexcept { limen::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { limen::release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { limen::release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { limen::release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { limen::release(memory); }
#endif
