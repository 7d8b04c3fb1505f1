// /sys: what programs ask of the machine's CPUs and memory; nothing of the host's devices. Source: sysfs(5).
#pragma once

#include "base/ref.h"
#include "kernel/vfs/inode.h"

namespace limen {

class Kernel;

// Mount it at /sys.
Ref<Filesystem> make_sysfs(Kernel& kernel);

}  // namespace limen
