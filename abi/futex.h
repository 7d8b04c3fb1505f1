// Futexes. Source: futex(2), get_robust_list(2), futex_waitv(2); include/uapi/linux/futex.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// futex(2): a command, with the flags below.
inline constexpr u32 futex_wait = 0;
inline constexpr u32 futex_wake = 1;
inline constexpr u32 futex_fd = 2;
inline constexpr u32 futex_requeue = 3;
inline constexpr u32 futex_cmp_requeue = 4;
inline constexpr u32 futex_wake_op = 5;
inline constexpr u32 futex_lock_pi = 6;
inline constexpr u32 futex_unlock_pi = 7;
inline constexpr u32 futex_trylock_pi = 8;
inline constexpr u32 futex_wait_bitset = 9;
inline constexpr u32 futex_wake_bitset = 10;
inline constexpr u32 futex_wait_requeue_pi = 11;
inline constexpr u32 futex_cmp_requeue_pi = 12;
inline constexpr u32 futex_lock_pi2 = 13;

inline constexpr u32 futex_private_flag = 0x80;
inline constexpr u32 futex_clock_realtime = 0x100;
inline constexpr u32 futex_cmd_mask = 0xfffffe7f;
inline constexpr u32 futex_bitset_match_any = 0xffffffff;

// The word of a robust or priority-inheriting futex.
inline constexpr u32 futex_waiters = 0x80000000;
inline constexpr u32 futex_owner_died = 0x40000000;
inline constexpr u32 futex_tid_mask = 0x3fffffff;

// FUTEX_WAKE_OP: op << 28 | cmp << 24 | oparg << 12 | cmparg
inline constexpr u32 futex_op_set = 0;
inline constexpr u32 futex_op_add = 1;
inline constexpr u32 futex_op_or = 2;
inline constexpr u32 futex_op_andn = 3;
inline constexpr u32 futex_op_xor = 4;
inline constexpr u32 futex_op_oparg_shift = 8;
inline constexpr u32 futex_op_cmp_eq = 0;
inline constexpr u32 futex_op_cmp_ne = 1;
inline constexpr u32 futex_op_cmp_lt = 2;
inline constexpr u32 futex_op_cmp_le = 3;
inline constexpr u32 futex_op_cmp_gt = 4;
inline constexpr u32 futex_op_cmp_ge = 5;

// get_robust_list(2): the lowest bit of a pointer marks a priority-inheriting futex.
struct RobustList {
  GuestAddr next;
};
struct RobustListHead {
  RobustList list;
  i64 futex_offset;
  GuestAddr list_op_pending;
};
inline constexpr u32 robust_list_limit = 2048;

// futex_waitv(2)
struct FutexWaitV {
  u64 val;
  GuestAddr uaddr;
  u32 flags;
  u32 reserved;
};
inline constexpr u32 futex_waitv_max = 128;
inline constexpr u32 futex2_size_u8 = 0;
inline constexpr u32 futex2_size_u16 = 1;
inline constexpr u32 futex2_size_u32 = 2;
inline constexpr u32 futex2_size_u64 = 3;
inline constexpr u32 futex2_size_mask = 3;
inline constexpr u32 futex2_numa = 4;
inline constexpr u32 futex2_mpol = 8;
inline constexpr u32 futex2_private = 128;

}  // namespace limen::abi
