#include "kernel/fs/proc/task_files.h"

#include <fmt/format.h>

#include "abi/fcntl.h"
#include "abi/resource.h"
#include "kernel/fs/proc/task_text.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

u64 proc_inode(Pid tid, TaskScope scope, std::string_view name) {
  u64 hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<u8>(c)) * 0x100000001b3;
  return (static_cast<u64>(tid.raw()) << 33) | (static_cast<u64>(scope) << 32) | (hash & 0xffffffff);
}

namespace {

PseudoOwner owner_of(Task& task) {
  const Ref<const Credentials> cred = task.credentials_ref();
  return {cred->euid, cred->egid};
}

// PTRACE_MODE_READ: who may look inside another process. eacces.
Result<void> may_inspect(Task& reader, Task& target) {
  if (&reader.group() == &target.group()) return success;
  const Credentials& mine = reader.credentials();
  const Ref<const Credentials> theirs = target.credentials_ref();
  const bool same = mine.fsuid == theirs->euid && mine.fsuid == theirs->uid && mine.fsuid == theirs->suid;
  return same || mine.capable(Capability::sys_ptrace) ? Result<void>() : Errno::eacces;
}

// fd/, fdinfo/: the descriptors of a task.
class FdDirectory final : public PseudoDirectory {
 public:
  enum class Kind : u8 { links, info };
  FdDirectory(PseudoFilesystem& fs, Ref<Task> task, Kind kind, u64 inode)
      : PseudoDirectory(fs, abi::s_ifdir | 0500, owner_of(*task), inode), task_(std::move(task)), kind_(kind) {}

  bool still_valid(std::string_view, const Inode*) override { return false; }
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
  const Ref<FdTable> files = task_->files_ref();
  if (!files) return Errno::enoent;
  const Result<Ref<File>> found = files->get(Fd(number));
  if (!found.ok()) return Errno::enoent;
  const Ref<File> file = *found;
  const Ref<Task> task = task_;
  const u64 inode = proc_inode(task_->tid(), TaskScope::thread, "fd/" + std::string(name));
  if (kind_ == Kind::info) {
    auto render = [task, file, fd = Fd(number)](Task& reader) -> Result<std::string> {
      TRY(may_inspect(reader, *task));
      const Ref<FdTable> table = task->files_ref();
      const bool cloexec = table && table->flags(fd).value_or(FdFlags::none) == FdFlags::close_on_exec;
      const u32 flags = file->flags() | (cloexec ? abi::o_cloexec : 0);
      const u32 mount = file->path().mount ? file->path().mount->id() : 0;
      return fmt::format("pos:\t{}\nflags:\t0{:o}\nmnt_id:\t{}\nino:\t{}\n{}", file->position(), flags, mount,
                         file->attributes().ok() ? file->attributes()->inode : 0, file->describe());
    };
    return Ref<Inode>(make_ref<PseudoText>(pseudo(), abi::s_ifreg | 0400, std::move(render), nullptr, owner_, inode));
  }
  auto target = [task, file](Task& reader) -> Result<std::string> {
    TRY(may_inspect(reader, *task));
    return path_name(reader, file->path());
  };
  auto magic = [task, file](Task& reader) -> Result<Path> {
    TRY(may_inspect(reader, *task));
    return file->path();
  };
  const u32 permissions = (file->readable() ? 0500 : 0) | (file->writable() ? 0300 : 0) | 0100;
  return Ref<Inode>(make_ref<PseudoLink>(pseudo(), target, magic, permissions, owner_, inode));
}

// One row of /proc/PID.
using Text = Result<std::string> (*)(Task& task);
struct TextRow {
  const char* name;
  u32 permissions;
  bool private_to_owner;  // needs PTRACE_MODE_READ
  Text render;
};
constexpr TextRow kTexts[] = {
    {"auxv", 0400, true, proc_auxv},
    {"cgroup", 0444, false, proc_cgroup},
    {"cmdline", 0444, false, proc_cmdline},
    {"environ", 0400, true, proc_environ},
    {"limits", 0444, false, proc_limits},
    {"maps", 0444, true, proc_maps},
    {"mountinfo", 0444, false, proc_mountinfo},
    {"mounts", 0444, false, proc_mounts},
    {"oom_score", 0444, false, proc_oom_score},
    {"smaps", 0444, true, proc_smaps},
    {"stat", 0444, false, proc_stat},
    {"statm", 0444, false, proc_statm},
    {"status", 0444, false, proc_status},
    {"wchan", 0444, false, proc_wchan},
    {"io", 0400, true, proc_io},
    {"personality", 0400, true, proc_personality},
};

Ref<Inode> make_text(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope, const TextRow& row) {
  auto render = [task, &row](Task& reader) -> Result<std::string> {
    if (row.private_to_owner) TRY(may_inspect(reader, *task));
    return row.render(*task);
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | row.permissions, std::move(render), nullptr, owner_of(*task),
                              proc_inode(task->tid(), scope, row.name));
}

Ref<Inode> make_comm(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  auto render = [task](Task&) -> Result<std::string> { return task->name() + "\n"; };
  auto store = [task](Task& writer, std::string_view text) -> Result<void> {
    if (&writer.group() != &task->group()) return Errno::einval;
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    task->set_name(text);
    return success;
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0644, render, store, owner_of(*task),
                              proc_inode(task->tid(), scope, "comm"));
}

Ref<Inode> make_oom_score_adj(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  auto render = [task](Task&) -> Result<std::string> {
    return fmt::format("{}\n", task->group().oom_score_adj.load());
  };
  auto store = [task](Task& writer, std::string_view text) -> Result<void> {
    const int value = std::atoi(std::string(text).c_str());
    if (value < -1000 || value > 1000) return Errno::einval;
    if (value < task->group().oom_score_adj && !writer.credentials().capable(Capability::sys_resource))
      return Errno::eacces;
    task->group().oom_score_adj = value;
    return success;
  };
  return make_ref<PseudoText>(fs, abi::s_ifreg | 0644, render, store, owner_of(*task),
                              proc_inode(task->tid(), scope, "oom_score_adj"));
}

// exe, cwd, root: links to where the task is.
using Where = Path (*)(Task& task);
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

Ref<Inode> make_where(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope, const char* name, Where where) {
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
  Result<Ref<Inode>> lookup(std::string_view name) override {
    for (const auto& [tid, task] : members()) {
      if (std::to_string(tid.raw()) == name) return make_task_directory(pseudo(), task, TaskScope::thread);
    }
    return Errno::enoent;
  }
  Result<std::vector<Entry>> list(Task&) override {
    std::vector<Entry> entries;
    for (const auto& [tid, task] : members()) {
      entries.push_back({std::to_string(tid.raw()), proc_inode(tid, TaskScope::thread, ""), abi::s_ifdir >> 12});
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

class TaskDirectory final : public FixedDirectory {
 public:
  using FixedDirectory::FixedDirectory;
};

}  // namespace

Ref<Inode> make_task_directory(PseudoFilesystem& fs, Ref<Task> task, TaskScope scope) {
  const Pid tid = task->tid();
  const auto number = [&](const char* name) { return proc_inode(tid, scope, name); };
  Ref<TaskDirectory> dir = make_ref<TaskDirectory>(fs, abi::s_ifdir | 0555, owner_of(*task), number(""));
  for (const TextRow& row : kTexts) dir->put(row.name, make_text(fs, task, scope, row));
  dir->put("comm", make_comm(fs, task, scope));
  dir->put("oom_score_adj", make_oom_score_adj(fs, task, scope));
  dir->put("exe", make_where(fs, task, scope, "exe", where_exe));
  dir->put("cwd", make_where(fs, task, scope, "cwd", where_cwd));
  dir->put("root", make_where(fs, task, scope, "root", where_root));
  dir->put("fd", make_ref<FdDirectory>(fs, task, FdDirectory::Kind::links, number("fd")));
  dir->put("fdinfo", make_ref<FdDirectory>(fs, task, FdDirectory::Kind::info, number("fdinfo")));
  if (scope == TaskScope::process) {
    dir->put("task", make_ref<ThreadsDirectory>(fs, task->group_ref(), owner_of(*task), number("task")));
  }
  return dir;
}

}  // namespace limen
