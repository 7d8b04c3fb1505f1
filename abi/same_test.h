// Compares Limen's constants and structures with those of the host's headers, which are the oracle. At compile time: a
// difference is a build that fails, naming the constant.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "base/types.h"

namespace limen::abi {

template <typename T>
constexpr u64 oracle_value(T v) {
  if constexpr (requires { v.raw(); }) {
    return static_cast<u32>(v.raw());
  } else {
    return static_cast<u64>(v);
  }
}
// A flag of 32 bits is compared as 32 bits: 1 << 31 is negative in C and is not here.
template <typename A, typename B>
constexpr bool oracle_same(A ours, B theirs) {
  if constexpr (sizeof(A) <= 4) return static_cast<u32>(oracle_value(ours)) == static_cast<u32>(oracle_value(theirs));
  return oracle_value(ours) == oracle_value(theirs);
}

}  // namespace limen::abi

#define SAME(ours, theirs) static_assert(::limen::abi::oracle_same(::limen::abi::ours, theirs), #theirs)
#define SAME_SIZE(Ours, Theirs)                                                                       \
  static_assert(sizeof(Ours) == sizeof(Theirs), #Theirs);                                             \
  static_assert(std::is_trivially_copyable_v<Ours> && std::has_unique_object_representations_v<Ours>, \
                #Ours " has padding")
#define SAME_OFFSET(Ours, ours, Theirs, theirs)                                          \
  static_assert(offsetof(Ours, ours) == offsetof(Theirs, theirs), #Theirs "::" #theirs); \
  static_assert(sizeof(std::declval<Ours&>().ours) == sizeof(std::declval<Theirs&>().theirs), #Theirs "::" #theirs)
