#include "kernel/task/pid_namespace.h"

#include "kernel/kernel.h"

namespace limen {
namespace {

// The next number after `last` that is not taken; eagain where none below `end` is free.
template <typename Taken>
Result<i32> next_number(i32 last, i32 end, Taken taken) {
  constexpr i32 kReserved = 300;  // after a wrap, small numbers stay with the first processes
  for (i32 tries = 0; tries < end; ++tries) {
    last = last + 1 >= end ? kReserved : last + 1;
    if (last < end && !taken(Pid(last))) return last;
  }
  return Errno::eagain;
}

}  // namespace

PidNamespace::PidNamespace(u32 most, const SystemSettings& settings)
    : Namespace(NamespaceKind::pid), first_(this), level_(0), most_(most), settings_(settings) {}
PidNamespace::PidNamespace(Ref<PidNamespace> parent, Ref<UserNamespace> owner, UserCharge charge)
    : Namespace(NamespaceKind::pid, std::move(owner), std::move(charge)),
      parent_(std::move(parent)),
      first_(parent_->first_),
      level_(parent_->level_ + 1),
      most_(parent_->most_),
      settings_(parent_->settings_) {}
PidNamespace::~PidNamespace() = default;

bool PidNamespace::is_within(const PidNamespace& other) const {
  const PidNamespace* at = this;
  while (at->level_ > other.level_) at = at->parent_.get();
  return at == &other;
}

i32 PidNamespace::number_of(Pid kernel) const {
  if (is_first()) return kernel.raw();
  MutexGuard guard(numbers_lock_);
  const auto it = here_.find(kernel);
  return it == here_.end() ? 0 : it->second.raw();
}

Pid PidNamespace::kernel_pid(Pid local) const {
  if (is_first() || local.raw() <= 0) return local;
  MutexGuard guard(numbers_lock_);
  const auto it = kernel_.find(local);
  return it == kernel_.end() ? kNone : it->second;
}

Ref<Task> PidNamespace::find(Pid tid) const {
  if (!is_first()) return first_->find(kernel_pid(tid));
  const auto it = tasks_.find(tid);
  return it == tasks_.end() ? nullptr : it->second;
}

Ref<ThreadGroup> PidNamespace::find_group(Pid tgid) const {
  const Ref<Task> task = find(tgid);
  return !task || !task->is_leader() ? nullptr : task->group_ref();
}

Ref<ProcessGroup> PidNamespace::find_process_group(Pid id) const {
  if (!is_first()) return first_->find_process_group(kernel_pid(id));
  const auto it = groups_.find(id);
  return it == groups_.end() ? nullptr : it->second;
}

std::vector<Ref<Task>> PidNamespace::tasks() const {
  std::vector<Ref<Task>> all;
  if (is_first()) {
    all.reserve(tasks_.size());
    for (const auto& [tid, task] : tasks_) all.push_back(task);
    return all;
  }
  std::vector<Pid> numbers;
  {
    MutexGuard guard(numbers_lock_);
    for (const auto& [local, kernel] : kernel_) numbers.push_back(kernel);
  }
  for (const Pid kernel : numbers) {
    if (Ref<Task> task = first_->find(kernel)) all.push_back(std::move(task));
  }
  return all;
}

usize PidNamespace::count() const { return is_first() ? tasks_.size() : live_; }

Result<Pid> PidNamespace::allocate() {
  if (tasks_.size() >= std::min<u64>(most_, settings_.threads_max)) return Errno::eagain;
  const auto taken = [this](Pid candidate) {
    return tasks_.contains(candidate) || groups_.contains(candidate) || sessions_.contains(candidate);
  };
  last_ = TRY(next_number(last_, pid_max.integer(), taken));
  return Pid(last_);
}

void PidNamespace::count_task(Task& task, int by) {
  for (PidNamespace* at = &task.pid_namespace(); at != nullptr && !at->is_first(); at = at->parent_.get()) {
    at->live_ += static_cast<usize>(by);
    if (by < 0) at->emptied.wake();
  }
}

void PidNamespace::add(Ref<Task> task) {
  const Pid tid = task->tid();
  task->start_counting();
  count_task(*task, 1);
  Ref<Task>& place = tasks_[tid];
  if (place) {  // execve of a thread takes the leader's place
    place->stop_counting();
    count_task(*place, -1);
  }
  place = std::move(task);
}

void PidNamespace::add(Ref<ProcessGroup> group) {
  const Pid id = group->id;
  ++sessions_[group->session->id];
  groups_.insert_or_assign(id, std::move(group));
}

void PidNamespace::remove_task(Pid tid) {
  const auto it = tasks_.find(tid);
  if (it == tasks_.end()) return;
  const Ref<Task> task = std::move(it->second);
  tasks_.erase(it);
  task->stop_counting();
  count_task(*task, -1);
  release_if_unused(tid);
}

void PidNamespace::remove_group(Pid id) {
  const auto it = groups_.find(id);
  if (it == groups_.end()) return;
  const Pid session = it->second->session->id;
  groups_.erase(it);
  const auto users = sessions_.find(session);
  if (users != sessions_.end() && --users->second == 0) sessions_.erase(users);
  release_if_unused(id);
  if (session != id) release_if_unused(session);
}

void PidNamespace::release_if_unused(Pid kernel) {
  if (tasks_.contains(kernel) || groups_.contains(kernel) || sessions_.contains(kernel)) return;
  const auto it = innermost_.find(kernel);
  if (it == innermost_.end()) return;
  const Ref<PidNamespace> innermost = std::move(it->second);
  innermost_.erase(it);
  for (PidNamespace* at = innermost.get(); !at->is_first(); at = at->parent_.get()) at->forget_number(kernel);
}

Result<void> PidNamespace::enter(Pid kernel, const std::vector<Pid>& wanted) {
  usize level = 0;
  for (PidNamespace* at = this; !at->is_first(); at = at->parent_.get(), ++level) {
    const Result<void> given = at->give_number(kernel, level < wanted.size() ? wanted[level] : Pid(0));
    if (given.ok()) continue;
    for (PidNamespace* undo = this; undo != at; undo = undo->parent_.get()) undo->forget_number(kernel);
    return given;
  }
  first_->innermost_[kernel] = Ref<PidNamespace>(this);
  return success;
}

// Linux: kernel/pid.c:alloc_pid.
Result<void> PidNamespace::give_number(Pid kernel, Pid wanted) {
  if (closed_) return Errno::enomem;
  MutexGuard guard(numbers_lock_);
  if (wanted.raw() != 0) {
    if (wanted != Pid(1) && init_ == nullptr) return Errno::einval;  // its init comes first
    if (kernel_.contains(wanted)) return Errno::eexist;
    if (last_ == 0) last_ = 1;
  } else {
    const auto taken = [this](Pid candidate) NO_THREAD_SAFETY_ANALYSIS { return kernel_.contains(candidate); };
    last_ = TRY(next_number(last_, pid_max.integer(), taken));
    wanted = Pid(last_);
  }
  here_[kernel] = wanted, kernel_[wanted] = kernel;
  return success;
}

void PidNamespace::forget_number(Pid kernel) {
  MutexGuard guard(numbers_lock_);
  const auto it = here_.find(kernel);
  if (it == here_.end()) return;
  kernel_.erase(it->second);
  here_.erase(it);
}

}  // namespace limen
