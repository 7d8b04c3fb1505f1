#include "kernel/task/exit.h"

#include <algorithm>

#include "kernel/fs/tty/terminal.h"
#include "kernel/ipc/futex.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/task/process_group.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr u64 kSaNoCldWait = 2;  // SA_NOCLDWAIT

SignalInfo child_signal(ThreadGroup& child, Signal signo, int wait_status) {
  SignalInfo info;
  info.signo = signo;
  info.pid = child.pid();
  const int killer = wait_status & 0x7f;
  constexpr i32 kExited = 1, kKilled = 2, kDumped = 3;  // CLD_*
  info.code = killer == 0 ? kExited : (wait_status & 0x80) != 0 ? kDumped : kKilled;
  info.status = killer == 0 ? wait_status >> 8 & 0xff : killer;
  if (const Ref<Task> leader = child.leader()) info.uid = leader->credentials_ref()->uid;
  return info;
}

// Children of a dying process go to the nearest subreaper, else to init.
ThreadGroup* new_parent(ThreadGroup& dying) {
  for (ThreadGroup* g = dying.parent; g != nullptr; g = g->parent) {
    if (g->is_child_subreaper && !g->is_zombie) return g;
  }
  return dying.kernel().init_group == &dying ? nullptr : dying.kernel().init_group;
}

// The process is over. What its parent must be told is told; under process_tree. Signals to send are left in `out`.
struct Farewell {
  Ref<ThreadGroup> to;
  SignalInfo info;
};

// An orphaned process group with a stopped member: SIGHUP, then SIGCONT (POSIX).
void farewell_orphans(const std::vector<Ref<ThreadGroup>>& members, std::vector<Farewell>& out) {
  for (const Ref<ThreadGroup>& member : members) out.push_back({member, kernel_signal(sig::hup)});
  for (const Ref<ThreadGroup>& member : members) out.push_back({member, kernel_signal(sig::cont)});
}

// The end of a session's leader is the end of the session's use of its terminal.
void lose_terminal(ThreadGroup& group, std::vector<Farewell>& out) {
  std::vector<Ref<ThreadGroup>> hang_up, go_on;
  leave_controlling_terminal(group, hang_up, go_on);
  for (const Ref<ThreadGroup>& member : hang_up) out.push_back({member, kernel_signal(sig::hup)});
  for (const Ref<ThreadGroup>& member : go_on) out.push_back({member, kernel_signal(sig::cont)});
}

void become_zombie(ThreadGroup& group, int status, std::vector<Farewell>& out) {
  Kernel& kernel = group.kernel();
  group.is_zombie = true;
  group.wait_status = status;
  group.report = ThreadGroup::Report::exited;
  // A child that the dead parent had not waited for goes on under another; zombies among them ask anew.
  ThreadGroup* heir = new_parent(group);
  for (const Ref<ThreadGroup>& child : group.children) {
    child->parent = heir;
    const Ref<Task> leader = child->leader();
    if (leader && leader->parent_death_signal.raw() != 0) {
      SignalInfo info = kernel_signal(leader->parent_death_signal);
      info.pid = group.pid();
      out.push_back({child, info});
    }
    if (child->process_group && !child->is_zombie) farewell_orphans(stopped_orphans(*child->process_group, group), out);
    if (heir == nullptr) continue;
    heir->children.push_back(child);
    if (child->is_zombie) {
      out.push_back({Ref<ThreadGroup>(heir), child_signal(*child, sig::chld, child->wait_status)});
      heir->child_changed.wake();
    }
  }
  group.children.clear();
  leave_process_group(group);
  if (group.parent == nullptr) return;
  if (group.process_group) farewell_orphans(stopped_orphans(*group.process_group, *group.parent), out);
  ThreadGroup& parent = *group.parent;
  const Ref<Task> leader = group.leader();
  const Ref<Task> parent_leader = parent.leader();
  bool ignores = false;
  if (parent_leader) {
    if (const Ref<SignalHandlers> handlers = parent_leader->handlers_ref()) {
      const SignalAction action = handlers->get(sig::chld);
      ignores = action.handler == 1 || (action.flags & kSaNoCldWait) != 0;
    }
  }
  const Signal exit_signal = leader ? leader->exit_signal : sig::chld;
  const Ref<ThreadGroup> parent_ref(&parent);
  if (exit_signal.raw() != 0) out.push_back({parent_ref, child_signal(group, exit_signal, status)});
  if (ignores && exit_signal == sig::chld) reap(kernel, group);
  parent_ref->child_changed.wake();
}

}  // namespace

void reap(Kernel& kernel, ThreadGroup& child) {
  if (ThreadGroup* parent = child.parent) {
    parent->waited_children.user_ns += child.times.user_ns + child.waited_children.user_ns;
    parent->waited_children.system_ns += child.times.system_ns + child.waited_children.system_ns;
    auto& siblings = parent->children;
    const auto it = std::find_if(siblings.begin(), siblings.end(), [&](const auto& g) { return g.get() == &child; });
    const Ref<ThreadGroup> keep(&child);
    if (it != siblings.end()) siblings.erase(it);
    child.parent = nullptr;
    kernel.pids->remove_task(child.pid());
    MutexGuard guard(child.lock);
    child.leader_.reset();
    return;
  }
  kernel.pids->remove_task(child.pid());
}

void begin_group_exit(ThreadGroup& group, int wait_status) {
  std::vector<Ref<Task>> members;
  {
    MutexGuard guard(group.lock);
    if (!std::exchange(group.exiting, true)) group.exit_status = wait_status;
    for (const auto& [tid, task] : group.members) members.push_back(task);
  }
  for (const Ref<Task>& task : members) task->doom();
}

void exit_task(Task& task) {
  Kernel& kernel = task.kernel();
  ThreadGroup& group = task.group();
  const Ref<Task> self(&task);
  const Ref<ThreadGroup> group_ref(&group);
  exit_robust_list(task);
  clear_child_tid_wake(task);
  // The address space of a process that nobody shares dies at once; a shared one keeps its other threads.
  task.set_cpu(nullptr);
  if (task.vfork_done) task.vfork_done->tell(), task.vfork_done.reset();
  task.set_mm(nullptr);
  task.set_files(nullptr);
  task.set_fs(nullptr);

  std::vector<Farewell> farewells;
  bool is_init = false;
  int status = 0;
  {
    WriteGuard tree(kernel.process_tree);
    bool last = false;
    {
      MutexGuard guard(group.lock);
      group.members.erase(task.tid());
      last = group.members.empty();
      group.times.user_ns += task.user_ns.load(), group.times.system_ns += task.system_ns.load();
      // Without exit_group the process's status is its leader's, whoever goes last.
      if (!group.exiting && task.is_leader()) group.exit_status = exited_status(task.exit_status());
      status = group.exit_status;
    }
    if (!task.is_leader()) kernel.pids->remove_task(task.tid());
    if (last) {
      is_init = &group == kernel.init_group;
      lose_terminal(group, farewells);
      become_zombie(group, status, farewells);
      if (is_init) kernel.init_group = nullptr;
    }
  }
  group.members_changed.wake();
  task.set_handlers(nullptr);
  for (const Farewell& farewell : farewells) send_signal(*farewell.to, farewell.info);
  if (is_init) kernel.init_died(status);
}

}  // namespace limen
