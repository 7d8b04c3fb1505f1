// Job control. Source: kernel/signal.c:do_signal_stop, do_notify_parent_cldstop; wait(2).
//
// The process counts as stopped, and its parent hears of it, as soon as one thread has taken the stop signal; Linux
// waits for the last thread to park. Its other threads leave guest code within microseconds.
#include <vector>

#include "abi/signal.h"
#include "abi/time.h"
#include "kernel/fs/tty/terminal.h"
#include "kernel/kernel.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/signal/deliver.h"
#include "kernel/task/process_group.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

constexpr u64 kTickNs = 1'000'000'000 / abi::clock_ticks;

// Tells the parent with SIGCHLD and wakes its wait(2).
void report_to_parent(Task& task, i32 code, Signal status) {
  ThreadGroup& group = task.group();
  SignalInfo info{.signo = sig::chld, .code = code, .pid = group.pid(), .uid = task.credentials().uid};
  info.status = status.raw();
  {
    MutexGuard guard(group.lock);
    for (const auto& [tid, member] : group.members) {
      info.utime += member->user_ns.load(std::memory_order_relaxed) / kTickNs;
      info.stime += member->system_ns.load(std::memory_order_relaxed) / kTickNs;
    }
  }
  WriteGuard tree(task.kernel().process_tree);
  if (group.is_zombie) return;
  // A parent that traces it hears of stops from ptrace, thread by thread.
  if (code == abi::cld_stopped && task.tracing->traced() && !is_traced_by_other(task)) return;
  group.report = code == abi::cld_stopped ? ThreadGroup::Report::stopped : ThreadGroup::Report::continued;
  if (code == abi::cld_stopped) group.stop_signal = status.raw();
  ThreadGroup* parent = group.parent;
  if (parent == nullptr) return;
  Ref<SignalHandlers> handlers;
  {
    MutexGuard guard(parent->lock);
    for (const auto& [tid, member] : parent->members) {
      handlers = member->handlers_ref();
      if (handlers) break;
    }
  }
  if (handlers) {
    const SignalAction action = handlers->get(sig::chld);
    if (action.handler != abi::sig_ign && (action.flags & abi::sa_nocldstop) == 0) send_signal(*parent, info);
  }
  parent->child_changed.wake();
}

// POSIX: a stop from the keyboard is discarded where nobody could ever continue the process.
bool in_orphaned_process_group(Task& task) {
  ReadGuard tree(task.kernel().process_tree);
  const Ref<ProcessGroup>& mine = task.group().process_group;
  return !mine || is_orphaned(*mine);
}

bool is_first_process(Task& task) {
  ReadGuard tree(task.kernel().process_tree);
  return task.kernel().init_group == &task.group();
}

}  // namespace

void stop_group(Task& task, Signal s, u32 continues) {
  if (s != sig::stop && in_orphaned_process_group(task)) return;
  ThreadGroup& group = task.group();
  std::vector<Ref<Task>> others;
  {
    MutexGuard guard(group.lock);
    if (group.exiting || group.stopped || group.continues != continues) return;
    group.stopped = true;
    group.stopping_signal = s.raw();
    group.continue_report = false;
    for (const auto& [tid, member] : group.members) {
      if (member.get() != &task) others.push_back(member);
    }
  }
  trace_group_stop(group);
  for (const Ref<Task>& other : others) other->recalculate_work();
  report_to_parent(task, abi::cld_stopped, s);
  if (is_first_process(task)) Terminals::of(task.kernel())->first_process_stopped(s);
}

void wait_while_stopped(Task& task) {
  ThreadGroup& group = task.group();
  Observer* observer = task.kernel().options().observer.get();
  bool told = false;
  for (;;) {
    bool report = false;
    int by = 0;
    {
      MutexGuard guard(group.lock);
      if (task.tracing->traced() && group.stopped) return;  // it stops for its tracer instead
      if (!group.stopped || group.exiting || (group.exec_task != nullptr && group.exec_task != &task)) {
        report = std::exchange(group.continue_report, false);
        if (!report || group.exiting) return;
      }
      by = group.stopping_signal;
    }
    if (observer != nullptr && !report && !std::exchange(told, true)) observer->task_stopped(task, Signal(by));
    if (report) {
      report_to_parent(task, abi::cld_continued, sig::cont);
      continue;
    }
    task.park(Deadline::never());
  }
}

}  // namespace limen
