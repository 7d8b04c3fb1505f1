// The observer that writes events: a ring for each task, and one thread that empties them all into a sink, in order.
//
//   Ref<Recorder> recorder = make_ref<Recorder>(options);
//   kernel_options.observer = recorder;
//   recorder->start(platform, sink);   // before any guest runs
//   ... kernel.run_until_exit() ...
//   recorder->finish(counters);        // everything has been given to the sink, these last
//
// Events are handed over some twenty times a second, sooner only where much has come together: whoever records must not take the CPU
// on which a kernel thread polls for its guest. Nothing is lost: a task that finds no room waits for the sink. With `drop` it goes
// on, and the reader is told how much it missed.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/result.h"
#include "kernel/time/clock.h"
#include "kernel/trace/capture.h"
#include "kernel/trace/observer.h"
#include "kernel/trace/ring.h"
#include "kernel/trace/stack.h"

namespace limen {

class Recorder final : public Observer {
 public:
  // Takes whole records; false: the reader is gone, and nothing more is recorded.
  using Sink = std::function<bool(std::span<const u8>)>;

  Recorder(RecorderOptions options, Clock& clock);
  ~Recorder() override;

  Result<void> start(platform::Platform& platform, Sink sink);
  void finish(const event::Counters& counters);

  void call_entered(Task& task, const platform::Entry& call) override;
  void call_left(Task& task, const platform::Entry& call, i64 value, u8 touched) override;
  void signal_taken(Task& task, const SignalInfo& info) override;
  void task_stopped(Task& task, Signal by) override;
  void task_started(Task& task, Task* maker) override;
  void first_program(Task& task, const std::string& path, const std::vector<std::string>& argv,
                     const std::vector<std::string>& envp) override;
  void program_started(Task& task, Pid old_tid) override;
  void task_ended(Task& task, int wait_status, bool superseded) override;

 private:
  class Watch;
  bool records(u64 nr) const;
  void entered(Task& task, const platform::Entry& call);
  void push(Task& task, Watch& watch, u8 flags = 0);
  u8* wait_for_room(Task& task, Watch& watch, usize size);
  void hurry();
  void drain();
  void collect(std::span<const Ref<Watch>> watches);
  bool give_out();
  void release(std::span<const Ref<Watch>> watches);

  bool wants_stack(Task& task, const platform::Entry& call);

  const RecorderOptions options_;
  Clock& clock_;
  StackReader stacks_;
  // Kinds of calls whose stack has been taken, a bit for each, by a hash: two that fall together share one stack.
  static constexpr usize kKinds = 1 << 16;
  std::array<std::atomic<u64>, kKinds / 64> kinds_{};
  Sink sink_;
  std::atomic<u64> sequence_{0};
  std::atomic<bool> gone_{false};  // the sink

  const std::shared_ptr<EventChunks> chunks_ = std::make_shared<EventChunks>();

  std::mutex mutex_;
  std::condition_variable changed_;  // the drain thread is wanted; it has ended
  std::vector<Ref<Watch>> watches_;  // under mutex_
  bool finishing_ = false, running_ = false;
  // Set under mutex_: the drain thread waits for a first event; it shall not wait for more of them.
  std::atomic<bool> idle_{false}, hurry_{false};

  // The drain thread's own.
  struct Found {
    u64 sequence;
    const u8* at;
    u32 size;
  };
  std::vector<Found> found_;
  std::vector<u8> early_, out_;
  u64 next_ = 0;  // the sequence number that the sink waits for
};

}  // namespace limen
