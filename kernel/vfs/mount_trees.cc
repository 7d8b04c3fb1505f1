// Trees of mounts as a whole: copies, trees that are nowhere yet, moves, flags of many. Source: fs/namespace.c.
#include <algorithm>

#include "kernel/vfs/path.h"

namespace limen {
namespace {

constexpr u32 kAtimeFlags = kMountNoAtime | kMountNoDirAtime | kMountRelatime;
constexpr u32 kLockable = kMountReadOnly | kMountNoSuid | kMountNoDev | kMountNoExec;

bool is_in(const Ref<Dentry>& place, const Ref<Dentry>& root) {
  Ref<Dentry> at = place;
  while (at && at != root) at = at->parent();
  return static_cast<bool>(at);
}

}  // namespace

// From here, from a tree that is nowhere, or from no namespace (an nsfs file).
bool MountNamespace::may_use(const Mount& mount) const {
  return mount.space_ == nullptr || mount.space_ == this || mount.space_->detached_tree_;
}

std::vector<Ref<Mount>> MountNamespace::tree_of(const Path& what, Depth depth) const NO_THREAD_SAFETY_ANALYSIS {
  const MountNamespace* const home = what.mount->space_;  // under the same table's lock
  return home == nullptr || depth == Depth::one ? Mounts{what.mount} : home->mounts_beneath(what);
}

bool MountNamespace::hides_beneath(const Path& place) const {
  ReadGuard guard(table_->lock);
  return holds_beneath(place);
}

// Linux: copy_tree. The copies lie on one another and are in no list.
Result<MountNamespace::Mounts> MountNamespace::copies_of(const Path& what,
                                                         Depth depth) const NO_THREAD_SAFETY_ANALYSIS {
  if (!may_use(*what.mount) || what.mount->unbindable_) return Errno::einval;
  if (depth == Depth::one && what.mount->space_ != nullptr && what.mount->space_->holds_beneath(what))
    return Errno::einval;
  const Mounts sources = tree_of(what, depth);
  if (table_->count + sources.size() > MountTable::kMost) return Errno::enospc;
  Mounts tree;
  std::map<const Mount*, Ref<Mount>> copies;
  for (const Ref<Mount>& source : sources) {
    const bool is_root = source == what.mount;
    const Ref<Mount> on = is_root ? Ref<Mount>() : copies[source->mountpoint_.mount.get()];
    if (!is_root && (!on || source->unbindable_)) continue;  // what lies on an unbindable mount goes with it
    const Ref<Mount> copy = make_ref<Mount>(source->fs_, is_root ? what.dentry : source->root_,
                                            source->flags() & ~kMountInternal, source->source_);
    copy->locked_flags_ = source->locked_flags_, copy->held_ = !is_root && source->held_;
    copy->peers_ = source->peers_, copy->master_ = source->master_;
    copies[source.get()] = copy;
    if (!is_root) cover(Path(on, source->mountpoint_.dentry), copy);
    tree.push_back(copy);
  }
  return tree;
}

void MountNamespace::drop_copies(const Mounts& copies) const {
  for (const Ref<Mount>& copy : copies) uncover(*copy);
}

Result<Ref<MountNamespace>> MountNamespace::detached_copy(const Path& what,
                                                          Depth depth) const NO_THREAD_SAFETY_ANALYSIS {
  Ref<MountNamespace> tree = Ref<MountNamespace>::adopt(new MountNamespace(table_, owner(), UserCharge()));
  tree->detached_tree_ = true;
  WriteGuard guard(table_->lock);
  const Mounts copies = TRY(copies_of(what, depth));
  table_->spaces.push_back(tree.get());
  for (const Ref<Mount>& copy : copies) tree->add(copy);
  return tree;
}

Ref<MountNamespace> MountNamespace::detached(Ref<Mount> mount) const NO_THREAD_SAFETY_ANALYSIS {
  Ref<MountNamespace> tree = Ref<MountNamespace>::adopt(new MountNamespace(table_, owner(), UserCharge()));
  tree->detached_tree_ = true;
  WriteGuard guard(table_->lock);
  table_->spaces.push_back(tree.get());
  tree->add(mount);
  return tree;
}

// Linux: can_change_locked_flags, mount_setattr_prepare.
Result<void> MountNamespace::change_flags(const Path& where, Depth depth, const FlagsChange& change) {
  if (where.dentry != where.mount->root()) return Errno::einval;
  WriteGuard guard(table_->lock);
  if (!may_use(*where.mount)) return Errno::einval;
  const Mounts mounts = tree_of(where, depth);
  std::vector<u32> flags;
  for (const Ref<Mount>& mount : mounts) {
    const u32 now = TRY(change(mount->flags()));
    if ((mount->locked_flags_ & kLockable & ~now) != 0) return Errno::eperm;
    const bool same_times = (now & kAtimeFlags) == (mount->flags() & kAtimeFlags);
    if ((mount->locked_flags_ & kAtimeFlags) != 0 && !same_times) return Errno::eperm;
    flags.push_back(now);
  }
  for (usize i = 0; i < mounts.size(); ++i) mounts[i]->flags_.store(flags[i], std::memory_order_relaxed);
  return success;
}

Result<void> MountNamespace::remount(const Path& where, u32 flags) {
  return change_flags(where, Depth::one, [flags](u32) -> Result<u32> { return flags; });
}

// What a move may not do, wherever it goes. Linux: do_move_mount.
Result<void> MountNamespace::may_move(const Path& from, const Path& to) const {
  const Mount& moved = *from.mount;
  if (from.dentry != moved.root_ || to.mount->space_ != this || moved.held_) return Errno::einval;
  if (moved.space_ != nullptr && moved.space_ != this && moved.space_->detached_tree_) return success;
  if (moved.space_ != this || !moved.mountpoint_) return Errno::einval;
  // Its going would have to be told to the peers of what it lies on, and its coming to those of the other.
  return moved.mountpoint_.mount->peers_ != 0 ? Errno::einval : Result<void>();
}

// Linux: can_move_mount_beneath.
Result<void> MountNamespace::may_move_beneath(const Path& from, const Path& to) const {
  const Mount& over = *to.mount;
  if (to.dentry != over.root_ || !over.mountpoint_ || over.held_) return Errno::einval;
  if (from.mount == to.mount || is_beneath(*from.mount, over)) return Errno::einval;
  const u32 peers = over.mountpoint_.mount->peers_;  // what propagates onto what lies there would come to lie on that
  return peers != 0 && (over.peers_ == peers || over.master_ == peers) ? Errno::einval : Result<void>();
}

Result<void> MountNamespace::move(const Path& from, const Path& to, Layer layer) NO_THREAD_SAFETY_ANALYSIS {
  const Attributes source = TRY(from.inode().recent_attributes());
  const Attributes target = TRY(to.inode().recent_attributes());
  if (source.is_directory() != target.is_directory()) return Errno::enotdir;
  WriteGuard guard(table_->lock);
  TRY(may_move(from, to));
  if (layer == Layer::beneath) TRY(may_move_beneath(from, to));
  if (is_beneath(*to.mount, *from.mount)) return Errno::eloop;
  const bool is_covered = table_->covers.contains({to.mount.get(), to.dentry.get()});
  if (layer == Layer::top && is_covered) return Errno::ebusy;
  const Mounts tree = tree_of(from, Depth::all);
  const bool holds_unbindable =
      std::any_of(tree.begin(), tree.end(), [](const Ref<Mount>& mount) { return mount->unbindable_; });
  const Path place = layer == Layer::top ? to : to.mount->mountpoint_;
  if (place.mount->peers_ != 0 && holds_unbindable) return Errno::einval;
  MountNamespace& home = *from.mount->space_;
  // A tree that holds itself, or one that is older and may hold it, would never go. Linux: check_for_nsfs_mounts.
  const auto leads_back = [this](const Ref<Mount>& mount) {
    if (!is_file_of_tree(*mount->fs_, *mount->root_)) return false;
    const Result<Attributes> attributes = mount->root_->inode()->recent_attributes();
    return !attributes.ok() || attributes->inode <= number();
  };
  if (&home != this && std::any_of(tree.begin(), tree.end(), leads_back)) return Errno::eloop;
  const Path old = from.mount->mountpoint_;
  uncover(*from.mount);
  if (layer == Layer::beneath) uncover(*to.mount);
  adopt(home, tree);
  Result<void> attached = attach(place, tree, Listed::yes);
  if (layer == Layer::beneath) cover(attached.ok() ? Path(from.mount, from.dentry) : place, to.mount);
  if (!attached.ok()) {
    home.adopt(*this, tree);
    if (old) cover(old, from.mount);
  }
  return attached;
}

// Mounts of another list come into this one.
void MountNamespace::adopt(MountNamespace& home, const Mounts& tree) NO_THREAD_SAFETY_ANALYSIS {
  if (&home == this) return;
  for (const Ref<Mount>& mount : tree) {
    std::erase(home.mounts_, mount);
    mount->space_ = this;
    mounts_.push_back(mount);
  }
}

// Linux: do_set_group.
Result<void> MountNamespace::join_group(const Path& from, const Path& to) {
  WriteGuard guard(table_->lock);
  Mount &source = *from.mount, &target = *to.mount;
  if (source.space_ == nullptr || target.space_ == nullptr) return Errno::einval;
  if (!may_use(source) || !may_use(target)) return Errno::einval;
  if (from.dentry != source.root_ || to.dentry != target.root_) return Errno::einval;
  if (source.fs_ != target.fs_ || !is_in(target.root_, source.root_)) return Errno::einval;
  if (holds_beneath(Path(from.mount, target.root_))) return Errno::einval;
  if (target.peers_ != 0 || target.master_ != 0) return Errno::einval;
  if (source.peers_ == 0 && source.master_ == 0) return Errno::einval;
  target.peers_ = source.peers_, target.master_ = source.master_;
  target.unbindable_ = false;
  return success;
}

}  // namespace limen
