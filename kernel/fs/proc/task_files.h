// The files of /proc/PID and /proc/PID/task/TID: one function each, one row each.
#pragma once

#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/task/pid_namespace.h"

namespace limen {

class Kernel;
class Task;

enum class TaskScope : u8 { process, thread };

// The directory of one task.
Ref<Inode> make_task_directory(PseudoFilesystem& fs, Ref<Task> task, TaskScope scope);

// Whose directory of /proc this is; null for other inodes.
Ref<Task> process_of_directory(Inode& inode);

// A stable inode number for `name` of task `tid`: the same at each lookup.
u64 proc_inode(Pid tid, TaskScope scope, std::string_view name);

PseudoOwner owner_of(Task& task);
// PTRACE_MODE_READ: who may look inside another process. eacces.
Result<void> may_inspect(Task& reader, Task& target);

// What a mount of proc shows: the tasks of a pid namespace, null for the first.
struct ProcView final : RefCounted {
  explicit ProcView(Ref<PidNamespace> pids) : pids(std::move(pids)) {}
  const Ref<PidNamespace> pids;
};
const PidNamespace& pids_of(PseudoFilesystem& fs, Kernel& kernel);

// id_maps.cc: uid_map, gid_map, projid_map, setgroups.
Ref<Inode> make_uid_map(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);
Ref<Inode> make_gid_map(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);
Ref<Inode> make_project_map(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);
Ref<Inode> make_setgroups(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);

// namespaces.cc: ns/, and what its links lead to.
Ref<Inode> make_namespaces(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);

// task_settings.cc: what can be written.
Ref<Inode> make_clear_refs(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);
Ref<Inode> make_comm(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);
Ref<Inode> make_oom_score_adj(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);
Ref<Inode> make_time_offsets(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);
Ref<Inode> make_timer_slack(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope);

}  // namespace limen
