// Stopping for a tracer, by the tracee's own thread.
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/registers.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/signal/siginfo.h"
#include "kernel/task/call_work.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr int kTrap = 5;  // SIGTRAP
constexpr int kSysGood = 0x80;

abi::SigInfo trap_info(Task& task, int signo, int code) {
  abi::SigInfo info{};
  info.signo = signo;
  info.code = code;
  info.put(abi::SigInfoKill{task.sees(task.tid()), task.credentials().seen(task.credentials().uid)});
  return info;
}

// Linux: do_notify_parent_cldstop.
void tell_tracer(Task& task, const TraceStop& stop) {
  Ref<Task> tracer;
  {
    ReadGuard tree(task.kernel().process_tree);
    tracer = task.tracing->tracer;
  }
  if (!tracer) return;
  SignalInfo info{.signo = sig::chld,
                  .code = stop.kind == TraceStop::Kind::group ? abi::cld_stopped : abi::cld_trapped};
  info.pid = task.tid(), info.uid = task.credentials().uid, info.status = stop.code & 0x7f;
  if (const Ref<SignalHandlers> handlers = tracer->handlers_ref()) {
    const SignalAction action = handlers->get(sig::chld);
    if (action.handler != abi::sig_ign && (action.flags & abi::sa_nocldstop) == 0) send_signal(tracer->group(), info);
  }
  tracer->group().child_changed.wake();
}

// A stop is left without the tracer when the process is killed; on the way out (PTRACE_EVENT_EXIT) only by SIGKILL.
bool must_leave(Task& task, bool on_the_way_out) {
  if (!on_the_way_out) {
    if (task.must_die()) return true;
    MutexGuard guard(task.group().lock);
    return task.group().exiting;
  }
  MutexGuard guard(task.group().lock);
  return task.group().exiting && task.group().exit_status == sig::kill.raw();
}

// A thread that stood in a trampoline when it got a tracer stands in its text, which is the file's own by now.
void leave_island(Task& task) {
  platform::Registers regs = task.cpu().registers();
  const u64 place = task.mm().original_place(regs.rip);
  if (place == regs.rip) return;
  regs.rip = place;
  task.cpu().set_registers(regs);
}

int stop_and_wait(Task& task, const TraceStop& stop, u64 message, bool on_the_way_out) {
  Tracing& tracing = *task.tracing;
  end_forced_step(task);
  leave_island(task);
  {
    MutexGuard guard(tracing.lock);
    if (!tracing.traced()) return 0;
    tracing.stop = stop;
    tracing.message = message;
    tracing.injected = stop.kind == TraceStop::Kind::signal ? stop.code : 0;  // a tracer that dies lets it through
    tracing.listening = false, tracing.reported = false;
    tracing.stopped = true;
  }
  if (must_leave(task, on_the_way_out)) {
    MutexGuard guard(tracing.lock);
    tracing.stopped = false;
    return 0;
  }
  tell_tracer(task, stop);
  for (;;) {
    {
      MutexGuard guard(tracing.lock);
      if (!tracing.stopped) break;
    }
    if (must_leave(task, on_the_way_out)) break;
    task.park(Deadline::never());
  }
  MutexGuard guard(tracing.lock);
  tracing.stopped = false, tracing.listening = false;
  return tracing.injected;
}

void reload(Task& task, platform::Entry& call) {
  const platform::Registers regs = task.cpu().registers();
  call.nr = regs.orig_rax;
  const u64 args[] = {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9};
  for (usize i = 0; i < std::size(args); ++i) call.args[i] = args[i];
  call.ip = regs.rip, call.sp = regs.rsp;
  task.set_entry(call);
}

// While a tracer looks, RAX says ENOSYS as on Linux: the value that a call has which nobody carries out.
void show_no_result(Task& task) {
  platform::Registers regs = task.cpu().registers();
  regs.rax = static_cast<u64>(-static_cast<i64>(Errno::enosys));
  task.cpu().set_registers(regs);
}

TraceStop call_stop(Task& task, TraceStop::Kind kind) {
  const int code = kTrap | (task.tracing->has_option(abi::ptrace_o_tracesysgood) ? kSysGood : 0);
  return {.kind = kind, .code = code, .info = trap_info(task, kTrap, code)};
}

// A signal given with the end of a call's stop is sent. Linux: ptrace_report_syscall.
void send_injected(Task& task, int signo) {
  if (signo != 0) send_signal(task, SignalInfo{.signo = Signal(signo), .code = abi::si_kernel});
}

}  // namespace

int trace_stop(Task& task, const TraceStop& stop, u64 message) { return stop_and_wait(task, stop, message, false); }

bool wants_event(Task& task, u32 event) { return task.tracing->traced() && task.tracing->has_option(u64{1} << event); }

void trace_event(Task& task, u32 event, u64 message) {
  if (!wants_event(task, event)) return;
  const int code = kTrap | static_cast<int>(event << 8);
  trace_stop(task, {.kind = TraceStop::Kind::event, .code = code, .info = trap_info(task, kTrap, code)}, message);
}

std::optional<SignalInfo> trace_signal(Task& task, const SignalInfo& info) {
  Tracing& tracing = *task.tracing;
  if (!tracing.traced() || info.signo == sig::kill) return info;
  const TraceStop stop{.kind = TraceStop::Kind::signal, .code = info.signo.raw(), .info = encode_siginfo(info)};
  const int injected = trace_stop(task, stop, 0);
  if (injected == 0) return std::nullopt;
  SignalInfo next = info;
  if (injected == info.signo.raw()) {
    MutexGuard guard(tracing.lock);
    next = decode_siginfo(info.signo, tracing.stop.info);  // PTRACE_SETSIGINFO may have changed it
    next.error_code = info.error_code, next.trapno = info.trapno;
    next.addressed = true;
  } else {
    next = SignalInfo{.signo = Signal(injected), .code = abi::si_user};
    ReadGuard tree(task.kernel().process_tree);
    next.addressed = true;
    if (tracing.tracer) next.pid = Pid(task.sees(tracing.tracer->tid()));
    if (tracing.tracer) next.uid = Uid(task.credentials().seen(tracing.tracer->credentials_ref()->uid));
  }
  if (task.blocked().has(next.signo)) {
    send_signal(task, next);
    return std::nullopt;
  }
  return next;
}

void take_trap(Task& task) {
  Tracing& tracing = *task.tracing;
  int stop_signal = 0;
  {
    MutexGuard guard(task.group().lock);
    if (task.group().stopped) stop_signal = task.group().stopping_signal;
    tracing.trap_ = false;
    tracing.group_stop_taken_ = true;
  }
  if (!tracing.seized()) {
    if (stop_signal != 0) trace_stop(task, {.kind = TraceStop::Kind::group, .code = stop_signal, .has_info = false}, 0);
    return;
  }
  const int signo = stop_signal != 0 ? stop_signal : kTrap;
  const int code = signo | static_cast<int>(abi::ptrace_event_stop << 8);
  trace_stop(task,
             {.kind = stop_signal != 0 ? TraceStop::Kind::group : TraceStop::Kind::trap,
              .code = code,
              .info = trap_info(task, signo, code)},
             0);
}

void trace_handler_entered(Task& task) {
  if ((task.call_work.load() & call_work::single_step) == 0 || !task.tracing->traced()) return;
  trace_stop(task, {.kind = TraceStop::Kind::event, .code = kTrap, .info = trap_info(task, kTrap, kTrap)}, 0);
}

bool trace_seccomp(Task& task, u32 data, platform::Entry& call) {
  if (!wants_event(task, abi::ptrace_event_seccomp)) return false;
  show_no_result(task);
  const int code = kTrap | static_cast<int>(abi::ptrace_event_seccomp << 8);
  trace_stop(
      task,
      {.kind = TraceStop::Kind::seccomp, .code = code, .info = trap_info(task, kTrap, code), .seccomp_data = data},
      data);
  reload(task, call);
  return true;
}

bool trace_entry(Task& task, platform::Entry& call) {
  const bool emulate = (task.call_work.load() & call_work::emulate) != 0;
  show_no_result(task);
  constexpr u64 kMessageEntry = 1;  // PTRACE_EVENTMSG_SYSCALL_ENTRY
  send_injected(task, trace_stop(task, call_stop(task, TraceStop::Kind::entry), kMessageEntry));
  reload(task, call);
  return !emulate && !task.must_die() && static_cast<i32>(call.nr) >= 0;
}

void trace_exit_of_call(Task& task, bool single_step, bool whole) {
  if (single_step) {
    end_forced_step(task);
    SignalInfo info{.signo = sig::trap, .code = 1 /* TRAP_BRKPT */};
    info.addr = task.cpu().registers().rip;
    force_signal(task, info);
    return;
  }
  if (!whole) return;
  constexpr u64 kMessageExit = 2;
  send_injected(task, trace_stop(task, call_stop(task, TraceStop::Kind::exit), kMessageExit));
}

void trace_exec(Task& task, Pid old_tid) {
  if (!task.tracing->traced()) return;
  if (task.tracing->has_option(abi::ptrace_o_traceexec)) {
    trace_event(task, abi::ptrace_event_exec, static_cast<u64>(old_tid.raw()));
  } else if (!task.tracing->seized()) {
    SignalInfo info{.signo = sig::trap, .code = abi::si_user};
    info.pid = task.group().pid(), info.uid = task.credentials().uid;
    send_signal(task, info);
  }
}

void trace_exit(Task& task) {
  if (!wants_event(task, abi::ptrace_event_exit)) return;
  int status = task.exit_status();
  {
    MutexGuard guard(task.group().lock);
    if (task.group().exiting) status = task.group().exit_status;
  }
  const int code = kTrap | static_cast<int>(abi::ptrace_event_exit << 8);
  stop_and_wait(task, {.kind = TraceStop::Kind::event, .code = code, .info = trap_info(task, kTrap, code)},
                static_cast<u64>(status), true);
}

bool end_forced_step(Task& task) {
  Tracing& tracing = *task.tracing;
  {
    MutexGuard guard(tracing.lock);
    if (!std::exchange(tracing.forced_step, false)) return false;
  }
  platform::Registers regs = task.cpu().registers();
  regs.eflags &= ~kTrapFlag;
  task.cpu().set_registers(regs);
  return true;
}

}  // namespace limen
