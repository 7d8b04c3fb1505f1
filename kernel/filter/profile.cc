#include "kernel/filter/profile.h"

#include <algorithm>

namespace limen {
namespace {

bool holds(const ProfileArg& arg, const abi::SeccompData& call) {
  const u64 given = call.args[arg.index];
  switch (arg.op) {
    case ProfileArg::Op::ne:
      return given != arg.value;
    case ProfileArg::Op::lt:
      return given < arg.value;
    case ProfileArg::Op::le:
      return given <= arg.value;
    case ProfileArg::Op::eq:
      return given == arg.value;
    case ProfileArg::Op::ge:
      return given >= arg.value;
    case ProfileArg::Op::gt:
      return given > arg.value;
    case ProfileArg::Op::masked_eq:
      return (given & arg.value) == arg.value_two;
  }
  return false;
}

bool allows(u32 verdict) { return (verdict & abi::seccomp_ret_action_full) == abi::seccomp_ret_allow; }

}  // namespace

ProfileProgram::ProfileProgram(SeccompProfile profile) : profile_(std::move(profile)) {
  for (auto& [nr, rules] : profile_.rules) {
    std::stable_sort(rules.begin(), rules.end(),
                     [](const ProfileRule& a, const ProfileRule& b) { return a.args.empty() && !b.args.empty(); });
  }
}

const ProfileRule* ProfileProgram::rule_for(const abi::SeccompData& call) const {
  const auto found = profile_.rules.find(static_cast<u32>(call.nr));
  if (found == profile_.rules.end()) return nullptr;
  for (const ProfileRule& rule : found->second) {
    if (std::all_of(rule.args.begin(), rule.args.end(), [&](const ProfileArg& arg) { return holds(arg, call); }))
      return &rule;
  }
  return nullptr;
}

u32 ProfileProgram::run(const abi::SeccompData& call) const {
  const ProfileRule* rule = rule_for(call);
  return rule != nullptr ? rule->verdict : profile_.default_verdict;
}

bool ProfileProgram::always_allows(u32 nr) const {
  const auto found = profile_.rules.find(nr);
  if (found == profile_.rules.end()) return allows(profile_.default_verdict);
  for (const ProfileRule& rule : found->second) {
    if (!allows(rule.verdict)) return false;
    if (rule.args.empty()) return true;
  }
  return allows(profile_.default_verdict);
}

std::string ProfileProgram::explain(const abi::SeccompData& call) const {
  const ProfileRule* rule = rule_for(call);
  return rule != nullptr ? rule->words : profile_.default_words;
}

}  // namespace limen
