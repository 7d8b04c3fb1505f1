// execve(2): a new program in the place of the old.
#pragma once

#include <string>
#include <vector>

#include "base/ref.h"
#include "base/result.h"
#include "kernel/vfs/path.h"

namespace limen {

class Task;

struct ExecRequest {
  i32 dirfd = -100;  // AT_FDCWD
  std::string path;
  std::vector<std::string> argv, envp;
  u32 flags = 0;                    // AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
  std::string missing_interpreter;  // after a failure: the interpreter that could not be opened, where it was that
};

// Replaces the task's program. On an error before the old address space is given up the task goes on as it was. `task` may be
// one that has not run yet (the first process). Blocks for siblings to leave.
Result<void> exec(Task& task, ExecRequest& request);

}  // namespace limen
