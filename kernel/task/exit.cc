#include "kernel/task/exit.h"

#include <algorithm>

#include "abi/signal.h"
#include "abi/time.h"
#include "abi/wait.h"
#include "kernel/filter/seccomp.h"
#include "kernel/fs/tty/terminal.h"
#include "kernel/ipc/futex.h"
#include "kernel/ipc/sysv_sem.h"
#include "kernel/ipc/sysv_shm.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/task/answers.h"
#include "kernel/task/load.h"
#include "kernel/task/namespaces.h"
#include "kernel/task/process_group.h"
#include "kernel/task/rseq.h"
#include "kernel/task/usage.h"
#include "kernel/time/cpu_time.h"
#include "kernel/time/timers.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

SignalInfo child_signal(ThreadGroup& child, Signal signo, int wait_status) {
  constexpr u64 kTickNs = 1'000'000'000 / abi::clock_ticks;
  SignalInfo info;
  info.signo = signo;
  info.pid = child.pid();
  const int killer = wait_status & 0x7f;
  info.code = killer == 0 ? abi::cld_exited : (wait_status & 0x80) != 0 ? abi::cld_dumped : abi::cld_killed;
  info.status = killer == 0 ? wait_status >> 8 & 0xff : killer;
  if (const Ref<Task> leader = child.leader()) info.uid = leader->credentials_ref()->uid;
  MutexGuard guard(child.lock);
  info.utime = child.ended.user_ns / kTickNs, info.stime = child.ended.system_ns / kTickNs;
  return info;
}

// Children of a dying process go to the nearest subreaper of its pid namespace, else to the namespace's init. Linux: find_new_reaper.
ThreadGroup* new_parent(Task& last_thread) {
  ThreadGroup& dying = last_thread.group();
  const PidNamespace& pids = last_thread.pid_namespace();
  for (ThreadGroup* g = dying.parent; g != nullptr && !dying.is_namespace_init; g = g->parent) {
    if (pids.number_of(g->pid()) == 0 || g->is_namespace_init) break;
    if (g->is_child_subreaper && !g->is_zombie) return g;
  }
  ThreadGroup* init = pids.is_first() || dying.is_namespace_init ? dying.kernel().init_group : pids.init();
  return init == &dying ? nullptr : init;
}

Ref<SignalHandlers> handlers_of(ThreadGroup& group) {
  MutexGuard guard(group.lock);
  for (const auto& [tid, member] : group.members) {
    if (Ref<SignalHandlers> handlers = member->handlers_ref()) return handlers;
  }
  return nullptr;
}

// Tells the parent that `child` is a zombie: first the signal, then the end of its wait(2), as Linux does
// (do_notify_parent). A parent that ignores SIGCHLD has nothing to wait for. Under process_tree.
void notify_parent(ThreadGroup& child) {
  if (child.parent == nullptr) {  // the sandbox ends: whoever waits for the end of a namespace looks again
    if (const Ref<Task> leader = child.leader()) leader->pid_namespace().emptied.wake();
    return;
  }
  const Ref<ThreadGroup> parent(child.parent);
  const Ref<Task> leader = child.leader();
  const bool traced = leader && leader->tracing->traced();
  const Signal exit_signal = leader && !traced ? leader->exit_signal.load() : sig::chld;
  bool ignored = false, nobody_waits = false;
  if (exit_signal == sig::chld) {
    if (const Ref<SignalHandlers> handlers = handlers_of(*parent)) {
      const SignalAction action = handlers->get(sig::chld);
      ignored = action.handler == abi::sig_ign;
      nobody_waits = ignored || (action.flags & abi::sa_nocldwait) != 0;
    }
  }
  if (parent->ends_its_namespace) ignored = nobody_waits = true;
  if (exit_signal.raw() != 0 && !ignored) send_signal(*parent, child_signal(child, exit_signal, child.wait_status));
  if (nobody_waits) reap(child.kernel(), child);
  parent->child_changed.wake();
}

// PR_SET_PDEATHSIG of the children that `thread` made.
void send_death_signals(ThreadGroup& child, Task& thread) {
  std::vector<Ref<Task>> members;
  {
    MutexGuard guard(child.lock);
    for (const auto& [tid, member] : child.members) members.push_back(member);
  }
  for (const Ref<Task>& member : members) {
    const Signal wanted = member->parent_death_signal;
    if (wanted.raw() == 0) continue;
    SignalInfo info{.signo = wanted, .code = abi::si_user, .pid = thread.group().pid()};
    info.uid = thread.credentials_ref()->uid;
    send_signal(child, info);
  }
}

void hang_up(const std::vector<Ref<ThreadGroup>>& orphans) {
  for (const Ref<ThreadGroup>& orphan : orphans) send_signal(*orphan, kernel_signal(sig::hup));
  for (const Ref<ThreadGroup>& orphan : orphans) send_signal(*orphan, kernel_signal(sig::cont));
}

// What a thread made is the thread group's: another thread of it takes the place. Linux: find_alive_thread.
void pass_children_on(Task& thread, Pid successor) {
  const std::vector<Ref<ThreadGroup>> children = thread.group().children;
  for (const Ref<ThreadGroup>& child : children) {
    if (child->parent_tid != thread.tid()) continue;
    child->parent_tid = successor;
    send_death_signals(*child, thread);
  }
}

// The children of a dead process go on under another; zombies among them report anew. Linux: forget_original_parent.
void give_children_away(Task& last_thread) {
  ThreadGroup& group = last_thread.group();
  ThreadGroup* heir = new_parent(last_thread);
  const std::vector<Ref<ThreadGroup>> children = std::exchange(group.children, {});
  for (const Ref<ThreadGroup>& child : children) {
    child->parent = heir;
    publish_identity(*child);
    send_death_signals(*child, last_thread);
    if (heir == nullptr) {
      if (child->is_zombie) notify_parent(*child);
      continue;
    }
    heir->children.push_back(child);
    child->parent_tid = heir->pid();
    if (const Ref<Task> leader = child->leader()) leader->exit_signal = sig::chld;
    if (child->is_zombie) notify_parent(*child);
    hang_up(orphaned_by(group, *child->process_group));
  }
}

// A thread that is traced ends: its tracer waits for it. False where nobody does. Under process_tree.
bool leave_to_tracer(Task& task, int status) {
  Tracing& tracing = *task.tracing;
  const Ref<Task> tracer = tracing.tracer;
  if (!tracer || !tracing.traced()) return false;
  const Ref<ThreadGroup> to = tracer->group_ref();
  SignalInfo info = child_signal(task.group(), sig::chld, status);
  info.pid = task.tid();
  const Ref<SignalHandlers> handlers = handlers_of(*to);
  const SignalAction action = handlers ? handlers->get(sig::chld) : SignalAction{};
  if (action.handler != abi::sig_ign) send_signal(*to, info);
  if (action.handler == abi::sig_ign || (action.flags & abi::sa_nocldwait) != 0) {
    unlink_tracee(task);
    return false;
  }
  tracing.exited = true, tracing.exit_status = status;
  to->child_changed.wake();
  return true;
}

// The end of a session's leader is the end of the session's use of its terminal.
void lose_terminal(ThreadGroup& group) {
  std::vector<Ref<ThreadGroup>> hung_up, go_on;
  leave_controlling_terminal(group, hung_up, go_on);
  for (const Ref<ThreadGroup>& member : hung_up) send_signal(*member, kernel_signal(sig::hup));
  for (const Ref<ThreadGroup>& member : go_on) send_signal(*member, kernel_signal(sig::cont));
}

// The init of a pid namespace has ended: all others of it are killed, and it is no zombie before they are gone. What they leave is
// reaped here. Linux: zap_pid_ns_processes.
void end_namespace(Task& init) {
  Kernel& kernel = init.kernel();
  PidNamespace& pids = init.pid_namespace();
  std::vector<Ref<Task>> others;
  {
    WriteGuard tree(kernel.process_tree);
    pids.close();
    init.group().ends_its_namespace = true;
    others = pids.tasks();
    const std::vector<Ref<ThreadGroup>> children = init.group().children;
    for (const Ref<ThreadGroup>& child : children) {
      if (child->is_zombie && child->parent == &init.group()) reap(kernel, *child);
    }
  }
  for (const Ref<Task>& other : others) {
    if (&other->group() != &init.group()) begin_group_exit(other->group(), sig::kill.raw());
  }
  TaskWaiter waiter(init, pids.emptied);
  for (;;) {
    {
      ReadGuard tree(kernel.process_tree);
      if (pids.live() <= 1 || kernel.init_group == nullptr) break;
    }
    init.park(Deadline::never());
  }
  WriteGuard tree(kernel.process_tree);
  pids.set_init(nullptr);
}

// The process is over. Who must hear of it does; under process_tree.
void become_zombie(Task& last_thread, int status) {
  ThreadGroup& group = last_thread.group();
  group.is_zombie = true;
  group.wait_status = status;
  group.report = ThreadGroup::Report::exited;
  give_children_away(last_thread);
  if (group.parent != nullptr && group.process_group) hang_up(orphaned_by(*group.parent, *group.process_group));
  const Ref<Task> leader = group.leader();
  // A tracer that is not the parent comes first.
  if (leader && is_traced_by_other(*leader) && leave_to_tracer(*leader, status)) return;
  notify_parent(group);
}

}  // namespace

void tell_parent_of_end(ThreadGroup& group) { notify_parent(group); }

void reap(Kernel& kernel, ThreadGroup& child) {
  const Ref<ThreadGroup> keep(&child);
  if (const Ref<Task> leader = child.leader(); leader && leader->tracing->traced()) unlink_tracee(*leader);
  if (ThreadGroup* parent = child.parent) {
    {
      MutexGuard guard(child.lock);
      parent->waited_children.add(child.ended);
    }
    parent->waited_children.add(child.waited_children);
    std::erase_if(parent->children, [&](const Ref<ThreadGroup>& sibling) { return sibling.get() == &child; });
    child.parent = nullptr;
  }
  leave_process_group(child);
  load_of(kernel).add_ended(cpu_time(child));
  kernel.pids->remove_task(child.pid());
  MutexGuard guard(child.lock);
  child.leader_.reset();
}

void begin_group_exit(ThreadGroup& group, int wait_status) {
  std::vector<Ref<Task>> members;
  {
    MutexGuard guard(group.lock);
    if (!std::exchange(group.exiting, true)) group.exit_status = wait_status;
    group.stopped = false;
    for (const auto& [tid, task] : group.members) members.push_back(task);
  }
  for (const Ref<Task>& task : members) task->doom();
}

void exit_task(Task& task) {
  Kernel& kernel = task.kernel();
  ThreadGroup& group = task.group();
  const Ref<Task> self(&task);
  const Ref<ThreadGroup> group_ref(&group);
  leave_rseq(task);  // first: whoever hears of the end may unmap it
  exit_robust_list(task);
  clear_child_tid_wake(task);
  exit_sem_undo(task);
  exit_shm(task);
  settle_cpu_time(task);
  Usage usage = usage_of(task);
  usage.peak_resident_kib = peak_resident_kib(task);
  // The address space of a process that nobody shares dies at once; a shared one keeps its other threads.
  task.set_cpu(nullptr);
  if (task.vfork_done) task.vfork_done->tell(), task.vfork_done.reset();
  task.set_mm(nullptr);
  if (task.tracing->traced()) show_own_text(task);
  task.set_files(nullptr);
  task.set_fs(nullptr);
  drop_filters(task);
  release_tracees(task);

  Pid successor;
  bool last = false, is_init = false;
  int status = 0, own_status = 0;
  const auto leave_tree = [&] {
    if (!last) return pass_children_on(task, successor);
    is_init = &group == kernel.init_group;
    lose_terminal(group);
    become_zombie(task, status);
    if (is_init) kernel.init_group = nullptr;
  };
  {
    WriteGuard tree(kernel.process_tree);
    {
      MutexGuard guard(group.lock);
      group.members.erase(task.tid());
      last = group.members.empty();
      if (!last) successor = group.members.begin()->first;
      group.ended.add(usage);
      // Without exit_group the process's status is its leader's, whoever goes last.
      if (!group.exiting && task.is_leader()) group.exit_status = task.exit_status();
      status = group.exit_status;
      own_status = group.exiting ? group.exit_status : task.exit_status();
    }
    if (!task.is_leader() && !leave_to_tracer(task, own_status)) kernel.pids->remove_task(task.tid());
    if (!last || !group.is_namespace_init) leave_tree();
  }
  if (last && group.is_namespace_init) {
    end_namespace(task);
    WriteGuard tree(kernel.process_tree);
    leave_tree();
  }
  group.members_changed.wake();
  if (last) {
    end_timers(group);
  } else {
    retarget_shared_signals(task, ~task.blocked());
  }
  task.set_handlers(nullptr);
  leave_namespaces(task);
  if (is_init) kernel.init_died(status);
}

}  // namespace limen
