// Character devices by number (admin-guide/devices.txt): what open(2) of a device node gives, wherever the node is.
#pragma once

#include "base/ref.h"
#include "base/result.h"
#include "kernel/vfs/file.h"

namespace limen {

class Kernel;
class MountNamespace;

// enxio for numbers that nothing drives.
Result<Ref<File>> open_device(Task& task, const Path& path, Device device, u32 flags);

// Where /dev has a node of that number; enxio.
Result<Path> device_node(const MountNamespace& mounts, Device device);

// A memory device by that node, for a descriptor that no task opened; null for all other devices.
Ref<File> open_memory_device(const MountNamespace& mounts, Device device, u32 flags);

// /dev: mount it there. Its directories `pts` and `shm` are places for other filesystems.
Ref<Filesystem> make_devfs(Kernel& kernel);

}  // namespace limen
