#include "kernel/task/answers.h"

#include "kernel/kernel.h"
#include "kernel/task/process_group.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

using platform::Answers;

Answers::Identity identity_of(const Task& task, const ThreadGroup& group) {
  const auto seen = [&task](Pid id) { return static_cast<u32>(task.sees(id)); };  // in its own pid namespace
  Answers::Identity identity;
  identity.pid = seen(group.pid()), identity.tid = seen(task.tid());
  identity.ppid = group.parent == nullptr ? 0 : seen(group.parent->pid());
  identity.pgrp = seen(group.process_group->id);
  identity.sid = seen(group.process_group->session->id);
  return identity;
}

u32 allowed_answers(Task& task) {
  const KernelOptions& options = task.kernel().options();
  if (options.log_calls || options.mutation || task.call_work.load() != 0) return 0;
  return Answers::kIdentity | Answers::kUser | Answers::kYield;
}

}  // namespace

void publish_answers(Task& task) {
  ReadGuard tree(task.kernel().process_tree);
  if (!task.group().process_group) return;
  task.publish(identity_of(task, task.group()));
  task.publish_user_ids();
  settle_answers(task);
}

void settle_answers(Task& task) { task.allow_answers(allowed_answers(task)); }

void publish_identity(ThreadGroup& group) {
  if (!group.process_group) return;
  MutexGuard guard(group.lock);
  for (const auto& [tid, member] : group.members) member->publish(identity_of(*member, group));
}

}  // namespace limen
