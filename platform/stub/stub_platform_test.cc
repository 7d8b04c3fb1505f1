// Guests here are a few bytes of machine code in an arena page.

#include "platform/stub_platform.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <csignal>
#include <cstring>
#include <initializer_list>

namespace limen::platform {
namespace {

constexpr u64 kCode = 0x400000;
constexpr u64 kData = 0x500000;
constexpr u8 kReadExec = kProtRead | kProtExec;
constexpr u8 kReadWrite = kProtRead | kProtWrite;

class StubPlatformTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = make_stub_platform({.arena_size = u64{1} << 30});
    ASSERT_TRUE(made.ok()) << errno_name(made.error());
    platform_ = *std::move(made);
  }

  // A space with code at kCode (arena page 0) and four data pages at kData (arena pages 1-4).
  std::unique_ptr<Space> space_with(std::initializer_list<u8> code) {
    std::memcpy(platform_->arena_base(), code.begin(), code.size());
    auto made = platform_->new_space();
    EXPECT_TRUE(made.ok()) << errno_name(made.error());
    std::unique_ptr<Space> space = *std::move(made);
    const MapOrder orders[] = {MapOrder::map_arena(kCode, kPageSize, 0, kReadExec),
                               MapOrder::map_arena(kData, 4 * kPageSize, kPageSize, kReadWrite)};
    const Result<void> applied = space->apply(orders);
    EXPECT_TRUE(applied.ok()) << errno_name(applied.error());
    return space;
  }

  static std::unique_ptr<GuestThread> thread_at(Space& space, u64 rip, u64 rsp = kData + 2 * kPageSize) {
    auto made = space.new_thread();
    EXPECT_TRUE(made.ok()) << errno_name(made.error());
    std::unique_ptr<GuestThread> thread = *std::move(made);
    Context context;
    context.regs.rip = rip;
    context.regs.rsp = rsp;
    thread->load_context(context);
    return thread;
  }

  std::unique_ptr<Platform> platform_;
};

TEST_F(StubPlatformTest, SyscallEntersAndReturns) {
  // mov $39,%eax; syscall; mov %rax,%rdi; mov $60,%eax; syscall
  auto space = space_with({0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x48, 0x89, 0xc7, 0xb8, 60, 0, 0, 0, 0x0f, 0x05});
  auto thread = thread_at(*space, kCode);
  thread->resume();
  Entry entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);
  EXPECT_EQ(entry.nr, 39u);
  EXPECT_EQ(entry.ip, kCode + 7);
  EXPECT_EQ(entry.sp, kData + 2 * kPageSize);
  thread->resume_syscall(1234567890123);
  entry = thread->wait();
  ASSERT_EQ(entry.kind, Entry::Kind::syscall);
  EXPECT_EQ(entry.nr, 60u);
  EXPECT_EQ(entry.args[0], 1234567890123u);
}

}  // namespace
}  // namespace limen::platform
