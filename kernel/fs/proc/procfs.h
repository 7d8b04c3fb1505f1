// /proc: made from kernel objects at each read. Source: proc(5).
#pragma once

#include "base/ref.h"
#include "kernel/vfs/inode.h"

namespace limen {

class Kernel;
class PidNamespace;

// Shows the tasks of a pid namespace; null: the first. Mount it at /proc.
Ref<Filesystem> make_procfs(Kernel& kernel, Ref<PidNamespace> pids = nullptr);
// Whose tasks a filesystem of this type shows; null for the first.
Ref<PidNamespace> pids_shown_by(Filesystem& fs);

}  // namespace limen
