#include "kernel/kernel.h"

namespace limen {

Result<Pid> PidNamespace::allocate() {
  constexpr i32 kPidMax = 4'194'304;  // Linux: PID_MAX_LIMIT
  constexpr i32 kReserved = 300;      // after a wrap, small numbers stay with the first processes
  if (tasks_.size() >= most_) return Errno::eagain;
  for (;;) {
    last_ = last_ + 1 >= kPidMax ? kReserved : last_ + 1;
    const Pid candidate(last_);
    if (!tasks_.contains(candidate) && !groups_.contains(candidate)) return candidate;
  }
}

void PidNamespace::add(Ref<Task> task) {
  const Pid tid = task->tid();
  remove_task(tid);  // execve of a thread takes the leader's place
  task->start_counting();
  tasks_.insert_or_assign(tid, std::move(task));
}
void PidNamespace::add(Ref<ProcessGroup> group) {
  const Pid id = group->id;
  groups_.insert_or_assign(id, std::move(group));
}
void PidNamespace::remove_task(Pid tid) {
  const auto it = tasks_.find(tid);
  if (it == tasks_.end()) return;
  it->second->stop_counting();
  tasks_.erase(it);
}
void PidNamespace::remove_group(Pid id) { groups_.erase(id); }

Ref<Task> PidNamespace::find(Pid tid) const {
  const auto it = tasks_.find(tid);
  return it == tasks_.end() ? nullptr : it->second;
}

Ref<ThreadGroup> PidNamespace::find_group(Pid tgid) const {
  const auto it = tasks_.find(tgid);
  return it == tasks_.end() || !it->second->is_leader() ? nullptr : it->second->group_ref();
}

Ref<ProcessGroup> PidNamespace::find_process_group(Pid id) const {
  const auto it = groups_.find(id);
  return it == groups_.end() ? nullptr : it->second;
}

std::vector<Ref<Task>> PidNamespace::tasks() const {
  std::vector<Ref<Task>> all;
  all.reserve(tasks_.size());
  for (const auto& [tid, task] : tasks_) all.push_back(task);
  return all;
}

usize PidNamespace::count() const { return tasks_.size(); }

}  // namespace limen
