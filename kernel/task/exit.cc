#include "kernel/task/exit.h"

#include <algorithm>

#include "kernel/filter/seccomp.h"
#include "kernel/ipc/futex.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
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

// Does this process want to hear nothing of children that end? POSIX: SIG_IGN or SA_NOCLDWAIT.
bool ignores_children(ThreadGroup& parent) {
  const Ref<Task> leader = parent.leader();
  const Ref<SignalHandlers> handlers = leader ? leader->handlers_ref() : nullptr;
  if (!handlers) return false;
  const SignalAction action = handlers->get(sig::chld);
  return action.handler == 1 || (action.flags & kSaNoCldWait) != 0;
}

// A thread that is traced ends: its tracer waits for it. False where nobody does. Under process_tree.
bool leave_to_tracer(Task& task, int status, std::vector<Farewell>& out) {
  Tracing& tracing = *task.tracing;
  const Ref<Task> tracer = tracing.tracer;
  if (!tracer || !tracing.traced()) return false;
  const Ref<ThreadGroup> to = tracer->group_ref();
  SignalInfo info = child_signal(task.group(), sig::chld, status);
  info.pid = task.tid();
  out.push_back({to, info});
  if (ignores_children(*to)) {
    unlink_tracee(task);
    return false;
  }
  tracing.exited = true, tracing.exit_status = status;
  to->child_changed.wake();
  return true;
}

// The process is over. What its parent must be told is told; under process_tree. Signals to send are left in `out`.
void become_zombie(ThreadGroup& group, int status, std::vector<Farewell>& out) {
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
    if (heir == nullptr) continue;
    heir->children.push_back(child);
    if (child->is_zombie) {
      out.push_back({Ref<ThreadGroup>(heir), child_signal(*child, sig::chld, child->wait_status)});
      heir->child_changed.wake();
    }
  }
  group.children.clear();
  for (const Ref<ThreadGroup>& stopped : leave_process_group(group)) {
    // An orphaned process group with a stopped member: SIGHUP, then SIGCONT (POSIX; Linux: kill_orphaned_pgrp).
    out.push_back({stopped, kernel_signal(sig::hup)});
    out.push_back({stopped, kernel_signal(sig::cont)});
  }
  const Ref<Task> leader = group.leader();
  // A tracer that is not the parent comes first.
  if (leader && is_traced_by_other(*leader) && leave_to_tracer(*leader, status, out)) return;
  tell_parent_of_end(group, out);
}

}  // namespace

void tell_parent_of_end(ThreadGroup& group, std::vector<Farewell>& out) {
  if (group.parent == nullptr) return;
  const Ref<ThreadGroup> parent(group.parent);
  const Ref<Task> leader = group.leader();
  const bool traced = leader && leader->tracing->traced();
  const Signal exit_signal = leader && !traced ? leader->exit_signal : sig::chld;
  if (exit_signal.raw() != 0) out.push_back({parent, child_signal(group, exit_signal, group.wait_status)});
  if (exit_signal == sig::chld && ignores_children(*parent)) reap(group.kernel(), group);
  parent->child_changed.wake();
}

void reap(Kernel& kernel, ThreadGroup& child) {
  if (const Ref<Task> leader = child.leader(); leader && leader->tracing->traced()) unlink_tracee(*leader);
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
  drop_filters(task);
  release_tracees(task);

  std::vector<Farewell> farewells;
  bool is_init = false;
  int status = 0, own_status = 0;
  {
    WriteGuard tree(kernel.process_tree);
    bool last = false;
    {
      MutexGuard guard(group.lock);
      group.members.erase(task.tid());
      last = group.members.empty();
      group.times.user_ns += task.user_ns.load(), group.times.system_ns += task.system_ns.load();
      // Without exit_group the process's status is its leader's, whoever goes last.
      if (!group.exiting && task.is_leader()) group.exit_status = task.exit_status();
      status = group.exit_status;
      own_status = group.exiting ? group.exit_status : task.exit_status();
    }
    if (!task.is_leader() && !leave_to_tracer(task, own_status, farewells)) kernel.pids->remove_task(task.tid());
    if (last) {
      is_init = &group == kernel.init_group;
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
