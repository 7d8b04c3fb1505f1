// What becomes of a call: the verdict of the filters, carried out.
#include <fmt/format.h>

#include "abi/seccomp.h"
#include "abi/signal.h"
#include "kernel/filter/listener.h"
#include "kernel/filter/seccomp.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/task/call_work.h"
#include "kernel/task/exit.h"
#include "kernel/vfs/file.h"

namespace limen {
namespace {

constexpr u64 kRead = 0, kWrite = 1, kRtSigreturn = 15, kExit = 60;
constexpr i32 kSysSeccomp = 1;  // si_code SYS_SECCOMP
constexpr u32 kMostErrno = 4095;

SeccompOutcome stays() { return {.keep_registers = true, .result = i64{0}}; }

abi::SeccompData data_of(const platform::Entry& call) {
  abi::SeccompData data{};
  data.nr = static_cast<i32>(call.nr);
  data.arch = abi::audit_arch_x86_64;
  data.instruction_pointer = call.ip;
  for (usize i = 0; i < std::size(data.args); ++i) data.args[i] = call.args[i];
  return data;
}

std::string_view action_words(u32 action) {
  switch (action) {
    case abi::seccomp_ret_kill_process:
      return "killed the process";
    case abi::seccomp_ret_kill_thread:
      return "killed the thread";
    case abi::seccomp_ret_trap:
      return "sent SIGSYS";
    case abi::seccomp_ret_errno:
      return "refused";
    case abi::seccomp_ret_log:
      return "noted";
    case abi::seccomp_ret_user_notif:
      return "asked the supervisor";
    case abi::seccomp_ret_trace:
      return "asked the tracer";
    default:
      return "killed the process";
  }
}

std::string program_of(Task& task) {
  const Ref<File> file = task.mm().executable();
  return file && file->has_inode() ? path_name(task, file->path()) : task.name();
}

// A profile's refusals are the user's business, a guest's own filters' that of whoever reads the log.
void tell(Task& task, const abi::SeccompData& data, const Filter::Verdict& verdict) {
  const u32 action = verdict.action();
  const std::string rule = verdict.by->program().explain(data);
  const bool severe = action != abi::seccomp_ret_errno && action != abi::seccomp_ret_trace &&
                      action != abi::seccomp_ret_user_notif && action != abi::seccomp_ret_trap;
  const bool by_profile = !rule.empty();
  if (!by_profile && !severe && !verdict.by->options().log) return;
  const SyscallRow* row = find_syscall(Arch::x86_64, data.nr);
  const std::string name = row != nullptr ? std::string(row->name) : fmt::format("call {}", data.nr);
  const std::string line = fmt::format("seccomp: {} of {} (pid {}): {}{}{}", name, program_of(task),
                                       task.group().pid().raw(), action_words(action), by_profile ? ", by " : "", rule);
  const auto& alert = task.kernel().options().alert;
  if (by_profile && action != abi::seccomp_ret_errno && alert) {
    alert(line);
  } else {
    task.kernel().log(line);
  }
}

void kill(Task& task, u32 action) {
  ThreadGroup& group = task.group();
  const bool alone = [&] {
    MutexGuard guard(group.lock);
    return group.members.size() == 1;
  }();
  if (action == abi::seccomp_ret_kill_thread && !alone) {
    task.request_exit(killed_status(sig::sys.raw()));
  } else {
    begin_group_exit(group, killed_status(sig::sys.raw()));
  }
}

std::optional<SeccompOutcome> strict(Task& task, const platform::Entry& call) {
  switch (static_cast<u32>(call.nr)) {
    case kRead:
    case kWrite:
    case kRtSigreturn:
    case kExit:
      return std::nullopt;
    default:
      task.request_exit(killed_status(sig::kill.raw()));
      return stays();
  }
}

// The tracer looks at the call and may change it; then the filters judge what came out, and a second TRACE lets it pass.
enum class Again : bool { no, yes };
std::optional<SeccompOutcome> carry_out(Task& task, platform::Entry& call, Again again) {
  const Filter* filter = task.seccomp->filter();
  if (filter->always_allows(call.nr)) return std::nullopt;
  const abi::SeccompData data = data_of(call);
  const Filter::Verdict verdict = filter->judge(data);
  if (verdict.by == nullptr) return std::nullopt;
  tell(task, data, verdict);
  switch (verdict.action()) {
    case abi::seccomp_ret_errno:
      return SeccompOutcome{.result = -static_cast<i64>(std::min(verdict.data(), kMostErrno))};
    case abi::seccomp_ret_trap:
      raise_sigsys(task, call, kSysSeccomp, static_cast<i32>(verdict.data()));
      return stays();
    case abi::seccomp_ret_log:
      return std::nullopt;
    case abi::seccomp_ret_user_notif: {
      if (verdict.by->listener() == nullptr) return SeccompOutcome{.result = Errno::enosys};
      std::optional<Result<i64>> answer = verdict.by->listener()->ask(task, data, verdict.by->options().wait_killable);
      if (!answer) return std::nullopt;
      return SeccompOutcome{.result = *answer, .by_supervisor = true};
    }
    case abi::seccomp_ret_trace: {
      if (again == Again::yes) return std::nullopt;
      if (!trace_seccomp(task, verdict.data(), call)) return SeccompOutcome{.result = Errno::enosys};
      if (task.must_die()) return stays();
      // The tracer's -1 skips the call with what it has put into RAX.
      if (static_cast<i32>(call.nr) < 0) return stays();
      return carry_out(task, call, Again::yes);
    }
    default:
      kill(task, verdict.action());
      return stays();
  }
}

}  // namespace

std::optional<SeccompOutcome> apply_seccomp(Task& task, platform::Entry& call) {
  switch (task.seccomp->mode()) {
    case SeccompState::Mode::disabled:
      return std::nullopt;
    case SeccompState::Mode::strict:
      return strict(task, call);
    default:
      return carry_out(task, call, Again::no);
  }
}

}  // namespace limen
