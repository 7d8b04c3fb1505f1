// /proc/PID/net: the sandbox's network as text. It has one interface, its own loopback.
#pragma once

#include "kernel/fs/proc/task_files.h"

namespace limen {

Ref<Inode> make_proc_net(PseudoFilesystem& fs, Pid tid, TaskScope scope);

}  // namespace limen
