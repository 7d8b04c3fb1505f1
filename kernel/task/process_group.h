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
// A dead process leaves its process group, and refers to it still: getpgid(2) of a zombie answers.
void leave_process_group(ThreadGroup& group);
// The members of `left` if it has become orphaned with a stopped member, now that `link` is no parent in it any more (or
// is not the parent of a dead member any more): to be sent SIGHUP and SIGCONT.
std::vector<Ref<ThreadGroup>> stopped_orphans(const ProcessGroup& left, const ThreadGroup& link);
// POSIX: no member has a parent in another group of the same session.
bool is_orphaned(const ProcessGroup& group);

}  // namespace limen
