#include "kernel/time/time_namespace.h"

#include "kernel/task/task.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

// [self] None after its end.
i64 offset_of(Task& task, TimerClock clock) {
  const Ref<TimeNamespace>& time = task.namespaces().time;
  return time ? time->offset(clock) : 0;
}

u64 moved(u64 ns, i64 by) {
  if (by < 0 && ns < static_cast<u64>(-by)) return 0;
  const u64 sum = ns + static_cast<u64>(by);
  return sum > kMostNs ? kMostNs : sum;
}

}  // namespace

u64 seen_time(Task& task, TimerClock clock, u64 ns) { return moved(ns, offset_of(task, clock)); }
u64 meant_time(Task& task, TimerClock clock, u64 ns) { return moved(ns, -offset_of(task, clock)); }

}  // namespace limen
