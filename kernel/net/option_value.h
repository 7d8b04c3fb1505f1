// Values of socket options as getsockopt(2) and setsockopt(2) carry them: the bytes of a number or of a struct.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace limen {

inline constexpr u32 kMostBuffer = 212992;  // net.core.[rw]mem_max; twice that is what is kept

// As many of the value's bytes as the caller has room for.
template <typename T>
std::vector<u8> bytes_of(const T& value, usize room) {
  const auto* begin = reinterpret_cast<const u8*>(&value);
  return {begin, begin + std::min(room, sizeof value)};
}

inline std::vector<u8> bytes_of(std::string_view text, usize room) {
  return {text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(room, text.size()))};
}

// einval where there are fewer bytes than T has; what is beyond them does not count.
template <typename T>
Result<T> value_of(std::span<const u8> bytes) {
  T value;
  if (bytes.size() < sizeof value) return Errno::einval;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace limen
