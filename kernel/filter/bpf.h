// Classic BPF for seccomp(2): checked as Linux checks, decoded once, interpreted.
// Source: Documentation/networking/filter.rst; net/core/filter.c:bpf_check_classic, kernel/seccomp.c:seccomp_check_filter.
//
//   Ref<BpfProgram> program = TRY(BpfProgram::check(instructions));
//   const u32 verdict = program->run(call);    // SECCOMP_RET_*
//
// A program only jumps forward, so it ends within its own length; all that it can read is the call.
#pragma once

#include <span>
#include <vector>

#include "abi/bpf.h"
#include "base/result.h"
#include "kernel/filter/filter.h"

namespace limen {

class BpfProgram final : public FilterProgram {
 public:
  // einval for what Linux refuses.
  static Result<Ref<BpfProgram>> check(std::span<const abi::SockFilter> instructions);

  u32 run(const abi::SeccompData& call) const override;
  bool always_allows(u32 nr) const override;
  // In the instructions that Linux translates it to: what its limit of 32768 for a path of filters counts.
  u32 cost() const override { return cost_; }
  std::span<const abi::SockFilter> instructions() const { return code_; }  // as they were given

  explicit BpfProgram(std::vector<abi::SockFilter> code);

 private:
  const std::vector<abi::SockFilter> code_;
  u32 cost_ = 0;
};

}  // namespace limen
