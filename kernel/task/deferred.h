// Work that is found under locks which it must not run under: the signal of a SIGIO, of a broken lease, of dnotify.
//
//   defer(kernel, Ref<RefCounted>(this), [this] { deliver(); });   // under any lock
//
// A thread that serves a task runs it before its call returns to the guest or sleeps (so a guest that writes into a pipe has its
// own SIGIO when write(2) returns); on any other thread it goes to the timer thread. Works are run in order, without locks.
#pragma once

#include <functional>

#include "base/ref.h"

namespace limen {

class Kernel;
class Task;

void defer(Kernel& kernel, Ref<RefCounted> owner, std::function<void()> work);
// The same for a reference that may be the last, where its end takes locks: dropped by the thread that serves a task, before its call
// returns; at once on any other. Linux: fput.
void release_later(Ref<RefCounted> last);

// For a reference whose end nobody can see: dropped when the guest has its answer and runs on; at once on a thread that serves no task.
void drop_after_answer(Ref<RefCounted> last);
// By the thread that serves a task, after each answer.
void drop_what_waits();

// The task whose call this thread serves; null on the kernel's own threads. For File::poll of a signalfd, whose answer depends on who
// asks (as Linux's signalfd_poll asks `current`), and for whose doing an event is (kernel/vfs/notify.h); whoever has a Task& uses that.
Task* polling_task();

// While it lives, what this thread defers is kept here; its end runs it. Scopes do not nest.
class DeferredScope {
 public:
  explicit DeferredScope(Task& task);
  ~DeferredScope();
  DeferredScope(const DeferredScope&) = delete;
  DeferredScope& operator=(const DeferredScope&) = delete;
};

// Before a sleep: with no lock held.
void run_deferred();

}  // namespace limen
