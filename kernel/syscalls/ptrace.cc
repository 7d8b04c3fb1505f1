// ptrace(2): who is meant, and what is asked. Linux: kernel/ptrace.c:ptrace.
#include "abi/ptrace.h"

#include "kernel/kernel.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/syscalls/syscalls.h"

namespace limen {

Result<i64> sys_ptrace(Task& task, PtraceOp op, Pid pid, u64 addr, u64 data) {
  if (op.raw() == abi::ptrace_traceme) {
    TRY(trace_me(task));
    return 0;
  }
  Ref<Task> target;
  {
    ReadGuard tree(task.kernel().process_tree);
    target = task.namespaces().pid->find(pid);
  }
  if (!target) return Errno::esrch;
  return ptrace_request(task, op.raw(), *target, addr, data);
}

}  // namespace limen
