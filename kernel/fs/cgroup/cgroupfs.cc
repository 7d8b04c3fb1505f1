#include "kernel/fs/cgroup/cgroupfs.h"

#include <fmt/format.h>

#include "abi/fcntl.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/time/cpu_time.h"

namespace limen {
namespace {

struct Fixed {
  const char* name;
  const char* text;
};
constexpr Fixed kFixed[] = {
    {"cgroup.controllers", "cpu memory pids\n"},
    {"cgroup.events", "populated 1\nfrozen 0\n"},
    {"cgroup.freeze", "0\n"},
    {"cgroup.max.depth", "max\n"},
    {"cgroup.max.descendants", "max\n"},
    {"cgroup.stat", "nr_descendants 0\nnr_dying_descendants 0\n"},
    {"cgroup.subtree_control", ""},
    {"cgroup.type", "domain\n"},
    {"cpu.max", "max 100000\n"},
    {"cpu.weight", "100\n"},
    {"cpuset.mems.effective", "0\n"},
    {"memory.high", "max\n"},
    {"memory.low", "0\n"},
    {"memory.min", "0\n"},
    {"memory.oom.group", "0\n"},
    {"memory.swap.current", "0\n"},
    {"memory.swap.max", "0\n"},
};

using Text = Result<std::string> (*)(Task& reader);

u64 resident(Task& reader) {
  Arena& arena = reader.kernel().arena();
  return std::min(arena.resident(), arena.limit());
}

std::vector<Ref<Task>> tasks_of(Task& reader) {
  ReadGuard tree(reader.kernel().process_tree);
  return reader.namespaces().pid->tasks();
}

Result<std::string> processes(Task& reader) {
  std::string text;
  for (const Ref<Task>& task : tasks_of(reader)) {
    if (task->is_leader()) text += fmt::format("{}\n", reader.sees(task->tid()));
  }
  return text;
}

Result<std::string> threads(Task& reader) {
  std::string text;
  for (const Ref<Task>& task : tasks_of(reader)) text += fmt::format("{}\n", reader.sees(task->tid()));
  return text;
}

Result<std::string> cpu_stat(Task& reader) {
  CpuTime sum;
  for (const Ref<Task>& task : tasks_of(reader)) {
    const CpuTime one = cpu_time(*task);
    sum.user_ns += one.user_ns, sum.system_ns += one.system_ns;
  }
  return fmt::format("usage_usec {}\nuser_usec {}\nsystem_usec {}\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
                     sum.total() / 1000, sum.user_ns / 1000, sum.system_ns / 1000);
}

Result<std::string> cpus(Task& reader) {
  const u32 count = reader.kernel().options().limits.cpus;
  return count == 1 ? std::string("0\n") : fmt::format("0-{}\n", count - 1);
}

Result<std::string> memory_current(Task& reader) { return fmt::format("{}\n", resident(reader)); }
Result<std::string> memory_max(Task& reader) { return fmt::format("{}\n", reader.kernel().arena().limit()); }
Result<std::string> memory_stat(Task& reader) {
  return fmt::format("anon {}\nfile 0\nkernel 0\nshmem 0\ninactive_file 0\nactive_file 0\nslab 0\n", resident(reader));
}

Result<std::string> pids_current(Task& reader) { return fmt::format("{}\n", tasks_of(reader).size()); }
Result<std::string> pids_max(Task& reader) { return fmt::format("{}\n", reader.kernel().options().limits.pids); }

struct Row {
  const char* name;
  Text render;
};
constexpr Row kRows[] = {
    {"cgroup.procs", processes},     {"cgroup.threads", threads},        {"cpu.stat", cpu_stat},
    {"cpuset.cpus.effective", cpus}, {"memory.current", memory_current}, {"memory.max", memory_max},
    {"memory.stat", memory_stat},    {"pids.current", pids_current},     {"pids.max", pids_max},
};

}  // namespace

Ref<Filesystem> make_cgroupfs(Kernel&) {
  constexpr u64 kMagic = 0x63677270;  // CGROUP2_SUPER_MAGIC
  Ref<PseudoFilesystem> fs = make_ref<PseudoFilesystem>("cgroup2", kMagic);
  Ref<FixedDirectory> root = make_ref<FixedDirectory>(*fs, abi::s_ifdir | 0555);
  for (const Fixed& fixed : kFixed) {
    auto render = [text = fixed.text](Task&) -> Result<std::string> { return std::string(text); };
    root->put(fixed.name, make_ref<PseudoText>(*fs, abi::s_ifreg | 0444, render));
  }
  for (const Row& row : kRows) root->put(row.name, make_ref<PseudoText>(*fs, abi::s_ifreg | 0444, row.render));
  fs->set_root(root);
  return fs;
}

}  // namespace limen
