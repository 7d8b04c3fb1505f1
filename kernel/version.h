// Which Linux a guest is told that it runs on (uname(2), /proc/version).
#pragma once

#include <string_view>

namespace limen {

inline constexpr std::string_view kLinuxRelease = "6.12.0-limen";
inline constexpr std::string_view kLinuxVersion = "#1 SMP PREEMPT_DYNAMIC Limen";

}  // namespace limen
