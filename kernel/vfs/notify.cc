#include "kernel/vfs/notify.h"

#include <atomic>

#include "abi/poll.h"

namespace limen {
namespace {

void tell(Inode& inode, u32 mask, u32 cookie, std::string_view name) {
  const Ref<RefCounted> watches = inode.attachment(Inode::Attachment::watches);
  if (watches) static_cast<WatchList&>(*watches).event(mask, cookie, name);
}

}  // namespace

void notify_inode(const Path& path, u32 mask) {
  if (!path || !path.inode().filesystem().is_watched.load(std::memory_order_relaxed)) return;
  const Ref<Dentry> parent = path.dentry->parent();
  if (parent && parent->inode()->attachment(Inode::Attachment::watches)) {
    tell(*parent->inode(), mask, 0, path.dentry->name());
  }
  tell(path.inode(), mask, 0, "");
}

void notify_name(Inode& directory, std::string_view name, u32 mask, u32 cookie) { tell(directory, mask, cookie, name); }
void notify_self(Inode& inode, u32 mask) { tell(inode, mask, 0, ""); }

u32 next_move_cookie() {
  static std::atomic<u32> next{1};  // a supply of numbers, not state
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace limen
