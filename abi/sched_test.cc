// The oracle of abi/sched.h: the host's own headers, compared by the compiler.
#include "abi/sched.h"

#include <linux/membarrier.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(csignal, CSIGNAL);
SAME(clone_vm, CLONE_VM);
SAME(clone_fs, CLONE_FS);
SAME(clone_files, CLONE_FILES);
SAME(clone_sighand, CLONE_SIGHAND);
SAME(clone_pidfd, CLONE_PIDFD);
SAME(clone_ptrace, CLONE_PTRACE);
SAME(clone_vfork, CLONE_VFORK);
SAME(clone_parent, CLONE_PARENT);
SAME(clone_thread, CLONE_THREAD);
SAME(clone_newns, CLONE_NEWNS);
SAME(clone_sysvsem, CLONE_SYSVSEM);
SAME(clone_settls, CLONE_SETTLS);
SAME(clone_parent_settid, CLONE_PARENT_SETTID);
SAME(clone_child_cleartid, CLONE_CHILD_CLEARTID);
SAME(clone_detached, CLONE_DETACHED);
SAME(clone_untraced, CLONE_UNTRACED);
SAME(clone_child_settid, CLONE_CHILD_SETTID);
SAME(clone_newcgroup, CLONE_NEWCGROUP);
SAME(clone_newuts, CLONE_NEWUTS);
SAME(clone_newipc, CLONE_NEWIPC);
SAME(clone_newuser, CLONE_NEWUSER);
SAME(clone_newpid, CLONE_NEWPID);
SAME(clone_newnet, CLONE_NEWNET);
SAME(clone_io, CLONE_IO);
SAME(clone_newtime, CLONE_NEWTIME);
SAME(clone_clear_sighand, CLONE_CLEAR_SIGHAND);
SAME(clone_into_cgroup, CLONE_INTO_CGROUP);
SAME(sched_normal, SCHED_NORMAL);
SAME(sched_fifo, SCHED_FIFO);
SAME(sched_rr, SCHED_RR);
SAME(sched_batch, SCHED_BATCH);
SAME(sched_idle, SCHED_IDLE);
SAME(sched_deadline, SCHED_DEADLINE);
#ifdef SCHED_EXT
SAME(sched_ext, SCHED_EXT);
#endif
SAME(sched_reset_on_fork, SCHED_RESET_ON_FORK);
SAME(sched_flag_reset_on_fork, SCHED_FLAG_RESET_ON_FORK);
SAME(sched_flag_reclaim, SCHED_FLAG_RECLAIM);
SAME(sched_flag_dl_overrun, SCHED_FLAG_DL_OVERRUN);
SAME(sched_flag_keep_policy, SCHED_FLAG_KEEP_POLICY);
SAME(sched_flag_keep_params, SCHED_FLAG_KEEP_PARAMS);
SAME(sched_flag_util_clamp_min, SCHED_FLAG_UTIL_CLAMP_MIN);
SAME(sched_flag_util_clamp_max, SCHED_FLAG_UTIL_CLAMP_MAX);
SAME(membarrier_cmd_query, MEMBARRIER_CMD_QUERY);
SAME(membarrier_cmd_global, MEMBARRIER_CMD_GLOBAL);
SAME(membarrier_cmd_global_expedited, MEMBARRIER_CMD_GLOBAL_EXPEDITED);
SAME(membarrier_cmd_register_global_expedited, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
SAME(membarrier_cmd_private_expedited, MEMBARRIER_CMD_PRIVATE_EXPEDITED);
SAME(membarrier_cmd_register_private_expedited, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
SAME(membarrier_cmd_private_expedited_sync_core, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE);
SAME(membarrier_cmd_register_private_expedited_sync_core, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
SAME(membarrier_cmd_private_expedited_rseq, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ);
SAME(membarrier_cmd_register_private_expedited_rseq, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ);
#ifdef MEMBARRIER_CMD_GET_REGISTRATIONS
SAME(membarrier_cmd_get_registrations, MEMBARRIER_CMD_GET_REGISTRATIONS);
#endif

SAME_SIZE(CloneArgs, clone_args);
SAME_OFFSET(CloneArgs, flags, clone_args, flags);
SAME_OFFSET(CloneArgs, pidfd, clone_args, pidfd);
SAME_OFFSET(CloneArgs, child_tid, clone_args, child_tid);
SAME_OFFSET(CloneArgs, parent_tid, clone_args, parent_tid);
SAME_OFFSET(CloneArgs, exit_signal, clone_args, exit_signal);
SAME_OFFSET(CloneArgs, stack, clone_args, stack);
SAME_OFFSET(CloneArgs, stack_size, clone_args, stack_size);
SAME_OFFSET(CloneArgs, tls, clone_args, tls);
SAME_OFFSET(CloneArgs, set_tid, clone_args, set_tid);
SAME_OFFSET(CloneArgs, set_tid_size, clone_args, set_tid_size);
SAME_OFFSET(CloneArgs, cgroup, clone_args, cgroup);
SAME_SIZE(SchedAttr, sched_attr);
SAME_OFFSET(SchedAttr, size, sched_attr, size);
SAME_OFFSET(SchedAttr, sched_policy, sched_attr, sched_policy);
SAME_OFFSET(SchedAttr, sched_flags, sched_attr, sched_flags);
SAME_OFFSET(SchedAttr, sched_nice, sched_attr, sched_nice);
SAME_OFFSET(SchedAttr, sched_priority, sched_attr, sched_priority);
SAME_OFFSET(SchedAttr, sched_runtime, sched_attr, sched_runtime);
SAME_OFFSET(SchedAttr, sched_deadline, sched_attr, sched_deadline);
SAME_OFFSET(SchedAttr, sched_period, sched_attr, sched_period);
SAME_OFFSET(SchedAttr, sched_util_min, sched_attr, sched_util_min);
SAME_OFFSET(SchedAttr, sched_util_max, sched_attr, sched_util_max);

static_assert(oracle_same(clone_args_size_ver2, CLONE_ARGS_SIZE_VER2));

}  // namespace limen::abi
