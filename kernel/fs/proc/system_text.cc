#include "kernel/fs/proc/system_text.h"

#include <cpuid.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/task/load.h"
#include "kernel/time/time_namespace.h"
#include "kernel/version.h"
#include "kernel/vfs/filesystem_types.h"

namespace limen {
namespace {

struct CpuIdentity {
  std::array<char, 13> vendor{};
  std::string model;
  u32 family = 0, model_number = 0, stepping = 0;
  u32 leaf1_ecx = 0, leaf1_edx = 0, leaf7_ebx = 0, extended_edx = 0;
};

CpuIdentity identify() {
  CpuIdentity id;
  u32 a = 0, b = 0, c = 0, d = 0;
  __get_cpuid(0, &a, &b, &c, &d);
  std::memcpy(id.vendor.data(), &b, 4), std::memcpy(id.vendor.data() + 4, &d, 4),
      std::memcpy(id.vendor.data() + 8, &c, 4);
  __get_cpuid(1, &a, &b, &id.leaf1_ecx, &id.leaf1_edx);
  id.stepping = a & 15, id.family = (a >> 8) & 15, id.model_number = (a >> 4) & 15;
  if (id.family == 15) id.family += (a >> 20) & 0xff;
  id.model_number |= ((a >> 16) & 15) << 4;
  __get_cpuid_count(7, 0, &a, &id.leaf7_ebx, &c, &d);
  __get_cpuid(0x80000001, &a, &b, &c, &id.extended_edx);
  for (u32 leaf = 0x80000002; leaf <= 0x80000004; ++leaf) {
    u32 regs[4] = {};
    __get_cpuid(leaf, &regs[0], &regs[1], &regs[2], &regs[3]);
    id.model.append(reinterpret_cast<const char*>(regs), sizeof regs);
  }
  id.model = id.model.c_str();
  return id;
}

std::string cpu_flags(const CpuIdentity& id) {
  struct Flag {
    u32 CpuIdentity::*word;
    u32 bit;
    const char* name;
  };
  static constexpr Flag kFlags[] = {
      {&CpuIdentity::leaf1_edx, 0, "fpu"},         {&CpuIdentity::leaf1_edx, 4, "tsc"},
      {&CpuIdentity::leaf1_edx, 8, "cx8"},         {&CpuIdentity::leaf1_edx, 15, "cmov"},
      {&CpuIdentity::leaf1_edx, 23, "mmx"},        {&CpuIdentity::leaf1_edx, 24, "fxsr"},
      {&CpuIdentity::leaf1_edx, 25, "sse"},        {&CpuIdentity::leaf1_edx, 26, "sse2"},
      {&CpuIdentity::extended_edx, 11, "syscall"}, {&CpuIdentity::extended_edx, 20, "nx"},
      {&CpuIdentity::extended_edx, 27, "rdtscp"},  {&CpuIdentity::extended_edx, 29, "lm"},
      {&CpuIdentity::leaf1_ecx, 0, "pni"},         {&CpuIdentity::leaf1_ecx, 1, "pclmulqdq"},
      {&CpuIdentity::leaf1_ecx, 9, "ssse3"},       {&CpuIdentity::leaf1_ecx, 12, "fma"},
      {&CpuIdentity::leaf1_ecx, 13, "cx16"},       {&CpuIdentity::leaf1_ecx, 19, "sse4_1"},
      {&CpuIdentity::leaf1_ecx, 20, "sse4_2"},     {&CpuIdentity::leaf1_ecx, 22, "movbe"},
      {&CpuIdentity::leaf1_ecx, 23, "popcnt"},     {&CpuIdentity::leaf1_ecx, 25, "aes"},
      {&CpuIdentity::leaf1_ecx, 26, "xsave"},      {&CpuIdentity::leaf1_ecx, 28, "avx"},
      {&CpuIdentity::leaf1_ecx, 29, "f16c"},       {&CpuIdentity::leaf1_ecx, 30, "rdrand"},
      {&CpuIdentity::leaf7_ebx, 0, "fsgsbase"},    {&CpuIdentity::leaf7_ebx, 3, "bmi1"},
      {&CpuIdentity::leaf7_ebx, 5, "avx2"},        {&CpuIdentity::leaf7_ebx, 8, "bmi2"},
      {&CpuIdentity::leaf7_ebx, 9, "erms"},        {&CpuIdentity::leaf7_ebx, 16, "avx512f"},
      {&CpuIdentity::leaf7_ebx, 17, "avx512dq"},   {&CpuIdentity::leaf7_ebx, 18, "rdseed"},
      {&CpuIdentity::leaf7_ebx, 19, "adx"},        {&CpuIdentity::leaf7_ebx, 29, "sha_ni"},
      {&CpuIdentity::leaf7_ebx, 30, "avx512bw"},   {&CpuIdentity::leaf7_ebx, 31, "avx512vl"},
  };
  std::string text;
  for (const Flag& f : kFlags) {
    if ((id.*f.word >> f.bit & 1) != 0) text += std::string(text.empty() ? "" : " ") + f.name;
  }
  return text;
}

struct Population {
  usize tasks = 0, running = 0;
  Pid newest;
};
Population population(Task& reader) {
  Population p;
  ReadGuard tree(reader.kernel().process_tree);
  for (const Ref<Task>& task : reader.namespaces().pid->tasks()) {
    ++p.tasks;
    if (!task->is_parked()) ++p.running;
    p.newest = std::max(p.newest, Pid(reader.sees(task->tid())));
  }
  return p;
}

}  // namespace

Result<std::string> proc_cpuinfo(Task& reader) {
  static const CpuIdentity id = identify();
  const u32 cpus = reader.kernel().options().limits.cpus;
  std::string text;
  for (u32 cpu = 0; cpu < cpus; ++cpu) {
    text += fmt::format(
        "processor\t: {}\nvendor_id\t: {}\ncpu family\t: {}\nmodel\t\t: {}\nmodel name\t: {}\nstepping\t: {}\n"
        "physical id\t: 0\nsiblings\t: {}\ncore id\t\t: {}\ncpu cores\t: {}\napicid\t\t: {}\nfpu\t\t: yes\nwp\t\t: "
        "yes\n"
        "flags\t\t: {}\nclflush size\t: 64\ncache_alignment\t: 64\naddress sizes\t: 48 bits physical, 48 bits "
        "virtual\n\n",
        cpu, id.vendor.data(), id.family, id.model_number, id.model, id.stepping, cpus, cpu, cpus, cpu, cpu_flags(id));
  }
  return text;
}

Result<std::string> proc_devices(Task&) {
  return std::string("Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/ptmx\n136 pts\n\nBlock devices:\n");
}

Result<std::string> proc_filesystems(Task&) {
  std::string text;
  for (const std::string_view type : kFilesystemTypes) text += fmt::format("nodev\t{}\n", type);
  return text;
}

Result<std::string> proc_kernel_cmdline(Task&) { return std::string("limen\n"); }

Result<std::string> proc_kernel_stat(Task& reader) {
  const u32 cpus = reader.kernel().options().limits.cpus;
  const auto [user, system] = cpu_time_of_all(reader.kernel());
  constexpr u64 kTick = 10'000'000;
  const u64 up = reader.clock().boottime_ns() / kTick * cpus;
  const u64 busy = (user + system) / kTick;
  const u64 idle = up > busy ? up - busy : 0;
  std::string text = fmt::format("cpu  {} 0 {} {} 0 0 0 0 0 0\n", user / kTick, system / kTick, idle);
  for (u32 cpu = 0; cpu < cpus; ++cpu) {
    text += fmt::format("cpu{} {} 0 {} {} 0 0 0 0 0 0\n", cpu, user / kTick / cpus, system / kTick / cpus, idle / cpus);
  }
  const Population p = population(reader);
  const u64 boot =
      (reader.clock().realtime_ns() - seen_time(reader, TimerClock::boottime, reader.clock().boottime_ns())) /
      1'000'000'000;
  text += fmt::format("intr 0\nctxt 0\nbtime {}\nprocesses {}\nprocs_running {}\nprocs_blocked 0\n", boot,
                      p.newest.raw(), std::max<usize>(1, p.running));
  return text;
}

Result<std::string> proc_loadavg(Task& reader) {
  const Population p = population(reader);
  std::string text;
  for (const u64 mean : load_averages(reader.kernel())) {
    constexpr u64 kOne = u64{1} << LoadAverage::kShift;
    const u64 hundredths = (mean * 100 + kOne / 2) / kOne;
    text += fmt::format("{}.{:02} ", hundredths / 100, hundredths % 100);
  }
  return text + fmt::format("{}/{} {}\n", std::max<usize>(1, p.running), p.tasks, p.newest.raw());
}

Result<std::string> proc_meminfo(Task& reader) {
  Arena& arena = reader.kernel().arena();
  const u64 total = arena.limit() / 1024;
  const u64 used = std::min(arena.resident(), arena.limit()) / 1024;
  const u64 free = total - used;
  std::string text;
  const auto row = [&text](const char* name, u64 kib) {
    text += fmt::format("{:<16}{:8} kB\n", std::string(name) + ":", kib);
  };
  const auto zeroes = [&row](std::initializer_list<const char*> names) {
    for (const char* name : names) row(name, 0);
  };
  row("MemTotal", total), row("MemFree", free), row("MemAvailable", free);
  zeroes({"Buffers", "Cached", "SwapCached"});
  row("Active", used), row("Inactive", 0), row("Active(anon)", used);
  zeroes({"Inactive(anon)", "Active(file)", "Inactive(file)", "Unevictable", "Mlocked", "SwapTotal", "SwapFree",
          "Dirty", "Writeback"});
  row("AnonPages", used);
  zeroes({"Mapped", "Shmem", "KReclaimable", "Slab", "SReclaimable", "SUnreclaim", "KernelStack", "PageTables"});
  row("CommitLimit", arena.commit_limit() / 1024), row("Committed_AS", arena.committed.load() / 1024);
  row("VmallocTotal", 34359738367), row("VmallocUsed", 0), row("VmallocChunk", 0);
  text += "HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\n";
  row("Hugepagesize", 2048), row("Hugetlb", 0);
  return text;
}

Result<std::string> proc_swaps(Task&) { return std::string("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"); }

Result<std::string> proc_uptime(Task& reader) {
  const u64 ns = seen_time(reader, TimerClock::boottime, reader.clock().boottime_ns());
  const u64 cpus = reader.kernel().options().limits.cpus;
  const auto seconds = [](u64 t) { return fmt::format("{}.{:02}", t / 1'000'000'000, t / 10'000'000 % 100); };
  return seconds(ns) + " " + seconds(ns * cpus) + "\n";
}

Result<std::string> proc_version(Task&) {
  return fmt::format("Linux version {} (limen) {}\n", kLinuxRelease, kLinuxVersion);
}

Result<std::string> proc_vmstat(Task& reader) {
  Arena& arena = reader.kernel().arena();
  const u64 free = (arena.limit() - std::min(arena.limit(), arena.resident())) / kPageSize;
  std::string text = fmt::format("nr_free_pages {}\n", free);
  for (const char* name : {"pgpgin", "pgpgout", "pswpin", "pswpout", "pgfault", "pgmajfault"}) {
    text += fmt::format("{} 0\n", name);
  }
  return text;
}

}  // namespace limen
