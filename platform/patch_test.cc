#include "platform/patch.h"

#include <gtest/gtest.h>

#include <cstring>

#include "gate/wire/layout.h"

namespace limen::platform {
namespace {

constexpr u64 kText = 0x7f0000001000, kIsland = kText - 0x10000;

struct Patched {
  std::vector<u8> text;
  std::vector<u8> island = std::vector<u8>(4096);
  Site site;
};

// `code` at offset 100 of a page of nops.
Result<Patched> patch(std::vector<u8> code, u32 call, u64 rax) {
  Patched p;
  p.text.assign(4096, 0x90);
  std::copy(code.begin(), code.end(), p.text.begin() + 100);
  p.site = TRY(plan_site(p.text, 100 + call, rax));
  const u32 used = TRY(write_site(p.site, p.text, kText, p.island, kIsland, 0));
  EXPECT_GE(used, p.site.trampoline + p.site.size);
  return p;
}

u64 jump_target(const u8* at, u64 address) {
  EXPECT_EQ(at[0], 0xe9);
  i32 distance;
  std::memcpy(&distance, at + 1, sizeof distance);
  return address + 5 + static_cast<u64>(static_cast<i64>(distance));
}

TEST(Patch, APreludeBecomesAJumpAndAnInvalidOpcode) {
  const Result<Patched> p = patch({0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3}, 5, 39);
  ASSERT_TRUE(p.ok());
  EXPECT_TRUE(p->site.prelude);
  const u8* at = &p->text[100];
  EXPECT_EQ(jump_target(at, kText + 100), kIsland + p->site.trampoline);
  EXPECT_EQ(at[5], 0x06);
  EXPECT_EQ(at[7], 0xc3);
  const u8* trampoline = &p->island[p->site.trampoline];
  EXPECT_EQ(trampoline[0], 0xb8);
  EXPECT_EQ(trampoline[1], 39);
  // It goes on one past the call, and says so.
  i32 displacement;
  std::memcpy(&displacement, trampoline + p->site.resume - LIMEN_TRAMPOLINE_DISPLACEMENT, 4);
  const u64 resume = kIsland + p->site.trampoline + p->site.resume;
  EXPECT_EQ(resume + static_cast<u64>(static_cast<i64>(displacement)), kText + 107);
  EXPECT_EQ(jump_target(trampoline + p->site.resume, resume), kText + 107);
  EXPECT_EQ(trampoline[p->site.resume - 2], 0x0f);
  EXPECT_EQ(trampoline[p->site.resume - 1], 0x05);
}

TEST(Patch, ANumberThatAnotherRegisterGetsIsNoPrelude) {
  EXPECT_FALSE(patch({0x41, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3}, 6, 39).ok());  // mov $39, %r8d
  EXPECT_FALSE(patch({0x90, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3}, 6, 40).ok());  // RAX is another
}

TEST(Patch, WhatStandsBehindACallMovesAndItsPlaceFaults) {
  // syscall; cmp $-4095, %rax; jae +0x20
  const Result<Patched> p = patch({0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0x73, 0x20}, 0, 1);
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p->site.length, 8);
  EXPECT_EQ(p->text[108], 0x73);
  const std::vector<u8> invalid = {0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37,
                                   0x3f, 0x60, 0x61, 0x82, 0x9a, 0xce, 0xea, 0xd6, 0xf4, 0xfa,
                                   0xfb, 0xec, 0xed, 0xee, 0xef, 0xe4, 0xe5, 0xe6, 0xe7};
  EXPECT_NE(std::find(invalid.begin(), invalid.end(), p->text[102]), invalid.end());
  const u8* moved = &p->island[p->site.trampoline + p->site.resume];
  EXPECT_EQ(moved[0], 0x48);
  EXPECT_EQ(moved[1], 0x3d);
  const u64 behind = kIsland + p->site.trampoline + p->site.resume + 6;
  EXPECT_EQ(jump_target(moved + 6, behind), kText + 108);
  const auto next = continuation(p->site, kText, kIsland, kText + 102);
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->is_call);
  EXPECT_EQ(next->ip, kIsland + p->site.trampoline + p->site.resume);
  EXPECT_FALSE(continuation(p->site, kText, kIsland, kText + 103));
}

TEST(Patch, ABranchMovesToTheSameTarget) {
  // syscall; test %rax,%rax; js +4
  const Result<Patched> p = patch({0x0f, 0x05, 0x48, 0x85, 0xc0, 0x78, 0x04}, 0, 1);
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p->site.length, 5);  // the branch stays
  // syscall; js +4, with a 32-bit displacement: the branch moves
  const Result<Patched> q = patch({0x0f, 0x05, 0x0f, 0x88, 0x04, 0, 0, 0}, 0, 1);
  ASSERT_TRUE(q.ok());
  const u8* moved = &q->island[q->site.trampoline + q->site.resume];
  EXPECT_EQ(moved[0], 0x0f);
  EXPECT_EQ(moved[1], 0x88);
  i32 distance;
  std::memcpy(&distance, moved + 2, 4);
  EXPECT_EQ(kIsland + q->site.trampoline + q->site.resume + 6 + static_cast<u64>(static_cast<i64>(distance)),
            kText + 112);
}

TEST(Patch, WhatCannotMoveStays) {
  EXPECT_FALSE(patch({0x0f, 0x05, 0xc3}, 0, 1).ok());                                // ret, then another function
  EXPECT_FALSE(patch({0x0f, 0x05, 0xe8, 1, 0, 0, 0}, 0, 1).ok());                    // a call leaves an address
  EXPECT_FALSE(patch({0x0f, 0x05, 0x48, 0x8b, 0x05, 1, 0, 0, 0}, 0, 1).ok());        // RIP-relative
  EXPECT_FALSE(patch({0x0f, 0x05, 0xc5, 0xf8, 0x77, 0x90, 0x90}, 0, 1).ok());        // not known
  EXPECT_FALSE(patch({0x0f, 0x0b, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff}, 0, 1).ok());  // no call at all
  std::vector<u8> at_end(4096, 0x90);
  at_end[4094] = 0x0f, at_end[4095] = 0x05;
  EXPECT_FALSE(plan_site(at_end, 4094, 1).ok());  // what follows is on another page
}

TEST(Patch, PlacesInATrampolineAreThoseOfTheProgram) {
  const Result<Patched> p = patch({0x0f, 0x05, 0x48, 0x89, 0xc7, 0x48, 0x89, 0xfe, 0x90}, 0, 1);  // two moves
  ASSERT_TRUE(p.ok());
  const u64 trampoline = kIsland + p->site.trampoline;
  EXPECT_EQ(original_place(p->site, kText, kIsland, trampoline), kText + 100);
  EXPECT_EQ(original_place(p->site, kText, kIsland, trampoline + 7), kText + 100);
  EXPECT_EQ(original_place(p->site, kText, kIsland, trampoline + p->site.resume), kText + 102);
  EXPECT_EQ(original_place(p->site, kText, kIsland, trampoline + p->site.resume + 3), kText + 105);
  EXPECT_EQ(original_place(p->site, kText, kIsland, trampoline + p->site.size), std::nullopt);
}

}  // namespace
}  // namespace limen::platform
