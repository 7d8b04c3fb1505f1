// The kernel process's own seccomp filter, made from host_calls.def.
//
// lock_down() is called once, after set-up and before the first guest instruction: afterwards a call that
// has no row kills the kernel process (and with it the sandbox), in every thread.
#pragma once

#include <linux/filter.h>

#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/rules.h"

namespace limen::host {

struct Rule {
  std::string_view name;
  u32 nr;
  rules::Args args;
  std::string_view reason;
};

// All rows, in the order of host_calls.def.
const std::vector<Rule>& all_rules();

// The filter that stands for them; `refusal` is what happens to any other call (SECCOMP_RET_...).
std::vector<sock_filter> compile_rules(const std::vector<Rule>& rules, u32 refusal);

// Settles what the C library would else ask the host for later. Called before the first thread starts.
void before_threads();

// Sets no_new_privs and installs the filter in all threads of the process. einval, eacces, esrch as seccomp(2).
Result<void> lock_down();

}  // namespace limen::host
