// Capabilities. Source: capabilities(7), capget(2); include/uapi/linux/{capability,securebits}.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// The number of each; a set has the bit of that number.
inline constexpr i32 cap_chown = 0;
inline constexpr i32 cap_dac_override = 1;
inline constexpr i32 cap_dac_read_search = 2;
inline constexpr i32 cap_fowner = 3;
inline constexpr i32 cap_fsetid = 4;
inline constexpr i32 cap_kill = 5;
inline constexpr i32 cap_setgid = 6;
inline constexpr i32 cap_setuid = 7;
inline constexpr i32 cap_setpcap = 8;
inline constexpr i32 cap_linux_immutable = 9;
inline constexpr i32 cap_net_bind_service = 10;
inline constexpr i32 cap_net_broadcast = 11;
inline constexpr i32 cap_net_admin = 12;
inline constexpr i32 cap_net_raw = 13;
inline constexpr i32 cap_ipc_lock = 14;
inline constexpr i32 cap_ipc_owner = 15;
inline constexpr i32 cap_sys_module = 16;
inline constexpr i32 cap_sys_rawio = 17;
inline constexpr i32 cap_sys_chroot = 18;
inline constexpr i32 cap_sys_ptrace = 19;
inline constexpr i32 cap_sys_pacct = 20;
inline constexpr i32 cap_sys_admin = 21;
inline constexpr i32 cap_sys_boot = 22;
inline constexpr i32 cap_sys_nice = 23;
inline constexpr i32 cap_sys_resource = 24;
inline constexpr i32 cap_sys_time = 25;
inline constexpr i32 cap_sys_tty_config = 26;
inline constexpr i32 cap_mknod = 27;
inline constexpr i32 cap_lease = 28;
inline constexpr i32 cap_audit_write = 29;
inline constexpr i32 cap_audit_control = 30;
inline constexpr i32 cap_setfcap = 31;
inline constexpr i32 cap_mac_override = 32;
inline constexpr i32 cap_mac_admin = 33;
inline constexpr i32 cap_syslog = 34;
inline constexpr i32 cap_wake_alarm = 35;
inline constexpr i32 cap_block_suspend = 36;
inline constexpr i32 cap_audit_read = 37;
inline constexpr i32 cap_perfmon = 38;
inline constexpr i32 cap_bpf = 39;
inline constexpr i32 cap_checkpoint_restore = 40;
inline constexpr i32 cap_last_cap = 40;

// CapHeader::version. From 2 on, two CapData hold the low and the high half of each set.
inline constexpr u32 linux_capability_version_1 = 0x19980330;
inline constexpr u32 linux_capability_version_2 = 0x20071026;
inline constexpr u32 linux_capability_version_3 = 0x20080522;

struct CapHeader {
  u32 version;
  i32 pid;
};

struct CapData {
  u32 effective;
  u32 permitted;
  u32 inheritable;
};

// PR_SET_SECUREBITS; the bit above each locks it.
inline constexpr u32 secbit_noroot = 1;
inline constexpr u32 secbit_noroot_locked = 2;
inline constexpr u32 secbit_no_setuid_fixup = 4;
inline constexpr u32 secbit_no_setuid_fixup_locked = 8;
inline constexpr u32 secbit_keep_caps = 0x10;
inline constexpr u32 secbit_keep_caps_locked = 0x20;
inline constexpr u32 secbit_no_cap_ambient_raise = 0x40;
inline constexpr u32 secbit_no_cap_ambient_raise_locked = 0x80;

// The value of security.capability on a file, little-endian.
inline constexpr u32 vfs_cap_revision_mask = 0xff000000;
inline constexpr u32 vfs_cap_revision_2 = 0x02000000;
inline constexpr u32 vfs_cap_revision_3 = 0x03000000;
inline constexpr u32 vfs_cap_flags_effective = 1;
inline constexpr usize vfs_cap_size_2 = 20;  // of revision 2, which has no rootid
struct VfsNsCapData {
  u32 magic_etc;
  struct {
    u32 permitted;
    u32 inheritable;
  } data[2];
  u32 rootid;  // revision 3 alone
};

}  // namespace limen::abi
