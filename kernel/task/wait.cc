// wait4(2), waitid(2). Linux: kernel/exit.c:do_wait.
#include "abi/wait.h"
#include "abi/fcntl.h"
#include "abi/resource.h"
#include "abi/signal.h"
#include "kernel/kernel.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/exit.h"
#include "kernel/task/pidfd.h"
#include "kernel/task/usage.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// Which children a call means.
struct Selector {
  i32 kind = abi::p_all;
  Pid id;
  const ThreadGroup* group = nullptr;  // P_PIDFD: a number may have found a new owner
  bool matches(const ThreadGroup& child) const {
    switch (kind) {
      case abi::p_pid:
        return child.pid() == id;
      case abi::p_pidfd:
        return &child == group;
      case abi::p_pgid:
        return child.process_group->id == id;
      default:
        return true;
    }
  }
  bool matches(Task& tracee) const {
    if (kind == abi::p_pid) return tracee.tid() == id;
    return kind != abi::p_pgid || (tracee.group().process_group && tracee.group().process_group->id == id);
  }
};

// One child's news, copied out of the tree.
struct Event {
  i32 pid = 0;  // as the waiter sees it: before the child is reaped, and its numbers with it
  Uid uid;
  int status = 0;
  i32 code = 0;         // CLD_*
  i32 code_status = 0;  // si_status
  Usage usage;
};

bool eligible(const Task& task, ThreadGroup& child, u32 options) {
  if ((options & abi::wnothread) != 0 && child.parent_tid != task.tid()) return false;
  if ((options & abi::wall) != 0) return true;
  const Ref<Task> leader = child.leader();
  if (leader && leader->tracing->traced()) return true;
  const bool is_clone = leader && leader->exit_signal.load() != sig::chld;
  return is_clone == ((options & abi::wclone) != 0);
}

Event ended_event(int status) {
  Event event;
  event.status = status;
  const int killer = status & 0x7f;
  event.code = killer == 0 ? abi::cld_exited : (status & 0x80) != 0 ? abi::cld_dumped : abi::cld_killed;
  event.code_status = killer == 0 ? status >> 8 & 0xff : killer;
  return event;
}

Event exited_event(ThreadGroup& child) {
  Event event = ended_event(child.wait_status);
  return event;
}

// The child's unreported change that these options ask for, if any.
std::optional<Event> event_of(ThreadGroup& child, u32 options) {
  using Report = ThreadGroup::Report;
  std::optional<Event> event;
  if (const Ref<Task> leader = child.leader(); child.is_zombie && leader && leader->tracing->exited) {
    return std::nullopt;  // another's tracee: that one waits first
  } else if (child.is_zombie) {
    if ((options & abi::wexited) != 0) event = exited_event(child);
  } else if (child.report == Report::stopped && (options & abi::wstopped) != 0) {
    event = Event{};
    event->status = abi::w_stopcode(child.stop_signal);
    event->code = abi::cld_stopped, event->code_status = child.stop_signal;
  } else if (child.report == Report::continued && (options & abi::wcontinued) != 0) {
    event = Event{};
    event->status = abi::w_continued;
    event->code = abi::cld_continued, event->code_status = sig::cont.raw();
  }
  if (!event) return std::nullopt;
  if (const Ref<Task> leader = child.leader()) event->uid = leader->credentials_ref()->uid;
  event->usage = usage_of(child);
  event->usage.add(child.waited_children);
  return event;
}

// A tracee's stop or end that the tracer has not heard of. Stops are told whatever the options say.
std::optional<Event> event_of_tracee(Task& tracee, u32 options) {
  Tracing& tracing = *tracee.tracing;
  Event event;
  if (tracing.exited) {
    if ((options & abi::wexited) == 0) return std::nullopt;
    event = ended_event(tracing.exit_status);
  } else {
    MutexGuard guard(tracing.lock);
    if (!tracing.stopped || tracing.reported || tracing.listening) return std::nullopt;
    event.status = abi::w_stopcode(tracing.stop.code);
    event.code = abi::cld_trapped, event.code_status = tracing.stop.code;
    if ((options & abi::wnowait) == 0) tracing.reported = true;
  }
  if (const Ref<const Credentials> theirs = tracee.credentials_ref()) event.uid = theirs->uid;
  return event;
}

// A dead tracee has been waited for: a thread is gone, a process is its parent's.
void reap_tracee(Kernel& kernel, Task& tracee) {
  tracee.tracing->exited = false;
  unlink_tracee(tracee);
  if (tracee.is_leader()) {
    tell_parent_of_end(tracee.group());
  } else {
    kernel.pids->remove_task(tracee.tid());
  }
}

std::optional<Event> try_tracees(Task& task, const Selector& selector, u32 options, bool& any) {
  for (const Ref<Task>& listed : task.group().tracees) {
    const Ref<Task> tracee = listed;
    if ((options & abi::wnothread) != 0 && tracee->tracing->tracer.get() != &task) continue;
    if (!selector.matches(*tracee)) continue;
    any = true;
    const bool exited = tracee->tracing->exited;
    std::optional<Event> event = event_of_tracee(*tracee, options);
    if (!event) continue;
    event->pid = task.sees(tracee->tid());
    if (exited && (options & abi::wnowait) == 0) reap_tracee(task.kernel(), *tracee);
    return event;
  }
  return std::nullopt;
}

// One attempt: an event, ECHILD without a child to wait for, EAGAIN where all of them just run.
Result<Event> try_wait(Task& task, const Selector& selector, u32 options) {
  Kernel& kernel = task.kernel();
  WriteGuard tree(kernel.process_tree);
  bool any = false;
  for (const Ref<ThreadGroup>& child : task.group().children) {
    if (!selector.matches(*child) || !eligible(task, *child, options)) continue;
    any = true;
    std::optional<Event> event = event_of(*child, options);
    if (!event) continue;
    event->pid = task.sees(child->pid());
    if ((options & abi::wnowait) == 0) {
      child->report = ThreadGroup::Report::none;
      if (child->is_zombie) reap(kernel, *Ref<ThreadGroup>(child));
    }
    return *event;
  }
  if (const std::optional<Event> event = try_tracees(task, selector, options, any)) return *event;
  return any ? Errno::eagain : Errno::echild;
}

// Success with pid 0 where WNOHANG finds no news.
Result<Event> do_wait(Task& task, const Selector& selector, u32 options) {
  if ((options & abi::wnohang) != 0) {
    Result<Event> event = try_wait(task, selector, options);
    return event.is(Errno::eagain) ? Result<Event>(Event{}) : event;
  }
  return task.block(task.group().child_changed, Deadline::never(), [&] { return try_wait(task, selector, options); });
}

// siginfo as waitid(2) writes it: six fields, the bytes between and behind them stay. Also where there is no news.
Result<void> write_wait_info(Task& task, UserOut<abi::SigInfo> info, const Event& event) {
  const bool any = event.pid != 0;
  const i32 head[] = {any ? sig::chld.raw() : 0, 0, event.code};
  const i32 child[] = {event.pid, static_cast<i32>(task.credentials().seen(event.uid)), event.code_status};
  TRY(copy_to_user(task, info.addr(), head, sizeof head));
  return copy_to_user(task, info.addr() + offsetof(abi::SigInfo, fields), child, sizeof child);
}

}  // namespace

Result<i64> sys_wait4(Task& task, Pid pid, UserOut<i32> status, WaitOptions options, UserOut<abi::RUsage> rusage) {
  constexpr u32 kKnown = abi::wnohang | abi::wuntraced | abi::wcontinued | abi::wnothread | abi::wclone | abi::wall;
  if (options.unknown(kKnown) != 0) return Errno::einval;
  if (pid.raw() == INT32_MIN) return Errno::esrch;
  Selector selector;
  if (pid.raw() > 0) {
    selector = {abi::p_pid, task.means(pid)};
  } else if (pid.raw() == 0) {
    ReadGuard tree(task.kernel().process_tree);
    selector = {abi::p_pgid, task.group().process_group->id};
  } else if (pid.raw() < -1) {
    selector = {abi::p_pgid, task.means(Pid(-pid.raw()))};
  }
  const Event event = TRY(do_wait(task, selector, options.raw() | abi::wexited));
  if (event.pid == 0) return 0;
  if (!rusage.is_null()) TRY(rusage.write(task, encode_usage(event.usage)));
  if (!status.is_null()) TRY(status.write(task, event.status));
  return event.pid;
}

Result<i64> sys_waitid(Task& task, WaitIdType which, Pid id, UserOut<abi::SigInfo> info, WaitOptions options,
                       UserOut<abi::RUsage> rusage) {
  constexpr u32 kWhat = abi::wexited | abi::wstopped | abi::wcontinued;
  constexpr u32 kKnown = kWhat | abi::wnohang | abi::wnowait | abi::wnothread | abi::wclone | abi::wall;
  if (options.unknown(kKnown) != 0 || !options.any(kWhat)) return Errno::einval;
  Selector selector{which.raw(), id};
  u32 wanted = options.raw();
  Ref<Task> by_pidfd;
  bool nonblocking = false;
  switch (which.raw()) {
    case abi::p_all:
      break;
    case abi::p_pid:
      if (id.raw() <= 0) return Errno::einval;
      selector.id = task.means(id);
      break;
    case abi::p_pgid: {
      if (id.raw() < 0) return Errno::einval;
      ReadGuard tree(task.kernel().process_tree);
      selector.id = id.raw() == 0 ? task.group().process_group->id : task.means(id);
      break;
    }
    case abi::p_pidfd: {
      if (id.raw() < 0) return Errno::einval;
      const Ref<File> file = TRY(task.files().get(Fd(id.raw())));
      by_pidfd = TRY(task_of_pidfd(*file));
      selector.group = &by_pidfd->group();
      nonblocking = (file->flags() & abi::o_nonblock) != 0 && !options.has(abi::wnohang);
      if (nonblocking) wanted |= abi::wnohang;
      break;
    }
    default:
      return Errno::einval;
  }
  // Linux writes the (empty) information even where the wait fails.
  const Result<Event> met = do_wait(task, selector, wanted);
  const Event event = met.value_or(Event{});
  if (event.pid != 0 && !rusage.is_null()) TRY(rusage.write(task, encode_usage(event.usage)));
  if (!info.is_null()) TRY(write_wait_info(task, info, event));
  if (!met.ok()) return met.error();
  if (nonblocking && event.pid == 0) return Errno::eagain;
  return 0;
}

}  // namespace limen
