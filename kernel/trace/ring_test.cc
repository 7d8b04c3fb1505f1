#include "kernel/trace/ring.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

namespace limen {
namespace {

std::vector<u8> record(u32 size, u64 sequence) {
  std::vector<u8> bytes(size);
  const event::RecordHead head{.size = size, .sequence = sequence};
  std::memcpy(bytes.data(), &head, sizeof head);
  return bytes;
}

TEST(EventRing, FullRingHasNoRoomUntilItIsRead) {
  EventRing ring;
  const std::vector<u8> big = record(event::kMostRecord, 0);
  constexpr usize kFit = EventRing::kCapacity / event::kMostRecord;
  for (usize i = 0; i < kFit; ++i) {
    ASSERT_TRUE(ring.has_room(big.size()));
    ring.push(big);
  }
  EXPECT_FALSE(ring.has_room(32));
  std::vector<u8> out;
  EXPECT_TRUE(ring.take(out));
  EXPECT_EQ(out.size(), kFit * big.size());
  EXPECT_TRUE(ring.has_room(big.size()));
  EXPECT_FALSE(ring.take(out));
}

TEST(EventRing, RecordsOfAllSizesComeOutInOrderAndWhole) {
  EventRing ring;
  constexpr u64 kRecords = 20'000;
  std::thread writer([&ring] {
    for (u64 i = 0; i < kRecords; ++i) {
      const std::vector<u8> one = record(static_cast<u32>(32 + i * 1000 % 60'000 / 8 * 8), i);
      while (!ring.has_room(one.size())) std::this_thread::yield();
      ring.push(one);
    }
  });
  u64 next = 0;
  while (next < kRecords) {
    std::vector<u8> out;
    ring.take(out);
    for (usize at = 0; at < out.size();) {
      event::RecordHead head;
      std::memcpy(&head, &out[at], sizeof head);
      ASSERT_EQ(head.sequence, next++);
      at += head.size;
    }
  }
  writer.join();
}

}  // namespace
}  // namespace limen
