// /proc/PID/ns: a link for each namespace of a process, to a file that stands for it. Source: namespaces(7), fs/proc/namespaces.c.
#include "kernel/task/namespaces.h"
#include "abi/fcntl.h"
#include "kernel/fs/proc/nsfs.h"
#include "kernel/fs/proc/task_files.h"
#include "kernel/kernel.h"
#include "kernel/time/time_namespace.h"

namespace limen {
namespace {

struct NamespaceLink {
  const char* name;
  NamespaceKind kind;
};
constexpr NamespaceLink kNamespaceLinks[] = {
    {"cgroup", NamespaceKind::cgroup}, {"ipc", NamespaceKind::ipc},
    {"mnt", NamespaceKind::mount},     {"net", NamespaceKind::net},
    {"pid", NamespaceKind::pid},       {"pid_for_children", NamespaceKind::pid},
    {"time", NamespaceKind::time},     {"time_for_children", NamespaceKind::time},
    {"user", NamespaceKind::user},     {"uts", NamespaceKind::uts},
};

// enoent after the task's end, and for the namespace of children that has no init yet.
Result<Ref<Namespace>> namespace_of_row(Task& task, const NamespaceLink& row) {
  const Namespaces all = task.namespaces_ref();
  const Ref<const Credentials> cred = task.credentials_ref();
  if (row.kind == NamespaceKind::time && all.time)
    return Ref<Namespace>(std::string_view(row.name) == "time" ? all.time : all.time_children);
  Ref<Namespace> found = cred ? namespace_of(all, *cred, row.kind) : Ref<Namespace>();
  if (row.kind != NamespaceKind::pid || !found) return found ? Result<Ref<Namespace>>(found) : Errno::enoent;
  if (std::string_view(row.name) == "pid") return Ref<Namespace>(all.pid);
  ReadGuard tree(task.kernel().process_tree);
  const PidNamespace& children = *all.pid_children;
  return children.is_first() || children.init() != nullptr ? Result<Ref<Namespace>>(found) : Errno::enoent;
}

}  // namespace

Ref<Inode> make_namespaces(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  const PseudoOwner owner = owner_of(*task);
  Ref<FixedDirectory> dir =
      make_ref<FixedDirectory>(fs, abi::s_ifdir | 0511, owner, proc_inode(task->tid(), scope, "ns"));
  for (const NamespaceLink& row : kNamespaceLinks) {
    auto target = [task, &row](Task& reader) -> Result<std::string> {
      TRY(may_inspect(reader, *task));
      const Ref<Namespace> found = TRY(namespace_of_row(*task, row));
      return name_of_namespace(*found);
    };
    auto magic = [task, &row](Task& reader) -> Result<Path> {
      TRY(may_inspect(reader, *task));
      Ref<Namespace> found = TRY(namespace_of_row(*task, row));
      return path_of_namespace(reader.kernel(), std::move(found));
    };
    dir->put(row.name, make_ref<PseudoLink>(fs, target, magic, 0777, owner,
                                            proc_inode(task->tid(), scope, std::string("ns/") + row.name)));
  }
  return dir;
}

}  // namespace limen
