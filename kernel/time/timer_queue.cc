#include "kernel/time/timer_queue.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace limen {

struct TimerQueue::State {
  struct Timer {
    Ref<RefCounted> owner;
    Callback callback;
  };
  using Key = std::pair<u64, u64>;  // deadline, handle

  // The standard's mutex and not ours: a condition variable needs it. It ranks as a leaf: nothing is taken under it.
  std::mutex mutex;
  std::condition_variable changed;
  std::map<Key, Timer> timers;
  std::map<u64, u64> deadlines;  // by handle
  u64 last_handle = 0;
  bool thread_runs = false;
  bool ending = false;

  void run(Clock& clock);
};

namespace {
// How long the thread waits for another timer before it leaves: making a thread costs more than a sleeping one.
constexpr std::chrono::milliseconds kLinger(100);
}  // namespace

void TimerQueue::State::run(Clock& clock) {
  std::unique_lock<std::mutex> guard(mutex);
  while (!ending) {
    if (timers.empty()) {
      if (changed.wait_for(guard, kLinger, [this] { return ending || !timers.empty(); })) continue;
      break;
    }
    const u64 deadline = timers.begin()->first.first;
    const u64 now = clock.monotonic_ns();
    if (deadline > now) {
      changed.wait_for(guard, std::chrono::nanoseconds(deadline - now));
      continue;
    }
    auto node = timers.extract(timers.begin());
    deadlines.erase(node.key().second);
    guard.unlock();
    node.mapped().callback();
    node.mapped() = Timer{};  // the owner may end here, with no lock held
    guard.lock();
  }
  thread_runs = false;
  changed.notify_all();
}

TimerQueue::TimerQueue(platform::Platform& platform, Clock& clock)
    : state_(std::make_shared<State>()), platform_(platform), clock_(clock) {}

TimerQueue::~TimerQueue() { stop(); }

void TimerQueue::stop() {
  std::map<State::Key, State::Timer> left;
  std::unique_lock<std::mutex> guard(state_->mutex);
  state_->ending = true;
  left.swap(state_->timers);
  state_->changed.notify_all();
  state_->changed.wait(guard, [this] { return !state_->thread_runs; });
}

u64 TimerQueue::set(Deadline deadline, Ref<RefCounted> owner, Callback callback) {
  std::unique_lock<std::mutex> guard(state_->mutex);
  if (state_->ending) return 0;
  const u64 handle = ++state_->last_handle;
  state_->deadlines[handle] = deadline.ns();
  const auto [place, added] =
      state_->timers.emplace(State::Key(deadline.ns(), handle), State::Timer{std::move(owner), std::move(callback)});
  if (!state_->thread_runs) {
    // The host may have no thread left; the next set() tries again.
    state_->thread_runs = platform_
                              .start_thread("limen-timers", platform::Platform::Where::anywhere,
                                            [state = state_, clock = &clock_] { state->run(*clock); })
                              .ok();
  } else if (place == state_->timers.begin()) {
    state_->changed.notify_all();
  }
  return handle;
}

void TimerQueue::cancel(u64 handle) {
  State::Timer cancelled;  // ends after the lock
  std::lock_guard<std::mutex> guard(state_->mutex);
  const auto found = state_->deadlines.find(handle);
  if (found == state_->deadlines.end()) return;
  const auto timer = state_->timers.find(State::Key(found->second, handle));
  cancelled = std::move(timer->second);
  state_->timers.erase(timer);
  state_->deadlines.erase(found);
}

}  // namespace limen
