// Limits and what was used.
// Source: getrlimit(2), getrusage(2), getpriority(2); include/uapi/asm-generic/resource.h, include/uapi/linux/resource.h.
#pragma once

#include "abi/time.h"
#include "base/types.h"

namespace limen::abi {

// getrlimit(2)
inline constexpr u32 rlimit_cpu = 0;
inline constexpr u32 rlimit_fsize = 1;
inline constexpr u32 rlimit_data = 2;
inline constexpr u32 rlimit_stack = 3;
inline constexpr u32 rlimit_core = 4;
inline constexpr u32 rlimit_rss = 5;
inline constexpr u32 rlimit_nproc = 6;
inline constexpr u32 rlimit_nofile = 7;
inline constexpr u32 rlimit_memlock = 8;
inline constexpr u32 rlimit_as = 9;
inline constexpr u32 rlimit_locks = 10;
inline constexpr u32 rlimit_sigpending = 11;
inline constexpr u32 rlimit_msgqueue = 12;
inline constexpr u32 rlimit_nice = 13;
inline constexpr u32 rlimit_rtprio = 14;
inline constexpr u32 rlimit_rttime = 15;
inline constexpr u32 rlim_nlimits = 16;

inline constexpr u64 rlim_infinity = ~0ull;
struct RLimit {
  u64 rlim_cur;
  u64 rlim_max;
};

// getrusage(2). RUSAGE_BOTH is for wait4 inside the kernel.
inline constexpr i32 rusage_self = 0;
inline constexpr i32 rusage_children = -1;
inline constexpr i32 rusage_thread = 1;
inline constexpr i32 rusage_both = -2;

struct RUsage {
  TimeVal ru_utime;
  TimeVal ru_stime;
  i64 ru_maxrss;  // in KiB
  i64 ru_ixrss;
  i64 ru_idrss;
  i64 ru_isrss;
  i64 ru_minflt;
  i64 ru_majflt;
  i64 ru_nswap;
  i64 ru_inblock;
  i64 ru_oublock;
  i64 ru_msgsnd;
  i64 ru_msgrcv;
  i64 ru_nsignals;
  i64 ru_nvcsw;
  i64 ru_nivcsw;
};

// getpriority(2)
inline constexpr i32 prio_process = 0;
inline constexpr i32 prio_pgrp = 1;
inline constexpr i32 prio_user = 2;
inline constexpr i32 prio_min = -20;
inline constexpr i32 prio_max = 20;

}  // namespace limen::abi
