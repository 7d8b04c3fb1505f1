// Limen's vDSO: time without a crossing. Freestanding; no state but the time page before the image; position-independent
// without relocations. Its promises are those of vdso(7): each function does what the system call of that name does.
#include "abi/time.h"
#include "gate/wire/cpu.h"
#include "gate/wire/time_page.h"

using limen::i32;
using limen::i64;
using limen::u32;
using limen::u64;
namespace abi = limen::abi;
namespace wire = limen::wire;

extern "C" {
extern const char limen_time_page[] __attribute__((visibility("hidden")));  // vdso.ld: one page below the image

#define VDSO_EXPORT __attribute__((visibility("default")))

VDSO_EXPORT int __vdso_clock_gettime(i32 clock, abi::TimeSpec* out);
VDSO_EXPORT int __vdso_gettimeofday(abi::TimeVal* time, abi::TimeZone* zone);
VDSO_EXPORT i64 __vdso_time(i64* out);
VDSO_EXPORT int __vdso_clock_getres(i32 clock, abi::TimeSpec* out);
VDSO_EXPORT long __vdso_getcpu(u32* cpu, u32* node, void* unused);
}

namespace {

enum : long { kNrGettimeofday = 96, kNrTime = 201, kNrClockGettime = 228, kNrClockGetres = 229, kNrGetcpu = 309 };

template <long Nr>
inline long ask_kernel(const volatile void* a, const volatile void* b, const volatile void* c = nullptr) {
  long result;
  // The number as an immediate just before the instruction: a shape that the kernel can patch.
  asm volatile("mov %1, %%eax\n\tsyscall" : "=&a"(result) : "i"(Nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}
inline const void* as_pointer(i32 clock) { return reinterpret_cast<const void*>(static_cast<i64>(clock)); }

inline const wire::TimePage& time_page() { return *reinterpret_cast<const wire::TimePage*>(limen_time_page); }

inline bool read_clock(i32 clock, u64& ns) { return wire::read_clock(time_page(), clock, ns); }

constexpr u64 kSecond = 1'000'000'000;

}  // namespace

int __vdso_clock_gettime(i32 clock, abi::TimeSpec* out) {
  u64 ns;
  if (!read_clock(clock, ns)) return static_cast<int>(ask_kernel<kNrClockGettime>(as_pointer(clock), out));
  out->tv_sec = static_cast<i64>(ns / kSecond);
  out->tv_nsec = static_cast<i64>(ns % kSecond);
  return 0;
}

int __vdso_gettimeofday(abi::TimeVal* time, abi::TimeZone* zone) {
  u64 ns;
  if (zone != nullptr || time == nullptr || !read_clock(abi::clock_realtime, ns)) {
    return static_cast<int>(ask_kernel<kNrGettimeofday>(time, zone));
  }
  time->tv_sec = static_cast<i64>(ns / kSecond);
  time->tv_usec = static_cast<i64>(ns % kSecond / 1000);
  return 0;
}

i64 __vdso_time(i64* out) {
  u64 ns;
  if (!read_clock(abi::clock_realtime, ns)) return ask_kernel<kNrTime>(out, nullptr);
  const i64 seconds = static_cast<i64>(ns / kSecond);
  if (out != nullptr) *out = seconds;
  return seconds;
}

int __vdso_clock_getres(i32 clock, abi::TimeSpec* out) {
  return static_cast<int>(ask_kernel<kNrClockGetres>(as_pointer(clock), out));
}

// CPUs have the host's numbers, and a task's mask is the host's business, too: it runs where it may.
long __vdso_getcpu(u32* cpu, u32* node, void*) {
  if (cpu != nullptr) *cpu = wire::this_cpu().cpu;
  if (node != nullptr) *node = 0;
  return 0;
}
