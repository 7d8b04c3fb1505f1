// fanotify(7). Source: fanotify_init(2), fanotify_mark(2); include/uapi/linux/fanotify.h.
#pragma once

#include "abi/poll.h"
#include "base/types.h"

namespace limen::abi {

// fanotify_init(2)
inline constexpr u32 fan_cloexec = 1;
inline constexpr u32 fan_nonblock = 2;
inline constexpr u32 fan_class_content = 4;
inline constexpr u32 fan_class_pre_content = 8;
inline constexpr u32 fan_unlimited_queue = 0x10;
inline constexpr u32 fan_unlimited_marks = 0x20;
inline constexpr u32 fan_enable_audit = 0x40;
inline constexpr u32 fan_report_pidfd = 0x80;
inline constexpr u32 fan_report_tid = 0x100;
inline constexpr u32 fan_report_fid = 0x200;
inline constexpr u32 fan_report_dir_fid = 0x400;
inline constexpr u32 fan_report_name = 0x800;
inline constexpr u32 fan_report_target_fid = 0x1000;
inline constexpr u32 fan_report_fd_error = 0x2000;
inline constexpr u32 fan_report_mnt = 0x4000;

// fanotify_mark(2)
inline constexpr u32 fan_mark_add = 1;
inline constexpr u32 fan_mark_remove = 2;
inline constexpr u32 fan_mark_dont_follow = 4;
inline constexpr u32 fan_mark_onlydir = 8;
inline constexpr u32 fan_mark_mount = 0x10;
inline constexpr u32 fan_mark_ignored_mask = 0x20;
inline constexpr u32 fan_mark_ignored_surv_modify = 0x40;
inline constexpr u32 fan_mark_flush = 0x80;
inline constexpr u32 fan_mark_filesystem = 0x100;
inline constexpr u32 fan_mark_mntns = 0x110;
inline constexpr u32 fan_mark_evictable = 0x200;
inline constexpr u32 fan_mark_ignore = 0x400;

// Events. The low ones are those of inotify(7): in_access to in_move_self.
inline constexpr u32 fan_open_exec = 0x1000;
inline constexpr u32 fan_q_overflow = 0x4000;
inline constexpr u32 fan_fs_error = 0x8000;
inline constexpr u32 fan_open_perm = 0x10000;
inline constexpr u32 fan_access_perm = 0x20000;
inline constexpr u32 fan_open_exec_perm = 0x40000;
inline constexpr u32 fan_pre_access = 0x100000;
inline constexpr u32 fan_mnt_attach = 0x1000000;
inline constexpr u32 fan_mnt_detach = 0x2000000;
inline constexpr u32 fan_event_on_child = 0x8000000;
inline constexpr u32 fan_rename = 0x10000000;
inline constexpr u32 fan_ondir = 0x40000000;

struct FanotifyEventMetadata {
  u32 event_len;
  u8 vers;
  u8 reserved;
  u16 metadata_len;
  u64 mask;
  i32 fd;
  i32 pid;
};
static_assert(sizeof(FanotifyEventMetadata) == 24);
inline constexpr u8 fanotify_metadata_version = 3;
inline constexpr i32 fan_nofd = -1;
inline constexpr i32 fan_nopidfd = -1;
inline constexpr i32 fan_epidfd = -2;

struct FanotifyInfoHeader {
  u8 info_type;
  u8 pad;
  u16 len;
};
inline constexpr u8 fan_event_info_type_fid = 1;
inline constexpr u8 fan_event_info_type_dfid_name = 2;
inline constexpr u8 fan_event_info_type_dfid = 3;
inline constexpr u8 fan_event_info_type_pidfd = 4;
inline constexpr u8 fan_event_info_type_old_dfid_name = 10;
inline constexpr u8 fan_event_info_type_new_dfid_name = 12;

// Written to the group's descriptor.
struct FanotifyResponse {
  i32 fd;
  u32 response;
};
inline constexpr u32 fan_allow = 1;
inline constexpr u32 fan_deny = 2;
inline constexpr u32 fan_audit = 0x10;
inline constexpr u32 fan_info = 0x20;

}  // namespace limen::abi
