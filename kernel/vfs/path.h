// Names in use: dentries, mounts, paths, and the walk.
//
// A Dentry is one name in one directory, for as long as somebody uses it (an open file, a cwd, a cached child). The
// tree of dentries gives getcwd, "..", and /proc/PID/fd their names. Reference graph: child -> parent strong; parent ->
// child strong in a bounded cache, so a subtree dies with its last user. A mount covers a dentry.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/cred/namespace.h"
#include "kernel/vfs/inode.h"

namespace limen {

class Dentry : public RefCounted {
 public:
  Dentry(Ref<Dentry> parent, std::string name, Ref<Inode> inode);
  ~Dentry() override;

  const Ref<Inode>& inode() const { return inode_; }  // never null: absences are not dentries
  Ref<Dentry> parent() const;                         // null at a filesystem's root
  std::string name() const;                           // changes with rename
  bool is_deleted() const;                            // unlinked while in use: " (deleted)"
  void set_deleted();                                 // for names that never were in a directory (memfd, O_TMPFILE)
  // Something is mounted here, in whatever namespace: only then is the mount tree asked.
  bool is_mountpoint() const { return mounts_here_.load(std::memory_order_acquire) != 0; }

 private:
  friend class DentryCache;  // kernel/vfs/dentry.h: lookup, rename, delete
  friend class MountNamespace;
  mutable Mutex lock_{LockRank::dentry};
  Ref<Dentry> parent_ GUARDED_BY(lock_);
  std::string name_ GUARDED_BY(lock_);
  bool deleted_ GUARDED_BY(lock_) = false;
  bool caches_ GUARDED_BY(lock_) = true;  // names in this directory; not once it has left its own directory's cache
  u64 generation_ GUARDED_BY(lock_) = 0;  // changes of the directory that were told to the cache
  const Ref<Inode> inode_;
  std::atomic<u32> mounts_here_{0};
  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, Ref<Dentry>, NameHash, std::equal_to<>> children_ GUARDED_BY(lock_);
};

class Mount;

// Members go in this order, last first: an inode refers to its filesystem without holding it, the mount holds it.
struct Path {
  Path() = default;
  Path(Ref<Mount> m, Ref<Dentry> d);
  Path(const Path&);
  Path(Path&&) noexcept;
  ~Path();
  Path& operator=(Path o) noexcept;
  Ref<Mount> mount;
  Ref<Dentry> dentry;
  Inode& inode() const { return *dentry->inode(); }
  bool operator==(const Path&) const = default;
  explicit operator bool() const { return static_cast<bool>(dentry); }
};

// MS_* of mount(2); `internal` is ours: a mount of no namespace (pipes, sockets, memfds).
enum : u32 {
  kMountReadOnly = 1,
  kMountNoSuid = 2,
  kMountNoDev = 4,
  kMountNoExec = 8,
  kMountNoAtime = 1024,
  kMountNoDirAtime = 2048,
  kMountRelatime = 1u << 21,
  kMountInternal = 1u << 31,
};

class MountNamespace;

class Mount : public RefCounted {
 public:
  Mount(Ref<Filesystem> fs, Ref<Dentry> root, u32 flags, std::string source);
  ~Mount() override;
  const Ref<Filesystem>& filesystem() const { return fs_; }
  const Ref<Dentry>& root() const { return root_; }
  u32 flags() const { return flags_.load(std::memory_order_relaxed); }
  u32 id() const { return id_; }
  const std::string& source() const { return source_; }
  WatchSlot watchers;  // of all that is opened through it
  // umount2(MNT_EXPIRE) was here, and no walk since. Linux: mnt_expiry_mark.
  std::atomic<bool> expires{false};

 private:
  friend class MountNamespace;
  const Ref<Filesystem> fs_;
  Ref<Dentry> root_;  // given up at its end alone
  std::atomic<u32> flags_;
  const u32 id_;
  const std::string source_;
  // Under MountTable's lock:
  Path mountpoint_;                  // empty for the root mount
  MountNamespace* space_ = nullptr;  // whose list it stands in
  u32 locked_flags_ = 0;             // that a less privileged namespace may not take away: kMount*
  bool held_ = false;                // it cannot be unmounted alone, to show what it covers. Linux: MNT_LOCKED
  bool unbindable_ = false;
  u32 peers_ = 0;   // its peer group, or 0. Linux: MNT_SHARED, mnt_group_id
  u32 master_ = 0;  // the peer group whose events reach it, or 0. Linux: mnt_master
};

inline Path::Path(Ref<Mount> m, Ref<Dentry> d) : mount(std::move(m)), dentry(std::move(d)) {}
inline Path::Path(const Path&) = default;
inline Path::Path(Path&&) noexcept = default;
inline Path::~Path() = default;
inline Path& Path::operator=(Path o) noexcept {
  std::swap(mount, o.mount);
  std::swap(dentry, o.dentry);
  return *this;
}

// What covers what, in all mount namespaces of a sandbox: a walk may start in another's.
class MountTable : public RefCounted {
 public:
  static constexpr usize kMost = 100'000;  // fs.mount-max, for the whole sandbox
  SharedMutex lock{LockRank::mount};
  std::vector<MountNamespace*> spaces GUARDED_BY(lock);
  std::map<std::pair<const Mount*, const Dentry*>, Ref<Mount>> covers GUARDED_BY(lock);
  usize count GUARDED_BY(lock) = 0;  // of mounts in all lists
};

// How a mount takes part in what happens to others. Source: mount_namespaces(7), fs/pnode.c.
enum class Propagation : u8 { shared, private_, slave, unbindable };

// The mount tree of a set of tasks. Source: mount_namespaces(7), fs/namespace.c. What is mounted on, taken from or moved onto a shared mount
// is so on its peers and their slaves, in whatever namespace (kernel/vfs/propagation.cc).
class MountNamespace : public Namespace {
 public:
  explicit MountNamespace(Ref<Mount> root);  // the first
  ~MountNamespace() override;
  Path root() const;
  // Covers `where` with a filesystem; ebusy, enotdir.
  Result<Ref<Mount>> mount(const Path& where, Ref<Filesystem> fs, u32 flags, std::string source);
  // Covers `where` with another place (a bind mount). enoent, enospc, einval (not in this tree).
  Result<Ref<Mount>> bind(const Path& where, const Path& what, u32 flags);
  // MS_BIND: as a copy of the mount of `what`, and with MS_REC of those beneath. einval: unbindable, or it would show what is covered.
  enum class Depth : u8 { one, all };
  Result<void> bind_copy(const Path& where, const Path& what, Depth depth);
  Result<void> unmount(const Path& where, u32 flags);
  // The mount that covers `at`, entered as often as it is covered; `at` itself where nothing does.
  Path enter(Path at) const;
  // From the root of a mount to the place that it covers, one step; empty at the root mount and where `at` is no mount's root.
  Path leave(const Path& at) const;
  // MS_REMOUNT: new flags. einval unless `where` is a mount's root; eperm: a locked flag.
  Result<void> remount(const Path& where, u32 flags);
  // MS_PRIVATE and its kin, of one mount or of all beneath. einval unless `where` is a mount's root.
  Result<void> set_propagation(const Path& where, Propagation type, Depth depth);
  // What /proc/PID/mountinfo tells of it: peer groups, or 0. `from`: the next one above in this tree, where that is not its master.
  struct Peers {
    u32 shared = 0, master = 0, from = 0;
    bool unbindable = false;
  };
  std::map<const Mount*, Peers> peers() const;  // of all that list() gives
  // MS_MOVE, and move_mount(2) of a tree that was nowhere: einval, eloop (into itself). `beneath`: what covers `to` covers it (MOVE_MOUNT_BENEATH).
  enum class Layer : u8 { top, beneath };
  Result<void> move(const Path& from, const Path& to, Layer layer = Layer::top);
  // MOVE_MOUNT_SET_GROUP: the mount of `to`, which is private, takes part in what that of `from` takes part in. einval.
  Result<void> join_group(const Path& from, const Path& to);
  // A tree that no task is in (open_tree(2), fsmount(2)); it ends with the last reference, unless move() took its mounts. Linux: anon_ns.
  Result<Ref<MountNamespace>> detached_copy(const Path& what, Depth depth) const;  // enospc, einval (as bind_copy)
  Ref<MountNamespace> detached(Ref<Mount> mount) const;
  bool is_detached() const { return detached_tree_; }
  // mount_setattr(2): the flags of the mount of `where`, or of all beneath, become what `change` makes of each; nothing changes where one may not.
  using FlagsChange = std::function<Result<u32>(u32)>;
  Result<void> change_flags(const Path& where, Depth depth, const FlagsChange& change);
  // A copy of `place` alone would show what a mount of a more privileged namespace covers. Linux: has_locked_children.
  bool hides_beneath(const Path& place) const;
  // pivot_root(2): `new_root` becomes the root mount, the old one covers `put_old`.
  Result<void> pivot_root(const Path& new_root, const Path& put_old, const Path& task_root);
  // CLONE_NEWNS; `follow` are moved to the same place in the copy. enospc.
  Result<Ref<MountNamespace>> clone(Ref<UserNamespace> owner, UserCharge charge, std::vector<Path*> follow) const;
  std::vector<Ref<Mount>> list() const;  // in order of mounting, for /proc/mounts
  Path mountpoint_of(const Mount& mount) const;
  bool has(const Mount& mount) const;
  // Is a filesystem of this type seen whole, so that one more of it tells nothing new? Linux: mount_too_revealing.
  bool shows_whole(std::string_view type, u32 flags) const;

 private:
  MountNamespace(Ref<MountTable> table, Ref<UserNamespace> owner, UserCharge charge);
  void add(const Ref<Mount>& mount) REQUIRES(table_->lock);
  void cover(const Path& where, const Ref<Mount>& mount) const REQUIRES(table_->lock);
  void uncover(Mount& mount) const REQUIRES(table_->lock);
  bool is_beneath(const Mount& mount, const Mount& above) const REQUIRES_SHARED(table_->lock);
  bool holds_beneath(const Path& place) const REQUIRES_SHARED(table_->lock);
  std::vector<Ref<Mount>> mounts_beneath(const Path& place) const REQUIRES_SHARED(table_->lock);
  Result<Path> top_of(const Path& where) const;

  // propagation.cc: what reaches other mounts, in this and other namespaces of the table.
  using Mounts = std::vector<Ref<Mount>>;
  struct Groups;
  struct Plan;
  Mounts all_mounts() const REQUIRES_SHARED(table_->lock);
  void set_types(const Mounts& mounts, Propagation type) REQUIRES(table_->lock);
  // mount_trees.cc: trees as a whole.
  static bool is_file_of_tree(const Filesystem& fs, const Dentry& root);
  bool may_use(const Mount& mount) const REQUIRES_SHARED(table_->lock);
  Mounts tree_of(const Path& what, Depth depth) const REQUIRES_SHARED(table_->lock);
  Result<Mounts> copies_of(const Path& what, Depth depth) const REQUIRES(table_->lock);
  void drop_copies(const Mounts& copies) const REQUIRES(table_->lock);
  Result<void> may_move(const Path& from, const Path& to) const REQUIRES_SHARED(table_->lock);
  Result<void> may_move_beneath(const Path& from, const Path& to) const REQUIRES_SHARED(table_->lock);
  void adopt(MountNamespace& home, const Mounts& tree) REQUIRES(table_->lock);
  // Covers `top` with the first of `tree`, on which the others lie, and with copies what is reached from there. enospc.
  enum class Listed : u8 { no, yes };
  Result<void> attach(const Path& top, const Mounts& tree, Listed listed) REQUIRES(table_->lock);
  // What goes where these are unmounted: on mounts that are reached from theirs, and nothing else lies on it.
  Mounts going_with(const Mounts& gone) const REQUIRES_SHARED(table_->lock);
  void take_off(const Mounts& gone, std::vector<Path>& places) REQUIRES(table_->lock);

  const Ref<MountTable> table_;
  bool detached_tree_ = false;
  std::vector<Ref<Mount>> mounts_ GUARDED_BY(table_->lock);
  std::vector<Ref<Mount>> detached_ GUARDED_BY(table_->lock);  // unmounted, but held: they go with the namespace
};

// How a walk treats its end. Linux: namei.c's LOOKUP_*, openat2(2)'s RESOLVE_*.
struct WalkFlags {
  bool follow = true;        // the last symlink too
  bool allow_empty = false;  // AT_EMPTY_PATH: "" means the start itself
  bool must_be_directory = false;
  bool keeps_expiry = false;  // the walk of umount2(MNT_EXPIRE) itself is no use of the mount
  u64 resolve = 0;            // RESOLVE_NO_XDEV, NO_MAGICLINKS, NO_SYMLINKS, BENEATH, IN_ROOT
};

// The parent directory and the last component, for calls that make or remove a name.
struct ParentAndName {
  Path parent;
  std::string name;  // may be "." or ".." or "/" only where `special`
  bool trailing_slash = false;
  bool special = false;  // the last component was ".", ".." or there was none
};

// Walks `path` from the task's root (absolute), its cwd (AT_FDCWD), or the directory `dirfd`. Checks search permission with the fs credentials.
// enoent, enotdir, eloop (40 links), eacces, enametoolong, ebadf, exdev (RESOLVE_*).
Result<Path> walk(Task& task, i32 dirfd, std::string_view path, WalkFlags flags = {});
Result<Path> walk_as(Task& task, const Credentials& creds, i32 dirfd, std::string_view path,
                     WalkFlags flags);  // access(2)
Result<ParentAndName> walk_parent(Task& task, i32 dirfd, std::string_view path, u64 resolve = 0);

// Linux: inode_permission. `want` is a mask of 4 (read), 2 (write), 1 (execute or search).
Result<void> check_permission(const Credentials& creds, Inode& inode, const Attributes& attributes, u32 want);
// Of something that has a mode and no access list.
Result<void> check_permission(const Credentials& creds, const Attributes& attributes, u32 want);
// Is the caller the owner, or does it have CAP_FOWNER? Linux: inode_owner_or_capable.
bool is_owner_or_capable(const Credentials& creds, const Attributes& attributes);
Result<void> check_permission(Task& task, const Path& path, u32 want);  // also erofs for writes on read-only mounts
Result<void> check_permission(Task& task, const Credentials& who, const Path& path, u32 want);
// erofs where the mount or its filesystem takes no changes. Linux: mnt_want_write.
Result<void> want_write(const Path& path);

// The name from the task's root, "(unreachable)/..." outside it, with " (deleted)" where it is.
std::string path_name(Task& task, const Path& path);

// open(2) whole: walk, O_CREAT/O_EXCL/O_TRUNC/O_DIRECTORY/O_NOFOLLOW/O_PATH/O_TMPFILE, permissions, devices, FIFOs.
Result<Ref<File>> open_path(Task& task, i32 dirfd, std::string_view path, u32 flags, u32 mode, u64 resolve = 0);
// The same of what was found already. Linux: file_open_root with an empty name.
Result<Ref<File>> open_place(Task& task, const Path& place, u32 flags, u32 mode);

}  // namespace limen
