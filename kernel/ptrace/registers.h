// The registers of a stopped tracee, as ptrace(2) and core files lay them out on x86-64.
// Source: arch/x86/kernel/ptrace.c, arch/x86/kernel/fpu/regset.c.
//
// All of these need Tracing::lock with the task stopped: they use its CPU.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/task/task.h"

namespace limen {

// NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE: the set's bytes; einval for a set that there is not.
Result<std::vector<u8>> read_register_set(Task& tracee, u32 type) REQUIRES(tracee.tracing->lock);
// The first bytes of a set are replaced. einval, eio and efault as Linux has them for values that no guest may have.
Result<void> write_register_set(Task& tracee, u32 type, std::span<const u8> bytes) REQUIRES(tracee.tracing->lock);
// PTRACE_PEEKUSR, PTRACE_POKEUSR: one word of struct user. eio.
Result<u64> peek_user(Task& tracee, u64 offset) REQUIRES(tracee.tracing->lock);
Result<void> poke_user(Task& tracee, u64 offset, u64 value) REQUIRES(tracee.tracing->lock);

inline constexpr u64 kTrapFlag = 0x100;  // of EFLAGS: single-step
inline constexpr u32 kNtPrstatus = 1, kNtPrfpreg = 2, kNtX86Xstate = 0x202;

}  // namespace limen
