// Where one kernel thread sleeps until another wakes it. Knows of the pairs of platform/stub/pairing.h: while a kernel
// thread sleeps its guest need not poll, and who wakes others only to sleep itself at once wakes them on its own CPU, as
// Linux does with the readers of a pipe (WF_SYNC).
#pragma once

#include <atomic>
#include <optional>

#include "base/types.h"

namespace limen::platform {

class Sleeper {
 public:
  // By its one thread. Returns true after wake(), also after one that came before; false when `until` (host's
  // CLOCK_MONOTONIC, ns) has passed.
  bool sleep(std::optional<u64> until);
  // Any thread. Never blocks.
  void wake();

 private:
  enum : u32 { kAwake, kToken, kAsleep };

  bool take_token();

  std::atomic<u32> word_{kAwake};
  // Where the sleeper is, for wake(): its host thread, and the CPU that it is bound to.
  std::atomic<int> tid_{0}, cpu_{-1};
};

}  // namespace limen::platform
