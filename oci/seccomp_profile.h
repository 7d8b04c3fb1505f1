// Reads a seccomp profile: the JSON of Docker and of the OCI runtime specification (defaultAction, archMap, syscalls).
// Source: the OCI runtime specification, config-linux.md, "Seccomp"; Docker's documentation of profiles.
//
//   SeccompProfile profile = parse_seccomp_profile(text, "profile.json", facts);   // throws UsageError
//
// A profile says what a guest may call, so nothing in it is guessed: an unknown key, action or operator is an error that names its
// line. A name that no call has is skipped where the default would be at least as strict (profiles name calls of other
// architectures and of kernels to come), and an error where skipping it would let a call through.
#pragma once

#include <string>
#include <string_view>

#include "kernel/filter/profile.h"

namespace limen::oci {

// What `includes` and `excludes` ask about.
struct ProfileFacts {
  u64 capabilities = 0;     // of the guest's first process
  std::string_view kernel;  // "6.12.0-limen"
};

SeccompProfile parse_seccomp_profile(std::string_view text, std::string_view file, const ProfileFacts& facts);
// The same from a file of the host.
SeccompProfile read_seccomp_profile(const std::string& file, const ProfileFacts& facts);

}  // namespace limen::oci
