// landlock(7). Source: include/uapi/linux/landlock.h.
#pragma once

#include "base/types.h"

namespace limen::abi {

// landlock_create_ruleset(2): flags that ask
inline constexpr u32 landlock_create_ruleset_version = 1;
inline constexpr u32 landlock_create_ruleset_errata = 2;

// landlock_restrict_self(2): what is logged
inline constexpr u32 landlock_restrict_self_log_same_exec_off = 1;
inline constexpr u32 landlock_restrict_self_log_new_exec_on = 2;
inline constexpr u32 landlock_restrict_self_log_subdomains_off = 4;

struct LandlockRulesetAttr {
  u64 handled_access_fs = 0, handled_access_net = 0, scoped = 0;
};

// landlock_add_rule(2)
inline constexpr i32 landlock_rule_path_beneath = 1;
inline constexpr i32 landlock_rule_net_port = 2;

struct [[gnu::packed]] LandlockPathBeneathAttr {
  u64 allowed_access = 0;
  i32 parent_fd = 0;
};

struct LandlockNetPortAttr {
  u64 allowed_access = 0, port = 0;
};

inline constexpr u64 landlock_access_fs_execute = 1 << 0;
inline constexpr u64 landlock_access_fs_write_file = 1 << 1;
inline constexpr u64 landlock_access_fs_read_file = 1 << 2;
inline constexpr u64 landlock_access_fs_read_dir = 1 << 3;
inline constexpr u64 landlock_access_fs_remove_dir = 1 << 4;
inline constexpr u64 landlock_access_fs_remove_file = 1 << 5;
inline constexpr u64 landlock_access_fs_make_char = 1 << 6;
inline constexpr u64 landlock_access_fs_make_dir = 1 << 7;
inline constexpr u64 landlock_access_fs_make_reg = 1 << 8;
inline constexpr u64 landlock_access_fs_make_sock = 1 << 9;
inline constexpr u64 landlock_access_fs_make_fifo = 1 << 10;
inline constexpr u64 landlock_access_fs_make_block = 1 << 11;
inline constexpr u64 landlock_access_fs_make_sym = 1 << 12;
inline constexpr u64 landlock_access_fs_refer = 1 << 13;
inline constexpr u64 landlock_access_fs_truncate = 1 << 14;
inline constexpr u64 landlock_access_fs_ioctl_dev = 1 << 15;

inline constexpr u64 landlock_access_net_bind_tcp = 1 << 0;
inline constexpr u64 landlock_access_net_connect_tcp = 1 << 1;

inline constexpr u64 landlock_scope_abstract_unix_socket = 1 << 0;
inline constexpr u64 landlock_scope_signal = 1 << 1;

}  // namespace limen::abi
