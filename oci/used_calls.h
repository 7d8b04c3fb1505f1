// What programs asked of the kernel, as a seccomp profile that allows that and no more: Docker's and OCI's format.
//
//   UsedCalls used;
//   used.add({"openat"}, "ls -l", "ls", {3});   // by hand, or from a profile: used.read(text, "a.json")
//   std::string json = used.to_json();
//
// Each rule's comment says which run needed it, which programs of that run how often, and where each did so first, the innermost
// function first: "ls -l: ls 3 @ libc.so.6 openat < ls main | make: cc1 7, sh 2". So a profile can be merged and explained from itself
// alone. Names of programs and functions are a guest's: both they and their number are bounded.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace limen::oci {

// A call; or only that with this value in one argument.
struct UsedCall {
  std::string name;
  std::optional<u32> arg;  // 0 to 5
  u64 value = 0;
  u64 mask = ~u64{0};  // which bits of the argument the kernel looks at
  auto operator<=>(const UsedCall&) const = default;
};

class UsedCalls {
 public:
  struct Use {
    u64 calls = 0;
    std::vector<std::string> stack{};  // of the first, where it is known
    bool operator==(const Use&) const = default;
  };
  using Programs = std::map<std::string, Use>;   // by name
  using Runs = std::map<std::string, Programs>;  // the run's command

  void add(UsedCall call, std::string_view run, std::string_view program, const Use& use);
  // Adds what a profile of this kind allows. UsageError where it is another kind of profile, with the offending word.
  void read(std::string_view text, const std::string& file);
  void read_file(const std::string& file);
  std::string to_json() const;
  const std::map<UsedCall, Runs>& calls() const { return calls_; }

 private:
  std::map<UsedCall, Runs> calls_;
};

// "openat", "ioctl with argument 1 = 0x5401".
std::string words_of(const UsedCall& call);
// "ls -l: ls 3 | make: cc1 7, sh 2"
std::string words_of(const UsedCalls::Runs& runs);

}  // namespace limen::oci
