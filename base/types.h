// The integers of POSIX as types of their own: kill(fd, ...) must not compile.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/ints.h"

namespace limen {

// An integer that only mixes with its own kind. `raw()` is the way out.
template <typename Tag, typename Rep>
class Strong {
 public:
  using rep = Rep;
  constexpr Strong() = default;
  constexpr explicit Strong(Rep raw) : raw_(raw) {}
  constexpr Rep raw() const { return raw_; }
  constexpr auto operator<=>(const Strong&) const = default;

 private:
  Rep raw_{};
};

using Fd = Strong<struct FdTag, i32>;          // a guest's file descriptor
using DirFd = Strong<struct DirFdTag, i32>;    // the same, or AT_FDCWD: where a path begins
using Pid = Strong<struct PidTag, i32>;        // a guest's process, thread, group or session id
using Signal = Strong<struct SignalTag, i32>;  // 1..64; 0 is "no signal"
using Uid = Strong<struct UidTag, u32>;
using Gid = Strong<struct GidTag, u32>;

// An address in a guest's address space. Never dereferenced: see kernel/mm/user_ptr.h.
class GuestAddr {
 public:
  constexpr GuestAddr() = default;
  constexpr explicit GuestAddr(u64 raw) : raw_(raw) {}
  constexpr u64 raw() const { return raw_; }
  constexpr bool is_null() const { return raw_ == 0; }
  constexpr GuestAddr operator+(u64 n) const { return GuestAddr(raw_ + n); }
  constexpr GuestAddr operator-(u64 n) const { return GuestAddr(raw_ - n); }
  constexpr u64 operator-(GuestAddr o) const { return raw_ - o.raw_; }
  constexpr auto operator<=>(const GuestAddr&) const = default;

 private:
  u64 raw_ = 0;
};

inline constexpr u64 kPageSize = 4096;
inline constexpr u64 kPageMask = kPageSize - 1;
constexpr u64 page_floor(u64 n) { return n & ~kPageMask; }
constexpr u64 page_ceil(u64 n) { return (n + kPageMask) & ~kPageMask; }  // wraps to 0 at the top

}  // namespace limen

template <typename Tag, typename Rep>
struct std::hash<limen::Strong<Tag, Rep>> {
  size_t operator()(limen::Strong<Tag, Rep> v) const { return std::hash<Rep>{}(v.raw()); }
};
