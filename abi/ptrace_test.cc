// The oracle of abi/ptrace.h: the host's own headers, compared by the compiler.
#include "abi/ptrace.h"

#include <asm/ptrace-abi.h>
#include <linux/ptrace.h>
#include <sys/user.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(ptrace_traceme, PTRACE_TRACEME);
SAME(ptrace_peektext, PTRACE_PEEKTEXT);
SAME(ptrace_peekdata, PTRACE_PEEKDATA);
SAME(ptrace_peekusr, PTRACE_PEEKUSR);
SAME(ptrace_poketext, PTRACE_POKETEXT);
SAME(ptrace_pokedata, PTRACE_POKEDATA);
SAME(ptrace_pokeusr, PTRACE_POKEUSR);
SAME(ptrace_cont, PTRACE_CONT);
SAME(ptrace_kill, PTRACE_KILL);
SAME(ptrace_singlestep, PTRACE_SINGLESTEP);
SAME(ptrace_getregs, PTRACE_GETREGS);
SAME(ptrace_setregs, PTRACE_SETREGS);
SAME(ptrace_getfpregs, PTRACE_GETFPREGS);
SAME(ptrace_setfpregs, PTRACE_SETFPREGS);
SAME(ptrace_attach, PTRACE_ATTACH);
SAME(ptrace_detach, PTRACE_DETACH);
SAME(ptrace_syscall, PTRACE_SYSCALL);
SAME(ptrace_arch_prctl, PTRACE_ARCH_PRCTL);
SAME(ptrace_sysemu, PTRACE_SYSEMU);
SAME(ptrace_sysemu_singlestep, PTRACE_SYSEMU_SINGLESTEP);
SAME(ptrace_setoptions, PTRACE_SETOPTIONS);
SAME(ptrace_geteventmsg, PTRACE_GETEVENTMSG);
SAME(ptrace_getsiginfo, PTRACE_GETSIGINFO);
SAME(ptrace_setsiginfo, PTRACE_SETSIGINFO);
SAME(ptrace_getregset, PTRACE_GETREGSET);
SAME(ptrace_setregset, PTRACE_SETREGSET);
SAME(ptrace_seize, PTRACE_SEIZE);
SAME(ptrace_interrupt, PTRACE_INTERRUPT);
SAME(ptrace_listen, PTRACE_LISTEN);
SAME(ptrace_peeksiginfo, PTRACE_PEEKSIGINFO);
SAME(ptrace_getsigmask, PTRACE_GETSIGMASK);
SAME(ptrace_setsigmask, PTRACE_SETSIGMASK);
SAME(ptrace_seccomp_get_filter, PTRACE_SECCOMP_GET_FILTER);
SAME(ptrace_get_syscall_info, PTRACE_GET_SYSCALL_INFO);
SAME(ptrace_get_rseq_configuration, PTRACE_GET_RSEQ_CONFIGURATION);
SAME(ptrace_o_tracesysgood, PTRACE_O_TRACESYSGOOD);
SAME(ptrace_o_tracefork, PTRACE_O_TRACEFORK);
SAME(ptrace_o_tracevfork, PTRACE_O_TRACEVFORK);
SAME(ptrace_o_traceclone, PTRACE_O_TRACECLONE);
SAME(ptrace_o_traceexec, PTRACE_O_TRACEEXEC);
SAME(ptrace_o_tracevforkdone, PTRACE_O_TRACEVFORKDONE);
SAME(ptrace_o_traceexit, PTRACE_O_TRACEEXIT);
SAME(ptrace_o_traceseccomp, PTRACE_O_TRACESECCOMP);
SAME(ptrace_o_exitkill, PTRACE_O_EXITKILL);
SAME(ptrace_o_suspend_seccomp, PTRACE_O_SUSPEND_SECCOMP);
SAME(ptrace_o_mask, PTRACE_O_MASK);
SAME(ptrace_event_fork, PTRACE_EVENT_FORK);
SAME(ptrace_event_vfork, PTRACE_EVENT_VFORK);
SAME(ptrace_event_clone, PTRACE_EVENT_CLONE);
SAME(ptrace_event_exec, PTRACE_EVENT_EXEC);
SAME(ptrace_event_vfork_done, PTRACE_EVENT_VFORK_DONE);
SAME(ptrace_event_exit, PTRACE_EVENT_EXIT);
SAME(ptrace_event_seccomp, PTRACE_EVENT_SECCOMP);
SAME(ptrace_event_stop, PTRACE_EVENT_STOP);
SAME(ptrace_syscall_info_none, PTRACE_SYSCALL_INFO_NONE);
SAME(ptrace_syscall_info_entry, PTRACE_SYSCALL_INFO_ENTRY);
SAME(ptrace_syscall_info_exit, PTRACE_SYSCALL_INFO_EXIT);
SAME(ptrace_syscall_info_seccomp, PTRACE_SYSCALL_INFO_SECCOMP);

SAME_SIZE(UserRegs, user_regs_struct);
SAME_OFFSET(UserRegs, r15, user_regs_struct, r15);
SAME_OFFSET(UserRegs, r10, user_regs_struct, r10);
SAME_OFFSET(UserRegs, rax, user_regs_struct, rax);
SAME_OFFSET(UserRegs, orig_rax, user_regs_struct, orig_rax);
SAME_OFFSET(UserRegs, rip, user_regs_struct, rip);
SAME_OFFSET(UserRegs, cs, user_regs_struct, cs);
SAME_OFFSET(UserRegs, eflags, user_regs_struct, eflags);
SAME_OFFSET(UserRegs, rsp, user_regs_struct, rsp);
SAME_OFFSET(UserRegs, ss, user_regs_struct, ss);
SAME_OFFSET(UserRegs, fs_base, user_regs_struct, fs_base);
SAME_OFFSET(UserRegs, gs_base, user_regs_struct, gs_base);
SAME_OFFSET(UserRegs, ds, user_regs_struct, ds);
SAME_OFFSET(UserRegs, es, user_regs_struct, es);
SAME_OFFSET(UserRegs, fs, user_regs_struct, fs);
SAME_OFFSET(UserRegs, gs, user_regs_struct, gs);

static_assert(offsetof(user, u_debugreg) == user_debugreg_offset && sizeof(user) == user_area_size);

}  // namespace limen::abi
