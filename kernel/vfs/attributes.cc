// What stat(2) tells; changes of attributes with their rules: chmod(2), chown(2), utimensat(2). Source: fs/attr.c.
#include "abi/fcntl.h"
#include "abi/poll.h"
#include "abi/stat.h"
#include "abi/x86_64/stat.h"
#include "abi/xattr.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/names.h"
#include "kernel/vfs/notify.h"

namespace limen {
namespace {

u64 encoded(Device d) { return abi::make_dev(d.major, d.minor); }

abi::TimeSpec timespec_of(TimeStamp t) { return {t.sec, static_cast<i64>(t.nsec)}; }

}  // namespace

abi::Stat encode_stat(const Credentials& reader, const Attributes& a) {
  abi::Stat s{};
  s.st_dev = encoded(a.device), s.st_ino = a.inode, s.st_nlink = a.links, s.st_mode = a.mode;
  s.st_uid = reader.seen(a.uid), s.st_gid = reader.seen(a.gid), s.st_rdev = encoded(a.rdev);
  s.st_size = static_cast<i64>(a.size), s.st_blksize = static_cast<i64>(a.block_size);
  s.st_blocks = static_cast<i64>(a.blocks);
  s.st_atim = timespec_of(a.atime), s.st_mtim = timespec_of(a.mtime), s.st_ctim = timespec_of(a.ctime);
  return s;
}

void AttributeChange::apply_to(Attributes& attributes) const {
  if (mode) attributes.mode = (attributes.mode & abi::s_ifmt) | (*mode & 07777);
  if (uid) attributes.uid = *uid;
  if (gid) attributes.gid = *gid;
  if (atime) attributes.atime = *atime;
  if (mtime) attributes.mtime = *mtime;
}

Result<void> change_mode(Task& task, const Path& path, u32 mode) {
  TRY(want_write(path));
  const Attributes attributes = TRY(path.inode().attributes());
  const Credentials& creds = task.credentials();
  if (attributes.is_symlink()) return Errno::eopnotsupp;
  if (!is_owner_or_capable(creds, attributes)) return Errno::eperm;
  mode &= 07777;
  if (!creds.in_group(attributes.gid) && !creds.capable_over(attributes.uid, attributes.gid, Capability::fsetid))
    mode &= ~abi::s_isgid;
  AttributeChange change;
  change.mode = mode;
  TRY(path.inode().change(change));
  notify_inode(path, abi::in_attrib);
  return success;
}

Result<void> change_owner(Task& task, const Path& path, Uid uid, Gid gid) {
  if (uid.raw() != ~0u) uid = TRY(task.credentials().kernel_id(uid));
  if (gid.raw() != ~0u) gid = TRY(task.credentials().kernel_id(gid));
  TRY(want_write(path));
  const Attributes attributes = TRY(path.inode().attributes());
  const Credentials& creds = task.credentials();
  AttributeChange change;
  if (uid.raw() != ~0u) change.uid = uid;
  if (gid.raw() != ~0u) change.gid = gid;
  const bool is_owner = creds.fsuid == attributes.uid;
  const bool may_chown = creds.capable_over(attributes.uid, attributes.gid, Capability::chown);
  if (change.uid && !(is_owner && uid == attributes.uid) && !may_chown) return Errno::eperm;
  if (change.gid && !(is_owner && (creds.in_group(gid) || gid == attributes.gid)) && !may_chown) return Errno::eperm;
  if (!attributes.is_directory()) {
    u32 mode = attributes.mode & 07777;
    mode &= ~abi::s_isuid;
    if ((mode & abi::s_ixgrp) != 0 ||
        (!creds.in_group(attributes.gid) && !creds.capable_over(attributes.uid, attributes.gid, Capability::fsetid))) {
      mode &= ~abi::s_isgid;
    }
    if (mode != (attributes.mode & 07777)) change.mode = mode;
    (void)path.inode().remove_xattr(abi::xattr_capability_name).ok();
  }
  TRY(path.inode().change(change));
  notify_inode(path, abi::in_attrib);
  return success;
}

Result<void> change_times(Task& task, const Path& path, const TimesChange& times, bool may_by_write) {
  using Kind = TimesChange::Kind;
  if (times.atime_kind == Kind::omit && times.mtime_kind == Kind::omit) return success;
  TRY(want_write(path));
  const Attributes attributes = TRY(path.inode().attributes());
  const Credentials& creds = task.credentials();
  if (!is_owner_or_capable(creds, attributes)) {
    const bool both_now = times.atime_kind == Kind::now && times.mtime_kind == Kind::now;
    if (!both_now || !may_by_write) return Errno::eperm;
    TRY(check_permission(creds, path.inode(), attributes, 2));
  }
  const TimeStamp now = current_time(task);
  AttributeChange change;
  if (times.atime_kind != Kind::omit) change.atime = times.atime_kind == Kind::now ? now : times.atime;
  if (times.mtime_kind != Kind::omit) change.mtime = times.mtime_kind == Kind::now ? now : times.mtime;
  TRY(path.inode().change(change));
  // Linux: fsnotify_change: one time alone looks like a read or a write.
  const bool both = change.atime && change.mtime;
  notify_inode(path, both ? abi::in_attrib : change.atime ? abi::in_access : abi::in_modify);
  return success;
}

void drop_privileged_bits(Task& task, Inode& inode) {
  const Result<Attributes> attributes = inode.recent_attributes();
  if (!attributes.ok() || !attributes->is_regular()) return;
  (void)inode.remove_xattr(abi::xattr_capability_name).ok();
  u32 mode = attributes->mode & 07777;
  if ((mode & (abi::s_isuid | abi::s_isgid)) == 0 ||
      task.credentials().capable_over(attributes->uid, attributes->gid, Capability::fsetid))
    return;
  mode &= ~abi::s_isuid;
  if ((mode & abi::s_ixgrp) != 0) mode &= ~abi::s_isgid;
  if (mode == (attributes->mode & 07777)) return;
  AttributeChange change;
  change.mode = mode;
  (void)inode.change(change).ok();
}

Result<void> change_size(Task& task, const Path& path, u64 size) {
  AttributeChange change;
  change.size = size;
  TRY(path.inode().change(change));
  drop_privileged_bits(task, path.inode());
  notify_inode(path, abi::in_modify);
  return success;
}

}  // namespace limen
