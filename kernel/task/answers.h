// What guests may be told without entering the kernel (gate/entry.S answers; platform::GuestThread publishes).
//
// The words are written when a task starts to run or gets a new CPU, and again by whoever changes what they say, before that
// change is visible in any other way:
//
//   process, parent, group and session ids   under Kernel::process_tree, by publish_identity
//   user and group ids                       by the task itself, in Task::set_credentials
//
// A task gives no answers while somebody must see its calls: allowed_answers says so.
#pragma once

namespace limen {

class Task;
class ThreadGroup;

// All of it, for a task that is about to run. Takes process_tree.
void publish_answers(Task& task);
// Call when Task::call_work has changed: no answers while a filter or a tracer must see the task's calls. Any thread.
void settle_answers(Task& task);
// The identity of every task of the group; process_tree is held for writing.
void publish_identity(ThreadGroup& group);

}  // namespace limen
