// Which Linux a guest is told that it runs on (uname(2), /proc/version).
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/ints.h"

namespace limen {

inline constexpr std::string_view kLinuxRelease = "6.12.0-limen";
inline constexpr std::string_view kLinuxVersion = "#1 SMP PREEMPT_DYNAMIC Limen";

// Into a field of struct new_utsname: ends with a zero, and so do all bytes behind it.
template <usize N>
void put_name(char (&field)[N], std::string_view text) {
  std::memset(field, 0, N);
  std::copy_n(text.data(), std::min(text.size(), N - 1), field);
}

}  // namespace limen
