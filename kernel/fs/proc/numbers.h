// Numbers that a guest writes into files of /proc, as kstrtoull and kstrtoint read them: decimal, 0x or 0 before, one newline after.
#pragma once

#include <charconv>
#include <string_view>

#include "base/result.h"
#include "base/types.h"

namespace limen {

// einval, erange.
inline Result<u64> parse_number(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16, text.remove_prefix(2);
  } else if (text.size() > 1 && text.starts_with('0')) {
    base = 8, text.remove_prefix(1);
  }
  u64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error == std::errc::result_out_of_range) return Errno::erange;
  if (error != std::errc() || end != text.data() + text.size()) return Errno::einval;
  return value;
}

inline Result<i64> parse_integer(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\n')) text.remove_suffix(1);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const u64 value = TRY(parse_number(text));
  if (value > static_cast<u64>(INT64_MAX)) return Errno::erange;
  return negative ? -static_cast<i64>(value) : static_cast<i64>(value);
}

}  // namespace limen
