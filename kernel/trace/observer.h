// Who watches the calls of a sandbox, and who changes them: the one place where both are asked.
//
// KernelOptions names at most one of each; then every task has call_work::observe from its start, the gate answers none of its
// calls (kernel/task/answers.h), and the slow way around dispatch asks them. Without them nothing here costs anything.
//
// What an Observer is told is the kernel's own: the words of the call as they were taken out of the slot, once. Guest memory that
// they point to may change at any moment; an observer that reads it does so once, within a bound, and shows it as hearsay.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ref.h"
#include "base/types.h"

namespace limen {

class Task;
struct SignalInfo;
namespace platform {
struct Entry;
}

// All by the task's own kernel thread with no lock held, but for task_started and first_program: by the maker, before the task
// runs. They may block (for the reader of what they write), not for good: a task that must die is let go.
class Observer : public RefCounted {
 public:
  // By an Injector; `refused` by a filter of seccomp. A set.
  enum Touched : u8 { untouched = 0, answered = 1, delayed = 2, signalled = 4, refused = 8, poked = 16 };

  virtual void call_entered(Task& task, const platform::Entry& call) = 0;
  // `value` as the handler gave it: -errno, the restart errnos too. Not told of calls that do not come back: exit, a fatal signal.
  virtual void call_left(Task& task, const platform::Entry& call, i64 value, u8 touched) = 0;
  virtual void signal_taken(Task& task, const SignalInfo& info) = 0;
  virtual void task_stopped(Task& task, Signal by) = 0;
  virtual void task_started(Task& task, Task* maker) = 0;  // null: the first one
  // What the front end asked to run, as if a call had asked for it.
  virtual void first_program(Task& task, const std::string& path, const std::vector<std::string>& argv,
                             const std::vector<std::string>& envp) = 0;
  virtual void program_started(Task& task, Pid old_tid) = 0;  // execve has been carried out
  // `wait_status` as for wait4(2); `superseded`: a sibling's execve took this thread away.
  virtual void task_ended(Task& task, int wait_status, bool superseded) = 0;
};

// Bytes for where an argument of a call points to.
struct Poke {
  u32 argument = 0;  // from 0
  std::string bytes;
};

// What becomes of one call.
struct Interference {
  std::optional<i64> result;  // instead of carrying it out; or -errno
  Signal signal;              // sent to the task before
  u64 delay_enter_ns = 0, delay_exit_ns = 0;
  std::vector<const Poke*> before, after;  // the injector's own
};

class Injector : public RefCounted {
 public:
  virtual Interference judge(Task& task, const platform::Entry& call) = 0;
};

}  // namespace limen
