// The first process of a sandbox.
#include <algorithm>
#include <array>

#include "abi/resource.h"
#include "kernel/filter/seccomp.h"
#include "kernel/fs/tty/terminal.h"
#include "kernel/ipc/inotify.h"
#include "kernel/ipc/sysv.h"
#include "kernel/kernel.h"
#include "kernel/net/endpoint.h"
#include "kernel/task/exec.h"
#include "kernel/task/exit.h"
#include "kernel/task/process_group.h"
#include "kernel/time/time_namespace.h"
#include "kernel/time/vdso.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// Linux: include/asm-generic/resource.h:INIT_RLIMITS, with the sandbox's own bounds.
void set_first_limits(ThreadGroup& group, const KernelLimits& limits) {
  const u64 mib = u64{1} << 20;
  std::array<ResourceLimit, abi::rlim_nlimits> first;
  first[abi::rlimit_stack] = {8 * mib, ~u64{0}};
  first[abi::rlimit_core] = {0, ~u64{0}};
  first[abi::rlimit_nofile] = {std::min<u64>(limits.files_soft, limits.files), limits.files};
  first[abi::rlimit_nproc] = {limits.pids, limits.pids};
  first[abi::rlimit_memlock] = {8 * mib, 8 * mib};
  first[abi::rlimit_sigpending] = {4096, 4096};
  first[abi::rlimit_msgqueue] = {819200, 819200};
  first[abi::rlimit_nice] = first[abi::rlimit_rtprio] = {0, 0};
  for (usize i = 0; i < first.size(); ++i) {
    const KernelLimits::Inherited& given = limits.inherited[i];
    ResourceLimit limit{std::min(first[i].soft, given.soft), std::min(first[i].hard, given.hard)};
    // A stack may be larger than the usual one, where its user has said so.
    if (i == abi::rlimit_stack && given.soft != ~u64{0}) limit.soft = given.soft;
    limit.soft = std::min(limit.soft, limit.hard);
    group.set_limit(i, limit);
  }
}

// The places where execvp(3) would look for `name`.
std::vector<std::string> candidates(const std::string& name, const std::vector<std::string>& envp) {
  if (name.find('/') != std::string::npos) return {name};
  std::string_view path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const std::string& variable : envp) {
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  }
  std::vector<std::string> found;
  while (true) {
    const usize colon = path.find(':');
    const std::string_view directory = path.substr(0, colon);
    found.push_back((directory.empty() ? "." : std::string(directory)) + "/" + name);
    if (colon == std::string_view::npos) return found;
    path.remove_prefix(colon + 1);
  }
}

Result<void> exec_first(Task& task, Kernel::InitProcess& init, Kernel::StartProblem& problem) {
  Errno error = Errno::enoent;
  for (std::string& path : candidates(init.path, init.envp)) {
    ExecRequest request;
    request.path = std::move(path), request.argv = init.argv, request.envp = init.envp;
    const Result<void> done = exec(task, request);
    Observer* observer = task.kernel().options().observer.get();
    if (done.ok() && observer != nullptr) observer->first_program(task, request.path, init.argv, init.envp);
    if (done.ok()) return success;
    if (!request.missing_interpreter.empty()) {
      problem = {Kernel::StartProblem::About::interpreter, std::move(request.missing_interpreter)};
      return done.error();
    }
    const bool look_further = done.is(Errno::enoent) || done.is(Errno::enotdir) || done.is(Errno::eacces);
    if (!look_further) return done.error();
    if (done.is(Errno::eacces)) error = Errno::eacces;
  }
  return error;
}

Result<void> enter_workdir(Task& task, const std::string& workdir) {
  if (workdir.empty()) return success;
  WalkFlags flags;
  flags.must_be_directory = true;
  constexpr i32 kFromCwd = -100;  // AT_FDCWD
  Path path = TRY(walk(task, kFromCwd, workdir, flags));
  task.fs().set_cwd(std::move(path));
  return success;
}

// taskset(1) of who starts the sandbox: CPUs have the host's numbers.
u64 callers_affinity() {
  u64 words[16] = {};
  return host::call::sched_getaffinity(0, sizeof words, words).ok() && words[0] != 0 ? words[0] : ~u64{0};
}

}  // namespace

void Kernel::signal_foreground(Signal s) {
  const Ref<Terminal> console = Terminals::of(*this)->console();
  if (console) console->signal_foreground(SignalSet::of(s));
  if (console && s != sig::cont) return;
  // Without a terminal, and as a job that goes on: the first process's group.
  std::vector<Ref<ThreadGroup>> targets;
  {
    ReadGuard tree(process_tree);
    if (init_group == nullptr || !init_group->process_group) return;
    for (ThreadGroup* member : init_group->process_group->members) targets.push_back(Ref<ThreadGroup>(member));
  }
  for (const Ref<ThreadGroup>& target : targets) send_signal(*target, kernel_signal(s));
}

Result<void> Kernel::start_init(InitProcess init, StartProblem& problem) {
  problem = {StartProblem::About::program, init.path};
  Ref<Task> task;
  Ref<ThreadGroup> group;
  {
    WriteGuard tree(process_tree);
    pids = make_ref<PidNamespace>(options_.limits.pids, settings_);
    const Pid pid = TRY(pids->allocate());
    group = make_ref<ThreadGroup>(*this, pid);
    set_first_limits(*group, options_.limits);
    Task::Parts parts;
    parts.group = group;
    parts.files = init.files;
    parts.fs = make_ref<FsContext>(init.root, init.cwd, init.umask);
    parts.handlers = make_ref<SignalHandlers>();
    parts.handlers->ignore(init.ignored);
    parts.credentials = init.credentials;
    if (UserNamespace* users = init.credentials->user_ns.get(); users != nullptr)
      users->most(Counted::inotify_watches).set(InotifyGroup::most_watches(options_.limits.memory));
    parts.namespaces.pid = parts.namespaces.pid_children = pids;
    parts.namespaces.mount = init.mounts;
    parts.namespaces.ipc = make_ref<IpcNamespace>();
    parts.namespaces.net = make_ref<NetNamespace>();
    parts.namespaces.cgroup = make_ref<Namespace>(NamespaceKind::cgroup);
    parts.namespaces.time = parts.namespaces.time_children = make_ref<TimeNamespace>();
    parts.namespaces.uts = make_ref<UtsNamespace>(options_.hostname);
    if (const Vdso* vdso = clock_.vdso()) parts.namespaces.uts->publish_in(vdso->public_page().name);
    parts.tid = pid;
    parts.name = "limen";
    task = make_ref<Task>(*this, std::move(parts));
    task->affinity = callers_affinity();
    {
      MutexGuard guard(task->scheduling_lock);
      task->scheduling.nice = init.nice;
    }
    MutexGuard guard(group->lock);
    group->leader_ = task;
    group->members[pid] = task;
    pids->add(task);
    init_group = group.get();
    start_session(*this, *group);
    if (const Ref<Terminal> console = Terminals::of(*this)->console()) console->make_console_of(*group);
  }
  if (options_.observer) options_.observer->task_started(*task, nullptr);
  Result<void> started = enter_workdir(*task, init.workdir);
  if (started.ok()) {
    started = exec_first(*task, init, problem);
  } else {
    problem = {StartProblem::About::workdir, init.workdir};
  }
  if (started.ok() && options_.seccomp_profile) {
    install_profile(*task, Ref<FilterProgram>(static_cast<FilterProgram*>(options_.seccomp_profile.get())));
  }
  if (started.ok()) started = start_task(task);
  if (!started.ok()) exit_task(*task);
  return started;
}

}  // namespace limen
