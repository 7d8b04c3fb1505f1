// Timers of the kernel: one thread that sleeps until the earliest deadline (and does not exist while there is none).
// For timerfd, setitimer, timer_create, --timeout. Blocking calls use Task::sleep's deadline instead.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "base/lock.h"
#include "base/ref.h"
#include "kernel/time/clock.h"
#include "platform/platform.h"

namespace limen {

class TimerQueue {
 public:
  // Runs on the timer thread without the queue's lock; brief; may set timers again.
  using Callback = std::function<void()>;
  TimerQueue(platform::Platform& platform, Clock& clock);
  ~TimerQueue();
  // Timers that have not run are forgotten, and set() makes no more. Waits for the callback that runs.
  void stop();

  // A handle: 0 is none. `owner` is kept alive until the callback has run or cancel returned.
  u64 set(Deadline deadline, Ref<RefCounted> owner, Callback callback);
  // After it returns the callback does not start any more (it may be running).
  void cancel(u64 handle);

 private:
  struct State;
  std::shared_ptr<State> state_;
  platform::Platform& platform_;
  Clock& clock_;
};

}  // namespace limen
