#include "kernel/vfs/notify.h"

#include <algorithm>
#include <atomic>

#include "abi/poll.h"

namespace limen {
namespace {

Ref<WatchList> existing_list(Inode& inode) {
  const Ref<RefCounted> watches = inode.attachment(Inode::Attachment::watches);
  return watches ? ref_cast<WatchList>(watches) : Ref<WatchList>();
}

u32 directory_bit(Inode& inode) {
  const Result<Attributes> attributes = inode.recent_attributes();
  return attributes.ok() && attributes->is_directory() ? abi::in_isdir : 0;
}

}  // namespace

std::vector<Ref<InodeWatcher>> WatchList::watchers() const {
  MutexGuard guard(lock_);
  return watchers_;
}

void WatchList::add(Ref<InodeWatcher> watcher) {
  MutexGuard guard(lock_);
  watchers_.push_back(std::move(watcher));
}

Ref<InodeWatcher> WatchList::find_or_add(const std::function<bool(InodeWatcher&)>& is,
                                         const std::function<Ref<InodeWatcher>()>& make) {
  MutexGuard guard(lock_);
  for (const Ref<InodeWatcher>& watcher : watchers_) {
    if (is(*watcher)) return watcher;
  }
  return watchers_.emplace_back(make());
}

void WatchList::remove(const InodeWatcher& watcher) {
  Ref<InodeWatcher> removed;  // dropped without the lock
  MutexGuard guard(lock_);
  const auto at = std::find_if(watchers_.begin(), watchers_.end(), [&](const auto& w) { return w.get() == &watcher; });
  if (at == watchers_.end()) return;
  removed = std::move(*at);
  watchers_.erase(at);
}

void WatchList::event(const InodeEvent& event) {
  for (const Ref<InodeWatcher>& watcher : watchers()) watcher->event(event);
}

void WatchList::end(u32 mask) {
  const std::vector<Ref<InodeWatcher>> all = watchers();
  for (const Ref<InodeWatcher>& watcher : all) watcher->event({.mask = mask});
  for (const Ref<InodeWatcher>& watcher : all) watcher->inode_gone();
}

Ref<WatchList> watch_list_of(Inode& inode) {
  if (Ref<WatchList> there = existing_list(inode)) return there;
  const Ref<WatchList> list = ref_cast<WatchList>(
      inode.attachment_or(Inode::Attachment::watches, [] { return Ref<RefCounted>(make_ref<WatchList>()); }));
  Filesystem& fs = inode.filesystem();
  MutexGuard guard(fs.watched_lock);
  // Of lists whose inode is gone only this reference is left.
  std::erase_if(fs.watched, [](const Ref<RefCounted>& known) { return known->ref_count() == 1; });
  const Ref<RefCounted> known(list);
  if (std::find(fs.watched.begin(), fs.watched.end(), known) == fs.watched.end()) fs.watched.push_back(known);
  return list;
}

void notify_inode(const Path& path, u32 mask) {
  if (!path || !path.inode().filesystem().is_watched.load(std::memory_order_relaxed)) return;
  const Ref<Dentry> parent = path.dentry->parent();
  const Ref<WatchList> above = parent ? existing_list(*parent->inode()) : Ref<WatchList>();
  const Ref<WatchList> own = existing_list(path.inode());
  if (!above && !own) return;
  InodeEvent event{.mask = mask | directory_bit(path.inode())};
  constexpr u32 kOfOpenFiles =
      abi::in_access | abi::in_modify | abi::in_open | abi::in_close_write | abi::in_close_nowrite;
  event.name_is_gone = (mask & kOfOpenFiles) != 0 && path.dentry->is_deleted();
  if (above) {
    const std::string name = path.dentry->name();
    InodeEvent of_child = event;
    of_child.name = name, of_child.is_child = true;
    above->event(of_child);
  }
  if (own) own->event(event);
}

void notify_name(Inode& directory, std::string_view name, u32 mask, u32 cookie) {
  if (const Ref<WatchList> list = existing_list(directory)) {
    list->event({.mask = mask, .cookie = cookie, .name = name, .is_child = true});
  }
}

void notify_self(Inode& inode, u32 mask) {
  if (const Ref<WatchList> list = existing_list(inode)) list->event({.mask = mask | directory_bit(inode)});
}

void notify_name_dropped(Inode& inode) {
  const Ref<WatchList> list = existing_list(inode);
  if (!list) return;
  const Result<Attributes> left = inode.attributes();
  const bool is_gone = left.ok() && (left->links == 0 || left->is_directory());
  if (is_gone) list->end(abi::in_delete_self);
}

void notify_unmount(Filesystem& filesystem) {
  std::vector<Ref<RefCounted>> lists;
  {
    MutexGuard guard(filesystem.watched_lock);
    lists.swap(filesystem.watched);
  }
  for (const Ref<RefCounted>& list : lists) static_cast<WatchList&>(*list).end(abi::in_unmount);
}

u32 next_move_cookie() {
  static std::atomic<u32> next{1};  // a supply of numbers, not state
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace limen
