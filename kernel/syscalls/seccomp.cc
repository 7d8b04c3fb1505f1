// seccomp(2): what a task may still call. Linux: kernel/seccomp.c:do_seccomp.
#include "abi/seccomp.h"

#include "kernel/filter/seccomp.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

Result<i64> action_available(Task& task, GuestAddr args) {
  u32 action = 0;
  TRY(copy_from_user(task, &action, args, sizeof action));
  switch (action) {
    case abi::seccomp_ret_kill_process:
    case abi::seccomp_ret_kill_thread:
    case abi::seccomp_ret_trap:
    case abi::seccomp_ret_errno:
    case abi::seccomp_ret_user_notif:
    case abi::seccomp_ret_trace:
    case abi::seccomp_ret_log:
    case abi::seccomp_ret_allow:
      return 0;
    default:
      return Errno::eopnotsupp;
  }
}

Result<i64> notification_sizes(Task& task, GuestAddr args) {
  const abi::SeccompNotifSizes sizes{sizeof(abi::SeccompNotif), sizeof(abi::SeccompNotifResp),
                                     sizeof(abi::SeccompData)};
  TRY(copy_to_user(task, args, &sizes, sizeof sizes));
  return 0;
}

}  // namespace

Result<i64> sys_seccomp(Task& task, SeccompOp op, SeccompFlags flags, UserAddr args) {
  switch (op.raw()) {
    case abi::seccomp_set_mode_strict:
      if (!flags.empty() || !args.is_null()) return Errno::einval;
      return set_strict_mode(task);
    case abi::seccomp_set_mode_filter:
      return set_filter_mode(task, flags.raw(), args);
    case abi::seccomp_get_action_avail:
      return flags.empty() ? action_available(task, args) : Errno::einval;
    case abi::seccomp_get_notif_sizes:
      return flags.empty() ? notification_sizes(task, args) : Errno::einval;
    default:
      return Errno::einval;
  }
}

}  // namespace limen
