#include <algorithm>

#include "abi/fcntl.h"
#include "abi/mount.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/notify.h"
#include "kernel/vfs/path.h"

namespace limen {
namespace {

u32 next_mount_id() {
  static std::atomic<u32> next{1};  // a supply of numbers, not state
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Mount::Mount(Ref<Filesystem> fs, Ref<Dentry> root, u32 flags, std::string source)
    : fs_(std::move(fs)), root_(std::move(root)), flags_(flags), id_(next_mount_id()), source_(std::move(source)) {
  fs_->mounts.fetch_add(1);
}
Mount::~Mount() {
  const bool is_last = fs_->mounts.fetch_sub(1) == 1;
  if (is_last && fs_->is_watched.load(std::memory_order_relaxed)) notify_unmount(*fs_);
  Ref<Dentry> top = std::move(root_);
  bool is_whole = true;
  while (Ref<Dentry> up = top->parent()) top = std::move(up), is_whole = false;
  if (is_last || is_whole) DentryCache::drop_unused(top);
}

MountNamespace::MountNamespace(Ref<Mount> root) { mounts_.push_back(std::move(root)); }

Path MountNamespace::root() const {
  Path at;
  {
    ReadGuard guard(lock_);
    const Ref<Mount>& first = mounts_.front();
    at = Path(first, first->root());
  }
  return enter(at);
}

void MountNamespace::cover(const Path& where, const Ref<Mount>& mount) {
  mount->mountpoint_ = where;
  where.dentry->mounts_here_.fetch_add(1, std::memory_order_acq_rel);
  covers_[{where.mount.get(), where.dentry.get()}] = mount;
}

void MountNamespace::uncover(Mount& mount) {
  if (!mount.mountpoint_) return;
  covers_.erase({mount.mountpoint_.mount.get(), mount.mountpoint_.dentry.get()});
  mount.mountpoint_.dentry->mounts_here_.fetch_sub(1, std::memory_order_acq_rel);
  mount.mountpoint_ = Path();
}

Result<Ref<Mount>> MountNamespace::mount(const Path& where, Ref<Filesystem> fs, u32 flags, std::string source) {
  Ref<Dentry> root = make_ref<Dentry>(nullptr, "", fs->root());
  return bind(where, Path(make_ref<Mount>(fs, root, flags, std::move(source)), root), flags);
}

Result<Ref<Mount>> MountNamespace::bind(const Path& where, const Path& what, u32 flags) {
  const Attributes over = TRY(where.inode().recent_attributes());
  const Attributes under = TRY(what.inode().recent_attributes());
  if (over.is_directory() != under.is_directory()) return Errno::enotdir;
  if (where.dentry->is_deleted()) return Errno::enoent;
  Ref<Mount> mount = make_ref<Mount>(what.mount->filesystem(), what.dentry, flags, what.mount->source());
  const Path top = enter(where);
  WriteGuard guard(lock_);
  if (covers_.contains({top.mount.get(), top.dentry.get()})) return Errno::ebusy;
  if (mounts_.size() >= 100'000) return Errno::enospc;  // fs.mount-max
  cover(top, mount);
  mounts_.push_back(mount);
  return mount;
}

bool MountNamespace::is_beneath(const Mount& mount, const Mount& above) const {
  for (const Mount* at = &mount; at != nullptr; at = at->mountpoint_.mount.get()) {
    if (at == &above) return true;
  }
  return false;
}

Result<void> MountNamespace::unmount(const Path& where, u32 flags) {
  std::vector<Ref<Mount>> gone;
  WriteGuard guard(lock_);
  if (where.dentry != where.mount->root()) return Errno::einval;
  const auto found = std::find(mounts_.begin(), mounts_.end(), where.mount);
  if (found == mounts_.end() || !where.mount->mountpoint_) return Errno::einval;
  for (const Ref<Mount>& mount : mounts_) {
    if (is_beneath(*mount, *where.mount)) gone.push_back(mount);
  }
  if ((flags & abi::mnt_detach) == 0) {
    // Ours: the list, the map of covers, `gone`, the caller's path. More is an open file, a cwd, a mapping.
    if (gone.size() > 1 || where.mount->ref_count() > 4) return Errno::ebusy;
  }
  for (const Ref<Mount>& mount : gone) {
    uncover(*mount);
    std::erase(mounts_, mount);
  }
  return success;
}

Path MountNamespace::enter(Path at) const {
  while (at.dentry->is_mountpoint()) {
    Ref<Mount> over;
    {
      ReadGuard guard(lock_);
      const auto found = covers_.find({at.mount.get(), at.dentry.get()});
      if (found == covers_.end()) break;
      over = found->second;
    }
    at = Path(over, over->root());
  }
  return at;
}

Path MountNamespace::leave(const Path& at) const {
  if (at.dentry != at.mount->root()) return Path();
  ReadGuard guard(lock_);
  return at.mount->mountpoint_;
}

Result<void> MountNamespace::remount(const Path& where, u32 flags) {
  if (where.dentry != where.mount->root()) return Errno::einval;
  where.mount->flags_.store(flags, std::memory_order_relaxed);
  return success;
}

Result<void> MountNamespace::move(const Path& from, const Path& to) {
  const Attributes source = TRY(from.inode().recent_attributes());
  const Attributes target = TRY(to.inode().recent_attributes());
  if (source.is_directory() != target.is_directory()) return Errno::enotdir;
  WriteGuard guard(lock_);
  if (from.dentry != from.mount->root() || !from.mount->mountpoint_) return Errno::einval;
  if (is_beneath(*to.mount, *from.mount)) return Errno::eloop;
  if (covers_.contains({to.mount.get(), to.dentry.get()})) return Errno::ebusy;
  uncover(*from.mount);
  cover(to, from.mount);
  return success;
}

Result<void> MountNamespace::pivot_root(const Path& new_root, const Path& put_old, const Path& task_root) {
  WriteGuard guard(lock_);
  Mount& fresh = *new_root.mount;
  Mount& old = *task_root.mount;
  if (new_root.dentry != fresh.root() || task_root.dentry != old.root()) return Errno::einval;
  if (&fresh == &old || put_old.mount.get() == &old) return Errno::ebusy;
  if (!fresh.mountpoint_) return Errno::einval;
  if (!is_beneath(*put_old.mount, fresh)) return Errno::einval;
  const Ref<Mount> old_ref = task_root.mount;
  uncover(fresh);
  const Path old_place = old.mountpoint_;
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

Ref<MountNamespace> MountNamespace::clone() const {
  ReadGuard guard(lock_);
  std::map<const Mount*, Ref<Mount>> copies;
  for (const Ref<Mount>& mount : mounts_) {
    copies[mount.get()] = make_ref<Mount>(mount->fs_, mount->root_, mount->flags(), mount->source_);
  }
  Ref<MountNamespace> copy = make_ref<MountNamespace>(copies[mounts_.front().get()]);
  // Not shared yet: its lock is not needed.
  [&]() NO_THREAD_SAFETY_ANALYSIS {
    for (const Ref<Mount>& mount : mounts_) {
      const Ref<Mount>& twin = copies[mount.get()];
      if (mount->mountpoint_)
        copy->cover(Path(copies[mount->mountpoint_.mount.get()], mount->mountpoint_.dentry), twin);
      if (mount != mounts_.front()) copy->mounts_.push_back(twin);
    }
  }();
  return copy;
}

std::vector<Ref<Mount>> MountNamespace::list() const {
  ReadGuard guard(lock_);
  return mounts_;
}

Path MountNamespace::mountpoint_of(const Mount& mount) const {
  ReadGuard guard(lock_);
  return mount.mountpoint_;
}

}  // namespace limen
