// A task: one guest thread and the kernel thread that serves it (Linux: task_struct).
//
// Ownership: the pid namespace's table holds tasks by pid; a ThreadGroup holds its members; a Task holds its group, mm, files, ... by
// reference. A task leaves the table when it has been waited for (leader) or at once (other threads).
// Handlers get `Task&` and reach everything from it; there is no ambient "current".
//
// Fields marked [self] are touched only by the task's own kernel thread and need no lock. What other threads read or write, too, is
// atomic or has a lock (./dev test tsan).
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/cred/credentials.h"
#include "kernel/signal/signal.h"
#include "kernel/task/wait_queue.h"
#include "kernel/time/clock.h"
#include "platform/platform.h"
#include "platform/sleeper.h"

namespace limen {

class FdTable;
class File;
class FsContext;
class IpcNamespace;
class Kernel;
class Mm;
class MountNamespace;
class NetNamespace;
class TimeNamespace;
class PidNamespace;
class SeccompState;
class ThreadGroup;
class TimeNamespace;
class Tracing;
class UtsNamespace;

// The namespaces of a task (kernel/task/namespaces.h changes them); its user namespace is its credentials'.
struct Namespaces {
  Namespaces();
  Namespaces(const Namespaces&);
  Namespaces(Namespaces&&) noexcept;
  ~Namespaces();
  Namespaces& operator=(Namespaces other) noexcept;
  Ref<PidNamespace> pid;           // the task's own, for life
  Ref<PidNamespace> pid_children;  // where its next children are
  Ref<MountNamespace> mount;
  Ref<UtsNamespace> uts;
  Ref<IpcNamespace> ipc;             // kernel/ipc: System V objects and message queues
  Ref<NetNamespace> net;             // kernel/net: addresses and ports
  Ref<Namespace> cgroup;             // a name alone: the sandbox has one cgroup
  Ref<TimeNamespace> time;           // kernel/time: offsets of clocks
  Ref<TimeNamespace> time_children;  // where its next children are, and its next program
};

// Which instruction set's interface a task speaks; guest structures are decoded by it (abi/<arch>).
enum class Abi : u8 { x86_64 };

// What restart_syscall(2) resumes: kept here and not on a kernel stack.
struct RestartRecord {
  std::function<Result<i64>(Task&)> resume;
};

// Registers a task with a queue for as long as it lives.
class TaskWaiter final : public WaitQueue::Entry {
 public:
  // Wakes only for these events.
  TaskWaiter(Task& task, WaitQueue& queue, PollEvents interest = kPollAll);
  ~TaskWaiter() override;
  bool woken(PollEvents events, WakeChain& chain) override;

 private:
  Task& task_;
  WaitQueue& queue_;
  PollEvents interest_;
};

// What sched_setattr(2) and setpriority(2) set: kept and shown; the host schedules.
struct Scheduling {
  int nice = 0;
  i32 policy = 0, priority = 0;
  bool reset_on_fork = false;
  u64 runtime = 0, deadline = 0, period = 0;  // SCHED_DEADLINE
};

// Where vfork's parent waits.
class VforkDone final : public RefCounted {
 public:
  WaitQueue queue;
  std::atomic<bool> done{false};
  void tell() {
    done.store(true);
    queue.wake();
  }
};

class Task final : public RefCounted {
 public:
  struct Parts {  // what clone(2) decides
    Parts();
    Parts(Parts&&) noexcept;
    ~Parts();
    Ref<ThreadGroup> group;
    Ref<Mm> mm;
    Ref<FdTable> files;
    Ref<FsContext> fs;
    Ref<SignalHandlers> handlers;
    Ref<const Credentials> credentials;
    Namespaces namespaces;
    Pid tid;
    std::string name;  // comm, at most 15 bytes
  };
  Task(Kernel& kernel, Parts parts);
  ~Task() override;

  Kernel& kernel() { return kernel_; }
  Clock& clock();
  ThreadGroup& group() { return *group_; }
  Ref<ThreadGroup> group_ref();
  Pid tid() const { return Pid(tid_.load(std::memory_order_relaxed)); }
  // execve by a thread that is not the leader: it takes the leader's number. Under process_tree.
  void assume_tid(Pid tid) { tid_.store(tid.raw(), std::memory_order_relaxed); }
  bool is_leader() const;
  Abi abi() const { return abi_; }

  // Own resources. [self] may replace them (exec, unshare); others take a reference through *_ref (null once it has exited).
  Mm& mm() { return *mm_; }
  FdTable& files() { return *files_; }
  FsContext& fs() { return *fs_; }
  SignalHandlers& handlers() { return *handlers_; }
  const Credentials& credentials() const { return *credentials_; }
  const Namespaces& namespaces() const { return namespaces_; }  // [self]; others take a copy
  Namespaces namespaces_ref() const EXCLUDES(resources_lock_);
  PidNamespace& pid_namespace() const { return *pid_namespace_; }  // any thread: it never changes
  void set_namespaces(Namespaces namespaces) EXCLUDES(resources_lock_);
  // A number of the kernel's as this task sees it in its pid namespace (0: not at all), and one that it says.
  i32 sees(Pid kernel) const;
  Pid means(Pid local) const;
  Ref<Mm> mm_ref() EXCLUDES(resources_lock_);
  Ref<FdTable> files_ref() EXCLUDES(resources_lock_);
  Ref<FsContext> fs_ref() EXCLUDES(resources_lock_);
  Ref<SignalHandlers> handlers_ref() EXCLUDES(resources_lock_);
  Ref<const Credentials> credentials_ref() const EXCLUDES(resources_lock_);
  void set_mm(Ref<Mm> mm) EXCLUDES(resources_lock_);
  void set_files(Ref<FdTable> files) EXCLUDES(resources_lock_);
  void set_fs(Ref<FsContext> fs) EXCLUDES(resources_lock_);
  void set_handlers(Ref<SignalHandlers> handlers) EXCLUDES(resources_lock_);
  void set_credentials(Ref<const Credentials> credentials) EXCLUDES(resources_lock_);
  // Counted against its user's RLIMIT_NPROC while it stands in the pid table, under the user that it changes to as well.
  void start_counting() EXCLUDES(resources_lock_);
  void stop_counting() EXCLUDES(resources_lock_);
  std::string name() const EXCLUDES(resources_lock_);
  void set_name(std::string_view name) EXCLUDES(resources_lock_);
  // kernel/ipc/sysv_sem.h: shared by CLONE_SYSVSEM; null until SEM_UNDO is used. Set by [self] alone.
  Ref<RefCounted> sem_undo() const EXCLUDES(resources_lock_);
  void set_sem_undo(Ref<RefCounted> list) EXCLUDES(resources_lock_);

  // It has made shared memory segments, which may end with it: kernel/ipc/sysv_shm.h.
  std::atomic<bool> made_shm{false};

  // The CPU of this task. [self]; others only kick(). Giving it up (null) makes the host thread leave.
  platform::GuestThread& cpu() { return *cpu_; }
  void set_cpu(std::unique_ptr<platform::GuestThread> cpu) EXCLUDES(cpu_lock_);
  void kick() EXCLUDES(cpu_lock_);
  // What the guest may be told without us: kernel/task/answers.h.
  void confine() EXCLUDES(cpu_lock_);  // `affinity` has changed, or the CPU
  // What answers.cc publishes goes to the CPU that there is.
  template <typename Use>
  void with_cpu(const Use& use) EXCLUDES(cpu_lock_) {
    MutexGuard guard(cpu_lock_);
    if (cpu_) use(*cpu_);
  }
  void publish(const platform::Answers::Identity& identity) EXCLUDES(cpu_lock_);
  void publish_user_ids() EXCLUDES(cpu_lock_);  // [self]
  void allow_answers(u32 bits) EXCLUDES(cpu_lock_);

  // --- Blocking ------------------------------------------------------------------------------------------------------
  // The one blocking loop. `attempt` returns Result<T>; EAGAIN means "not now". Ends with what the attempt returns,
  // ERESTARTSYS when a signal is to be taken, ETIMEDOUT at the deadline. Never called with a lock held.
  template <typename Attempt>
  auto block(WaitQueue& queue, Deadline deadline, Attempt attempt) -> decltype(attempt()) {
    auto result = attempt();
    if (!result.is(Errno::eagain)) return result;
    TaskWaiter waiter(*this, queue);
    for (;;) {
      result = attempt();
      if (!result.is(Errno::eagain)) return result;
      const Result<void> slept = sleep(deadline);
      if (!slept.ok()) return slept.error();
    }
  }
  // As block, but only the end of the process interrupts it (EINTR): vfork's parent, execve's wait for its siblings.
  template <typename Attempt>
  auto block_killable(WaitQueue& queue, Attempt attempt) -> decltype(attempt()) {
    TaskWaiter waiter(*this, queue);
    for (;;) {
      auto result = attempt();
      if (!result.is(Errno::eagain)) return result;
      if (must_die()) return Errno::eintr;
      park(Deadline::never());
    }
  }
  // One sleep, for code that registered its waiters itself (poll, epoll): success after a wake-up, perhaps spurious.
  Result<void> sleep(Deadline deadline);
  // One sleep with no look at signals; false at the deadline. [self]
  bool park(Deadline deadline);
  bool is_parked() const { return parked_.load(std::memory_order_relaxed); }  // a hint, for /proc
  void wake();                                                                // any thread
  // The thread has to go without another instruction of its guest: exit_group, a fatal signal, a sibling's execve.
  bool must_die() const { return dying_.load(std::memory_order_acquire); }
  void doom();  // any thread
  // A signal that must be taken, a stop, an exit: block() gives up, the run loop goes to work. Any thread.
  bool signal_pending() const { return work_pending_.load(std::memory_order_acquire); }
  // Recomputes signal_pending after a change of mask or queues and, where set, wakes and kicks. Any thread.
  // Takes the group's lock, then its signal_lock.
  void recalculate_work();
  void set_restart(RestartRecord record) { restart_ = std::move(record); }

  // --- Signals (kernel/signal) --------------------------------------------------------------------------------------
  Mutex& signal_lock();  // the group's
  SignalSet blocked() const { return SignalSet(blocked_.load(std::memory_order_relaxed)); }
  void set_blocked(SignalSet mask);  // [self]; KILL and STOP cannot be blocked
  // [self] What the guest has blocked without entering. The run loop's first step: in the kernel `blocked` is what the guest thinks.
  void adopt_mask();
  // Any thread. Of a guest that runs: blocked(), and what it has blocked since it went.
  SignalSet blocked_now() EXCLUDES(cpu_lock_);
  // sigsuspend, ppoll, epoll_pwait: `mask` until the call's end; the old one is restored after the handler's frame saved it.
  void set_temporary_mask(SignalSet mask);  // [self]
  PendingSignals pending GUARDED_BY(signal_lock());
  struct AltStack {
    u64 sp = 0, size = 0;
    u32 flags = 2;  // SS_DISABLE
  };
  AltStack altstack;             // [self]
  const File* opened = nullptr;  // [self] what the gate was told of (kernel/vfs/opened.h); never followed
  u64 text_restored = 0;         // [self] Mm::text_restored when this thread last faulted in text that was patched
  std::optional<SignalSet> saved_mask;    // [self] restored by sigreturn or at the end of the call
  std::optional<RestartRecord> restart_;  // [self]

  // --- Thread state of single calls: [self] where it is not atomic -----------------------------------------------------
  u64 clear_child_tid = 0;                             // set_tid_address(2)
  platform::RseqArea rseq;                             // rseq(2): kernel/task/rseq.h
  std::atomic<Signal> parent_death_signal{Signal(0)};  // PR_SET_PDEATHSIG
  std::atomic<Signal> exit_signal{Signal(17)};         // clone's low byte; leader only
  std::atomic<bool> exec_ran{false};                   // execve has been carried out: setpgid says EACCES
  std::atomic<u64> timer_slack_ns{50'000};
  i32 memory_error_policy = 2;  // PR_MCE_KILL: kept and shown, no memory of a guest fails alone
  bool is_io_flusher = false;   // PR_SET_IO_FLUSHER: kept and shown
  mutable Mutex scheduling_lock{LockRank::task};
  Scheduling scheduling GUARDED_BY(scheduling_lock);  // any thread: kernel/task/scheduling.h
  std::atomic<i32> io_priority{0};                    // ioprio_set(2)
  Ref<RefCounted> keys;  // kernel/cred/keys.h: session, process and thread keyrings; null until one is used
  std::atomic<u64> affinity{~u64{0}};         // CPUs that the guest is told of, bit by bit
  std::atomic<u64> user_ns{0}, system_ns{0};  // CPU time; getrusage, times
  // Faults that the kernel resolved (the host serves first touches of a page unseen), and sleeps. Written by [self].
  std::atomic<u64> minor_faults{0}, major_faults{0}, voluntary_switches{0};
  // Calls like read(2) and write(2) and what they moved, for /proc/PID/io. Written by [self].
  std::atomic<u64> reads{0}, writes{0}, bytes_read{0}, bytes_written{0};
  std::atomic<u32> personality{0};    // personality(2)
  bool process_limit_passed = false;  // setuid(2) took it over RLIMIT_NPROC: the next execve says EAGAIN
  u64 start_time_ns = 0;

  // --- What watches its calls ------------------------------------------------------------------------------------------
  // Why a call of this task takes the slow way around dispatch (kernel/task/call_work.h); 0 for nearly all. Any thread sets bits.
  std::atomic<u32> call_work{0};
  // PR_SET_SYSCALL_USER_DISPATCH, while call_work says so: calls from [start, start + length) pass, and of the others those for which the
  // byte at `selector` (0: none) says so. [self]
  struct UserDispatch {
    u64 start = 0, length = 0, selector = 0;
  };
  UserDispatch user_dispatch;
  Ref<RefCounted> observed, injected;           // what the Observer and the Injector keep of it [self]
  std::atomic<bool> no_new_privs{false};        // PR_SET_NO_NEW_PRIVS; SECCOMP_FILTER_FLAG_TSYNC sets a sibling's
  const std::unique_ptr<SeccompState> seccomp;  // kernel/filter/seccomp.h
  const std::unique_ptr<Tracing> tracing;       // kernel/ptrace/tracing.h

  // The task ends after this call (exit(2), a filter that kills the thread) with this status, encoded as for wait4(2);
  // the run loop leaves.
  void request_exit(int wait_status) { exit_requested_ = true, exit_status_ = wait_status; }
  bool exit_requested() const { return exit_requested_; }
  int exit_status() const { return exit_status_; }
  // A call that replaced all registers (execve, rt_sigreturn): the run loop must not write RAX.
  void keep_registers() { keep_registers_ = true; }
  bool take_keep_registers() { return std::exchange(keep_registers_, false); }
  // The snapshot of the entry being served.
  const platform::Entry& entry() const { return entry_; }
  // Where it sleeps, for /proc/PID/syscall: nothing while it runs. Any thread.
  struct Sleep {
    i64 nr = -1;  // -1: in no call
    u64 args[6] = {}, sp = 0, ip = 0;
  };
  std::optional<Sleep> asleep_in() const;
  void set_entry(const platform::Entry& entry) { entry_ = entry; }
  // vfork: told when this child has exec'ed or exited.
  Ref<class VforkDone> vfork_done;

 private:
  void note_where_parked();

  Kernel& kernel_;
  const Ref<ThreadGroup> group_;
  std::atomic<i32> tid_;
  const Abi abi_ = Abi::x86_64;
  mutable Mutex resources_lock_{LockRank::leaf};
  Ref<Mm> mm_;  // written under resources_lock_ by self, read by others under it, by self without
  Ref<FdTable> files_;
  Ref<FsContext> fs_;
  Ref<SignalHandlers> handlers_;
  Ref<const Credentials> credentials_;
  Namespaces namespaces_;
  const Ref<PidNamespace> pid_namespace_;
  std::string name_ GUARDED_BY(resources_lock_);
  Ref<RefCounted> sem_undo_ GUARDED_BY(resources_lock_);
  Ref<UserAccount> counted_ GUARDED_BY(resources_lock_);  // whose RLIMIT_NPROC counts this task
  Mutex cpu_lock_{LockRank::task};
  std::unique_ptr<platform::GuestThread> cpu_;  // replaced under cpu_lock_ by self
  platform::Sleeper sleeper_;
  std::atomic<u64> blocked_{0};
  std::atomic<bool> work_pending_{false};
  std::atomic<bool> dying_{false};
  std::atomic<bool> parked_{false};
  std::atomic<u64> parked_in_[9] = {};  // as in Sleep; written before parked_
  bool exit_requested_ = false;
  int exit_status_ = 0;
  bool keep_registers_ = false;
  platform::Entry entry_;
};

}  // namespace limen
