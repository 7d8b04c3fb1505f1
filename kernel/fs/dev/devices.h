// Character devices by number (admin-guide/devices.txt): what open(2) of a device node gives, wherever the node is.
#pragma once

#include "base/ref.h"
#include "base/result.h"
#include "kernel/vfs/file.h"

namespace limen {

class Kernel;

// enxio for numbers that nothing drives.
Result<Ref<File>> open_device(Task& task, const Path& path, Device device, u32 flags);

// /dev: mount it there. Its directories `pts` and `shm` are places for other filesystems.
Ref<Filesystem> make_devfs(Kernel& kernel);

}  // namespace limen
