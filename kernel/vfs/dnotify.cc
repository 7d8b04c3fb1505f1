#include "kernel/vfs/dnotify.h"

#include <algorithm>

#include "abi/fcntl.h"
#include "abi/poll.h"
#include "kernel/kernel.h"
#include "kernel/task/deferred.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/async.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/notify.h"

namespace limen {
namespace {

constexpr usize kMostRequests = 1024;

u32 inotify_mask(u32 events) {
  u32 mask = 0;
  if ((events & abi::dn_access) != 0) mask |= abi::in_access;
  if ((events & abi::dn_modify) != 0) mask |= abi::in_modify;
  if ((events & abi::dn_create) != 0) mask |= abi::in_create | abi::in_moved_to;
  if ((events & abi::dn_delete) != 0) mask |= abi::in_delete | abi::in_moved_from;
  if ((events & abi::dn_rename) != 0) mask |= abi::in_moved_from;
  if ((events & abi::dn_attrib) != 0) mask |= abi::in_attrib;
  return mask;
}

// All requests on one directory; its only watcher of this kind.
class DirectoryNotifier final : public InodeWatcher {
 public:
  explicit DirectoryNotifier(Kernel& kernel) : kernel_(kernel) {}

  Result<void> set(File& file, u64 table, Fd fd, u32 events) {
    MutexGuard guard(lock_);
    for (Request& request : requests_) {
      if (request.file != &file || request.table != table) continue;
      request.events |= events, request.fd = fd;
      return success;
    }
    if (requests_.size() >= kMostRequests) return Errno::enomem;
    requests_.push_back({&file, table, fd, events});
    return success;
  }
  void forget(const File& file, const u64* table) {
    MutexGuard guard(lock_);
    std::erase_if(requests_,
                  [&](const Request& r) { return r.file == &file && (table == nullptr || r.table == *table); });
  }

  void event(const InodeEvent& event) override {
    if (!event.is_child && (event.mask & abi::in_isdir) == 0) return;
    MutexGuard guard(lock_);
    std::erase_if(requests_, [&](const Request& request) {
      if ((inotify_mask(request.events) & event.mask) == 0) return false;
      defer(kernel_, Ref<RefCounted>(this), [this, owner = request.file->async_owner(), fd = request.fd] {
        send_sigio(kernel_, owner, fd, IoReason::msg);
      });
      return (request.events & abi::dn_multishot) == 0;
    });
  }
  void inode_gone() override {
    MutexGuard guard(lock_);
    requests_.clear();
  }

 private:
  struct Request {
    File* file;  // which takes itself out before its end
    u64 table;
    Fd fd;
    u32 events;
  };
  Kernel& kernel_;
  Mutex lock_{LockRank::ipc};
  std::vector<Request> requests_ GUARDED_BY(lock_);
};

bool is_notifier(InodeWatcher& watcher) { return dynamic_cast<DirectoryNotifier*>(&watcher) != nullptr; }

Ref<DirectoryNotifier> notifier_of(Inode& inode) {
  const Ref<RefCounted> watches = inode.attachment(Inode::Attachment::watches);
  if (!watches) return {};
  for (const Ref<InodeWatcher>& watcher : static_cast<WatchList&>(*watches).watchers()) {
    if (is_notifier(*watcher)) return Ref<DirectoryNotifier>(static_cast<DirectoryNotifier*>(watcher.get()));
  }
  return {};
}

}  // namespace

Result<void> set_dnotify(Task& task, File& file, Fd fd, u32 events) {
  if ((events & ~abi::dn_multishot) == 0) {
    forget_dnotify(task.files(), file);
    return success;
  }
  if (!file.has_inode()) return Errno::enotdir;
  const Attributes attributes = TRY(file.attributes());
  if (!attributes.is_directory()) return Errno::enotdir;
  // As Linux's __f_setown without force.
  own_if_unowned(task, file);
  const Ref<InodeWatcher> notifier = watch_list_of(file.inode())->find_or_add(is_notifier, [&task] {
    return Ref<InodeWatcher>(make_ref<DirectoryNotifier>(task.kernel()));
  });
  return static_cast<DirectoryNotifier&>(*notifier).set(file, task.files().id(), fd, events);
}

void forget_dnotify(const FdTable& table, File& file) {
  if (!file.has_inode()) return;
  const u64 id = table.id();
  if (const Ref<DirectoryNotifier> notifier = notifier_of(file.inode())) notifier->forget(file, &id);
}

void forget_dnotify(File& file) {
  if (const Ref<DirectoryNotifier> notifier = notifier_of(file.inode())) notifier->forget(file, nullptr);
}

}  // namespace limen
