#include <algorithm>

#include "abi/fcntl.h"
#include "abi/mount.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/handles.h"
#include "kernel/vfs/notify.h"
#include "kernel/vfs/path.h"

namespace limen {
namespace {

u32 next_mount_id() {
  static std::atomic<u32> next{1};  // a supply of numbers, not state
  return next.fetch_add(1, std::memory_order_relaxed);
}

constexpr u32 kTimes = kMountNoAtime | kMountNoDirAtime | kMountRelatime;
constexpr u32 kKept = kMountReadOnly | kMountNoSuid | kMountNoDev | kMountNoExec;

}  // namespace

// The file of a mount namespace (nsfs). Linux: is_mnt_ns_file.
bool MountNamespace::is_file_of_tree(const Filesystem& fs, const Dentry& root) {
  return fs.type_name() == "nsfs" && root.name().starts_with("mnt:");
}

Mount::Mount(Ref<Filesystem> fs, Ref<Dentry> root, u32 flags, std::string source)
    : fs_(std::move(fs)), root_(std::move(root)), flags_(flags), id_(next_mount_id()), source_(std::move(source)) {
  fs_->mounts.fetch_add(1);
}
Mount::~Mount() {
  const bool is_last = fs_->mounts.fetch_sub(1) == 1;
  notify_mount_gone(*this);
  if (is_last && fs_->is_watched.load(std::memory_order_relaxed)) notify_unmount(*fs_);
  if (is_last) fs_->handle_table->clear();
  Ref<Dentry> top = std::move(root_);
  bool is_whole = true;
  while (Ref<Dentry> up = top->parent()) top = std::move(up), is_whole = false;
  if (is_last || is_whole) DentryCache::drop_unused(top);
}

MountNamespace::MountNamespace(Ref<Mount> root) : Namespace(NamespaceKind::mount), table_(make_ref<MountTable>()) {
  WriteGuard guard(table_->lock);
  table_->spaces.push_back(this);
  add(root);
}

MountNamespace::MountNamespace(Ref<MountTable> table, Ref<UserNamespace> owner, UserCharge charge)
    : Namespace(NamespaceKind::mount, std::move(owner), std::move(charge)), table_(std::move(table)) {}

// Mounts name what they cover, and the table names them: the end of the namespace ends the circle.
MountNamespace::~MountNamespace() {
  std::vector<Ref<Mount>> gone;
  std::vector<Path> places;  // dropped after the lock
  WriteGuard guard(table_->lock);
  table_->count -= mounts_.size() + detached_.size();
  std::erase(table_->spaces, this);
  gone.swap(mounts_);
  set_types(gone, Propagation::private_);
  gone.insert(gone.end(), detached_.begin(), detached_.end());
  for (const Ref<Mount>& mount : gone) {
    places.push_back(mount->mountpoint_);
    uncover(*mount);
    mount->space_ = nullptr;
  }
}

void MountNamespace::add(const Ref<Mount>& mount) {
  mount->space_ = this;
  ++table_->count;
  mounts_.push_back(mount);
}

Path MountNamespace::root() const {
  Path at;
  {
    ReadGuard guard(table_->lock);
    const Ref<Mount>& first = mounts_.front();
    at = Path(first, first->root());
  }
  return enter(at);
}

void MountNamespace::cover(const Path& where, const Ref<Mount>& mount) const {
  mount->mountpoint_ = where;
  where.dentry->mounts_here_.fetch_add(1, std::memory_order_acq_rel);
  table_->covers[{where.mount.get(), where.dentry.get()}] = mount;
}

void MountNamespace::uncover(Mount& mount) const {
  if (!mount.mountpoint_) return;
  table_->covers.erase({mount.mountpoint_.mount.get(), mount.mountpoint_.dentry.get()});
  mount.mountpoint_.dentry->mounts_here_.fetch_sub(1, std::memory_order_acq_rel);
  mount.mountpoint_ = Path();
}

bool MountNamespace::has(const Mount& mount) const {
  ReadGuard guard(table_->lock);
  return mount.space_ == this;
}

Result<Ref<Mount>> MountNamespace::mount(const Path& where, Ref<Filesystem> fs, u32 flags, std::string source) {
  Ref<Dentry> root = make_ref<Dentry>(nullptr, "", fs->root());
  return bind(where, Path(make_ref<Mount>(fs, root, flags, std::move(source)), root), flags);
}

// What a new mount at `where` would cover.
Result<Path> MountNamespace::top_of(const Path& where) const {
  if (where.dentry->is_deleted()) return Errno::enoent;
  return enter(where);
}

Result<Ref<Mount>> MountNamespace::bind(const Path& where, const Path& what, u32 flags) {
  const Attributes over = TRY(where.inode().recent_attributes());
  const Attributes under = TRY(what.inode().recent_attributes());
  if (over.is_directory() != under.is_directory()) return Errno::enotdir;
  Ref<Mount> mount = make_ref<Mount>(what.mount->filesystem(), what.dentry, flags, what.mount->source());
  const Path top = TRY(top_of(where));
  // A tree that holds itself, or one that is older and may hold it, would never go. Linux: mnt_ns_loop.
  if (is_file_of_tree(*what.mount->filesystem(), *what.dentry) && under.inode <= number()) return Errno::einval;
  WriteGuard guard(table_->lock);
  if (top.mount->space_ != this) return Errno::einval;
  if (table_->covers.contains({top.mount.get(), top.dentry.get()})) return Errno::ebusy;
  mount->locked_flags_ = what.mount->locked_flags_;
  TRY(attach(top, {mount}, Listed::no));
  return mount;
}

bool MountNamespace::is_beneath(const Mount& mount, const Mount& above) const {
  for (const Mount* at = &mount; at != nullptr; at = at->mountpoint_.mount.get()) {
    if (at == &above) return true;
  }
  return false;
}

// The mount of `place`, and those that lie on it beneath `place`, each after the one that it covers.
std::vector<Ref<Mount>> MountNamespace::mounts_beneath(const Path& place) const {
  const auto in_tree = [&place](Ref<Dentry> at) {
    while (at && at != place.dentry) at = at->parent();
    return static_cast<bool>(at);
  };
  std::multimap<const Mount*, Ref<Mount>> lying_on;
  for (const Ref<Mount>& mount : mounts_) {
    if (mount->mountpoint_) lying_on.emplace(mount->mountpoint_.mount.get(), mount);
  }
  std::vector<Ref<Mount>> found{place.mount};
  for (usize i = 0; i < found.size(); ++i) {
    const auto [begin, end] = lying_on.equal_range(found[i].get());
    for (auto it = begin; it != end; ++it) {
      if (i > 0 || in_tree(it->second->mountpoint_.dentry)) found.push_back(it->second);
    }
  }
  return found;
}

// Would a copy of this place alone show what a mount of a more privileged namespace covers?
bool MountNamespace::holds_beneath(const Path& place) const {
  const std::vector<Ref<Mount>> beneath = mounts_beneath(place);
  return std::any_of(beneath.begin() + 1, beneath.end(), [](const Ref<Mount>& mount) { return mount->held_; });
}

Result<void> MountNamespace::bind_copy(const Path& where, const Path& what, Depth depth) {
  const Attributes over = TRY(where.inode().recent_attributes());
  const Attributes under = TRY(what.inode().recent_attributes());
  if (over.is_directory() != under.is_directory()) return Errno::enotdir;
  const Path top = TRY(top_of(where));
  if (is_file_of_tree(*what.mount->filesystem(), *what.dentry) && under.inode <= number()) return Errno::einval;
  WriteGuard guard(table_->lock);
  if (top.mount->space_ != this) return Errno::einval;
  if (table_->covers.contains({top.mount.get(), top.dentry.get()})) return Errno::ebusy;
  const Mounts tree = TRY(copies_of(what, depth));
  Result<void> attached = attach(top, tree, Listed::no);
  if (!attached.ok()) drop_copies(tree);
  return attached;
}

Result<void> MountNamespace::unmount(const Path& where, u32 flags) {
  std::vector<Ref<Mount>> gone;
  std::vector<Path> places;
  WriteGuard guard(table_->lock);
  if (where.dentry != where.mount->root()) return Errno::einval;
  if (where.mount->space_ != this || !where.mount->mountpoint_ || where.mount->held_) return Errno::einval;
  gone = mounts_beneath(where);
  const Mounts with = going_with(gone);
  if ((flags & abi::mnt_detach) == 0) {
    // Ours: the list, the map of covers, `gone`, the caller's path. More is an open file, a cwd, a mapping.
    if (gone.size() > 1 || where.mount->ref_count() > 4) return Errno::ebusy;
    const auto is_busy = [&](const Ref<Mount>& mount) NO_THREAD_SAFETY_ANALYSIS {
      const bool is_covered = table_->covers.contains({mount.get(), mount->root_.get()});
      return mount->ref_count() > (is_covered ? 4u : 3u);
    };
    if (std::any_of(with.begin(), with.end(), is_busy)) return Errno::ebusy;
    // The first call marks a mount that nobody uses; a walk into it takes the mark away.
    if ((flags & abi::mnt_expire) != 0 && !where.mount->expires.exchange(true)) return Errno::eagain;
  }
  gone.insert(gone.end(), with.begin(), with.end());
  take_off(gone, places);
  return success;
}

Path MountNamespace::enter(Path at) const {
  while (at.dentry->is_mountpoint()) {
    Ref<Mount> over;
    {
      ReadGuard guard(table_->lock);
      const auto found = table_->covers.find({at.mount.get(), at.dentry.get()});
      if (found == table_->covers.end()) break;
      over = found->second;
    }
    at = Path(over, over->root());
  }
  return at;
}

Path MountNamespace::leave(const Path& at) const {
  if (at.dentry != at.mount->root()) return Path();
  ReadGuard guard(table_->lock);
  return at.mount->mountpoint_;
}

Result<void> MountNamespace::pivot_root(const Path& new_root, const Path& put_old, const Path& task_root) {
  WriteGuard guard(table_->lock);
  Mount& fresh = *new_root.mount;
  Mount& old = *task_root.mount;
  if (fresh.space_ != this || old.space_ != this || put_old.mount->space_ != this || fresh.held_) return Errno::einval;
  if (new_root.dentry->is_deleted()) return Errno::enoent;
  if (&fresh == &old || put_old.mount.get() == &old) return Errno::ebusy;
  if (new_root.dentry != fresh.root() || task_root.dentry != old.root()) return Errno::einval;
  if (!fresh.mountpoint_) return Errno::einval;
  if (!is_beneath(*put_old.mount, fresh) || !is_beneath(fresh, old)) return Errno::einval;
  const auto lies_on_shared = [](const Mount& mount) {
    return mount.mountpoint_ && mount.mountpoint_.mount->peers_ != 0;
  };
  if (put_old.mount->peers_ != 0 || lies_on_shared(fresh) || lies_on_shared(old)) return Errno::einval;
  const Ref<Mount> old_ref = task_root.mount;
  const Path fresh_place = fresh.mountpoint_;
  uncover(fresh);
  const Path old_place = old.mountpoint_;
  if (old.held_) std::swap(old.held_, fresh.held_);
  if (old_place) {
    uncover(old);
    cover(old_place, new_root.mount);
  } else {
    const auto place = std::find(mounts_.begin(), mounts_.end(), new_root.mount);
    if (place != mounts_.end()) std::swap(*place, mounts_.front());
  }
  // pivot_root(".", "."): the old root covers the new one.
  cover(put_old, old_ref);
  return success;
}

// Linux: copy_mnt_ns, lock_mnt_tree.
Result<Ref<MountNamespace>> MountNamespace::clone(Ref<UserNamespace> owner, UserCharge charge,
                                                  std::vector<Path*> follow) const {
  const bool less_privileged = owner != this->owner();
  Ref<MountNamespace> copy =
      Ref<MountNamespace>::adopt(new MountNamespace(table_, std::move(owner), std::move(charge)));
  std::vector<Path> left;  // dropped after the lock
  WriteGuard guard(table_->lock);
  if (table_->count + mounts_.size() > MountTable::kMost) return Errno::enospc;
  std::map<const Mount*, Ref<Mount>> twins;
  for (const Ref<Mount>& mount : mounts_) {
    if (is_file_of_tree(*mount->fs_, *mount->root_)) continue;  // the copy may be what it leads to
    const Ref<Mount> twin = make_ref<Mount>(mount->fs_, mount->root_, mount->flags(), mount->source_);
    twin->locked_flags_ = mount->locked_flags_, twin->held_ = mount->held_;
    twin->unbindable_ = mount->unbindable_;
    twin->peers_ = mount->peers_, twin->master_ = mount->master_;
    if (less_privileged) {
      if (mount->peers_ != 0) twin->master_ = std::exchange(twin->peers_, 0);
      twin->locked_flags_ |= (mount->flags() & kKept) | kTimes;
      if (mount->mountpoint_) twin->held_ = true;
    }
    twins[mount.get()] = twin;
  }
  table_->spaces.push_back(copy.get());
  [&]() NO_THREAD_SAFETY_ANALYSIS {  // the same table's lock
    for (const Ref<Mount>& mount : mounts_) {
      const Ref<Mount> twin = twins[mount.get()];
      const Ref<Mount> on = mount->mountpoint_ ? twins[mount->mountpoint_.mount.get()] : Ref<Mount>();
      if (!twin || (mount->mountpoint_ && !on)) continue;
      copy->add(twin);
      if (on) copy->cover(Path(on, mount->mountpoint_.dentry), twin);
    }
  }();
  for (Path* path : follow) {
    const auto twin = twins.find(path->mount.get());
    if (twin != twins.end()) left.push_back(std::exchange(*path, Path(twin->second, path->dentry)));
  }
  return copy;
}

bool MountNamespace::shows_whole(std::string_view type, u32 flags) const {
  ReadGuard guard(table_->lock);
  for (const Ref<Mount>& mount : mounts_) {
    if (mount->fs_->type_name() != type || mount->root_->parent()) continue;
    const u32 locked = mount->locked_flags_;
    if ((locked & kMountReadOnly & ~flags) != 0) continue;
    if ((locked & kTimes) != 0 && (mount->flags() & kTimes) != (flags & kTimes)) continue;
    const bool hides = std::any_of(mounts_.begin(), mounts_.end(), [&](const Ref<Mount>& child) {
      // A cgroup tree lies on a directory that is made for it and empty.
      return child->held_ && child->mountpoint_.mount == mount && child->fs_->type_name() != "cgroup2";
    });
    if (!hides) return true;
  }
  return false;
}

std::vector<Ref<Mount>> MountNamespace::list() const {
  ReadGuard guard(table_->lock);
  return mounts_;
}

Path MountNamespace::mountpoint_of(const Mount& mount) const {
  ReadGuard guard(table_->lock);
  return mount.mountpoint_;
}

}  // namespace limen
