// The oracle of abi/capability.h: the host's own headers, compared by the compiler.
#include "abi/capability.h"

#include <linux/capability.h>
#include <linux/securebits.h>

#include "abi/same_test.h"

namespace limen::abi {

SAME(cap_chown, CAP_CHOWN);
SAME(cap_dac_override, CAP_DAC_OVERRIDE);
SAME(cap_dac_read_search, CAP_DAC_READ_SEARCH);
SAME(cap_fowner, CAP_FOWNER);
SAME(cap_fsetid, CAP_FSETID);
SAME(cap_kill, CAP_KILL);
SAME(cap_setgid, CAP_SETGID);
SAME(cap_setuid, CAP_SETUID);
SAME(cap_setpcap, CAP_SETPCAP);
SAME(cap_linux_immutable, CAP_LINUX_IMMUTABLE);
SAME(cap_net_bind_service, CAP_NET_BIND_SERVICE);
SAME(cap_net_broadcast, CAP_NET_BROADCAST);
SAME(cap_net_admin, CAP_NET_ADMIN);
SAME(cap_net_raw, CAP_NET_RAW);
SAME(cap_ipc_lock, CAP_IPC_LOCK);
SAME(cap_ipc_owner, CAP_IPC_OWNER);
SAME(cap_sys_module, CAP_SYS_MODULE);
SAME(cap_sys_rawio, CAP_SYS_RAWIO);
SAME(cap_sys_chroot, CAP_SYS_CHROOT);
SAME(cap_sys_ptrace, CAP_SYS_PTRACE);
SAME(cap_sys_pacct, CAP_SYS_PACCT);
SAME(cap_sys_admin, CAP_SYS_ADMIN);
SAME(cap_sys_boot, CAP_SYS_BOOT);
SAME(cap_sys_nice, CAP_SYS_NICE);
SAME(cap_sys_resource, CAP_SYS_RESOURCE);
SAME(cap_sys_time, CAP_SYS_TIME);
SAME(cap_sys_tty_config, CAP_SYS_TTY_CONFIG);
SAME(cap_mknod, CAP_MKNOD);
SAME(cap_lease, CAP_LEASE);
SAME(cap_audit_write, CAP_AUDIT_WRITE);
SAME(cap_audit_control, CAP_AUDIT_CONTROL);
SAME(cap_setfcap, CAP_SETFCAP);
SAME(cap_mac_override, CAP_MAC_OVERRIDE);
SAME(cap_mac_admin, CAP_MAC_ADMIN);
SAME(cap_syslog, CAP_SYSLOG);
SAME(cap_wake_alarm, CAP_WAKE_ALARM);
SAME(cap_block_suspend, CAP_BLOCK_SUSPEND);
SAME(cap_audit_read, CAP_AUDIT_READ);
SAME(cap_perfmon, CAP_PERFMON);
SAME(cap_bpf, CAP_BPF);
SAME(cap_checkpoint_restore, CAP_CHECKPOINT_RESTORE);
SAME(cap_last_cap, CAP_LAST_CAP);
SAME(linux_capability_version_1, _LINUX_CAPABILITY_VERSION_1);
SAME(linux_capability_version_2, _LINUX_CAPABILITY_VERSION_2);
SAME(linux_capability_version_3, _LINUX_CAPABILITY_VERSION_3);
SAME(secbit_noroot, SECBIT_NOROOT);
SAME(secbit_noroot_locked, SECBIT_NOROOT_LOCKED);
SAME(secbit_no_setuid_fixup, SECBIT_NO_SETUID_FIXUP);
SAME(secbit_no_setuid_fixup_locked, SECBIT_NO_SETUID_FIXUP_LOCKED);
SAME(secbit_keep_caps, SECBIT_KEEP_CAPS);
SAME(secbit_keep_caps_locked, SECBIT_KEEP_CAPS_LOCKED);
SAME(secbit_no_cap_ambient_raise, SECBIT_NO_CAP_AMBIENT_RAISE);
SAME(secbit_no_cap_ambient_raise_locked, SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);

SAME_SIZE(CapHeader, __user_cap_header_struct);
SAME_OFFSET(CapHeader, version, __user_cap_header_struct, version);
SAME_OFFSET(CapHeader, pid, __user_cap_header_struct, pid);
SAME_SIZE(CapData, __user_cap_data_struct);
SAME_OFFSET(CapData, effective, __user_cap_data_struct, effective);
SAME_OFFSET(CapData, permitted, __user_cap_data_struct, permitted);
SAME_OFFSET(CapData, inheritable, __user_cap_data_struct, inheritable);
SAME_SIZE(VfsNsCapData, vfs_ns_cap_data);
SAME_OFFSET(VfsNsCapData, magic_etc, vfs_ns_cap_data, magic_etc);
SAME_OFFSET(VfsNsCapData, data, vfs_ns_cap_data, data);
SAME_OFFSET(VfsNsCapData, rootid, vfs_ns_cap_data, rootid);

}  // namespace limen::abi
