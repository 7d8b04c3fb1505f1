#include "kernel/task/task.h"

#include <optional>

#include "host/clock.h"
#include "kernel/filter/seccomp.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/signal/signal.h"
#include "kernel/task/call_work.h"
#include "kernel/task/deferred.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

TaskWaiter::TaskWaiter(Task& task, WaitQueue& queue, PollEvents interest)
    : task_(task), queue_(queue), interest_(interest) {
  queue_.add(*this);
}

TaskWaiter::~TaskWaiter() { queue_.remove(*this); }

bool TaskWaiter::woken(PollEvents events, WakeChain&) {
  if ((events & interest_) == 0) return false;
  task_.wake();
  return true;
}

Task::Task(Kernel& kernel, Parts parts)
    : start_time_ns(kernel.clock().boottime_ns()),
      seccomp(std::make_unique<SeccompState>()),
      tracing(std::make_unique<Tracing>()),
      kernel_(kernel),
      group_(std::move(parts.group)),
      tid_(parts.tid.raw()),
      mm_(std::move(parts.mm)),
      files_(std::move(parts.files)),
      fs_(std::move(parts.fs)),
      handlers_(std::move(parts.handlers)),
      credentials_(std::move(parts.credentials)),
      namespaces_(std::move(parts.namespaces)),
      pid_namespace_(namespaces_.pid),
      name_(std::move(parts.name)) {
  if (kernel.options().observer || kernel.options().injector) call_work.store(call_work::observe);
}

Task::~Task() = default;

Task::Parts::Parts() = default;
Task::Parts::Parts(Parts&&) noexcept = default;
Task::Parts::~Parts() = default;

Namespaces Task::namespaces_ref() const {
  MutexGuard guard(resources_lock_);
  return namespaces_;
}

void Task::set_namespaces(Namespaces namespaces) {
  MutexGuard guard(resources_lock_);
  std::swap(namespaces_, namespaces);  // the old ones go after the lock, with the argument
}

i32 Task::sees(Pid kernel) const { return pid_namespace_->number_of(kernel); }
Pid Task::means(Pid local) const { return pid_namespace_->kernel_pid(local); }

Ref<ThreadGroup> Task::group_ref() { return group_; }

Clock& Task::clock() { return kernel_.clock(); }

bool Task::is_leader() const { return tid() == group_->pid(); }

Mutex& Task::signal_lock() { return group_->signal_lock; }

#define LIMEN_TASK_RESOURCE(Type, field)          \
  Ref<Type> Task::field##_ref() {                 \
    MutexGuard guard(resources_lock_);            \
    return field##_;                              \
  }                                               \
  void Task::set_##field(Ref<Type> replacement) { \
    Ref<Type> old; /* dies outside the lock */    \
    {                                             \
      MutexGuard guard(resources_lock_);          \
      old = std::exchange(field##_, replacement); \
    }                                             \
  }
LIMEN_TASK_RESOURCE(Mm, mm)
LIMEN_TASK_RESOURCE(FdTable, files)
LIMEN_TASK_RESOURCE(FsContext, fs)
LIMEN_TASK_RESOURCE(SignalHandlers, handlers)
#undef LIMEN_TASK_RESOURCE

Ref<const Credentials> Task::credentials_ref() const {
  MutexGuard guard(resources_lock_);
  return credentials_;
}

void Task::set_credentials(Ref<const Credentials> credentials) {
  Ref<UserAccount> account;
  if (credentials && credentials->user_ns) account = credentials->user_ns->account(credentials->uid);
  {
    MutexGuard guard(resources_lock_);
    std::swap(credentials_, credentials);  // the old ones go after the lock
    if (counted_ && account && counted_ != account) {
      counted_->tasks.fetch_sub(1);
      account->tasks.fetch_add(1);
      std::swap(counted_, account);
    }
  }
  publish_user_ids();
  with_cpu([](platform::GuestThread& cpu) { cpu.withdraw_opened(); });  // it tells ids as they were seen before
}

void Task::start_counting() {
  const Ref<const Credentials> credentials = credentials_ref();
  if (!credentials || !credentials->user_ns) return;
  Ref<UserAccount> account = credentials->user_ns->account(credentials->uid);
  MutexGuard guard(resources_lock_);
  if (counted_) return;
  account->tasks.fetch_add(1);
  counted_ = std::move(account);
}

void Task::stop_counting() {
  MutexGuard guard(resources_lock_);
  if (counted_) counted_->tasks.fetch_sub(1);
  counted_.reset();
}

Ref<RefCounted> Task::sem_undo() const {
  MutexGuard guard(resources_lock_);
  return sem_undo_;
}

void Task::set_sem_undo(Ref<RefCounted> list) {
  MutexGuard guard(resources_lock_);
  std::swap(sem_undo_, list);  // the old one goes after the lock
}

std::string Task::name() const {
  MutexGuard guard(resources_lock_);
  return name_;
}

void Task::set_name(std::string_view name) {
  constexpr usize kMost = 15;  // TASK_COMM_LEN - 1
  MutexGuard guard(resources_lock_);
  name_ = name.substr(0, kMost);
}

void Task::set_cpu(std::unique_ptr<platform::GuestThread> cpu) {
  std::unique_ptr<platform::GuestThread> old;  // leaves outside the lock: that may block shortly
  if (cpu) cpu->set_mask(blocked().bits());
  {
    MutexGuard guard(cpu_lock_);
    old = std::exchange(cpu_, std::move(cpu));
  }
}

void Task::confine() {
  const KernelLimits& limits = kernel_.options().limits;
  const u64 all = limits.all_cpus(), mine = affinity.load() & all;
  with_cpu([&](platform::GuestThread& cpu) {
    cpu.publish_affinity(mine, limits.cpus);
    cpu.confine(mine == all ? ~u64{0} : mine);
  });
}

void Task::kick() {
  MutexGuard guard(cpu_lock_);
  if (cpu_) cpu_->kick();
}

void Task::publish(const platform::Answers::Identity& identity) {
  MutexGuard guard(cpu_lock_);
  if (cpu_) cpu_->publish(identity);
}

void Task::publish_user_ids() {
  MutexGuard guard(cpu_lock_);
  const Ref<const Credentials> now = credentials_ref();  // with the lock: the last to publish tells what is so
  if (!cpu_ || !now) return;
  const Credentials& cred = *now;
  const platform::Answers::UserIds ids{cred.seen(cred.uid), cred.seen(cred.euid), cred.seen(cred.gid),
                                       cred.seen(cred.egid)};
  cpu_->publish(ids);
}

void Task::allow_answers(u32 bits) {
  MutexGuard guard(cpu_lock_);
  if (cpu_) cpu_->allow_answers(bits);
}

Result<void> Task::sleep(Deadline deadline) {
  if (signal_pending()) return Errno::erestartsys;
  if (!park(deadline)) return Errno::etimedout;
  return success;
}

void Task::wake() { sleeper_.wake(); }

void Task::note_where_parked() {
  const bool in_call = entry_.kind == platform::Entry::Kind::syscall;
  parked_in_[0].store(in_call ? entry_.nr : ~u64{0}, std::memory_order_relaxed);
  for (usize i = 0; i < 6; ++i) parked_in_[1 + i].store(entry_.args[i], std::memory_order_relaxed);
  parked_in_[7].store(entry_.sp, std::memory_order_relaxed);
  parked_in_[8].store(entry_.ip, std::memory_order_relaxed);
}

std::optional<Task::Sleep> Task::asleep_in() const {
  if (!parked_.load(std::memory_order_acquire)) return std::nullopt;
  Sleep sleep;
  sleep.nr = static_cast<i64>(parked_in_[0].load(std::memory_order_relaxed));
  for (usize i = 0; i < 6; ++i) sleep.args[i] = parked_in_[1 + i].load(std::memory_order_relaxed);
  sleep.sp = parked_in_[7].load(std::memory_order_relaxed), sleep.ip = parked_in_[8].load(std::memory_order_relaxed);
  return sleep;
}

bool Task::park(Deadline deadline) {
  run_deferred();  // whoever is told by it may be who wakes us
  std::optional<u64> until;
  if (!deadline.is_never()) {
    // Relative to now, in the host's clock: the sandbox's may have an offset.
    const u64 now = clock().monotonic_ns();
    until = static_cast<u64>(host::monotonic_ns()) + (deadline.ns() > now ? deadline.ns() - now : 0);
  }
  note_where_parked();
  parked_.store(true, std::memory_order_release);
  voluntary_switches.fetch_add(1, std::memory_order_relaxed);
  const bool told = sleeper_.sleep(until);
  parked_.store(false, std::memory_order_relaxed);
  return told;
}

void Task::doom() {
  dying_.store(true, std::memory_order_release);
  work_pending_.store(true, std::memory_order_release);
  wake();
  kick();
}

void Task::recalculate_work() {
  bool pending_work = false;
  {
    MutexGuard group_guard(group_->lock);
    MutexGuard signal_guard(signal_lock());
    group_->signal_lock.assert_held();  // the same one
    const SignalSet deliverable = (pending.set() | group_->shared_pending.set()) & ~blocked();
    pending_work = must_die() || group_->exiting || (group_->stopped && tracing->takes_group_stop()) ||
                   tracing->trap_pending() || !deliverable.empty();
    work_pending_.store(pending_work, std::memory_order_release);
  }
  if (!pending_work) return;
  wake();
  kick();
}

void Task::set_blocked(SignalSet mask) {
  mask.remove(sig::kill);
  mask.remove(sig::stop);
  blocked_.store(mask.bits(), std::memory_order_relaxed);
  if (cpu_) cpu_->set_mask(mask.bits());
  recalculate_work();
}

void Task::adopt_mask() {
  const SignalSet now(cpu_->mask());
  if (now.bits() != blocked_.load(std::memory_order_relaxed)) [[unlikely]]
    change_blocked(*this, now);
}

SignalSet Task::blocked_now() {
  u64 bits = 0;
  with_cpu([&](platform::GuestThread& cpu) { bits = cpu.mask(); });
  SignalSet now(bits);
  now.remove(sig::kill);
  now.remove(sig::stop);
  return blocked() | now;
}

void Task::set_temporary_mask(SignalSet mask) {
  if (!saved_mask) saved_mask = blocked();
  set_blocked(mask);
}

}  // namespace limen
