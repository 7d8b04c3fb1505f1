// ptrace(2), and the registers of x86_64 as a tracer and a core file see them.
// Source: include/uapi/linux/ptrace.h, arch/x86/include/uapi/asm/{ptrace-abi,ptrace}.h, arch/x86/include/asm/user_64.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

inline constexpr i64 ptrace_traceme = 0;
inline constexpr i64 ptrace_peektext = 1;
inline constexpr i64 ptrace_peekdata = 2;
inline constexpr i64 ptrace_peekusr = 3;
inline constexpr i64 ptrace_poketext = 4;
inline constexpr i64 ptrace_pokedata = 5;
inline constexpr i64 ptrace_pokeusr = 6;
inline constexpr i64 ptrace_cont = 7;
inline constexpr i64 ptrace_kill = 8;
inline constexpr i64 ptrace_singlestep = 9;
inline constexpr i64 ptrace_getregs = 0xc;
inline constexpr i64 ptrace_setregs = 0xd;
inline constexpr i64 ptrace_getfpregs = 0xe;
inline constexpr i64 ptrace_setfpregs = 0xf;
inline constexpr i64 ptrace_attach = 0x10;
inline constexpr i64 ptrace_detach = 0x11;
inline constexpr i64 ptrace_syscall = 0x18;
inline constexpr i64 ptrace_arch_prctl = 0x1e;
inline constexpr i64 ptrace_sysemu = 0x1f;
inline constexpr i64 ptrace_sysemu_singlestep = 0x20;
inline constexpr i64 ptrace_setoptions = 0x4200;
inline constexpr i64 ptrace_geteventmsg = 0x4201;
inline constexpr i64 ptrace_getsiginfo = 0x4202;
inline constexpr i64 ptrace_setsiginfo = 0x4203;
inline constexpr i64 ptrace_getregset = 0x4204;
inline constexpr i64 ptrace_setregset = 0x4205;
inline constexpr i64 ptrace_seize = 0x4206;
inline constexpr i64 ptrace_interrupt = 0x4207;
inline constexpr i64 ptrace_listen = 0x4208;
inline constexpr i64 ptrace_peeksiginfo = 0x4209;
inline constexpr i64 ptrace_getsigmask = 0x420a;
inline constexpr i64 ptrace_setsigmask = 0x420b;
inline constexpr i64 ptrace_seccomp_get_filter = 0x420c;
inline constexpr i64 ptrace_get_syscall_info = 0x420e;
inline constexpr i64 ptrace_get_rseq_configuration = 0x420f;

// PTRACE_SETOPTIONS
inline constexpr u64 ptrace_o_tracesysgood = 1;
inline constexpr u64 ptrace_o_tracefork = 2;
inline constexpr u64 ptrace_o_tracevfork = 4;
inline constexpr u64 ptrace_o_traceclone = 8;
inline constexpr u64 ptrace_o_traceexec = 0x10;
inline constexpr u64 ptrace_o_tracevforkdone = 0x20;
inline constexpr u64 ptrace_o_traceexit = 0x40;
inline constexpr u64 ptrace_o_traceseccomp = 0x80;
inline constexpr u64 ptrace_o_exitkill = 0x100000;
inline constexpr u64 ptrace_o_suspend_seccomp = 0x200000;
inline constexpr u64 ptrace_o_mask = 0x3000ff;

// The event of a stop
inline constexpr u32 ptrace_event_fork = 1;
inline constexpr u32 ptrace_event_vfork = 2;
inline constexpr u32 ptrace_event_clone = 3;
inline constexpr u32 ptrace_event_exec = 4;
inline constexpr u32 ptrace_event_vfork_done = 5;
inline constexpr u32 ptrace_event_exit = 6;
inline constexpr u32 ptrace_event_seccomp = 7;
inline constexpr u32 ptrace_event_stop = 128;

// PTRACE_GET_SYSCALL_INFO
inline constexpr u8 ptrace_syscall_info_none = 0;
inline constexpr u8 ptrace_syscall_info_entry = 1;
inline constexpr u8 ptrace_syscall_info_exit = 2;
inline constexpr u8 ptrace_syscall_info_seccomp = 3;

// PTRACE_GETREGS, NT_PRSTATUS
struct UserRegs {
  u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
  u64 rax, rcx, rdx, rsi, rdi, orig_rax;
  u64 rip, cs, eflags, rsp, ss;
  u64 fs_base, gs_base;
  u64 ds, es, fs, gs;
};

// PTRACE_PEEKUSER: the registers come first, the debug registers at this offset, in an area of this size.
inline constexpr u64 user_debugreg_offset = 848;
inline constexpr u64 user_area_size = 912;

}  // namespace limen::abi
