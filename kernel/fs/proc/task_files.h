// The files of /proc/PID and /proc/PID/task/TID: one function each, one row each.
#pragma once

#include "kernel/fs/pseudo/pseudo.h"

namespace limen {

class Kernel;
class Task;

enum class TaskScope : u8 { process, thread };

// The directory of one task.
Ref<Inode> make_task_directory(PseudoFilesystem& fs, Ref<Task> task, TaskScope scope);

// A stable inode number for `name` of task `tid`: the same at each lookup.
u64 proc_inode(Pid tid, TaskScope scope, std::string_view name);

}  // namespace limen
