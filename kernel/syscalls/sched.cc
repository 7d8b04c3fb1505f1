// Scheduling: affinity, priorities, policies. The host schedules guest threads: it is told of an affinity; what else a guest
// sets is kept and shown. Source: sched(7), sched_setaffinity(2).
#include <algorithm>
#include <cstring>

#include "abi/resource.h"
#include "abi/sched.h"
#include "abi/time.h"
#include "host/calls.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/scheduling.h"

namespace limen {
namespace {

u64 all_cpus(Task& task) { return task.kernel().options().limits.all_cpus(); }

bool is_realtime(i32 policy) { return policy == abi::sched_fifo || policy == abi::sched_rr; }
bool is_fair(i32 policy) {
  return policy == abi::sched_normal || policy == abi::sched_batch || policy == abi::sched_idle;
}

// sched_setscheduler and sched_setparam: a priority and nothing else. Linux: _sched_setscheduler.
Result<void> set_policy(Task& task, Task& target, i32 policy, i32 priority) {
  abi::SchedAttr wanted{};
  wanted.sched_policy = static_cast<u32>(policy);
  wanted.sched_priority = static_cast<u32>(priority);
  wanted.sched_nice = scheduling_of(target).nice;
  if (wanted.sched_policy != kKeepPolicy && (policy & abi::sched_reset_on_fork) != 0) {
    wanted.sched_flags |= abi::sched_flag_reset_on_fork;
    wanted.sched_policy &= ~static_cast<u32>(abi::sched_reset_on_fork);
  }
  return set_scheduling(task, target, wanted);
}

// A structure of sched_attr's kind, of the size that it says itself. e2big where a newer one says what we do not know.
Result<abi::SchedAttr> read_attr(Task& task, UserInOut<abi::SchedAttr> attr) {
  u32 size = TRY(UserIn<u32>(attr.addr()).read(task));
  if (size == 0) size = abi::sched_attr_size_ver0;
  const bool may_be = size >= abi::sched_attr_size_ver0 && size <= kPageSize;
  const Result<abi::SchedAttr> given =
      may_be ? UserIn<abi::SchedAttr>(attr.addr()).read_sized(task, size) : Result<abi::SchedAttr>(Errno::e2big);
  if (given.is(Errno::e2big)) (void)UserOut<u32>(attr.addr()).write(task, sizeof(abi::SchedAttr)).ok();
  abi::SchedAttr wanted = TRY(given);
  constexpr u64 kClamp = abi::sched_flag_util_clamp_min | abi::sched_flag_util_clamp_max;
  if ((wanted.sched_flags & kClamp) != 0 && size < abi::sched_attr_size_ver1) return Errno::einval;
  wanted.sched_nice = std::clamp(wanted.sched_nice, -20, 19);
  return wanted;
}

}  // namespace

Result<i64> sys_sched_yield(Task&) {
  (void)host::call::sched_yield().ok();
  return 0;
}

namespace {

// Linux looks a negative number up, too.
Result<Ref<Task>> task_with_affinity(Task& task, Pid pid) {
  if (pid.raw() < 0) return Errno::esrch;
  return scheduled_task(task, pid);
}

}  // namespace

Result<i64> sys_sched_getaffinity(Task& task, Pid pid, u32 len, UserBytes<Out> mask) {
  const u32 cpus = task.kernel().options().limits.cpus;
  if (u64{len} * 8 < cpus || len % sizeof(u64) != 0) return Errno::einval;
  const Ref<Task> target = TRY(task_with_affinity(task, pid));
  const u64 bits = target->affinity & all_cpus(task);
  TRY(copy_to_user(task, mask.addr(), &bits, sizeof bits));
  return sizeof bits;
}

Result<i64> sys_sched_setaffinity(Task& task, Pid pid, u32 len, UserBytes<In> mask) {
  const Ref<Task> target = TRY(task_with_affinity(task, pid));
  u64 bits = 0;
  TRY(copy_from_user(task, &bits, mask.addr(), std::min<usize>(len, sizeof bits)));
  TRY(may_schedule(task, *target));
  if ((bits & all_cpus(task)) == 0) return Errno::einval;
  target->affinity = bits;
  target->confine();
  return 0;
}

Result<i64> sys_sched_getscheduler(Task& task, Pid pid) {
  const Ref<Task> target = TRY(scheduled_task(task, pid));
  const Scheduling now = scheduling_of(*target);
  return now.policy | (now.reset_on_fork ? abi::sched_reset_on_fork : 0);
}

Result<i64> sys_sched_setscheduler(Task& task, Pid pid, SchedPolicy policy, UserIn<abi::SchedParam> param) {
  if (policy.raw() < 0 || param.is_null() || pid.raw() < 0) return Errno::einval;
  const abi::SchedParam given = TRY(param.read(task));
  const Ref<Task> target = TRY(scheduled_task(task, pid));
  TRY(set_policy(task, *target, policy.raw(), given.sched_priority));
  return 0;
}

Result<i64> sys_sched_getparam(Task& task, Pid pid, UserOut<abi::SchedParam> param) {
  if (param.is_null()) return Errno::einval;
  const Ref<Task> target = TRY(scheduled_task(task, pid));
  TRY(param.write(task, abi::SchedParam{scheduling_of(*target).priority}));
  return 0;
}

Result<i64> sys_sched_setparam(Task& task, Pid pid, UserIn<abi::SchedParam> param) {
  if (param.is_null()) return Errno::einval;
  const abi::SchedParam given = TRY(param.read(task));
  const Ref<Task> target = TRY(scheduled_task(task, pid));
  TRY(set_policy(task, *target, static_cast<i32>(kKeepPolicy), given.sched_priority));
  return 0;
}

Result<i64> sys_sched_setattr(Task& task, Pid pid, UserInOut<abi::SchedAttr> attr, u32 flags) {
  if (attr.is_null() || pid.raw() < 0 || flags != 0) return Errno::einval;
  abi::SchedAttr wanted = TRY(read_attr(task, attr));
  if (static_cast<i32>(wanted.sched_policy) < 0) return Errno::einval;
  if ((wanted.sched_flags & abi::sched_flag_keep_policy) != 0) wanted.sched_policy = kKeepPolicy;
  const Ref<Task> target = TRY(scheduled_task(task, pid));
  if ((wanted.sched_flags & abi::sched_flag_keep_params) != 0) {
    const abi::SchedAttr now = get_scheduling(*target);
    wanted.sched_nice = now.sched_nice, wanted.sched_priority = now.sched_priority;
    wanted.sched_runtime = now.sched_runtime, wanted.sched_deadline = now.sched_deadline;
    wanted.sched_period = now.sched_period;
  }
  TRY(set_scheduling(task, *target, wanted));
  return 0;
}

Result<i64> sys_sched_getattr(Task& task, Pid pid, UserOut<abi::SchedAttr> attr, u32 size, u32 flags) {
  if (attr.is_null() || pid.raw() < 0 || flags != 0) return Errno::einval;
  if (size > kPageSize || size < abi::sched_attr_size_ver0) return Errno::einval;
  const Ref<Task> target = TRY(scheduled_task(task, pid));
  abi::SchedAttr now = get_scheduling(*target);
  now.size = std::min<u32>(size, sizeof now);
  std::vector<u8> bytes(size);
  std::memcpy(bytes.data(), &now, now.size);
  TRY(copy_to_user(task, attr.addr(), bytes.data(), bytes.size()));
  return 0;
}

namespace {
// SCHED_EXT is known by its number, as without CONFIG_SCHED_CLASS_EXT.
bool has_no_priorities(i32 policy) {
  constexpr i32 kExtensible = 7;
  return is_fair(policy) || policy == abi::sched_deadline || policy == kExtensible;
}
}  // namespace

Result<i64> sys_sched_get_priority_max(Task&, SchedPolicy policy) {
  if (is_realtime(policy.raw())) return 99;
  return has_no_priorities(policy.raw()) ? Result<i64>(0) : Errno::einval;
}

Result<i64> sys_sched_get_priority_min(Task&, SchedPolicy policy) {
  if (is_realtime(policy.raw())) return 1;
  return has_no_priorities(policy.raw()) ? Result<i64>(0) : Errno::einval;
}

Result<i64> sys_sched_rr_get_interval(Task& task, Pid pid, UserOut<abi::TimeSpec> interval) {
  const Ref<Task> target = TRY(scheduled_task(task, pid));
  constexpr i64 kRoundRobin = 100'000'000, kFair = 3'000'000;
  const i32 policy = scheduling_of(*target).policy;
  const i64 ns = policy == abi::sched_rr ? kRoundRobin : policy == abi::sched_fifo ? 0 : kFair;
  TRY(interval.write(task, abi::TimeSpec{0, ns}));
  return 0;
}

Result<i64> sys_getpriority(Task& task, PriorityWhich which, int who) {
  const std::vector<Ref<Task>> chosen = TRY(tasks_meant(task, which, who));
  int best = 19;
  for (const Ref<Task>& t : chosen) best = std::min(best, scheduling_of(*t).nice);
  return 20 - best;  // the raw call never returns a negative value: 1 is nice 19
}

Result<i64> sys_setpriority(Task& task, PriorityWhich which, int who, int prio) {
  const std::vector<Ref<Task>> chosen = TRY(tasks_meant(task, which, who));
  Result<void> outcome;
  for (const Ref<Task>& t : chosen) {
    const Result<void> one = set_nice(task, *t, prio);
    if (!one.ok()) outcome = one;
  }
  if (!outcome.ok()) return outcome.error();
  return 0;
}

Result<i64> sys_getcpu(Task& task, UserOut<u32> cpu, UserOut<u32> node, UserAddr) {
  if (!cpu.is_null()) TRY(cpu.write(task, task.entry().cpu));
  if (!node.is_null()) TRY(node.write(task, 0));
  return 0;
}

}  // namespace limen
