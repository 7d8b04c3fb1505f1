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

// Twice what was asked for, up to net.core.[rw]mem_max: what SO_SNDBUF and SO_RCVBUF keep. Linux: sk_setsockopt takes it without a sign.
inline u32 buffer_size(i32 wanted, u64 most, u32 least) {
  return static_cast<u32>(std::clamp<u64>(std::min<u64>(static_cast<u32>(wanted), most) * 2, least, INT32_MAX));
}

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
