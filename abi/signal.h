// Signals: numbers, actions, what comes with one, alternate stacks.
// Source: signal(7), sigaction(2), sigaltstack(2), sigqueue(3), sigevent(7); include/uapi/asm-generic/{signal,siginfo}.h,
// arch/x86/include/uapi/asm/signal.h.
#pragma once

#include <array>
#include <cstring>
#include <type_traits>

#include "base/types.h"

namespace limen::abi {

// signal(7)
inline constexpr Signal sighup{1};
inline constexpr Signal sigint{2};
inline constexpr Signal sigquit{3};
inline constexpr Signal sigill{4};
inline constexpr Signal sigtrap{5};
inline constexpr Signal sigabrt{6};
inline constexpr Signal sigiot{6};
inline constexpr Signal sigbus{7};
inline constexpr Signal sigfpe{8};
inline constexpr Signal sigkill{9};
inline constexpr Signal sigusr1{10};
inline constexpr Signal sigsegv{11};
inline constexpr Signal sigusr2{12};
inline constexpr Signal sigpipe{13};
inline constexpr Signal sigalrm{14};
inline constexpr Signal sigterm{15};
inline constexpr Signal sigstkflt{16};
inline constexpr Signal sigchld{17};
inline constexpr Signal sigcont{18};
inline constexpr Signal sigstop{19};
inline constexpr Signal sigtstp{20};
inline constexpr Signal sigttin{21};
inline constexpr Signal sigttou{22};
inline constexpr Signal sigurg{23};
inline constexpr Signal sigxcpu{24};
inline constexpr Signal sigxfsz{25};
inline constexpr Signal sigvtalrm{26};
inline constexpr Signal sigprof{27};
inline constexpr Signal sigwinch{28};
inline constexpr Signal sigio{29};
inline constexpr Signal sigpoll{29};
inline constexpr Signal sigpwr{30};
inline constexpr Signal sigsys{31};
inline constexpr Signal sigrtmin{32};
inline constexpr Signal sigrtmax{64};

inline constexpr i32 nsig = 64;
inline constexpr usize sigset_size = 8;  // the only sigsetsize that the calls accept

// Bit n - 1 is signal n.
struct SigSet {
  u64 bits;
  constexpr bool operator==(const SigSet&) const = default;
};
constexpr u64 sig_bit(Signal sig) { return u64{1} << (sig.raw() - 1); }

// rt_sigprocmask(2)
inline constexpr i32 sig_block = 0;
inline constexpr i32 sig_unblock = 1;
inline constexpr i32 sig_setmask = 2;

// SigAction::handler, besides an address
inline constexpr u64 sig_dfl = 0;
inline constexpr u64 sig_ign = 1;

// SigAction::flags
inline constexpr u64 sa_nocldstop = 1;
inline constexpr u64 sa_nocldwait = 2;
inline constexpr u64 sa_siginfo = 4;
inline constexpr u64 sa_unsupported = 0x400;
inline constexpr u64 sa_expose_tagbits = 0x800;
inline constexpr u64 sa_restorer = 0x4000000;
inline constexpr u64 sa_onstack = 0x8000000;
inline constexpr u64 sa_restart = 0x10000000;
inline constexpr u64 sa_nodefer = 0x40000000;
inline constexpr u64 sa_resethand = 0x80000000ull;

// As rt_sigaction(2) has it; glibc's differs. No sa_ prefix: glibc makes sa_handler a macro.
struct SigAction {
  GuestAddr handler;
  u64 flags;
  GuestAddr restorer;
  SigSet mask;
};
static_assert(sizeof(SigAction) == 32);

struct StackT {
  GuestAddr ss_sp;
  i32 ss_flags;
  u32 pad0;
  u64 ss_size;
};

// sigaltstack(2)
inline constexpr u32 ss_onstack = 1;
inline constexpr u32 ss_disable = 2;
inline constexpr u32 ss_autodisarm = 0x80000000;
inline constexpr u32 minsigstksz = 0x800;

// What comes with a signal. Which structure `fields` holds follows from signo and code: as<SigInfoKill>().
// No si_ prefix: glibc makes the names macros.
struct SigInfo {
  i32 signo;
  i32 err;
  i32 code;
  u32 pad0;
  std::array<u8, 112> fields;

  template <typename Fields>
  Fields as() const {
    static_assert(std::is_trivially_copyable_v<Fields> && sizeof(Fields) <= sizeof(fields));
    Fields f;
    std::memcpy(&f, fields.data(), sizeof f);
    return f;
  }
  template <typename Fields>
  SigInfo& put(const Fields& f) {
    static_assert(std::has_unique_object_representations_v<Fields> && sizeof(Fields) <= sizeof(fields));
    std::memcpy(fields.data(), &f, sizeof f);
    return *this;
  }
};
static_assert(sizeof(SigInfo) == 128);
struct SigInfoKill {  // si_user, si_tkill
  i32 pid;
  u32 uid;
};
struct SigInfoQueue {  // si_queue, si_mesgq
  i32 pid;
  u32 uid;
  u64 value;  // sigval: an int in the low half or a pointer
};
struct SigInfoTimer {  // si_timer
  i32 timerid;
  i32 overrun;
  u64 value;
};
struct SigInfoChild {  // cld_*
  i32 pid;
  u32 uid;
  i32 status;
  u32 pad0;
  i64 utime;  // in clock_ticks
  i64 stime;
};
struct SigInfoFault {  // SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP
  GuestAddr addr;
  u16 addr_lsb;  // bus_mceerr_*
  u8 pad0[6];
  u64 lower;  // segv_bnderr; segv_pkuerr has the key in the low half
  u64 upper;
};
struct SigInfoPoll {  // SIGIO
  i64 band;
  i32 fd;
  u32 pad0;
};
struct SigInfoSys {  // sys_seccomp
  GuestAddr call_addr;
  i32 syscall;
  u32 arch;
};

// SigInfo::code: from whom. Codes above 0 are the kernel's.
inline constexpr i32 si_user = 0;
inline constexpr i32 si_kernel = 128;
inline constexpr i32 si_queue = -1;
inline constexpr i32 si_timer = -2;
inline constexpr i32 si_mesgq = -3;
inline constexpr i32 si_asyncio = -4;
inline constexpr i32 si_sigio = -5;
inline constexpr i32 si_tkill = -6;
inline constexpr i32 si_dethread = -7;
inline constexpr i32 si_asyncnl = -60;

// of SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP, SIGCHLD, SIGIO, SIGSYS
inline constexpr i32 ill_illopc = 1;
inline constexpr i32 ill_illopn = 2;
inline constexpr i32 ill_illadr = 3;
inline constexpr i32 ill_illtrp = 4;
inline constexpr i32 ill_prvopc = 5;
inline constexpr i32 ill_prvreg = 6;
inline constexpr i32 ill_coproc = 7;
inline constexpr i32 ill_badstk = 8;
inline constexpr i32 fpe_intdiv = 1;
inline constexpr i32 fpe_intovf = 2;
inline constexpr i32 fpe_fltdiv = 3;
inline constexpr i32 fpe_fltovf = 4;
inline constexpr i32 fpe_fltund = 5;
inline constexpr i32 fpe_fltres = 6;
inline constexpr i32 fpe_fltinv = 7;
inline constexpr i32 fpe_fltsub = 8;
inline constexpr i32 segv_maperr = 1;
inline constexpr i32 segv_accerr = 2;
inline constexpr i32 segv_bnderr = 3;
inline constexpr i32 segv_pkuerr = 4;
inline constexpr i32 bus_adraln = 1;
inline constexpr i32 bus_adrerr = 2;
inline constexpr i32 bus_objerr = 3;
inline constexpr i32 bus_mceerr_ar = 4;
inline constexpr i32 bus_mceerr_ao = 5;
inline constexpr i32 trap_brkpt = 1;
inline constexpr i32 trap_trace = 2;
inline constexpr i32 trap_branch = 3;
inline constexpr i32 trap_hwbkpt = 4;
inline constexpr i32 trap_unk = 5;
inline constexpr i32 trap_perf = 6;
inline constexpr i32 cld_exited = 1;
inline constexpr i32 cld_killed = 2;
inline constexpr i32 cld_dumped = 3;
inline constexpr i32 cld_trapped = 4;
inline constexpr i32 cld_stopped = 5;
inline constexpr i32 cld_continued = 6;
inline constexpr i32 poll_in = 1;
inline constexpr i32 poll_out = 2;
inline constexpr i32 poll_msg = 3;
inline constexpr i32 poll_err = 4;
inline constexpr i32 poll_pri = 5;
inline constexpr i32 poll_hup = 6;
inline constexpr i32 sys_seccomp = 1;
inline constexpr i32 sys_user_dispatch = 2;

// sigevent(7)
inline constexpr i32 sigev_signal = 0;
inline constexpr i32 sigev_none = 1;
inline constexpr i32 sigev_thread = 2;
inline constexpr i32 sigev_thread_id = 4;

struct SigEvent {
  u64 value;
  i32 signo;
  i32 notify;
  i32 tid;  // sigev_thread_id
  u32 pad0[11];
};

}  // namespace limen::abi
