// Restartable sequences. Source: rseq(2); include/uapi/linux/rseq.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr u32 rseq_flag_unregister = 1;
inline constexpr u32 rseq_cs_flag_no_restart_on_preempt = 1;
inline constexpr u32 rseq_cs_flag_no_restart_on_signal = 2;
inline constexpr u32 rseq_cs_flag_no_restart_on_migrate = 4;

// Rseq::cpu_id
inline constexpr i32 rseq_cpu_id_uninitialized = -1;
inline constexpr i32 rseq_cpu_id_registration_failed = -2;

// One for each thread, aligned to 32. AT_RSEQ_FEATURE_SIZE says how many bytes the kernel knows.
struct Rseq {
  u32 cpu_id_start;
  u32 cpu_id;
  GuestAddr rseq_cs;
  u32 flags;
  u32 node_id;  // Linux 6.3
  u32 mm_cid;   // Linux 6.3
  u32 pad0;
};
inline constexpr u32 rseq_size_orig = 32;
inline constexpr u32 rseq_feature_size = 28;
inline constexpr u32 rseq_align = 32;

struct RseqCs {
  u32 version;
  u32 flags;
  u64 start_ip;
  u64 post_commit_offset;
  u64 abort_ip;
};

}  // namespace limen::abi
