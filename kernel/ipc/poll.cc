#include "kernel/ipc/poll.h"

#include "kernel/kernel.h"

namespace limen {
namespace {

usize poll_all(std::span<PollItem> items, PollWaiters* table) {
  usize count = 0;
  for (PollItem& item : items) {
    item.ready = 0;
    if (item.ignore) continue;
    if (!item.file) {
      item.ready = kPollNval;
    } else {
      // Once something is ready nobody sleeps: no more registrations.
      PollWaiters* const registering = count == 0 ? table : nullptr;
      if (registering != nullptr) registering->set_interest(item.events);
      item.ready = item.file->poll(registering) & item.events;
    }
    if (item.ready != 0) ++count;
  }
  return count;
}

}  // namespace

void PollWaiters::add(Ref<RefCounted> owner, WaitQueue& queue) {
  registrations_.push_back({std::move(owner), std::make_unique<TaskWaiter>(task_, queue, interest_)});
}

Result<usize> wait_for_any(Task& task, std::span<PollItem> items, Deadline deadline) {
  usize count = poll_all(items, nullptr);
  if (count != 0 || deadline == Deadline::past()) return count;
  PollWaiters table(task);
  count = poll_all(items, &table);
  while (count == 0) {
    const Result<void> slept = task.sleep(deadline);
    count = poll_all(items, nullptr);
    if (count != 0 || slept.ok()) continue;
    if (slept.is(Errno::etimedout)) return usize{0};
    return Errno::erestartnohand;
  }
  return count;
}

}  // namespace limen
