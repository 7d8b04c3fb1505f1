// A process (Linux: thread group and signal_struct), process groups and sessions.
//
// Tree state (parent, children, process group, session) is under Kernel's process_tree lock (rank `process_tree`): one for
// the sandbox, since wait(2), exit, setsid and kill(-pgrp) each need several processes at once and are rare.
// Members, exit and stop state are under `lock` (rank `thread_group`).
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kernel/signal/signal.h"
#include "kernel/task/task.h"

namespace limen {

struct ResourceLimit {
  u64 soft = ~u64{0};
  u64 hard = ~u64{0};
};
inline constexpr usize kResourceCount = 16;  // RLIM_NLIMITS

class Session;

class ProcessGroup : public RefCounted {
 public:
  ProcessGroup(Pid id, Ref<Session> session) : id(id), session(std::move(session)) {}
  const Pid id;
  const Ref<Session> session;
  std::vector<ThreadGroup*> members;  // under process_tree; a member holds the group, not the reverse
};

class Session : public RefCounted {
 public:
  explicit Session(Pid id) : id(id) {}
  const Pid id;
};

// What getrusage(2) tells of tasks that have ended.
struct Usage {
  u64 user_ns = 0, system_ns = 0;
  u64 minor_faults = 0, major_faults = 0;
  u64 voluntary_switches = 0;
  u64 reads = 0, writes = 0, bytes_read = 0, bytes_written = 0;  // by read(2), write(2) and their kin
  u64 peak_resident_kib = 0;                                     // the largest of all, no sum

  void add(const Usage& other) {
    user_ns += other.user_ns, system_ns += other.system_ns;
    minor_faults += other.minor_faults, major_faults += other.major_faults;
    voluntary_switches += other.voluntary_switches;
    reads += other.reads, writes += other.writes;
    bytes_read += other.bytes_read, bytes_written += other.bytes_written;
    if (other.peak_resident_kib > peak_resident_kib) peak_resident_kib = other.peak_resident_kib;
  }
};

class ThreadGroup final : public RefCounted {
 public:
  ThreadGroup(Kernel& kernel, Pid pid);

  Kernel& kernel() { return kernel_; }
  Pid pid() const { return pid_; }

  // --- process tree (all under Kernel::process_tree) -----------------------------------------------------------------
  ThreadGroup* parent = nullptr;  // never dangling: children are given to init before a parent goes
  std::vector<Ref<ThreadGroup>> children;
  Pid parent_tid;  // the thread of the parent that made it: __WNOTHREAD, PR_SET_PDEATHSIG
  Ref<ProcessGroup> process_group;
  // The controlling Terminal (kernel/fs/tty), or null; children inherit it. A process for itself may lack its session's.
  Ref<RefCounted> terminal;
  Ref<ProcessGroup> lost_foreground;  // a session leader's, whose terminal hung up: to be told at the leader's exit
  bool is_child_subreaper = false;
  bool is_namespace_init = false;   // process 1 of a namespace below the first; for life
  bool ends_its_namespace = false;  // ... and it has ended: its children are reaped by nobody
  std::vector<Ref<Task>> tracees;   // of ptrace(2), by any of its threads: kernel/ptrace/tracing.h
  WaitQueue child_changed;          // wait4's queue
  // A state change that wait(2) has not reported yet.
  enum class Report : u8 { none, exited, stopped, continued };
  Report report = Report::none;
  int wait_status = 0;  // as wait4 encodes it
  int stop_signal = 0;
  bool is_zombie = false;
  Usage waited_children;  // of children waited for, and theirs

  // --- threads -------------------------------------------------------------------------------------------------------
  Mutex lock{LockRank::thread_group};
  std::map<Pid, Ref<Task>> members GUARDED_BY(lock);
  Ref<Task> leader() {
    MutexGuard guard(lock);
    return leader_;
  }
  Ref<Task> leader_ GUARDED_BY(lock);
  // exit_group(2) or a fatal signal: all threads leave; the first status wins.
  bool exiting GUARDED_BY(lock) = false;
  int exit_status GUARDED_BY(lock) = 0;           // wait4's encoding
  Task* exec_task GUARDED_BY(lock) = nullptr;     // the one that survives execve
  bool stopped GUARDED_BY(lock) = false;          // job control
  int stopping_signal GUARDED_BY(lock) = 0;       // ... by this one
  bool continue_report GUARDED_BY(lock) = false;  // was stopped, runs again: its first thread to go on tells the parent
  u32 continues GUARDED_BY(lock) = 0;             // SIGCONTs so far: one that overtakes a stop cancels it
  u64 space_ns_seen GUARDED_BY(lock) = 0;         // of the host process's CPU time: kernel/time/cpu_time.h
  Usage ended GUARDED_BY(lock);                   // of threads that have ended and programs before an execve
  WaitQueue members_changed;

  // --- signals -------------------------------------------------------------------------------------------------------
  Mutex signal_lock{LockRank::signal};
  PendingSignals shared_pending GUARDED_BY(signal_lock);
  WaitQueue signal_arrived;  // after each signal queued for it or for one of its threads: signalfd, sigtimedwait

  // --- limits and timers ---------------------------------------------------------------------------------------------
  ResourceLimit limit(usize resource) const;
  void set_limit(usize resource, ResourceLimit value);
  Ref<RefCounted> timers;        // setitimer(2), timer_create(2), alarm(2): kernel/time/timers.h
  std::string cmdline_fallback;  // for /proc when the mm is gone
  u64 start_time_ns = 0;
  std::atomic<bool> unkillable{
      false};  // init of a namespace: what it does not handle does not reach it. Linux: SIGNAL_UNKILLABLE
  std::atomic<i32> oom_score_adj{0};
  std::atomic<u8> dumpable{1};                  // 0 no, 1 yes, 2 for the superuser: PR_SET_DUMPABLE, fs.suid_dumpable
  std::atomic<bool> restores_timer_ids{false};  // PR_TIMER_CREATE_RESTORE_IDS

 private:
  Kernel& kernel_;
  const Pid pid_;
  mutable Mutex limits_lock_{LockRank::leaf};
  std::array<ResourceLimit, kResourceCount> limits_ GUARDED_BY(limits_lock_);
};

}  // namespace limen
