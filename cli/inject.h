// From the words of -e inject= and --chaos to rules of the kernel's injector. Throw UsageError, which names the offending word.
#pragma once

#include <optional>
#include <string_view>

#include "kernel/trace/injector.h"

namespace limen::cli {

// "SET:error=ENOSPC:when=3+", as strace's; `what` is "inject" or "fault".
InjectRule parse_inject(std::string_view what, std::string_view text);
// strace's times, in nanoseconds: microseconds, or with a unit behind: "1.5ms", "1e3".
std::optional<u64> parse_microseconds(std::string_view word);
// "SEED,P" with P a share ("0.01") or percentage ("1%").
Chaos parse_chaos(std::string_view text);

}  // namespace limen::cli
