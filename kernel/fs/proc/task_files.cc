#include "kernel/fs/proc/task_files.h"

#include <fmt/format.h>

#include "abi/fcntl.h"
#include "abi/resource.h"
#include "kernel/fs/proc/address_file.h"
#include "kernel/fs/proc/mem_file.h"
#include "kernel/fs/proc/page_map.h"
#include "kernel/fs/proc/proc_net.h"
#include "kernel/fs/proc/task_text.h"
#include "kernel/kernel.h"
#include "kernel/landlock/access.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

u64 proc_inode(Pid tid, TaskScope scope, std::string_view name) {
  u64 hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<u8>(c)) * 0x100000001b3;
  return (static_cast<u64>(tid.raw()) << 33) | (static_cast<u64>(scope) << 32) | (hash & 0xffffffff);
}

PseudoOwner owner_of(Task& task) {
  const Ref<const Credentials> cred = task.credentials_ref();
  return {cred->euid, cred->egid};
}

Result<void> may_inspect(Task& reader, Task& target) {
  if (&reader.group() == &target.group()) return success;
  const Credentials& mine = reader.credentials();
  const Ref<const Credentials> theirs = target.credentials_ref();
  if (!landlock::may_trace(mine, *theirs)) return Errno::eacces;
  const bool same = mine.fsuid == theirs->euid && mine.fsuid == theirs->uid && mine.fsuid == theirs->suid;
  return (same && mine.user_ns == theirs->user_ns) || mine.has_capability(theirs->user_ns.get(), Capability::sys_ptrace)
             ? Result<void>()
             : Errno::eacces;
}

const PidNamespace& pids_of(PseudoFilesystem& fs, Kernel& kernel) {
  const auto* view = static_cast<const ProcView*>(fs.companion());
  return view->pids ? *view->pids : *kernel.pids;
}

namespace {

Result<Ref<File>> file_of(Task& task, Fd fd) {
  const Ref<FdTable> files = task.files_ref();
  if (!files) return Errno::enoent;
  const Result<Ref<File>> found = files->get(fd);
  return found.ok() ? found : Errno::enoent;
}

std::string info_of(File& file, bool close_on_exec) {
  const u32 flags = file.flags() | (close_on_exec ? abi::o_cloexec : 0);
  const u32 mount = file.path().mount ? file.path().mount->id() : 0;
  const Result<Attributes> attributes = file.attributes();
  return fmt::format("pos:\t{}\nflags:\t0{:o}\nmnt_id:\t{}\nino:\t{}\n{}", file.position(), flags, mount,
                     attributes.ok() ? attributes->inode : 0, file.describe());
}

// fd/, fdinfo/: the descriptors of a task.
class FdDirectory final : public PseudoDirectory {
 public:
  enum class Kind : u8 { links, info };
  FdDirectory(PseudoFilesystem& fs, Ref<Task> task, Kind kind, u64 inode)
      : PseudoDirectory(fs, abi::s_ifdir | 0500, owner_of(*task), inode), task_(std::move(task)), kind_(kind) {}

  bool still_valid(std::string_view, const Inode*) override { return false; }
  // The size of fd/ is how many there are. Linux: proc_fd_getattr.
  Result<Attributes> attributes() override {
    Attributes a = TRY(PseudoDirectory::attributes());
    const Ref<FdTable> files = task_->files_ref();
    if (kind_ == Kind::links && files) a.size = files->list().size();
    return a;
  }
  Result<Ref<Inode>> lookup(std::string_view name) override;
  Result<std::vector<Entry>> list(Task& reader) override {
    TRY(may_inspect(reader, *task_));
    std::vector<Entry> entries;
    const Ref<FdTable> files = task_->files_ref();
    if (!files) return entries;
    const u32 type = (kind_ == Kind::links ? abi::s_iflnk : abi::s_ifreg) >> 12;
    for (const auto& [fd, file] : files->list()) {
      const std::string name = std::to_string(fd.raw());
      entries.push_back({name, proc_inode(task_->tid(), TaskScope::thread, "fd/" + name), type});
    }
    return entries;
  }

 private:
  const Ref<Task> task_;
  const Kind kind_;
};

Result<Ref<Inode>> FdDirectory::lookup(std::string_view name) {
  i32 number = 0;
  if (name.empty() || name.size() > 9 || (name.size() > 1 && name[0] == '0')) return Errno::enoent;
  for (const char c : name) {
    if (c < '0' || c > '9') return Errno::enoent;
    number = number * 10 + (c - '0');
  }
  const Ref<File> file = TRY(file_of(*task_, Fd(number)));
  // Names are cached: they hold the number and never the file, which would live longer by it.
  const auto get = [task = task_, fd = Fd(number)](Task& reader) -> Result<Ref<File>> {
    TRY(may_inspect(reader, *task));
    return file_of(*task, fd);
  };
  const u64 inode = proc_inode(task_->tid(), TaskScope::thread, "fd/" + std::string(name));
  if (kind_ == Kind::info) {
    auto render = [get, task = task_, fd = Fd(number)](Task& reader) -> Result<std::string> {
      const Ref<File> of = TRY(get(reader));
      const Ref<FdTable> table = task->files_ref();
      const bool cloexec = table && table->flags(fd).value_or(FdFlags::none) == FdFlags::close_on_exec;
      return info_of(*of, cloexec);
    };
    return Ref<Inode>(make_ref<PseudoText>(pseudo(), abi::s_ifreg | 0400, std::move(render), nullptr, owner_, inode));
  }
  auto target = [get](Task& reader) -> Result<std::string> {
    const Ref<File> to = TRY(get(reader));
    return path_name(reader, to->path());
  };
  auto magic = [get](Task& reader) -> Result<Path> {
    const Ref<File> to = TRY(get(reader));
    return to->path();
  };
  const u32 permissions = (file->readable() ? 0500 : 0) | (file->writable() ? 0300 : 0);
  constexpr u64 kSize = 64;  // what Linux tells of each
  return Ref<Inode>(make_ref<PseudoLink>(pseudo(), target, magic, permissions, owner_, inode, kSize));
}

// One row of /proc/PID, of /proc/PID/task/TID, or of both.
using Text = Result<std::string> (*)(Task& task);
using NumberText = Result<std::string> (*)(Task& task, const ProcReader& reader);
enum class Where : u8 { both, process, thread };
struct TextRow {
  const char* name;
  u32 permissions;
  bool private_to_owner;  // needs PTRACE_MODE_READ
  Text render;
  Where where = Where::both;
  NumberText numbers = nullptr;  // in place of render: what tells ids
};
constexpr TextRow kTexts[] = {
    {"auxv", 0400, true, proc_auxv},
    {"cgroup", 0444, false, proc_cgroup},
    {"children", 0444, false, nullptr, Where::thread, proc_children},
    {"cmdline", 0444, false, proc_cmdline},
    {"cpuset", 0444, false, proc_cpuset},
    {"environ", 0400, true, proc_environ},
    {"io", 0400, true, proc_io, Where::process},
    {"io", 0400, true, proc_thread_io, Where::thread},
    {"limits", 0444, false, proc_limits},
    {"loginuid", 0644, false, proc_no_audit_id},
    {"maps", 0444, true, proc_maps},
    {"mountinfo", 0444, false, proc_mountinfo},
    {"mounts", 0444, false, proc_mounts},
    {"mountstats", 0400, false, proc_mountstats, Where::process},
    {"oom_adj", 0644, false, proc_oom_adj},
    {"oom_score", 0444, false, proc_oom_score},
    {"personality", 0400, true, proc_personality},
    {"schedstat", 0444, false, proc_schedstat},
    {"sessionid", 0444, false, proc_no_audit_id},
    {"smaps", 0444, true, proc_smaps},
    {"smaps_rollup", 0444, true, proc_smaps_rollup},
    {"stat", 0444, false, nullptr, Where::process, proc_stat},
    {"stat", 0444, false, nullptr, Where::thread, proc_thread_stat},
    {"statm", 0444, false, proc_statm},
    {"status", 0444, false, nullptr, Where::both, proc_status},
    {"syscall", 0400, true, proc_syscall},
    {"wchan", 0444, false, proc_wchan},
};

Ref<Inode> make_text(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope, const TextRow& row) {
  auto render = [task, &row, &fs](Task& reader) -> Result<std::string> {
    if (row.private_to_owner) TRY(may_inspect(reader, *task));
    if (row.numbers != nullptr) return row.numbers(*task, {pids_of(fs, reader.kernel()), reader.credentials(), reader});
    return row.render(*task);
  };
  Ref<PseudoText> text = make_ref<PseudoText>(fs, abi::s_ifreg | row.permissions, std::move(render), nullptr,
                                              owner_of(*task), proc_inode(task->tid(), scope, row.name));
  const std::string_view name = row.name;
  if (name == "maps" || name.starts_with("mount")) text->set_records(PseudoText::Records::lines);
  if (name == "smaps") text->set_records(PseudoText::Records::mappings);
  if (name.starts_with("mount")) text->set_splice(PseudoInode::Splice::yes);
  return text;
}

// exe, cwd, root: links to where the task is.
using Place = Path (*)(Task& task);
Path where_exe(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  const Ref<File> file = mm ? mm->executable() : nullptr;
  return file ? file->path() : Path{};
}
Path where_cwd(Task& task) {
  const Ref<FsContext> fs = task.fs_ref();
  return fs ? fs->cwd() : Path{};
}
Path where_root(Task& task) {
  const Ref<FsContext> fs = task.fs_ref();
  return fs ? fs->root() : Path{};
}

Ref<Inode> make_where(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope, const char* name, Place where) {
  auto magic = [task, where](Task& reader) -> Result<Path> {
    TRY(may_inspect(reader, *task));
    Path path = where(*task);
    return path ? Result<Path>(std::move(path)) : Errno::enoent;
  };
  auto target = [magic](Task& reader) -> Result<std::string> {
    const Path path = TRY(magic(reader));
    return path_name(reader, path);
  };
  return make_ref<PseudoLink>(fs, target, magic, 0777, owner_of(*task), proc_inode(task->tid(), scope, name));
}

// /proc/PID/task.
class ThreadsDirectory final : public PseudoDirectory {
 public:
  ThreadsDirectory(PseudoFilesystem& fs, Ref<ThreadGroup> group, PseudoOwner owner, u64 inode)
      : PseudoDirectory(fs, abi::s_ifdir | 0555, owner, inode), group_(std::move(group)) {}
  bool still_valid(std::string_view, const Inode*) override { return false; }
  // Its links tell how many threads there are. Linux: proc_task_getattr.
  Result<Attributes> attributes() override {
    Attributes a = TRY(PseudoDirectory::attributes());
    a.links += members().size();
    return a;
  }
  Result<Ref<Inode>> lookup(std::string_view name) override {
    const PidNamespace& pids = pids_of(pseudo(), group_->kernel());
    for (const auto& [tid, task] : members()) {
      if (std::to_string(pids.number_of(tid)) == name) return make_task_directory(pseudo(), task, TaskScope::thread);
    }
    return Errno::enoent;
  }
  Result<std::vector<Entry>> list(Task&) override {
    const PidNamespace& pids = pids_of(pseudo(), group_->kernel());
    std::vector<Entry> entries;
    for (const auto& [tid, task] : members()) {
      entries.push_back(
          {std::to_string(pids.number_of(tid)), proc_inode(tid, TaskScope::thread, ""), abi::s_ifdir >> 12});
    }
    return entries;
  }

 private:
  std::map<Pid, Ref<Task>> members() {
    MutexGuard guard(group_->lock);
    return group_->members;
  }
  const Ref<ThreadGroup> group_;
};

Ref<Inode> make_memory(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_ref<AddressInode>(fs, 0600u, task, proc_inode(task->tid(), scope, "mem"), open_task_memory);
}
Ref<Inode> make_exe(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_where(fs, task, scope, "exe", where_exe);
}
Ref<Inode> make_cwd(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_where(fs, task, scope, "cwd", where_cwd);
}
Ref<Inode> make_root(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_where(fs, task, scope, "root", where_root);
}
Ref<Inode> make_fds(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_ref<FdDirectory>(fs, task, FdDirectory::Kind::links, proc_inode(task->tid(), scope, "fd"));
}
Ref<Inode> make_fd_info(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_ref<FdDirectory>(fs, task, FdDirectory::Kind::info, proc_inode(task->tid(), scope, "fdinfo"));
}
Ref<Inode> make_threads(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_ref<ThreadsDirectory>(fs, task->group_ref(), owner_of(*task), proc_inode(task->tid(), scope, "task"));
}
Ref<Inode> make_net(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_proc_net(fs, task->tid(), scope);
}

// What is more than a text.
struct SpecialRow {
  const char* name;
  u32 type;  // S_IF*
  Ref<Inode> (*make)(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);
  Where where = Where::both;
};
constexpr SpecialRow kSpecials[] = {
    {"clear_refs", abi::s_ifreg, make_clear_refs},
    {"comm", abi::s_ifreg, make_comm},
    {"cwd", abi::s_iflnk, make_cwd},
    {"exe", abi::s_iflnk, make_exe},
    {"fd", abi::s_ifdir, make_fds},
    {"fdinfo", abi::s_ifdir, make_fd_info},
    {"gid_map", abi::s_ifreg, make_gid_map},
    {"map_files", abi::s_ifdir, make_map_files, Where::process},
    {"mem", abi::s_ifreg, make_memory},
    {"net", abi::s_ifdir, make_net},
    {"ns", abi::s_ifdir, make_namespaces},
    {"oom_score_adj", abi::s_ifreg, make_oom_score_adj},
    {"pagemap", abi::s_ifreg, make_page_map},
    {"projid_map", abi::s_ifreg, make_project_map},
    {"root", abi::s_iflnk, make_root},
    {"setgroups", abi::s_ifreg, make_setgroups, Where::process},
    {"task", abi::s_ifdir, make_threads, Where::process},
    {"timens_offsets", abi::s_ifreg, make_time_offsets, Where::process},
    {"timerslack_ns", abi::s_ifreg, make_timer_slack, Where::process},
    {"uid_map", abi::s_ifreg, make_uid_map},
};

// Makes what is asked for when it is asked for: a walk through /proc/PID makes two inodes.
class TaskDirectory final : public PseudoDirectory {
 public:
  TaskDirectory(PseudoFilesystem& fs, Ref<Task> task, TaskScope scope)
      : PseudoDirectory(fs, abi::s_ifdir | 0555, owner_of(*task), proc_inode(task->tid(), scope, "")),
        task_(std::move(task)),
        scope_(scope) {}

  Result<Ref<Inode>> lookup(std::string_view name) override {
    for (const TextRow& row : kTexts) {
      if (row.name == name && is_here(row.where)) return make_text(fs_, task_, scope_, row);
    }
    for (const SpecialRow& row : kSpecials) {
      if (row.name == name && is_here(row.where)) return row.make(fs_, task_, scope_);
    }
    return Errno::enoent;
  }
  Result<std::vector<Entry>> list(Task&) override {
    std::vector<Entry> entries;
    const auto add = [&](const char* name, u32 type) {
      entries.push_back({name, proc_inode(task_->tid(), scope_, name), type >> 12});
    };
    for (const SpecialRow& row : kSpecials) {
      if (is_here(row.where)) add(row.name, row.type);
    }
    for (const TextRow& row : kTexts) {
      if (is_here(row.where)) add(row.name, abi::s_ifreg);
    }
    return entries;
  }
  Ref<Task> process() const { return scope_ == TaskScope::process ? task_ : Ref<Task>(); }

 private:
  bool is_here(Where where) const { return where != (scope_ == TaskScope::process ? Where::thread : Where::process); }
  const Ref<Task> task_;
  const TaskScope scope_;
};

}  // namespace

Ref<Inode> make_task_directory(PseudoFilesystem& fs, Ref<Task> task, TaskScope scope) {
  return make_ref<TaskDirectory>(fs, std::move(task), scope);
}

Ref<Task> process_of_directory(Inode& inode) {
  const auto* directory = dynamic_cast<TaskDirectory*>(&inode);
  return directory == nullptr ? Ref<Task>() : directory->process();
}

}  // namespace limen
