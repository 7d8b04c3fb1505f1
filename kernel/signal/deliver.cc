#include "kernel/signal/deliver.h"

#include "abi/signal.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/signal/frame.h"
#include "kernel/task/exit.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr u64 kSyscallInstruction = 2;  // bytes of `syscall`
constexpr u64 kRestartSyscall = 219;

// The call's result, until it stands in the guest's registers.
struct Outcome {
  bool due = false;
  i64 value = 0;

  bool is(Errno e) const { return due && value == -static_cast<i64>(e); }
  bool wants_restart() const {
    return is(Errno::erestartsys) || is(Errno::erestartnointr) || is(Errno::erestartnohand) ||
           is(Errno::erestart_restartblock);
  }
};

bool must_exit(Task& task) {
  if (task.exit_requested()) return true;
  ThreadGroup& group = task.group();
  MutexGuard guard(group.lock);
  return group.exiting || (group.exec_task != nullptr && group.exec_task != &task);
}

bool is_stopped(Task& task) {
  MutexGuard guard(task.group().lock);
  return (task.group().stopped && !task.tracing->traced()) || task.group().continue_report;
}

// A stop that a tracer is to see, and that is no signal's.
bool must_trap(Task& task) {
  if (!task.tracing->traced()) return false;
  if (task.tracing->trap_pending()) return true;
  MutexGuard guard(task.group().lock);
  return task.group().stopped && task.tracing->takes_group_stop();
}

// While a tracer may look, the call's value stands in RAX, and what it puts there counts.
void show_result(Task& task, i64 value) {
  platform::Registers regs = task.cpu().registers();
  regs.rax = static_cast<u64>(value);
  task.cpu().set_registers(regs);
}

// Makes the guest execute its system call again (or restart_syscall in its place).
void rewind_to_call(platform::Registers& regs, u64 nr) {
  regs.rax = nr;
  regs.rip -= kSyscallInstruction;
}

// A tracer has set orig_rax to -1: the guest is no longer in a call, and nothing is restarted. Linux: syscall_get_nr.
void heed_tracer(Task& task, const platform::Registers& regs, Outcome& outcome) {
  if (!task.tracing->traced()) return;
  outcome.value = static_cast<i64>(regs.rax);
  if (regs.orig_rax == ~u64{0} && outcome.wants_restart()) outcome.due = false;
}

// Writes the call's result before a handler's frame is built over it.
void settle_with_handler(Task& task, Outcome& outcome, u64 action_flags) {
  if (!outcome.due) return;
  platform::Registers regs = task.cpu().registers();
  heed_tracer(task, regs, outcome);
  if (!outcome.due) return;
  if (outcome.is(Errno::erestartnointr) || (outcome.is(Errno::erestartsys) && (action_flags & abi::sa_restart) != 0)) {
    rewind_to_call(regs, regs.orig_rax);
  } else {
    regs.rax = static_cast<u64>(outcome.wants_restart() ? -static_cast<i64>(Errno::eintr) : outcome.value);
  }
  task.cpu().set_registers(regs);
  outcome.due = false;
}

// ... and where no handler ran.
void settle_without_handler(Task& task, Outcome& outcome) {
  if (!outcome.due) return;
  platform::Registers regs = task.cpu().registers();
  heed_tracer(task, regs, outcome);
  if (!outcome.due) return;
  if (outcome.is(Errno::erestart_restartblock)) {
    rewind_to_call(regs, kRestartSyscall);
  } else if (outcome.wants_restart()) {
    rewind_to_call(regs, regs.orig_rax);
  } else {
    regs.rax = static_cast<u64>(outcome.value);
  }
  task.cpu().set_registers(regs);
  outcome.due = false;
}

void run_handler(Task& task, const SignalInfo& info, const SignalAction& action) {
  end_forced_step(task);  // the frame keeps the guest's own flags
  platform::Context context = task.cpu().save_context();
  context.regs.rip = task.mm().original_place(context.regs.rip);
  const SignalSet mask = task.saved_mask.value_or(task.blocked());
  const Result<void> pushed = push_signal_frame(task, info, action, mask, context);
  if (!pushed.ok()) {
    // A SIGSEGV whose own frame does not fit cannot be handled: the process dies of it. Linux: force_sigsegv.
    if (info.signo == sig::segv) task.handlers().exchange(sig::segv, SignalAction{});
    force_signal(task, kernel_signal(sig::segv));
    return;
  }
  task.cpu().load_context(context);
  task.saved_mask.reset();
  SignalSet blocked = task.blocked() | action.mask;
  if ((action.flags & abi::sa_nodefer) == 0) blocked.add(info.signo);
  change_blocked(task, blocked);
  trace_handler_entered(task);
}

// Takes one signal and carries its action out. False when there is none to take.
bool handle_one(Task& task, Outcome& outcome) {
  u32 continues = 0;
  {
    MutexGuard guard(task.group().lock);
    continues = task.group().continues;
  }
  std::optional<SignalInfo> info = take_signal(task, ~task.blocked());
  if (!info) return false;
  if (task.tracing->traced()) {
    info = trace_signal(task, *info);
    if (!info) return true;
  }
  Observer* observer = task.kernel().options().observer.get();
  if (observer != nullptr && info->signo != sig::kill) observer->signal_taken(task, *info);
  const SignalAction action = task.handlers().take_for_delivery(info->signo);
  if (info->signo == sig::kill) {
    begin_group_exit(task.group(), info->signo.raw());
  } else if (action.handler == abi::sig_ign) {
    return true;
  } else if (action.handler != abi::sig_dfl) {
    settle_with_handler(task, outcome, action.flags);
    run_handler(task, *info, action);
  } else if (task.group().unkillable && info->signo != sig::stop) {
    return true;  // the init of a namespace takes what it handles, and no more
  } else {
    switch (default_action(info->signo)) {
      case DefaultAction::ignore:
        break;
      case DefaultAction::stop:
        stop_group(task, info->signo, continues);
        break;
      // No core file is ever written: WCOREDUMP stays clear, as on Linux with RLIMIT_CORE 0.
      case DefaultAction::core:
      case DefaultAction::terminate:
        begin_group_exit(task.group(), info->signo.raw());
        break;
    }
  }
  return true;
}

void restore_mask(Task& task) {
  if (!task.saved_mask) return;
  const SignalSet mask = *task.saved_mask;
  task.saved_mask.reset();
  task.set_blocked(mask);
}

}  // namespace

bool has_signal_work(Task& task) {
  ThreadGroup& group = task.group();
  {
    MutexGuard guard(group.lock);
    if (group.exiting || group.continue_report) return true;
    if (group.stopped && task.tracing->takes_group_stop()) return true;
    if (group.exec_task != nullptr && group.exec_task != &task) return true;
  }
  if (task.tracing->trap_pending()) return true;
  return !(pending_signals(task) & ~task.blocked()).empty();
}

Next return_to_guest(Task& task, std::optional<i64> result) {
  // A call with a temporary mask that did its work (ppoll with a ready file) takes no signal that only the
  // temporary mask lets through. Linux: restore_saved_sigmask_unless.
  Outcome outcome{.due = result.has_value(), .value = result.value_or(0)};
  if (!outcome.wants_restart() && !outcome.is(Errno::eintr)) restore_mask(task);
  if (outcome.due && task.tracing->traced()) show_result(task, outcome.value);
  do {
    for (;;) {
      if (must_exit(task)) return Next::exit;
      if (must_trap(task)) {
        take_trap(task);
        continue;
      }
      if (is_stopped(task)) {
        wait_while_stopped(task);
        continue;
      }
      if (!handle_one(task, outcome)) break;
    }
    settle_without_handler(task, outcome);
    restore_mask(task);
    task.recalculate_work();
  } while (has_signal_work(task));
  return Next::run;
}

}  // namespace limen
