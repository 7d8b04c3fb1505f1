#include "abi/fanotify.h"

#include <sys/fanotify.h>

#include "abi/same_test.h"

static_assert(sizeof(limen::abi::FanotifyEventMetadata) == sizeof(fanotify_event_metadata));
static_assert(sizeof(limen::abi::FanotifyResponse) == sizeof(fanotify_response));
static_assert(sizeof(limen::abi::FanotifyInfoHeader) == sizeof(fanotify_event_info_header));
SAME(fan_class_content, FAN_CLASS_CONTENT);
SAME(fan_class_pre_content, FAN_CLASS_PRE_CONTENT);
SAME(fan_unlimited_queue, FAN_UNLIMITED_QUEUE);
SAME(fan_unlimited_marks, FAN_UNLIMITED_MARKS);
SAME(fan_enable_audit, FAN_ENABLE_AUDIT);
SAME(fan_report_pidfd, FAN_REPORT_PIDFD);
SAME(fan_report_tid, FAN_REPORT_TID);
SAME(fan_report_fid, FAN_REPORT_FID);
SAME(fan_report_dir_fid, FAN_REPORT_DIR_FID);
SAME(fan_report_name, FAN_REPORT_NAME);
SAME(fan_report_target_fid, FAN_REPORT_TARGET_FID);
SAME(fan_mark_mount, FAN_MARK_MOUNT);
SAME(fan_mark_filesystem, FAN_MARK_FILESYSTEM);
SAME(fan_mark_ignored_mask, FAN_MARK_IGNORED_MASK);
SAME(fan_mark_ignored_surv_modify, FAN_MARK_IGNORED_SURV_MODIFY);
SAME(fan_mark_flush, FAN_MARK_FLUSH);
SAME(fan_mark_evictable, FAN_MARK_EVICTABLE);
SAME(fan_mark_ignore, FAN_MARK_IGNORE);
SAME(fan_open_exec, FAN_OPEN_EXEC);
SAME(fan_q_overflow, FAN_Q_OVERFLOW);
SAME(fan_fs_error, FAN_FS_ERROR);
SAME(fan_open_perm, FAN_OPEN_PERM);
SAME(fan_access_perm, FAN_ACCESS_PERM);
SAME(fan_open_exec_perm, FAN_OPEN_EXEC_PERM);
SAME(fan_event_on_child, FAN_EVENT_ON_CHILD);
SAME(fan_rename, FAN_RENAME);
SAME(fan_ondir, FAN_ONDIR);
SAME(in_access, FAN_ACCESS);
SAME(in_move_self, FAN_MOVE_SELF);
SAME(fan_event_info_type_fid, FAN_EVENT_INFO_TYPE_FID);
SAME(fan_event_info_type_dfid_name, FAN_EVENT_INFO_TYPE_DFID_NAME);
SAME(fan_event_info_type_dfid, FAN_EVENT_INFO_TYPE_DFID);
SAME(fan_event_info_type_pidfd, FAN_EVENT_INFO_TYPE_PIDFD);
SAME(fan_event_info_type_old_dfid_name, FAN_EVENT_INFO_TYPE_OLD_DFID_NAME);
SAME(fan_event_info_type_new_dfid_name, FAN_EVENT_INFO_TYPE_NEW_DFID_NAME);
SAME(fanotify_metadata_version, FANOTIFY_METADATA_VERSION);
SAME(fan_allow, FAN_ALLOW);
SAME(fan_deny, FAN_DENY);
SAME(fan_audit, FAN_AUDIT);
