// CPU time of tasks and processes: getrusage(2), times(2), CPU clocks and timers.
//
// User time is the host's CPU time of the guest's process; it includes what the gate spends there. System time is that of a
// task's own kernel thread, spinning for the next call included, as of the last time that the task asked or ended. The host does not
// tell the kernel what single threads of another process used: user time of a process with several threads is shared out
// among them evenly, as it is read. Sums for a process are right; a thread's own figure is an estimate.
#pragma once

#include "base/types.h"

namespace limen {

class Task;
class ThreadGroup;

struct CpuTime {
  u64 user_ns = 0, system_ns = 0;
  u64 total() const { return user_ns + system_ns; }
};

// All of them take ThreadGroup::lock.
CpuTime cpu_time(Task& task);
CpuTime cpu_time(ThreadGroup& group);  // with its ended threads and the programs before an execve
// Brings the group's members up to date; [self]. Before a task gives up its CPU or its address space.
void settle_cpu_time(Task& task);
// execve has put another host process beneath the group.
void start_cpu_time_after_exec(ThreadGroup& group);
// clone with CLONE_VM but not CLONE_THREAD: what the shared host process used before is not the child's.
void start_cpu_time_of_vfork(Task& child);

}  // namespace limen
