// getrlimit(2), setrlimit(2), prlimit64(2), getrusage(2). Linux: kernel/sys.c.
#include "abi/resource.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/answers.h"
#include "kernel/task/usage.h"
#include "kernel/time/cpu_time.h"
#include "kernel/time/timers.h"

namespace limen {
namespace {

// What must know of a limit before it is next met.
void apply_limit(Task& target, u32 resource) {
  ThreadGroup& group = target.group();
  if (resource == abi::rlimit_cpu) watch_cpu_limit(group);
  if (resource != abi::rlimit_stack && resource != abi::rlimit_as) return;
  if (const Ref<Mm> mm = target.mm_ref()) {
    mm->set_growth_limits(group.limit(abi::rlimit_stack).soft, group.limit(abi::rlimit_as).soft);
  }
}

Result<void> set_limit(Task& task, Task& target, u32 resource, const abi::RLimit& wanted) {
  ThreadGroup& group = target.group();
  if (wanted.rlim_cur > wanted.rlim_max) return Errno::einval;
  const ResourceLimit old = group.limit(resource);
  const u64 most_files = task.kernel().settings().nr_open;
  if (resource == abi::rlimit_nofile && wanted.rlim_max > most_files) return Errno::eperm;
  if (wanted.rlim_max > old.hard && !task.credentials().capable(Capability::sys_resource)) return Errno::eperm;
  group.set_limit(resource, {wanted.rlim_cur, wanted.rlim_max});
  publish_limits(group);
  apply_limit(target, resource);
  return success;
}

abi::RLimit encode(ResourceLimit limit) { return {limit.soft, limit.hard}; }

// prlimit's rule: the same real, effective and saved ids, or CAP_SYS_RESOURCE.
Result<void> may_change(Task& task, Task& target) {
  if (&task.group() == &target.group()) return success;
  const Credentials& mine = task.credentials();
  const Ref<const Credentials> theirs = target.credentials_ref();
  const bool same = mine.uid == theirs->uid && mine.uid == theirs->euid && mine.uid == theirs->suid &&
                    mine.gid == theirs->gid && mine.gid == theirs->egid && mine.gid == theirs->sgid;
  return same || mine.capable(Capability::sys_resource) ? Result<void>() : Errno::eperm;
}

}  // namespace

Result<i64> sys_getrlimit(Task& task, Resource resource, UserOut<abi::RLimit> rlim) {
  if (resource.raw() >= abi::rlim_nlimits) return Errno::einval;
  TRY(rlim.write(task, encode(task.group().limit(resource.raw()))));
  return 0;
}

Result<i64> sys_setrlimit(Task& task, Resource resource, UserIn<abi::RLimit> rlim) {
  if (resource.raw() >= abi::rlim_nlimits) return Errno::einval;
  const abi::RLimit wanted = TRY(rlim.read(task));
  TRY(set_limit(task, task, resource.raw(), wanted));
  return 0;
}

Result<i64> sys_prlimit64(Task& task, Pid pid, Resource resource, UserIn<abi::RLimit> new_limit,
                          UserOut<abi::RLimit> old_limit) {
  if (resource.raw() >= abi::rlim_nlimits) return Errno::einval;
  std::optional<abi::RLimit> wanted;
  if (!new_limit.is_null()) wanted = TRY(new_limit.read(task));
  Ref<Task> target(&task);
  if (pid.raw() != 0) {
    ReadGuard tree(task.kernel().process_tree);
    target = task.namespaces().pid->find(pid);
  }
  if (!target) return Errno::esrch;
  TRY(may_change(task, *target));
  const ResourceLimit old = target->group().limit(resource.raw());
  if (wanted) TRY(set_limit(task, *target, resource.raw(), *wanted));
  if (!old_limit.is_null()) TRY(old_limit.write(task, encode(old)));
  return 0;
}

Result<i64> sys_getrusage(Task& task, RusageWho who, UserOut<abi::RUsage> usage) {
  Usage used;
  settle_cpu_time(task);
  switch (who.raw()) {
    case abi::rusage_thread:
      used = usage_of(task);
      used.peak_resident_kib = peak_resident_kib(task);
      break;
    case abi::rusage_self:
      used = usage_of(task.group());
      break;
    case abi::rusage_children: {
      ReadGuard tree(task.kernel().process_tree);
      used = task.group().waited_children;
      break;
    }
    default:
      return Errno::einval;
  }
  TRY(usage.write(task, encode_usage(used)));
  return 0;
}

}  // namespace limen
