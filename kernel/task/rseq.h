// Restartable sequences: rseq(2). The host keeps a thread's area itself, since nobody else knows when it interrupts or moves the
// thread: the gate makes the host's call, on the kernel's word. What the kernel does is to keep the area's pages writable, through
// forks, too, as long as a thread is registered. Linux: kernel/rseq.c.
#pragma once

namespace limen {

class Task;

// The child of a fork has its maker's area, in its own memory. Before it runs.
void inherit_rseq(const Task& task, Task& child);
// [self] The thread ends, or gets a new program. May take a crossing: hold no lock.
void leave_rseq(Task& task);

}  // namespace limen
