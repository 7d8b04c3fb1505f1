#include "kernel/vfs/names.h"

#include "abi/fcntl.h"
#include "abi/poll.h"
#include "kernel/kernel.h"
#include "kernel/landlock/access.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/notify.h"

namespace limen {
namespace {

u32 directory_bit(const Attributes& attributes) { return attributes.is_directory() ? abi::in_isdir : 0; }

// May a name be made in this directory? Linux: may_create; a removed directory takes no names.
Result<Attributes> may_create(Task& task, const Path& directory) {
  const Attributes attributes = TRY(directory.inode().recent_attributes());
  if (!attributes.is_directory()) return Errno::enotdir;
  if (directory.dentry->is_deleted() || directory.inode().names_are_fixed()) return Errno::enoent;
  TRY(check_permission(task.credentials(), directory.inode(), attributes, 3));
  return attributes;
}

enum class Victim : u8 { directory, other };

// Linux: may_delete.
Result<void> may_delete(Task& task, const Path& directory, const Dentry& child, Victim expected) {
  const Attributes parent = TRY(directory.inode().recent_attributes());
  TRY(check_permission(task.credentials(), directory.inode(), parent, 3));
  const Attributes victim = TRY(child.inode()->recent_attributes());
  const Credentials& creds = task.credentials();
  if ((parent.mode & abi::s_isvtx) != 0 && creds.fsuid != victim.uid && creds.fsuid != parent.uid &&
      !creds.capable_over(victim.uid, victim.gid, Capability::fowner)) {
    return Errno::eperm;
  }
  if (expected == Victim::directory && !victim.is_directory()) return Errno::enotdir;
  if (expected == Victim::other && victim.is_directory()) return Errno::eisdir;
  if (directory.dentry->is_deleted()) return Errno::enoent;
  if (child.is_mountpoint()) return Errno::ebusy;
  return success;
}

}  // namespace

// A default list takes the place of the umask. Linux: posix_acl_create.
static void hand_down(Inode& parent, u32 umask, u32& mode, NewInode& what) {
  const Result<Ref<const Acl>> list = parent.acl(AclKind::inherited);
  if (!list.ok() || !*list) {
    mode &= ~umask;
    return;
  }
  if (abi::s_isdir(mode)) what.inherited = *list;
  Ref<const Acl> access = (*list)->handed_down(mode);
  if (access->says_more()) what.access = std::move(access);
}

TimeStamp current_time(Task& task) { return TimeStamp::from_ns(task.clock().realtime_ns()); }

NewInode new_inode_in(Task& task, Inode& parent, const Attributes& directory, u32 mode) {
  const Credentials& creds = task.credentials();
  NewInode what;
  what.uid = creds.fsuid;
  what.gid = creds.fsgid;
  if (!abi::s_islnk(mode)) hand_down(parent, task.fs().umask(), mode, what);
  if ((directory.mode & abi::s_isgid) != 0) {
    what.gid = directory.gid;
    if (abi::s_isdir(mode)) {
      mode |= abi::s_isgid;
    } else if ((mode & (abi::s_isgid | abi::s_ixgrp)) == (abi::s_isgid | abi::s_ixgrp) &&
               !creds.in_group(directory.gid) &&
               !creds.capable_over(directory.uid, directory.gid, Capability::fsetid)) {
      mode &= ~abi::s_isgid;
    }
  }
  what.mode = mode;
  return what;
}

Result<Path> make_name(Task& task, const ParentAndName& where, u32 mode, Device rdev, std::string_view symlink) {
  // Linux: filename_create: what exists is EEXIST before anything else is judged.
  if (where.special) return Errno::eexist;
  const bool is_directory = abi::s_isdir(mode);
  const landlock::Standing standing = landlock::standing_in(task, where.parent);
  Filesystem& fs = where.parent.inode().filesystem();
  MutexGuard guard(fs.rename_lock);
  const Result<Ref<Dentry>> there = DentryCache::lookup(where.parent.dentry, where.name);
  if (there.ok()) return Errno::eexist;
  if (!there.is(Errno::enoent)) return there.error();
  if (where.trailing_slash && !is_directory) return Errno::enoent;
  TRY(want_write(where.parent));
  TRY(landlock::may_make(standing, mode));
  const Attributes directory = TRY(may_create(task, where.parent));
  NewInode what = new_inode_in(task, where.parent.inode(), directory, mode);
  what.rdev = rdev;
  what.symlink = symlink;
  Ref<Inode> inode = TRY(where.parent.inode().create(where.name, what));
  Ref<Dentry> dentry = DentryCache::attach(where.parent.dentry, where.name, std::move(inode));
  notify_name(where.parent.dentry, where.name, {dentry->inode(), dentry},
              abi::in_create | (is_directory ? abi::in_isdir : 0));
  return Path(where.parent.mount, std::move(dentry));
}

Result<void> link_name(Task& task, const Path& what, const ParentAndName& where) {
  if (where.special) return Errno::eexist;
  if (what.mount != where.parent.mount) return Errno::exdev;
  const Attributes target = TRY(what.inode().attributes());
  const Credentials& creds = task.credentials();
  const Ref<Dentry> above = what.dentry->parent();
  const landlock::Standing from = landlock::standing_in(task, above ? Path(what.mount, above) : what);
  const landlock::Standing to = landlock::standing_in(task, where.parent);
  Filesystem& fs = where.parent.inode().filesystem();
  MutexGuard guard(fs.rename_lock);
  const Result<Ref<Dentry>> there = DentryCache::lookup(where.parent.dentry, where.name);
  if (there.ok()) return Errno::eexist;
  if (!there.is(Errno::enoent)) return there.error();
  if (where.trailing_slash) return Errno::enoent;
  TRY(want_write(where.parent));
  // Linux: may_linkat.
  if (task.kernel().settings().protected_hardlinks.on() && !is_owner_or_capable(creds, target)) {
    const bool safe = target.is_regular() && (target.mode & abi::s_isuid) == 0 &&
                      (target.mode & (abi::s_isgid | abi::s_ixgrp)) != (abi::s_isgid | abi::s_ixgrp) &&
                      check_permission(creds, what.inode(), target, 6).ok();
    if (!safe && target.uid != creds.fsuid) return Errno::eperm;
  }
  TRY(landlock::may_refer(
      {.from = from, .to = to, .same_directory = above == where.parent.dentry, .moved = *what.dentry}));
  TRY(may_create(task, where.parent));
  if (target.is_directory()) return Errno::eperm;
  TRY(where.parent.inode().link(where.name, what.inode()));
  const Ref<Dentry> made = DentryCache::attach(where.parent.dentry, where.name, what.dentry->inode());
  notify_self(what.dentry, abi::in_attrib);
  notify_name(where.parent.dentry, where.name, {made->inode(), made}, abi::in_create);
  return success;
}

Result<void> unlink_name(Task& task, const ParentAndName& where) {
  if (where.special) return Errno::eisdir;
  TRY(want_write(where.parent));
  const landlock::Standing standing = landlock::standing_in(task, where.parent);
  Ref<Dentry> child;
  {
    MutexGuard guard(where.parent.inode().filesystem().rename_lock);
    child = TRY(DentryCache::lookup(where.parent.dentry, where.name));
    if (where.trailing_slash) {
      const Attributes attributes = TRY(child->inode()->recent_attributes());
      return attributes.is_directory() ? Errno::eisdir : Errno::enotdir;
    }
    TRY(landlock::may_remove(standing, *child));
    TRY(may_delete(task, where.parent, *child, Victim::other));
    TRY(where.parent.inode().unlink(where.name));
    DentryCache::removed(*where.parent.dentry, *child);
  }
  notify_self(child, abi::in_attrib);
  const Ref<Inode> inode = child->inode();
  child.reset();  // where nobody uses the file: IN_DELETE_SELF
  notify_name(where.parent.dentry, where.name, {inode, nullptr}, abi::in_delete);
  return success;
}

Result<void> rmdir_name(Task& task, const ParentAndName& where) {
  if (where.special) {
    if (where.name == ".") return Errno::einval;
    return where.name == ".." ? Errno::enotempty : Errno::ebusy;
  }
  TRY(want_write(where.parent));
  const landlock::Standing standing = landlock::standing_in(task, where.parent);
  Ref<Dentry> child;
  {
    MutexGuard guard(where.parent.inode().filesystem().rename_lock);
    child = TRY(DentryCache::lookup(where.parent.dentry, where.name));
    TRY(landlock::may_remove(standing, *child));
    TRY(may_delete(task, where.parent, *child, Victim::directory));
    TRY(where.parent.inode().rmdir(where.name));
    DentryCache::removed(*where.parent.dentry, *child);
  }
  const Ref<Inode> inode = child->inode();
  child.reset();
  notify_name(where.parent.dentry, where.name, {inode, nullptr}, abi::in_delete | abi::in_isdir);
  return success;
}

namespace {

// How the task stands to both directories.
struct Standings {
  landlock::Standing from, to;
};

// The checks of rename(2) once both names are known. Linux: do_renameat2, vfs_rename.
Result<void> may_rename(Task& task, const ParentAndName& from, const Dentry& source, const ParentAndName& to,
                        const Ref<Dentry>& target, u32 flags, const Standings& standings) {
  const Attributes moved = TRY(source.inode()->recent_attributes());
  const bool exchanges = (flags & abi::rename_exchange) != 0;
  if (target && (flags & abi::rename_noreplace) != 0) return Errno::eexist;
  if (exchanges) {
    if (!target) return Errno::enoent;
    const Attributes other = TRY(target->inode()->recent_attributes());
    if (to.trailing_slash && !other.is_directory()) return Errno::enotdir;
  }
  if (!moved.is_directory() && (from.trailing_slash || (!exchanges && to.trailing_slash))) return Errno::enotdir;
  if (is_same_or_beneath(to.parent.dentry, source)) return Errno::einval;
  if (target && is_same_or_beneath(from.parent.dentry, *target)) return exchanges ? Errno::einval : Errno::enotempty;
  TRY(landlock::may_refer({.from = standings.from,
                           .to = standings.to,
                           .same_directory = from.parent.dentry == to.parent.dentry,
                           .moved = source,
                           .replaced = target.get(),
                           .removes = true,
                           .exchanges = exchanges}));
  TRY(may_delete(task, from.parent, source, moved.is_directory() ? Victim::directory : Victim::other));
  if (!target) {
    TRY(may_create(task, to.parent));
  } else if (exchanges) {
    const Attributes other = TRY(target->inode()->recent_attributes());
    TRY(may_delete(task, to.parent, *target, other.is_directory() ? Victim::directory : Victim::other));
  } else {
    TRY(may_delete(task, to.parent, *target, moved.is_directory() ? Victim::directory : Victim::other));
  }
  // A directory that gets another parent has its ".." written.
  if (moved.is_directory() && from.parent.dentry != to.parent.dentry)
    TRY(check_permission(task.credentials(), *source.inode(), moved, 2));
  return success;
}

// Linux: fsnotify_move.
void tell_move(const ParentAndName& from, const ParentAndName& to, const Ref<Dentry>& moved, u32 directory,
               const Ref<Dentry>& replaced) {
  const u32 cookie = next_move_cookie();
  notify_rename(moved, {from.parent.dentry, from.name}, {to.parent.dentry, to.name}, directory);
  notify_name(from.parent.dentry, from.name, {moved->inode(), moved}, abi::in_moved_from | directory, cookie);
  notify_name(to.parent.dentry, to.name, {moved->inode(), moved}, abi::in_moved_to | directory, cookie);
  if (replaced) notify_self(replaced, abi::in_attrib);
  notify_self(moved, abi::in_move_self);
}

}  // namespace

Result<void> rename_name(Task& task, const ParentAndName& from, const ParentAndName& to, u32 flags) {
  if ((flags & ~(abi::rename_noreplace | abi::rename_exchange | abi::rename_whiteout)) != 0) return Errno::einval;
  if ((flags & (abi::rename_noreplace | abi::rename_whiteout)) != 0 && (flags & abi::rename_exchange) != 0)
    return Errno::einval;
  if (from.parent.mount != to.parent.mount) return Errno::exdev;
  if (from.special) return Errno::ebusy;
  if (to.special) return (flags & abi::rename_noreplace) != 0 ? Errno::eexist : Errno::ebusy;
  TRY(want_write(from.parent));
  const Standings standings{landlock::standing_in(task, from.parent), landlock::standing_in(task, to.parent)};
  Ref<Dentry> source, target;
  Attributes moved;
  {
    MutexGuard guard(from.parent.inode().filesystem().rename_lock);
    source = TRY(DentryCache::lookup(from.parent.dentry, from.name));
    Result<Ref<Dentry>> there = DentryCache::lookup(to.parent.dentry, to.name);
    if (there.ok())
      target = std::move(*there);
    else if (!there.is(Errno::enoent))
      return there.error();
    TRY(may_rename(task, from, *source, to, target, flags, standings));
    if (target && target->inode() == source->inode()) return success;  // two names of one file: nothing happens
    moved = TRY(source->inode()->recent_attributes());
    TRY(from.parent.inode().rename(from.name, to.parent.inode(), to.name, flags));
    if ((flags & abi::rename_exchange) != 0) {
      DentryCache::exchanged(source, target);
    } else {
      if (target) DentryCache::removed(*to.parent.dentry, *target);
      DentryCache::moved(source, to.parent.dentry, to.name);
    }
  }
  const bool exchanged = (flags & abi::rename_exchange) != 0;
  tell_move(from, to, source, directory_bit(moved), exchanged ? Ref<Dentry>() : target);
  if (exchanged) {
    const Attributes other = target->inode()->recent_attributes().value_or(Attributes{});
    tell_move(to, from, target, directory_bit(other), nullptr);
  }
  return success;
}

}  // namespace limen
