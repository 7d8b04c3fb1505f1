#include "kernel/fs/sys/sysfs.h"

#include <fmt/format.h>

#include "abi/fcntl.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"

namespace limen {
namespace {

// Fixed texts and directories by path; directories between are made on the way.
class Builder {
 public:
  Builder(PseudoFilesystem& fs, FixedDirectory& root) : fs_(fs), root_(root) {}
  void text(std::string_view path, std::string value) {
    const usize slash = path.rfind('/');
    auto render = [value](Task&) -> Result<std::string> { return value; };
    directory(path.substr(0, slash))
        .put(std::string(path.substr(slash + 1)), make_ref<PseudoText>(fs_, abi::s_ifreg | 0444, render));
  }
  FixedDirectory& directory(std::string_view path) {
    FixedDirectory* at = &root_;
    while (!path.empty()) {
      const usize slash = path.find('/');
      at = &at->directory(path.substr(0, slash), abi::s_ifdir | 0755);
      path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return *at;
  }

 private:
  PseudoFilesystem& fs_;
  FixedDirectory& root_;
};

struct Loopback {
  const char* name;
  const char* text;
};
constexpr Loopback kLoopback[] = {
    {"address", "00:00:00:00:00:00\n"},
    {"addr_len", "6\n"},
    {"carrier", "1\n"},
    {"dev_id", "0x0\n"},
    {"flags", "0x9\n"},
    {"ifindex", "1\n"},
    {"mtu", "65536\n"},
    {"operstate", "unknown\n"},
    {"type", "772\n"},
    {"iflink", "1\n"},
    {"tx_queue_len", "1000\n"},
};

Result<std::string> node_memory(Task& reader) {
  Arena& arena = reader.kernel().arena();
  const u64 total = arena.limit() / 1024, used = std::min(arena.resident(), arena.limit()) / 1024;
  return fmt::format("Node 0 MemTotal:       {} kB\nNode 0 MemFree:        {} kB\nNode 0 MemUsed:        {} kB\n",
                     total, total - used, used);
}

void fill_devices(PseudoFilesystem& fs, FixedDirectory& devices, const KernelLimits& limits) {
  Builder build(fs, devices);
  const u32 cpus = limits.cpus;
  const std::string all_cpus = fmt::format("{:x}\n", limits.all_cpus());
  const std::string range = cpus == 1 ? "0\n" : fmt::format("0-{}\n", cpus - 1);
  for (const char* name : {"online", "possible", "present"}) build.text(fmt::format("system/cpu/{}", name), range);
  build.text("system/cpu/offline", "\n");
  build.text("system/cpu/kernel_max", fmt::format("{}\n", cpus - 1));
  for (u32 cpu = 0; cpu < cpus; ++cpu) {
    const std::string base = fmt::format("system/cpu/cpu{}/", cpu);
    build.text(base + "online", "1\n");
    build.text(base + "topology/core_id", fmt::format("{}\n", cpu));
    build.text(base + "topology/physical_package_id", "0\n");
    build.text(base + "topology/core_siblings_list", range);
    build.text(base + "topology/package_cpus_list", range);
    build.text(base + "topology/thread_siblings_list", fmt::format("{}\n", cpu));
    build.text(base + "topology/core_cpus_list", fmt::format("{}\n", cpu));
    build.text(base + "topology/thread_siblings", fmt::format("{:x}\n", u64{1} << cpu));
    build.text(base + "topology/core_siblings", all_cpus);
  }
  for (const char* name : {"online", "possible", "has_cpu", "has_memory", "has_normal_memory"})
    build.text(fmt::format("system/node/{}", name), "0\n");
  build.text("system/node/node0/cpulist", range);
  build.text("system/node/node0/cpumap", all_cpus);
  build.text("system/node/node0/distance", "10\n");
  build.directory("system/node/node0").put("meminfo", make_ref<PseudoText>(fs, abi::s_ifreg | 0444, node_memory));
}

void fill_kernel(PseudoFilesystem& fs, FixedDirectory& kernel) {
  Builder build(fs, kernel);
  for (const char* name : {"enabled", "defrag"})
    build.text(fmt::format("mm/transparent_hugepage/{}", name), "always madvise [never]\n");
  build.text("mm/transparent_hugepage/shmem_enabled", "always within_size advise [never] deny force\n");
  build.text("mm/transparent_hugepage/use_zero_page", "0\n");
  build.text("mm/transparent_hugepage/hpage_pmd_size", "2097152\n");
}

void fill_class(PseudoFilesystem& fs, FixedDirectory& of_class) {
  Builder build(fs, of_class);
  for (const Loopback& row : kLoopback) build.text(std::string("net/lo/") + row.name, row.text);
  for (const char* empty : {"block", "tty"}) build.directory(empty);
}

}  // namespace

Ref<Filesystem> make_sysfs(Kernel& kernel) {
  constexpr u64 kMagic = 0x62656572;  // SYSFS_MAGIC
  Ref<PseudoFilesystem> fs = make_ref<PseudoFilesystem>("sysfs", kMagic);
  Ref<FixedDirectory> root = make_ref<FixedDirectory>(*fs, abi::s_ifdir | 0555);
  PseudoFilesystem& own = *fs;
  const auto lazily = [&](const char* name, LazyDirectory::Fill fill) {
    root->put(name, make_ref<LazyDirectory>(own, abi::s_ifdir | 0755, std::move(fill)));
  };
  lazily("devices", [&own, &limits = kernel.options().limits](FixedDirectory& at) { fill_devices(own, at, limits); });
  lazily("kernel", [&own](FixedDirectory& at) { fill_kernel(own, at); });
  lazily("class", [&own](FixedDirectory& at) { fill_class(own, at); });
  Builder build(own, *root);
  for (const char* empty : {"fs/cgroup", "block", "bus", "dev/block", "dev/char", "firmware", "module", "power"})
    build.directory(empty);
  fs->set_root(root);
  return fs;
}

}  // namespace limen
