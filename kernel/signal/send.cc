// Sending signals. Source: kernel/signal.c (__send_signal_locked, prepare_signal, complete_signal), kill(2), signal(7).
#include <vector>

#include "abi/landlock.h"
#include "abi/resource.h"
#include "abi/signal.h"
#include "kernel/kernel.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/signal/signal.h"
#include "kernel/task/exit.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/time/timers.h"

namespace limen {
namespace {

constexpr SignalSet kStopSignals(signal_bit(sig::stop) | signal_bit(sig::tstp) | signal_bit(sig::ttin) |
                                 signal_bit(sig::ttou));

struct Members {
  std::vector<Ref<Task>> tasks;  // the leader first, where it still lives
  bool exiting = false;
  bool stopped = false;
};

Members members_of(ThreadGroup& group) {
  Members members;
  MutexGuard guard(group.lock);
  members.exiting = group.exiting;
  members.stopped = group.stopped;
  for (const auto& [tid, task] : group.members) {
    if (task == group.leader_) {
      members.tasks.insert(members.tasks.begin(), task);
    } else {
      members.tasks.push_back(task);
    }
  }
  return members;
}

void discard_everywhere(ThreadGroup& group, const Members& members, SignalSet which) {
  MutexGuard guard(group.signal_lock);
  group.shared_pending.discard(which);
  for (const Ref<Task>& task : members.tasks) {
    task->signal_lock().assert_held();  // it is the group's
    task->pending.discard(which);
  }
}

// SIGCONT and the stop signals undo each other when they are sent, whatever becomes of them later.
void prepare(ThreadGroup& group, Members& members, Signal s) {
  if (kStopSignals.has(s)) {
    discard_everywhere(group, members, SignalSet::of(sig::cont));
    return;
  }
  if (s != sig::cont) return;
  bool was_stopped = false;
  {
    MutexGuard guard(group.lock);
    ++group.continues;
    was_stopped = std::exchange(group.stopped, false);
    if (was_stopped) group.continue_report = true;
  }
  discard_everywhere(group, members, kStopSignals);
  members.stopped = false;
  if (!was_stopped) return;
  trace_group_continue(group);
  for (const Ref<Task>& task : members.tasks) {
    task->recalculate_work();
    task->wake();
  }
}

// Puts it into the queue. False when one of its kind is pending already.
Result<bool> enqueue(ThreadGroup& group, Task* task, Task& owner, const SignalInfo& info) {
  const bool real_time = info.signo >= abi::sigrtmin;
  // Timers bring one entry each, counted when they are made.
  const bool charged = real_time && !info.is_expiry;
  SignalCharge charge;
  bool bare = false;
  if (charged) {
    const Ref<const Credentials> credentials = owner.credentials_ref();
    if (credentials && credentials->user_ns) {
      Result<SignalCharge> taken =
          SignalCharge::take(credentials->user_ns->account(credentials->uid), group.limit(abi::rlimit_sigpending).soft);
      if (taken.ok()) {
        charge = std::move(taken).value();
      } else if (info.code != abi::si_user) {
        return Errno::eagain;
      } else {
        bare = true;
      }
    }
  }
  MutexGuard guard(group.signal_lock);
  PendingSignals& queue = task != nullptr ? task->pending : group.shared_pending;
  if (!real_time && queue.set().has(info.signo)) return false;
  if (info.is_expiry && queue.has_timer(info.timer_id)) return false;
  if (bare) {
    queue.add_bare(info.signo);
  } else {
    queue.add(info, std::move(charge));
  }
  return true;
}

// Ids as `receiver` sees them: what is sent is told by kernel numbers. Linux: send_signal_locked.
SignalInfo addressed(Task& receiver, SignalInfo info) {
  if (info.code == abi::si_kernel) info.from_above = true;
  if (std::exchange(info.addressed, true)) return info;
  const i32 seen = receiver.sees(info.pid);
  if (info.pid.raw() != 0 && seen == 0) info.from_above = true;
  info.pid = Pid(seen);
  if (const Ref<const Credentials> cred = receiver.credentials_ref()) info.uid = Uid(cred->seen(info.uid));
  return info;
}

Result<void> send(ThreadGroup& group, Task* task, const SignalInfo& sent) {
  const Signal s = sent.signo;
  if (s.raw() < 1 || s.raw() > kSignalMax) return success;
  Members members = members_of(group);
  if (members.exiting || (task == nullptr && members.tasks.empty())) return success;
  prepare(group, members, s);

  Task& first = task != nullptr ? *task : *members.tasks.front();
  const Ref<SignalHandlers> handlers = first.handlers_ref();
  if (!handlers) return success;  // it has exited
  const SignalAction action = handlers->get(s);
  const SignalInfo info = addressed(first, sent);
  // What the init of a namespace does not handle does not reach it, but for KILL and STOP from above. Linux: sig_task_ignored.
  const bool forced = info.from_above && (s == sig::kill || s == sig::stop);
  const bool refused = group.unkillable && action.handler == abi::sig_dfl && !forced;
  const bool blocked = first.blocked_now().has(s);
  if (refused && (!blocked || s == sig::kill || s == sig::stop)) return success;
  // A blocked signal is kept even when it is ignored now: the action may change before it is unblocked.
  // And a tracer or an observer sees those that are ignored, and fatal ones before their work is done.
  const bool observed = static_cast<bool>(group.kernel().options().observer);
  const bool seen = (first.tracing->traced() || observed) && s != sig::kill;
  if (!blocked && !seen && is_ignored(action, s)) return success;
  if (!TRY(enqueue(group, task, first, info))) return success;
  group.signal_arrived.wake(kPollIn);

  if (s == sig::kill) {
    begin_group_exit(group, s.raw());
    return success;
  }
  // A stopped process takes nothing but SIGKILL until it goes on.
  if (members.stopped && !first.tracing->traced()) return success;
  const auto takes = [s](Task& candidate) { return !candidate.blocked().has(s); };
  Task* chosen = nullptr;
  if (task != nullptr) {
    if (takes(*task)) chosen = task;
  } else {
    for (const Ref<Task>& member : members.tasks) {
      if (takes(*member)) {
        chosen = member.get();
        break;
      }
    }
  }
  if (chosen == nullptr) return success;
  const DefaultAction by_default = default_action(s);
  if (!chosen->tracing->traced() && !observed && !refused && action.handler == abi::sig_dfl &&
      (by_default == DefaultAction::terminate || by_default == DefaultAction::core)) {
    begin_group_exit(group, s.raw());
  } else {
    chosen->recalculate_work();
  }
  return success;
}

}  // namespace

void send_signal(ThreadGroup& group, const SignalInfo& info) { (void)send(group, nullptr, info).ok(); }
void send_signal(Task& task, const SignalInfo& info) { (void)send(task.group(), &task, info).ok(); }
Result<void> queue_signal(ThreadGroup& group, const SignalInfo& info) { return send(group, nullptr, info); }
Result<void> queue_signal(Task& task, const SignalInfo& info) { return send(task.group(), &task, info); }

void force_signal(Task& task, const SignalInfo& info) {
  const SignalAction action = task.handlers().get(info.signo);
  const bool blocked = task.blocked().has(info.signo);
  if (blocked || action.handler == abi::sig_ign) {
    task.handlers().exchange(info.signo,
                             SignalAction{.flags = action.flags, .restorer = action.restorer, .mask = action.mask});
  }
  // A fault ends even the init of a namespace.
  if (task.handlers().get(info.signo).handler == abi::sig_dfl) task.group().unkillable = false;
  if (blocked) task.set_blocked(task.blocked() & ~SignalSet::of(info.signo));
  send_signal(task, info);
}

SignalInfo kernel_signal(Signal s) { return SignalInfo{.signo = s, .code = abi::si_kernel}; }

namespace {

// Linux: kill_ok_by_cred, and check_kill_permission's SIGCONT.
bool may_kill(Task& sender, ThreadGroup& target, const Credentials& theirs, Signal s) {
  const Credentials& ours = sender.credentials();
  if (ours.euid == theirs.suid || ours.euid == theirs.uid || ours.uid == theirs.suid || ours.uid == theirs.uid)
    return true;
  if (theirs.user_ns && ours.has_capability(theirs.user_ns.get(), Capability::kill)) return true;
  if (s != sig::cont) return false;
  ReadGuard tree(sender.kernel().process_tree);
  const Ref<ProcessGroup>& mine = sender.group().process_group;
  return mine && target.process_group && mine->session == target.process_group->session;
}

}  // namespace

Result<void> check_kill(Task& sender, Task& target, Signal s) {
  if (&sender.group() == &target.group()) return success;
  const Ref<const Credentials> theirs = target.credentials_ref();
  if (!theirs) return success;
  if (!may_kill(sender, target.group(), *theirs, s)) return Errno::eperm;
  const auto& domain = sender.credentials().landlock;
  const bool scoped = domain && domain->is_scoped_from(theirs->landlock.get(), abi::landlock_scope_signal);
  return scoped ? Errno::eperm : Result<void>();
}

Result<void> check_kill(Task& sender, ThreadGroup& target, Signal s) {
  if (&sender.group() == &target) return success;
  const Ref<Task> member = [&target] {
    MutexGuard guard(target.lock);
    return target.leader_ ? target.leader_ : (target.members.empty() ? Ref<Task>() : target.members.begin()->second);
  }();
  return member ? check_kill(sender, *member, s) : success;
}

void retarget_shared_signals(Task& task, SignalSet not_taken) {
  ThreadGroup& group = task.group();
  SignalSet left;
  {
    MutexGuard guard(group.signal_lock);
    left = group.shared_pending.set() & not_taken;
  }
  if (left.empty()) return;
  for (const Ref<Task>& member : members_of(group).tasks) {
    if (left.empty()) return;
    if (member.get() == &task) continue;
    const SignalSet taken = left & ~member->blocked();
    if (taken.empty()) continue;
    member->recalculate_work();
    left = left & ~taken;
  }
}

void change_blocked(Task& task, SignalSet mask) {
  const SignalSet before = task.blocked();
  task.set_blocked(mask);
  const SignalSet newly = task.blocked() & ~before;
  if (!newly.empty()) retarget_shared_signals(task, newly);
}

void discard_signals(ThreadGroup& group, SignalSet which) { discard_everywhere(group, members_of(group), which); }

SignalSet pending_signals(Task& task) {
  ThreadGroup& group = task.group();
  MutexGuard guard(group.signal_lock);
  task.signal_lock().assert_held();  // it is the group's
  return task.pending.set() | group.shared_pending.set();
}

std::optional<SignalInfo> take_signal(Task& task, SignalSet wanted) {
  ThreadGroup& group = task.group();
  std::optional<SignalInfo> info;
  {
    MutexGuard guard(group.signal_lock);
    task.signal_lock().assert_held();  // it is the group's
    info = task.pending.take(~wanted);
    if (!info) info = group.shared_pending.take(~wanted);
  }
  if (info && info->is_expiry) timer_signal_taken(group, *info);
  return info;
}

}  // namespace limen
