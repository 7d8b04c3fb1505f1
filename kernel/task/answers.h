// What guests may be told without entering the kernel (gate/entry.S answers; platform::GuestThread publishes).
//
// The words are written when a task starts to run or gets a new CPU, and again by whoever changes what they say, before that
// change is visible in any other way:
//
//   process, parent, group and session ids   under Kernel::process_tree, by publish_identity
//   user and group ids                       by the task itself, in Task::set_credentials
//   limits of resources                      under the group's lock, by publish_limits
//   signals with their default action        by the task itself; only while nobody shares its handlers
//   the alternate stack                      by the task itself; its CPUs (Task::confine) by whoever changes them
//   names of uname(2)                        for all, in the public page, by the first UTS namespace
//   the file that was opened last            by the task itself (kernel/vfs/opened.h)
//
// The mask of blocked signals and the head of the robust list are the guest's to change (platform::GuestThread::mask).
// A task gives no answers while somebody must see its calls: allowed_answers says so.
#pragma once

namespace limen {

class Task;
class ThreadGroup;

// All of it, for a task that is about to run. Takes process_tree.
void publish_answers(Task& task);
// Call when Task::call_work has changed: no answers while a filter or a tracer must see the task's calls. Any thread.
void settle_answers(Task& task);
// The limits of the group, for all its tasks.
void publish_limits(ThreadGroup& group);
void publish_default_actions(Task& task);
void publish_alternate_stack(Task& task);
// The identity of every task of the group; process_tree is held for writing.
void publish_identity(ThreadGroup& group);

}  // namespace limen
