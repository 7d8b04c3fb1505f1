// The way back to the guest: signals, stops, restarts, exits.
// Source: signal(7), kernel/signal.c:get_signal, arch/x86/kernel/signal.c:arch_do_signal_or_restart.
#pragma once

#include <optional>

#include "base/types.h"
#include "kernel/signal/signal.h"

namespace limen {

class Task;

// Called by the run loop before the guest goes on, whenever there is more to do than to hand over a result:
//
//   task.signal_pending() || task.saved_mask || result is a restart errno || the last call kept the registers
//
// `result` is the value of the call just made (-errno, restart errnos included), or nullopt after a fault, an interrupt or a call
// that replaced the registers. Afterwards all registers are right, RAX too: the run loop calls GuestThread::resume().
// Blocks while the process is stopped by job control. Takes and frees locks from process_tree on: call with none.
enum class Next : u8 {
  run,
  exit,  // the task must end: Task::exit_requested, the group exits, or another thread of it runs execve
};
Next return_to_guest(Task& task, std::optional<i64> result);

// Would a signal, a stop or an exit interrupt this task? For Task::recalculate_work. Takes ThreadGroup::lock and signal_lock.
bool has_signal_work(Task& task);

// Job control (stop.cc). Sleeps while the task's process is stopped; tells the parent when it goes on.
void wait_while_stopped(Task& task);
// The default action of a stop signal; `continues` is ThreadGroup::continues from before the signal was taken.
void stop_group(Task& task, Signal s, u32 continues);

}  // namespace limen
