// Where one kernel thread sleeps until another wakes it. Knows of the pairs of platform/stub/pairing.h: while a kernel
// thread sleeps its guest need not poll, and who wakes others only to sleep itself at once wakes them on its own CPU, as
// Linux does with the readers of a pipe (WF_SYNC).
//
// A kernel thread that serves a guest does not wake others in the middle of a call, where they would run into the locks that it holds
// (Linux: wake_q). It gathers them, and wakes them before it sleeps or waits for a process, or when the call is done: then after the
// answer, if guest and kernel thread have a CPU each. Who is woken unhurriedly may then wait a little longer, for more to do at once.
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

  // Wakes whom the calling thread has gathered. Never blocks.
  static void wake_gathered();
  // The same, but for those who may wait for more calls. `polls_vainly`: none came for some microseconds.
  static void wake_hurried(bool polls_vainly);

  // While one lives, those whom its thread wakes are in no hurry: they are woken after some tens of microseconds, or when it waits.
  class Unhurried {
   public:
    Unhurried();
    ~Unhurried();
    Unhurried(const Unhurried&) = delete;
    Unhurried& operator=(const Unhurried&) = delete;
  };

 private:
  enum : u32 { kAwake, kToken, kAsleep };

  bool take_token();

  std::atomic<u32> word_{kAwake};
  // Where the sleeper is, for wake(): its host thread, and the CPU that it is bound to.
  std::atomic<int> tid_{0}, cpu_{-1};
};

}  // namespace limen::platform
