// The oracle of abi/prctl.h: the host's own headers, compared by the compiler.
#include "abi/prctl.h"

#include <asm/prctl.h>
#include <linux/prctl.h>
#include <sys/personality.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(pr_set_pdeathsig, PR_SET_PDEATHSIG);
SAME(pr_get_pdeathsig, PR_GET_PDEATHSIG);
SAME(pr_get_dumpable, PR_GET_DUMPABLE);
SAME(pr_set_dumpable, PR_SET_DUMPABLE);
SAME(pr_get_unalign, PR_GET_UNALIGN);
SAME(pr_set_unalign, PR_SET_UNALIGN);
SAME(pr_get_keepcaps, PR_GET_KEEPCAPS);
SAME(pr_set_keepcaps, PR_SET_KEEPCAPS);
SAME(pr_get_fpemu, PR_GET_FPEMU);
SAME(pr_get_timing, PR_GET_TIMING);
SAME(pr_set_timing, PR_SET_TIMING);
SAME(pr_set_name, PR_SET_NAME);
SAME(pr_get_name, PR_GET_NAME);
SAME(pr_get_endian, PR_GET_ENDIAN);
SAME(pr_get_seccomp, PR_GET_SECCOMP);
SAME(pr_set_seccomp, PR_SET_SECCOMP);
SAME(pr_capbset_read, PR_CAPBSET_READ);
SAME(pr_capbset_drop, PR_CAPBSET_DROP);
SAME(pr_get_tsc, PR_GET_TSC);
SAME(pr_set_tsc, PR_SET_TSC);
SAME(pr_get_securebits, PR_GET_SECUREBITS);
SAME(pr_set_securebits, PR_SET_SECUREBITS);
SAME(pr_set_timerslack, PR_SET_TIMERSLACK);
SAME(pr_get_timerslack, PR_GET_TIMERSLACK);
SAME(pr_task_perf_events_disable, PR_TASK_PERF_EVENTS_DISABLE);
SAME(pr_task_perf_events_enable, PR_TASK_PERF_EVENTS_ENABLE);
SAME(pr_mce_kill, PR_MCE_KILL);
SAME(pr_mce_kill_get, PR_MCE_KILL_GET);
SAME(pr_set_mm, PR_SET_MM);
SAME(pr_set_ptracer, PR_SET_PTRACER);
SAME(pr_set_child_subreaper, PR_SET_CHILD_SUBREAPER);
SAME(pr_get_child_subreaper, PR_GET_CHILD_SUBREAPER);
SAME(pr_set_no_new_privs, PR_SET_NO_NEW_PRIVS);
SAME(pr_get_no_new_privs, PR_GET_NO_NEW_PRIVS);
SAME(pr_get_tid_address, PR_GET_TID_ADDRESS);
SAME(pr_set_thp_disable, PR_SET_THP_DISABLE);
SAME(pr_get_thp_disable, PR_GET_THP_DISABLE);
SAME(pr_mpx_enable_management, PR_MPX_ENABLE_MANAGEMENT);
SAME(pr_mpx_disable_management, PR_MPX_DISABLE_MANAGEMENT);
SAME(pr_cap_ambient, PR_CAP_AMBIENT);
SAME(pr_get_speculation_ctrl, PR_GET_SPECULATION_CTRL);
SAME(pr_set_speculation_ctrl, PR_SET_SPECULATION_CTRL);
SAME(pr_set_io_flusher, PR_SET_IO_FLUSHER);
SAME(pr_get_io_flusher, PR_GET_IO_FLUSHER);
SAME(pr_set_syscall_user_dispatch, PR_SET_SYSCALL_USER_DISPATCH);
SAME(pr_sched_core, PR_SCHED_CORE);
#ifdef PR_SET_MDWE
SAME(pr_set_mdwe, PR_SET_MDWE);
#endif
#ifdef PR_GET_MDWE
SAME(pr_get_mdwe, PR_GET_MDWE);
#endif
SAME(pr_set_vma, PR_SET_VMA);
#ifdef PR_SET_MEMORY_MERGE
SAME(pr_set_memory_merge, PR_SET_MEMORY_MERGE);
#endif
#ifdef PR_GET_MEMORY_MERGE
SAME(pr_get_memory_merge, PR_GET_MEMORY_MERGE);
#endif
#ifdef PR_GET_AUXV
SAME(pr_get_auxv, PR_GET_AUXV);
#endif
SAME(pr_tsc_enable, PR_TSC_ENABLE);
SAME(pr_tsc_sigsegv, PR_TSC_SIGSEGV);
SAME(pr_cap_ambient_is_set, PR_CAP_AMBIENT_IS_SET);
SAME(pr_cap_ambient_raise, PR_CAP_AMBIENT_RAISE);
SAME(pr_cap_ambient_lower, PR_CAP_AMBIENT_LOWER);
SAME(pr_cap_ambient_clear_all, PR_CAP_AMBIENT_CLEAR_ALL);
SAME(pr_set_vma_anon_name, PR_SET_VMA_ANON_NAME);
SAME(pr_set_mm_start_code, PR_SET_MM_START_CODE);
SAME(pr_set_mm_end_code, PR_SET_MM_END_CODE);
SAME(pr_set_mm_start_data, PR_SET_MM_START_DATA);
SAME(pr_set_mm_end_data, PR_SET_MM_END_DATA);
SAME(pr_set_mm_start_stack, PR_SET_MM_START_STACK);
SAME(pr_set_mm_start_brk, PR_SET_MM_START_BRK);
SAME(pr_set_mm_brk, PR_SET_MM_BRK);
SAME(pr_set_mm_arg_start, PR_SET_MM_ARG_START);
SAME(pr_set_mm_arg_end, PR_SET_MM_ARG_END);
SAME(pr_set_mm_env_start, PR_SET_MM_ENV_START);
SAME(pr_set_mm_env_end, PR_SET_MM_ENV_END);
SAME(pr_set_mm_auxv, PR_SET_MM_AUXV);
SAME(pr_set_mm_exe_file, PR_SET_MM_EXE_FILE);
SAME(pr_set_mm_map, PR_SET_MM_MAP);
SAME(pr_set_mm_map_size, PR_SET_MM_MAP_SIZE);
SAME(pr_sys_dispatch_off, PR_SYS_DISPATCH_OFF);
SAME(pr_sys_dispatch_exclusive_on, PR_SYS_DISPATCH_ON);
#ifdef PR_MDWE_REFUSE_EXEC_GAIN
SAME(pr_mdwe_refuse_exec_gain, PR_MDWE_REFUSE_EXEC_GAIN);
#endif
#ifdef PR_MDWE_NO_INHERIT
SAME(pr_mdwe_no_inherit, PR_MDWE_NO_INHERIT);
#endif
SAME(arch_set_gs, ARCH_SET_GS);
SAME(arch_set_fs, ARCH_SET_FS);
SAME(arch_get_fs, ARCH_GET_FS);
SAME(arch_get_gs, ARCH_GET_GS);
SAME(arch_get_cpuid, ARCH_GET_CPUID);
SAME(arch_set_cpuid, ARCH_SET_CPUID);
SAME(arch_get_xcomp_supp, ARCH_GET_XCOMP_SUPP);
SAME(arch_get_xcomp_perm, ARCH_GET_XCOMP_PERM);
SAME(arch_req_xcomp_perm, ARCH_REQ_XCOMP_PERM);
SAME(arch_map_vdso_x32, ARCH_MAP_VDSO_X32);
SAME(arch_map_vdso_32, ARCH_MAP_VDSO_32);
SAME(arch_map_vdso_64, ARCH_MAP_VDSO_64);
SAME(per_linux, PER_LINUX);
SAME(per_linux32, PER_LINUX32);
SAME(per_mask, PER_MASK);
SAME(uname26, UNAME26);
SAME(addr_no_randomize, ADDR_NO_RANDOMIZE);
SAME(fdpic_funcptrs, FDPIC_FUNCPTRS);
SAME(mmap_page_zero, MMAP_PAGE_ZERO);
SAME(addr_compat_layout, ADDR_COMPAT_LAYOUT);
SAME(read_implies_exec, READ_IMPLIES_EXEC);
SAME(addr_limit_32bit, ADDR_LIMIT_32BIT);
SAME(short_inode, SHORT_INODE);
SAME(whole_seconds, WHOLE_SECONDS);
SAME(sticky_timeouts, STICKY_TIMEOUTS);
SAME(addr_limit_3gb, ADDR_LIMIT_3GB);

}  // namespace limen::abi
