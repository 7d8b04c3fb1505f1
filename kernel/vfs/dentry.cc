#include "kernel/vfs/dentry.h"

#include "kernel/vfs/handles.h"
#include "kernel/vfs/notify.h"

namespace limen {

Dentry::Dentry(Ref<Dentry> parent, std::string name, Ref<Inode> inode)
    : parent_(std::move(parent)), name_(std::move(name)), inode_(std::move(inode)) {
  inode_->filesystem().dentries.fetch_add(1, std::memory_order_relaxed);
}

Dentry::~Dentry() {
  Filesystem& fs = inode_->filesystem();
  fs.dentries.fetch_sub(1, std::memory_order_relaxed);
  const bool was_deleted = [this]() NO_THREAD_SAFETY_ANALYSIS { return deleted_; }();
  if (was_deleted && fs.is_watched.load(std::memory_order_relaxed)) notify_name_dropped(inode_);
  // A long chain of parents must not be a deep recursion: a guest may nest directories by the thousand.
  Ref<Dentry> next = [this]() NO_THREAD_SAFETY_ANALYSIS { return std::move(parent_); }();
  while (next && next->ref_count() == 1) {
    Ref<Dentry> up;
    {
      MutexGuard guard(next->lock_);
      if (!next->children_.empty()) break;
      up = std::move(next->parent_);
    }
    next = std::move(up);
  }
}

Ref<Dentry> Dentry::parent() const {
  MutexGuard guard(lock_);
  return parent_;
}
std::string Dentry::name() const {
  MutexGuard guard(lock_);
  return name_;
}
bool Dentry::is_deleted() const {
  MutexGuard guard(lock_);
  return deleted_;
}
void Dentry::set_deleted() {
  MutexGuard guard(lock_);
  deleted_ = true;
}

void DentryCache::keep(Dentry& parent, std::string_view name, const Ref<Dentry>& child, Dropped& dropped) {
  if (!parent.caches_) return;
  if (parent.children_.size() >= kMostChildren) {
    for (auto it = parent.children_.begin(); it != parent.children_.end();) {
      if (it->second->ref_count() != 1 || it->second->is_mountpoint()) {
        ++it;
        continue;
      }
      dropped.names.push_back(std::move(it->second));  // their ends take locks of this rank: after ours
      it = parent.children_.erase(it);
    }
  }
  parent.children_.insert_or_assign(std::string(name), child);
}

Ref<Dentry> DentryCache::add(Dentry& parent, std::string_view name, Ref<Inode> inode, Dropped& dropped) {
  Ref<Dentry> child = make_ref<Dentry>(Ref<Dentry>(&parent), std::string(name), std::move(inode));
  // Beneath what has left the cache nothing is cached.
  [&]() NO_THREAD_SAFETY_ANALYSIS { child->caches_ = parent.caches_; }();
  keep(parent, name, child, dropped);
  return child;
}

void DentryCache::forget(std::vector<Ref<Dentry>> dropped) {
  for (usize i = 0; i < dropped.size(); ++i) {
    const Ref<Dentry> at = dropped[i];
    MutexGuard guard(at->lock_);
    at->caches_ = false;
    for (auto it = at->children_.begin(); it != at->children_.end();) {
      if (it->second->is_mountpoint()) {
        ++it;
        continue;
      }
      dropped.push_back(std::move(it->second));
      it = at->children_.erase(it);
    }
  }
}

// A walk over the whole cache, once for many lookups.
void DentryCache::prune(const Ref<Dentry>& somewhere) {
  Filesystem& fs = somewhere->inode()->filesystem();
  if (fs.is_pruning.exchange(true)) return;
  drop_unused(somewhere);
  fs.is_pruning.store(false);
}

// Children before parents.
void DentryCache::drop_unused(const Ref<Dentry>& somewhere) {
  Ref<Dentry> top = somewhere;
  while (Ref<Dentry> up = top->parent()) top = std::move(up);
  std::vector<Ref<Dentry>> all{std::move(top)};
  for (usize i = 0; i < all.size(); ++i) {
    const Ref<Dentry> at = all[i];
    MutexGuard guard(at->lock_);
    for (const auto& [name, child] : at->children_) all.push_back(child);
  }
  while (all.size() > 1) {
    const Ref<Dentry> child = std::move(all.back());
    all.pop_back();
    const Ref<Dentry> parent = child->parent();
    const std::string name = child->name();
    Ref<Dentry> dropped;
    MutexGuard guard(parent->lock_);
    const auto found = parent->children_.find(name);
    // Ours and the cache's: nobody can get another reference but through the parent, whose lock we hold.
    if (found == parent->children_.end() || found->second != child || child->ref_count() != 2) continue;
    if (child->is_mountpoint()) continue;
    dropped = std::move(found->second);
    parent->children_.erase(found);
  }
}

Result<Ref<Dentry>> DentryCache::lookup(const Ref<Dentry>& parent, std::string_view name) {
  const Ref<Inode>& directory = parent->inode();
  for (;;) {
    Ref<Dentry> cached;
    u64 generation = 0;
    {
      MutexGuard guard(parent->lock_);
      const auto found = parent->children_.find(name);
      if (found != parent->children_.end()) cached = found->second;
      generation = parent->generation_;
    }
    if (cached && (cached->is_mountpoint() || directory->still_valid(name, cached->inode().get()))) return cached;
    if (directory->filesystem().dentries.load(std::memory_order_relaxed) > kMostDentries) prune(parent);
    Result<Ref<Inode>> inode = directory->lookup(name);
    Dropped dropped;
    MutexGuard guard(parent->lock_);
    if (parent->generation_ != generation) continue;
    const auto found = parent->children_.find(name);
    if (!inode.ok()) {
      if (inode.is(Errno::enoent) && found != parent->children_.end()) {
        dropped.names.push_back(std::move(found->second));
        parent->children_.erase(found);
      }
      return inode.error();
    }
    if (found != parent->children_.end()) {
      if (found->second->inode() == *inode) return found->second;
      dropped.names.push_back(std::move(found->second));
    }
    return add(*parent, name, std::move(*inode), dropped);
  }
}

Ref<Dentry> DentryCache::attach(const Ref<Dentry>& parent, std::string_view name, Ref<Inode> inode) {
  Dropped dropped;
  MutexGuard guard(parent->lock_);
  ++parent->generation_;
  const auto found = parent->children_.find(name);
  if (found != parent->children_.end()) {
    if (found->second->inode() == inode) return found->second;
    dropped.names.push_back(found->second);
  }
  return add(*parent, name, std::move(inode), dropped);
}

void DentryCache::removed(Dentry& parent, Dentry& child) {
  child.set_deleted();
  child.inode()->filesystem().handle_table->forget(child);
  const std::string name = child.name();
  Dropped dropped;
  MutexGuard guard(parent.lock_);
  ++parent.generation_;
  const auto found = parent.children_.find(name);
  if (found == parent.children_.end() || found->second.get() != &child) return;
  dropped.names.push_back(std::move(found->second));
  parent.children_.erase(found);
}

void DentryCache::moved(const Ref<Dentry>& child, const Ref<Dentry>& to, std::string_view to_name) {
  const Ref<Dentry> from = child->parent();
  const std::string old_name = child->name();
  Dropped dropped;
  bool caches = true;
  {
    MutexGuard guard(to->lock_);
    caches = to->caches_;
  }
  {
    MutexGuard guard(from->lock_);
    ++from->generation_;
    const auto found = from->children_.find(old_name);
    if (found != from->children_.end() && found->second == child) from->children_.erase(found);
  }
  {
    MutexGuard guard(child->lock_);
    child->parent_ = to;
    child->caches_ = caches;
    child->name_ = to_name;
  }
  MutexGuard guard(to->lock_);
  ++to->generation_;
  keep(*to, to_name, child, dropped);
}

void DentryCache::exchanged(const Ref<Dentry>& a, const Ref<Dentry>& b) {
  const Ref<Dentry> a_parent = a->parent(), b_parent = b->parent();
  const std::string a_name = a->name(), b_name = b->name();
  moved(a, b_parent, b_name);  // b keeps its own name until here: only the cache's slot is taken from it
  {
    MutexGuard guard(b->lock_);
    b->parent_ = a_parent;
    b->name_ = a_name;
  }
  Dropped dropped;
  MutexGuard guard(a_parent->lock_);
  ++a_parent->generation_;
  keep(*a_parent, a_name, b, dropped);
}

bool is_same_or_beneath(const Ref<Dentry>& below, const Dentry& above) {
  for (Ref<Dentry> at = below; at; at = at->parent()) {
    if (at.get() == &above) return true;
  }
  return false;
}

}  // namespace limen
