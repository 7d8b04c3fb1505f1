#include "kernel/task/usage.h"

#include "kernel/mm/mm.h"
#include "kernel/time/cpu_time.h"

namespace limen {
namespace {

// For counters that only their own thread writes.
void add(std::atomic<u64>& to, u64 more) {
  to.store(to.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

}  // namespace

Usage usage_of(const Task& task) {
  Usage usage;
  usage.user_ns = task.user_ns.load(std::memory_order_relaxed);
  usage.system_ns = task.system_ns.load(std::memory_order_relaxed);
  usage.minor_faults = task.minor_faults.load(std::memory_order_relaxed);
  usage.major_faults = task.major_faults.load(std::memory_order_relaxed);
  usage.voluntary_switches = task.voluntary_switches.load(std::memory_order_relaxed);
  usage.reads = task.reads.load(std::memory_order_relaxed);
  usage.writes = task.writes.load(std::memory_order_relaxed);
  usage.bytes_read = task.bytes_read.load(std::memory_order_relaxed);
  usage.bytes_written = task.bytes_written.load(std::memory_order_relaxed);
  return usage;
}

void count_read(Task& task, u64 bytes) { add(task.reads, 1), add(task.bytes_read, bytes); }

void count_write(Task& task, u64 bytes) { add(task.writes, 1), add(task.bytes_written, bytes); }

Usage usage_of(ThreadGroup& group) {
  const CpuTime time = cpu_time(group);
  Usage usage;
  Ref<Task> some;
  {
    MutexGuard guard(group.lock);
    usage = group.ended;
    for (const auto& [tid, member] : group.members) usage.add(usage_of(*member));
    if (!group.members.empty()) some = group.members.begin()->second;
  }
  usage.user_ns = time.user_ns, usage.system_ns = time.system_ns;
  if (some) usage.peak_resident_kib = std::max(usage.peak_resident_kib, peak_resident_kib(*some));
  return usage;
}

u64 peak_resident_kib(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  return mm ? mm->usage().peak_resident_bytes / 1024 : 0;
}

abi::RUsage encode_usage(const Usage& usage) {
  const auto timeval = [](u64 ns) {
    return abi::TimeVal{static_cast<i64>(ns / 1'000'000'000), static_cast<i64>(ns / 1000 % 1'000'000)};
  };
  abi::RUsage out{};
  out.ru_utime = timeval(usage.user_ns);
  out.ru_stime = timeval(usage.system_ns);
  out.ru_maxrss = static_cast<i64>(usage.peak_resident_kib);
  out.ru_minflt = static_cast<i64>(usage.minor_faults);
  out.ru_majflt = static_cast<i64>(usage.major_faults);
  out.ru_nvcsw = static_cast<i64>(usage.voluntary_switches);
  return out;
}

}  // namespace limen
