// pidfd_open(2): a descriptor that refers to a process or a thread; readable once it has ended.
#pragma once

#include "base/ref.h"
#include "base/result.h"
#include "kernel/task/task.h"
#include "kernel/vfs/file.h"

namespace limen {

enum class PidfdTarget : u8 { process, thread };

Result<Ref<File>> open_pidfd(Task& opener, Ref<Task> target, PidfdTarget kind, u32 flags = 0);
// The task that a pidfd refers to; ebadf for other files.
Result<Ref<Task>> task_of_pidfd(File& file);

}  // namespace limen
