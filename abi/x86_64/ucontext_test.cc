// The oracle of abi/x86_64/ucontext.h: the host's own headers, compared by the compiler.
#include "abi/x86_64/ucontext.h"

#include <asm/sigcontext.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(fp_xstate_magic1, FP_XSTATE_MAGIC1);
SAME(fp_xstate_magic2, FP_XSTATE_MAGIC2);

SAME_SIZE(SigContext, sigcontext_64);
SAME_OFFSET(SigContext, r8, sigcontext_64, r8);
SAME_OFFSET(SigContext, r15, sigcontext_64, r15);
SAME_OFFSET(SigContext, rdi, sigcontext_64, di);
SAME_OFFSET(SigContext, rsi, sigcontext_64, si);
SAME_OFFSET(SigContext, rbp, sigcontext_64, bp);
SAME_OFFSET(SigContext, rbx, sigcontext_64, bx);
SAME_OFFSET(SigContext, rdx, sigcontext_64, dx);
SAME_OFFSET(SigContext, rax, sigcontext_64, ax);
SAME_OFFSET(SigContext, rcx, sigcontext_64, cx);
SAME_OFFSET(SigContext, rsp, sigcontext_64, sp);
SAME_OFFSET(SigContext, rip, sigcontext_64, ip);
SAME_OFFSET(SigContext, eflags, sigcontext_64, flags);
SAME_OFFSET(SigContext, cs, sigcontext_64, cs);
SAME_OFFSET(SigContext, gs, sigcontext_64, gs);
SAME_OFFSET(SigContext, fs, sigcontext_64, fs);
SAME_OFFSET(SigContext, ss, sigcontext_64, ss);
SAME_OFFSET(SigContext, err, sigcontext_64, err);
SAME_OFFSET(SigContext, trapno, sigcontext_64, trapno);
SAME_OFFSET(SigContext, oldmask, sigcontext_64, oldmask);
SAME_OFFSET(SigContext, cr2, sigcontext_64, cr2);
SAME_OFFSET(SigContext, reserved1, sigcontext_64, reserved1);
SAME_SIZE(FpxSwBytes, _fpx_sw_bytes);
SAME_OFFSET(FpxSwBytes, magic1, _fpx_sw_bytes, magic1);
SAME_OFFSET(FpxSwBytes, extended_size, _fpx_sw_bytes, extended_size);
SAME_OFFSET(FpxSwBytes, xfeatures, _fpx_sw_bytes, xfeatures);
SAME_OFFSET(FpxSwBytes, xstate_size, _fpx_sw_bytes, xstate_size);
SAME_OFFSET(FpxSwBytes, padding, _fpx_sw_bytes, padding);
SAME_SIZE(FpState, _fpstate_64);
SAME_OFFSET(FpState, cwd, _fpstate_64, cwd);
SAME_OFFSET(FpState, swd, _fpstate_64, swd);
SAME_OFFSET(FpState, twd, _fpstate_64, twd);
SAME_OFFSET(FpState, fop, _fpstate_64, fop);
SAME_OFFSET(FpState, rip, _fpstate_64, rip);
SAME_OFFSET(FpState, rdp, _fpstate_64, rdp);
SAME_OFFSET(FpState, mxcsr, _fpstate_64, mxcsr);
SAME_OFFSET(FpState, mxcr_mask, _fpstate_64, mxcsr_mask);
SAME_OFFSET(FpState, st_space, _fpstate_64, st_space);
SAME_OFFSET(FpState, xmm_space, _fpstate_64, xmm_space);
SAME_OFFSET(FpState, reserved2, _fpstate_64, reserved2);
SAME_OFFSET(FpState, sw_reserved, _fpstate_64, sw_reserved);

}  // namespace limen::abi
