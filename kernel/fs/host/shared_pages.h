// The pages of a writable volume's file while somebody maps it shared and writable. See kernel/mm/shared_writable.h.
//
// All mappings of the file share them, whichever process or description they come by; read(2) and write(2) go through them, too. The file
// is read whole at the first mapping (its zeroes cost nothing) and charged to the sandbox's memory: enomem where that has no room.
// What goes back: pages that differ from what was read or written back last, and never bytes beyond the file's end. What others on the host
// write meanwhile to pages that the guest leaves alone stays. It shows in the guest only after the last mapping is gone.
#pragma once

#include <map>

#include "kernel/fs/host/host_tree.h"
#include "kernel/mm/page_store.h"

namespace limen {

class VolumeInode;

class SharedPages final : public RefCounted {
 public:
  SharedPages(Arena& arena, Ref<VolumeInode> inode, Ref<HostTree::Open> open);
  ~SharedPages() override;

  // Under VolumeInode's lock of shared pages, so that nobody reads what another has yet to write back.
  Result<void> load();
  Result<void> write_back();

  const Ref<PageStore>& store() const { return store_; }
  u64 size() const { return store_->size(); }
  void resize(u64 size);
  // What the host has made zeroes of.
  void zeroed(u64 offset, u64 length);
  // What write(2) has given to the host; the end of the file may have moved.
  void wrote(std::span<const u8> bytes, u64 offset);

 private:
  Result<void> write_back(const StoreRun& run, u64 file_size);
  bool is_known(u64 page, u64 hash);
  void set_known(u64 page, u64 hash);

  const Ref<VolumeInode> inode_;
  const Ref<HostTree::Open> open_;
  const Ref<PageStore> store_;
  Mutex lock_{LockRank::leaf};
  std::map<u64, u64> known_ GUARDED_BY(lock_);  // by page: what the host has, as a hash; absent: zeroes
};

}  // namespace limen
