#include "platform/stub_platform.h"

#include <pthread.h>
#include <sys/auxv.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>

#include "base/heap.h"
#include "host/clock.h"
#include "host/files.h"
#include "host/futex.h"
#include "platform/sleeper.h"
#include "platform/stub/stub_platform_impl.h"

namespace limen::platform {
namespace {

constexpr u64 kTemplateTag = 0;  // in the reaper's epoll: no process has this number

class StubSpace final : public Space {
 public:
  StubSpace(StubPlatform& platform, Ref<StubProcess> process) : platform_(platform), process_(std::move(process)) {}
  ~StubSpace() override {
    process_->kill();
    process_->wait_dead();
  }

  Result<void> apply(std::span<const MapOrder> orders) override { return process_->apply(orders); }

  Result<std::unique_ptr<GuestThread>> new_thread() override {
    TRY(process_->settle());
    const ParkedThread host = TRY(process_->take_thread());
    return std::unique_ptr<GuestThread>(new StubThread(platform_, process_, host));
  }

  u32& futex_waiters() override { return process_->futex_waiters(); }
  void kill() override { process_->kill(); }
  int host_pid() const override { return process_->pid(); }

 private:
  StubPlatform& platform_;
  const Ref<StubProcess> process_;
};

void add(Counters& to, const Counters& from) {
  to.crossings += from.crossings;
  to.syscalls_trapped += from.syscalls_trapped;
  to.syscalls_patched += from.syscalls_patched;
  to.syscalls_answered += from.syscalls_answered;
  to.hot += from.hot;
  to.cold += from.cold;
  to.faults += from.faults;
  to.interrupts += from.interrupts;
  to.map_batches += from.map_batches;
  to.map_orders += from.map_orders;
}

#ifdef LIMEN_SANITIZED
constexpr usize kStackSize = 1 << 20;
#else
constexpr usize kStackSize = 256 << 10;
#endif

}  // namespace

Result<std::unique_ptr<Platform>> make_stub_platform(Options options) {
  auto platform = std::make_unique<StubPlatform>();
  TRY(platform->start(std::move(options)));
  return std::unique_ptr<Platform>(std::move(platform));
}

Result<void> StubPlatform::start(Options options) {
  if ((getauxval(AT_HWCAP2) & 2) == 0) return Errno::enosys;  // HWCAP2_FSGSBASE
  install_safe_copy();
  cpus_.look();
  // No area at all is EINVAL where there is such a call.
  if (host::call::rseq(nullptr, 0, 0, 0).is(Errno::einval))
    rseq_support_ = {true, getauxval(AT_RSEQ_FEATURE_SIZE), getauxval(AT_RSEQ_ALIGN)};
  patching_ = options.patching;
  most_ready_ = std::max(options.ready_stubs, 1u);
  arena_file_ = std::move(options.arena_file);
  if (!arena_file_.valid()) arena_file_ = TRY(host::make_memory_file("limen-arena", options.arena_size));
  TRY(control_.open());
  TRY(template_.start(control_, arena_file_, options.public_page));
  public_fd_ = options.public_page;
  arena_ = TRY(host::Mapping::shared(arena_file_, options.arena_size));
  epoll_ = host::Handle(static_cast<int>(TRY(host::call::epoll_create1(EPOLL_CLOEXEC))));
  TRY(watch(template_.pidfd(), kTemplateTag));
  for (const auto& [name, body] : {std::pair{"limen-reaper", &StubPlatform::reap},
                                   {"limen-pool", &StubPlatform::fill_pool},
                                   {"limen-house", &StubPlatform::keep_house}}) {
    {
      const MutexGuard guard(mutex_);
      ++helpers_;
    }
    const Result<void> started = start_thread(name, Where::anywhere, [this, body = body] {
      (this->*body)();
      const MutexGuard guard(mutex_);
      --helpers_;
      changed_.notify_all();
    });
    if (!started.ok()) {
      const MutexGuard guard(mutex_);
      --helpers_;
      return started;
    }
  }
  return success;
}

StubPlatform::~StubPlatform() {
  end();
  const MutexGuard guard(mutex_);
  while (workers_ > 0) changed_.wait(mutex_);
}

void StubPlatform::end() {
  std::vector<Ref<StubProcess>> all;
  {
    const MutexGuard guard(mutex_);
    stopping_ = true;
    changed_.notify_all();
    for (Idle* idle : idle_) idle->came.notify_one();
    wake_housekeeper();
    while (helpers_ > 1) changed_.wait(mutex_);  // the pool makes no more; the reaper has work still
    ready_.clear();
    for (auto& [number, process] : processes_) all.push_back(process);
  }
  for (auto& process : all) process->kill();
  for (auto& process : all) process->wait_dead();
  all.clear();
  template_.kill();  // its end is the reaper's last event
  const MutexGuard guard(mutex_);
  while (helpers_ > 0) changed_.wait(mutex_);
}

Result<void> StubPlatform::watch(const host::Handle& pidfd, u64 tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  TRY(host::call::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, pidfd.fd(), &event));
  return success;
}

void StubPlatform::reap() {
  // The template's end is the last event; where somebody ended it before its time, the reaper looks now and then
  // whether it is needed no more.
  constexpr int kLookMs = 50;
  bool template_ended = false;
  for (;;) {
    epoll_event event{};
    const i64 got = host::call::epoll_wait(epoll_.fd(), &event, 1, template_ended ? kLookMs : -1).value_or(0);
    const u64 tag = event.data.u64;  // the struct is packed: nothing may refer to its field
    if (got == 1 && tag == kTemplateTag) {
      template_.on_death(control_);
      (void)host::call::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, template_.pidfd().fd(), nullptr).ok();
      template_ended = true;
    }
    if (got != 1 || tag == kTemplateTag) {
      const MutexGuard guard(mutex_);
      if (template_ended && stopping_ && processes_.empty()) return;
      continue;
    }
    Ref<StubProcess> process;
    {
      const MutexGuard guard(mutex_);
      const auto found = processes_.find(tag);
      if (found == processes_.end()) continue;
      process = std::move(found->second);
      processes_.erase(found);
      retired_.map_batches += process->map_batches;
      retired_.map_orders += process->map_orders;
    }
    (void)host::call::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, process->pidfd().fd(), nullptr).ok();
    process->on_death();
    process = nullptr;
    step_aside(cpus_);
  }
}

Result<Ref<StubProcess>> StubPlatform::make_process() {
  const u32 order_page = TRY(control_.take_order_page());
  const Result<int> pid = template_.make_stub(control_, order_page);
  if (!pid.ok()) {
    control_.give_order_page(order_page);
    return pid.error();
  }
  auto process = make_ref<StubProcess>(control_, order_page, *pid, public_fd_);
  const Result<void> connected = process->connect();
  if (!process->pidfd().valid()) return connected.error();  // out of descriptors; the host ends it with us
  u64 number = 0;
  {
    const MutexGuard guard(mutex_);
    number = ++last_number_;
    processes_[number] = process;
  }
  TRY(watch(process->pidfd(), number));
  if (!connected.ok()) {
    process->kill();
    return connected.error();
  }
  // Its first guest thread, too, is ready before somebody waits for it. A failure comes again when one asks.
  if (const Result<ParkedThread> thread = process->take_thread(); thread.ok()) process->park(*thread);
  return process;
}

// Two pairs that are awake on one CPU for some ticks, where another CPU has none: one of them moves.
void StubPlatform::spread() {
  constexpr u32 kTicks = 2;
  std::array<u32, 64> awake{};
  const usize cpus = std::min<usize>(awake.size(), CPU_SETSIZE);
  const auto cpu_of = [&](StubThread* thread) {
    const int cpu = thread->pairing().bound_to();
    return thread->pairing().asleep() || cpu >= static_cast<int>(cpus) ? -1 : cpu;
  };
  StubThread* second = nullptr;
  for (StubThread* thread : threads_) {
    const int cpu = cpu_of(thread);
    if (cpu >= 0 && ++awake[static_cast<usize>(cpu)] == 2) second = thread;
  }
  for (usize cpu = 0; second != nullptr && cpu < cpus; ++cpu) {
    if (!cpus_.usable(static_cast<u32>(cpu)) || awake[cpu] != 0) continue;
    if (++uneven_ticks_ < kTicks) return;
    uneven_ticks_ = 0;
    return second->pairing().move_to(static_cast<int>(cpu));
  }
  uneven_ticks_ = 0;
}

// A tick is 10 ms; it stops when no guest has entered the kernel or run for a while.
void StubPlatform::keep_house() {
  constexpr int kIdleTicks = 5, kLetGoTicks = 10;
  constexpr auto kTick = std::chrono::milliseconds(10);
  int idle = 0;
  u64 before = 0;
  for (u32 tick = 0;; ++tick) {
    u64 crossings = 0;
    bool running = false;
    {
      const MutexGuard guard(mutex_);
      if (stopping_) return;
      spread();
      for (StubThread* thread : threads_) {
        thread->tick(tick % kLetGoTicks == 0);
        crossings += thread->crossings();
        running |= thread->bound_and_running();
      }
    }
    idle = crossings == before && !running ? idle + 1 : 0;
    before = crossings;
    if (idle < kIdleTicks) {
      const MutexGuard guard(mutex_);
      const auto next = std::chrono::steady_clock::now() + kTick;
      while (!stopping_ && changed_.wait_until(mutex_, next) == std::cv_status::no_timeout) continue;
      continue;
    }
    idle = 0;
    housekeeper_sleeps_.store(1);
    (void)host::futex_wait(reinterpret_cast<u32*>(&housekeeper_sleeps_), 1, host::FutexScope::kernel_only).ok();
  }
}

void StubPlatform::wake_housekeeper() {
  if (housekeeper_sleeps_.exchange(0) == 0) return;
  host::futex_wake(reinterpret_cast<u32*>(&housekeeper_sleeps_), 1, host::FutexScope::kernel_only);
}

void StubPlatform::fill_pool() {
  for (;;) {
    template_.live_on(step_aside(cpus_));
    {
      const MutexGuard guard(mutex_);
      while (!stopping_ && ready_.size() >= wanted_ready_) changed_.wait(mutex_);
      if (stopping_) return;
    }
    Result<Ref<StubProcess>> made = make_process();
    const bool ok = made.ok();
    {
      const MutexGuard guard(mutex_);
      if (ok) {
        ready_.push_back(*std::move(made));
      } else {
        ++failures_;
        failure_ = made.error();
      }
      changed_.notify_all();
    }
    if (!ok) {
      const timespec pause = host::to_timespec(10'000'000);
      (void)host::call::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr).ok();
    }
  }
}

Result<std::unique_ptr<Space>> StubPlatform::new_space() {
  Ref<StubProcess> process;
  {
    const MutexGuard guard(mutex_);
    const u64 failures = failures_;
    ++spaces_;
    if (spaces_ > 1) wanted_ready_ = most_ready_;
    changed_.notify_all();
    if (ready_.empty()) Sleeper::wake_gathered();
    while (ready_.empty()) {
      if (stopping_) return Errno::eagain;
      if (failures_ != failures) return failure_ == Errno::enomem ? Errno::enomem : Errno::eagain;
      changed_.wait(mutex_);
    }
    process = std::move(ready_.front());
    ready_.pop_front();
    if (spaces_ == 1) wanted_ready_ = 0;
    changed_.notify_all();
  }
  return std::unique_ptr<Space>(new StubSpace(*this, std::move(process)));
}

void StubPlatform::arena_discard(u64 offset, u64 length) {
  (void)host::call::fallocate(arena_file_.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length).ok();
}

Result<usize> StubPlatform::arena_write(u64 offset, std::span<const std::span<u8>> from) {
  return host::write_at(arena_file_, from, offset);
}

// By the file's own tree, which knows pages in swap, too. mincore(2) does not: a page that the host has swapped out would
// pass for one that was never touched, and its bytes for zeroes, in a copy or for its next owner.
bool StubPlatform::arena_resident(u64 offset, u64 length, u8* pages) {
  std::memset(pages, 0, length / kPageSize);
  for (u64 at = offset, end = offset + length; at < end;) {
    const Result<i64> data = host::call::lseek(arena_file_.fd(), at, SEEK_DATA);
    if (data.is(Errno::enxio)) return true;  // nothing more in the whole file
    if (!data.ok()) return false;
    const u64 from = page_floor(static_cast<u64>(*data));
    if (from >= end) return true;
    const Result<i64> hole = host::call::lseek(arena_file_.fd(), *data, SEEK_HOLE);
    if (!hole.ok()) return false;
    at = page_ceil(static_cast<u64>(*hole));
    std::memset(pages + (from - offset) / kPageSize, 1, (std::min(at, end) - from) / kPageSize);
  }
  return true;
}

Result<void> StubPlatform::start_thread(std::string_view name, Where where, std::function<void()> body) {
  Job job{std::string(name.substr(0, 15)), std::move(body)};
  if (where == Where::here && cpus_.count() > 1) job.cpu = bound_cpu();
  {
    const MutexGuard guard(mutex_);
    if (!idle_.empty()) {
      Idle* idle = idle_.back();
      idle_.pop_back();
      if (job.cpu >= 0) bind_thread(idle->tid, job.cpu);
      idle->job = std::move(job);
      idle->came.notify_one();
      return success;
    }
    ++workers_;
  }
  const Result<void> started = start_worker(std::move(job));
  if (!started.ok()) {
    const MutexGuard guard(mutex_);
    --workers_;
  }
  return started;
}

Result<void> StubPlatform::start_worker(Job job) {
  struct Start {
    StubPlatform* platform;
    Job job;
  };
  auto start = std::make_unique<Start>(Start{this, std::move(job)});
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackSize);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // A kernel thread takes no signal but those of its own faults.
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (const int signo : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&blocked, signo);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  pthread_t thread;
  const int error = pthread_create(
      &thread, &attributes,
      [](void* argument) -> void* {
        std::unique_ptr<Start> own(static_cast<Start*>(argument));
        StubPlatform* platform = own->platform;
        Job first = std::move(own->job);
        own.reset();
        platform->work(std::move(first));
        return nullptr;
      },
      start.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) return static_cast<Errno>(error);
  (void)start.release();  // the thread owns it
  return success;
}

// A thread of the kernel, from job to job: a task that ends leaves one for the next, which need not be made. It starts with the
// CPUs of its maker, or where start_thread has bound it.
void StubPlatform::work(Job job) {
  constexpr usize kMostIdle = 4;
  constexpr auto kLinger = std::chrono::milliseconds(200);
  for (;;) {
    pthread_setname_np(pthread_self(), job.name.c_str());
    if (job.cpu >= 0) {
      was_moved_to(job.cpu);
    } else {
      unbind_this_thread(cpus_);
    }
    job.body();
    job.body = nullptr;
    Sleeper::wake_gathered();
    tell_heap();
    Idle idle{.job = {}, .came = {}, .tid = this_thread_id()};
    const MutexGuard guard(mutex_);
    if (idle_.size() < kMostIdle && !stopping_) {
      idle_.push_back(&idle);
      const auto until = std::chrono::steady_clock::now() + kLinger;
      while (!stopping_ && !idle.job && idle.came.wait_until(mutex_, until) == std::cv_status::no_timeout) continue;
      std::erase(idle_, &idle);
    }
    if (!idle.job) {
      --workers_;
      changed_.notify_all();
      return;  // the platform may be gone from here on
    }
    job = *std::move(idle.job);
  }
}

void StubPlatform::attach(StubThread* thread) {
  const MutexGuard guard(mutex_);
  threads_.insert(thread);
}

void StubPlatform::detach(StubThread* thread) {
  const MutexGuard guard(mutex_);
  threads_.erase(thread);
  add(retired_, thread->counters());
}

Counters StubPlatform::counters() {
  const MutexGuard guard(mutex_);
  Counters sum = retired_;
  for (const StubThread* thread : threads_) add(sum, thread->counters());
  for (const auto& [number, process] : processes_) {
    sum.map_batches += process->map_batches;
    sum.map_orders += process->map_orders;
  }
  return sum;
}

}  // namespace limen::platform
