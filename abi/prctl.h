// prctl(2), arch_prctl(2), personality(2).
// Source: include/uapi/linux/{prctl,personality}.h, arch/x86/include/uapi/asm/prctl.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// prctl(2)
inline constexpr i32 pr_set_pdeathsig = 1;
inline constexpr i32 pr_get_pdeathsig = 2;
inline constexpr i32 pr_get_dumpable = 3;
inline constexpr i32 pr_set_dumpable = 4;
inline constexpr i32 pr_get_unalign = 5;
inline constexpr i32 pr_set_unalign = 6;
inline constexpr i32 pr_get_keepcaps = 7;
inline constexpr i32 pr_set_keepcaps = 8;
inline constexpr i32 pr_get_fpemu = 9;
inline constexpr i32 pr_get_fpexc = 11;
inline constexpr i32 pr_get_timing = 13;
inline constexpr i32 pr_set_timing = 14;
inline constexpr i32 pr_set_name = 15;
inline constexpr i32 pr_get_name = 16;
inline constexpr i32 pr_get_endian = 19;
inline constexpr i32 pr_get_seccomp = 21;
inline constexpr i32 pr_set_seccomp = 22;
inline constexpr i32 pr_capbset_read = 23;
inline constexpr i32 pr_capbset_drop = 24;
inline constexpr i32 pr_get_tsc = 25;
inline constexpr i32 pr_set_tsc = 26;
inline constexpr i32 pr_get_securebits = 27;
inline constexpr i32 pr_set_securebits = 28;
inline constexpr i32 pr_set_timerslack = 29;
inline constexpr i32 pr_get_timerslack = 30;
inline constexpr i32 pr_task_perf_events_disable = 31;
inline constexpr i32 pr_task_perf_events_enable = 32;
inline constexpr i32 pr_mce_kill = 33;
inline constexpr i32 pr_mce_kill_get = 34;
inline constexpr i32 pr_set_mm = 35;
inline constexpr i32 pr_set_ptracer = 1499557217;
inline constexpr i32 pr_set_child_subreaper = 36;
inline constexpr i32 pr_get_child_subreaper = 37;
inline constexpr i32 pr_set_no_new_privs = 38;
inline constexpr i32 pr_get_no_new_privs = 39;
inline constexpr i32 pr_get_tid_address = 40;
inline constexpr i32 pr_set_thp_disable = 41;
inline constexpr i32 pr_get_thp_disable = 42;
inline constexpr i32 pr_mpx_enable_management = 43;
inline constexpr i32 pr_mpx_disable_management = 44;
inline constexpr i32 pr_cap_ambient = 47;
inline constexpr i32 pr_get_speculation_ctrl = 52;
inline constexpr i32 pr_set_speculation_ctrl = 53;
inline constexpr i32 pr_set_io_flusher = 57;
inline constexpr i32 pr_get_io_flusher = 58;
inline constexpr i32 pr_set_syscall_user_dispatch = 59;
inline constexpr i32 pr_sched_core = 62;
inline constexpr i32 pr_set_mdwe = 65;
inline constexpr i32 pr_get_mdwe = 66;
inline constexpr i32 pr_set_vma = 1398164801;
inline constexpr i32 pr_set_memory_merge = 67;
inline constexpr i32 pr_get_memory_merge = 68;
inline constexpr i32 pr_timer_create_restore_ids = 77;
inline constexpr i32 pr_futex_hash = 78;
inline constexpr i32 pr_get_auxv = 1096112214;

// and their arguments
inline constexpr u64 pr_mce_kill_clear = 0;
inline constexpr u64 pr_mce_kill_set = 1;
inline constexpr u64 pr_mce_kill_default = 2;
inline constexpr u64 pr_tsc_enable = 1;
inline constexpr u64 pr_tsc_sigsegv = 2;
inline constexpr u64 pr_cap_ambient_is_set = 1;
inline constexpr u64 pr_cap_ambient_raise = 2;
inline constexpr u64 pr_cap_ambient_lower = 3;
inline constexpr u64 pr_cap_ambient_clear_all = 4;
inline constexpr u64 pr_set_vma_anon_name = 0;
inline constexpr u64 pr_set_mm_start_code = 1;
inline constexpr u64 pr_set_mm_end_code = 2;
inline constexpr u64 pr_set_mm_start_data = 3;
inline constexpr u64 pr_set_mm_end_data = 4;
inline constexpr u64 pr_set_mm_start_stack = 5;
inline constexpr u64 pr_set_mm_start_brk = 6;
inline constexpr u64 pr_set_mm_brk = 7;
inline constexpr u64 pr_set_mm_arg_start = 8;
inline constexpr u64 pr_set_mm_arg_end = 9;
inline constexpr u64 pr_set_mm_env_start = 10;
inline constexpr u64 pr_set_mm_env_end = 11;
inline constexpr u64 pr_set_mm_auxv = 12;
inline constexpr u64 pr_set_mm_exe_file = 13;
inline constexpr u64 pr_set_mm_map = 14;
inline constexpr u64 pr_set_mm_map_size = 15;
inline constexpr u64 pr_sys_dispatch_off = 0;
inline constexpr u64 pr_sys_dispatch_exclusive_on = 1;
inline constexpr u64 pr_sys_dispatch_inclusive_on = 2;
inline constexpr u64 pr_timer_create_restore_ids_off = 0;
inline constexpr u64 pr_timer_create_restore_ids_on = 1;
inline constexpr u64 pr_timer_create_restore_ids_get = 2;
inline constexpr u64 pr_futex_hash_set_slots = 1;
inline constexpr u64 pr_futex_hash_get_slots = 2;
inline constexpr u64 pr_mdwe_refuse_exec_gain = 1;
inline constexpr u64 pr_mdwe_no_inherit = 2;
inline constexpr u64 pr_thp_disable_except_advised = 2;
inline constexpr u64 pr_spec_store_bypass = 0;
inline constexpr u64 pr_spec_indirect_branch = 1;
inline constexpr u64 pr_spec_l1d_flush = 2;
inline constexpr u32 pr_spec_not_affected = 0;
inline constexpr u32 pr_spec_prctl = 1;
inline constexpr u32 pr_spec_enable = 2;
inline constexpr u32 pr_spec_disable = 4;
inline constexpr u32 pr_spec_force_disable = 8;

// PR_SET_MM_MAP. Linux: struct prctl_mm_map.
struct PrctlMmMap {
  u64 start_code = 0, end_code = 0, start_data = 0, end_data = 0, start_brk = 0, brk = 0, start_stack = 0;
  u64 arg_start = 0, arg_end = 0, env_start = 0, env_end = 0;
  u64 auxv = 0;
  u32 auxv_size = 0, exe_fd = 0;
};

// PR_SET_DUMPABLE; the third is what a program that its user may not read gets.
inline constexpr i32 suid_dump_disable = 0;
inline constexpr i32 suid_dump_user = 1;
inline constexpr i32 suid_dump_root = 2;

inline constexpr usize task_comm_len = 16;  // PR_SET_NAME, with the NUL

// arch_prctl(2)
inline constexpr i32 arch_set_gs = 0x1001;
inline constexpr i32 arch_set_fs = 0x1002;
inline constexpr i32 arch_get_fs = 0x1003;
inline constexpr i32 arch_get_gs = 0x1004;
inline constexpr i32 arch_get_cpuid = 0x1011;
inline constexpr i32 arch_set_cpuid = 0x1012;
inline constexpr i32 arch_get_xcomp_supp = 0x1021;
inline constexpr i32 arch_get_xcomp_perm = 0x1022;
inline constexpr i32 arch_get_xcomp_guest_perm = 0x1024;
inline constexpr i32 arch_req_xcomp_perm = 0x1023;
inline constexpr i32 arch_map_vdso_x32 = 0x2001;
inline constexpr i32 arch_map_vdso_32 = 0x2002;
inline constexpr i32 arch_map_vdso_64 = 0x2003;
inline constexpr i32 arch_cet_status = 0x3001;
inline constexpr i32 arch_shstk_enable = 0x5001;
inline constexpr i32 arch_shstk_disable = 0x5002;
inline constexpr i32 arch_shstk_lock = 0x5003;
inline constexpr i32 arch_shstk_unlock = 0x5004;
inline constexpr i32 arch_shstk_status = 0x5005;

// personality(2): a number in the lowest byte, and flags.
inline constexpr u32 per_linux = 0;
inline constexpr u32 per_linux32 = 8;
inline constexpr u32 per_mask = 0xff;
inline constexpr u32 uname26 = 0x20000;
inline constexpr u32 addr_no_randomize = 0x40000;
inline constexpr u32 fdpic_funcptrs = 0x80000;
inline constexpr u32 mmap_page_zero = 0x100000;
inline constexpr u32 addr_compat_layout = 0x200000;
inline constexpr u32 read_implies_exec = 0x400000;
inline constexpr u32 addr_limit_32bit = 0x800000;
inline constexpr u32 short_inode = 0x1000000;
inline constexpr u32 whole_seconds = 0x2000000;
inline constexpr u32 sticky_timeouts = 0x4000000;
inline constexpr u32 addr_limit_3gb = 0x8000000;
// What execve takes away with a change of user or group: PER_CLEAR_ON_SETID.
inline constexpr u32 per_clear_on_setid = read_implies_exec | addr_no_randomize | addr_compat_layout | mmap_page_zero;
inline constexpr u32 per_query = 0xffffffff;

}  // namespace limen::abi
