// The injector of `limen trace -e inject=` and `--chaos`: rules say which calls fail, return something else, are delayed or bring
// a signal. Repeatable: what becomes of a call depends on its task's number and on which call of that task it is, and on nothing else.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "abi/syscalls.h"
#include "kernel/trace/observer.h"

namespace limen {

// Of the calls of `calls` (of those alone that name one of `paths`, or a descriptor of it, where there are any), each counted for each
// task from 1: those from `first` to `last`, every `step`-th of them.
struct InjectRule {
  std::bitset<kSyscallEnd> calls;
  std::vector<std::string> paths;
  std::optional<i64> result;  // or -errno
  Signal signal;
  u64 delay_enter_ns = 0, delay_exit_ns = 0;
  std::vector<Poke> before, after;
  u64 first = 1, last = ~u64{0}, step = 1;
};

// Each call of `calls` fails with probability `share` by an error that Linux gives for it: kernel/trace/errors.h.
struct Chaos {
  u64 seed = 0;
  double share = 0;
  std::bitset<kSyscallEnd> calls = std::bitset<kSyscallEnd>().set();
};

class RuleInjector final : public Injector {
 public:
  RuleInjector(std::vector<InjectRule> rules, std::optional<Chaos> chaos) : rules_(std::move(rules)), chaos_(chaos) {}
  Interference judge(Task& task, const platform::Entry& call) override;

 private:
  class Counts;
  const std::vector<InjectRule> rules_;
  const std::optional<Chaos> chaos_;
};

}  // namespace limen
