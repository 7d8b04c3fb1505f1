#include "kernel/time/timer_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "host/clock.h"

namespace limen {
namespace {

class SteadyClock final : public Clock {
 public:
  u64 monotonic_ns() override { return static_cast<u64>(host::monotonic_ns()); }
  u64 boottime_ns() override { return monotonic_ns(); }
  u64 realtime_ns() override { return monotonic_ns(); }
};

// Only threads: no guests.
class ThreadPlatform final : public platform::Platform {
 public:
  Result<std::unique_ptr<platform::Space>> new_space() override { return Errno::enomem; }
  u8* arena_base() override { return nullptr; }
  u64 arena_size() override { return 0; }
  void arena_discard(u64, u64) override {}
  u64 guest_floor() override { return 0; }
  u64 guest_ceiling() override { return 0; }
  Result<void> start_thread(std::string_view, Where, std::function<void()> body) override {
    ++started;
    std::thread(std::move(body)).detach();
    return success;
  }
  platform::Counters counters() override { return {}; }
  std::atomic<int> started{0};
};

struct Owner : RefCounted {
  std::atomic<int> fired{0};
};

void wait_for(const std::atomic<int>& value, int wanted) {
  for (int i = 0; i < 2000 && value.load() < wanted; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

TEST(TimerQueue, FiresInOrderOnOneThread) {
  SteadyClock clock;
  ThreadPlatform platform;
  TimerQueue queue(platform, clock);
  const Ref<Owner> owner = make_ref<Owner>();
  std::atomic<int> first{0}, second{0};
  queue.set(clock.after(20'000'000), owner, [&] { second = ++owner->fired; });
  queue.set(clock.after(5'000'000), owner, [&] { first = ++owner->fired; });
  wait_for(owner->fired, 2);
  EXPECT_EQ(first.load(), 1);
  EXPECT_EQ(second.load(), 2);
  EXPECT_EQ(platform.started.load(), 1);
}

TEST(TimerQueue, ACancelledTimerDoesNotFire) {
  SteadyClock clock;
  ThreadPlatform platform;
  const Ref<Owner> owner = make_ref<Owner>();
  {
    TimerQueue queue(platform, clock);
    const u64 handle = queue.set(clock.after(3'600'000'000'000), owner, [owner = owner.get()] { ++owner->fired; });
    EXPECT_EQ(owner->ref_count(), 2u);
    queue.cancel(handle);
    EXPECT_EQ(owner->ref_count(), 1u);
    queue.set(clock.after(3'600'000'000'000), owner, [owner = owner.get()] { ++owner->fired; });
  }  // ends at once with a timer set
  EXPECT_EQ(owner->ref_count(), 1u);
  EXPECT_EQ(owner->fired.load(), 0);
}

}  // namespace
}  // namespace limen
