// Signals: sets, queues and dispositions. Source: signal(7), sigaction(2), kernel/signal.c.
//
// Where a signal is: `pending` of one task, or `shared_pending` of its thread group; both under the group's signal_lock
// (rank `signal`). A task takes signals in return_to_guest (deliver.h) before it goes back to its guest; block() only
// returns ERESTARTSYS when one is deliverable.
#pragma once

#include <array>
#include <deque>
#include <optional>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/cred/credentials.h"

namespace limen {

class Task;
class ThreadGroup;

inline constexpr int kSignalMax = 64;
// Numbers of signal(7) on x86-64.
namespace sig {
inline constexpr Signal hup{1}, intr{2}, quit{3}, ill{4}, trap{5}, abrt{6}, bus{7}, fpe{8}, kill{9}, usr1{10}, segv{11},
    usr2{12}, pipe{13}, alrm{14}, term{15}, stkflt{16}, chld{17}, cont{18}, stop{19}, tstp{20}, ttin{21}, ttou{22},
    urg{23}, xcpu{24}, xfsz{25}, vtalrm{26}, prof{27}, winch{28}, io{29}, pwr{30}, sys{31};
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

constexpr u64 signal_bit(Signal s) { return SignalSet::of(s).bits(); }

// siginfo in canonical form; encoded for the ABI when delivered (kernel/signal/frame.cc).
struct SignalInfo {
  Signal signo;
  i32 code = 0;            // SI_USER, SI_QUEUE, SEGV_MAPERR, CLD_EXITED, ...
  i32 error = 0;           // si_errno
  Pid pid;                 // sender or child: a kernel number until it is sent, then as the receiver sees it
  Uid uid;                 // as pid
  bool addressed = false;  // pid and uid are as the receiver sees them
  bool from_above =
      false;       // by the kernel, or from outside the receiver's pid namespace: a namespace's init cannot refuse
  i32 status = 0;  // SIGCHLD
  u64 utime = 0, stime = 0;  // SIGCHLD, clock ticks
  u64 value = 0;             // sigval
  u64 addr = 0;              // faults; SIGSYS: call address
  i32 timer_id = 0, overrun = 0;
  bool is_expiry = false;  // made by kernel/time/posix_timers.cc; a guest can forge SI_TIMER, not this
  i64 band = 0;
  i32 fd = 0;       // SIGIO
  i32 syscall = 0;  // SIGSYS
  u32 arch = 0;
  u64 error_code = 0, trapno = 0;  // for the ucontext of a fault
};

// sigaction(2), canonical. handler 0 = SIG_DFL, 1 = SIG_IGN.
struct SignalAction {
  u64 handler = 0;
  u64 flags = 0;  // SA_*
  u64 restorer = 0;
  SignalSet mask;
  bool operator==(const SignalAction&) const = default;
};

// One entry of a queue counted against a user's RLIMIT_SIGPENDING for as long as it lives.
class SignalCharge {
 public:
  SignalCharge() = default;  // counts nothing: standard signals, timers' own entries
  // eagain when the user has `most` already.
  static Result<SignalCharge> take(Ref<UserAccount> account, u64 most);
  SignalCharge(SignalCharge&& other) noexcept = default;
  SignalCharge& operator=(SignalCharge&& other) noexcept {
    std::swap(account_, other.account_);
    return *this;
  }
  ~SignalCharge();

 private:
  Ref<UserAccount> account_;
};

// Pending signals in order of arrival: one of each standard signal, all of each real-time one (bounded by RLIMIT_SIGPENDING).
class PendingSignals {
 public:
  SignalSet set() const { return set_; }
  void add(const SignalInfo& info, SignalCharge charge = {});
  // Pending without its story: kill(2) with a real-time signal when the queue is full.
  void add_bare(Signal s) { set_.add(s); }
  // The next one not blocked (synchronous ones first, then lowest number), taken out.
  std::optional<SignalInfo> take(SignalSet blocked);
  void discard(SignalSet which);
  // Does the expiry of this POSIX timer wait here?
  bool has_timer(i32 timer_id) const;
  void discard_timer(i32 timer_id);
  usize queued() const { return queue_.size(); }
  // The entry at this place of the queue, left there: PTRACE_PEEKSIGINFO.
  std::optional<SignalInfo> peek(usize place) const;

 private:
  struct Entry {
    SignalInfo info;
    SignalCharge charge;
  };
  SignalSet set_;
  std::deque<Entry> queue_;
};

// Dispositions of a process; shared by CLONE_SIGHAND. Lock rank `signal`: never taken with a group's signal_lock.
class SignalHandlers : public RefCounted {
 public:
  SignalAction get(Signal s) const;
  SignalAction exchange(Signal s, const SignalAction& action);
  // The action to carry out now; SA_RESETHAND resets it.
  SignalAction take_for_delivery(Signal s);
  void ignore(SignalSet signals);
  void reset_for_exec();  // handlers to default; ignored stay ignored
  // Whose action is as in a fresh process, to the last bit.
  SignalSet untouched() const;
  Ref<SignalHandlers> clone() const;

 private:
  mutable Mutex lock_{LockRank::signal};
  std::array<SignalAction, kSignalMax> actions_ GUARDED_BY(lock_);
  SignalSet untouched_ GUARDED_BY(lock_) = SignalSet(~u64{0});  // may miss one
};

// What SIG_DFL means for each signal; signal(7).
enum class DefaultAction : u8 { terminate, core, ignore, stop };
DefaultAction default_action(Signal s);
// SIG_IGN, or SIG_DFL where that ignores.
bool is_ignored(const SignalAction& action, Signal s);

// Sending (kernel/signal/send.cc). Permission is the caller's business (check_kill).
//
// Locks: these take ThreadGroup::lock, so callers hold nothing of rank thread_group or later (a terminal, a pipe or a
// socket sends after it has let go of its own lock); process_tree may be held. They never block.
//
// pid 1 of a sandbox is the user's program and no init: it dies of signals as any other process does (Linux spares
// the init of a pid namespace), so that Ctrl-C and kill do what people expect.
//
// To a thread group: any thread that does not block it takes it. A fatal signal starts the group's exit at once.
void send_signal(ThreadGroup& group, const SignalInfo& info);
// To one thread: tgkill(2), faults.
void send_signal(Task& task, const SignalInfo& info);
// The same for calls that queue: eagain where a real-time signal that carries data meets RLIMIT_SIGPENDING.
Result<void> queue_signal(ThreadGroup& group, const SignalInfo& info);
Result<void> queue_signal(Task& task, const SignalInfo& info);
// A fault's signal: if blocked or ignored, the process dies of it (Linux: force_sig_info). Only for the caller's own task.
void force_signal(Task& task, const SignalInfo& info);
// SI_KERNEL-style shorthand.
SignalInfo kernel_signal(Signal s);
// kill(2)'s rule: same real or saved uid, CAP_KILL, or SIGCONT in one session (takes process_tree for that), and no scope of the sender's
// Landlock domain between them. eperm. Of a process its leader is asked.
Result<void> check_kill(Task& sender, ThreadGroup& target, Signal s);
Result<void> check_kill(Task& sender, Task& target, Signal s);

// The task does not take the group's signals any more, or blocks more of them than before: another thread that may take them is
// woken. For set_blocked and, once it has left `members`, a thread that exits.
void retarget_shared_signals(Task& task, SignalSet not_taken);

// [self] set_blocked, and whoever else may take what is blocked now is woken.
void change_blocked(Task& task, SignalSet mask);
// Forgets these signals in all queues of the process: their action is to ignore them now.
void discard_signals(ThreadGroup& group, SignalSet which);

// What signalfd, sigtimedwait and sigpending see: pending for the task or its group.
SignalSet pending_signals(Task& task);
// The next one of `wanted`, blocked or not, taken out; the task's own first.
std::optional<SignalInfo> take_signal(Task& task, SignalSet wanted);

}  // namespace limen
