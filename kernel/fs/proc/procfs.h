// /proc: made from kernel objects at each read. Source: proc(5).
#pragma once

#include "base/ref.h"
#include "kernel/vfs/inode.h"

namespace limen {

class Kernel;

// Shows the tasks of the kernel's pid namespace. Mount it at /proc.
Ref<Filesystem> make_procfs(Kernel& kernel);

}  // namespace limen
