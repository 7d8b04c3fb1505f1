// Putting a filter in place: checks, no_new_privs, TSYNC, listeners.
#include <vector>

#include "abi/seccomp.h"
#include "kernel/filter/bpf.h"
#include "kernel/filter/listener.h"
#include "kernel/filter/seccomp.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/task/answers.h"
#include "kernel/task/call_work.h"

namespace limen {
namespace {

using Mode = SeccompState::Mode;

Result<std::vector<abi::SockFilter>> read_program(Task& task, GuestAddr address) {
  abi::SockFprog program;
  TRY(copy_from_user(task, &program, address, sizeof program));
  if (program.len == 0 || program.len > abi::bpf_maxinsns) return Errno::einval;
  // Without new privileges a program that it starts cannot be fooled by calls that fail. Linux: seccomp_prepare_filter.
  if (!task.no_new_privs && !task.credentials().capable_here(Capability::sys_admin)) return Errno::eacces;
  std::vector<abi::SockFilter> code(program.len);
  TRY(copy_from_user(task, code.data(), program.filter, code.size() * sizeof(abi::SockFilter)));
  return code;
}

bool may_assign(const SeccompState& state, Mode mode) { return state.mode() == Mode::disabled || state.mode() == mode; }

// The first sibling that went another way: its filters are not among the caller's. Under the group's lock.
Task* first_unsynchronisable(Task& task) {
  task.group().lock.assert_held();
  const Filter* own = task.seccomp->filter();
  for (const auto& [tid, member] : task.group().members) {
    if (member.get() == &task) continue;
    const SeccompState& state = *member->seccomp;
    if (state.mode() == Mode::disabled) continue;
    if (state.mode() == Mode::filter &&
        (own == nullptr ? state.filter() == nullptr : own->is_or_descends_from(state.filter()))) {
      continue;
    }
    return member.get();
  }
  return nullptr;
}

struct Attachment {
  u32 flags = 0;
  Ref<FilterProgram> program;
  Ref<Listener> listener;
};

// Makes the filter the task's own, and its siblings'. A positive value is the thread that TSYNC failed for.
Result<i64> attach(Task& task, Attachment parts) {
  ThreadGroup& group = task.group();
  const bool sync = (parts.flags & abi::seccomp_filter_flag_tsync) != 0;
  MemoryCharge charge = TRY(MemoryCharge::take(
      task.kernel().ipc_memory(), parts.program->cost() * sizeof(abi::SockFilter) + sizeof(Filter), Errno::enomem));
  const Ref<Filter> previous = [&] {
    MutexGuard guard(group.lock);
    return task.seccomp->filter_ref();
  }();
  if (!may_assign(*task.seccomp, Mode::filter)) return Errno::einval;
  if (parts.listener && previous && previous->has_listener()) return Errno::ebusy;
  const Filter::Options options{.log = (parts.flags & abi::seccomp_filter_flag_log) != 0,
                                .wait_killable = (parts.flags & abi::seccomp_filter_flag_wait_killable_recv) != 0};
  // Linux: the four instructions are counted for each older filter.
  if (parts.program->cost() + (previous ? previous->path_cost() + kFilterPenalty : 0) > kMostPathCost)
    return Errno::enomem;
  const Ref<Filter> filter =
      make_ref<Filter>(std::move(parts.program), previous, options, std::move(parts.listener), std::move(charge));
  MutexGuard guard(group.lock);
  if (task.seccomp->filter() != previous.get()) return Errno::eagain;  // a sibling's TSYNC came between: once more
  if (sync) {
    if (const Task* other = first_unsynchronisable(task)) {
      if ((parts.flags & abi::seccomp_filter_flag_tsync_esrch) != 0) return Errno::esrch;
      return task.sees(other->tid());
    }
  }
  filter->installed();
  task.seccomp->set(task, Mode::filter, filter);
  if (!sync) return 0;
  for (const auto& [tid, member] : group.members) {
    if (member.get() == &task) continue;
    if (task.no_new_privs) member->no_new_privs = true;
    member->seccomp->set(*member, Mode::filter, filter);
  }
  return 0;
}

}  // namespace

void SeccompState::set(Task& task, Mode mode, Ref<Filter> filter) {
  head_.store(filter.get(), std::memory_order_release);
  owned_ = std::move(filter);
  mode_.store(mode, std::memory_order_release);
  if (mode == Mode::disabled) {
    task.call_work.fetch_and(~call_work::seccomp);
  } else {
    task.call_work.fetch_or(call_work::seccomp);
  }
  settle_answers(task);
}

void inherit_seccomp(Task& from, Task& to) {
  if (from.no_new_privs) to.no_new_privs = true;
  if (from.seccomp->mode() != Mode::disabled) to.seccomp->set(to, from.seccomp->mode(), from.seccomp->filter_ref());
}

void drop_filters(Task& task) {
  Ref<Filter> filter;  // dies outside the lock: it tells listeners
  MutexGuard guard(task.group().lock);
  filter = task.seccomp->release();
}

void install_profile(Task& task, Ref<FilterProgram> profile) {
  const Ref<Filter> filter =
      make_ref<Filter>(std::move(profile), nullptr, Filter::Options{.log = true}, nullptr, MemoryCharge());
  MutexGuard guard(task.group().lock);
  task.seccomp->set(task, Mode::filter, filter);
}

Result<i64> set_strict_mode(Task& task) {
  MutexGuard guard(task.group().lock);
  if (!may_assign(*task.seccomp, Mode::strict)) return Errno::einval;
  task.seccomp->set(task, Mode::strict, nullptr);
  return 0;
}

Result<i64> set_filter_mode(Task& task, u32 flags, GuestAddr address) {
  using namespace abi;
  constexpr u32 kKnown = seccomp_filter_flag_tsync | seccomp_filter_flag_log | seccomp_filter_flag_spec_allow |
                         seccomp_filter_flag_new_listener | seccomp_filter_flag_tsync_esrch |
                         seccomp_filter_flag_wait_killable_recv;
  const auto has = [flags](u32 flag) { return (flags & flag) != 0; };
  if ((flags & ~kKnown) != 0) return Errno::einval;
  // Both would answer with a positive number.
  if (has(seccomp_filter_flag_tsync) && has(seccomp_filter_flag_new_listener) && !has(seccomp_filter_flag_tsync_esrch))
    return Errno::einval;
  if (has(seccomp_filter_flag_wait_killable_recv) && !has(seccomp_filter_flag_new_listener)) return Errno::einval;
  const std::vector<SockFilter> code = TRY(read_program(task, address));
  const Ref<FilterProgram> program = TRY(BpfProgram::check(code));
  if (!has(seccomp_filter_flag_new_listener)) {
    for (;;) {
      const Result<i64> attached = attach(task, {flags, program, nullptr});
      if (!attached.is(Errno::eagain)) return attached;
    }
  }
  FdReservation fd = TRY(task.files().reserve(task));
  const Ref<Listener> listener = make_ref<Listener>();
  Ref<File> file = make_listener_file(task, listener);
  Result<i64> attached{Errno::eagain};
  while (attached.is(Errno::eagain)) attached = attach(task, {flags, program, listener});
  if (!attached.ok() || *attached != 0) return attached;
  fd.publish(std::move(file), FdFlags::close_on_exec);
  return fd.number().raw();
}

}  // namespace limen
