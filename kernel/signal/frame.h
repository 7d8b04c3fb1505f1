// The stack frame of a signal handler on x86-64, built and taken down.
// Source: sigreturn(2), sigaltstack(2); arch/x86/kernel/signal.c:get_sigframe, signal_64.c, fpu/signal.c.
#pragma once

#include "kernel/signal/signal.h"
#include "platform/platform.h"

namespace limen {

// Puts the frame on the guest's stack (or its alternate stack) and makes `context` that of the handler's first
// instruction. `mask` is what rt_sigreturn restores. Disarms an SS_AUTODISARM stack. efault when the frame cannot be
// written or no restorer is set: the caller forces SIGSEGV. Copies to the guest.
Result<void> push_signal_frame(Task& task, const SignalInfo& info, const SignalAction& action, SignalSet mask,
                               platform::Context& context);

struct FrameContents {
  platform::Context context;
  SignalSet mask;
  u64 stack_sp = 0, stack_size = 0;
  u32 stack_flags = 0;
};
// Reads the frame that rsp points behind, as rt_sigreturn(2) finds it; `now` supplies what a frame does not hold
// (fs_base, gs_base). efault. Nothing of it has been judged: GuestThread::load_context does that.
Result<FrameContents> read_signal_frame(Task& task, const platform::Context& now);

// Is `sp` on the task's alternate stack? Never with SS_AUTODISARM. Linux: on_sig_stack.
bool on_alternate_stack(const Task& task, u64 sp);
// SS_DISABLE, SS_ONSTACK or 0. Linux: sas_ss_flags.
u32 alternate_stack_state(const Task& task, u64 sp);
// sigaltstack(2)'s rule for a new stack; also the stack in a frame. eperm on the stack itself, einval, enomem.
Result<void> set_alternate_stack(Task& task, u64 stack_sp, u64 size, u32 flags, u64 sp);

}  // namespace limen
