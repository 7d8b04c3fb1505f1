// open(2). Source: fs/open.c:build_open_flags, fs/namei.c:path_openat, do_open, may_open.
#include "abi/fanotify.h"
#include "abi/fcntl.h"
#include "abi/landlock.h"
#include "kernel/fs/tmpfs/memory_fs.h"
#include "kernel/kernel.h"
#include "kernel/landlock/access.h"
#include "kernel/mm/page_store.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/leases.h"
#include "kernel/vfs/namei.h"
#include "kernel/vfs/names.h"
#include "kernel/vfs/notify.h"

namespace limen {
namespace {

// O_PATH: a place in the tree and nothing more.
class PathOnlyFile final : public File {
 public:
  PathOnlyFile(Path path, u32 flags) : File(std::move(path), flags) {}
  bool seekable() const override { return false; }
  PollEvents poll(PollTable*) override { return kPollNval; }
};

constexpr u32 kTmpfileBit = abi::o_tmpfile & ~abi::o_directory;

bool is_tmpfile(u32 flags) { return (flags & kTmpfileBit) != 0; }

Result<u32> checked_flags(u32 flags) {
  if ((flags & abi::o_path) != 0) {
    return flags & (abi::o_path | abi::o_directory | abi::o_nofollow | abi::o_cloexec);
  }
  if (is_tmpfile(flags)) {
    if ((flags & abi::o_tmpfile) != abi::o_tmpfile || (flags & abi::o_creat) != 0) return Errno::einval;
    if ((flags & abi::o_accmode) == abi::o_rdonly) return Errno::einval;
  } else if ((flags & abi::o_creat) != 0 && (flags & abi::o_directory) != 0) {
    return Errno::einval;
  }
  return flags;
}

// What the access mode asks of the inode: ACC_MODE.
u32 wanted_access(u32 flags) {
  constexpr u32 kByMode[] = {4, 2, 6, 6};
  return kByMode[flags & abi::o_accmode] | ((flags & abi::o_trunc) != 0 ? 2 : 0);
}

// Linux: may_open.
Result<void> may_open(Task& task, const Path& path, const Attributes& attributes, u32 flags) {
  const u32 want = wanted_access(flags);
  switch (attributes.type()) {
    case abi::s_iflnk:
      return Errno::eloop;
    case abi::s_ifdir:
      if ((want & 2) != 0) return Errno::eisdir;
      break;
    case abi::s_ifchr:
    case abi::s_ifblk:
      if ((path.mount->flags() & kMountNoDev) != 0) return Errno::eacces;
      break;
    default:
      break;
  }
  TRY(check_permission(task, path, want));
  if ((flags & abi::o_noatime) != 0 && !is_owner_or_capable(task.credentials(), attributes)) return Errno::eperm;
  return success;
}

// Counted as an opening before anybody's lease is looked at, so that a lease and an opening always see one another.
class Opening {
 public:
  static Result<Opening> of(Inode& inode, u32 flags, bool is_regular) {
    if (!is_regular) return Opening(nullptr, false);
    const bool writes = (flags & abi::o_accmode) != abi::o_rdonly;
    if (writes)
      TRY(inode.add_writer());
    else
      inode.add_reader();
    return Opening(&inode, writes);
  }
  ~Opening() {
    if (inode_ != nullptr) writes_ ? inode_->remove_writer() : inode_->remove_reader();
  }
  Opening(Opening&& other) noexcept : inode_(std::exchange(other.inode_, nullptr)), writes_(other.writes_) {}
  Opening& operator=(Opening&&) = delete;
  void keep_for(File& file) {
    if (std::exchange(inode_, nullptr) != nullptr) file.set_counted();
  }

 private:
  Opening(Inode* inode, bool writes) : inode_(inode), writes_(writes) {}
  Inode* inode_;
  bool writes_;
};

Result<Ref<File>> open_inode(Task& task, const Path& path, u32 flags, bool is_regular, u64 refused) {
  Opening opening = TRY(Opening::of(path.inode(), flags, is_regular));
  TRY(ask_listeners(task, path, abi::fan_open_perm));
  if (is_regular) TRY(break_leases(task, path.inode(), flags));
  // O_LARGEFILE is what every 64-bit caller has.
  Ref<File> file = TRY(path.inode().open(task, path, flags | abi::o_largefile));
  if ((flags & abi::o_direct) != 0 && !file->can_be_direct()) return Errno::einval;
  file->refuse(refused);
  opening.keep_for(*file);
  notify_inode(path, abi::in_open);
  return file;
}

// fs.protected_regular, fs.protected_fifos: O_CREAT opens no other's file in a sticky directory that all may write; at 2, or its group.
// Linux: may_create_in_sticky.
Result<void> may_create_in_sticky(Task& task, const Path& directory, const Attributes& found) {
  const SystemSettings& set = task.kernel().settings();
  const u64 rule = found.is_regular()             ? set.protected_regular.get()
                   : found.type() == abi::s_ififo ? set.protected_fifos.get()
                                                  : 0;
  if (rule == 0 || !directory) return success;
  const Attributes parent = TRY(directory.inode().recent_attributes());
  if ((parent.mode & abi::s_isvtx) == 0 || found.uid == parent.uid || found.uid == task.credentials().fsuid)
    return success;
  const bool group_too = rule >= 2 && (parent.mode & abi::s_iwgrp) != 0;
  return (parent.mode & abi::s_iwoth) != 0 || group_too ? Result<void>(Errno::eacces) : success;
}

Result<Ref<File>> open_existing(Task& task, const Path& directory, const Path& path, u32 flags) {
  const Attributes attributes = TRY(path.inode().recent_attributes());
  if ((flags & abi::o_creat) != 0) {
    if ((flags & abi::o_excl) != 0) return Errno::eexist;
    if (attributes.is_directory()) return Errno::eisdir;
    TRY(may_create_in_sticky(task, directory, attributes));
  }
  if ((flags & abi::o_directory) != 0 && !attributes.is_directory()) return Errno::enotdir;
  TRY(may_open(task, path, attributes, flags));
  const bool truncates = (flags & abi::o_trunc) != 0 && attributes.is_regular();
  if (truncates) TRY(want_write(path));
  const u64 refused = TRY(landlock::may_open(task, path, attributes, flags));
  Ref<File> file = TRY(open_inode(task, path, flags, attributes.is_regular(), refused));
  if (truncates) {
    const Opening writer = TRY(Opening::of(path.inode(), abi::o_wronly, true));  // however it is opened
    if ((refused & abi::landlock_access_fs_truncate) != 0) return Errno::eacces;
    TRY(change_size(task, path, 0));
  }
  return file;
}

Result<Ref<File>> open_unnamed(Task& task, const Path& directory, u32 flags, u32 mode) {
  TRY(want_write(directory));
  TRY(check_permission(task, directory, 3));
  const Attributes attributes = TRY(directory.inode().recent_attributes());
  const NewInode what = new_inode_in(task, directory.inode(), attributes, abi::s_ifreg | (mode & 07777));
  Ref<Inode> inode = TRY(directory.inode().create_unnamed(what));
  if (auto* node = dynamic_cast<MemoryInode*>(inode.get()); node != nullptr && (flags & abi::o_excl) != 0)
    node->forbid_links();
  const Attributes made = TRY(inode->attributes());
  Ref<Dentry> dentry = make_ref<Dentry>(directory.dentry, "#" + std::to_string(made.inode), std::move(inode));
  dentry->set_deleted();
  const Path place(directory.mount, std::move(dentry));
  const u64 refused = TRY(landlock::may_open(task, place, made, flags));
  return open_inode(task, place, flags & ~abi::o_tmpfile, true, refused);
}

}  // namespace

Result<Ref<File>> open_place(Task& task, const Path& place, u32 raw_flags, u32 mode) {
  const u32 flags = TRY(checked_flags(raw_flags));
  if ((flags & abi::o_path) == 0) {
    return is_tmpfile(flags) ? open_unnamed(task, place, flags, mode) : open_existing(task, Path(), place, flags);
  }
  const Attributes attributes = TRY(place.inode().recent_attributes());
  if ((flags & abi::o_directory) != 0 && !attributes.is_directory()) return Errno::enotdir;
  return Ref<File>(make_ref<PathOnlyFile>(place, flags));
}

Result<Ref<File>> open_path(Task& task, i32 dirfd, std::string_view name, u32 raw_flags, u32 mode, u64 resolve) {
  const u32 flags = TRY(checked_flags(raw_flags));
  if (is_tmpfile(flags) && (flags & abi::o_path) == 0) {
    WalkFlags how;
    how.must_be_directory = true;
    how.follow = (flags & abi::o_nofollow) == 0;
    how.resolve = resolve;
    const Path directory = TRY(walk(task, dirfd, name, how));
    return open_unnamed(task, directory, flags, mode);
  }
  const bool creates = (flags & abi::o_creat) != 0;
  WalkFlags how;
  how.follow = (flags & abi::o_nofollow) == 0 && !(creates && (flags & abi::o_excl) != 0);
  how.resolve = resolve;
  for (;;) {
    Walk walk(task, task.credentials(), how);
    const Result<Path> found = walk.to_end(dirfd, name);
    if (found.ok()) {
      if (creates && walk.trailing_slash()) return Errno::eisdir;
      if ((flags & abi::o_path) != 0) return open_place(task, *found, flags, mode);
      return open_existing(task, walk.parent(), *found, flags);
    }
    if (!creates || !found.is(Errno::enoent) || !walk.missing()) return found.error();
    if (walk.missing()->trailing_slash) return Errno::eisdir;
    const Result<Path> made = make_name(task, *walk.missing(), abi::s_ifreg | (mode & 07777));
    if (made.ok()) {
      const Attributes attributes = TRY(made->inode().recent_attributes());
      const u64 refused = TRY(landlock::may_open(task, *made, attributes, flags));
      Ref<File> file =
          TRY(open_inode(task, *made, flags, true, refused));  // the mode of a new file binds later opens only
      file->set_created();
      return file;
    }
    if (made.is(Errno::eperm)) return Errno::eacces;  // a filesystem that makes no files: Linux: lookup_open
    if (!made.is(Errno::eexist) || (flags & abi::o_excl) != 0) return made.error();
  }
}

}  // namespace limen
