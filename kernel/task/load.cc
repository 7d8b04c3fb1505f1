#include "kernel/task/load.h"

#include <algorithm>
#include <cmath>

#include "kernel/kernel.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr u64 kSecond = 1'000'000'000;
constexpr double kWindows[3] = {60, 300, 900};  // seconds

}  // namespace

LoadAverage::Means LoadAverage::update(u64 now_ns, u64 cpu_ns) {
  MutexGuard guard(lock_);
  if (now_ns >= last_ns_ + kSecond) {  // of less, the clocks' grain would be much
    const auto passed = static_cast<double>(now_ns - last_ns_);
    const double active = static_cast<double>(std::max(cpu_ns, last_cpu_ns_) - last_cpu_ns_) / passed;
    for (usize i = 0; i < means_.size(); ++i) {
      const double kept = std::exp(-passed / (kWindows[i] * kSecond));
      means_[i] = means_[i] * kept + active * (1 - kept);
    }
    last_ns_ = now_ns, last_cpu_ns_ = std::max(cpu_ns, last_cpu_ns_);
  }
  Means out;
  for (usize i = 0; i < out.size(); ++i) out[i] = static_cast<u64>(means_[i] * (1 << kShift));
  return out;
}

void LoadAverage::add_ended(CpuTime time) {
  MutexGuard guard(lock_);
  ended_.user_ns += time.user_ns, ended_.system_ns += time.system_ns;
}

CpuTime LoadAverage::ended() const {
  MutexGuard guard(lock_);
  return ended_;
}

LoadAverage& load_of(Kernel& kernel) {
  return static_cast<LoadAverage&>(
      *kernel.single_or(Kernel::Single::load, [] { return Ref<RefCounted>(make_ref<LoadAverage>()); }));
}

CpuTime cpu_time_of_all(Kernel& kernel) {
  ReadGuard tree(kernel.process_tree);
  CpuTime sum = load_of(kernel).ended();
  for (const Ref<Task>& task : kernel.pids->tasks()) {
    if (!task->is_leader()) continue;
    const CpuTime group = cpu_time(task->group());
    sum.user_ns += group.user_ns, sum.system_ns += group.system_ns;
  }
  return sum;
}

LoadAverage::Means load_averages(Kernel& kernel) {
  return load_of(kernel).update(kernel.clock().boottime_ns(), cpu_time_of_all(kernel).total());
}

}  // namespace limen
