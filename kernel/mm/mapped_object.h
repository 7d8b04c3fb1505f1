// What a mapping of a file maps: pages of a store, or a host file. One for each open file and address space family; shared by the
// pieces of a mapping and by the children of fork.
#pragma once

#include <map>

#include "base/lock.h"
#include "base/ref.h"
#include "base/result.h"
#include "kernel/mm/page_store.h"
#include "kernel/vfs/file.h"

namespace limen {

// Which bytes a host file had when it was first mapped.
struct FileVersion {
  u64 device = 0, inode = 0, size = 0;
  i64 modified_ns = 0, changed_ns = 0;
  auto operator<=>(const FileVersion&) const = default;
};

class MappedObject final : public RefCounted {
 public:
  // Pages of `store`; `file` is null for anonymous shared memory.
  MappedObject(Ref<File> file, Ref<PageStore> store, Ref<RefCounted> owner);
  // A host file behind `host_fd`, which `owner` (or, where that is null, the platform) keeps open.
  MappedObject(Ref<File> file, int host_fd, Ref<RefCounted> owner);
  // The last mapping goes under the locks of its address space: the file is closed after them.
  ~MappedObject() override;

  const Ref<File>& file() const { return file_; }
  PageStore* store() const { return store_.get(); }
  int host_fd() const { return host_fd_; }
  // The same for all mappings of one file: half of a futex's key.
  u64 identity() const;

  // Host files: asked of the host once. One host call.
  const FileVersion& version() const EXCLUDES(lock_);

  // Host files: bytes from `offset`, fewer at the file's end. Blocks as a disk does.
  Result<usize> read(u8* to, u64 length, u64 offset) const;
  // Host files: the kernel's own mapping, read-only, of as many of the bytes as lie together (at most `length`). Lives as long as
  // this object. A byte beyond the file's end cannot be copied: platform::safe_copy. Empty where the host refuses.
  std::span<const u8> view(u64 offset, u64 length) EXCLUDES(lock_);

 private:
  Ref<File> file_;  // these three never change
  Ref<PageStore> store_;
  Ref<RefCounted> owner_;
  const int host_fd_ = -1;
  mutable Mutex lock_{LockRank::leaf};
  mutable FileVersion version_;  // written once, under the lock
  mutable bool has_version_ GUARDED_BY(lock_) = false;
  std::map<u64, const u8*> windows_ GUARDED_BY(lock_);  // by number; mapped on first use
};

}  // namespace limen
