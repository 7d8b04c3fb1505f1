// What a signal handler finds on its stack on x86_64, and rt_sigreturn(2) reads back.
// Source: sigreturn(2), sigaction(2); arch/x86/include/uapi/asm/{sigcontext,ucontext}.h, arch/x86/kernel/signal_64.c.
#pragma once

#include <cstddef>

#include "abi/signal.h"
#include "base/types.h"

namespace limen::abi {

struct SigContext {
  u64 r8, r9, r10, r11, r12, r13, r14, r15;
  u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
  u64 eflags;
  u16 cs, gs, fs, ss;
  u64 err, trapno;
  u64 oldmask;
  u64 cr2;
  GuestAddr fpstate;  // FpState, aligned to 64; null when there is none
  u64 reserved1[8];
};

struct UContext {
  u64 uc_flags;
  GuestAddr uc_link;
  StackT uc_stack;
  SigContext uc_mcontext;
  SigSet uc_sigmask;
};
static_assert(sizeof(UContext) == 304 && offsetof(UContext, uc_mcontext) == 40 &&
              offsetof(UContext, uc_sigmask) == 296);
inline constexpr u64 uc_fp_xstate = 1;          // the state is an XSAVE area
inline constexpr u64 uc_sigcontext_ss = 2;      // SigContext::ss is valid
inline constexpr u64 uc_strict_restore_ss = 4;  // and is to be restored as it is
// From rsp at the handler's first instruction; rsp + 8 is a multiple of 16.
struct RtSigFrame {
  GuestAddr pretcode;  // SigAction::restorer
  UContext uc;
  SigInfo info;
};
static_assert(offsetof(RtSigFrame, info) == 312 && sizeof(RtSigFrame) == 440);
// Bytes below rsp that the interrupted code may be using.
inline constexpr u64 red_zone = 128;

// The last 48 bytes of the FXSAVE image, which software owns.
struct FpxSwBytes {
  u32 magic1;         // fp_xstate_magic1: an XSAVE area follows
  u32 extended_size;  // of it all, with the magic2 word at the end
  u64 xfeatures;
  u32 xstate_size;  // without that word
  u32 padding[7];
};

struct FpState {
  u16 cwd, swd, twd, fop;
  u64 rip, rdp;
  u32 mxcsr, mxcr_mask;
  u32 st_space[32];
  u32 xmm_space[64];
  u32 reserved2[12];
  FpxSwBytes sw_reserved;
};
inline constexpr u32 fp_xstate_magic2_size = 4;

inline constexpr u32 fp_xstate_magic1 = 0x46505853;
inline constexpr u32 fp_xstate_magic2 = 0x46505845;

}  // namespace limen::abi
