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

bool pushed(EventRing& ring, const std::vector<u8>& bytes) {
  u8* const place = ring.reserve(bytes.size());
  if (place == nullptr) return false;
  std::memcpy(place, bytes.data(), bytes.size());
  ring.commit(bytes.size());
  return true;
}

usize taken(EventRing& ring) {
  usize size = 0;
  ring.take([&](std::span<const u8> records) { size += records.size(); });
  ring.release();
  return size;
}

TEST(EventRing, FullPoolHasNoRoomUntilARingIsRead) {
  EventChunks chunks;
  EventRing ring(chunks), other(chunks);
  const std::vector<u8> big = record(event::kMostRecord, 0);
  usize fit = 0;
  while (pushed(ring, big)) ++fit;
  EXPECT_EQ(fit, EventChunks::kMostWaiting + 1);
  EXPECT_TRUE(chunks.half_full());
  EXPECT_FALSE(pushed(ring, record(32, 0)));
  // Another ring has a chunk of its own, and no more than that.
  EXPECT_TRUE(pushed(other, big));
  EXPECT_FALSE(pushed(other, big));
  EXPECT_EQ(taken(ring), fit * big.size());
  EXPECT_TRUE(ring.is_empty());
  EXPECT_FALSE(chunks.half_full());
  EXPECT_TRUE(pushed(ring, big));
  EXPECT_TRUE(pushed(other, big));
}

TEST(EventRing, RecordsOfAllSizesComeOutInOrderAndWhole) {
  EventChunks chunks;
  EventRing ring(chunks);
  constexpr u64 kRecords = 20'000;
  std::thread writer([&ring] {
    for (u64 i = 0; i < kRecords; ++i) {
      const std::vector<u8> one = record(static_cast<u32>(32 + i * 1000 % 60'000 / 8 * 8), i);
      while (!pushed(ring, one)) std::this_thread::yield();
    }
  });
  u64 next = 0;
  while (next < kRecords) {
    ring.take([&](std::span<const u8> records) {
      for (usize at = 0; at < records.size();) {
        event::RecordHead head;
        std::memcpy(&head, &records[at], sizeof head);
        EXPECT_EQ(head.sequence, next);
        ++next;
        at += head.size;
      }
    });
    ring.release();
  }
  writer.join();
}

TEST(EventRing, UnreadChunksGoBackWithTheirRing) {
  EventChunks chunks;
  {
    EventRing ring(chunks);
    for (int i = 0; i < 60; ++i) ASSERT_TRUE(pushed(ring, record(event::kMostRecord, 0)));
    EXPECT_TRUE(chunks.half_full());
  }
  EXPECT_FALSE(chunks.half_full());
}

}  // namespace
}  // namespace limen
