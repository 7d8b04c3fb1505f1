// The table of system calls, made from abi/syscalls.def: a declaration of each handler, and the row that dispatch, traces
// and `limen syscalls` read.
//
// A handler is found by the name of its man page: sys_read is in kernel/syscalls/, declared here with the row's own
// parameters. It returns the value for RAX or an errno; the restart errnos of base/errno.h are for kernel/signal.
#pragma once

#include <span>
#include <string_view>

#include "abi/params.h"
#include "base/result.h"
#include "base/types.h"
#include "kernel/mm/user_ptr.h"

namespace limen {

class Task;

#define SYSCALL(name, x64, i386, arm64, families, level, reason, ...) Result<i64> sys_##name(Task& task __VA_OPT__(, ) __VA_ARGS__);
#define ABSENT(...)
#include "abi/syscalls.def"
#undef SYSCALL
#undef ABSENT

enum class SupportLevel : u8 { full, partial, absent };

struct SyscallRow {
  using Handler = Result<i64> (*)(Task& task, const u64 (&args)[6]);
  std::string_view name;
  i32 x86_64, i386, aarch64;
  SupportLevel level;
  Errno errno_if_absent;
  std::string_view reason;
  std::string_view parameters;  // as written in the row
  Handler handler;              // null where absent
};

// All rows, in the order of the x86-64 table.
std::span<const SyscallRow> syscall_rows();
// By x86-64 number; null where Linux has none.
const SyscallRow* syscall_row(u64 nr);

// One call: finds the row, decodes, calls. ENOSYS for unknown numbers; absent rows answer with their errno and are
// logged once (Kernel::met_missing).
Result<i64> dispatch(Task& task, u64 nr, const u64 (&args)[6]);

}  // namespace limen
