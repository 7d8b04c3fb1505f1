#include "kernel/task/thread_group.h"

#include "kernel/kernel.h"

namespace limen {

ThreadGroup::ThreadGroup(Kernel& kernel, Pid pid)
    : start_time_ns(kernel.clock().boottime_ns()), kernel_(kernel), pid_(pid) {}

ResourceLimit ThreadGroup::limit(usize resource) const {
  MutexGuard guard(limits_lock_);
  return limits_.at(resource);
}

void ThreadGroup::set_limit(usize resource, ResourceLimit value) {
  MutexGuard guard(limits_lock_);
  limits_.at(resource) = value;
}

}  // namespace limen
