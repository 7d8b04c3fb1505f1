// The handlers of abi/syscalls.def: a declaration of each from its row, and dispatch.
//
// A handler is found by the name of its man page: sys_read is in kernel/syscalls/, declared here with the row's own
// parameters. It returns the value for RAX or an errno; the restart errnos of base/errno.h are for kernel/signal.
#pragma once

#include "abi/params.h"
#include "abi/syscalls.h"
#include "base/result.h"
#include "base/types.h"
#include "kernel/mm/user_ptr.h"

namespace limen {

class Task;

#define SYSCALL(name, x64, i386, arm64, families, level, reason, ...) \
  Result<i64> sys_##name(Task& task __VA_OPT__(, ) __VA_ARGS__);
#define ABSENT(...)
#include "abi/syscalls.def"
#undef SYSCALL
#undef ABSENT

// One call by its x86-64 number: finds the row, decodes the registers, calls the handler. ENOSYS for unknown numbers;
// absent rows answer with their errno and are reported to Kernel::met_missing.
Result<i64> dispatch(Task& task, u64 nr, const u64 (&args)[6]);

}  // namespace limen
