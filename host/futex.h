// Waiting on a word. The words may be shared with guests: a wake-up says nothing, look at the word again.
#pragma once

#include <linux/futex.h>

#include <atomic>
#include <ctime>
#include <optional>

#include "host/calls.h"

namespace limen::host {

// Where a word lives decides how the host finds its waiters.
enum class FutexScope : u8 { shared, kernel_only };

// Sleeps while `word == expected`, at most until the CLOCK_MONOTONIC `deadline`. eagain (the word differs), eintr, etimedout.
inline Result<void> futex_wait(const u32* word, u32 expected, FutexScope scope, const timespec* deadline = nullptr) {
  const int op = FUTEX_WAIT_BITSET | (scope == FutexScope::kernel_only ? FUTEX_PRIVATE_FLAG : 0);
  TRY(call::futex(word, op, expected, deadline, nullptr, FUTEX_BITSET_MATCH_ANY));
  return success;
}

// Wakes at most `count` sleepers.
inline void futex_wake(const u32* word, int count, FutexScope scope) {
  const int op = FUTEX_WAKE | (scope == FutexScope::kernel_only ? FUTEX_PRIVATE_FLAG : 0);
  (void)call::futex(word, op, count, nullptr, nullptr, 0).ok();
}

}  // namespace limen::host
