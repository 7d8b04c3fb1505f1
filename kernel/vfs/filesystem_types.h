// The kinds of filesystem that there are, in the order in which /proc/filesystems and sysfs(2) tell them.
#pragma once

#include <string_view>

namespace limen {

inline constexpr std::string_view kFilesystemTypes[] = {"sysfs",  "tmpfs",  "proc",    "cgroup2", "devtmpfs", "pipefs",
                                                        "sockfs", "devpts", "overlay", "hostfs",  "mqueue"};

}  // namespace limen
