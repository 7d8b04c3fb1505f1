#include "kernel/vfs/inode.h"

#include <atomic>

#include "kernel/vfs/handles.h"
#include "kernel/vfs/path.h"

namespace limen {

Filesystem::Filesystem() : handle_table(make_ref<HandleTable>()) {}
Filesystem::~Filesystem() = default;

u64 Filesystem::fsid() {
  const Result<FilesystemStatus> known = status();
  if (known.ok() && known->fsid != 0) return known->fsid;
  const Device on = device();
  return u64{on.major} << 20 | on.minor;
}

// What an inode answers where its filesystem says nothing. Linux's VFS has the same answers for a missing operation.
Result<u32> Inode::file_type() {
  const Attributes attributes = TRY(recent_attributes());
  return attributes.type();
}
InodeIdentity Inode::identity() {
  const Result<Attributes> attributes = recent_attributes();
  return {.number = attributes.ok() ? attributes->inode : 0};
}
Result<Ref<Inode>> Inode::lookup(std::string_view) { return Errno::enotdir; }
bool Inode::still_valid(std::string_view, const Inode* cached) { return cached != nullptr; }
Result<Ref<Inode>> Inode::create(std::string_view, const NewInode&) { return Errno::eperm; }
Result<Ref<Inode>> Inode::create_unnamed(const NewInode&) { return Errno::eopnotsupp; }
Result<void> Inode::link(std::string_view, Inode&) { return Errno::eperm; }
Result<void> Inode::unlink(std::string_view) { return Errno::eperm; }
Result<void> Inode::rmdir(std::string_view) { return Errno::eperm; }
Result<void> Inode::rename(std::string_view, Inode&, std::string_view, u32) { return Errno::eperm; }
Result<std::string> Inode::readlink(Task&) { return Errno::einval; }
Result<Path> Inode::follow_magic(Task&) { return Path{}; }
Result<std::vector<u8>> Inode::get_xattr(std::string_view) { return Errno::eopnotsupp; }
Result<void> Inode::set_xattr(std::string_view, std::vector<u8>, u32) { return Errno::eopnotsupp; }
Result<void> Inode::remove_xattr(std::string_view) { return Errno::eopnotsupp; }
Result<std::vector<std::string>> Inode::list_xattr() { return std::vector<std::string>(); }
Result<Ref<const Acl>> Inode::acl(AclKind) { return Errno::eopnotsupp; }
Result<void> Inode::set_acl(AclKind, Ref<const Acl>, bool) { return Errno::eopnotsupp; }

// Linux: get_write_access, deny_write_access.
Result<void> Inode::add_writer() {
  i32 now = writers_.load();
  do {
    if (now < 0) return Errno::etxtbsy;
  } while (!writers_.compare_exchange_weak(now, now + 1));
  return success;
}

Result<void> Inode::deny_writes() {
  i32 now = writers_.load();
  do {
    if (now > 0) return Errno::etxtbsy;
  } while (!writers_.compare_exchange_weak(now, now - 1));
  return success;
}

Ref<RefCounted> WatchSlot::get_or(const std::function<Ref<RefCounted>()>& make) {
  MutexGuard guard(lock_);
  if (!list_) list_ = make();
  is_used_.store(true, std::memory_order_release);
  return list_;
}

Ref<RefCounted> Inode::attachment_or(Attachment kind, const std::function<Ref<RefCounted>()>& make) {
  if (kind == Attachment::watches) filesystem().is_watched.store(true, std::memory_order_relaxed);
  MutexGuard guard(attachment_lock_);
  Ref<RefCounted>& slot = attachments_[static_cast<usize>(kind)];
  if (!slot) slot = make();
  return slot;
}

Device next_anonymous_device() {
  // Numbers, not state: two kernels in one process share the supply and never a device.
  static std::atomic<u32> next{32};
  return Device{0, next.fetch_add(1, std::memory_order_relaxed)};
}

}  // namespace limen
