// ptrace(2): a task as its tracer sees it. Source: ptrace(2), kernel/ptrace.c, kernel/signal.c:ptrace_stop.
//
// Who holds whom: a tracee names its tracer, and the tracer's ThreadGroup lists its tracees (both under process_tree). A tracer
// that ends lets go of all; a tracee that ends leaves when it has been waited for.
//
// A stop is a state of the Task: its own kernel thread sleeps in trace_stop, and while `stopped` is set and `lock` is held the
// tracer may use the tracee's registers. Nothing of a stop lives on a stack but the wait itself: the end of the process, a
// detaching tracer or a dying one takes the task out of it at once.
//
// While a task is traced its signals are not acted upon before the tracer has seen them: send.cc neither drops an ignored one
// nor ends the process for a fatal one.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "abi/ptrace.h"
#include "abi/signal.h"
#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/signal/signal.h"
#include "platform/platform.h"

namespace limen {

class Mm;
class Task;
class ThreadGroup;

// Why a tracee is stopped, as wait(2) and the requests tell of it.
struct TraceStop {
  enum class Kind : u8 { signal, group, entry, exit, seccomp, event, trap };
  Kind kind = Kind::event;
  int code = 0;          // the signal, and in the second byte the event
  bool has_info = true;  // a group stop of an attached task has none
  abi::SigInfo info{};
  u32 seccomp_data = 0;
};

class Tracing {
 public:
  bool traced() const { return traced_.load(std::memory_order_acquire); }
  bool has_option(u64 option) const { return (options_.load(std::memory_order_relaxed) & option) != 0; }
  bool seized() const { return seized_.load(std::memory_order_relaxed); }
  // A stop that is no signal's waits to be taken: PTRACE_INTERRUPT, a group stop, the first stop of a new tracee.
  bool trap_pending() const { return traced() && trap_.load(std::memory_order_acquire); }
  // Must a group stop still be taken? Once taken, the tracer lets the task run while its process counts as stopped.
  bool takes_group_stop() const { return !traced() || !group_stop_taken_.load(std::memory_order_acquire); }

  Pid forked_by;        // the thread whose fork made this process: who PTRACE_TRACEME means
  Ref<Task> tracer;     // under process_tree
  bool exited = false;  // under process_tree: a thread that the tracer has not waited for yet
  int exit_status = 0;  // its status, encoded for wait4(2)

  Mutex lock{LockRank::tracing};
  bool stopped GUARDED_BY(lock) = false;
  bool listening GUARDED_BY(lock) = false;  // PTRACE_LISTEN
  bool reported GUARDED_BY(lock) = false;   // wait(2) has told of this stop
  TraceStop stop GUARDED_BY(lock);
  u64 message GUARDED_BY(lock) = 0;  // PTRACE_GETEVENTMSG
  int injected GUARDED_BY(lock) = 0;
  bool forced_step GUARDED_BY(lock) = false;  // the trap flag in the registers is the tracer's, not the guest's
  u64 debug_addresses[4] GUARDED_BY(lock) = {};
  Ref<Mm> shown GUARDED_BY(lock);  // where no site is patched on our behalf

  std::atomic<bool> traced_{false}, seized_{false}, trap_{false}, group_stop_taken_{false};
  std::atomic<u64> options_{0};
};

// --- The tracee's side: by its own thread ------------------------------------------------------------------------------
// Stops and tells the tracer; the signal that the tracer lets it go on with. 0 at once where it is not traced.
int trace_stop(Task& task, const TraceStop& stop, u64 message);
// An event with a message: PTRACE_EVENT_*. Nothing where the tracer has not asked for it.
void trace_event(Task& task, u32 event, u64 message);
bool wants_event(Task& task, u32 event);
// A signal on its way: what is to be delivered instead, or nothing.
std::optional<SignalInfo> trace_signal(Task& task, const SignalInfo& info);
// Takes the trap that waits, or the group stop. The task goes on with its loop afterwards.
void take_trap(Task& task);
// A handler has been set up during a single step.
void trace_handler_entered(Task& task);
// SECCOMP_RET_TRACE: PTRACE_EVENT_SECCOMP with `data`; the tracer may change `call`. False where no tracer asked for it.
bool trace_seccomp(Task& task, u32 data, platform::Entry& call);
// The stops around a call. trace_entry: false where the call is not to be carried out.
bool trace_entry(Task& task, platform::Entry& call);
void trace_exit_of_call(Task& task, bool single_step, bool whole);
// execve has been carried out: the event, or SIGTRAP.
void trace_exec(Task& task, Pid old_tid);
// PTRACE_EVENT_EXIT, with the status that wait4 will tell; before anything is given back.
void trace_exit(Task& task);
// Clears the trap flag where it is the tracer's. Was it?
bool end_forced_step(Task& task);

// --- The tree ----------------------------------------------------------------------------------------------------------
// The text of a traced task is the file's own (docs/patching.md): after it has been linked to a tracer, and whenever a traced one
// has got or lost its address space. No lock of rank mm or above; blocks as an order to the host does.
void show_own_text(Task& tracee);
// May `who` look at or attach to `target`? Linux: __ptrace_may_access with real credentials. eperm.
Result<void> check_ptrace_access(Task& who, Task& target);
// execve under a tracer that may not trace what the program would become: set-user-ID bits do not count.
bool is_unsafely_traced(Task& task);
Result<void> trace_me(Task& task);
Result<void> attach(Task& tracer, Task& target, u64 options, bool seize);
// A new child of a tracee is a tracee from the start. Under process_tree; before it runs.
void inherit_tracer(Task& parent, Task& child);
// Under process_tree (write). The tracee goes on.
void unlink_tracee(Task& tracee);
// The task ends: its tracees go on, or die. Takes process_tree.
void release_tracees(Task& task);
// Is its end to be told to a tracer that is not its parent?
bool is_traced_by_other(Task& leader);

// A stop begins or is undone by SIGCONT: traced members hear of it. No locks held.
void trace_group_stop(ThreadGroup& group);
void trace_group_continue(ThreadGroup& group);

// --- The tracer's side -------------------------------------------------------------------------------------------------
Result<i64> ptrace_request(Task& task, i64 op, Task& target, u64 addr, u64 data);

}  // namespace limen
