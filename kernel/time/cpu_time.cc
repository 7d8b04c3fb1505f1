#include "kernel/time/cpu_time.h"

#include "host/clock.h"
#include "kernel/mm/mm.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

// What the host process beneath a task has used; 0 when it is gone.
u64 space_ns(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  return mm ? host::cpu_ns_of_process(mm->space().host_pid()) : 0;
}

// The host's reading is taken before the lock: several may race, the highest wins.
void share_out(ThreadGroup& group, u64 reading) {
  MutexGuard guard(group.lock);
  if (reading <= group.space_ns_seen || group.members.empty()) return;
  const u64 each = (reading - group.space_ns_seen) / group.members.size();
  group.space_ns_seen += each * group.members.size();
  for (const auto& [tid, member] : group.members) member->user_ns.fetch_add(each, std::memory_order_relaxed);
}

Ref<Task> some_member(ThreadGroup& group) {
  MutexGuard guard(group.lock);
  return group.members.empty() ? Ref<Task>() : group.members.begin()->second;
}

}  // namespace

CpuTime cpu_time(Task& task) {
  share_out(task.group(), space_ns(task));
  return {task.user_ns.load(std::memory_order_relaxed), task.system_ns.load(std::memory_order_relaxed)};
}

CpuTime cpu_time(ThreadGroup& group) {
  if (const Ref<Task> member = some_member(group)) share_out(group, space_ns(*member));
  MutexGuard guard(group.lock);
  CpuTime sum{group.ended.user_ns, group.ended.system_ns};
  for (const auto& [tid, member] : group.members) {
    sum.user_ns += member->user_ns.load(std::memory_order_relaxed);
    sum.system_ns += member->system_ns.load(std::memory_order_relaxed);
  }
  return sum;
}

void settle_cpu_time(Task& task) {
  task.system_ns.store(static_cast<u64>(host::thread_cpu_ns()), std::memory_order_relaxed);
  share_out(task.group(), space_ns(task));
}

void start_cpu_time_after_exec(ThreadGroup& group) {
  MutexGuard guard(group.lock);
  group.space_ns_seen = 0;
}

void start_cpu_time_of_vfork(Task& child) {
  const u64 reading = space_ns(child);
  MutexGuard guard(child.group().lock);
  child.group().space_ns_seen = reading;
}

}  // namespace limen
