// Who traces whom: attaching, inheriting, letting go.
#include <algorithm>

#include "kernel/filter/seccomp.h"
#include "kernel/kernel.h"
#include "kernel/landlock/access.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/task/answers.h"
#include "kernel/task/call_work.h"
#include "kernel/task/exit.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

// Under process_tree.
void link(Task& tracer, Task& tracee, u64 options, bool seize) {
  Tracing& tracing = *tracee.tracing;
  tracing.tracer = Ref<Task>(&tracer);
  tracing.options_ = options;
  tracing.seized_ = seize;
  tracing.group_stop_taken_ = false;
  tracing.traced_ = true;
  tracer.group().tracees.push_back(Ref<Task>(&tracee));
}

std::vector<Ref<Task>> traced_members(ThreadGroup& group) {
  std::vector<Ref<Task>> out;
  MutexGuard guard(group.lock);
  for (const auto& [tid, member] : group.members) {
    if (member->tracing->traced()) out.push_back(member);
  }
  return out;
}

bool is_stopped(ThreadGroup& group) {
  MutexGuard guard(group.lock);
  return group.stopped;
}

}  // namespace

Result<void> check_ptrace_access(Task& who, Task& target) {
  if (&who.group() == &target.group()) return success;
  const Credentials& ours = who.credentials();
  const Ref<const Credentials> theirs = target.credentials_ref();
  if (!theirs || !landlock::may_trace(ours, *theirs)) return Errno::eperm;
  if (ours.has_capability(theirs->user_ns.get(), Capability::sys_ptrace)) return success;
  const bool same = ours.uid == theirs->euid && ours.uid == theirs->suid && ours.uid == theirs->uid &&
                    ours.gid == theirs->egid && ours.gid == theirs->sgid && ours.gid == theirs->gid;
  if (!same || target.group().dumpable != 1) return Errno::eperm;
  const bool same_ns = ours.user_ns == theirs->user_ns;
  return same_ns && (theirs->permitted & ~ours.permitted) == 0 ? Result<void>() : Errno::eperm;
}

bool is_unsafely_traced(Task& task) {
  if (!task.tracing->traced()) return false;
  ReadGuard tree(task.kernel().process_tree);
  const Ref<const Credentials> theirs = task.tracing->tracer ? task.tracing->tracer->credentials_ref() : nullptr;
  return theirs && !theirs->has_capability(task.credentials().user_ns.get(), Capability::sys_ptrace);
}

Result<void> trace_me(Task& task) {
  {
    WriteGuard tree(task.kernel().process_tree);
    if (task.tracing->traced()) return Errno::eperm;
    ThreadGroup* parent = task.group().parent;
    if (parent == nullptr) return success;  // Linux: a parent that is exiting does not matter any more
    const Ref<Task> leader = task.group().leader();
    Ref<Task> tracer = parent->leader();
    {
      MutexGuard guard(parent->lock);
      const auto maker = leader ? parent->members.find(leader->tracing->forked_by) : parent->members.end();
      if (maker != parent->members.end()) tracer = maker->second;
    }
    if (!tracer) return success;
    const Ref<const Credentials> theirs = tracer->credentials_ref();
    if (theirs && !landlock::may_trace(*theirs, task.credentials())) return Errno::eperm;
    link(*tracer, task, 0, false);
  }
  show_own_text(task);
  return success;
}

Result<void> attach(Task& tracer, Task& target, u64 options, bool seize) {
  if (&tracer.group() == &target.group()) return Errno::eperm;
  TRY(check_ptrace_access(tracer, target));
  {
    WriteGuard tree(tracer.kernel().process_tree);
    if (target.tracing->traced() || target.tracing->exited || target.group().is_zombie) return Errno::eperm;
    {
      MutexGuard guard(target.group().lock);
      if (!target.group().members.contains(target.tid())) return Errno::eperm;
    }
    link(tracer, target, options, seize);
  }
  show_own_text(target);
  if (!seize) {
    SignalInfo info{.signo = sig::stop, .code = abi::si_kernel};
    send_signal(target, info);
  }
  // A stopped process stops for the tracer instead.
  if (is_stopped(target.group())) {
    target.tracing->trap_ = true;
    target.recalculate_work();
    target.wake();
  }
  return success;
}

void inherit_tracer(Task& parent, Task& child) {
  const Ref<Task> tracer = parent.tracing->tracer;
  if (!tracer || !parent.tracing->traced()) return;
  link(*tracer, child, parent.tracing->options_, parent.tracing->seized());
  if (parent.tracing->seized()) {
    child.tracing->trap_ = true;
  } else {
    MutexGuard guard(child.group().signal_lock);
    child.signal_lock().assert_held();  // it is the group's
    child.pending.add(SignalInfo{.signo = sig::stop, .code = abi::si_user});
  }
}

void unlink_tracee(Task& tracee) {
  Tracing& tracing = *tracee.tracing;
  const Ref<Task> keep(&tracee);
  if (const Ref<Task> tracer = std::exchange(tracing.tracer, nullptr)) {
    std::vector<Ref<Task>>& list = tracer->group().tracees;
    std::erase_if(list, [&](const Ref<Task>& t) { return t.get() == &tracee; });
  }
  tracee.call_work.fetch_and(~(call_work::trace | call_work::emulate | call_work::single_step));
  settle_answers(tracee);
  Ref<Mm> shown;
  {
    MutexGuard guard(tracing.lock);
    tracing.traced_ = false;
    tracing.options_ = 0, tracing.seized_ = false, tracing.trap_ = false;
    tracing.stopped = false, tracing.listening = false;
    shown = std::exchange(tracing.shown, nullptr);
  }
  if (shown) shown->end_tracing();
  tracee.recalculate_work();
  tracee.wake();
}

bool is_traced_by_other(Task& leader) {
  const Ref<Task>& tracer = leader.tracing->tracer;
  return tracer && &tracer->group() != leader.group().parent;
}

void release_tracees(Task& task) {
  std::vector<Ref<Task>> killed;
  {
    WriteGuard tree(task.kernel().process_tree);
    const std::vector<Ref<Task>> all = task.group().tracees;
    for (const Ref<Task>& tracee : all) {
      if (tracee->tracing->tracer.get() != &task) continue;
      if (tracee->tracing->has_option(abi::ptrace_o_exitkill)) killed.push_back(tracee);
      const bool was_hidden = tracee->group().is_zombie && is_traced_by_other(*tracee);
      unlink_tracee(*tracee);
      if (tracee->tracing->exited) {
        tracee->tracing->exited = false;
        if (!tracee->is_leader()) task.kernel().pids->remove_task(tracee->tid());
      }
      if (was_hidden && tracee->is_leader()) tell_parent_of_end(tracee->group());
    }
  }
  for (const Ref<Task>& tracee : killed) send_signal(tracee->group(), kernel_signal(sig::kill));
}

void trace_group_stop(ThreadGroup& group) {
  for (const Ref<Task>& member : traced_members(group)) {
    member->tracing->group_stop_taken_ = false;
    member->recalculate_work();
  }
}

void trace_group_continue(ThreadGroup& group) {
  for (const Ref<Task>& member : traced_members(group)) {
    Tracing& tracing = *member->tracing;
    if (!tracing.seized()) continue;
    // Linux: ptrace_trap_notify. One that listens is stopped anew and told of.
    tracing.trap_ = true;
    {
      MutexGuard guard(tracing.lock);
      if (tracing.listening) tracing.stopped = false;
    }
    member->recalculate_work();
    member->wake();
  }
}

}  // namespace limen
