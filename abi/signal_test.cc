// The oracle of abi/signal.h: the host's own headers, compared by the compiler.
#include "abi/signal.h"

#include <signal.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(sighup, SIGHUP);
SAME(sigint, SIGINT);
SAME(sigquit, SIGQUIT);
SAME(sigill, SIGILL);
SAME(sigtrap, SIGTRAP);
SAME(sigabrt, SIGABRT);
SAME(sigiot, SIGIOT);
SAME(sigbus, SIGBUS);
SAME(sigfpe, SIGFPE);
SAME(sigkill, SIGKILL);
SAME(sigusr1, SIGUSR1);
SAME(sigsegv, SIGSEGV);
SAME(sigusr2, SIGUSR2);
SAME(sigpipe, SIGPIPE);
SAME(sigalrm, SIGALRM);
SAME(sigterm, SIGTERM);
SAME(sigstkflt, SIGSTKFLT);
SAME(sigchld, SIGCHLD);
SAME(sigcont, SIGCONT);
SAME(sigstop, SIGSTOP);
SAME(sigtstp, SIGTSTP);
SAME(sigttin, SIGTTIN);
SAME(sigttou, SIGTTOU);
SAME(sigurg, SIGURG);
SAME(sigxcpu, SIGXCPU);
SAME(sigxfsz, SIGXFSZ);
SAME(sigvtalrm, SIGVTALRM);
SAME(sigprof, SIGPROF);
SAME(sigwinch, SIGWINCH);
SAME(sigio, SIGIO);
SAME(sigpoll, SIGPOLL);
SAME(sigpwr, SIGPWR);
SAME(sigsys, SIGSYS);
SAME(sig_block, SIG_BLOCK);
SAME(sig_unblock, SIG_UNBLOCK);
SAME(sig_setmask, SIG_SETMASK);
SAME(sa_nocldstop, SA_NOCLDSTOP);
SAME(sa_nocldwait, SA_NOCLDWAIT);
SAME(sa_siginfo, SA_SIGINFO);
SAME(sa_onstack, SA_ONSTACK);
SAME(sa_restart, SA_RESTART);
SAME(sa_nodefer, SA_NODEFER);
SAME(sa_resethand, SA_RESETHAND);
SAME(ss_onstack, SS_ONSTACK);
SAME(ss_disable, SS_DISABLE);
SAME(si_user, SI_USER);
SAME(si_kernel, SI_KERNEL);
SAME(si_queue, SI_QUEUE);
SAME(si_timer, SI_TIMER);
SAME(si_mesgq, SI_MESGQ);
SAME(si_asyncio, SI_ASYNCIO);
SAME(si_sigio, SI_SIGIO);
SAME(si_tkill, SI_TKILL);
SAME(si_dethread, SI_DETHREAD);
SAME(si_asyncnl, SI_ASYNCNL);
SAME(ill_illopc, ILL_ILLOPC);
SAME(ill_illopn, ILL_ILLOPN);
SAME(ill_illadr, ILL_ILLADR);
SAME(ill_illtrp, ILL_ILLTRP);
SAME(ill_prvopc, ILL_PRVOPC);
SAME(ill_prvreg, ILL_PRVREG);
SAME(ill_coproc, ILL_COPROC);
SAME(ill_badstk, ILL_BADSTK);
SAME(fpe_intdiv, FPE_INTDIV);
SAME(fpe_intovf, FPE_INTOVF);
SAME(fpe_fltdiv, FPE_FLTDIV);
SAME(fpe_fltovf, FPE_FLTOVF);
SAME(fpe_fltund, FPE_FLTUND);
SAME(fpe_fltres, FPE_FLTRES);
SAME(fpe_fltinv, FPE_FLTINV);
SAME(fpe_fltsub, FPE_FLTSUB);
SAME(segv_maperr, SEGV_MAPERR);
SAME(segv_accerr, SEGV_ACCERR);
SAME(segv_bnderr, SEGV_BNDERR);
SAME(segv_pkuerr, SEGV_PKUERR);
SAME(bus_adraln, BUS_ADRALN);
SAME(bus_adrerr, BUS_ADRERR);
SAME(bus_objerr, BUS_OBJERR);
SAME(bus_mceerr_ar, BUS_MCEERR_AR);
SAME(bus_mceerr_ao, BUS_MCEERR_AO);
SAME(trap_brkpt, TRAP_BRKPT);
SAME(trap_trace, TRAP_TRACE);
SAME(trap_branch, TRAP_BRANCH);
SAME(trap_hwbkpt, TRAP_HWBKPT);
SAME(trap_unk, TRAP_UNK);
SAME(cld_exited, CLD_EXITED);
SAME(cld_killed, CLD_KILLED);
SAME(cld_dumped, CLD_DUMPED);
SAME(cld_trapped, CLD_TRAPPED);
SAME(cld_stopped, CLD_STOPPED);
SAME(cld_continued, CLD_CONTINUED);
SAME(poll_in, POLL_IN);
SAME(poll_out, POLL_OUT);
SAME(poll_msg, POLL_MSG);
SAME(poll_err, POLL_ERR);
SAME(poll_pri, POLL_PRI);
SAME(poll_hup, POLL_HUP);
#ifdef SYS_SECCOMP
SAME(sys_seccomp, SYS_SECCOMP);
#endif
#ifdef SYS_USER_DISPATCH
SAME(sys_user_dispatch, SYS_USER_DISPATCH);
#endif
SAME(sigev_signal, SIGEV_SIGNAL);
SAME(sigev_none, SIGEV_NONE);
SAME(sigev_thread, SIGEV_THREAD);
SAME(sigev_thread_id, SIGEV_THREAD_ID);

SAME_SIZE(StackT, stack_t);
SAME_OFFSET(StackT, ss_sp, stack_t, ss_sp);
SAME_OFFSET(StackT, ss_flags, stack_t, ss_flags);
SAME_OFFSET(StackT, ss_size, stack_t, ss_size);
SAME_SIZE(SigInfo, siginfo_t);
SAME_OFFSET(SigInfo, signo, siginfo_t, si_signo);
SAME_OFFSET(SigInfo, err, siginfo_t, si_errno);
SAME_OFFSET(SigInfo, code, siginfo_t, si_code);
SAME_SIZE(SigEvent, sigevent);
SAME_OFFSET(SigEvent, value, sigevent, sigev_value);
SAME_OFFSET(SigEvent, signo, sigevent, sigev_signo);
SAME_OFFSET(SigEvent, notify, sigevent, sigev_notify);

#define FIELD_AT(Fields, ours, theirs) \
  static_assert(offsetof(SigInfo, fields) + offsetof(Fields, ours) == offsetof(siginfo_t, theirs))
FIELD_AT(SigInfoKill, pid, si_pid);
FIELD_AT(SigInfoKill, uid, si_uid);
FIELD_AT(SigInfoQueue, value, si_value);
FIELD_AT(SigInfoTimer, timerid, si_timerid);
FIELD_AT(SigInfoTimer, overrun, si_overrun);
FIELD_AT(SigInfoTimer, value, si_value);
FIELD_AT(SigInfoChild, status, si_status);
FIELD_AT(SigInfoChild, utime, si_utime);
FIELD_AT(SigInfoChild, stime, si_stime);
FIELD_AT(SigInfoFault, addr, si_addr);
FIELD_AT(SigInfoFault, addr_lsb, si_addr_lsb);
FIELD_AT(SigInfoFault, lower, si_lower);
FIELD_AT(SigInfoFault, upper, si_upper);
FIELD_AT(SigInfoPoll, band, si_band);
FIELD_AT(SigInfoPoll, fd, si_fd);
FIELD_AT(SigInfoSys, call_addr, si_call_addr);
FIELD_AT(SigInfoSys, syscall, si_syscall);
FIELD_AT(SigInfoSys, arch, si_arch);

}  // namespace limen::abi
