#include "kernel/task/call_work.h"

#include "kernel/filter/seccomp.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/syscalls/syscalls.h"
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

std::optional<i64> carry_out(Task& task, platform::Entry& call) {
  Result<i64> result{i64{0}};
  const bool suspended = task.tracing->has_option(abi::ptrace_o_suspend_seccomp);
  const std::optional<SeccompOutcome> refused = suspended ? std::nullopt : apply_seccomp(task, call);
  if (refused) {
    if (refused->keep_registers) return std::nullopt;
    result = refused->result;
  } else {
    result = dispatch(task, call.nr, call.args);
  }
  if (task.take_keep_registers()) return std::nullopt;
  return result.ok() ? *result : -static_cast<i64>(result.error());
}

}  // namespace

std::optional<i64> serve_watched_call(Task& task, const platform::Entry& entry) {
  platform::Entry call = entry;
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
