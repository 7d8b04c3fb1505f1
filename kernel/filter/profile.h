// A profile in the manner of OCI, as a program of the same machinery that a guest's own filters use: which calls are allowed, by
// name and arguments, and what becomes of the others. oci/seccomp_profile.h reads one from a file.
//
//   Ref<ProfileProgram> program = make_ref<ProfileProgram>(std::move(profile));
//
// A call's rules without arguments are asked first, then those with arguments in the order given; the first that holds decides,
// else the default does. (libseccomp, too, lets a rule without arguments win.)
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kernel/filter/filter.h"

namespace limen {

struct ProfileArg {
  enum class Op : u8 { ne, lt, le, eq, ge, gt, masked_eq };
  u32 index = 0;  // 0 to 5
  Op op = Op::eq;
  u64 value = 0;      // masked_eq: the mask
  u64 value_two = 0;  // masked_eq: what is left
};

struct ProfileRule {
  u32 verdict = 0;               // SECCOMP_RET_*, with its data
  std::vector<ProfileArg> args;  // all must hold
  std::string words;             // for messages: "rule 3 (SCMP_ACT_ERRNO, ENOSYS)"
};

struct SeccompProfile {
  u32 default_verdict = 0;
  std::string default_words;
  std::map<u32, std::vector<ProfileRule>> rules;  // by x86-64 number
};

class ProfileProgram final : public FilterProgram {
 public:
  explicit ProfileProgram(SeccompProfile profile);
  u32 run(const abi::SeccompData& call) const override;
  bool always_allows(u32 nr) const override;
  u32 cost() const override { return 0; }  // the user's, not a guest's: it counts against no limit
  std::string explain(const abi::SeccompData& call) const override;

 private:
  const ProfileRule* rule_for(const abi::SeccompData& call) const;  // null: the default

  SeccompProfile profile_;
};

}  // namespace limen
