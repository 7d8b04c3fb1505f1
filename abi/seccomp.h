// seccomp(2): strict mode, filters, user notification.
// Source: include/uapi/linux/{seccomp,audit}.h.
#pragma once

#include "abi/bpf.h"
#include "base/types.h"

namespace limen::abi {

// seccomp(2), PR_SET_SECCOMP
inline constexpr u32 seccomp_mode_disabled = 0;
inline constexpr u32 seccomp_mode_strict = 1;
inline constexpr u32 seccomp_mode_filter = 2;
inline constexpr u32 seccomp_set_mode_strict = 0;
inline constexpr u32 seccomp_set_mode_filter = 1;
inline constexpr u32 seccomp_get_action_avail = 2;
inline constexpr u32 seccomp_get_notif_sizes = 3;

inline constexpr u32 seccomp_filter_flag_tsync = 1;
inline constexpr u32 seccomp_filter_flag_log = 2;
inline constexpr u32 seccomp_filter_flag_spec_allow = 4;
inline constexpr u32 seccomp_filter_flag_new_listener = 8;
inline constexpr u32 seccomp_filter_flag_tsync_esrch = 0x10;
inline constexpr u32 seccomp_filter_flag_wait_killable_recv = 0x20;

// What a filter returns; the lowest value (as signed) of all filters wins, so kill before trap before allow.
inline constexpr u32 seccomp_ret_kill_process = 0x80000000;
inline constexpr u32 seccomp_ret_kill_thread = 0;
inline constexpr u32 seccomp_ret_trap = 0x30000;
inline constexpr u32 seccomp_ret_errno = 0x50000;
inline constexpr u32 seccomp_ret_user_notif = 0x7fc00000;
inline constexpr u32 seccomp_ret_trace = 0x7ff00000;
inline constexpr u32 seccomp_ret_log = 0x7ffc0000;
inline constexpr u32 seccomp_ret_allow = 0x7fff0000;
inline constexpr u32 seccomp_ret_action_full = 0xffff0000;
inline constexpr u32 seccomp_ret_data = 0xffff;

struct SeccompData {
  i32 nr;
  u32 arch;
  u64 instruction_pointer;
  u64 args[6];
};

struct SeccompNotifSizes {
  u16 seccomp_notif;
  u16 seccomp_notif_resp;
  u16 seccomp_data;
};

struct SeccompNotif {
  u64 id;
  u32 pid;
  u32 flags;
  SeccompData data;
};

struct SeccompNotifResp {
  u64 id;
  i64 val;
  i32 error;
  u32 flags;
};

struct SeccompNotifAddfd {
  u64 id;
  u32 flags;
  u32 srcfd;
  u32 newfd;
  u32 newfd_flags;
};

inline constexpr u32 seccomp_user_notif_flag_continue = 1;
inline constexpr u32 seccomp_addfd_flag_setfd = 1;
inline constexpr u32 seccomp_addfd_flag_send = 2;
inline constexpr u32 seccomp_ioctl_notif_recv = 0xc0502100;
inline constexpr u32 seccomp_ioctl_notif_send = 0xc0182101;
inline constexpr u32 seccomp_ioctl_notif_id_valid = 0x40082102;
inline constexpr u32 seccomp_ioctl_notif_addfd = 0x40182103;

// SeccompData::arch
inline constexpr u32 audit_arch_x86_64 = 0xc000003e;
inline constexpr u32 audit_arch_i386 = 0x40000003;
inline constexpr u32 audit_arch_aarch64 = 0xc00000b7;

// Set in the number of an x32 call.
inline constexpr u32 x32_syscall_bit = 0x40000000;

}  // namespace limen::abi
