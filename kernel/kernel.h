// The kernel of one sandbox: everything that is not a task's own, and where it starts and ends. No global state: two
// kernels can live in one process.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "abi/utsname.h"
#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/ipc/account.h"
#include "kernel/ipc/futex.h"
#include "kernel/mm/arena.h"
#include "kernel/mm/patched_text.h"
#include "kernel/settings.h"
#include "kernel/task/pid_namespace.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/time/clock.h"
#include "kernel/trace/observer.h"
#include "kernel/vfs/path.h"
#include "platform/platform.h"

namespace limen {

namespace wire {
struct NamePage;
}

class TimerQueue;
struct SyscallRow;

// What uname(2) tells. Any thread.
class UtsNamespace : public Namespace {
 public:
  explicit UtsNamespace(std::string host);
  UtsNamespace(const UtsNamespace& from, Ref<UserNamespace> owner, UserCharge charge);
  abi::UtsName name() const;
  std::string hostname() const { return name().nodename; }
  std::string domainname() const { return name().domainname; }
  void set_hostname(std::string_view n);
  void set_domainname(std::string_view n);
  // From now on its names stand there, too: guests read them without a call.
  void publish_in(wire::NamePage& page);
  bool is_public() const {
    MutexGuard g(lock_);
    return page_ != nullptr;
  }

 private:
  void publish() REQUIRES(lock_);
  mutable Mutex lock_{LockRank::leaf};
  abi::UtsName name_ GUARDED_BY(lock_){};
  wire::NamePage* page_ GUARDED_BY(lock_) = nullptr;
};

struct KernelLimits {
  u64 memory = u64{4} << 30;  // bytes
  u64 host_memory =
      0;  // a mapping larger than this and `memory` is refused (overcommit_memory 0); touches beyond `memory` are the OOM killer's
  u32 pids = 4096;
  u32 files = 65536;  // RLIMIT_NOFILE's hard limit
  u32 files_soft = 1024;
  // What who starts the sandbox has: by RLIMIT_*, where it is less than the sandbox's own.
  struct Inherited {
    u64 soft = ~u64{0}, hard = ~u64{0};
  };
  std::array<Inherited, 16> inherited;
  u32 cpus = 1;
  u64 all_cpus() const { return cpus >= 64 ? ~u64{0} : (u64{1} << cpus) - 1; }  // bit by bit
};

struct KernelOptions {
  KernelLimits limits;
  std::string hostname = "limen";
  std::array<u32, 3> speculation{};  // PR_GET_SPECULATION_CTRL of the host, by PR_SPEC_*
  bool report_missing = false;
  bool patching = true;                       // replace `syscall` in text of files: kernel/mm/patched_text.h
  bool log_calls = false;                     // each call and fault, one line: for debugging the kernel itself
  std::function<void(std::string_view)> log;  // one line; null: no log
  // One call that does nothing and answers so: what `./dev mutate` breaks.
  struct Mutation {
    u64 nr = 0;
    i64 result = 0;  // or a negative errno
  };
  std::optional<Mutation> mutation;
  // One line that is told whatever the level: a call that a profile refused. Null: nowhere.
  std::function<void(std::string_view)> alert;
  // A FilterProgram (kernel/filter/filter.h) over all guests, from their first instruction; or null.
  Ref<RefCounted> seccomp_profile;
  Ref<Observer> observer;  // of every call, from the first program on; or null
  Ref<Injector> injector;  // changes what calls do; or null
};

class Kernel {
 public:
  Kernel(platform::Platform& platform, Clock& clock, KernelOptions options);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  platform::Platform& platform() { return platform_; }
  Clock& clock() { return clock_; }
  Arena& arena() { return arena_; }
  PatchCache& patches() { return patches_; }
  const KernelOptions& options() const { return options_; }
  SystemSettings& settings() { return settings_; }
  TimerQueue& timers() { return *timers_; }
  FutexTable& futexes() { return futexes_; }
  // What guests make the kernel hold for them (pipes, sockets, queues): a share of the memory limit.
  MemoryAccount& ipc_memory() { return ipc_memory_; }
  Mutex epoll_nesting{LockRank::epoll_nesting};            // one change of the graph of epolls in epolls at a time
  const std::string& boot_id() const { return boot_id_; }  // /proc/sys/kernel/random/boot_id, with its newline

  // The first process: pid 1. `init` builds it (kernel/task/init.cc); run_until_exit returns its wait status when
  // the last task of the sandbox is gone.
  struct InitProcess {
    std::vector<std::string> argv, envp;
    Ref<const Credentials> credentials;
    Ref<MountNamespace> mounts;
    Path root, cwd;
    Ref<FdTable> files;
    u32 umask = 022;
    SignalSet ignored;    // nohup(1), a job of a shell without job control
    int nice = 0;         // kept and shown: the host's own is the kernel process's
    std::string workdir;  // walked as the first process; "" keeps cwd
    std::string path;     // as given; searched in PATH of envp by the front end's rule (execvp)
  };
  // Fails with execve's errno; nothing is left behind. `problem` says which name the errno is about.
  struct StartProblem {
    enum class About : u8 { program, workdir, interpreter };
    About about = About::program;
    std::string name;
  };
  Result<void> start_init(InitProcess init, StartProblem& problem);
  int run_until_exit();
  // Starts the kernel thread that serves `task` (kernel/task/run_loop.cc). eagain.
  Result<void> start_task(Ref<Task> task);

  // What a user types or sends goes to the foreground process group of the first session's terminal, else to the first
  // process's group. Any thread.
  void signal_foreground(Signal s);

  // From any thread: kill everything (timeout, a dead front end). `status` is what run_until_exit returns, wait4-encoded.
  void shut_down(int status);

  // The process tree's lock; see thread_group.h.
  SharedMutex process_tree{LockRank::process_tree};
  ThreadGroup* init_group = nullptr;  // under process_tree
  Ref<PidNamespace> pids;             // the first one; set by start_init
  // The first pid 1 is dead: `wait_status` is the sandbox's, everything else is killed (pid_namespaces(7)).
  void init_died(int wait_status);

  // What a subsystem keeps one of for each kernel, made on first use.
  enum class Single : u8 { anonymous_mounts, keys, load, lock_waits, memfd_mount, nsfs, terminals, count };
  Ref<RefCounted> single_or(Single kind, const std::function<Ref<RefCounted>()>& make) {
    MutexGuard guard(singles_lock_);
    Ref<RefCounted>& slot = singles_[static_cast<usize>(kind)];
    if (!slot) slot = make();
    return slot;
  }

  void log(std::string_view line);
  // An absent or partial call was met: logged once, counted for --report-missing.
  void met_missing(const SyscallRow& row);
  std::map<std::string, u64> missing() const;

 private:
  platform::Platform& platform_;
  Clock& clock_;
  const KernelOptions options_;
  SystemSettings settings_{options_.limits.pids, options_.limits.memory};
  const std::string boot_id_;
  Arena arena_;
  PatchCache patches_;
  std::unique_ptr<TimerQueue> timers_;
  Mutex singles_lock_{LockRank::leaf};
  Ref<RefCounted> singles_[static_cast<usize>(Single::count)] GUARDED_BY(singles_lock_);
  FutexTable futexes_;
  MemoryAccount ipc_memory_{options_.limits.memory / 4};
  mutable Mutex missing_lock_{LockRank::leaf};
  std::map<std::string, u64> missing_ GUARDED_BY(missing_lock_);
  // Kernel threads that serve tasks; the kernel ends when there are none.
  mutable std::mutex exit_mutex_;
  std::condition_variable exit_condition_;
  u64 live_threads_ = 0;
  int exit_status_ = 0;
  bool status_fixed_ = false;
};

}  // namespace limen
