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
// Takes `group` out of its process group; returns the stopped members of process groups that this orphans, to be sent SIGHUP and SIGCONT.
std::vector<Ref<ThreadGroup>> leave_process_group(ThreadGroup& group);
// POSIX: no member has a parent in another group of the same session.
bool is_orphaned(const ProcessGroup& group);

}  // namespace limen
