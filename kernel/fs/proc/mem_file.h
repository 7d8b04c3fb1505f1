// /proc/PID/mem: another process's memory as a file. Source: proc(5), fs/proc/base.c:mem_rw.
//
// The position is an address. Reading and writing pass page protection as ptrace(2) does (Linux's FOLL_FORCE); a write to a
// private page gives its process a copy. EIO where nothing is mapped. The file stands for the memory that the process had at
// open(2): after an execve or its end reads and writes are of 0 bytes.
#pragma once

#include "kernel/vfs/file.h"

namespace limen {

class Task;

// The permission to inspect `target` has been checked.
Ref<File> open_task_memory(const Path& path, u32 flags, Ref<Task> target);

}  // namespace limen
