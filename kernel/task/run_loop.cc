#include "kernel/task/run_loop.h"

#include <fmt/format.h>

#include <optional>

#include "abi/syscalls.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/signal/deliver.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/call_work.h"
#include "kernel/task/exit.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

using platform::Entry;

// The errnos that ask for a restart decision before the guest may see a result.
bool wants_restart(i64 value) {
  return value <= -static_cast<i64>(Errno::erestartsys) && value >= -static_cast<i64>(Errno::erestart_restartblock);
}

// --log-level debug: one line for each call that has been answered.
void log_call(Task& task, const Entry& entry, const Result<i64>& result) {
  const SyscallRow* row = find_syscall(Arch::x86_64, static_cast<i64>(entry.nr));
  const std::string name = row != nullptr ? std::string(row->name) : std::to_string(entry.nr);
  std::string line = fmt::format("[{}] {}(", task.tid().raw(), name);
  for (usize i = 0; i < 6 && row != nullptr && !syscall_param(*row, i).name.empty(); ++i) {
    line += fmt::format("{}{}={:#x}", i == 0 ? "" : ", ", syscall_param(*row, i).name, entry.args[i]);
  }
  line += result.ok() ? fmt::format(") = {:#x}", *result) : fmt::format(") = {}", errno_name(result.error()));
  task.kernel().log(line);
}

// "libc.so.6+0x1234", for an address that is mapped from a file.
std::string place_of(Task& task, u64 address) {
  for (const MapsLine& line : task.mm().maps()) {
    if (address < line.start || address >= line.end) continue;
    const std::string name = line.file && line.file->has_inode() ? path_name(task, line.file->path()) : line.name;
    return fmt::format("{}+{:#x}", name, address - line.start + line.offset);
  }
  return "nothing";
}

void log_fault(Task& task, const Entry& entry, const FaultOutcome& outcome) {
  task.kernel().log(fmt::format("[{}] fault: signal {} code {} at {:#x}, ip {:#x} ({}), error {:#x}: {}",
                                task.tid().raw(), entry.signo, entry.code, entry.addr, entry.ip,
                                place_of(task, entry.ip), entry.error_code,
                                outcome.resolved ? "resolved" : "for the guest"));
}

// What a system call leaves to be done: nothing where it replaced all registers itself.
std::optional<i64> serve_syscall(Task& task, const Entry& entry) {
  if (task.call_work.load(std::memory_order_acquire) != 0) [[unlikely]]
    return serve_watched_call(task, entry);
  const Result<i64> result = dispatch(task, entry.nr, entry.args);
  if (task.kernel().options().log_calls) [[unlikely]]
    log_call(task, entry, result);
  if (task.take_keep_registers()) return std::nullopt;
  return result.ok() ? *result : -static_cast<i64>(result.error());
}

void serve_fault(Task& task, const Entry& entry) {
  SignalInfo info;
  if (entry.signo == sig::segv.raw() || entry.signo == sig::bus.raw()) {
    const FaultOutcome outcome = task.mm().handle_fault(entry);
    if (task.kernel().options().log_calls) [[unlikely]]
      log_fault(task, entry, outcome);
    if (outcome.resolved) return;
    if (Signal(outcome.signo) == sig::kill)
      return begin_group_exit(task.group(), killed_status(outcome.signo));  // no memory
    info.signo = Signal(outcome.signo), info.code = outcome.code, info.addr = outcome.addr;
  } else {
    info.signo = Signal(entry.signo), info.code = entry.code, info.addr = entry.addr;
    // A step whose tracer is gone meanwhile is nobody's.
    if (info.signo == sig::trap && end_forced_step(task) && !task.tracing->traced()) return;
  }
  info.error_code = entry.error_code, info.trapno = entry.trapno;
  force_signal(task, info);
}

// One entry of the guest. False when the task has to end.
bool serve(Task& task, const Entry& entry) {
  std::optional<i64> result;
  switch (entry.kind) {
    case Entry::Kind::gone:
      return false;
    case Entry::Kind::syscall:
      result = serve_syscall(task, entry);
      if (task.exit_requested()) return false;
      if (result && !task.signal_pending() && !task.saved_mask && !wants_restart(*result)) [[likely]] {
        task.cpu().resume_syscall(*result);
        return true;
      }
      break;
    case Entry::Kind::fault:
      serve_fault(task, entry);
      break;
    case Entry::Kind::interrupt:
      break;
  }
  if (task.must_die()) return false;
  if (result || task.signal_pending() || task.saved_mask) {
    if (return_to_guest(task, result) == Next::exit) return false;
  }
  task.cpu().resume();
  return true;
}

}  // namespace

void run_task(Ref<Task> task) {
  // A new task starts with a context that clone or execve loaded; a signal may be waiting already.
  bool alive = !task->must_die() && (!task->signal_pending() || return_to_guest(*task, std::nullopt) == Next::run);
  if (alive) task->cpu().resume();
  while (alive) {
    const Entry entry = task->cpu().wait();
    task->set_entry(entry);
    alive = serve(*task, entry);
  }
  trace_exit(*task);
  exit_task(*task);
}

}  // namespace limen
