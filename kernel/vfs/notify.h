// What happens to names and files, for inotify(7), dnotify (F_NOTIFY) and fanotify(7): the VFS tells; kernel/ipc/inotify,
// kernel/vfs/dnotify and kernel/ipc/fanotify listen. Source: fs/notify/fsnotify.c.
//
// Lists of watchers hang on inodes (Attachment::watches), mounts and filesystems. An event is made once, whole, and goes to the lists of
// the thing itself, of the directory that it is in, of the mount that it was reached by and of its filesystem. A watcher is told for each
// list that it is in; those of one EventGroup (fanotify) are told together, as the group says one thing about one event.
// Who did it is the task that this thread serves (polling_task()): the last reference to a file may be dropped by anybody.
//
// Telling costs one look at a flag of the filesystem where nobody watches anything in it. Called without VFS locks of rank `directory` and
// later; rename_lock may be held, but not where listeners are asked.
//
// Who holds whom: a watcher of an inode holds it and its filesystem, the list holds the watcher; the watcher's owner takes it out of the list.
// A watcher of a mount or a filesystem holds neither and is told of its end.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "kernel/vfs/path.h"

namespace limen {

struct InodeEvent {
  u32 mask = 0;  // IN_* of inotify(7) or FAN_* of fanotify(7); IN_ISDIR where the thing is a directory
  u32 cookie = 0;
  std::string_view name;      // as this list is told of it: empty for events of the inode itself
  bool is_child = false;      // told to a directory about something in it
  bool name_is_gone = false;  // the file was opened by a name that is no more: IN_EXCL_UNLINK

  // The same for all lists.
  Task* task = nullptr;        // whose doing it is; null: the kernel's own
  const Path* path = nullptr;  // what was opened, read, ...
  Ref<Inode> inode;            // what it happened to
  Ref<Dentry> dentry;          // its name; null where it is about to go
  Ref<Dentry> directory;       // which has it, or had it
  std::string_view entry;      // its name there
  Ref<Dentry> to_directory;    // of FAN_RENAME: where it is now
  std::string_view to_entry;
};

class EventGroup;

class InodeWatcher : public RefCounted {
 public:
  virtual void event(const InodeEvent& event) = 0;  // never blocks; takes locks of rank `ipc` and later
  virtual void inode_gone() = 0;  // after IN_DELETE_SELF or IN_UNMOUNT, with the mount: nothing more comes
  virtual Ref<EventGroup> group() { return {}; }  // which is told in its place
};

// By which list a watcher of a group heard of an event.
enum class HeardBy : u8 { inode, directory, to_directory, mount, filesystem };
struct Heard {
  Ref<InodeWatcher> watcher;
  HeardBy by;
};

class EventGroup : public RefCounted {
 public:
  virtual void event(const InodeEvent& event, std::span<const Heard> heard) = 0;  // as InodeWatcher::event
  // May it be done? eperm: no. Blocks, with no lock held, until there is an answer; eintr where the task has to die.
  virtual Result<void> ask(Task& task, const InodeEvent& event, std::span<const Heard> heard) = 0;
  virtual u32 priority() const = 0;  // the highest is asked first
};

// The watchers of one inode, mount or filesystem.
class WatchList final : public RefCounted {
 public:
  void add(Ref<InodeWatcher> watcher);
  // The one that `is` says yes to, else what `make` makes; both brief, under the lock.
  Ref<InodeWatcher> find_or_add(const std::function<bool(InodeWatcher&)>& is,
                                const std::function<Ref<InodeWatcher>()>& make);
  void remove(const InodeWatcher& watcher);
  void end();  // inode_gone() for all
  std::vector<Ref<InodeWatcher>> watchers() const;

 private:
  mutable Mutex lock_{LockRank::leaf};
  std::vector<Ref<InodeWatcher>> watchers_ GUARDED_BY(lock_);
};

// The list, made where there is none.
Ref<WatchList> watch_list_of(Inode& inode);
Ref<WatchList> watch_list_of(Mount& mount);
Ref<WatchList> watch_list_of(Filesystem& filesystem);

// To the inode itself and, with the dentry's name, to its parent directory. Linux: __fsnotify_parent.
void notify_inode(const Path& path, u32 mask);
// To a directory: `name` in it was made, removed (and has no dentry any more) or moved.
struct NamedInode {
  const Ref<Inode>& inode;
  const Ref<Dentry>& dentry;
};
void notify_name(const Ref<Dentry>& directory, std::string_view name, const NamedInode& child, u32 mask,
                 u32 cookie = 0);
// FAN_RENAME, to both directories.
struct MovedName {
  const Ref<Dentry>& directory;
  std::string_view name;
};
void notify_rename(const Ref<Dentry>& child, const MovedName& from, const MovedName& to, u32 directory_bit);
// To the inode alone: IN_MOVE_SELF, IN_ATTRIB of an unlink.
void notify_self(const Ref<Dentry>& what, u32 mask);
// A removed name has lost its last user: where it was the inode's last name, IN_DELETE_SELF and the end of its watches.
void notify_name_dropped(const Ref<Inode>& inode);
// The last mount of the filesystem is gone: IN_UNMOUNT. One of its mounts is gone.
void notify_unmount(Filesystem& filesystem);
void notify_mount_gone(Mount& mount);
// Pairs IN_MOVED_FROM with IN_MOVED_TO.
u32 next_move_cookie();

// FAN_OPEN_PERM and its kin: waits for the answers of who listens. eperm, eintr. Linux: fsnotify_file_perm.
Result<void> ask_listeners(Task& task, const Path& path, u32 mask);

}  // namespace limen
