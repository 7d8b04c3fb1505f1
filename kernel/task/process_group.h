// Process groups and sessions: setpgid(2), setsid(2), credentials(7). All under Kernel::process_tree.
#pragma once

#include <vector>

#include "base/ref.h"
#include "base/result.h"
#include "kernel/task/thread_group.h"

namespace limen {

// Makes `group` a member of a new session and process group of its own number.
void start_session(Kernel& kernel, ThreadGroup& group);
void join_process_group(ThreadGroup& group, Ref<ProcessGroup> to);
// A zombie stays a member until it is reaped.
void leave_process_group(ThreadGroup& group);
// The members of `group`, to be sent SIGHUP and SIGCONT, where the end of `parent`'s tie to it (it died, or its child did) has
// just orphaned it and one of them is stopped. Linux: kill_orphaned_pgrp.
std::vector<Ref<ThreadGroup>> orphaned_by(const ThreadGroup& parent, const ProcessGroup& group);
// kill(2) of a process group, 0 for the sender's own: success when one member could be reached. esrch, eperm, einval. Takes
// process_tree itself.
Result<void> signal_process_group(Task& sender, Pid id, const SignalInfo& info);
// POSIX: no member has a parent in another group of the same session.
bool is_orphaned(const ProcessGroup& group);

}  // namespace limen
