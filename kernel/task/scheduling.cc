#include "kernel/task/scheduling.h"

#include <algorithm>

#include "abi/resource.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

bool is_realtime(u32 policy) { return policy == abi::sched_fifo || policy == abi::sched_rr; }
bool is_fair(u32 policy) {
  return policy == abi::sched_normal || policy == abi::sched_batch || policy == abi::sched_idle;
}

constexpr u64 kKnownSchedFlags = 0x7f;  // SCHED_FLAG_ALL
constexpr u64 kClampFlags = abi::sched_flag_util_clamp_min | abi::sched_flag_util_clamp_max;
constexpr u64 kShortestRuntime = 1 << 10, kTopBit = u64{1} << 63;
constexpr u64 kShortestPeriod = 100'000, kLongestPeriod = u64{1} << 22 << 10;  // sched_deadline_period_{min,max}_us

// Linux: __checkparam_dl.
bool valid_deadline(const abi::SchedAttr& a) {
  const u64 period = a.sched_period != 0 ? a.sched_period : a.sched_deadline;
  if (a.sched_deadline == 0 || a.sched_runtime < kShortestRuntime) return false;
  if (((a.sched_deadline | period) & kTopBit) != 0) return false;
  if (period < a.sched_deadline || a.sched_deadline < a.sched_runtime) return false;
  return period >= kShortestPeriod && period <= kLongestPeriod;
}

bool may_raise_to(Task& target, int nice) {
  return static_cast<u64>(20 - nice) <= target.group().limit(abi::rlimit_nice).soft;
}

// Linux: user_check_sched_setscheduler. What needs CAP_SYS_NICE.
bool needs_privilege(Task& task, Task& target, const Scheduling& now, const abi::SchedAttr& wanted, u32 policy,
                     bool resets) {
  if (is_fair(policy) && wanted.sched_nice < now.nice && !may_raise_to(target, wanted.sched_nice)) return true;
  if (is_realtime(policy)) {
    const u64 most = target.group().limit(abi::rlimit_rtprio).soft;
    if (policy != static_cast<u32>(now.policy) && most == 0) return true;
    if (static_cast<i64>(wanted.sched_priority) > now.priority && wanted.sched_priority > most) return true;
  }
  if (policy == abi::sched_deadline) return true;
  if (now.policy == abi::sched_idle && policy != abi::sched_idle && !may_raise_to(target, now.nice)) return true;
  if (now.reset_on_fork && !resets) return true;
  const Ref<const Credentials> theirs = target.credentials_ref();
  const Credentials& mine = task.credentials();
  return mine.euid != theirs->euid && mine.euid != theirs->uid;
}

}  // namespace

Result<Ref<Task>> scheduled_task(Task& task, Pid pid) {
  if (pid.raw() < 0) return Errno::einval;
  if (pid.raw() == 0) return Ref<Task>(&task);
  ReadGuard tree(task.kernel().process_tree);
  Ref<Task> target = task.namespaces().pid->find(pid);
  if (!target) return Errno::esrch;
  return target;
}

Result<std::vector<Ref<Task>>> tasks_meant(Task& task, PriorityWhich which, int who) {
  const Credentials& mine = task.credentials();
  const Uid user = who == 0 ? mine.uid : mine.kernel_id(Uid(static_cast<u32>(who))).value_or(Uid(~0u));
  ReadGuard tree(task.kernel().process_tree);
  std::vector<Ref<Task>> chosen;
  for (const Ref<Task>& t : task.namespaces().pid->tasks()) {
    bool match = false;
    switch (which.raw()) {
      case abi::prio_process:
        match = who == 0 ? t.get() == &task : t->tid() == task.means(Pid(who));
        break;
      case abi::prio_pgrp:
        match = who == 0 ? t->group().process_group == task.group().process_group
                         : t->group().process_group->id == task.means(Pid(who));
        break;
      case abi::prio_user:
        match = t->credentials_ref()->uid == user;
        break;
      default:
        return Errno::einval;
    }
    if (match) chosen.push_back(t);
  }
  if (chosen.empty()) return Errno::esrch;
  return chosen;
}

Result<void> may_schedule(Task& task, Task& target) {
  const Credentials& mine = task.credentials();
  const Ref<const Credentials> theirs = target.credentials_ref();
  if (mine.euid == theirs->euid || mine.euid == theirs->uid ||
      mine.has_capability(theirs->user_ns.get(), Capability::sys_nice))
    return success;
  return Errno::eperm;
}

Result<void> set_scheduling(Task& task, Task& target, const abi::SchedAttr& wanted) {
  MutexGuard guard(target.scheduling_lock);
  Scheduling& now = target.scheduling;
  const bool keeps = wanted.sched_policy == kKeepPolicy;
  const u32 policy = keeps ? static_cast<u32>(now.policy) : wanted.sched_policy;
  const bool resets = keeps ? now.reset_on_fork : (wanted.sched_flags & abi::sched_flag_reset_on_fork) != 0;
  if (!is_fair(policy) && !is_realtime(policy) && policy != abi::sched_deadline) return Errno::einval;
  if ((wanted.sched_flags & ~kKnownSchedFlags) != 0) return Errno::einval;
  if (wanted.sched_priority > 99) return Errno::einval;
  if (policy == abi::sched_deadline && !valid_deadline(wanted)) return Errno::einval;
  if (is_realtime(policy) != (wanted.sched_priority != 0)) return Errno::einval;
  if (needs_privilege(task, target, now, wanted, policy, resets) && !task.credentials().capable(Capability::sys_nice))
    return Errno::eperm;
  if ((wanted.sched_flags & kClampFlags) != 0) return Errno::eopnotsupp;  // CONFIG_UCLAMP_TASK
  now.policy = static_cast<i32>(policy);
  now.priority = static_cast<i32>(wanted.sched_priority);
  now.reset_on_fork = resets;
  if (is_fair(policy)) now.nice = wanted.sched_nice;
  const bool dl = policy == abi::sched_deadline;
  now.runtime = dl ? wanted.sched_runtime : 0;
  now.deadline = dl ? wanted.sched_deadline : 0;
  now.period = dl ? (wanted.sched_period != 0 ? wanted.sched_period : wanted.sched_deadline) : 0;
  return success;
}

Scheduling scheduling_of(const Task& target) {
  MutexGuard guard(target.scheduling_lock);
  return target.scheduling;
}

abi::SchedAttr get_scheduling(Task& target) {
  const Scheduling now = scheduling_of(target);
  abi::SchedAttr a{};
  a.size = sizeof a;
  a.sched_policy = static_cast<u32>(now.policy);
  if (now.reset_on_fork) a.sched_flags |= abi::sched_flag_reset_on_fork;
  if (a.sched_policy == abi::sched_deadline) {
    a.sched_runtime = now.runtime, a.sched_deadline = now.deadline;
    a.sched_period = now.period;
  } else if (is_realtime(a.sched_policy)) {
    a.sched_priority = static_cast<u32>(now.priority);
  } else {
    a.sched_nice = now.nice;
  }
  return a;
}

Result<void> set_nice(Task& task, Task& target, int nice) {
  TRY(may_schedule(task, target));
  nice = std::clamp(nice, -20, 19);
  MutexGuard guard(target.scheduling_lock);
  if (nice < target.scheduling.nice && !may_raise_to(target, nice) && !task.credentials().capable(Capability::sys_nice))
    return Errno::eacces;
  target.scheduling.nice = nice;
  return success;
}

void inherit_scheduling(Task& parent, Task& child) {
  child.io_priority = parent.io_priority.load();
  Scheduling kept = scheduling_of(parent);
  kept.runtime = kept.deadline = kept.period = 0;
  if (std::exchange(kept.reset_on_fork, false)) {
    const bool special = is_realtime(static_cast<u32>(kept.policy)) || kept.policy == abi::sched_deadline;
    if (special) kept.policy = abi::sched_normal, kept.priority = 0;
    if (special || kept.nice < 0) kept.nice = 0;
  }
  MutexGuard guard(child.scheduling_lock);
  child.scheduling = kept;
}

}  // namespace limen
