#include "cli/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

#include "abi/syscalls.h"
#include "cli/explain.h"
#include "cli/terminal.h"
#include "host/files.h"
#include "host/landlock.h"
#include "host/lockdown.h"
#include "host/memory.h"
#include "kernel/fs/cgroup/cgroupfs.h"
#include "kernel/fs/console/console.h"
#include "kernel/fs/console/host_stream.h"
#include "kernel/fs/dev/devices.h"
#include "kernel/fs/proc/procfs.h"
#include "kernel/fs/sys/sysfs.h"
#include "kernel/fs/tty/terminal.h"
#include "kernel/kernel.h"
#include "kernel/signal/signal.h"
#include "kernel/task/exit.h"
#include "kernel/time/host_clock.h"
#include "kernel/time/timer_queue.h"
#include "kernel/trace/recorder.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/setup.h"
#include "platform/stub_platform.h"

namespace limen::cli {
namespace {

[[nodiscard]] int fail(std::string_view what, Errno error) {
  report_error("run", std::string(what) + ": " + std::string(errno_text(error)));
  return kExitLimenFailed;
}

// Started by root, the kernel keeps one capability: to read what root may read (invariant 3).
void drop_capabilities() {
  for (unsigned long cap = 0; cap <= CAP_LAST_CAP; ++cap) {
    if (cap != CAP_DAC_READ_SEARCH) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  if (syscall(SYS_capget, &header, data) != 0) return;
  const __u32 kept = (1u << CAP_DAC_READ_SEARCH) & data[0].permitted;
  data[0] = {kept, kept, 0};
  data[1] = {0, 0, 0};
  syscall(SYS_capset, &header, data);
}

// What the caller left open is not for the kernel process, let alone for a guest's.
void close_inherited(const KernelStart& start) {
  int kept[] = {start.control_fd, start.console ? start.console->channel : start.control_fd,
                start.events_fd >= 0 ? start.events_fd : start.control_fd};
  std::sort(std::begin(kept), std::end(kept));
  unsigned from = STDERR_FILENO + 1;
  for (const int fd : kept) {
    const auto keep = static_cast<unsigned>(fd);
    if (keep > from) syscall(SYS_close_range, from, keep - 1, 0);
    from = std::max(from, keep + 1);
  }
  syscall(SYS_close_range, from, ~0u, 0);
}

// The caller's environment may hold secrets that the plan does not pass on: /proc/PID/environ shows none of it.
void scrub_environment() {
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    explicit_bzero(*variable, std::strlen(*variable));
  }
  clearenv();
}

// No image of a process of ours, with guests' memory in it, is left on the host's disk. One byte and not none: a host that
// pipes core dumps to a program does so at 0, too, but not at 1 (fs/coredump.c).
void forbid_core_dumps() {
  const rlimit limit{1, 1};
  setrlimit(RLIMIT_CORE, &limit);
}

// A second lock beside seccomp: which files the host opens for us. Where it has no Landlock, seccomp holds alone.
Result<void> restrict_reach(const Plan& plan) {
  std::vector<host::ReachableTree> trees = {{plan.root, host::Reach::read}};
  for (const Volume& v : plan.volumes) {
    trees.push_back({v.host, v.writable ? host::Reach::read_write : host::Reach::read});
  }
  const Result<void> done = host::restrict_files(trees);
  const bool not_there = done.is(Errno::enosys) || done.is(Errno::eopnotsupp);
  return not_there ? Result<void>(success) : done;
}

// The caller's limits are the guest's; what the kernel itself needs it takes as far as it may. All pages of guests are one file of it.
void raise_own_limits() {
  for (const auto resource : {RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_DATA, RLIMIT_NPROC, RLIMIT_MEMLOCK, RLIMIT_CPU}) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == limit.rlim_max) continue;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
  }
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  // The table of descriptors grows now, while we have one thread: for several the host first waits for all CPUs (expand_fdtable's
  // synchronize_rcu), which takes 5 to 15 ms each time.
  constexpr rlim_t kRoomFor = 4096;
  const int last = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, static_cast<int>(std::min(limit.rlim_max, kRoomFor)) - 1);
  if (last >= 0) close(last);
}

KernelOptions kernel_options(const Plan& plan, const KernelStart& start, int log_fd) {
  KernelOptions options;
  options.limits.memory = plan.memory;
  options.limits.host_memory = plan.host_memory;
  options.limits.pids = plan.pids;
  options.limits.files = static_cast<u32>(plan.files_hard);
  options.limits.files_soft = static_cast<u32>(plan.files_soft);
  for (usize i = 0; i < plan.inherited.size(); ++i)
    options.limits.inherited[i] = {plan.inherited[i].soft, plan.inherited[i].hard};
  options.speculation = plan.speculation;
  options.limits.cpus = std::max(1u, std::thread::hardware_concurrency());
  options.hostname = plan.hostname;
  options.report_missing = plan.report_missing;
  options.patching = plan.patching;
  if (plan.mutation) {
    const SyscallRow* row = find_syscall(plan.mutation->call);
    if (row != nullptr && row->x86_64 >= 0) options.mutation = {static_cast<u64>(row->x86_64), plan.mutation->result};
  }
  options.log_calls = plan.log_level == LogLevel::debug;
  // The front end may have set the terminal raw.
  const char* const end = plan.log_file.empty() && start.console && start.console->is_stream[2] ? "\r\n" : "\n";
  options.alert = [fd = log_fd, end](std::string_view line) {
    const std::string text = "limen: " + std::string(line) + end;
    (void)!write(fd, text.data(), text.size());
  };
  if (plan.log_level >= LogLevel::info || !plan.log_file.empty()) options.log = options.alert;
  if (plan.seccomp) options.seccomp_profile = make_ref<ProfileProgram>(*plan.seccomp);
  return options;
}

Ref<const Credentials> first_credentials(const Plan& plan) {
  Ref<Credentials> cred = make_ref<Credentials>();
  cred->uid = cred->euid = cred->suid = cred->fsuid = plan.uid;
  cred->gid = cred->egid = cred->sgid = cred->fsgid = plan.gid;
  cred->groups = plan.groups;
  cred->user_ns = make_ref<UserNamespace>();
  if (plan.uid.raw() == 0) cred->effective = cred->permitted = kAllCapabilities;
  return cred;
}

void tell_front_end(int control_fd, const ControlMessage& message) {
  (void)!write(control_fd, &message, sizeof message);
}

// The user's terminal becomes the guest's, and the file that its standard streams share.
Result<Ref<File>> start_console(Kernel& kernel, const Plan& plan, const KernelStart& start, const Mounts& mounts,
                                const std::shared_ptr<host::Watcher>& watcher) {
  const int control_fd = start.control_fd;
  const auto on_stop = [control_fd](Signal s) {
    tell_front_end(control_fd, {.kind = ControlMessage::Kind::stopped, .signal = s.raw()});
  };
  const Ref<Terminals> terminals = Terminals::of(kernel);
  if (!start.console) {
    terminals->set_console(nullptr, start.is_job, on_stop);
    return Ref<File>();
  }
  ConsoleOptions options;
  options.channel = host::Handle(start.console->channel, {host::Origin::Kind::inherited, "", 0});
  options.settings = start.console->settings, options.window = start.console->window;
  options.owner = plan.uid;
  options.want_input = [control_fd] { tell_front_end(control_fd, {.kind = ControlMessage::Kind::want_input}); };
  Ref<Terminal> console = TRY(make_console(kernel, std::move(options), watcher));
  terminals->set_console(console, start.is_job, on_stop);
  const Path path = TRY(slave_path(*mounts.space, *terminals, console->number()));
  return make_console_file(path, std::move(console), O_RDWR);
}

// The host's /dev/null and such are the guest's: programs compare what they have open with what /dev/null names.
Ref<File> guests_own_device(int fd, const Mounts& mounts) {
  struct stat status {};
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fstat(fd, &status) != 0 || !S_ISCHR(status.st_mode)) return Ref<File>();
  return open_memory_device(*mounts.space, {major(status.st_rdev), minor(status.st_rdev)},
                            static_cast<u32>(flags) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
}

// They belong to the first user, who may open /dev/stdout and its like whoever gave them on the host.
Ref<FdTable> standard_streams(Kernel& kernel, const Plan& plan, const KernelStart& start, const Ref<File>& console,
                              const Mounts& mounts, const std::shared_ptr<host::Watcher>& watcher) {
  Ref<FdTable> files = make_ref<FdTable>();
  for (int fd = 0; fd <= 2; ++fd) {
    if (console && start.console->is_stream[fd]) {
      files->install_first(Fd(fd), console);
      continue;
    }
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) continue;  // closed by the caller: closed for the guest
    host::Handle handle(copy, {host::Origin::Kind::inherited, "", fd});
    if (Ref<File> device = guests_own_device(copy, mounts)) {
      files->install_first(Fd(fd), std::move(device));
      continue;
    }
    const Ref<File> stream = make_host_stream(kernel, std::move(handle), watcher);
    AttributeChange owner;
    owner.uid = plan.uid, owner.gid = plan.gid;
    (void)stream->change(owner).ok();
    files->install_first(Fd(fd), stream);
  }
  return files;
}

MountPlan mount_plan(Kernel& kernel, const Plan& plan) {
  MountPlan mounts;
  mounts.root = plan.root;
  mounts.hidden = plan.hidden;
  mounts.hidden_absent = plan.hidden_absent;
  mounts.hidden_names = plan.hidden_names;
  mounts.start = plan.workdir;
  if (plan.live_system) mounts.unchanging.clear();
  mounts.filesystems = {
      {"/dev", make_devfs(kernel), kMountNoSuid, "devtmpfs"},
      {"/dev/pts", make_devpts(kernel), kMountNoSuid | kMountNoExec, "devpts"},
      {"/proc", make_procfs(kernel), kMountNoSuid | kMountNoDev | kMountNoExec, "proc"},
      {"/sys", make_sysfs(kernel), kMountNoSuid | kMountNoDev | kMountNoExec | kMountReadOnly, "sysfs"},
      {"/sys/fs/cgroup", make_cgroupfs(kernel), kMountNoSuid | kMountNoDev | kMountNoExec | kMountReadOnly, "cgroup"}};
  for (const Volume& v : plan.volumes) mounts.volumes.push_back({v.host, v.guest, v.writable});
  return mounts;
}

// The front end's orders, until it is gone.
void serve_control(Kernel& kernel, int fd) {
  for (;;) {
    ControlMessage message;
    const ssize_t n = read(fd, &message, sizeof message);
    if (n < 0 && errno == EINTR) continue;
    if (n != sizeof message) {
      kernel.shut_down(killed_status(SIGKILL));
      return;
    }
    if (message.kind == ControlMessage::Kind::signal) {
      kernel.signal_foreground(Signal(message.signal));
    } else if (const Ref<Terminal> console = Terminals::of(kernel)->console()) {
      console->set_window(message.window);
    }
  }
}

int exit_status_of(int wait_status) {
  const int signal = wait_status & 0x7f;
  return signal != 0 ? kExitSignalBase + signal : wait_status >> 8 & 0xff;
}

void report_missing(const Kernel& kernel) {
  for (const auto& [name, count] : kernel.missing()) {
    const SyscallRow* row = find_syscall(name);
    std::fprintf(stderr, "limen: %s: met %llu times: %s: %.*s\n", name.c_str(), static_cast<unsigned long long>(count),
                 row->support == Support::absent ? "absent" : "partial", static_cast<int>(row->reason.size()),
                 row->reason.data());
  }
}

// Events go to the reader's pipe. A reader that is gone takes the sandbox with it: its user would miss what happens.
Recorder::Sink event_sink(Kernel& kernel, int fd) {
  return [&kernel, fd](std::span<const u8> records) {
    while (!records.empty()) {
      const ssize_t n = write(fd, records.data(), records.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        kernel.shut_down(killed_status(SIGKILL));
        return false;
      }
      records = records.subspan(static_cast<usize>(n));
    }
    return true;
  };
}

event::Counters counters_event(const platform::Counters& c) {
  return {c.crossings, c.syscalls_trapped, c.syscalls_patched, c.syscalls_answered, c.hot,
          c.cold,      c.faults,           c.interrupts,       c.map_batches,       c.map_orders};
}

// `out` was opened before the lockdown. False: not all of it could be written.
bool write_stats(std::FILE* out, const platform::Counters& c) {
  const auto n = [](u64 v) { return static_cast<unsigned long long>(v); };
  std::fprintf(out,
               "{\"crossings\": %llu, \"syscalls\": %llu, \"syscalls_trapped\": %llu, \"syscalls_patched\": %llu, "
               "\"syscalls_answered\": %llu, \"hot\": %llu, \"cold\": %llu, \"faults\": %llu, \"interrupts\": %llu, "
               "\"map_batches\": %llu, \"map_orders\": %llu}\n",
               n(c.crossings), n(c.syscalls_trapped + c.syscalls_patched + c.syscalls_answered), n(c.syscalls_trapped),
               n(c.syscalls_patched), n(c.syscalls_answered), n(c.hot), n(c.cold), n(c.faults), n(c.interrupts),
               n(c.map_batches), n(c.map_orders));
  return std::ferror(out) == 0;
}

}  // namespace

int run_kernel(const Plan& plan, const KernelStart& start) {
  host::before_threads();
  const u32 callers_umask = host::clear_umask();
  close_inherited(start);
  scrub_environment();
  forbid_core_dumps();
  drop_capabilities();
  raise_own_limits();
  raise_file_limit();
  int log_fd = STDERR_FILENO;
  if (!plan.log_file.empty()) log_fd = open(plan.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0) return fail("--log " + plan.log_file, static_cast<Errno>(errno));
  const std::unique_ptr<HostClock> clock = HostClock::create();
  KernelOptions options = kernel_options(plan, start, log_fd);
  Ref<Recorder> recorder;
  if (plan.recorder && start.events_fd >= 0) options.observer = recorder = make_ref<Recorder>(*plan.recorder, *clock);
  std::FILE* stats = nullptr;
  if (!plan.stats_json.empty()) {
    const int fd = open(plan.stats_json.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666 & ~callers_umask);
    if (fd < 0 || (stats = fdopen(fd, "w")) == nullptr)
      return fail("--stats-json " + plan.stats_json, static_cast<Errno>(errno));
  }
  // Without a buffer of its own: to make one, the C library asks the host about the file.
  if (stats != nullptr) std::setvbuf(stats, nullptr, _IONBF, 0);
  if (!plan.injections.empty() || plan.chaos) options.injector = make_ref<RuleInjector>(plan.injections, plan.chaos);
  const Result<void> restricted = restrict_reach(plan);
  if (!restricted.ok()) return fail("the host's Landlock refuses to restrict the kernel process", restricted.error());
  platform::Options machine;
  machine.patching = plan.patching;
  if (clock->vdso() != nullptr) machine.public_page = clock->vdso()->fd();
  Result<host::Handle> arena = host::make_memory_file("limen-arena", machine.arena_size);
  if (!arena.ok()) return fail("no file for the guests' memory", arena.error());
  machine.arena_file = std::move(*arena);
  Result<std::unique_ptr<platform::Platform>> platform = platform::make_stub_platform(std::move(machine));
  if (!platform.ok()) return fail("this host cannot run guests (see `limen doctor`)", platform.error());
  Kernel& kernel = *new Kernel(**platform, *clock, std::move(options));  // lives as long as the process
  Result<Mounts> mounts = make_mounts(kernel, mount_plan(kernel, plan));
  if (!mounts.ok()) return fail("cannot make the guest's files from " + plan.root, mounts.error());

  if (!mounts->start_is_there && plan.workdir_was_asked) {
    report_error(plan.asked_by, "--workdir " + plan.workdir + ": the guest has no such directory");
    return kExitLimenFailed;
  }

  Kernel::InitProcess init;
  init.argv = plan.command;
  init.envp = plan.environment;
  init.path = plan.command.front();
  init.credentials = first_credentials(plan);
  init.mounts = mounts->space;
  init.root = init.cwd = mounts->space->root();
  init.umask = callers_umask;
  init.ignored = SignalSet(start.ignored_signals);
  init.nice = getpriority(PRIO_PROCESS, 0);
  init.workdir = mounts->start_is_there ? plan.workdir : "/";
  const std::shared_ptr<host::Watcher> watcher = host::Watcher::create();
  const Result<Ref<File>> console = start_console(kernel, plan, start, *mounts, watcher);
  if (!console.ok()) return fail("cannot make the guest's terminal", console.error());
  init.files = standard_streams(kernel, plan, start, *console, *mounts, watcher);

  std::thread([&kernel, fd = start.control_fd] { serve_control(kernel, fd); }).detach();
  bool timed_out = false;
  // The timers' thread is the platform's, and --timeout's callback refers to this frame.
  const struct StopTimers {
    Kernel& kernel;
    ~StopTimers() { kernel.timers().stop(); }
  } stop_timers{kernel};
  if (plan.timeout) {
    const u64 ns = static_cast<u64>(plan.timeout->count()) * 1'000'000;
    kernel.timers().set(clock->after(ns), Ref<RefCounted>(), [&] {
      timed_out = true;
      kernel.shut_down(killed_status(SIGKILL));
    });
  }
  if (recorder) {
    const Result<void> recording = recorder->start(**platform, event_sink(kernel, start.events_fd));
    if (!recording.ok()) return fail("no thread for the events", recording.error());
  }
  const Result<void> locked = host::lock_down();
  // The platform ends after the last of its threads: the recorder's goes before, whatever happens.
  const auto end_recording = [&] {
    if (recorder) recorder->finish(counters_event((*platform)->counters()));
  };
  if (!locked.ok()) {
    end_recording();
    return fail("the host did not take the kernel process's seccomp filter", locked.error());
  }
  Kernel::StartProblem problem;
  const Result<void> started = kernel.start_init(std::move(init), problem);
  if (!started.ok()) {
    end_recording();
    return explain_start(plan, problem, started.error());
  }
  const int status = kernel.run_until_exit();
  end_recording();
  drain_console(kernel);
  if (plan.report_missing) report_missing(kernel);
  const bool told = stats == nullptr || write_stats(stats, (*platform)->counters());
  const int failure = told ? 0 : fail("--stats-json " + plan.stats_json, static_cast<Errno>(errno));
  // What is left is the host's to free, all at once; a PID namespace's other processes, too, end with its init.
  if (getpid() != 1) (*platform)->end();
  _exit(failure != 0 ? failure : timed_out ? kExitTimeout : exit_status_of(status));
}

}  // namespace limen::cli
