// Scheduling: affinity, priorities, policies. The host schedules guest threads; what a guest sets is kept and shown, and an
// affinity counts as the set of CPUs that the guest is told it runs on. Source: sched(7), sched_setaffinity(2).
#include <algorithm>

#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/time.h"
#include "host/calls.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/syscalls.h"

namespace limen {
namespace {

Result<Ref<Task>> find(Task& task, Pid pid) {
  if (pid.raw() < 0) return Errno::einval;
  if (pid.raw() == 0) return Ref<Task>(&task);
  ReadGuard tree(task.kernel().process_tree);
  Ref<Task> target = task.kernel().pids->find(pid);
  if (!target) return Errno::esrch;
  return target;
}

Result<void> may_schedule(Task& task, Task& target) {
  const Credentials& mine = task.credentials();
  const Ref<const Credentials> theirs = target.credentials_ref();
  if (mine.euid == theirs->euid || mine.euid == theirs->uid || mine.capable(Capability::sys_nice)) return success;
  return Errno::eperm;
}

u64 all_cpus(Task& task) {
  const u32 n = task.kernel().options().limits.cpus;
  return n >= 64 ? ~u64{0} : (u64{1} << n) - 1;
}

bool is_realtime(i32 policy) { return policy == abi::sched_fifo || policy == abi::sched_rr; }
bool is_fair(i32 policy) {
  return policy == abi::sched_normal || policy == abi::sched_batch || policy == abi::sched_idle;
}

Result<void> set_policy(Task& task, Task& target, i32 policy, i32 priority) {
  policy &= ~abi::sched_reset_on_fork;
  if (!is_fair(policy) && !is_realtime(policy)) return Errno::einval;
  if (is_fair(policy) ? priority != 0 : priority < 1 || priority > 99) return Errno::einval;
  TRY(may_schedule(task, target));
  if (is_realtime(policy) && !task.credentials().capable(Capability::sys_nice) &&
      target.group().limit(abi::rlimit_rtprio).soft < static_cast<u64>(priority)) {
    return Errno::eperm;
  }
  target.sched_policy = policy;
  target.sched_priority = priority;
  return success;
}

Result<void> set_nice(Task& task, Task& target, int nice) {
  TRY(may_schedule(task, target));
  nice = std::clamp(nice, -20, 19);
  const u64 most = target.group().limit(abi::rlimit_nice).soft;
  const bool raises = nice < target.nice;
  if (raises && !task.credentials().capable(Capability::sys_nice) && static_cast<u64>(20 - nice) > most)
    return Errno::eacces;
  target.nice = nice;
  return success;
}

// The tasks that getpriority(2) and setpriority(2) mean.
Result<std::vector<Ref<Task>>> select(Task& task, PriorityWhich which, int who) {
  ReadGuard tree(task.kernel().process_tree);
  std::vector<Ref<Task>> chosen;
  for (const Ref<Task>& t : task.kernel().pids->tasks()) {
    bool match = false;
    switch (which.raw()) {
      case abi::prio_process:
        match = who == 0 ? t.get() == &task : t->tid().raw() == who;
        break;
      case abi::prio_pgrp:
        match = who == 0 ? t->group().process_group == task.group().process_group
                         : t->group().process_group->id.raw() == who;
        break;
      case abi::prio_user:
        match = t->credentials_ref()->uid == (who == 0 ? task.credentials().uid : Uid(static_cast<u32>(who)));
        break;
      default:
        return Errno::einval;
    }
    if (match) chosen.push_back(t);
  }
  if (chosen.empty()) return Errno::esrch;
  return chosen;
}

}  // namespace

Result<i64> sys_sched_yield(Task&) {
  (void)host::call::sched_yield().ok();
  return 0;
}

Result<i64> sys_sched_getaffinity(Task& task, Pid pid, u32 len, UserBytes<Out> mask) {
  const u32 cpus = task.kernel().options().limits.cpus;
  if (u64{len} * 8 < cpus || len % sizeof(u64) != 0) return Errno::einval;
  const Ref<Task> target = TRY(find(task, pid));
  const u64 bits = target->affinity & all_cpus(task);
  TRY(copy_to_user(task, mask.addr(), &bits, sizeof bits));
  return sizeof bits;
}

Result<i64> sys_sched_setaffinity(Task& task, Pid pid, u32 len, UserBytes<In> mask) {
  const Ref<Task> target = TRY(find(task, pid));
  u64 bits = 0;
  TRY(copy_from_user(task, &bits, mask.addr(), std::min<usize>(len, sizeof bits)));
  TRY(may_schedule(task, *target));
  if ((bits & all_cpus(task)) == 0) return Errno::einval;
  target->affinity = bits;
  return 0;
}

Result<i64> sys_sched_getscheduler(Task& task, Pid pid) {
  const Ref<Task> target = TRY(find(task, pid));
  return target->sched_policy;
}

Result<i64> sys_sched_setscheduler(Task& task, Pid pid, SchedPolicy policy, UserIn<abi::SchedParam> param) {
  if (policy.raw() < 0) return Errno::einval;
  const abi::SchedParam given = TRY(param.read(task));
  const Ref<Task> target = TRY(find(task, pid));
  TRY(set_policy(task, *target, policy.raw(), given.sched_priority));
  return 0;
}

Result<i64> sys_sched_getparam(Task& task, Pid pid, UserOut<abi::SchedParam> param) {
  if (param.is_null()) return Errno::einval;
  const Ref<Task> target = TRY(find(task, pid));
  TRY(param.write(task, abi::SchedParam{target->sched_priority}));
  return 0;
}

Result<i64> sys_sched_setparam(Task& task, Pid pid, UserIn<abi::SchedParam> param) {
  if (param.is_null()) return Errno::einval;
  const abi::SchedParam given = TRY(param.read(task));
  const Ref<Task> target = TRY(find(task, pid));
  TRY(set_policy(task, *target, target->sched_policy, given.sched_priority));
  return 0;
}

Result<i64> sys_sched_get_priority_max(Task&, SchedPolicy policy) {
  if (is_realtime(policy.raw())) return 99;
  if (is_fair(policy.raw()) || policy.raw() == abi::sched_deadline) return 0;
  return Errno::einval;
}

Result<i64> sys_sched_get_priority_min(Task&, SchedPolicy policy) {
  if (is_realtime(policy.raw())) return 1;
  if (is_fair(policy.raw()) || policy.raw() == abi::sched_deadline) return 0;
  return Errno::einval;
}

Result<i64> sys_sched_rr_get_interval(Task& task, Pid pid, UserOut<abi::TimeSpec> interval) {
  const Ref<Task> target = TRY(find(task, pid));
  constexpr i64 kRoundRobin = 100'000'000, kFair = 3'000'000;
  const i64 ns = target->sched_policy == abi::sched_rr     ? kRoundRobin
                 : target->sched_policy == abi::sched_fifo ? 0
                                                           : kFair;
  TRY(interval.write(task, abi::TimeSpec{0, ns}));
  return 0;
}

Result<i64> sys_getpriority(Task& task, PriorityWhich which, int who) {
  const std::vector<Ref<Task>> chosen = TRY(select(task, which, who));
  int best = 19;
  for (const Ref<Task>& t : chosen) best = std::min(best, t->nice);
  return 20 - best;  // the raw call never returns a negative value: 1 is nice 19
}

Result<i64> sys_setpriority(Task& task, PriorityWhich which, int who, int prio) {
  const std::vector<Ref<Task>> chosen = TRY(select(task, which, who));
  Result<void> outcome;
  for (const Ref<Task>& t : chosen) {
    const Result<void> one = set_nice(task, *t, prio);
    if (!one.ok()) outcome = one;
  }
  if (!outcome.ok()) return outcome.error();
  return 0;
}

Result<i64> sys_getcpu(Task& task, UserOut<u32> cpu, UserOut<u32> node, UserAddr) {
  u32 on = 0;
  (void)host::call::getcpu(&on, nullptr, nullptr).ok();
  if (!cpu.is_null()) TRY(cpu.write(task, on % task.kernel().options().limits.cpus));
  if (!node.is_null()) TRY(node.write(task, 0));
  return 0;
}

}  // namespace limen
