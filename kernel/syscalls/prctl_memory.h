// prctl(2) of a whole address space: kernel/syscalls/prctl.cc asks here first.
#pragma once

#include <optional>

#include "base/result.h"
#include "base/types.h"

namespace limen {

class Task;

struct PrctlArgs {
  u64 a2, a3, a4, a5;
  bool only_first() const { return a3 == 0 && a4 == 0 && a5 == 0; }
  bool none() const { return a2 == 0 && only_first(); }
};

// Nothing: the operation is of something else.
std::optional<Result<i64>> prctl_of_memory(Task& task, i32 op, const PrctlArgs& args);

}  // namespace limen
