// Who am I: getpid(2), gettid(2), getppid(2), set_tid_address(2), exit(2), exit_group(2), arch_prctl(2).
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/exit.h"
#include "kernel/task/thread_group.h"

namespace limen {

Result<i64> sys_getpid(Task& task) { return task.sees(task.group().pid()); }

Result<i64> sys_gettid(Task& task) { return task.sees(task.tid()); }

Result<i64> sys_getppid(Task& task) {
  ReadGuard tree(task.kernel().process_tree);
  const ThreadGroup* parent = task.group().parent;
  return parent == nullptr ? 0 : task.sees(parent->pid());
}

Result<i64> sys_set_tid_address(Task& task, GuestAddr tidptr) {
  task.clear_child_tid = tidptr.raw();
  return task.sees(task.tid());
}

Result<i64> sys_exit(Task& task, int status) {
  task.request_exit(exited_status(status));
  return 0;
}

Result<i64> sys_exit_group(Task& task, int status) {
  task.request_exit(exited_status(status));
  begin_group_exit(task.group(), exited_status(status & 0xff));
  return 0;
}

// Linux: arch/x86/kernel/process_64.c:do_arch_prctl_64.
Result<i64> sys_arch_prctl(Task& task, ArchPrctlOp op, u64 addr) {
  constexpr i32 kSetGs = 0x1001, kSetFs = 0x1002, kGetFs = 0x1003, kGetGs = 0x1004, kGetCpuid = 0x1011,
                kSetCpuid = 0x1012;
  platform::Registers regs = task.cpu().registers();
  const u64 ceiling = task.kernel().platform().guest_ceiling();
  switch (op.raw()) {
    case kSetFs:
    case kSetGs:
      if (addr >= ceiling) return Errno::eperm;
      (op.raw() == kSetFs ? regs.fs_base : regs.gs_base) = addr;
      task.cpu().set_registers(regs);
      return 0;
    case kGetFs:
      TRY(UserOut<u64>(GuestAddr(addr)).write(task, regs.fs_base));
      return 0;
    case kGetGs:
      TRY(UserOut<u64>(GuestAddr(addr)).write(task, regs.gs_base));
      return 0;
    case kGetCpuid:
      return 1;  // CPUID does not fault
    case kSetCpuid:
      return addr == 0 ? Errno::enodev : Result<i64>(0);
    default:
      return Errno::einval;
  }
}

}  // namespace limen
