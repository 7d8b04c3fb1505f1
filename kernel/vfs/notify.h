// What happens to names and files, for inotify(7) and dnotify (F_NOTIFY): the VFS tells, kernel/ipc/inotify and
// kernel/vfs/dnotify listen. Source: fs/notify/fsnotify.c.
//
// A watched inode carries a WatchList as its Attachment::watches. Telling costs one look at a flag of the filesystem where nobody
// watches anything in it. Called without VFS locks of rank `directory` and later; rename_lock may be held.
//
// Who holds whom: a watcher holds its inode and filesystem, the list holds the watcher; the watcher's owner takes it out of the list.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "kernel/vfs/path.h"

namespace limen {

struct InodeEvent {
  u32 mask = 0;  // IN_* of inotify(7), one of them; IN_ISDIR where the thing is a directory
  u32 cookie = 0;
  std::string_view name;      // empty for events of the inode itself
  bool is_child = false;      // told to a directory about something in it
  bool name_is_gone = false;  // the file was opened by a name that is no more: IN_EXCL_UNLINK
};

class InodeWatcher : public RefCounted {
 public:
  virtual void event(const InodeEvent& event) = 0;  // never blocks; takes locks of rank `ipc` and later
  virtual void inode_gone() = 0;                    // after IN_DELETE_SELF or IN_UNMOUNT: nothing more comes
};

// The watchers of one inode.
class WatchList final : public RefCounted {
 public:
  void add(Ref<InodeWatcher> watcher);
  // The one that `is` says yes to, else what `make` makes; both brief, under the lock.
  Ref<InodeWatcher> find_or_add(const std::function<bool(InodeWatcher&)>& is,
                                const std::function<Ref<InodeWatcher>()>& make);
  void remove(const InodeWatcher& watcher);
  void event(const InodeEvent& event);
  void end(u32 mask);  // a last event for all, then inode_gone()
  std::vector<Ref<InodeWatcher>> watchers() const;

 private:
  mutable Mutex lock_{LockRank::leaf};
  std::vector<Ref<InodeWatcher>> watchers_ GUARDED_BY(lock_);
};

// The list of an inode, made where there is none.
Ref<WatchList> watch_list_of(Inode& inode);

// To the inode itself and, with the dentry's name, to its parent directory. Linux: __fsnotify_parent.
void notify_inode(const Path& path, u32 mask);
// To a directory: `name` in it was made, removed or moved.
void notify_name(Inode& directory, std::string_view name, u32 mask, u32 cookie = 0);
// To the inode alone: IN_MOVE_SELF, IN_ATTRIB of an unlink.
void notify_self(Inode& inode, u32 mask);
// A removed name has lost its last user: where it was the inode's last name, IN_DELETE_SELF and the end of its watches.
void notify_name_dropped(Inode& inode);
// The last mount of the filesystem is gone: IN_UNMOUNT.
void notify_unmount(Filesystem& filesystem);
// Pairs IN_MOVED_FROM with IN_MOVED_TO.
u32 next_move_cookie();

}  // namespace limen
