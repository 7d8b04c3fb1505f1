// The stub platform: shared memory, the template, the pool of ready stubs, and the reaper.
//
// Threads of its own: `limen-pool` makes stubs ahead of need; `limen-reaper` waits for the end of guest processes;
// `limen-house` unbinds guests that run long (pairing.h), and sleeps while nothing runs.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "platform/stub/process.h"
#include "platform/stub/template_process.h"
#include "platform/stub/thread.h"
#include "platform/stub_platform.h"

namespace limen::platform {

class StubPlatform final : public Platform {
 public:
  ~StubPlatform() override;
  Result<void> start(Options options);

  Result<std::unique_ptr<Space>> new_space() override;
  u8* arena_base() override { return arena_.base(); }
  u64 arena_size() override { return arena_.size(); }
  void arena_discard(u64 offset, u64 length) override;
  Result<usize> arena_write(u64 offset, std::span<const std::span<u8>> from) override;
  bool arena_resident(u64 offset, u64 length, u8* pages) override;
  bool has_public_page() override { return public_fd_ >= 0; }
  RseqSupport rseq_support() override { return rseq_support_; }
  u64 guest_floor() override { return LIMEN_GUEST_FLOOR; }
  u64 guest_ceiling() override { return LIMEN_SLOTS; }
  Result<void> start_thread(std::string_view name, Where where, std::function<void()> body) override;
  Counters counters() override;
  void end() override;

  // Threads are listed while they live; one that ends leaves its counts.
  void attach(StubThread* thread);
  void detach(StubThread* thread);
  // A guest is about to run: the housekeeper must be about. Cheap when it is.
  void guest_runs() {
    if (housekeeper_sleeps_.load(std::memory_order_relaxed) != 0) wake_housekeeper();
  }
  Cpus& cpus() { return cpus_; }
  bool patching() const { return patching_; }

 private:
  struct Job {
    std::string name;
    std::function<void()> body;
    int cpu = -1;  // where it starts; -1: anywhere
  };
  // A thread that has done its job and waits a moment for the next.
  struct Idle {
    std::optional<Job> job;
    std::condition_variable_any came;
    int tid;
  };

  Result<void> start_worker(Job job);
  void work(Job job);
  void fill_pool();
  void reap();
  void keep_house();
  void spread() REQUIRES(mutex_);
  void wake_housekeeper();
  Result<Ref<StubProcess>> make_process();
  Result<void> watch(const host::Handle& pidfd, u64 pid);

  host::Handle arena_file_;
  host::Mapping arena_;
  Control control_;
  TemplateProcess template_;
  host::Handle epoll_;
  u32 most_ready_ = 0;
  bool patching_ = true;
  int public_fd_ = -1;
  RseqSupport rseq_support_;
  Cpus cpus_;
  std::atomic<u32> housekeeper_sleeps_{0};

  Mutex mutex_{LockRank::trace};  // taken last but for a process's list of slots
  std::condition_variable_any changed_;
  std::deque<Ref<StubProcess>> ready_ GUARDED_BY(mutex_);
  // How many are kept ready: one for the first program; more when it turns out to have a second process.
  u32 wanted_ready_ GUARDED_BY(mutex_) = 1;
  u64 spaces_ GUARDED_BY(mutex_) = 0;  // that were asked for
  // Whose end the reaper has not heard of, by a number of their own: a process id may be another's by then.
  std::map<u64, Ref<StubProcess>> processes_ GUARDED_BY(mutex_);
  u64 last_number_ GUARDED_BY(mutex_) = 0;
  u64 failures_ GUARDED_BY(mutex_) = 0;
  Errno failure_ GUARDED_BY(mutex_) = Errno::eagain;
  u32 helpers_ GUARDED_BY(mutex_) = 0;  // own threads that run
  bool stopping_ GUARDED_BY(mutex_) = false;
  u32 workers_ GUARDED_BY(mutex_) = 0;
  std::vector<Idle*> idle_ GUARDED_BY(mutex_);  // the last one first: its stack is warm
  std::set<StubThread*> threads_ GUARDED_BY(mutex_);
  u32 uneven_ticks_ GUARDED_BY(mutex_) = 0;
  Counters retired_ GUARDED_BY(mutex_);
};

}  // namespace limen::platform
