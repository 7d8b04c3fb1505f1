// Filesystems that mount(2) and fsopen(2) make: tmpfs anew, the sandbox's own others (proc, sysfs, devpts, ...) once more.
#pragma once

#include <string_view>

#include "kernel/vfs/path.h"

namespace limen {

class Task;

// What is to be mounted, at its root: of a mount that is in no namespace. enodev, einval (options).
Result<Path> make_mountable(Task& task, std::string_view type, std::string_view options, u32 flags, std::string source);
// Is there a filesystem of this name? fsopen(2) asks before it knows the options.
bool is_mountable(Task& task, std::string_view type);

}  // namespace limen
