// What happens to names and files, for inotify(7): the VFS tells, kernel/ipc/inotify listens.
//
// A watched inode carries a WatchList as its Attachment::watches. Telling costs one look at the attachment where
// nobody watches. Called without VFS locks of rank `directory` and later; rename_lock may be held.
#pragma once

#include <string_view>

#include "kernel/vfs/path.h"

namespace limen {

// The watches of one inode. `name` is empty for events of the inode itself.
class WatchList : public RefCounted {
 public:
  virtual void event(u32 mask, u32 cookie, std::string_view name) = 0;  // IN_* of inotify(7); never blocks
};

// To the inode itself and, with the dentry's name, to its parent directory. Source: fs/notify/fsnotify.c:__fsnotify_parent.
void notify_inode(const Path& path, u32 mask);
// To a directory: `name` in it was made, removed or moved.
void notify_name(Inode& directory, std::string_view name, u32 mask, u32 cookie = 0);
// To the inode alone: IN_DELETE_SELF, IN_MOVE_SELF, IN_ATTRIB of an unlink.
void notify_self(Inode& inode, u32 mask);
// Pairs IN_MOVED_FROM with IN_MOVED_TO.
u32 next_move_cookie();

}  // namespace limen
