#include "kernel/trace/injector.h"

#include <map>

#include "kernel/task/task.h"
#include "kernel/trace/errors.h"
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

}  // namespace

Interference RuleInjector::judge(Task& task, const platform::Entry& call) {
  if (!task.injected) task.injected = make_ref<Counts>();
  Counts& counts = static_cast<Counts&>(*task.injected);
  ++counts.calls;
  Interference out;
  if (call.nr >= kSyscallEnd) return out;
  for (usize i = 0; i < rules_.size(); ++i) {
    const InjectRule& rule = rules_[i];
    if (!rule.calls[call.nr]) continue;
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
