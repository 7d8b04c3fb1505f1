// /sys/fs/cgroup: the limits of the sandbox as the one control group that its processes are in. A language's runtime sizes its heap and
// its pools by these files. Nothing can be set or made here. Source: Documentation/admin-guide/cgroup-v2.
#pragma once

#include "base/ref.h"
#include "kernel/vfs/inode.h"

namespace limen {

class Kernel;

// Mount it at /sys/fs/cgroup.
Ref<Filesystem> make_cgroupfs(Kernel& kernel);

}  // namespace limen
