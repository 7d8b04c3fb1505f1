#include "kernel/task/call_work.h"

#include "abi/seccomp.h"
#include "kernel/filter/seccomp.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/oom.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/exit.h"
#include "kernel/task/task.h"

namespace limen {

bool must_see_call(const Task& task, u64 nr) {
  const u32 work = task.call_work.load(std::memory_order_acquire);
  if (work == 0) return false;
  return (work & ~call_work::seccomp) != 0 || task.seccomp->must_see(nr);
}

namespace {

// False where the tracer takes the call for itself: RAX is as it left it.
bool enter(Task& task, platform::Entry& call) {
  const u32 work = task.call_work.load(std::memory_order_acquire);
  return (work & (call_work::trace | call_work::emulate)) == 0 || trace_entry(task, call);
}

// Linux: syscall_user_dispatch. False where the call is not carried out: its SIGSYS, or the end, is on its way.
bool dispatches(Task& task, const platform::Entry& call) {
  constexpr u8 kAllow = 0, kBlock = 1;  // SYSCALL_DISPATCH_FILTER_*
  constexpr i32 kSysUserDispatch = 2;   // si_code
  const Task::UserDispatch& rule = task.user_dispatch;
  if (call.ip - rule.start < rule.length) return true;
  if (rule.selector != 0) {
    u8 selector = kAllow;
    if (!copy_from_user(task, &selector, GuestAddr(rule.selector), 1).ok()) {
      begin_group_exit(task.group(), killed_status(sig::segv.raw()));
      return false;
    }
    if (selector == kAllow) return true;
    if (selector != kBlock) {
      begin_group_exit(task.group(), killed_status(sig::sys.raw()));
      return false;
    }
  }
  raise_sigsys(task, call, kSysUserDispatch, 0);
  return false;
}

// Sleeps as nanosleep(2) would, but that only the end of the task cuts it short.
void delay(Task& task, u64 ns) {
  const Deadline until = task.clock().after(ns);
  while (!task.must_die() && task.park(until)) {
  }
}

// As a tracer would, so read-only memory too. True: something was written.
bool poke(Task& task, const platform::Entry& call, const std::vector<const Poke*>& pokes) {
  bool done = false;
  for (const Poke* each : pokes) {
    const GuestAddr to(call.args[each->argument]);
    done |= task.mm().copy_out_forced(to, each->bytes.data(), each->bytes.size()) == each->bytes.size();
  }
  return done;
}

void before_call(Task& task, const Interference& change) {
  if (change.delay_enter_ns != 0) delay(task, change.delay_enter_ns);
  if (change.signal.raw() != 0) send_signal(task, kernel_signal(change.signal));
}

u8 touched(const Interference& change) {
  return static_cast<u8>((change.result ? Observer::answered : 0) |
                         (change.signal.raw() != 0 ? Observer::signalled : 0) |
                         ((change.delay_enter_ns | change.delay_exit_ns) != 0 ? Observer::delayed : 0));
}

std::optional<i64> carry_out(Task& task, platform::Entry& call) {
  Observer* observer = task.kernel().options().observer.get();
  Injector* injector = task.kernel().options().injector.get();
  const Interference change = injector != nullptr ? injector->judge(task, call) : Interference{};
  bool poked = poke(task, call, change.before);
  if (observer != nullptr) observer->call_entered(task, call);
  before_call(task, change);
  Result<i64> result{i64{0}};
  const bool suspended = task.tracing->has_option(abi::ptrace_o_suspend_seccomp);
  const std::optional<SeccompOutcome> refused = suspended || change.result ? std::nullopt : apply_seccomp(task, call);
  if (refused) {
    if (refused->keep_registers) return std::nullopt;
    result = refused->result;
  } else if (change.result) {
    if (*change.result < 0) {
      result = static_cast<Errno>(-*change.result);
    } else {
      result = *change.result;
    }
  } else {
    result = dispatch(task, call.nr, call.args);
    if (result.is(Errno::efault) && task.mm().take_out_of_memory()) make_room(task);
  }
  poked |= poke(task, call, change.after);
  if (change.delay_exit_ns != 0) delay(task, change.delay_exit_ns);
  const bool keeps = task.take_keep_registers();
  const i64 value = result.ok() ? *result : -static_cast<i64>(result.error());
  // A task that must die does not come back from its call.
  if (observer != nullptr && !task.exit_requested() && !task.must_die())
    observer->call_left(task, call, value,
                        static_cast<u8>(touched(change) | (poked ? Observer::poked : 0) |
                                        (refused && !refused->by_supervisor ? Observer::refused : 0)));
  return keeps ? std::nullopt : std::optional(value);
}

}  // namespace

void raise_sigsys(Task& task, const platform::Entry& call, i32 code, i32 error) {
  if (task.tracing->traced()) {  // which has seen ENOSYS there; the handler sees the number. Linux: syscall_rollback
    platform::Registers regs = task.cpu().registers();
    regs.rax = call.nr;
    task.cpu().set_registers(regs);
  }
  SignalInfo info{.signo = sig::sys, .code = code, .error = error};
  info.addr = call.ip, info.syscall = static_cast<i32>(call.nr), info.arch = abi::audit_arch_x86_64;
  force_signal(task, info);
}

std::optional<i64> serve_watched_call(Task& task, const platform::Entry& entry) {
  platform::Entry call = entry;
  if ((task.call_work.load(std::memory_order_relaxed) & call_work::dispatch) != 0 && !dispatches(task, call))
    return std::nullopt;
  std::optional<i64> value;
  if (task.tracing->traced()) end_forced_step(task);  // a step over a call ends behind it, by call_work
  if (enter(task, call)) value = carry_out(task, call);
  const u32 work = task.call_work.load(std::memory_order_acquire);
  if ((work & (call_work::trace | call_work::single_step)) == 0 || task.exit_requested() || task.must_die())
    return value;
  if (value) {
    platform::Registers regs = task.cpu().registers();
    regs.rax = static_cast<u64>(*value);
    task.cpu().set_registers(regs);
  }
  trace_exit_of_call(task, (work & call_work::single_step) != 0, (work & call_work::trace) != 0);
  // What the tracer has put into RAX counts, a restart too.
  if (value) value = static_cast<i64>(task.cpu().registers().rax);
  return value;
}

}  // namespace limen
