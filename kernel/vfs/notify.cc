#include "kernel/vfs/notify.h"

#include <algorithm>
#include <atomic>

#include "abi/fanotify.h"
#include "abi/fcntl.h"
#include "kernel/task/deferred.h"

namespace limen {
namespace {

Ref<WatchList> list_in(const Ref<RefCounted>& held) { return held ? ref_cast<WatchList>(held) : Ref<WatchList>(); }
Ref<WatchList> list_of(Inode& inode) { return list_in(inode.attachment(Inode::Attachment::watches)); }

u32 directory_bit(Inode& inode) {
  const Result<u32> type = inode.file_type();
  return type.ok() && *type == abi::s_ifdir ? abi::in_isdir : 0;
}

bool is_watched(Filesystem& fs) { return fs.is_watched.load(std::memory_order_relaxed); }

constexpr u32 kOfOpenFiles =
    abi::in_access | abi::in_modify | abi::in_open | abi::in_close_write | abi::in_close_nowrite | abi::fan_open_exec;

constexpr u32 kOfInotify = abi::in_all_events | abi::in_unmount | abi::in_isdir;

// Who hears of one event.
class Audience {
 public:
  void add(const Ref<WatchList>& list, HeardBy by) {
    if (!list) return;
    for (Ref<InodeWatcher>& watcher : list->watchers()) all_.push_back({std::move(watcher), by});
  }
  bool is_empty() const { return all_.empty(); }

  void tell(const InodeEvent& event) {
    for (const Heard& heard : all_) {
      if (heard.watcher->group()) continue;
      InodeEvent told = event;
      told.mask &= kOfInotify;
      if ((told.mask & ~abi::in_isdir) == 0) continue;
      const bool is_child = heard.by == HeardBy::directory || heard.by == HeardBy::to_directory;
      told.is_child = is_child, told.name = is_child ? event.entry : std::string_view();
      heard.watcher->event(told);
    }
    for (auto& [group, heard] : groups()) group->event(event, heard);
  }
  Result<void> ask(Task& task, const InodeEvent& event) {
    for (auto& [group, heard] : groups()) TRY(group->ask(task, event, heard));
    return success;
  }

 private:
  struct Group {
    Ref<EventGroup> group;
    std::vector<Heard> heard;
  };
  std::vector<Group> groups() const {
    std::vector<Group> found;
    for (const Heard& heard : all_) {
      const Ref<EventGroup> group = heard.watcher->group();
      if (!group) continue;
      auto at = std::find_if(found.begin(), found.end(), [&](const Group& g) { return g.group == group; });
      if (at == found.end()) at = found.insert(found.end(), Group{group, {}});
      at->heard.push_back(heard);
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Group& a, const Group& b) { return a.group->priority() > b.group->priority(); });
    return found;
  }
  std::vector<Heard> all_;
};

// Of an open file, or of something that has a path. `audience` is empty where nobody listens.
InodeEvent event_of(const Path& path, u32 mask, Audience& audience, std::string& name) {
  InodeEvent event{.mask = mask, .task = polling_task()};
  const Ref<Dentry> parent = path.dentry->parent();
  if (parent) audience.add(list_of(*parent->inode()), HeardBy::directory);
  audience.add(list_of(path.inode()), HeardBy::inode);
  const bool is_opened =
      (mask & (kOfOpenFiles | abi::fan_open_perm | abi::fan_access_perm | abi::fan_open_exec_perm)) != 0;
  if (is_opened) audience.add(list_in(path.mount->watchers.get()), HeardBy::mount);
  audience.add(list_in(path.inode().filesystem().watchers.get()), HeardBy::filesystem);
  if (audience.is_empty()) return event;
  event.mask |= directory_bit(path.inode());
  event.name_is_gone = (mask & kOfOpenFiles) != 0 && path.dentry->is_deleted();
  event.inode = path.dentry->inode(), event.dentry = path.dentry, event.directory = parent;
  if (is_opened) event.path = &path;
  name = path.dentry->name();
  event.entry = name;
  return event;
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

void WatchList::end() {
  for (const Ref<InodeWatcher>& watcher : watchers()) watcher->inode_gone();
}

Ref<WatchList> watch_list_of(Inode& inode) {
  if (Ref<WatchList> there = list_of(inode)) return there;
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

Ref<WatchList> watch_list_of(Mount& mount) {
  mount.filesystem()->is_watched.store(true, std::memory_order_relaxed);
  return list_in(mount.watchers.get_or([] { return Ref<RefCounted>(make_ref<WatchList>()); }));
}

Ref<WatchList> watch_list_of(Filesystem& fs) {
  fs.is_watched.store(true, std::memory_order_relaxed);
  return list_in(fs.watchers.get_or([] { return Ref<RefCounted>(make_ref<WatchList>()); }));
}

void notify_inode(const Path& path, u32 mask) {
  if (!path || !is_watched(path.inode().filesystem())) return;
  Audience audience;
  std::string name;
  const InodeEvent event = event_of(path, mask, audience, name);
  if (!audience.is_empty()) audience.tell(event);
}

Result<void> ask_listeners(Task& task, const Path& path, u32 mask) {
  if (!path || !path.inode().filesystem().is_asked.load(std::memory_order_relaxed)) return success;
  Audience audience;
  std::string name;
  const InodeEvent event = event_of(path, mask, audience, name);
  return audience.is_empty() ? success : audience.ask(task, event);
}

void notify_name(const Ref<Dentry>& directory, std::string_view name, const NamedInode& child, u32 mask, u32 cookie) {
  Filesystem& fs = directory->inode()->filesystem();
  if (!is_watched(fs)) return;
  Audience audience;
  audience.add(list_of(*directory->inode()), HeardBy::directory);
  audience.add(list_in(fs.watchers.get()), HeardBy::filesystem);
  if (audience.is_empty()) return;
  InodeEvent event{.mask = mask, .cookie = cookie, .task = polling_task()};
  event.inode = child.inode, event.dentry = child.dentry, event.directory = directory, event.entry = name;
  audience.tell(event);
}

void notify_rename(const Ref<Dentry>& child, const MovedName& from, const MovedName& to, u32 directory_bit) {
  Filesystem& fs = child->inode()->filesystem();
  if (!is_watched(fs)) return;
  Audience audience;
  audience.add(list_of(*from.directory->inode()), HeardBy::directory);
  audience.add(list_of(*to.directory->inode()), HeardBy::to_directory);
  audience.add(list_in(fs.watchers.get()), HeardBy::filesystem);
  if (audience.is_empty()) return;
  InodeEvent event{.mask = abi::fan_rename | directory_bit, .task = polling_task()};
  event.inode = child->inode(), event.dentry = child;
  event.directory = from.directory, event.entry = from.name;
  event.to_directory = to.directory, event.to_entry = to.name;
  audience.tell(event);
}

void notify_self(const Ref<Dentry>& what, u32 mask) {
  Filesystem& fs = what->inode()->filesystem();
  if (!is_watched(fs)) return;
  Audience audience;
  audience.add(list_of(*what->inode()), HeardBy::inode);
  audience.add(list_in(fs.watchers.get()), HeardBy::filesystem);
  if (audience.is_empty()) return;
  InodeEvent event{.mask = mask | directory_bit(*what->inode()), .task = polling_task()};
  event.inode = what->inode(), event.dentry = what;
  audience.tell(event);
}

void notify_name_dropped(const Ref<Inode>& inode) {
  const Ref<WatchList> list = list_of(*inode);
  const Ref<WatchList> of_filesystem = list_in(inode->filesystem().watchers.get());
  if (!list && !of_filesystem) return;
  const Result<Attributes> left = inode->attributes();
  const bool is_gone = left.ok() && (left->links == 0 || left->is_directory());
  if (!is_gone) return;
  Audience audience;
  audience.add(list, HeardBy::inode);
  audience.add(of_filesystem, HeardBy::filesystem);
  InodeEvent event{.mask = abi::in_delete_self | directory_bit(*inode), .task = polling_task()};
  event.inode = inode;
  audience.tell(event);
  if (list) list->end();
}

void notify_unmount(Filesystem& fs) {
  std::vector<Ref<RefCounted>> lists;
  {
    MutexGuard guard(fs.watched_lock);
    lists.swap(fs.watched);
  }
  for (const Ref<RefCounted>& held : lists) {
    const Ref<WatchList> list = list_in(held);
    Audience audience;
    audience.add(list, HeardBy::inode);
    audience.tell({.mask = abi::in_unmount});
    list->end();
  }
  if (const Ref<WatchList> whole = list_in(fs.watchers.get())) whole->end();
}

void notify_mount_gone(Mount& mount) {
  if (const Ref<WatchList> list = list_in(mount.watchers.get())) list->end();
}

u32 next_move_cookie() {
  static std::atomic<u32> next{1};  // a supply of numbers, not state
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace limen
