#include "kernel/kernel.h"

#include "abi/syscalls.h"
#include "host/random.h"
#include "kernel/task/run_loop.h"
#include "kernel/time/timer_queue.h"

namespace limen {
namespace {

std::string random_boot_id() {
  u8 b[16];
  host::fill_random(b);
  std::string text;
  for (usize i = 0; i < 16; ++i) {
    constexpr char kHex[] = "0123456789abcdef";
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[b[i] >> 4], text += kHex[b[i] & 15];
  }
  return text + "\n";
}

}  // namespace

Kernel::Kernel(platform::Platform& platform, Clock& clock, KernelOptions options)
    : platform_(platform),
      clock_(clock),
      options_(std::move(options)),
      boot_id_(random_boot_id()),
      arena_(platform, options_.limits.memory, options_.limits.host_memory),
      patches_(arena_, options_.patching),
      timers_(std::make_unique<TimerQueue>(platform, clock)) {}

Kernel::~Kernel() = default;

Result<void> Kernel::start_task(Ref<Task> task) {
  {
    std::lock_guard<std::mutex> guard(exit_mutex_);
    ++live_threads_;
  }
  const Result<void> started = platform_.start_thread("task", platform::Platform::Where::here, [this, task]() mutable {
    run_task(std::move(task));
    std::lock_guard<std::mutex> guard(exit_mutex_);
    if (--live_threads_ == 0) exit_condition_.notify_all();
  });
  if (!started.ok()) {
    std::lock_guard<std::mutex> guard(exit_mutex_);
    --live_threads_;
  }
  return started;
}

int Kernel::run_until_exit() {
  std::unique_lock<std::mutex> guard(exit_mutex_);
  exit_condition_.wait(guard, [this] { return live_threads_ == 0; });
  return exit_status_;
}

void Kernel::init_died(int wait_status) {
  {
    std::lock_guard<std::mutex> guard(exit_mutex_);
    if (!std::exchange(status_fixed_, true)) exit_status_ = wait_status;
  }
  std::vector<Ref<Task>> all;
  {
    ReadGuard tree(process_tree);
    if (pids) all = pids->tasks();
  }
  for (const Ref<Task>& task : all) {
    {
      MutexGuard guard(task->group().lock);
      task->group().exiting = true;
      task->group().exit_status = sig::kill.raw();  // nobody will ask; a tracer's last stop ends by it
    }
    task->doom();
  }
}

void Kernel::shut_down(int status) { init_died(status); }

void Kernel::log(std::string_view line) {
  if (options_.log) options_.log(line);
}

void Kernel::met_missing(const SyscallRow& row) {
  if (row.support == Support::partial && !options_.report_missing) return;
  bool first = false;
  {
    MutexGuard guard(missing_lock_);
    first = missing_[std::string(row.name)]++ == 0;
  }
  if (first && row.support == Support::absent) {
    log("absent call: " + std::string(row.name) + " answered with " + std::string(errno_name(row.error)) + ": " +
        std::string(row.reason));
  }
}

std::map<std::string, u64> Kernel::missing() const {
  MutexGuard guard(missing_lock_);
  return missing_;
}

}  // namespace limen
