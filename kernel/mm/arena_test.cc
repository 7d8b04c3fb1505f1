#include "kernel/mm/arena.h"

#include <gtest/gtest.h>

#include "kernel/mm/testing/fake_machine.h"

namespace limen {
namespace {

class ArenaTest : public ::testing::Test {
 protected:
  fake::Machine machine_{u64{1} << 30};
  Arena arena_{machine_, 64 << 20};
};

TEST_F(ArenaTest, RecycledPagesAreZeroed) {
  const ArenaRange first = arena_.allocate(kPageSize).value();
  arena_.at(first.offset)[7] = 1;
  arena_.unref(first);
  const ArenaRange second = arena_.allocate(kPageSize).value();
  EXPECT_EQ(first, second);  // warm
  EXPECT_EQ(arena_.at(second.offset)[7], 0);
}

TEST_F(ArenaTest, OnlyTouchedPagesStayWarm) {
  const ArenaRange range = arena_.allocate(256 * kPageSize).value();
  arena_.at(range.offset)[0] = 1;
  arena_.unref(range);
  EXPECT_EQ(arena_.granted(), 0u);
  EXPECT_EQ(arena_.resident(), kPageSize);
  arena_.trim();
  EXPECT_EQ(arena_.resident(), 0u);
}

TEST_F(ArenaTest, TheLimitHolds) {
  const ArenaRange most = arena_.allocate(64 << 20).value();
  EXPECT_TRUE(arena_.allocate(kPageSize).is(Errno::enomem));
  arena_.ref({most.offset, kPageSize});  // a second owner costs nothing
  arena_.unref(most);
  EXPECT_EQ(arena_.granted(), kPageSize);
  EXPECT_EQ(arena_.references(most.offset), 1u);
  EXPECT_TRUE(arena_.allocate(64 << 20).is(Errno::enomem));
  EXPECT_TRUE(arena_.allocate((64 << 20) - kPageSize).ok());
}

TEST_F(ArenaTest, NeighboursGrowContiguously) {
  const ArenaRange first = arena_.allocate(16 * kPageSize).value();
  (void)arena_.allocate(16 * kPageSize).value();
  const ArenaRange more = arena_.allocate(16 * kPageSize, first.end()).value();
  EXPECT_EQ(more.offset, first.end());
}

TEST_F(ArenaTest, SolePagesStopAtASharedOne) {
  const ArenaRange range = arena_.allocate(8 * kPageSize).value();
  arena_.ref({range.offset + 5 * kPageSize, kPageSize});
  EXPECT_EQ(arena_.sole_pages(range), 5u);
  EXPECT_EQ(arena_.sole_pages_backwards(range), 2u);
}

}  // namespace
}  // namespace limen
