#include "kernel/time/host_clock.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <ctime>
#include <thread>

#include "host/clock.h"

namespace limen {
namespace {

constexpr u64 kOneSecond = 1'000'000'000;

TEST(HostClock, FollowsTheHostAndNeverGoesBack) {
  const std::unique_ptr<HostClock> clock = HostClock::create();
  u64 last = clock->monotonic_ns();
  const u64 end = last + 60'000'000;
  while (last < end) {
    const u64 now = clock->monotonic_ns();
    ASSERT_GE(now, last);
    last = now;
  }
  const auto agrees = [](u64 (*ours)(Clock&), i64 (*hosts)(), Clock& c) {
    constexpr u64 kTolerance = 1'000'000;
    const u64 before = static_cast<u64>(hosts());  // this thread may lose its CPU between the readings
    const u64 reading = ours(c);
    const u64 after = static_cast<u64>(hosts());
    return reading + kTolerance >= before && reading <= after + kTolerance;
  };
  EXPECT_TRUE(agrees([](Clock& c) { return c.monotonic_ns(); }, host::monotonic_ns, *clock));
  EXPECT_TRUE(agrees([](Clock& c) { return c.realtime_ns(); }, host::realtime_ns, *clock));
  EXPECT_TRUE(agrees([](Clock& c) { return c.boottime_ns(); }, host::boottime_ns, *clock));
}

// A counter of one cycle for each nanosecond, beside a host clock that drifts by 100 ppm.
TEST(HostClock, MakesDriftGoodWithoutAStep) {
  const std::unique_ptr<HostClock> clock = HostClock::create();
  u64 cycles = wire::read_cycles(), host = clock->monotonic_ns();
  clock->steer_for_test({.cycles = cycles + 2'000'000'000, .monotonic = host + kOneSecond});
  if (clock->page().use_cycles == 0) GTEST_SKIP() << "no invariant cycle counter";
  u64 before = clock->page().base_ns;
  for (int i = 2; i < 50; ++i) {
    clock->steer_for_test({.cycles = cycles + static_cast<u64>(i) * 2'000'000'000,
                           .monotonic = host + static_cast<u64>(i) * (kOneSecond + kOneSecond / 100'000)});
    ASSERT_EQ(clock->page().use_cycles, 1u);
    ASSERT_GT(clock->page().base_ns, before);
    before = clock->page().base_ns;
  }
  EXPECT_NEAR(static_cast<double>(before), static_cast<double>(host + 49 * (kOneSecond + kOneSecond / 100'000)), 1e5);
}

TEST(HostClock, GivesUpACounterThatIsNoClock) {
  const std::unique_ptr<HostClock> clock = HostClock::create();
  const u64 cycles = wire::read_cycles(), host = clock->monotonic_ns();
  clock->steer_for_test({.cycles = cycles + 2'000'000'000, .monotonic = host + kOneSecond});
  if (clock->page().use_cycles == 0) GTEST_SKIP() << "no invariant cycle counter";
  clock->steer_for_test({.cycles = cycles + 8'000'000'000, .monotonic = host + 2 * kOneSecond});
  EXPECT_EQ(clock->page().use_cycles, 0u);
  EXPECT_GE(clock->monotonic_ns(), clock->page().base_ns);
}

TEST(Vdso, IsAnElfImageBehindThePageOfTime) {
  const std::unique_ptr<HostClock> clock = HostClock::create();
  ASSERT_NE(clock->vdso(), nullptr);
  const Vdso& vdso = *clock->vdso();
  const u8* image = reinterpret_cast<const u8*>(&vdso.page()) + kPageSize;
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof header);
  EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  EXPECT_EQ(header.e_type, ET_DYN);
  EXPECT_EQ(header.e_machine, EM_X86_64);
  EXPECT_EQ(vdso.length() % kPageSize, 0u);
}

// A function of the image, found as a C library finds it: by the dynamic section's tables.
const u8* find_symbol(const u8* image, const char* wanted) {
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof header);
  const auto* segments = reinterpret_cast<const Elf64_Phdr*>(image + header.e_phoff);
  const Elf64_Sym* symbols = nullptr;
  const char* names = nullptr;
  const u32* hash = nullptr;
  for (int i = 0; i < header.e_phnum; ++i) {
    if (segments[i].p_type != PT_DYNAMIC) continue;
    for (const auto* entry = reinterpret_cast<const Elf64_Dyn*>(image + segments[i].p_offset); entry->d_tag != DT_NULL;
         ++entry) {
      if (entry->d_tag == DT_SYMTAB) symbols = reinterpret_cast<const Elf64_Sym*>(image + entry->d_un.d_ptr);
      if (entry->d_tag == DT_STRTAB) names = reinterpret_cast<const char*>(image + entry->d_un.d_ptr);
      if (entry->d_tag == DT_HASH) hash = reinterpret_cast<const u32*>(image + entry->d_un.d_ptr);
    }
  }
  if (symbols == nullptr || names == nullptr || hash == nullptr) return nullptr;
  for (u32 i = 0; i < hash[1]; ++i) {
    if (std::strcmp(names + symbols[i].st_name, wanted) == 0) return image + symbols[i].st_value;
  }
  return nullptr;
}

TEST(Vdso, TellsTheKernelsTime) {
  const std::unique_ptr<HostClock> clock = HostClock::create();
  ASSERT_NE(clock->vdso(), nullptr);
  std::this_thread::sleep_for(std::chrono::milliseconds(25));
  (void)clock->monotonic_ns();  // enough time has passed to measure the counter
  if (clock->page().use_cycles == 0) GTEST_SKIP() << "no invariant cycle counter";
  const usize length = clock->vdso()->length();
  void* mapped = mmap(nullptr, length, PROT_READ | PROT_EXEC, MAP_PRIVATE, clock->vdso()->fd(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  const u8* symbol = find_symbol(static_cast<u8*>(mapped) + kPageSize, "__vdso_clock_gettime");
  ASSERT_NE(symbol, nullptr);
  const auto gettime = reinterpret_cast<int (*)(int, timespec*)>(reinterpret_cast<uintptr_t>(symbol));
  u64 last = 0;
  for (int i = 0; i < 1000; ++i) {
    timespec t{};
    ASSERT_EQ(gettime(CLOCK_MONOTONIC, &t), 0);
    const u64 guest = static_cast<u64>(t.tv_sec) * kOneSecond + static_cast<u64>(t.tv_nsec);
    ASSERT_GE(guest, last);
    last = clock->monotonic_ns();
    ASSERT_GE(last, guest);
  }
  munmap(mapped, length);
}

}  // namespace
}  // namespace limen
