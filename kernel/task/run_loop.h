// The life of a task in the kernel: enter, answer, return, until it ends.
#pragma once

#include "base/ref.h"

namespace limen {

class Task;

// Body of the kernel thread that serves `task`. Returns when the task has ended and its guest thread is gone.
void run_task(Ref<Task> task);

}  // namespace limen
