#include "kernel/task/process_group.h"

#include <algorithm>

#include "kernel/fs/tty/terminal.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/answers.h"

namespace limen {
namespace {

void remove_member(ProcessGroup& group, ThreadGroup& member) {
  std::erase(group.members, &member);
  if (group.members.empty()) member.kernel().pids->remove_group(group.id);
}

bool has_stopped_member(const ProcessGroup& group) {
  return std::any_of(group.members.begin(), group.members.end(), [](ThreadGroup* member) {
    MutexGuard guard(member->lock);
    return member->stopped;
  });
}

// Does this process keep its group from being orphaned?
bool connects(ThreadGroup& member) {
  const ThreadGroup* parent = member.parent;
  // Whoever started the sandbox as a job stands there as its first process's parent.
  if (&member == member.kernel().init_group) return Terminals::of(member.kernel())->first_process_is_job();
  return !member.is_zombie && parent != nullptr && parent->process_group &&
         parent->process_group != member.process_group &&
         parent->process_group->session == member.process_group->session;
}

}  // namespace

void start_session(Kernel& kernel, ThreadGroup& group) {
  Ref<ProcessGroup> fresh = make_ref<ProcessGroup>(group.pid(), make_ref<Session>(group.pid()));
  kernel.pids->add(fresh);
  join_process_group(group, std::move(fresh));
}

void join_process_group(ThreadGroup& group, Ref<ProcessGroup> to) {
  if (group.process_group == to) return;
  if (group.process_group) remove_member(*group.process_group, group);
  to->members.push_back(&group);
  group.process_group = std::move(to);
}

bool is_orphaned(const ProcessGroup& group) {
  return std::none_of(group.members.begin(), group.members.end(), [](ThreadGroup* m) { return connects(*m); });
}

void leave_process_group(ThreadGroup& group) {
  if (group.process_group)
    remove_member(*group.process_group, group);  // the reference stays: a zombie's getpgid answers
}

std::vector<Ref<ThreadGroup>> orphaned_by(const ThreadGroup& parent, const ProcessGroup& group) {
  std::vector<Ref<ThreadGroup>> members;
  const bool tied =
      parent.process_group && parent.process_group.get() != &group && parent.process_group->session == group.session;
  if (!tied || !is_orphaned(group) || !has_stopped_member(group)) return members;
  for (ThreadGroup* member : group.members) members.push_back(Ref<ThreadGroup>(member));
  return members;
}

Result<i64> sys_setpgid(Task& task, Pid pid, Pid pgid) {
  if (pgid.raw() < 0 || (pgid.raw() == 0 && pid.raw() < 0)) return Errno::einval;
  Kernel& kernel = task.kernel();
  WriteGuard tree(kernel.process_tree);
  ThreadGroup& self = task.group();
  Ref<ThreadGroup> target = pid.raw() == 0 ? task.group_ref() : kernel.pids->find_group(task.means(pid));
  if (!target) return Errno::esrch;
  if (target->parent == &self) {
    if (target->process_group->session != self.process_group->session) return Errno::eperm;
    const Ref<Task> leader = target->leader();
    if (leader && leader->exec_ran) return Errno::eacces;
  } else if (target.get() != &self) {
    return Errno::esrch;
  }
  const Ref<Session> session = target->process_group->session;
  if (session->id == target->pid()) return Errno::eperm;  // a session leader stays
  const Pid wanted = pgid.raw() == 0 ? target->pid() : task.means(pgid);
  Ref<ProcessGroup> group = kernel.pids->find_process_group(wanted);
  if (!group) {
    if (wanted != target->pid()) return Errno::eperm;
    group = make_ref<ProcessGroup>(wanted, session);
    kernel.pids->add(group);
  }
  if (group->session != session) return Errno::eperm;
  join_process_group(*target, group);
  publish_identity(*target);
  return 0;
}

Result<i64> sys_getpgid(Task& task, Pid pid) {
  ReadGuard tree(task.kernel().process_tree);
  const Ref<Task> target = pid.raw() == 0 ? Ref<Task>(&task) : task.namespaces().pid->find(pid);
  if (!target) return Errno::esrch;
  return task.sees(target->group().process_group->id);
}

Result<i64> sys_getpgrp(Task& task) { return sys_getpgid(task, Pid(0)); }

Result<i64> sys_getsid(Task& task, Pid pid) {
  ReadGuard tree(task.kernel().process_tree);
  const Ref<Task> target = pid.raw() == 0 ? Ref<Task>(&task) : task.namespaces().pid->find(pid);
  if (!target) return Errno::esrch;
  return task.sees(target->group().process_group->session->id);
}

Result<i64> sys_setsid(Task& task) {
  Kernel& kernel = task.kernel();
  WriteGuard tree(kernel.process_tree);
  ThreadGroup& group = task.group();
  if (kernel.pids->find_process_group(group.pid())) return Errno::eperm;
  start_session(kernel, group);
  publish_identity(group);
  group.terminal.reset();
  return task.sees(group.pid());
}

}  // namespace limen
