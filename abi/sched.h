// Making tasks, and how they share the processor.
// Source: clone(2), sched(7), sched_setattr(2), membarrier(2); include/uapi/linux/sched.h, sched/types.h, membarrier.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// clone(2). The signal sent to the parent is a number in the bits of CSIGNAL (clone3 has a field for it).
inline constexpr u64 csignal = 0xff;
inline constexpr u64 clone_vm = 0x100;
inline constexpr u64 clone_fs = 0x200;
inline constexpr u64 clone_files = 0x400;
inline constexpr u64 clone_sighand = 0x800;
inline constexpr u64 clone_pidfd = 0x1000;
inline constexpr u64 clone_ptrace = 0x2000;
inline constexpr u64 clone_vfork = 0x4000;
inline constexpr u64 clone_parent = 0x8000;
inline constexpr u64 clone_thread = 0x10000;
inline constexpr u64 clone_newns = 0x20000;
inline constexpr u64 clone_sysvsem = 0x40000;
inline constexpr u64 clone_settls = 0x80000;
inline constexpr u64 clone_parent_settid = 0x100000;
inline constexpr u64 clone_child_cleartid = 0x200000;
inline constexpr u64 clone_detached = 0x400000;
inline constexpr u64 clone_untraced = 0x800000;
inline constexpr u64 clone_child_settid = 0x1000000;
inline constexpr u64 clone_newcgroup = 0x2000000;
inline constexpr u64 clone_newuts = 0x4000000;
inline constexpr u64 clone_newipc = 0x8000000;
inline constexpr u64 clone_newuser = 0x10000000;
inline constexpr u64 clone_newpid = 0x20000000;
inline constexpr u64 clone_newnet = 0x40000000;
inline constexpr u64 clone_io = 0x80000000ull;
inline constexpr u64 clone_newtime = 0x80;

// clone3(2) alone
inline constexpr u64 clone_clear_sighand = 0x100000000ull;
inline constexpr u64 clone_into_cgroup = 0x200000000ull;

struct CloneArgs {
  u64 flags;
  GuestAddr pidfd;
  GuestAddr child_tid;
  GuestAddr parent_tid;
  u64 exit_signal;
  GuestAddr stack;
  u64 stack_size;
  u64 tls;
  GuestAddr set_tid;
  u64 set_tid_size;
  u64 cgroup;
};
inline constexpr usize clone_args_size_ver0 = 64;
inline constexpr usize clone_args_size_ver1 = 80;
inline constexpr usize clone_args_size_ver2 = 88;

// sched(7)
inline constexpr i32 sched_normal = 0;
inline constexpr i32 sched_fifo = 1;
inline constexpr i32 sched_rr = 2;
inline constexpr i32 sched_batch = 3;
inline constexpr i32 sched_idle = 5;
inline constexpr i32 sched_deadline = 6;
inline constexpr i32 sched_ext = 7;

// Added to the policy of sched_setscheduler(2).
inline constexpr i32 sched_reset_on_fork = 0x40000000;

// SchedAttr::sched_flags
inline constexpr u64 sched_flag_reset_on_fork = 1;
inline constexpr u64 sched_flag_reclaim = 2;
inline constexpr u64 sched_flag_dl_overrun = 4;
inline constexpr u64 sched_flag_keep_policy = 8;
inline constexpr u64 sched_flag_keep_params = 0x10;
inline constexpr u64 sched_flag_util_clamp_min = 0x20;
inline constexpr u64 sched_flag_util_clamp_max = 0x40;

struct SchedParam {
  i32 sched_priority;
};
struct SchedAttr {
  u32 size;
  u32 sched_policy;
  u64 sched_flags;
  i32 sched_nice;
  u32 sched_priority;
  u64 sched_runtime;
  u64 sched_deadline;
  u64 sched_period;
  u32 sched_util_min;
  u32 sched_util_max;
};
inline constexpr u32 sched_attr_size_ver0 = 48;
inline constexpr u32 sched_attr_size_ver1 = 56;

// membarrier(2)
inline constexpr i32 membarrier_cmd_query = 0;
inline constexpr i32 membarrier_cmd_global = 1;
inline constexpr i32 membarrier_cmd_global_expedited = 2;
inline constexpr i32 membarrier_cmd_register_global_expedited = 4;
inline constexpr i32 membarrier_cmd_private_expedited = 8;
inline constexpr i32 membarrier_cmd_register_private_expedited = 16;
inline constexpr i32 membarrier_cmd_private_expedited_sync_core = 32;
inline constexpr i32 membarrier_cmd_register_private_expedited_sync_core = 64;
inline constexpr i32 membarrier_cmd_private_expedited_rseq = 128;
inline constexpr i32 membarrier_cmd_register_private_expedited_rseq = 256;
inline constexpr i32 membarrier_cmd_get_registrations = 512;
inline constexpr u32 membarrier_cmd_flag_cpu = 1;

}  // namespace limen::abi
