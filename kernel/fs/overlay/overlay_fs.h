// The overlay: a host directory that is only read, and a layer of memory above it that takes all changes.
//
// There is one inode for a host file, found by the host's identity of it and by whatever name; it keeps its device and inode number
// when the guest changes it. Until then its attributes and bytes are the host's. A change of attributes takes a copy of them; the first
// write takes a copy of the bytes; renames and links move the inode and copy nothing, so EXDEV never shows. A name that the guest
// takes away leaves a whiteout. What the guest makes is a MemoryInode and nothing else.
//
// Host files that change meanwhile: docs/decisions/0020-host-files-that-change.md.
#pragma once

#include <vector>

#include "kernel/fs/host/host_tree.h"
#include "kernel/fs/tmpfs/memory_fs.h"

namespace limen {

class OverlayInode;

class OverlayFilesystem final : public MemoryFilesystem {
 public:
  // `place` in the tree is the root: "" or a file or directory beneath. The host's errno where it cannot be seen.
  static Result<Ref<OverlayFilesystem>> create(Kernel& kernel, Ref<HostTree> tree, const std::string& place, u64 bytes,
                                               u64 inodes);
  OverlayFilesystem(Kernel& kernel, Ref<HostTree> tree, const Options& options)
      : MemoryFilesystem(kernel, options), tree_(std::move(tree)) {}
  HostTree& tree() { return *tree_; }

 private:
  friend class OverlayInode;
  Ref<OverlayInode> inode_for(OverlayInode* parent, std::string_view name, const host::FileInfo& info);
  void forget(const HostId& id, const OverlayInode* inode);

  OverlayInode** find(const HostId& id) REQUIRES(ids_lock_);  // what refers to it in its bucket, or would
  void put(OverlayInode& inode) REQUIRES(ids_lock_);

  const Ref<HostTree> tree_;
  Mutex ids_lock_{LockRank::leaf};
  // Inodes by identity, at most one for each; not owning: an inode takes itself out.
  std::vector<OverlayInode*> buckets_ GUARDED_BY(ids_lock_) = std::vector<OverlayInode*>(256);
  usize inodes_ GUARDED_BY(ids_lock_) = 0;
};

class OverlayInode final : public MemoryInode {
 public:
  // `place` ends with its name.
  OverlayInode(OverlayFilesystem& fs, Ref<OverlayInode> parent, std::string place, const host::FileInfo& info);
  ~OverlayInode() override;

  Result<Attributes> attributes() override;
  Result<Attributes> recent_attributes() override;
  std::optional<Attributes> told_attributes() override;
  Result<Ref<Inode>> lookup(std::string_view name) override;
  bool still_valid(std::string_view name, const Inode* cached) override;
  Result<std::string> target() override;
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override;
  Result<std::vector<u8>> get_xattr(std::string_view name) override;
  Result<void> set_xattr(std::string_view name, std::vector<u8> value, u32 flags) override;
  Result<void> remove_xattr(std::string_view name) override;
  Result<std::vector<std::string>> list_xattr() override;
  Result<Ref<const Acl>> acl(AclKind kind) override;
  bool learn_acl() override;

  Result<usize> read_at(Task& task, UserBuffer& to, u64& position) override;
  Result<MappingSource> mapping(Ref<RefCounted> owner, bool may_write) override;
  Result<u64> seek_data(u64 offset, bool hole) override;
  Result<Ref<Listing>> start_listing() override;
  void list(const Ref<Listing>& listing, u64& position, const DirectorySink& sink) override;

  const HostId& id() const { return id_; }
  InodeIdentity identity() override { return id_.identity(); }
  std::string tree_path() { return tree().absolute(place_); }  // on the host
  bool is_of_host() const override { return true; }

 protected:
  Result<void> own_attributes() override;
  Result<void> own_content(u64 bytes_kept) override;
  Result<bool> lower_has(std::string_view name) override;
  bool keeps_times() override;
  Result<bool> is_empty() override;

 private:
  friend class OverlayFilesystem;
  struct LowerNames;
  OverlayFilesystem& overlay() { return static_cast<OverlayFilesystem&>(fs_); }
  HostTree& tree() { return overlay().tree(); }
  HostTree::Spot spot() const { return {place_, id_, parent_ ? &parent_->id_ : nullptr}; }
  bool owns_content();
  bool owns_xattrs();
  Result<void> own_xattrs();
  void refresh(const host::FileInfo& info);
  Result<void> copy_content(u64 length) REQUIRES(lock_);
  bool is_believed();
  void pin();
  Result<host::DirectoryNames> lower_names();
  Result<Ref<HostTree::Open>> lower_file();
  void learn_acls();

  const Ref<OverlayInode> parent_;  // where the host has it; null at the root
  const std::string place_;         // in the tree
  const std::string_view name_;     // its name there, at the end of place_
  const HostId id_;
  OverlayInode* next_by_id_ = nullptr;  // under the filesystem's ids_lock_
  const bool unchanging_;
  bool owns_attributes_ GUARDED_BY(lock_) = false;
  bool owns_content_ GUARDED_BY(lock_) = false;
  bool owns_xattrs_ GUARDED_BY(lock_) = false;             // xattrs_ are all there are, whatever the host's file has
  bool told_ GUARDED_BY(lock_) = false;                    // of attributes_: withdraw_opened before they change
  std::optional<TimeStamp> acls_as_of_ GUARDED_BY(lock_);  // the host file's ctime when its access lists were read
  std::atomic<bool> pinned_{false};
  std::atomic<u64> seen_at_ns_{0};                                     // when the host was asked last
  std::map<std::string, bool, std::less<>> absent_ GUARDED_BY(lock_);  // of an unchanging directory
};

}  // namespace limen
