// Inodes and filesystems: what a filesystem must offer.
//
// Permission checks, path walking, mount crossing, sticky directories and read-only mounts are the VFS's
// (kernel/vfs/namei.cc); an Inode method may assume that they were done and answers only for its own store.
// Names are single components: never empty, never "." or "..", at most 255 bytes, no '/' or NUL.
//
// Locks: all changes of names in a filesystem are made one at a time, under Filesystem::rename_lock (rank `rename`), which the VFS
// takes (kernel/vfs/names.cc). The names of a memory filesystem are under one lock of rank `directory`, an inode's own
// state under a lock of rank `inode`; methods take these themselves.
//
// An inode refers to its filesystem without holding it: who uses an inode holds a Path, whose mount holds the filesystem.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/vfs/acl.h"
#include "kernel/vfs/attributes.h"

namespace limen {

class Credentials;
class File;
class Filesystem;
class HandleTable;
class Inode;
class Task;
class UserNamespace;
struct Path;

// One entry given to readdir's sink; `next` is the d_off that resumes after it. Returning false stops the walk.
struct DirectoryEntry {
  std::string_view name;
  u64 inode = 0;
  u32 type = 0;  // DT_*: S_IF* >> 12
  u64 next = 0;
};
using DirectorySink = std::function<bool(const DirectoryEntry&)>;

// What a new inode starts with; the owner is decided by the VFS (fsuid, setgid directories).
struct NewInode {
  u32 mode = 0;  // S_IF* | permissions after umask
  Uid uid;
  Gid gid;
  Device rdev;                       // for character and block devices
  std::string_view symlink;          // target, for S_IFLNK
  Ref<const Acl> access, inherited;  // where they say more than the mode
};

// What tells an inode from all others that its filesystem ever had.
struct InodeIdentity {
  u64 number = 0, generation = 0;
  u32 device = 0;
  auto operator<=>(const InodeIdentity&) const = default;
};

// A place for a list of watchers (notify.h), made when the first one comes.
class WatchSlot {
 public:
  Ref<RefCounted> get() const {
    if (!is_used_.load(std::memory_order_acquire)) return {};
    MutexGuard guard(lock_);
    return list_;
  }
  Ref<RefCounted> get_or(const std::function<Ref<RefCounted>()>& make);

 private:
  std::atomic<bool> is_used_{false};
  mutable Mutex lock_{LockRank::leaf};
  Ref<RefCounted> list_ GUARDED_BY(lock_);
};

class Inode : public RefCounted {
 public:
  virtual Filesystem& filesystem() = 0;
  virtual Result<Attributes> attributes() = 0;
  // As of the last walk that asked for this inode: spares a host call where the walk has just made it. For permission checks and stat(2) of a path.
  virtual Result<Attributes> recent_attributes() { return attributes(); }
  // The same, where every change from now on is announced: withdraw_opened (kernel/vfs/opened.h). Nothing where that cannot be.
  virtual std::optional<Attributes> told_attributes() { return std::nullopt; }
  // May `who` read (4), write (2), execute (1) it, where neither the mode nor a list says so but the task's namespaces? Nothing: those do.
  virtual std::optional<Result<void>> permission(Task&, const Credentials&, u32 /*want*/) { return std::nullopt; }
  // S_IF* alone, which never changes: what a walk asks of each name.
  virtual Result<u32> file_type();
  // By default its number alone.
  virtual InodeIdentity identity();
  virtual Result<void> change(const AttributeChange&) { return Errno::eperm; }

  // Directories. enotdir by default.
  virtual Result<Ref<Inode>> lookup(std::string_view name);  // enoent
  // May the dentry cache answer `name` with `cached` (null: a cached absence) without asking again?
  virtual bool still_valid(std::string_view name, const Inode* cached);
  // Its enoent is for whoever would make the name, too, before rights are asked. Linux: /proc, whose lookup says so itself.
  virtual bool names_are_fixed() const { return false; }
  virtual Result<Ref<Inode>> create(std::string_view name,
                                    const NewInode& what);          // any type: mknod, mkdir, symlink; eexist
  virtual Result<Ref<Inode>> create_unnamed(const NewInode& what);  // O_TMPFILE; eopnotsupp
  virtual Result<void> link(std::string_view name, Inode& target);
  virtual Result<void> unlink(std::string_view name);
  virtual Result<void> rmdir(std::string_view name);  // enotempty
  // Both in this filesystem; flags are RENAME_NOREPLACE, RENAME_EXCHANGE.
  virtual Result<void> rename(std::string_view from, Inode& to_directory, std::string_view to, u32 flags);

  virtual Result<std::string> readlink(Task& task);  // einval unless a symlink
  // Magic links (/proc/PID/fd/N, /proc/PID/root): where they lead, without a walk. Default: none (a null dentry).
  virtual Result<Path> follow_magic(Task& task);

  // A new open file description. `flags` are O_* of open(2), already checked; O_TRUNC is carried out by the VFS afterwards, through change().
  // May block (FIFOs). Devices give their own File.
  virtual Result<Ref<File>> open(Task& task, const Path& path, u32 flags) = 0;

  // Extended attributes: eopnotsupp by default.
  virtual Result<std::vector<u8>> get_xattr(std::string_view name);
  virtual Result<void> set_xattr(std::string_view name, std::vector<u8> value, u32 flags);
  virtual Result<void> remove_xattr(std::string_view name);
  virtual Result<std::vector<std::string>> list_xattr();

  // Access lists, acl(5): eopnotsupp by default. Null: none. A list that is set decides the permissions of the mode; `drop_setgid`: and that bit goes.
  virtual Result<Ref<const Acl>> acl(AclKind kind);
  virtual Result<void> set_acl(AclKind kind, Ref<const Acl> list, bool drop_setgid);
  // There is a list of access: permission checks ask for it. A file of a layer below may have one that nobody has asked the host for yet:
  // learn_acl() does, where the mode alone does not grant what is wanted, and says whether there is one.
  bool has_acl() const { return has_acl_.load(std::memory_order_relaxed); }
  virtual bool learn_acl() { return has_acl(); }

  // A unix socket bound to this name (kernel/net); null unless S_IFSOCK and bound. Kept by the inode itself.
  Ref<RefCounted> bound_socket() {
    MutexGuard guard(attachment_lock_);
    return bound_socket_;
  }
  void bind_socket(Ref<RefCounted> socket) {
    MutexGuard guard(attachment_lock_);
    bound_socket_ = std::move(socket);
  }
  // State that other subsystems hang on an inode, made on first use (FIFO's pipe, file locks, watches, leases, file handles).
  enum class Attachment : u8 { fifo, locks, watches, leases, handle, count };
  Ref<RefCounted> attachment(Attachment kind) {
    MutexGuard guard(attachment_lock_);
    return attachments_[static_cast<usize>(kind)];
  }
  Ref<RefCounted> attachment_or(Attachment kind, const std::function<Ref<RefCounted>()>& make);
  // Open descriptions of a regular file: those that may write, and those that only read (Linux: i_writecount, i_readcount).
  // Of a program that runs there are no writers: below zero they count who keeps them out (kernel/vfs/program_file.h).
  Result<void> add_writer();  // etxtbsy
  void remove_writer() { writers_.fetch_sub(1); }
  Result<void> deny_writes();  // etxtbsy
  void allow_writes() { writers_.fetch_add(1); }
  i32 writers() const { return writers_.load(); }
  void add_reader() { readers_.fetch_add(1); }
  void remove_reader() { readers_.fetch_sub(1); }
  i32 readers() const { return readers_.load(); }
  // fcntl(F_SET_RW_HINT): kept and shown; nothing here depends on how long data live.
  std::atomic<u8> write_hint{0};

 protected:
  std::atomic<bool> has_acl_{false};

 private:
  std::atomic<i32> writers_{0}, readers_{0};
  Mutex attachment_lock_{LockRank::leaf};
  Ref<RefCounted> bound_socket_ GUARDED_BY(attachment_lock_);
  Ref<RefCounted> attachments_[static_cast<usize>(Attachment::count)] GUARDED_BY(attachment_lock_);
};

class Filesystem : public RefCounted {
 public:
  Filesystem();
  ~Filesystem() override;
  virtual std::string_view type_name() const = 0;  // as /proc/filesystems spells it
  virtual Device device() const = 0;               // st_dev, and /proc/PID/mountinfo
  virtual Ref<Inode> root() = 0;
  virtual Result<FilesystemStatus> status() = 0;
  u64 fsid();                                               // never 0: the status's, else by the device
  virtual std::string mount_options() const { return ""; }  // beyond ro/nosuid/..., for /proc/mounts
  virtual Result<void> sync() { return success; }           // syncfs(2)
  virtual Result<void> remount(std::string_view options) { return options.empty() ? Result<void>() : Errno::einval; }

  // What name_to_handle_at(2) gives of its inodes (handles.h): `none` are for comparing alone (AT_HANDLE_FID), `sealed` may be opened again,
  // `placed` besides say where (AT_HANDLE_CONNECTABLE), `numbers` are the bare inode numbers of a kernfs.
  enum class Handles : u8 { none, sealed, placed, numbers };
  virtual Handles handles() const { return Handles::none; }
  const Ref<HandleTable> handle_table;
  // Permissions may be asked of fanotify's listeners, and mounts of it watched. Linux: not FS_DISALLOW_NOTIFY_PERM, not SB_NOUSER.
  virtual bool asks_listeners() const { return true; }

  // Whose root made it: files that change ids count there and below alone. Null: the first. Set before it is seen by others.
  Ref<UserNamespace> user_ns;
  Mutex rename_lock{LockRank::rename};
  // Dentries of this filesystem, for the cache's bound, and whether somebody is dropping unused ones.
  std::atomic<u32> dentries{0};
  std::atomic<bool> is_pruning{false};
  // Somebody watches something here: only then are events told (notify.h). Somebody wants to be asked: only then are listeners.
  std::atomic<bool> is_watched{false}, is_asked{false};
  // Mounts of it, in any namespace; the end of the last one is IN_UNMOUNT for whoever watches (notify.h).
  std::atomic<u32> mounts{0};
  WatchSlot watchers;  // of all that is in it
  Mutex watched_lock{LockRank::leaf};
  std::vector<Ref<RefCounted>> watched GUARDED_BY(watched_lock);  // WatchLists of its inodes
};

// Anonymous device numbers (major 0) for filesystems with no block device.
Device next_anonymous_device();

// Extended attribute flags of setxattr(2).
inline constexpr u32 kXattrCreate = 1, kXattrReplace = 2;

}  // namespace limen
