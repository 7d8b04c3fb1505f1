// ioprio_set(2), ioprio_get(2): kept and shown; the host orders its own I/O. Source: block/ioprio.c.
#include <algorithm>

#include "abi/resource.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/scheduling.h"

namespace limen {
namespace {

constexpr int kClassShift = 13;
enum : int { kClassNone = 0, kClassRealtime = 1, kClassBestEffort = 2, kClassIdle = 3 };

// IOPRIO_WHO_* are PRIO_* plus one.
Result<std::vector<Ref<Task>>> tasks_of(Task& task, int which, int who) {
  if (which < 1 || which > 3) return Errno::einval;
  return tasks_meant(task, PriorityWhich(which - 1), who);
}

Result<void> check(Task& task, int priority) {
  const int data = priority & ((1 << kClassShift) - 1);
  constexpr int kClassMask = 7;
  switch (priority >> kClassShift & kClassMask) {
    case kClassRealtime:
      if (!task.credentials().capable(Capability::sys_admin) && !task.credentials().capable(Capability::sys_nice))
        return Errno::eperm;
      return success;
    case kClassBestEffort:
    case kClassIdle:
      return success;
    case kClassNone:
      return data == 0 ? Result<void>() : Errno::einval;
    default:
      return Errno::einval;
  }
}

// A task without a class of its own counts as best effort, by its niceness.
int effective(Task& task) {
  const int priority = task.io_priority.load();
  if (priority >> kClassShift != kClassNone) return priority;
  return kClassBestEffort << kClassShift | (scheduling_of(task).nice + 20) / 5;
}

}  // namespace

Result<i64> sys_ioprio_set(Task& task, int which, int who, int ioprio) {
  TRY(check(task, ioprio));
  const std::vector<Ref<Task>> chosen = TRY(tasks_of(task, which, who));
  const Credentials& mine = task.credentials();
  for (const Ref<Task>& t : chosen) {
    const Ref<const Credentials> theirs = t->credentials_ref();
    if (theirs->uid != mine.euid && theirs->uid != mine.uid &&
        !mine.has_capability(theirs->user_ns.get(), Capability::sys_nice))
      return Errno::eperm;
    t->io_priority = static_cast<u16>(ioprio);  // Linux keeps that much of it
  }
  return 0;
}

Result<i64> sys_ioprio_get(Task& task, int which, int who) {
  const std::vector<Ref<Task>> chosen = TRY(tasks_of(task, which, who));
  if (which == 1) return chosen.front()->io_priority.load();
  int best = effective(*chosen.front());
  for (const Ref<Task>& t : chosen) best = std::min(best, effective(*t));
  return best;
}

}  // namespace limen
