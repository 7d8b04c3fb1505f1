// Who may use a terminal now, and whose it is. Source: credentials(7), ioctl_tty(2), drivers/tty/tty_jobctrl.c.
#include "abi/signal.h"
#include "kernel/fs/tty/terminal.h"
#include "kernel/kernel.h"
#include "kernel/task/process_group.h"

namespace limen {
namespace {

bool leads_session(const ThreadGroup& group) {
  return group.process_group && group.process_group->session->id == group.pid();
}

bool ignores(Task& task, Signal s) { return task.blocked().has(s) || task.handlers().get(s).handler == abi::sig_ign; }

void add_members(const ProcessGroup& group, std::vector<Ref<ThreadGroup>>& to) {
  for (ThreadGroup* member : group.members) to.push_back(Ref<ThreadGroup>(member));
}

}  // namespace

Result<void> Terminal::check_foreground(Task& task, Signal s) {
  ReadGuard tree(kernel_.process_tree);
  const ThreadGroup& group = task.group();
  if (group.terminal.get() != this || !foreground_ || foreground_ == group.process_group) return success;
  if (ignores(task, s)) return s == sig::ttin ? Result<void>(Errno::eio) : success;
  if (is_orphaned(*group.process_group)) return Errno::eio;
  for (ThreadGroup* member : group.process_group->members) send_signal(*member, kernel_signal(s));
  return Errno::erestartsys;
}

Result<void> Terminal::make_controlling(Task& task, Steal steal, bool readable) {
  WriteGuard tree(kernel_.process_tree);
  ThreadGroup& group = task.group();
  const bool may = task.credentials().capable(Capability::sys_admin);
  if (leads_session(group) && session_ == group.process_group->session) return success;
  if (!leads_session(group) || group.terminal) return Errno::eperm;
  if (session_) {
    if (steal == Steal::no || !may) return Errno::eperm;
    clear_session();
  }
  if (!readable && !may) return Errno::eperm;
  make_console_of(group);
  return success;
}

void Terminal::make_console_of(ThreadGroup& leader) {
  session_ = leader.process_group->session;
  foreground_ = leader.process_group;
  leader.terminal = Ref<Terminal>(this);
  leader.lost_foreground.reset();
}

void Terminal::adopt_on_open(Task& task) {
  WriteGuard tree(kernel_.process_tree);
  ThreadGroup& group = task.group();
  if (leads_session(group) && !group.terminal && !session_) make_console_of(group);
}

void Terminal::clear_session() {
  for (const Ref<Task>& task : kernel_.pids->tasks()) {
    if (task->group().terminal.get() == this) task->group().terminal.reset();
  }
  session_.reset();
  foreground_.reset();
}

Result<void> Terminal::give_up(Task& task) {
  std::vector<Ref<ThreadGroup>> hang_up, go_on;
  {
    WriteGuard tree(kernel_.process_tree);
    ThreadGroup& group = task.group();
    if (group.terminal.get() != this) return Errno::enotty;
    if (leads_session(group)) {
      leave_controlling_terminal(group, hang_up, go_on);
      go_on = hang_up;
    }
    group.terminal.reset();
  }
  for (const Ref<ThreadGroup>& member : hang_up) send_signal(*member, kernel_signal(sig::hup));
  for (const Ref<ThreadGroup>& member : go_on) send_signal(*member, kernel_signal(sig::cont));
  return success;
}

// Linux: tty_jobctrl.c:disassociate_ctty.
void leave_controlling_terminal(ThreadGroup& group, std::vector<Ref<ThreadGroup>>& to_hang_up,
                                std::vector<Ref<ThreadGroup>>& to_continue) {
  if (!leads_session(group)) return;
  if (const Ref<Terminal> terminal = ref_cast<Terminal>(group.terminal)) {
    if (terminal->foreground_) add_members(*terminal->foreground_, to_hang_up);
    if (terminal->session_ == group.process_group->session) terminal->clear_session();
    group.terminal.reset();
  } else if (const Ref<ProcessGroup> lost = std::exchange(group.lost_foreground, nullptr)) {
    add_members(*lost, to_hang_up);
    add_members(*lost, to_continue);
  }
}

Result<Pid> Terminal::foreground(Task& task, bool by_master) {
  ReadGuard tree(kernel_.process_tree);
  if (!by_master && task.group().terminal.get() != this) return Errno::enotty;
  return Pid(foreground_ ? task.sees(foreground_->id) : 0);
}

Result<void> Terminal::set_foreground(Task& task, Pid id) {
  if (id.raw() < 0) return Errno::einval;
  WriteGuard tree(kernel_.process_tree);
  const ThreadGroup& group = task.group();
  if (group.terminal.get() != this || session_ != group.process_group->session) return Errno::enotty;
  const PidNamespace& pids = *task.namespaces().pid;
  const Ref<ProcessGroup> wanted = pids.find_process_group(id);
  if (!wanted) return pids.find(id) ? Errno::eperm : Errno::esrch;
  if (wanted->session != session_) return Errno::eperm;
  foreground_ = wanted;
  return success;
}

Result<Pid> Terminal::session(Task& task, bool by_master) {
  ReadGuard tree(kernel_.process_tree);
  if (!by_master && task.group().terminal.get() != this) return Errno::enotty;
  if (!session_) return Errno::enotty;
  return Pid(task.sees(session_->id));
}

void Terminal::signal_foreground(SignalSet signals) {
  ReadGuard tree(kernel_.process_tree);
  if (!foreground_) return;
  for (int s = 1; s <= kSignalMax; ++s) {
    if (!signals.has(Signal(s))) continue;
    for (ThreadGroup* member : foreground_->members) send_signal(*member, kernel_signal(Signal(s)));
  }
}

void Terminal::hang_up() {
  {
    WriteGuard tree(kernel_.process_tree);
    if (session_) {
      const Ref<ThreadGroup> leader = kernel_.pids->find_group(session_->id);
      if (leader && leader->terminal.get() == this) {
        leader->lost_foreground = foreground_;
        send_signal(*leader, kernel_signal(sig::hup));
        send_signal(*leader, kernel_signal(sig::cont));
      }
    }
    clear_session();
    MutexGuard guard(lock_);
    ++life_;
    slave_left_ = slaves_ != 0 || slave_left_;
    slaves_ = 0;
    packet_status_ = 0;
    Effects none;
    line_.flush_input(none);
    if (!link_) line_.set_settings(standard_termios(), none);
    pending_.clear();
  }
  slave_queue.wake();
  master_queue.wake();
}

Ref<Terminal> controlling_terminal(Task& task) {
  ReadGuard tree(task.kernel().process_tree);
  return ref_cast<Terminal>(task.group().terminal);
}

}  // namespace limen
