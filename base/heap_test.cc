#include "base/heap.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace limen {
namespace {

TEST(HeapTest, CountsWhatIsHeld) {
  tell_heap();
  const u64 before = heap_in_use();
  if (before == 0) GTEST_SKIP() << "a sanitizer's build does not count";
  auto held = std::make_unique<std::string>(1 << 20, 'x');
  EXPECT_GE(heap_in_use(), before + (1 << 20));
  held.reset();
  tell_heap();
  EXPECT_LT(heap_in_use(), before + (64 << 10));
}

TEST(HeapTest, AnotherThreadMayFree) {
  tell_heap();
  const u64 before = heap_in_use();
  if (before == 0) GTEST_SKIP() << "a sanitizer's build does not count";
  auto held = std::make_unique<std::string>(1 << 20, 'x');
  std::thread([&] {
    held.reset();
    tell_heap();
  }).join();
  tell_heap();
  EXPECT_LT(heap_in_use(), before + (64 << 10));
}

}  // namespace
}  // namespace limen
