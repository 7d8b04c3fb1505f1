// Who may schedule whom, and what is kept of it: the host schedules guest threads; policies, priorities and niceness are kept, judged as
// Linux judges them, and shown. Source: sched(7), kernel/sched/syscalls.c.
#pragma once

#include <vector>

#include "abi/params.h"
#include "abi/sched.h"
#include "base/result.h"
#include "kernel/task/task.h"

namespace limen {

// A task by number; 0 is the caller. einval, esrch.
Result<Ref<Task>> scheduled_task(Task& task, Pid pid);
// The tasks that getpriority(2), setpriority(2) and ioprio_set(2) mean. einval, esrch.
Result<std::vector<Ref<Task>>> tasks_meant(Task& task, PriorityWhich which, int who);
// Same user, or CAP_SYS_NICE.
Result<void> may_schedule(Task& task, Task& target);

// `wanted.sched_policy` is checked; kKeepPolicy in it leaves the policy as it is. einval, eperm, eopnotsupp.
inline constexpr u32 kKeepPolicy = ~u32{0};
Result<void> set_scheduling(Task& task, Task& target, const abi::SchedAttr& wanted);
abi::SchedAttr get_scheduling(Task& target);
Scheduling scheduling_of(const Task& target);

// setpriority(2): eperm, eacces.
Result<void> set_nice(Task& task, Task& target, int nice);
// clone(2): what the child of a task that resets on fork begins with.
void inherit_scheduling(Task& parent, Task& child);

}  // namespace limen
