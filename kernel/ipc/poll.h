// Waiting for several files at once: what poll(2), select(2) and their variants share. Source: fs/select.c.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernel/task/task.h"
#include "kernel/vfs/file.h"

namespace limen {

// Registers one task with each queue that it is given, for as long as it lives.
class PollWaiters final : public PollTable {
 public:
  explicit PollWaiters(Task& task) : task_(task) {}
  void set_interest(PollEvents interest) { interest_ = interest; }
  void add(Ref<RefCounted> owner, WaitQueue& queue) override;

 private:
  struct Registration {
    Ref<RefCounted> owner;  // declared first: outlives the waiter
    std::unique_ptr<TaskWaiter> waiter;
  };
  Task& task_;
  PollEvents interest_ = kPollAll;
  std::vector<Registration> registrations_;
};

// One file that is waited for. `events` always includes kPollErr and kPollHup where poll(2) does.
struct PollItem {
  Ref<File> file;  // null: ready at once with kPollNval, or ignored where `ignore`
  PollEvents events = 0;
  PollEvents ready = 0;
  bool ignore = false;
};

// Waits until something is ready or the deadline has passed (0); `ready` of each item is filled in. Returns how many have some.
// erestartnohand when a signal came first.
Result<usize> wait_for_any(Task& task, std::span<PollItem> items, Deadline deadline);

}  // namespace limen
