// The vocabulary of host_calls.def: what an argument of a host call may be.
#pragma once

#include <array>
#include <initializer_list>

#include "base/types.h"

namespace limen::host::rules {

// One argument: `(value & mask) == wanted`; a mask of zero admits anything.
struct Check {
  u64 mask = 0;
  u64 wanted = 0;
};

struct Args {
  usize count = 0;
  std::array<Check, 6> checks{};
};

inline constexpr Check any{};
// The host takes most scalars as 32-bit ints and callers extend them either way: the low half is what is compared.
constexpr Check eq(u64 value) { return {0xffffffff, value & 0xffffffff}; }
// Only bits of `allowed` may be set (in the low half).
constexpr Check only(u64 allowed) { return {~allowed & 0xffffffff, 0}; }

template <typename... C>
constexpr Args args(C... checks) {
  static_assert(sizeof...(C) <= 6);
  Args out;
  out.count = sizeof...(C);
  usize i = 0;
  ((out.checks[i++] = checks), ...);
  return out;
}

}  // namespace limen::host::rules
