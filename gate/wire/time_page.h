// The page of time (and of what else a vDSO asks) that the kernel publishes to every guest, and the one formula that turns cycles into nanoseconds. The kernel's
// Clock reads time by the same formula (kernel/time/host_clock.cc), so a guest never sees its two ways to ask disagree.
#pragma once

#include "abi/clock_ids.h"
#include "base/ints.h"

namespace limen::wire {

// A sequence lock: odd while the kernel writes. Guests only read.
struct TimePage {
  u32 sequence;
  u32 use_cycles;       // 0: ask the kernel
  u64 base_cycles;      // at this reading of the cycle counter ...
  u64 base_ns;          // ... monotonic time was this
  u64 ns_per_cycle;     // times 2^32
  u64 most_cycles;      // past base: older than that, ask the kernel, which then publishes anew
  i64 realtime_offset;  // realtime = monotonic + this; modulo 2^64
  i64 boottime_offset;
};

inline constexpr u64 kCoarseNs = 4'000'000;  // the step of the coarse clocks: a tick at HZ=250

__extension__ typedef unsigned __int128 WideTime;

inline u64 scale_cycles(u64 cycles, u64 ns_per_cycle) {
  return static_cast<u64>((static_cast<WideTime>(cycles) * ns_per_cycle) >> 32);
}

// The cycle counter, not read before what stands before it in the program.
inline u64 read_cycles() {
  u32 low, high;
  asm volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
  return static_cast<u64>(high) << 32 | low;
}

// struct new_utsname, with a sequence lock of its own.
struct NamePage {
  u32 sequence;
  char text[390];
};

// What every guest's process has at LIMEN_PUBLIC_PAGE; the first page of the vDSO's file.
struct PublicPage {
  TimePage time;
  alignas(64) NamePage name;
  // What slots say of opened files (Slot::opened) holds as long as this is the number that stands there.
  alignas(64) u64 openings;
};

struct TimeReading {
  u64 monotonic;
  i64 realtime_offset;
  i64 boottime_offset;
};

// False: this page cannot say (no usable counter, too old, or the writer is not getting on).
inline bool read_time(const TimePage& page, TimeReading& out) {
  for (int tries = 0; tries < 64; ++tries) {
    const u32 sequence = __atomic_load_n(&page.sequence, __ATOMIC_ACQUIRE);
    if ((sequence & 1) != 0) {
      __builtin_ia32_pause();
      continue;
    }
    const u32 use_cycles = __atomic_load_n(&page.use_cycles, __ATOMIC_RELAXED);
    const u64 base_cycles = __atomic_load_n(&page.base_cycles, __ATOMIC_RELAXED);
    const u64 base_ns = __atomic_load_n(&page.base_ns, __ATOMIC_RELAXED);
    const u64 ns_per_cycle = __atomic_load_n(&page.ns_per_cycle, __ATOMIC_RELAXED);
    const u64 most_cycles = __atomic_load_n(&page.most_cycles, __ATOMIC_RELAXED);
    out.realtime_offset = __atomic_load_n(&page.realtime_offset, __ATOMIC_RELAXED);
    out.boottime_offset = __atomic_load_n(&page.boottime_offset, __ATOMIC_RELAXED);
    const u64 now = read_cycles();
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&page.sequence, __ATOMIC_RELAXED) != sequence) continue;
    // A counter of another CPU that is a little behind counts as no time since base.
    const u64 elapsed = static_cast<i64>(now - base_cycles) < 0 ? 0 : now - base_cycles;
    if (use_cycles == 0 || elapsed > most_cycles) return false;
    out.monotonic = base_ns + scale_cycles(elapsed, ns_per_cycle);
    return true;
  }
  return false;
}

// Nanoseconds of a clock that the page can tell.
inline bool read_clock(const TimePage& page, i32 clock, u64& ns) {
  TimeReading now;
  constexpr u32 kKnown = 1u << abi::clock_realtime | 1u << abi::clock_monotonic | 1u << abi::clock_monotonic_raw |
                         1u << abi::clock_realtime_coarse | 1u << abi::clock_monotonic_coarse |
                         1u << abi::clock_boottime | 1u << abi::clock_tai;
  if (static_cast<u32>(clock) > 31 || (kKnown >> clock & 1) == 0) return false;
  if (!read_time(page, now)) return false;
  ns = now.monotonic;
  if (clock == abi::clock_realtime || clock == abi::clock_realtime_coarse || clock == abi::clock_tai) {
    ns += static_cast<u64>(now.realtime_offset);
  } else if (clock == abi::clock_boottime) {
    ns += static_cast<u64>(now.boottime_offset);
  }
  if (clock == abi::clock_realtime_coarse || clock == abi::clock_monotonic_coarse) ns -= ns % kCoarseNs;
  return true;
}

}  // namespace limen::wire
