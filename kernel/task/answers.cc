#include "kernel/task/answers.h"

#include "kernel/kernel.h"
#include "kernel/task/process_group.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"

namespace limen {
namespace {

using platform::Answers;

u32 word(i32 id) { return static_cast<u32>(id); }

Answers::Identity identity_of(const Task& task, const ThreadGroup& group) {
  Answers::Identity identity;
  identity.pid = word(group.pid().raw()), identity.tid = word(task.tid().raw());
  identity.ppid = group.parent == nullptr ? 0 : word(group.parent->pid().raw());
  identity.pgrp = word(group.process_group->id.raw());
  identity.sid = word(group.process_group->session->id.raw());
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
