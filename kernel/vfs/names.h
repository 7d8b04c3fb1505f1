// Making, removing and moving names: what mkdir(2), mknod(2), symlink(2), link(2), unlink(2), rmdir(2) and rename(2) share.
//
// Each takes the filesystem's rename_lock, so the checks (permission, sticky bit, what is there) hold for the change, tells the
// dentry cache, then inotify. They may block for a host call where the names are the host's (writable volumes).
// Errors are those of the man pages. Source: fs/namei.c (may_create, may_delete, vfs_*).
#pragma once

#include "kernel/vfs/path.h"

namespace limen {

class Task;

// A new inode of any type: `mode` is S_IF* and permissions before the umask. The owner and the setgid rule are decided here.
Result<Path> make_name(Task& task, const ParentAndName& where, u32 mode, Device rdev = {},
                       std::string_view symlink = {});
Result<void> link_name(Task& task, const Path& what, const ParentAndName& where);
Result<void> unlink_name(Task& task, const ParentAndName& where);
Result<void> rmdir_name(Task& task, const ParentAndName& where);
Result<void> rename_name(Task& task, const ParentAndName& from, const ParentAndName& to, u32 flags);

// What a new inode in `parent`, which has these attributes, starts with. Linux: inode_init_owner, posix_acl_create.
NewInode new_inode_in(Task& task, Inode& parent, const Attributes& directory, u32 mode);

// chmod(2), chown(2), utimensat(2), truncate(2) with their permission checks; `change.mode` may hold all of 07777.
// Linux: fs/attr.c:setattr_prepare, notify_change.
struct TimesChange {
  enum class Kind : u8 { omit, now, set };
  Kind atime_kind = Kind::now, mtime_kind = Kind::now;
  TimeStamp atime, mtime;
};
Result<void> change_mode(Task& task, const Path& path, u32 mode);
Result<void> change_owner(Task& task, const Path& path, Uid uid, Gid gid);  // ~0 leaves one as it is
Result<void> change_times(Task& task, const Path& path, const TimesChange& times, bool may_by_write);
Result<void> change_size(Task& task, const Path& path, u64 size);  // permission was checked
// Before a write: file capabilities go and, where the writer has no CAP_FSETID, the setuid and setgid bits. Linux: file_remove_privs.
void drop_privileged_bits(Task& task, Inode& inode);
TimeStamp current_time(Task& task);

}  // namespace limen
