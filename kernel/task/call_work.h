// What stands around a system call besides its handler: seccomp, ptrace, the sandbox's observer and injector. The run loop tests Task::call_work once; where it is
// zero nothing here is called. Source: kernel/entry/common.c:syscall_trace_enter, syscall_exit_work.
#pragma once

#include <optional>

#include "base/result.h"
#include "platform/platform.h"

namespace limen {

class Task;

// Bits of Task::call_work.
namespace call_work {
inline constexpr u32 seccomp = 1;      // a mode is set
inline constexpr u32 trace = 2;        // PTRACE_SYSCALL: stops before and after
inline constexpr u32 emulate = 4;      // PTRACE_SYSEMU: stops before, and the call is not carried out
inline constexpr u32 single_step = 8;  // PTRACE_SINGLESTEP: stops after
inline constexpr u32 observe = 16;     // KernelOptions::observer or injector
inline constexpr u32 dispatch = 32;    // PR_SET_SYSCALL_USER_DISPATCH: Task::user_dispatch
}  // namespace call_work

// Serves the call with all that watches it. As the run loop's own: the value for RAX (restart errnos too), or nothing where the
// registers are right already.
std::optional<i64> serve_watched_call(Task& task, const platform::Entry& entry);

// SIGSYS for a call that is not carried out, whose handler sees its number and where it is: of seccomp and PR_SET_SYSCALL_USER_DISPATCH.
void raise_sigsys(Task& task, const platform::Entry& call, i32 code, i32 error);

// Must the kernel itself see this call of this task? For whoever would answer it before (the gate): by the task's own
// thread, or under its group's lock.
bool must_see_call(const Task& task, u64 nr);

}  // namespace limen
