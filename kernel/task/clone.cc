// New tasks: fork(2), vfork(2), clone(2), clone3(2). Linux: kernel/fork.c:copy_process.
#include <algorithm>

#include "abi/sched.h"
#include "kernel/cred/change.h"
#include "kernel/cred/keys.h"
#include "kernel/filter/seccomp.h"
#include "kernel/ipc/sysv_sem.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/answers.h"
#include "kernel/task/exit.h"
#include "kernel/task/namespaces.h"
#include "kernel/task/pidfd.h"
#include "kernel/task/process_group.h"
#include "kernel/task/rseq.h"
#include "kernel/task/scheduling.h"
#include "kernel/time/cpu_time.h"
#include "kernel/time/timers.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// What all four calls mean, once decoded.
struct CloneRequest {
  u64 flags = 0;  // CLONE_*, without the exit signal
  Signal exit_signal;
  u64 stack = 0;  // the child's stack pointer; 0: the parent's
  u64 tls = 0;
  UserOut<i32> parent_tid, pidfd;
  GuestAddr child_tid;
  // clone3's set_tid: in the first namespace (0: any), and in those below, the innermost first.
  Pid wanted_tid;
  std::vector<Pid> wanted_local;
  bool has(u64 flag) const { return (flags & flag) != 0; }
};

constexpr u64 kKnownCloneFlags = 0xffffffff | abi::clone_clear_sighand;

Result<void> check_flags(Task& task, const CloneRequest& request) {
  if ((request.flags & ~kKnownCloneFlags) != 0) return Errno::einval;
  if (request.has(abi::clone_sighand) && !request.has(abi::clone_vm)) return Errno::einval;
  if (request.has(abi::clone_thread) && !request.has(abi::clone_sighand)) return Errno::einval;
  if (request.has(abi::clone_clear_sighand) && request.has(abi::clone_sighand)) return Errno::einval;
  if (request.has(abi::clone_newns | abi::clone_newuser) && request.has(abi::clone_fs)) return Errno::einval;
  if (request.has(abi::clone_newuser | abi::clone_newpid) && request.has(abi::clone_thread)) return Errno::einval;
  if (request.has(abi::clone_newipc) && request.has(abi::clone_sysvsem)) return Errno::einval;
  if (request.has(abi::clone_pidfd) && request.has(abi::clone_detached)) return Errno::einval;
  if (request.has(abi::clone_pidfd) && request.has(abi::clone_parent_settid) &&
      request.pidfd.addr() == request.parent_tid.addr())
    return Errno::einval;
  if (request.exit_signal.raw() < 0 || request.exit_signal.raw() > kSignalMax) return Errno::einval;
  // The sandbox's first process has no parent that could wait for another child.
  if (request.has(abi::clone_parent)) {
    ReadGuard tree(task.kernel().process_tree);
    if (task.group().parent == nullptr) return Errno::einval;
  }
  // A thread of its process is in its namespaces. Linux: copy_process.
  const Namespaces& own = task.namespaces();
  if (request.has(abi::clone_thread) && own.pid_children != own.pid) return Errno::einval;
  return success;
}

platform::Context child_context(Task& task, const CloneRequest& request) {
  platform::Context context = task.cpu().save_context();
  context.regs.rax = 0;
  if (request.stack != 0) context.regs.rsp = request.stack;
  if (request.has(abi::clone_settls)) context.regs.fs_base = request.tls;
  return context;
}

Ref<ThreadGroup> new_process(Task& task, Pid pid) {
  Ref<ThreadGroup> group = make_ref<ThreadGroup>(task.kernel(), pid);
  for (usize i = 0; i < kResourceCount; ++i) group->set_limit(i, task.group().limit(i));
  group->oom_score_adj = task.group().oom_score_adj.load();
  group->dumpable = task.group().dumpable.load();
  return group;
}

Result<Task::Parts> child_parts(Task& task, const CloneRequest& request, Pid tid) {
  Task::Parts parts;
  parts.tid = tid;
  parts.group = request.has(abi::clone_thread) ? task.group_ref() : new_process(task, tid);
  parts.files = request.has(abi::clone_files) ? task.files_ref() : task.files().clone();
  parts.fs = request.has(abi::clone_fs) ? task.fs_ref() : task.fs().clone();
  parts.handlers = request.has(abi::clone_sighand) ? task.handlers_ref() : task.handlers().clone();
  if (request.has(abi::clone_clear_sighand)) {
    for (int s = 1; s <= kSignalMax; ++s) {
      if (parts.handlers->get(Signal(s)).handler > 1) parts.handlers->exchange(Signal(s), SignalAction{});
    }
  }
  parts.credentials = task.credentials_ref();
  if (request.has(abi::clone_newuser)) parts.credentials = TRY(enter_new_user_namespace(task));
  parts.namespaces = TRY(new_namespaces(task, request.flags, *parts.credentials, *parts.fs));
  // The parent's next children are where they were; this one is where it belongs, and so are its own.
  parts.namespaces.pid = parts.namespaces.pid_children;
  parts.name = task.name();
  return parts;
}

// Threads that may wait for futexes at once, with one more.
u32 futex_users(Task& task) {
  MutexGuard guard(task.group().lock);
  return std::min<u32>(static_cast<u32>(task.group().members.size()) + 1, task.kernel().options().limits.cpus);
}

void inherit(Task& task, Task& child, const CloneRequest& request) {
  child.set_blocked(task.saved_mask ? *task.saved_mask : task.blocked());
  if (!request.has(abi::clone_vm) || request.has(abi::clone_vfork)) child.altstack = task.altstack;
  if (request.has(abi::clone_child_cleartid)) child.clear_child_tid = request.child_tid.raw();
  child.exit_signal = request.has(abi::clone_parent) ? task.group().leader()->exit_signal.load() : request.exit_signal;
  inherit_scheduling(task, child);
  child.affinity = task.affinity.load();
  child.timer_slack_ns = task.timer_slack_ns.load();
  child.memory_error_policy = task.memory_error_policy;
  child.is_io_flusher = task.is_io_flusher;
  child.personality = task.personality.load();
  child.tracing->forked_by = task.tid();
}

// The child becomes visible: pid table, process tree, group members. Cannot fail but where the whole group is leaving.
Result<void> publish(Task& task, const Ref<Task>& child, const CloneRequest& request, u32 event) {
  Kernel& kernel = task.kernel();
  ThreadGroup& group = child->group();
  WriteGuard tree(kernel.process_tree);
  if (task.must_die()) return Errno::erestartnointr;
  const bool taken = kernel.pids->find(child->tid()) || kernel.pids->find_process_group(child->tid());
  if (taken) return Errno::eexist;  // set_tid, or it has just met another's set_tid
  PidNamespace& pids = child->pid_namespace();
  if (!pids.is_first()) TRY(pids.enter(child->tid(), request.wanted_local));
  if (!pids.is_first() && pids.number_of(child->tid()) == 1) {
    pids.set_init(&group);
    group.is_namespace_init = true, group.unkillable = true;
  }
  if (!request.has(abi::clone_thread)) {
    ThreadGroup* parent = request.has(abi::clone_parent) && task.group().parent ? task.group().parent : &task.group();
    group.parent = parent;
    // CLONE_PARENT: a sibling in every respect, whose maker's maker waits for it.
    group.parent_tid = parent == &task.group() ? task.tid() : task.group().parent_tid;
    parent->children.push_back(child->group_ref());
    join_process_group(group, task.group().process_group);
    group.terminal = task.group().terminal;
  }
  {
    MutexGuard guard(group.lock);
    if (!request.has(abi::clone_thread)) group.leader_ = child;
    inherit_seccomp(task, *child);  // where TSYNC of a sibling finds either both or neither
    group.members[child->tid()] = child;
  }
  kernel.pids->add(child);
  if (event != 0 || request.has(abi::clone_ptrace)) inherit_tracer(task, *child);
  return success;
}

// What a tracer hears of this call; 0 where it has not asked. Linux: kernel_clone.
u32 event_of(Task& task, const CloneRequest& request) {
  if (request.has(abi::clone_untraced)) return 0;
  const u32 event = request.has(abi::clone_vfork)      ? abi::ptrace_event_vfork
                    : request.exit_signal != sig::chld ? abi::ptrace_event_clone
                                                       : abi::ptrace_event_fork;
  return wants_event(task, event) ? event : 0;
}

Result<Ref<Task>> make_child(Task& task, const CloneRequest& request) {
  Kernel& kernel = task.kernel();
  // Linux: copy_process. The count is taken when the child is published; a race of two may pass the limit by one.
  const Credentials& own = task.credentials();
  if (passes_process_limit(task, 1) && !own.capable(Capability::sys_resource) && !own.capable(Capability::sys_admin))
    return Errno::eagain;
  task.process_limit_passed = false;
  Ref<Mm> mm = task.mm_ref();
  const bool copies = !request.has(abi::clone_vm);
  if (copies) mm = TRY(mm->fork(GuestAddr(task.entry().sp)));
  std::unique_ptr<platform::GuestThread> cpu = TRY(mm->space().new_thread());
  cpu->load_context(child_context(task, request));
  Pid tid = request.wanted_tid;
  if (tid.raw() == 0) {
    WriteGuard tree(kernel.process_tree);
    tid = TRY(kernel.pids->allocate());
  }
  if (copies) mm->user = tid.raw();
  Task::Parts parts = TRY(child_parts(task, request, tid));
  if (copies) enter_time_of_children(parts.namespaces, *mm);
  parts.mm = std::move(mm);
  Ref<Task> child = make_ref<Task>(kernel, std::move(parts));
  child->set_cpu(std::move(cpu));
  if (copies) inherit_rseq(task, *child);
  if (copies) child->minor_faults = 1;  // its first write, to its stack: Mm::fork has resolved it ahead
  inherit(task, *child, request);
  if (request.has(abi::clone_sighand)) settle_answers(task);  // its actions are not its own any more
  if (request.has(abi::clone_vm) && !request.has(abi::clone_thread)) start_cpu_time_of_vfork(*child);
  if (request.has(abi::clone_thread)) child->mm().settings.expect_threads(futex_users(task));
  if (!request.has(abi::clone_thread)) watch_cpu_limit(child->group());
  return child;
}

Result<i64> do_clone(Task& task, const CloneRequest& request) {
  TRY(check_flags(task, request));
  Ref<Task> child = TRY(make_child(task, request));
  const u32 event = event_of(task, request);
  if (request.has(abi::clone_pidfd)) {
    FdReservation fd = TRY(task.files().reserve(task));
    const PidfdTarget kind = request.has(abi::clone_thread) ? PidfdTarget::thread : PidfdTarget::process;
    Ref<File> file = TRY(open_pidfd(task, child, kind));
    TRY(request.pidfd.write(task, fd.number().raw()));
    TRY(publish(task, child, request, event));
    fd.publish(std::move(file), FdFlags::close_on_exec);
  } else {
    TRY(publish(task, child, request, event));
  }
  const i32 tid = task.sees(child->tid()), own_tid = child->sees(child->tid());
  inherit_sem_undo(task, *child, request.has(abi::clone_sysvsem) ? SemUndo::shared : SemUndo::none);
  inherit_keys(task, *child, request.has(abi::clone_thread));
  // Linux ignores a fault in either of these two.
  if (request.has(abi::clone_parent_settid)) (void)request.parent_tid.write(task, tid);
  if (request.has(abi::clone_child_settid)) child->mm().copy_out(request.child_tid, &own_tid, sizeof own_tid);
  Ref<VforkDone> done;
  if (request.has(abi::clone_vfork)) child->vfork_done = done = make_ref<VforkDone>();
  if (Observer* observer = task.kernel().options().observer.get()) observer->task_started(*child, &task);
  if (child->tracing->traced()) show_own_text(*child);
  child->recalculate_work();  // its tracer's first stop
  const Result<void> started = task.kernel().start_task(child);
  if (!started.ok()) {
    if (Observer* observer = task.kernel().options().observer.get()) observer->task_ended(*child, 0, false);
    exit_task(*child);  // visible for a moment: it ends like any other, and its parent reaps it at once
    return started.error();
  }
  if (event != 0) trace_event(task, event, static_cast<u64>(child->tid().raw()));
  if (done) {
    (void)task.block_killable(done->queue, [&]() -> Result<void> {
      if (done->done.load()) return success;
      return Errno::eagain;
    });
    trace_event(task, abi::ptrace_event_vfork_done, static_cast<u64>(child->tid().raw()));
  }
  return tid;
}

}  // namespace

Result<i64> sys_clone(Task& task, CloneFlags flags, GuestAddr stack, UserOut<i32> parent_tid, UserOut<i32> child_tid,
                      u64 tls) {
  CloneRequest request;
  request.flags = flags.raw() & 0xffffffff & ~abi::csignal;
  request.exit_signal = Signal(static_cast<i32>(flags.raw() & abi::csignal));
  request.stack = stack.raw();
  request.tls = tls;
  request.parent_tid = parent_tid;
  request.child_tid = child_tid.addr();
  // The pidfd comes in parent_tid: the two exclude each other. Linux: kernel/fork.c:kernel_clone.
  if (request.has(abi::clone_pidfd)) {
    if (request.has(abi::clone_parent_settid)) return Errno::einval;
    request.pidfd = parent_tid;
  }
  return do_clone(task, request);
}

namespace {

// Linux: kernel/pid.c:alloc_pid. The first number is for the child's own namespace, the next for the one around it.
Result<void> read_wanted_tids(Task& task, const abi::CloneArgs& args, CloneRequest& request) {
  const bool new_one = (args.flags & abi::clone_newpid) != 0;
  const PidNamespace* ns = task.namespaces().pid_children.get();
  const usize levels = ns->level() + (new_one ? 1 : 0);
  if (args.set_tid_size > levels + 1) return Errno::einval;
  std::vector<i32> wanted(args.set_tid_size);
  TRY(copy_from_user(task, wanted.data(), args.set_tid, wanted.size() * sizeof wanted[0]));
  for (usize i = 0; i < wanted.size(); ++i) {
    const Credentials& own = task.credentials();
    const bool is_new = new_one && i == 0;  // its maker may do anything in it
    if (wanted[i] < 1 || wanted[i] >= (is_new ? PidNamespace::kMax : ns->pid_max.integer())) return Errno::einval;
    if (!is_new && !own.capable_in(*ns, Capability::checkpoint_restore) && !own.capable_in(*ns, Capability::sys_admin))
      return Errno::eperm;
    if (!is_new) ns = ns->parent().get();
    if (i < levels) {
      request.wanted_local.push_back(Pid(wanted[i]));
    } else {
      request.wanted_tid = Pid(wanted[i]);
    }
  }
  return success;
}

}  // namespace

Result<i64> sys_clone3(Task& task, UserIn<abi::CloneArgs> args, usize size) {
  if (size > kPageSize) return Errno::e2big;
  if (size < abi::clone_args_size_ver0) return Errno::einval;
  const abi::CloneArgs given = TRY(args.read_sized(task, size));
  if ((given.flags & ~(kKnownCloneFlags | abi::clone_into_cgroup)) != 0) return Errno::einval;
  if ((given.flags & (abi::csignal & ~abi::clone_newtime)) != 0 || given.exit_signal > kSignalMax) return Errno::einval;
  if ((given.flags & abi::clone_detached) != 0) return Errno::einval;
  if ((given.flags & (abi::clone_thread | abi::clone_parent)) != 0 && given.exit_signal != 0) return Errno::einval;
  if (given.stack.is_null() != (given.stack_size == 0)) return Errno::einval;
  if (given.set_tid_size > 32 || given.set_tid.is_null() != (given.set_tid_size == 0)) return Errno::einval;
  CloneRequest request;
  if (given.set_tid_size != 0) TRY(read_wanted_tids(task, given, request));
  if ((given.flags & abi::clone_into_cgroup) != 0) {
    if (size < abi::clone_args_size_ver2 || given.cgroup > INT32_MAX) return Errno::einval;
    return Errno::ebadf;  // no descriptor of a cgroup exists here
  }
  request.flags = given.flags;
  request.exit_signal = Signal(static_cast<i32>(given.exit_signal));
  request.stack = given.stack.is_null() ? 0 : given.stack.raw() + given.stack_size;
  request.tls = given.tls;
  request.parent_tid = UserOut<i32>(given.parent_tid);
  request.pidfd = UserOut<i32>(given.pidfd);
  request.child_tid = given.child_tid;
  return do_clone(task, request);
}

Result<i64> sys_fork(Task& task) {
  CloneRequest request;
  request.exit_signal = sig::chld;
  return do_clone(task, request);
}

Result<i64> sys_vfork(Task& task) {
  CloneRequest request;
  request.flags = abi::clone_vm | abi::clone_vfork;
  request.exit_signal = sig::chld;
  return do_clone(task, request);
}

}  // namespace limen
