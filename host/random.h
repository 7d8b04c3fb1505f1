// Bytes of the host's randomness.
#pragma once

#include <span>

#include "host/calls.h"

namespace limen::host {

// Fills all of `out`; never fails once the host has booted (getrandom(2)).
inline void fill_random(std::span<u8> out) {
  while (!out.empty()) {
    const Result<i64> got = call::getrandom(out.data(), out.size(), 0);
    if (got.ok()) out = out.subspan(static_cast<usize>(*got));
  }
}

}  // namespace limen::host
