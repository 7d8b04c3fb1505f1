// The end of tasks and processes. Source: kernel/exit.c, wait(2), credentials(7).
#pragma once

#include <vector>

#include "base/ref.h"
#include "base/result.h"
#include "base/types.h"
#include "kernel/signal/signal.h"

namespace limen {

class Kernel;
class Task;
class ThreadGroup;

// A status as wait4(2) encodes it.
constexpr int exited_status(int code) { return (code & 0xff) << 8; }
constexpr int killed_status(int signo, bool core = false) { return signo | (core ? 0x80 : 0); }

// exit_group(2), a fatal signal: the first status wins; every thread of the group is told to leave.
void begin_group_exit(ThreadGroup& group, int wait_status);

// The last act of a task, by its own kernel thread: gives back what it holds, tells parent and waiters. The guest thread is gone when it
// returns. Blocks shortly for the host.
void exit_task(Task& task);

// A dead process that its tracer has seen is its parent's now. Under process_tree.
void tell_parent_of_end(ThreadGroup& group);

// Zombies are taken from the tree here (wait(2), or at once when the parent ignores SIGCHLD). Under process_tree.
void reap(Kernel& kernel, ThreadGroup& child);

}  // namespace limen
