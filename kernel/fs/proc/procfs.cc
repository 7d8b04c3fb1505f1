#include "kernel/fs/proc/procfs.h"

#include <fmt/format.h>

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/fs/proc/ipc_text.h"
#include "kernel/fs/proc/sysctl.h"
#include "kernel/fs/proc/system_text.h"
#include "kernel/fs/proc/task_files.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"

namespace limen {
namespace {

// A task's number as a directory name; none for other names.
std::optional<Pid> number_of(std::string_view name) {
  i32 n = 0;
  if (name.empty() || name.size() > 9 || name[0] == '0') return std::nullopt;
  for (const char c : name) {
    if (c < '0' || c > '9') return std::nullopt;
    n = n * 10 + (c - '0');
  }
  return Pid(n);
}

// /proc itself: fixed files, and a directory for each process.
class ProcRoot final : public FixedDirectory {
 public:
  ProcRoot(PseudoFilesystem& fs, Kernel& kernel) : FixedDirectory(fs, abi::s_ifdir | 0555), kernel_(kernel) {}

  bool still_valid(std::string_view name, const Inode*) override { return !number_of(name); }

  Result<Ref<Inode>> lookup(std::string_view name) override {
    const std::optional<Pid> pid = number_of(name);
    if (!pid) return FixedDirectory::lookup(name);
    Ref<Task> task;
    if (kernel_.pids) {  // there are none while the mounts are made
      ReadGuard tree(kernel_.process_tree);
      task = pids_of(pseudo(), kernel_).find(*pid);
    }
    if (!task) return Errno::enoent;
    return make_task_directory(pseudo(), task, TaskScope::process);
  }

  Result<std::vector<Entry>> list(Task& task) override {
    std::vector<Entry> entries = TRY(FixedDirectory::list(task));
    ReadGuard tree(kernel_.process_tree);
    const PidNamespace& pids = pids_of(pseudo(), kernel_);
    for (const Ref<Task>& t : pids.tasks()) {
      if (!t->is_leader()) continue;
      entries.push_back(
          {std::to_string(pids.number_of(t->tid())), proc_inode(t->tid(), TaskScope::process, ""), abi::s_ifdir >> 12});
    }
    return entries;
  }

 private:
  Kernel& kernel_;
};

using Text = Result<std::string> (*)(Task& reader);
struct RootFile {
  const char* path;  // below /proc
  u32 permissions;
  Text render;
};
constexpr RootFile kRootFiles[] = {
    {"cmdline", 0444, proc_kernel_cmdline},  {"cpuinfo", 0444, proc_cpuinfo},
    {"devices", 0444, proc_devices},         {"filesystems", 0444, proc_filesystems},
    {"loadavg", 0444, proc_loadavg},         {"meminfo", 0444, proc_meminfo},
    {"stat", 0444, proc_kernel_stat},        {"swaps", 0444, proc_swaps},
    {"uptime", 0444, proc_uptime},           {"version", 0444, proc_version},
    {"vmstat", 0444, proc_vmstat},           {"sysvipc/msg", 0444, proc_sysvipc_msg},
    {"sysvipc/sem", 0444, proc_sysvipc_sem}, {"sysvipc/shm", 0444, proc_sysvipc_shm},
};

// What there is none of: the headers alone.
struct FixedFile {
  const char* path;
  const char* text;
};
constexpr FixedFile kFixedFiles[] = {
    {"cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"},
    {"consoles", ""},
    {"crypto", ""},
    {"diskstats", ""},
    {"execdomains", "0-0\tLinux           \t[kernel]\n"},
    {"fb", ""},
    {"interrupts", ""},
    {"iomem", ""},
    {"ioports", ""},
    {"misc", ""},
    {"modules", ""},
    {"partitions", "major minor  #blocks  name\n\n"},
    {"tty/drivers",
     "/dev/tty             /dev/tty        5       0 system:/dev/tty\n"
     "/dev/console         /dev/console    5       1 system:console\n"
     "/dev/ptmx            /dev/ptmx       5       2 system\n"
     "pty_slave            /dev/pts      136 0-1023 pty:slave\n"
     "pty_master           /dev/ptm      128 0-1023 pty:master\n"},
    {"tty/ldiscs", "n_tty       0\n"},
};

// Puts `inode` at a path of several names, making the directories between.
void put_at(FixedDirectory& root, std::string_view path, Ref<Inode> inode) {
  FixedDirectory* at = &root;
  for (usize slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    at = &at->directory(path.substr(0, slash), abi::s_ifdir | 0555);
    path.remove_prefix(slash + 1);
  }
  at->put(std::string(path), std::move(inode));
}

}  // namespace

Ref<Filesystem> make_procfs(Kernel& kernel, Ref<PidNamespace> pids) {
  constexpr u64 kMagic = 0x9fa0;  // PROC_SUPER_MAGIC
  Ref<PseudoFilesystem> fs = make_ref<PseudoFilesystem>("proc", kMagic);
  fs->set_companion(make_ref<ProcView>(std::move(pids)));
  PseudoFilesystem& own = *fs;
  Ref<ProcRoot> root = make_ref<ProcRoot>(*fs, kernel);
  const auto put = [&](const char* path, u32 permissions, PseudoText::Render render) {
    Ref<PseudoText> text = make_ref<PseudoText>(*fs, abi::s_ifreg | permissions, std::move(render));
    text->refuse_writes(Errno::eio);  // Linux: proc_reg_write
    const std::string_view name(path);
    if (name == "swaps" || name.starts_with("sysvipc/")) text->set_splice(PseudoInode::Splice::no);
    put_at(*root, path, std::move(text));
  };
  for (const FixedFile& fixed : kFixedFiles) {
    auto render = [text = fixed.text](Task&) -> Result<std::string> { return std::string(text); };
    put(fixed.path, 0444, render);
  }
  for (const RootFile& row : kRootFiles) put(row.path, row.permissions, row.render);
  // Whoever has no number here is not here. Linux: proc_self_get_link.
  root->put("self", make_ref<PseudoLink>(*fs, [&own](Task& reader) -> Result<std::string> {
              const i32 pid = pids_of(own, reader.kernel()).number_of(reader.group().pid());
              return pid != 0 ? Result<std::string>(std::to_string(pid)) : Errno::enoent;
            }));
  root->put("thread-self", make_ref<PseudoLink>(*fs, [&own](Task& reader) -> Result<std::string> {
              const PidNamespace& pids = pids_of(own, reader.kernel());
              const i32 pid = pids.number_of(reader.group().pid()), tid = pids.number_of(reader.tid());
              return pid != 0 && tid != 0 ? Result<std::string>(fmt::format("{}/task/{}", pid, tid)) : Errno::enoent;
            }));
  root->put("mounts",
            make_ref<PseudoLink>(*fs, [](Task&) -> Result<std::string> { return std::string("self/mounts"); }));
  root->put("net", make_ref<PseudoLink>(*fs, [](Task&) -> Result<std::string> { return std::string("self/net"); }));
  root->put("sys", make_ref<LazyDirectory>(*fs, abi::s_ifdir | 0555, [&own](FixedDirectory& sys) {
              make_sysctls(own, [&](std::string_view path, Ref<Inode> inode) { put_at(sys, path, std::move(inode)); });
            }));
  fs->set_root(root);
  return fs;
}

Ref<PidNamespace> pids_shown_by(Filesystem& fs) {
  const auto* pseudo = dynamic_cast<PseudoFilesystem*>(&fs);
  const auto* view = pseudo == nullptr ? nullptr : dynamic_cast<const ProcView*>(pseudo->companion());
  return view == nullptr ? nullptr : view->pids;
}

}  // namespace limen
