// nsfs: the files that stand for namespaces, which /proc/PID/ns leads to. Source: fs/nsfs.c, ioctl_nsfs(2).
#pragma once

#include "kernel/cred/namespace.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/path.h"

namespace limen {

class Kernel;

// A path to `what`, which lives as long as somebody has it open or mounted.
Path path_of_namespace(Kernel& kernel, Ref<Namespace> what);
// "mnt:[4026531840]"
std::string name_of_namespace(const Namespace& what);
// Null for other files.
Ref<Namespace> namespace_of_file(File& file);

}  // namespace limen
