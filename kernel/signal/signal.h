// Signals: sets, queues and dispositions. Source: signal(7), sigaction(2), kernel/signal.c.
//
// Where a signal is: `pending` of one task, or `shared_pending` of its thread group; both under SignalState::lock of the group
// (rank `signal`). A task takes signals in run_loop.cc before it goes back to its guest, and in block(), which returns
// ERESTARTSYS when one is deliverable.
#pragma once

#include <array>
#include <deque>
#include <optional>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"

namespace limen {

class Task;
class ThreadGroup;

inline constexpr int kSignalMax = 64;
// Numbers of signal(7) on x86-64.
namespace sig {
inline constexpr Signal hup{1}, intr{2}, quit{3}, ill{4}, trap{5}, abrt{6}, bus{7}, fpe{8}, kill{9}, usr1{10}, segv{11}, usr2{12},
    pipe{13}, alrm{14}, term{15}, stkflt{16}, chld{17}, cont{18}, stop{19}, tstp{20}, ttin{21}, ttou{22}, urg{23},
    xcpu{24}, xfsz{25}, vtalrm{26}, prof{27}, winch{28}, io{29}, pwr{30}, sys{31};
}  // namespace sig

// A set of signals as in the low 64 bits of a guest's sigset_t: bit n-1 is signal n.
class SignalSet {
 public:
  constexpr SignalSet() = default;
  constexpr explicit SignalSet(u64 bits) : bits_(bits) {}
  static constexpr SignalSet all() { return SignalSet(~u64{0}); }
  static constexpr SignalSet of(Signal s) { return SignalSet(u64{1} << (s.raw() - 1)); }
  constexpr bool has(Signal s) const { return (bits_ >> (s.raw() - 1) & 1) != 0; }
  constexpr void add(Signal s) { bits_ |= u64{1} << (s.raw() - 1); }
  constexpr void remove(Signal s) { bits_ &= ~(u64{1} << (s.raw() - 1)); }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr u64 bits() const { return bits_; }
  constexpr SignalSet operator|(SignalSet o) const { return SignalSet(bits_ | o.bits_); }
  constexpr SignalSet operator&(SignalSet o) const { return SignalSet(bits_ & o.bits_); }
  constexpr SignalSet operator~() const { return SignalSet(~bits_); }
  constexpr bool operator==(const SignalSet&) const = default;

 private:
  u64 bits_ = 0;
};

// siginfo in canonical form; encoded for the ABI when delivered (kernel/signal/frame.cc).
struct SignalInfo {
  Signal signo;
  i32 code = 0;   // SI_USER, SI_QUEUE, SEGV_MAPERR, CLD_EXITED, ...
  i32 error = 0;  // si_errno
  Pid pid;        // sender or child (in the receiver's pid namespace)
  Uid uid;
  i32 status = 0;              // SIGCHLD
  u64 utime = 0, stime = 0;    // SIGCHLD, clock ticks
  u64 value = 0;               // sigval
  u64 addr = 0;                // faults; SIGSYS: call address
  i32 timer_id = 0, overrun = 0;
  i64 band = 0;
  i32 fd = 0;                  // SIGIO
  i32 syscall = 0;             // SIGSYS
  u32 arch = 0;
  u64 error_code = 0, trapno = 0;  // for the ucontext of a fault
};

// sigaction(2), canonical. handler 0 = SIG_DFL, 1 = SIG_IGN.
struct SignalAction {
  u64 handler = 0;
  u64 flags = 0;  // SA_*
  u64 restorer = 0;
  SignalSet mask;
};

// Pending signals in order of arrival: one of each standard signal, all of each real-time one (bounded by RLIMIT_SIGPENDING).
class PendingSignals {
 public:
  SignalSet set() const { return set_; }
  void add(const SignalInfo& info);
  // The next one not blocked (synchronous ones first, then lowest number), taken out.
  std::optional<SignalInfo> take(SignalSet blocked);
  void discard(SignalSet which);
  usize queued() const { return queue_.size(); }

 private:
  SignalSet set_;
  std::deque<SignalInfo> queue_;
};

// Dispositions of a process; shared by CLONE_SIGHAND. Lock rank `signal`.
class SignalHandlers : public RefCounted {
 public:
  SignalAction get(Signal s) const;
  SignalAction exchange(Signal s, const SignalAction& action);
  void reset_for_exec();  // handlers to default; ignored stay ignored
  Ref<SignalHandlers> clone() const;

 private:
  mutable Mutex lock_{LockRank::signal};
  std::array<SignalAction, kSignalMax> actions_ GUARDED_BY(lock_);
};

// Sending (kernel/signal/send.cc). Permission is the caller's business (check_kill).
// To a thread group: any thread that does not block it takes it. A fatal signal starts the group's exit at once.
void send_signal(ThreadGroup& group, const SignalInfo& info);
// To one thread: tgkill(2), faults.
void send_signal(Task& task, const SignalInfo& info);
// A fault's signal: if blocked or ignored, the process dies of it (Linux: force_sig_info).
void force_signal(Task& task, const SignalInfo& info);
// SI_KERNEL-style shorthand.
SignalInfo kernel_signal(Signal s);
// kill(2)'s rule: same real or saved uid, CAP_KILL, or SIGCONT in one session. eperm.
Result<void> check_kill(Task& sender, ThreadGroup& target, Signal s);

}  // namespace limen
