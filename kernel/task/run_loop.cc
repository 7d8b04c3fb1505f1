#include "kernel/task/run_loop.h"

#include <fmt/format.h>

#include <optional>

#include "abi/syscalls.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/oom.h"
#include "kernel/mm/userfault_file.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/signal/deliver.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/answers.h"
#include "kernel/task/call_work.h"
#include "kernel/task/deferred.h"
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
  const DeferredScope deferred(task);
  if (task.call_work.load(std::memory_order_acquire) != 0) [[unlikely]]
    return serve_watched_call(task, entry);
  const Result<i64> result = dispatch(task, entry.nr, entry.args);
  if (task.kernel().options().log_calls) [[unlikely]]
    log_call(task, entry, result);
  if (result.is(Errno::efault) && task.mm().take_out_of_memory()) make_room(task);
  if (task.take_keep_registers()) return std::nullopt;
  return result.ok() ? *result : -static_cast<i64>(result.error());
}

constexpr u64 kTrapGeneralProtection = 13;

// The guest's own opcodes in patched text fault; so may a thread that stands there go on where its instruction is now. True when the
// fault has been dealt with; `call` is then set where the instruction is a system call.
bool serve_patched_text(Task& task, const Entry& entry, std::optional<Entry>& call) {
  if (entry.signo == sig::trap.raw()) {
    // Steps through trampolines and the gate are steps of nothing that the guest knows.
    return entry.ip < task.kernel().platform().guest_floor() || task.mm().in_island(entry.ip);
  }
  const bool may_be =
      entry.signo == sig::ill.raw() || (entry.signo == sig::segv.raw() && entry.trapno == kTrapGeneralProtection);
  if (!may_be) return false;
  const std::optional<platform::Continuation> next = task.mm().continuation(entry.ip);
  // The page may have got its own bytes back since: once more, then.
  if (!next) return std::exchange(task.text_restored, task.mm().text_restored()) != task.text_restored;
  platform::Registers regs = task.cpu().registers();
  regs.rip = next->ip;
  if (next->is_call) {
    regs.rcx = regs.rip, regs.r11 = regs.eflags;
    regs.orig_rax = static_cast<u32>(regs.rax);
    call = Entry{.kind = Entry::Kind::syscall,
                 .nr = regs.orig_rax,
                 .args = {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9},
                 .ip = regs.rip,
                 .sp = regs.rsp,
                 .patched = true};
  }
  task.cpu().set_registers(regs);
  return true;
}

void serve_fault(Task& task, const Entry& entry) {
  SignalInfo info;
  if (entry.signo == sig::segv.raw() || entry.signo == sig::bus.raw()) {
    const FaultOutcome outcome = task.mm().handle_fault(entry);
    if (task.kernel().options().log_calls) [[unlikely]]
      log_fault(task, entry, outcome);
    if (outcome.resolved) {
      task.minor_faults.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (outcome.userfault && wait_for_user(task, outcome)) return;  // and touches it again
    if (Signal(outcome.signo) == sig::kill)
      return make_room(task);  // then the guest faults again, if it is still there
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
    case Entry::Kind::syscall: {
      if (!entry.patched) task.mm().call_trapped(entry.ip, entry.nr);
      const u32 waited = task.mm().waiting();
      result = serve_syscall(task, entry);
      if (task.exit_requested()) return false;
      // A call that mapped nothing more: the mappings are complete.
      if (waited != 0 && task.mm().waiting() == waited) [[unlikely]]
        task.mm().settle();
      if (result && !task.signal_pending() && !task.saved_mask && !wants_restart(*result)) [[likely]] {
        task.cpu().resume_syscall(*result);
        return true;
      }
      break;
    }
    case Entry::Kind::fault: {
      std::optional<Entry> call;
      if (!serve_patched_text(task, entry, call)) {
        serve_fault(task, entry);
      } else if (call) {
        task.set_entry(*call);
        return serve(task, *call);
      }
      break;
    }
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

// With the status that wait4(2) will tell of this thread.
void tell_observer_of_end(Task& task) {
  Observer* observer = task.kernel().options().observer.get();
  if (observer == nullptr) return;
  int status = task.exit_status();
  bool superseded = false;
  {
    MutexGuard guard(task.group().lock);
    if (task.group().exiting) status = task.group().exit_status;
    superseded = !task.group().exiting && task.group().exec_task != nullptr && task.group().exec_task != &task;
  }
  observer->task_ended(task, status, superseded);
}

}  // namespace

void run_task(Ref<Task> task) {
  publish_answers(*task);
  // A new task starts with a context that clone or execve loaded; a signal may be waiting already.
  bool alive = !task->must_die() && (!task->signal_pending() || return_to_guest(*task, std::nullopt) == Next::run);
  if (alive) task->cpu().resume();
  while (alive) {
    const Entry entry = task->cpu().wait();
    task->set_entry(entry);
    task->adopt_mask();
    alive = serve(*task, entry);
    drop_what_waits();
  }
  const DeferredScope deferred(*task);
  trace_exit(*task);
  tell_observer_of_end(*task);
  exit_task(*task);
}

}  // namespace limen
