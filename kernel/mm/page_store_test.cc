#include "kernel/mm/page_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "kernel/mm/testing/fake_machine.h"

namespace limen {
namespace {

class PageStoreTest : public ::testing::Test {
 protected:
  PageStoreTest() {
    std::iota(bytes_.begin(), bytes_.end(), u8{1});
    machine_.writer = [this](u64 offset, std::span<const std::span<u8>> from) -> Result<usize> {
      ++writes_;
      if (meanwhile_) meanwhile_();
      usize done = 0;
      for (const std::span<u8>& span : from) {
        const usize n = std::min(span.size(), most_ - done);
        std::memcpy(arena_.at(offset + done), span.data(), n);
        done += n;
      }
      return done;
    };
  }
  usize write(u64 at, usize length) {
    UserBuffer from(std::span<u8>(bytes_.data(), length));
    const Result<usize> written = store_->write(from, at, length);
    if (written.ok()) store_->set_size(std::max(store_->size(), at + *written));
    return written.value_or(0);
  }
  std::vector<u8> read(u64 at, usize length) {
    std::vector<u8> out(length, 0xee);
    UserBuffer to{std::span<u8>(out)};
    EXPECT_EQ(store_->read(to, at, length).value_or(0), length);
    return out;
  }
  bool holds_bytes(u64 at, usize length) {
    const std::vector<u8> got = read(at, length);
    return std::equal(got.begin(), got.end(), bytes_.begin());
  }
  bool is_zero(u64 at, usize length) {
    const std::vector<u8> got = read(at, length);
    return std::all_of(got.begin(), got.end(), [](u8 b) { return b == 0; });
  }

  fake::Machine machine_{u64{1} << 30};
  Arena arena_{machine_, 64 << 20};
  Ref<PageStore> store_ = make_ref<PageStore>(arena_);
  std::vector<u8> bytes_ = std::vector<u8>(64 * kPageSize);
  int writes_ = 0;
  usize most_ = ~usize{0};  // bytes of one write
  std::function<void()> meanwhile_;
};

TEST_F(PageStoreTest, NewWholePagesComeByAWriteOfTheArena) {
  EXPECT_EQ(write(100, 3 * kPageSize), 3 * kPageSize);
  EXPECT_EQ(writes_, 1);
  EXPECT_TRUE(is_zero(0, 100));
  EXPECT_TRUE(holds_bytes(100, 3 * kPageSize));
  EXPECT_EQ(store_->resident_pages(), 4u);
  // Neither a piece of a page nor pages that are there.
  EXPECT_EQ(write(8 * kPageSize + 1, kPageSize - 1), kPageSize - 1);
  EXPECT_EQ(write(0, 4 * kPageSize), 4 * kPageSize);
  EXPECT_EQ(writes_, 1);
  EXPECT_EQ(arena_.granted(), 5 * kPageSize);
}

TEST_F(PageStoreTest, ThePageBeforeTheHoleGoesAlong) {
  EXPECT_EQ(write(0, 2 * kPageSize + 500), 2 * kPageSize + 500);
  EXPECT_EQ(write(2 * kPageSize + 500, 3 * kPageSize), 3 * kPageSize);
  EXPECT_EQ(writes_, 2);
  EXPECT_TRUE(holds_bytes(0, 2 * kPageSize + 500));
  EXPECT_TRUE(holds_bytes(2 * kPageSize + 500, 3 * kPageSize));
  // Cut short in that page, and behind it.
  for (const usize most : {usize{100}, kPageSize + 100}) {
    const u64 at = store_->size() + 100;
    most_ = most;
    EXPECT_EQ(write(at, 3 * kPageSize), 3 * kPageSize);
    EXPECT_TRUE(is_zero(at - 100, 100));
    EXPECT_TRUE(holds_bytes(at, 3 * kPageSize));
  }
  // Where other pages lie behind it in the arena.
  most_ = ~usize{0};
  const u64 at = store_->size();
  const ArenaRange last{store_->find_page(at / kPageSize).value(), kPageSize};
  const ArenaRange other = arena_.allocate(kPageSize, last.end()).value();
  ASSERT_EQ(other.offset, last.end());
  EXPECT_EQ(write(at, 3 * kPageSize), 3 * kPageSize);
  EXPECT_TRUE(holds_bytes(at, 3 * kPageSize));
  arena_.unref(last);
  const u64 pages = page_ceil(store_->size()) / kPageSize;
  EXPECT_EQ(store_->resident_pages(), pages);
  EXPECT_EQ(arena_.granted(), (pages + 1) * kPageSize);
  store_->discard(0, ~u64{0});
  EXPECT_EQ(arena_.granted(), kPageSize);
  arena_.unref(other);
}

TEST_F(PageStoreTest, RecycledPagesAreZeroWhereNoByteCame) {
  EXPECT_EQ(write(0, 8 * kPageSize), 8 * kPageSize);
  store_->discard(0, ~u64{0});
  EXPECT_EQ(arena_.granted(), 0u);
  EXPECT_EQ(write(5, 2 * kPageSize), 2 * kPageSize);
  store_->set_size(3 * kPageSize);
  EXPECT_TRUE(is_zero(0, 5));
  EXPECT_TRUE(holds_bytes(5, 2 * kPageSize));
  EXPECT_TRUE(is_zero(5 + 2 * kPageSize, kPageSize - 5));
}

TEST_F(PageStoreTest, AWriteThatFallsShortGoesOnByACopy) {
  most_ = kPageSize + 3;
  EXPECT_EQ(write(0, 4 * kPageSize), 4 * kPageSize);
  EXPECT_TRUE(holds_bytes(0, 4 * kPageSize));
  most_ = 0;
  EXPECT_EQ(write(10 * kPageSize, 4 * kPageSize), 4 * kPageSize);
  EXPECT_TRUE(holds_bytes(10 * kPageSize, 4 * kPageSize));
  EXPECT_EQ(arena_.granted(), 8 * kPageSize);
}

TEST_F(PageStoreTest, APageThatAppearsMeanwhileStaysAndGetsTheBytes) {
  u64 theirs = 0;
  store_->set_size(16 * kPageSize);
  meanwhile_ = [&] {
    const Result<ArenaRange> page = store_->get_mapped_run(2, 1);
    ASSERT_TRUE(page.ok());
    theirs = page->offset;
    arena_.at(theirs)[kPageSize - 1] = 77;
  };
  EXPECT_EQ(write(50, 3 * kPageSize), 3 * kPageSize);
  meanwhile_ = nullptr;
  EXPECT_TRUE(holds_bytes(50, 3 * kPageSize));
  EXPECT_EQ(store_->find_page(2), theirs);
  EXPECT_EQ(arena_.at(theirs)[0], bytes_[2 * kPageSize - 50]);
  arena_.unref({theirs, kPageSize});
  arena_.unref({theirs, kPageSize});
  EXPECT_EQ(arena_.granted(), 4 * kPageSize);
}

}  // namespace
}  // namespace limen
