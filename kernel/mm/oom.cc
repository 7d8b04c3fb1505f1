#include "kernel/mm/oom.h"

#include <vector>

#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/signal/signal.h"
#include "kernel/task/exit.h"

namespace limen {
namespace {

constexpr u64 kPatienceNs = 100'000'000;  // for a victim's memory; then another look
constexpr i32 kNever = -1000;             // OOM_SCORE_ADJ_MIN

std::vector<Ref<Task>> leaders(Kernel& kernel) {
  std::vector<Ref<Task>> found;
  ReadGuard tree(kernel.process_tree);
  for (const Ref<Task>& task : kernel.pids->tasks()) {
    if (task->is_leader()) found.push_back(task);
  }
  return found;
}

struct Candidate {
  Ref<ThreadGroup> group;
  bool dying = false;
};

// One that still holds memory and is dying already, or else the one with the highest score. Linux: oom_badness.
Candidate choose(Kernel& kernel) {
  Candidate best;
  i64 highest = -1;
  for (const Ref<Task>& leader : leaders(kernel)) {
    Ref<Mm> mm;
    {
      MutexGuard guard(leader->group().lock);
      for (const auto& [tid, member] : leader->group().members) {
        mm = member->mm_ref();
        if (mm) break;
      }
      if (mm && leader->group().exiting) return {leader->group_ref(), true};
    }
    const i32 adjustment = leader->group().oom_score_adj.load();
    if (!mm || adjustment == kNever) continue;
    const i64 pages = static_cast<i64>(mm->usage().resident_bytes / kPageSize);
    const i64 total = static_cast<i64>(kernel.arena().limit() / kPageSize);
    const i64 score = std::max<i64>(pages + total / 1000 * adjustment, 0);
    if (score > highest) highest = score, best.group = leader->group_ref();
  }
  return best;
}

}  // namespace

void make_room(Task& task) {
  Candidate victim = choose(task.kernel());
  if (!victim.group) victim.group = task.group_ref();  // all others are exempt: the one that asks
  if (!victim.dying) {
    task.kernel().log("out of memory: killed process " + std::to_string(victim.group->pid().raw()));
    begin_group_exit(*victim.group, killed_status(sig::kill.raw()));
  }
  if (victim.group.get() == &task.group()) return;
  const Deadline patience = task.clock().after(kPatienceNs);
  const TaskWaiter waiter(task, victim.group->members_changed);
  for (;;) {
    {
      MutexGuard guard(victim.group->lock);
      if (victim.group->members.empty()) return;
    }
    if (task.must_die() || !task.park(patience)) return;
  }
}

}  // namespace limen
