#include "kernel/time/clock_ids.h"

#include "gate/wire/time_page.h"
#include "kernel/kernel.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/time/cpu_time.h"
#include "kernel/time/time_namespace.h"

namespace limen {
namespace {

Ref<Task> find_task(Task& task, Pid tid) {
  ReadGuard tree(task.kernel().process_tree);
  return task.namespaces().pid->find(tid);
}

// The task behind a dynamic CPU clock id; einval.
Result<Ref<Task>> cpu_clock_owner(Task& task, i32 clock) {
  if ((clock & abi::clock_id_kind_mask) == abi::clock_id_fd) return Errno::einval;
  const bool per_thread = (clock & abi::clock_id_per_thread) != 0;
  const Pid id(abi::clock_id_number(clock));
  if (id == Pid(0)) return Ref<Task>(&task);
  Ref<Task> owner = find_task(task, id);
  if (!owner) return Errno::einval;
  if (per_thread && &owner->group() != &task.group()) return Errno::einval;
  if (!per_thread && owner->group().pid() != task.means(id)) return Errno::einval;
  return owner;
}

u64 of_kind(const CpuTime& time, i32 clock) {
  return (clock & abi::clock_id_kind_mask) == abi::cpuclock_virt ? time.user_ns : time.total();
}

u64 coarse(u64 ns) { return ns - ns % wire::kCoarseNs; }

}  // namespace

Result<u64> read_clock(Task& task, ClockId id) {
  const i32 clock = id.raw();
  if (clock < 0) {
    const Ref<Task> owner = TRY(cpu_clock_owner(task, clock));
    const bool per_thread = (clock & abi::clock_id_per_thread) != 0;
    return of_kind(per_thread ? cpu_time(*owner) : cpu_time(owner->group()), clock);
  }
  switch (clock) {
    case abi::clock_realtime:
    case abi::clock_realtime_alarm:
    case abi::clock_tai:
      return task.clock().realtime_ns();
    case abi::clock_monotonic:
    case abi::clock_monotonic_raw:
      return seen_time(task, TimerClock::monotonic, task.clock().monotonic_ns());
    case abi::clock_boottime:
    case abi::clock_boottime_alarm:
      return seen_time(task, TimerClock::boottime, task.clock().boottime_ns());
    case abi::clock_realtime_coarse:
      return coarse(task.clock().realtime_ns());
    case abi::clock_monotonic_coarse:
      return seen_time(task, TimerClock::monotonic, coarse(task.clock().monotonic_ns()));
    case abi::clock_process_cputime_id:
      settle_cpu_time(task);
      return cpu_time(task.group()).total();
    case abi::clock_thread_cputime_id:
      settle_cpu_time(task);
      return cpu_time(task).total();
    default:
      return Errno::einval;
  }
}

Result<u64> clock_resolution(Task& task, ClockId id) {
  const i32 clock = id.raw();
  if (clock < 0) {
    (void)TRY(cpu_clock_owner(task, clock));
    return u64{1};
  }
  if (clock == abi::clock_realtime_coarse || clock == abi::clock_monotonic_coarse) return wire::kCoarseNs;
  if (clock <= abi::clock_boottime_alarm || clock == abi::clock_tai) return u64{1};
  return Errno::einval;
}

Result<TimerBase> timer_base(Task& task, ClockId id) {
  const i32 clock = id.raw();
  if (clock < 0) {
    const Ref<Task> owner = TRY(cpu_clock_owner(task, clock));
    if (&owner->group() != &task.group()) return Errno::einval;
    if ((clock & abi::clock_id_per_thread) != 0) return TimerBase{TimerClock::thread_cpu, owner->tid()};
    const bool user_only = (clock & abi::clock_id_kind_mask) == abi::cpuclock_virt;
    return TimerBase{user_only ? TimerClock::process_user : TimerClock::process_cpu, Pid()};
  }
  switch (clock) {
    case abi::clock_realtime:
    case abi::clock_realtime_alarm:
    case abi::clock_tai:
      return TimerBase{TimerClock::realtime, Pid()};
    case abi::clock_monotonic:
      return TimerBase{TimerClock::monotonic, Pid()};
    case abi::clock_boottime:
    case abi::clock_boottime_alarm:
      return TimerBase{TimerClock::boottime, Pid()};
    case abi::clock_process_cputime_id:
      return TimerBase{TimerClock::process_cpu, Pid()};
    case abi::clock_thread_cputime_id:
      return TimerBase{TimerClock::thread_cpu, task.tid()};
    case abi::clock_monotonic_raw:
    case abi::clock_realtime_coarse:
    case abi::clock_monotonic_coarse:
      return Errno::eopnotsupp;
    default:
      return Errno::einval;
  }
}

}  // namespace limen
