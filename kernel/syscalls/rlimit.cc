// getrlimit(2), setrlimit(2), prlimit64(2), getrusage(2). Linux: kernel/sys.c.
#include "abi/resource.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/syscalls.h"

namespace limen {
namespace {

Result<void> set_limit(Task& task, ThreadGroup& group, u32 resource, const abi::RLimit& wanted) {
  if (wanted.rlim_cur > wanted.rlim_max) return Errno::einval;
  const ResourceLimit old = group.limit(resource);
  constexpr u64 kMostFiles = 1048576;  // fs.nr_open
  if (resource == abi::rlimit_nofile && wanted.rlim_max > kMostFiles) return Errno::eperm;
  if (wanted.rlim_max > old.hard && !task.credentials().capable(Capability::sys_resource)) return Errno::eperm;
  group.set_limit(resource, {wanted.rlim_cur, wanted.rlim_max});
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

abi::TimeVal timeval_of(u64 ns) {
  return {static_cast<i64>(ns / 1'000'000'000), static_cast<i64>(ns / 1000 % 1'000'000)};
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
  TRY(set_limit(task, task.group(), resource.raw(), wanted));
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
    target = task.kernel().pids->find(pid);
  }
  if (!target) return Errno::esrch;
  TRY(may_change(task, *target));
  const ResourceLimit old = target->group().limit(resource.raw());
  if (wanted) TRY(set_limit(task, target->group(), resource.raw(), *wanted));
  if (!old_limit.is_null()) TRY(old_limit.write(task, encode(old)));
  return 0;
}

Result<i64> sys_getrusage(Task& task, RusageWho who, UserOut<abi::RUsage> usage) {
  ChildTimes times;
  switch (who.raw()) {
    case abi::rusage_thread:
      times = {task.user_ns.load(), task.system_ns.load()};
      break;
    case abi::rusage_self: {
      MutexGuard guard(task.group().lock);
      times = task.group().times;  // of threads that have ended
      for (const auto& [tid, member] : task.group().members) {
        times.user_ns += member->user_ns.load(), times.system_ns += member->system_ns.load();
      }
      break;
    }
    case abi::rusage_children: {
      ReadGuard tree(task.kernel().process_tree);
      times = task.group().waited_children;
      break;
    }
    default:
      return Errno::einval;
  }
  abi::RUsage out{};
  out.ru_utime = timeval_of(times.user_ns), out.ru_stime = timeval_of(times.system_ns);
  if (who.raw() != abi::rusage_children) out.ru_maxrss = static_cast<i64>(task.mm().usage().peak_resident_bytes / 1024);
  TRY(usage.write(task, out));
  return 0;
}

}  // namespace limen
