// The oracle of abi/seccomp.h: the host's own headers, compared by the compiler.
#include "abi/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(seccomp_mode_disabled, SECCOMP_MODE_DISABLED);
SAME(seccomp_mode_strict, SECCOMP_MODE_STRICT);
SAME(seccomp_mode_filter, SECCOMP_MODE_FILTER);
SAME(seccomp_set_mode_strict, SECCOMP_SET_MODE_STRICT);
SAME(seccomp_set_mode_filter, SECCOMP_SET_MODE_FILTER);
SAME(seccomp_get_action_avail, SECCOMP_GET_ACTION_AVAIL);
SAME(seccomp_get_notif_sizes, SECCOMP_GET_NOTIF_SIZES);
SAME(seccomp_filter_flag_tsync, SECCOMP_FILTER_FLAG_TSYNC);
SAME(seccomp_filter_flag_log, SECCOMP_FILTER_FLAG_LOG);
SAME(seccomp_filter_flag_spec_allow, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
SAME(seccomp_filter_flag_new_listener, SECCOMP_FILTER_FLAG_NEW_LISTENER);
SAME(seccomp_filter_flag_tsync_esrch, SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
SAME(seccomp_filter_flag_wait_killable_recv, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
SAME(seccomp_ret_kill_process, SECCOMP_RET_KILL_PROCESS);
SAME(seccomp_ret_kill_thread, SECCOMP_RET_KILL_THREAD);
SAME(seccomp_ret_trap, SECCOMP_RET_TRAP);
SAME(seccomp_ret_errno, SECCOMP_RET_ERRNO);
SAME(seccomp_ret_user_notif, SECCOMP_RET_USER_NOTIF);
SAME(seccomp_ret_trace, SECCOMP_RET_TRACE);
SAME(seccomp_ret_log, SECCOMP_RET_LOG);
SAME(seccomp_ret_allow, SECCOMP_RET_ALLOW);
SAME(seccomp_ret_action_full, SECCOMP_RET_ACTION_FULL);
SAME(seccomp_ret_data, SECCOMP_RET_DATA);
SAME(seccomp_user_notif_flag_continue, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
SAME(seccomp_addfd_flag_setfd, SECCOMP_ADDFD_FLAG_SETFD);
SAME(seccomp_addfd_flag_send, SECCOMP_ADDFD_FLAG_SEND);
SAME(seccomp_ioctl_notif_recv, SECCOMP_IOCTL_NOTIF_RECV);
SAME(seccomp_ioctl_notif_send, SECCOMP_IOCTL_NOTIF_SEND);
SAME(seccomp_ioctl_notif_id_valid, SECCOMP_IOCTL_NOTIF_ID_VALID);
SAME(seccomp_ioctl_notif_addfd, SECCOMP_IOCTL_NOTIF_ADDFD);
SAME(audit_arch_x86_64, AUDIT_ARCH_X86_64);
SAME(audit_arch_i386, AUDIT_ARCH_I386);
SAME(audit_arch_aarch64, AUDIT_ARCH_AARCH64);

SAME_SIZE(SeccompData, seccomp_data);
SAME_OFFSET(SeccompData, nr, seccomp_data, nr);
SAME_OFFSET(SeccompData, arch, seccomp_data, arch);
SAME_OFFSET(SeccompData, instruction_pointer, seccomp_data, instruction_pointer);
SAME_OFFSET(SeccompData, args, seccomp_data, args);
SAME_SIZE(SeccompNotifSizes, seccomp_notif_sizes);
SAME_OFFSET(SeccompNotifSizes, seccomp_notif, seccomp_notif_sizes, seccomp_notif);
SAME_OFFSET(SeccompNotifSizes, seccomp_notif_resp, seccomp_notif_sizes, seccomp_notif_resp);
SAME_OFFSET(SeccompNotifSizes, seccomp_data, seccomp_notif_sizes, seccomp_data);
SAME_SIZE(SeccompNotif, seccomp_notif);
SAME_OFFSET(SeccompNotif, id, seccomp_notif, id);
SAME_OFFSET(SeccompNotif, pid, seccomp_notif, pid);
SAME_OFFSET(SeccompNotif, flags, seccomp_notif, flags);
SAME_OFFSET(SeccompNotif, data, seccomp_notif, data);
SAME_SIZE(SeccompNotifResp, seccomp_notif_resp);
SAME_OFFSET(SeccompNotifResp, id, seccomp_notif_resp, id);
SAME_OFFSET(SeccompNotifResp, val, seccomp_notif_resp, val);
SAME_OFFSET(SeccompNotifResp, error, seccomp_notif_resp, error);
SAME_OFFSET(SeccompNotifResp, flags, seccomp_notif_resp, flags);
SAME_SIZE(SeccompNotifAddfd, seccomp_notif_addfd);
SAME_OFFSET(SeccompNotifAddfd, id, seccomp_notif_addfd, id);
SAME_OFFSET(SeccompNotifAddfd, flags, seccomp_notif_addfd, flags);
SAME_OFFSET(SeccompNotifAddfd, srcfd, seccomp_notif_addfd, srcfd);
SAME_OFFSET(SeccompNotifAddfd, newfd, seccomp_notif_addfd, newfd);
SAME_OFFSET(SeccompNotifAddfd, newfd_flags, seccomp_notif_addfd, newfd_flags);

}  // namespace limen::abi
