#include "kernel/task/answers.h"

#include <array>

#include "abi/signal.h"
#include "kernel/kernel.h"
#include "kernel/task/process_group.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/time/time_namespace.h"

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
  u32 bits = Answers::kIdentity | Answers::kUser | Answers::kYield | Answers::kState;
  if (task.kernel().platform().has_public_page()) {
    bits |= Answers::kOpened;
    const Namespaces all = task.namespaces_ref();  // null at its end
    if (all.time && all.time->is_first()) bits |= Answers::kTime;
    const Ref<UtsNamespace>& uts = all.uts;
    if (task.personality == 0 && uts && uts->is_public()) bits |= Answers::kName;
  }
  if (const Ref<SignalHandlers> handlers = task.handlers_ref(); handlers && handlers->ref_count() == 2)
    bits |= Answers::kActions;  // the task's reference and ours
  return bits;
}

std::array<Answers::Limit, Answers::kLimits> limits_of(const ThreadGroup& group) {
  static_assert(kResourceCount == Answers::kLimits);
  std::array<Answers::Limit, Answers::kLimits> limits;
  for (u32 i = 0; i < kResourceCount; ++i) {
    const ResourceLimit limit = group.limit(i);
    limits[i] = {limit.soft, limit.hard};
  }
  return limits;
}

}  // namespace

void publish_answers(Task& task) {
  ReadGuard tree(task.kernel().process_tree);
  if (!task.group().process_group) return;
  task.publish(identity_of(task, task.group()));
  task.publish_user_ids();
  {
    MutexGuard guard(task.group().lock);
    const auto limits = limits_of(task.group());
    task.with_cpu([&](platform::GuestThread& cpu) { cpu.publish_limits(limits); });
  }
  publish_default_actions(task);
  publish_alternate_stack(task);
  task.confine();
  settle_answers(task);
}

void settle_answers(Task& task) { task.allow_answers(allowed_answers(task)); }

void publish_limits(ThreadGroup& group) {
  MutexGuard guard(group.lock);
  const auto limits = limits_of(group);
  for (const auto& [tid, member] : group.members)
    member->with_cpu([&](platform::GuestThread& cpu) { cpu.publish_limits(limits); });
}

void publish_default_actions(Task& task) {
  const u64 untouched = task.handlers().untouched().bits();
  task.with_cpu([&](platform::GuestThread& cpu) { cpu.publish_default_actions(untouched); });
}

void publish_alternate_stack(Task& task) {
  const u32 flags = task.altstack.size == 0 ? u32{abi::ss_disable} : task.altstack.flags & u32{abi::ss_autodisarm};
  task.with_cpu([&](platform::GuestThread& cpu) {
    cpu.publish(Answers::AltStack{task.altstack.sp, task.altstack.size, flags});
  });
}

void publish_identity(ThreadGroup& group) {
  if (!group.process_group) return;
  MutexGuard guard(group.lock);
  for (const auto& [tid, member] : group.members) member->publish(identity_of(*member, group));
}

}  // namespace limen
