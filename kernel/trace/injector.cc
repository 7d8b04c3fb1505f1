#include "kernel/trace/injector.h"

#include <algorithm>
#include <map>

#include "abi/fcntl.h"
#include "kernel/mm/mm.h"
#include "kernel/task/task.h"
#include "kernel/trace/errors.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/path.h"
#include "platform/platform.h"

namespace limen {

// What a task has done so far: Task::injected.
class RuleInjector::Counts final : public RefCounted {
 public:
  std::map<std::pair<usize, u64>, u64> met;  // how often a rule met a call: each call of its set is counted alone
  u64 calls = 0;
};

namespace {

// A good mixer of 64 bits (splitmix64): neighbours in, strangers out.
u64 mix(u64 x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Programs that a chaos run leaves alone: how a task ends, and what brings it back from a signal.
bool must_succeed(u64 nr) {
  constexpr u64 kRtSigreturn = 15, kExit = 60, kExitGroup = 231;
  return nr == kRtSigreturn || nr == kExit || nr == kExitGroup;
}

bool is_file(Task& task, i32 fd, const std::string& path) {
  if (fd == abi::at_fdcwd.raw()) return path_name(task, task.fs().cwd()) == path;
  const Result<Ref<File>> file = task.files().get(Fd(fd));
  return file.ok() && (*file)->path() && path_name(task, (*file)->path()) == path;
}

bool is_text(Task& task, u64 place, const std::string& path) {
  std::string there(path.size() + 1, '\0');
  return task.mm().copy_in(there.data(), GuestAddr(place), there.size()) == there.size() &&
         std::equal(path.begin(), path.end(), there.begin()) && there.back() == '\0';
}

// As trace/filter.cc judges a call that has been entered.
bool touches(Task& task, const platform::Entry& call, const std::vector<std::string>& paths) {
  const SyscallRow* row = find_syscall(Arch::x86_64, static_cast<i64>(call.nr));
  for (usize i = 0; row != nullptr && i < std::size(call.args); ++i) {
    const SyscallParam param = syscall_param(*row, i);
    if (param.name.empty()) break;
    const bool is_fd = param.type == "Fd" || param.type == "DirFd";
    if (!is_fd && param.type != "UserPath") continue;
    const u64 word = call.args[i];
    if (std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
          return is_fd ? is_file(task, static_cast<i32>(word), path) : is_text(task, word, path);
        }))
      return true;
  }
  return false;
}

}  // namespace

Interference RuleInjector::judge(Task& task, const platform::Entry& call) {
  if (!task.injected) task.injected = make_ref<Counts>();
  Counts& counts = static_cast<Counts&>(*task.injected);
  ++counts.calls;
  Interference out;
  if (call.nr >= kSyscallEnd) return out;
  for (usize i = 0; i < rules_.size(); ++i) {
    const InjectRule& rule = rules_[i];
    if (!rule.calls[call.nr] || (!rule.paths.empty() && !touches(task, call, rule.paths))) continue;
    const u64 n = ++counts.met[{i, call.nr}];
    if (n < rule.first || n > rule.last || (n - rule.first) % rule.step != 0) continue;
    if (rule.result) out.result = rule.result;
    if (rule.signal.raw() != 0) out.signal = rule.signal;
    for (const Poke& poke : rule.before) out.before.push_back(&poke);
    for (const Poke& poke : rule.after) out.after.push_back(&poke);
    out.delay_enter_ns += rule.delay_enter_ns, out.delay_exit_ns += rule.delay_exit_ns;
  }
  if (!chaos_ || out.result || !chaos_->calls[call.nr] || must_succeed(call.nr)) return out;
  const std::span<const Errno> errors = possible_errors(call.nr);
  const u64 chance = mix(mix(chaos_->seed ^ mix(static_cast<u64>(task.tid().raw()))) ^ counts.calls);
  constexpr double kWhole = 18446744073709551616.0;  // 2^64
  if (errors.empty() || static_cast<double>(chance) >= chaos_->share * kWhole) return out;
  out.result = -static_cast<i64>(errors[mix(chance) % errors.size()]);
  return out;
}

}  // namespace limen
