// Signals: kill and its kin, actions, masks, waiting, alternate stacks.
// Source: kill(2), sigaction(2), sigprocmask(2), sigsuspend(2), sigwaitinfo(2), rt_sigqueueinfo(2), sigaltstack(2),
// restart_syscall(2); kernel/signal.c.
#include <vector>

#include "abi/signal.h"
#include "abi/time.h"
#include "kernel/kernel.h"
#include "kernel/signal/frame.h"
#include "kernel/signal/siginfo.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/answers.h"
#include "kernel/task/process_group.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/time/time_values.h"

namespace limen {
namespace {

bool is_valid(Signal s) { return s.raw() >= 0 && s.raw() <= kSignalMax; }

SignalInfo user_signal(Task& sender, Signal s, i32 code) {
  return SignalInfo{.signo = s, .code = code, .pid = sender.group().pid(), .uid = sender.credentials().uid};
}

Ref<Task> find_task(Task& task, Pid tid) {
  ReadGuard tree(task.kernel().process_tree);
  return task.namespaces().pid->find(tid);
}

Result<void> kill_one(Task& task, ThreadGroup& target, const SignalInfo& info) {
  if (!is_valid(info.signo)) return Errno::einval;
  TRY(check_kill(task, target, info.signo));
  if (info.signo.raw() == 0) return success;
  return queue_signal(target, info);
}

// kill(-1): every process but this one and init. EPERM counts as having found nothing to do.
Result<void> kill_all(Task& task, const SignalInfo& info) {
  std::vector<Ref<ThreadGroup>> targets;
  {
    ReadGuard tree(task.kernel().process_tree);
    for (const Ref<Task>& other : task.namespaces().pid->tasks()) {
      const bool leads = other->is_leader();
      if (leads && task.sees(other->tid()) != 1 && &other->group() != &task.group())
        targets.push_back(other->group_ref());
    }
  }
  Result<void> result = targets.empty() ? Result<void>(Errno::esrch) : success;
  for (const Ref<ThreadGroup>& target : targets) {
    const Result<void> sent = kill_one(task, *target, info);
    if (!sent.is(Errno::eperm)) result = sent;
  }
  return result;
}

Result<void> send_to_thread(Task& task, std::optional<Pid> tgid, Pid tid, const SignalInfo& info) {
  const Ref<Task> target = find_task(task, tid);
  if (!target || (tgid && target->group().pid() != task.means(*tgid))) return Errno::esrch;
  if (!is_valid(info.signo)) return Errno::einval;
  TRY(check_kill(task, *target, info.signo));
  if (info.signo.raw() == 0) return success;
  return queue_signal(*target, info);
}

// What a guest says of itself in a siginfo: it may not pretend to be the kernel or kill(2) to anyone but itself.
Result<SignalInfo> read_queued_info(Task& task, UserIn<abi::SigInfo> user, Signal s, bool to_itself) {
  const abi::SigInfo info = TRY(user.read(task));
  if ((info.code >= 0 || info.code == abi::si_tkill) && !to_itself) return Errno::eperm;
  SignalInfo queued = decode_siginfo(s, info);
  queued.addressed = true;  // whatever the guest says: the receiver gets to see it
  return queued;
}

// ... and what `target` gets to see of that. Linux: send_signal_locked.
SignalInfo as_said_to(Task& target, Task& sender, SignalInfo info) {
  const Ref<const Credentials> theirs = target.credentials_ref();
  if (theirs && theirs->user_ns != sender.credentials().user_ns) {
    const Result<Uid> uid = sender.credentials().kernel_id(info.uid);
    info.uid = Uid(theirs->seen(uid.value_or(Uid(~0u))));
  }
  if (target.sees(sender.group().pid()) == 0) info.pid = Pid(0), info.from_above = true;
  return info;
}

// Sleeps until there is a signal to take.
Errno sleep_until_signal(Task& task) {
  while (task.sleep(Deadline::never()).ok()) {
  }
  return Errno::erestartnohand;
}

}  // namespace

// Fine when one member could be reached.
Result<void> signal_process_group(Task& task, Pid id, const SignalInfo& info) {
  std::vector<Ref<ThreadGroup>> targets;
  {
    ReadGuard tree(task.kernel().process_tree);
    Ref<ProcessGroup> group =
        id.raw() == 0 ? task.group().process_group : task.namespaces().pid->find_process_group(id);
    if (group) {
      for (ThreadGroup* member : group->members) targets.push_back(Ref<ThreadGroup>(member));
    }
  }
  Result<void> result = Errno::esrch;
  bool reached = false;
  for (const Ref<ThreadGroup>& target : targets) {
    result = kill_one(task, *target, info);
    reached = reached || result.ok();
  }
  return reached ? success : result;
}

Result<i64> sys_kill(Task& task, Pid pid, Signal sig) {
  const SignalInfo info = user_signal(task, sig, abi::si_user);
  if (pid.raw() > 0) {
    const Ref<Task> target = find_task(task, pid);
    if (!target) return Errno::esrch;
    TRY(kill_one(task, target->group(), info));
  } else if (pid == Pid(-1)) {
    TRY(kill_all(task, info));
  } else {
    if (pid.raw() == INT32_MIN) return Errno::esrch;
    TRY(signal_process_group(task, Pid(-pid.raw()), info));
  }
  return 0;
}

Result<i64> sys_tkill(Task& task, Pid tid, Signal sig) {
  if (tid.raw() <= 0) return Errno::einval;
  TRY(send_to_thread(task, std::nullopt, tid, user_signal(task, sig, abi::si_tkill)));
  return 0;
}

Result<i64> sys_tgkill(Task& task, Pid tgid, Pid tid, Signal sig) {
  if (tgid.raw() <= 0 || tid.raw() <= 0) return Errno::einval;
  TRY(send_to_thread(task, tgid, tid, user_signal(task, sig, abi::si_tkill)));
  return 0;
}

Result<i64> sys_rt_sigqueueinfo(Task& task, Pid pid, Signal sig, UserIn<abi::SigInfo> info) {
  const SignalInfo queued = TRY(read_queued_info(task, info, sig, task.means(pid) == task.tid()));
  const Ref<Task> target = pid.raw() > 0 ? find_task(task, pid) : Ref<Task>();
  if (!target) return Errno::esrch;
  TRY(kill_one(task, target->group(), as_said_to(*target, task, queued)));
  return 0;
}

Result<i64> sys_rt_tgsigqueueinfo(Task& task, Pid tgid, Pid tid, Signal sig, UserIn<abi::SigInfo> info) {
  (void)TRY(info.read(task));  // EFAULT before EINVAL before EPERM
  if (tgid.raw() <= 0 || tid.raw() <= 0) return Errno::einval;
  const SignalInfo queued = TRY(read_queued_info(task, info, sig, task.means(tid) == task.tid()));
  const Ref<Task> target = find_task(task, tid);
  TRY(send_to_thread(task, tgid, tid, target ? as_said_to(*target, task, queued) : queued));
  return 0;
}

Result<i64> sys_rt_sigaction(Task& task, Signal sig, UserIn<abi::SigAction> act, UserOut<abi::SigAction> oldact,
                             usize sigsetsize) {
  constexpr u64 kFlags = abi::sa_nocldstop | abi::sa_nocldwait | abi::sa_siginfo | abi::sa_onstack | abi::sa_restart |
                         abi::sa_nodefer | abi::sa_resethand | abi::sa_expose_tagbits | abi::sa_restorer;
  if (sigsetsize != abi::sigset_size) return Errno::einval;
  SignalAction action;
  if (!act.is_null()) {
    const abi::SigAction given = TRY(act.read(task));
    SignalSet mask(given.mask.bits);
    mask.remove(sig::kill);
    mask.remove(sig::stop);
    action = {
        .handler = given.handler.raw(), .flags = given.flags & kFlags, .restorer = given.restorer.raw(), .mask = mask};
  }
  if (sig.raw() < 1 || !is_valid(sig)) return Errno::einval;
  if (!act.is_null() && (sig == sig::kill || sig == sig::stop)) return Errno::einval;
  const SignalAction old = act.is_null() ? task.handlers().get(sig) : task.handlers().exchange(sig, action);
  if (!act.is_null()) publish_default_actions(task);
  if (!act.is_null() && is_ignored(action, sig)) discard_signals(task.group(), SignalSet::of(sig));
  if (!oldact.is_null()) {
    TRY(oldact.write(task,
                     abi::SigAction{GuestAddr(old.handler), old.flags, GuestAddr(old.restorer), {old.mask.bits()}}));
  }
  return 0;
}

Result<i64> sys_rt_sigprocmask(Task& task, SigHow how, UserIn<abi::SigSet> set, UserOut<abi::SigSet> oldset,
                               usize sigsetsize) {
  if (sigsetsize != abi::sigset_size) return Errno::einval;
  const SignalSet old = task.blocked();
  SignalSet wanted = old;
  if (!set.is_null()) {
    const abi::SigSet user = TRY(set.read(task));
    const SignalSet given(user.bits);
    switch (how.raw()) {
      case abi::sig_block:
        wanted = old | given;
        break;
      case abi::sig_unblock:
        wanted = old & ~given;
        break;
      case abi::sig_setmask:
        wanted = given;
        break;
      default:
        return Errno::einval;
    }
  }
  if (!oldset.is_null()) TRY(oldset.write(task, abi::SigSet{old.bits()}));
  if (!set.is_null()) change_blocked(task, wanted);
  return 0;
}

Result<i64> sys_rt_sigpending(Task& task, UserOut<abi::SigSet> set, usize sigsetsize) {
  if (sigsetsize > abi::sigset_size) return Errno::einval;
  const u64 bits = (pending_signals(task) & task.blocked()).bits();
  TRY(copy_to_user(task, set.addr(), &bits, sigsetsize));
  return 0;
}

Result<i64> sys_rt_sigsuspend(Task& task, UserIn<abi::SigSet> mask, usize sigsetsize) {
  if (sigsetsize != abi::sigset_size) return Errno::einval;
  const abi::SigSet wanted = TRY(mask.read(task));
  task.set_temporary_mask(SignalSet(wanted.bits));
  return sleep_until_signal(task);
}

Result<i64> sys_pause(Task& task) { return sleep_until_signal(task); }

Result<i64> sys_rt_sigtimedwait(Task& task, UserIn<abi::SigSet> set, UserOut<abi::SigInfo> info,
                                UserIn<abi::TimeSpec> timeout, usize sigsetsize) {
  if (sigsetsize != abi::sigset_size) return Errno::einval;
  const abi::SigSet user = TRY(set.read(task));
  SignalSet wanted(user.bits);
  wanted.remove(sig::kill);
  wanted.remove(sig::stop);
  Deadline deadline = Deadline::never();
  if (!timeout.is_null()) {
    const abi::TimeSpec relative = TRY(timeout.read(task));
    const u64 ns = TRY(to_ns(relative));
    deadline = task.clock().after(ns);
  }
  const auto attempt = [&]() -> Result<SignalInfo> {
    const std::optional<SignalInfo> taken = take_signal(task, wanted);
    return taken ? Result<SignalInfo>(*taken) : Errno::eagain;
  };
  Result<SignalInfo> taken = task.block(task.group().signal_arrived, deadline, attempt);
  if (taken.is(Errno::erestartsys) || taken.is(Errno::etimedout)) {
    // One of the wanted signals may be what woke us.
    const Errno otherwise = taken.is(Errno::etimedout) ? Errno::eagain : Errno::eintr;
    taken = attempt();
    if (!taken.ok()) return otherwise;
  }
  if (!taken.ok()) return taken.error();
  if (!info.is_null()) TRY(info.write(task, encode_siginfo(*taken)));
  return taken->signo.raw();
}

Result<i64> sys_sigaltstack(Task& task, UserIn<abi::StackT> stack, UserOut<abi::StackT> old_stack) {
  const u64 sp = task.entry().sp;
  abi::StackT old{};
  old.ss_sp = GuestAddr(task.altstack.sp);
  old.ss_flags = static_cast<i32>(alternate_stack_state(task, sp) | (task.altstack.flags & abi::ss_autodisarm));
  old.ss_size = task.altstack.size;
  if (!stack.is_null()) {
    const abi::StackT wanted = TRY(stack.read(task));
    TRY(set_alternate_stack(task, wanted.ss_sp.raw(), wanted.ss_size, static_cast<u32>(wanted.ss_flags), sp));
  }
  if (!old_stack.is_null()) TRY(old_stack.write(task, old));
  return 0;
}

Result<i64> sys_rt_sigreturn(Task& task) {
  task.keep_registers();
  task.restart_.reset();
  const platform::Context now = task.cpu().save_context();
  const Result<FrameContents> frame = read_signal_frame(task, now);
  if (!frame.ok()) {
    force_signal(task, kernel_signal(sig::segv));
    return 0;
  }
  task.cpu().load_context(frame->context);
  // A bad stack in the frame is ignored, as Linux does (restore_altstack).
  (void)set_alternate_stack(task, frame->stack_sp, frame->stack_size, frame->stack_flags, frame->context.regs.rsp).ok();
  change_blocked(task, frame->mask);
  return 0;
}

Result<i64> sys_restart_syscall(Task& task) {
  std::optional<RestartRecord> record = std::exchange(task.restart_, std::nullopt);
  if (!record) return Errno::eintr;
  return record->resume(task);
}

}  // namespace limen
