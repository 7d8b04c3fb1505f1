#include "kernel/task/deferred.h"

#include <deque>
#include <utility>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/time/timer_queue.h"

namespace limen {
namespace {

struct Work {
  Ref<RefCounted> owner;
  std::function<void()> work;
};

// The stack of one kernel thread and nobody else's: which scope it is in, and what waits there.
thread_local std::deque<Work>* waiting = nullptr;
thread_local Task* served = nullptr;
thread_local std::vector<Ref<RefCounted>> unseen;  // to be dropped after the answer

}  // namespace

void defer(Kernel& kernel, Ref<RefCounted> owner, std::function<void()> work) {
  if (waiting != nullptr) {
    waiting->push_back({std::move(owner), std::move(work)});
  } else {
    (void)kernel.timers().set(Deadline::past(), std::move(owner), std::move(work));
  }
}

void release_later(Ref<RefCounted> last) {
  if (waiting != nullptr && last) waiting->push_back({std::move(last), {}});
}

void drop_after_answer(Ref<RefCounted> last) {
  if (waiting != nullptr && last) unseen.push_back(std::move(last));
}

void drop_what_waits() { unseen.clear(); }

Task* polling_task() { return served; }

DeferredScope::DeferredScope(Task& task) {
  served = &task;
  thread_local std::deque<Work> own;
  waiting = &own;
}

DeferredScope::~DeferredScope() {
  run_deferred();
  waiting = nullptr;
  served = nullptr;
}

void run_deferred() {
  while (waiting != nullptr && !waiting->empty()) {
    const Work next = std::move(waiting->front());
    waiting->pop_front();
    if (next.work) next.work();
  }
}

}  // namespace limen
