// Process ids. Source: pid_namespaces(7), kernel/pid.c, kernel/pid_namespace.c.
//
// Inside the kernel a Pid is a number of the sandbox's first namespace: tasks, groups and sessions are found by it. A namespace below has
// numbers of its own for its tasks and those of the namespaces below it, which are translated where a guest says or hears them:
//
//   const Ref<Task> target = kernel.pids->find(task.means(pid));
//   return task.sees(target->tid());   // 0: it has no number there
//
// Lock: Kernel::process_tree, for writing where something changes; the numbers alone are under a `leaf`, and may be asked for anywhere.
#pragma once

#include <map>
#include <vector>

#include "base/lock.h"
#include "base/result.h"
#include "kernel/cred/namespace.h"
#include "kernel/task/wait_queue.h"

namespace limen {

class ProcessGroup;
class Task;
class ThreadGroup;

class PidNamespace : public Namespace {
 public:
  static constexpr i32 kMax = 4'194'304;                   // Linux: PID_MAX_LIMIT
  static constexpr u32 kMostLevels = 32;                   // Linux: MAX_PID_NS_LEVEL
  static constexpr Pid kNone{INT32_MAX};                   // no task ever has this number
  PidNamespace(u32 most, const SystemSettings& settings);  // the first one
  PidNamespace(Ref<PidNamespace> parent, Ref<UserNamespace> owner, UserCharge charge);
  ~PidNamespace() override;
  const Ref<PidNamespace>& parent() const { return parent_; }
  Setting pid_max = kMax;  // kernel.pid_max: new numbers are below it
  // kernel.ns_last_pid: where the search for the next number begins.
  i32 last() const { return last_; }
  void set_last(i32 number) { last_ = number; }
  u32 level() const { return level_; }
  bool is_within(const PidNamespace& other) const;

  // --- Numbers. Any thread. ---------------------------------------------------------------------------------------------
  i32 number_of(Pid kernel) const;  // 0 where it has none here
  Pid kernel_pid(Pid local) const;  // kNone where there is none; what is not positive stays as it is

  // --- Tasks: of the first namespace by kernel number, of the others by their own ------------------------------------------
  Ref<Task> find(Pid tid) const;  // null where there is none
  Ref<ThreadGroup> find_group(Pid tgid) const;
  Ref<ProcessGroup> find_process_group(Pid id) const;
  std::vector<Ref<Task>> tasks() const;  // here and below, in the order of their numbers here
  usize count() const;

  // --- Of the first namespace ---------------------------------------------------------------------------------------------
  // The next free number after the last one given, as Linux's cyclic allocator. eagain at the limit of tasks, or of numbers.
  Result<Pid> allocate();
  void add(Ref<Task> task);
  void add(Ref<ProcessGroup> group);
  void remove_task(Pid tid);
  void remove_group(Pid id);

  // --- Of the others --------------------------------------------------------------------------------------------------------
  // Gives a new task of this namespace its numbers here and above, until no task, group or session has this kernel number any more.
  // `wanted` are for this level, the one above, ...: eexist, einval. enomem where the namespace's init has ended.
  Result<void> enter(Pid kernel, const std::vector<Pid>& wanted);
  // The process with number 1, which inherits orphans; null before it came and after it has ended.
  ThreadGroup* init() const { return init_; }
  void set_init(ThreadGroup* init) { init_ = init; }
  // Its init ends: no task comes in any more.
  void close() { closed_ = true; }
  usize live() const { return live_; }  // tasks here and below
  WaitQueue emptied;                    // when live() goes down

 private:
  Result<void> give_number(Pid kernel, Pid wanted);
  void forget_number(Pid kernel);
  void release_if_unused(Pid kernel);
  void count_task(Task& task, int by);

  const Ref<PidNamespace> parent_;
  PidNamespace* const first_;
  const u32 level_;
  ThreadGroup* init_ = nullptr;
  bool closed_ = false;
  usize live_ = 0;
  i32 last_ = 0;
  mutable Mutex numbers_lock_{LockRank::leaf};
  std::map<Pid, Pid> here_ GUARDED_BY(numbers_lock_);    // by kernel number; empty in the first
  std::map<Pid, Pid> kernel_ GUARDED_BY(numbers_lock_);  // by number here

  // Of the first:
  const u32 most_;  // --pids
  const SystemSettings& settings_;
  std::map<Pid, Ref<Task>> tasks_;
  std::map<Pid, Ref<ProcessGroup>> groups_;
  std::map<Pid, usize> sessions_;               // groups of each
  std::map<Pid, Ref<PidNamespace>> innermost_;  // of the numbers that have others, too
};

}  // namespace limen
