// Guests for the platform's tests: small pieces of assembly that are copied into an arena page.
//
//   GUEST(spin, "1: jmp 1b\n")
//   auto space = space_with(spin);
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <span>

#include "platform/stub_platform.h"

#define GUEST(name, text)                                                                                      \
  extern "C" const limen::u8 guest_##name##_begin[], guest_##name##_end[];                                     \
  asm(".pushsection .rodata\n.globl guest_" #name "_begin, guest_" #name "_end\nguest_" #name "_begin:\n" text \
      "\nguest_" #name "_end:\n.popsection\n");                                                                \
  [[maybe_unused]] const std::span<const limen::u8> name{                                                      \
      guest_##name##_begin, static_cast<size_t>(guest_##name##_end - guest_##name##_begin)};

namespace limen::platform {

inline constexpr u64 kCode = 0x400000;
inline constexpr u64 kData = 0x500000;
inline constexpr u64 kDataSize = 8 * kPageSize;
inline constexpr u64 kStack = kData + kDataSize;
inline constexpr u8 kReadExec = kProtRead | kProtExec;
inline constexpr u8 kReadWrite = kProtRead | kProtWrite;

class StubTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = make_stub_platform({.arena_size = u64{1} << 30});
    ASSERT_TRUE(made.ok()) << errno_name(made.error());
    platform_ = *std::move(made);
  }

  u8* data() { return platform_->arena_base() + kPageSize; }

  // A space with code at kCode (arena page 0) and data pages at kData (arena pages 1-8).
  std::unique_ptr<Space> space_with(std::span<const u8> code) {
    std::memcpy(platform_->arena_base(), code.data(), code.size());
    auto made = platform_->new_space();
    EXPECT_TRUE(made.ok()) << errno_name(made.error());
    std::unique_ptr<Space> space = *std::move(made);
    const MapOrder orders[] = {MapOrder::map_arena(kCode, kPageSize, 0, kReadExec),
                               MapOrder::map_arena(kData, kDataSize, kPageSize, kReadWrite)};
    const Result<void> applied = space->apply(orders);
    EXPECT_TRUE(applied.ok()) << errno_name(applied.error());
    return space;
  }

  static std::unique_ptr<GuestThread> thread_at(Space& space, u64 rip = kCode, u64 rsp = kStack) {
    auto made = space.new_thread();
    EXPECT_TRUE(made.ok()) << errno_name(made.error());
    std::unique_ptr<GuestThread> thread = *std::move(made);
    Context context;
    context.regs.rip = rip;
    context.regs.rsp = rsp;
    thread->load_context(context);
    return thread;
  }

  // A thread that has run from kCode to its first entry.
  static std::unique_ptr<GuestThread> run(Space& space, Entry& entry) {
    auto thread = thread_at(space);
    thread->resume();
    entry = thread->wait();
    return thread;
  }

  std::unique_ptr<Platform> platform_;
};

}  // namespace limen::platform
