// A host directory (or file) that the guest may change: a volume given with `rw`. Every change is made on the host at once, as the
// user who started the sandbox; the guest's credentials are checked by the VFS before.
//
// What the host would not let that user do fails with the host's errno. Owners cannot be changed, setuid bits, devices, FIFOs and sockets
// are not made (eperm). A shared writable mapping is of the sandbox's own pages, which go back to the host: shared_pages.h.
// Calls block as the host's disk does; changes of names hold the volume's rename_lock meanwhile.
#pragma once

#include <map>
#include <string>

#include "kernel/fs/host/host_tree.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"

namespace limen {

class Kernel;
class SharedPages;
class VolumeInode;

class VolumeFilesystem final : public Filesystem {
 public:
  static Result<Ref<VolumeFilesystem>> create(Kernel& kernel, Ref<HostTree> tree, const std::string& place);
  VolumeFilesystem(Kernel& kernel, Ref<HostTree> tree, Device device)
      : kernel_(kernel), tree_(std::move(tree)), device_(device) {}
  Kernel& kernel() { return kernel_; }
  std::string_view type_name() const override { return "hostfs"; }
  Device device() const override { return device_; }
  Ref<Inode> root() override;
  Result<FilesystemStatus> status() override;
  Handles handles() const override { return Handles::placed; }
  HostTree& tree() { return *tree_; }
  Ref<VolumeInode> inode_for(VolumeInode* parent, std::string_view name, const host::FileInfo& info);
  void forget(const HostId& id, const VolumeInode* inode);

 private:
  Kernel& kernel_;
  const Ref<HostTree> tree_;
  const Device device_;
  Ref<VolumeInode> root_;
  Mutex ids_lock_{LockRank::leaf};
  std::map<HostId, VolumeInode*> by_id_ GUARDED_BY(ids_lock_);  // not owning: an inode takes itself out
};

class VolumeInode final : public Inode {
 public:
  VolumeInode(VolumeFilesystem& fs, Ref<VolumeInode> parent, std::string name, const host::FileInfo& info);
  ~VolumeInode() override;
  Filesystem& filesystem() override { return fs_; }
  Result<Attributes> attributes() override;
  Result<Attributes> recent_attributes() override;
  Result<u32> file_type() override { return type_; }
  Result<void> change(const AttributeChange& change) override;
  Result<Ref<Inode>> lookup(std::string_view name) override;
  bool still_valid(std::string_view name, const Inode* cached) override;
  Result<Ref<Inode>> create(std::string_view name, const NewInode& what) override;
  Result<void> link(std::string_view name, Inode& target) override;
  Result<void> unlink(std::string_view name) override;
  Result<void> rmdir(std::string_view name) override;
  Result<void> rename(std::string_view from, Inode& to_directory, std::string_view to, u32 flags) override;
  Result<std::string> readlink(Task& task) override;
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override;

  Result<host::DirectoryNames> names();
  const HostId& id() const { return id_; }
  InodeIdentity identity() override { return id_.identity(); }
  void refresh(const host::FileInfo& info);

  // Shared writable mappings: the pages in use, those of a first mapping, their end.
  Ref<SharedPages> shared_pages();  // null: none
  Result<Ref<SharedPages>> share_pages(const Ref<HostTree::Open>& open);
  void shared_pages_end(SharedPages& pages);
  Result<void> write_back_shared();

 private:
  static constexpr LockRank kSharedRank =
      LockRank::shared_pages;  // beneath `mm`, where the last mapping ends; above the page store
  Ref<SharedPages> current_shared() REQUIRES(shared_lock_);
  struct Place {
    Ref<VolumeInode> parent;  // null at the root
    std::string name;
  };
  Place where() const;
  std::string path() const;
  HostTree& tree() { return fs_.tree(); }
  Result<Ref<HostTree::Open>> directory();
  Result<Ref<HostTree::Open>> parent_directory(std::string& name);

  VolumeFilesystem& fs_;
  const HostId id_;
  const u32 type_;
  mutable Mutex lock_{LockRank::inode};
  Place place_ GUARDED_BY(lock_);  // where it was seen last, or moved to
  Attributes attributes_ GUARDED_BY(lock_);
  std::atomic<bool> is_shared_{false};
  Mutex shared_lock_{kSharedRank};  // held while the pages are read and written back
  SharedPages* shared_ GUARDED_BY(shared_lock_) = nullptr;
};

}  // namespace limen
