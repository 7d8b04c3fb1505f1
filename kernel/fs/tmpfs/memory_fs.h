// Files and directories in the sandbox's own memory: tmpfs, memfds, and the upper layer of the overlay root.
//
// A MemoryInode is an inode of any type with its attributes, names and bytes in memory. The overlay derives from it an inode that
// stands for a host file until something changes it: the hooks are the protected virtual functions.
//
// Limits: a filesystem has a share of bytes and of inodes (enospc); names and extended attributes count as bytes.
// Locks: names_lock (rank `directory`) guards the names of the whole filesystem and is never held over a host call; an inode's lock_
// (rank `inode`) guards its attributes and orders its writes. Changes of names come one at a time (Filesystem::rename_lock).
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "abi/fcntl.h"
#include "kernel/mm/page_store.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/inode.h"

namespace limen {

class Kernel;
class MemoryInode;

class MemoryFilesystem : public Filesystem {
 public:
  struct Options {
    std::string_view type = "tmpfs";
    u64 bytes = 0;
    u64 inodes = 0;
    u32 root_mode = 01777;
    Uid uid;
    Gid gid;
  };
  MemoryFilesystem(Kernel& kernel, const Options& options);
  ~MemoryFilesystem() override;

  std::string_view type_name() const override { return options_.type; }
  Device device() const override { return device_; }
  Ref<Inode> root() override;
  Result<FilesystemStatus> status() override;
  std::string mount_options() const override;
  Handles handles() const override { return is_above_host() ? Handles::placed : Handles::sealed; }

  // A regular file with no name (memfd, O_TMPFILE). enospc.
  Result<Ref<MemoryInode>> make_inode(const NewInode& what);
  Result<Ref<MemoryInode>> make_inode(const NewInode& what, Device device);

  Kernel& kernel() { return kernel_; }
  TimeStamp now();
  u64 next_inode_number() { return next_inode_.fetch_add(1, std::memory_order_relaxed); }
  Result<void> charge_inode();
  void uncharge_inode() { inodes_used_.fetch_sub(1, std::memory_order_relaxed); }
  Result<void> charge(u64 bytes);  // enospc
  void adjust(u64 from_bytes, u64 to_bytes) { bytes_used_.fetch_add(to_bytes - from_bytes, std::memory_order_relaxed); }
  u64 bytes_free() const;
  // Its names lie among those of a host directory, and look like them.
  bool is_above_host() const { return options_.type == "overlay"; }

  SharedMutex names_lock{LockRank::directory};

 protected:
  // For a filesystem with a layer below: its root, and the device number and first inode number of what is made here.
  void set_root(Ref<MemoryInode> root, Device device, u64 first_inode);

 private:
  Kernel& kernel_;
  const Options options_;
  Device device_;
  std::atomic<u64> next_inode_{2};
  std::atomic<u64> inodes_used_{0}, bytes_used_{0};
  Ref<MemoryInode> root_;
};

class MemoryInode : public Inode {
 public:
  MemoryInode(MemoryFilesystem& fs, const Attributes& attributes, std::string symlink);
  ~MemoryInode() override;

  Filesystem& filesystem() override { return fs_; }
  Result<Attributes> attributes() override;
  Result<void> change(const AttributeChange& change) override;

  Result<Ref<Inode>> lookup(std::string_view name) override;
  Result<Ref<Inode>> create(std::string_view name, const NewInode& what) override;
  Result<Ref<Inode>> create_unnamed(const NewInode& what) override;
  Result<void> link(std::string_view name, Inode& target) override;
  Result<void> unlink(std::string_view name) override;
  Result<void> rmdir(std::string_view name) override;
  Result<void> rename(std::string_view from, Inode& to_directory, std::string_view to, u32 flags) override;
  Result<std::string> readlink(Task&) override { return target(); }
  virtual Result<std::string> target();  // einval unless a symlink
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override;

  Result<std::vector<u8>> get_xattr(std::string_view name) override;
  Result<void> set_xattr(std::string_view name, std::vector<u8> value, u32 flags) override;
  Result<void> remove_xattr(std::string_view name) override;
  Result<std::vector<std::string>> list_xattr() override;
  Result<Ref<const Acl>> acl(AclKind kind) override;
  Result<void> set_acl(AclKind kind, Ref<const Acl> list, bool drop_setgid) override;

  // The bytes of a regular file. `position` advances; a write at kAtEnd goes to the end. eisdir for directories.
  static constexpr u64 kAtEnd = ~u64{0};
  virtual Result<usize> read_at(Task& task, UserBuffer& to, u64& position);
  Result<usize> write_at(Task& task, UserBuffer& from, u64& position);
  Result<usize> write_below(u64 limit, UserBuffer& from, u64& position);  // efbig at the limit and beyond
  Result<void> allocate(u32 mode, u64 offset, u64 length);
  virtual Result<MappingSource> mapping(Ref<RefCounted> owner, bool may_write);
  virtual Result<u64> seek_data(u64 offset, bool hole);
  virtual Result<void> sync(bool) { return success; }

  // FS_IOC_GETFLAGS, FS_IOC_SETFLAGS (ioctl_iflags(2)): no file has a flag, and none can be given one: eopnotsupp.
  Result<i64> flags_ioctl(Task& task, u32 command, u64 argument);  // enotty for other commands

  // Seals of memfd_create(2): F_GET_SEALS, F_ADD_SEALS.
  u32 seals() const { return seals_.load(std::memory_order_acquire); }
  Result<void> add_seals(u32 seals);
  void set_first_seals(u32 seals) { seals_.store(seals, std::memory_order_release); }

  // State of one open directory, made by the inode it is of.
  class Listing : public RefCounted {};
  virtual Result<Ref<Listing>> start_listing() { return Ref<Listing>(); }
  // Tells the sink of the names from `position` on, until it refuses one; `position` is then that one's. The sink is called
  // with names_lock held, and must not touch a guest's memory.
  virtual void list(const Ref<Listing>& listing, u64& position, const DirectorySink& sink);

  Device device() const;
  u64 number() const { return number_; }
  u32 type() const { return type_; }
  Result<u32> file_type() override { return type_; }
  InodeIdentity identity() override { return {.number = number_}; }
  virtual bool is_of_host() const { return false; }                  // of a layer below
  void start_with(Ref<const Acl> access, Ref<const Acl> inherited);  // of a new inode
  // O_TMPFILE with O_EXCL: this inode without a name never gets one.
  void forbid_links() { may_get_name_.store(false, std::memory_order_relaxed); }
  // The access time after a read through `path`, as the mount's flags have it. Linux: touch_atime, relatime_need_update.
  void accessed(const Path& path, u32 file_flags);
  // Takes the names of a whole tree apart, so that no chain of references is left and none is followed by recursion.
  void take_apart();

 protected:
  struct Slot {
    Ref<MemoryInode> inode;  // null: a whiteout, which hides a name of the layer below
    u64 cookie = 0;          // its place in a listing; 0 for whiteouts
    bool is_pin = false;     // stands for a name of the layer below, and is listed with that
  };
  using Slots = std::map<std::string, Slot, std::less<>>;

  // Hooks for an inode with a layer below.
  virtual Result<void> own_attributes() { return success; }                 // attributes_ are true from here on
  virtual Result<void> own_content(u64 /*bytes_kept*/) { return success; }  // so is the store
  virtual Result<bool> lower_has(std::string_view) { return false; }
  virtual bool keeps_times() { return true; }  // else they are those of the layer below
  virtual Result<bool> is_empty();
  virtual Result<Ref<MemoryInode>> child(std::string_view name);

  // False: it never had one. Spares a walk the lock; who makes the first at the same moment comes after the walk.
  bool has_slots() const { return has_slots_.load(std::memory_order_acquire); }
  void put(std::string_view name, Ref<MemoryInode> inode, bool is_pin) REQUIRES(fs_.names_lock);
  void take(std::string_view name, bool leaves_whiteout) REQUIRES(fs_.names_lock);
  bool collect(u64& position, const DirectorySink& sink) REQUIRES_SHARED(fs_.names_lock);  // false: refused
  void touch_directory(i64 links_change, i64 names_change);
  void change_links(i64 by);
  Result<void> charge_name();  // enospc
  void give_name_back();
  void recount() REQUIRES(lock_);
  void keep_xattr(std::string_view name, std::optional<std::vector<u8>> value) REQUIRES(lock_);  // none: no more
  void keep_acl(AclKind kind, Ref<const Acl> list) REQUIRES(lock_);
  Result<void> resize(u64 size) REQUIRES(lock_);
  Result<void> reserve(u64 offset, u64 end) REQUIRES(lock_);
  Result<void> shift(bool inserts, u64 offset, u64 length) REQUIRES(lock_);
  PageStore& store() REQUIRES(lock_);

  MemoryFilesystem& fs_;
  const u64 number_;
  const u32 type_;
  mutable Mutex lock_{LockRank::inode};
  Attributes attributes_ GUARDED_BY(lock_);
  std::string symlink_ GUARDED_BY(lock_);
  std::map<std::string, std::vector<u8>, std::less<>> xattrs_ GUARDED_BY(lock_);  // by keep_xattr
  u64 xattr_bytes_ GUARDED_BY(lock_) = 0;                                         // what they cost
  std::array<Ref<const Acl>, 2> acls_ GUARDED_BY(lock_);                          // by AclKind
  Ref<PageStore> store_ GUARDED_BY(lock_);
  u64 charged_ GUARDED_BY(lock_) = 0;         // bytes of pages and attributes that the filesystem counts
  bool is_charged_ GUARDED_BY(lock_) = true;  // among the filesystem's inodes
  std::atomic<u32> seals_{1};                 // F_SEAL_SEAL: only memfds may be sealed
  std::atomic<bool> may_get_name_{false};     // without a name, but not because it was taken away
  std::atomic<bool> has_slots_{false};
  Slots slots_ GUARDED_BY(fs_.names_lock);
  std::map<u64, Slots::iterator> by_cookie_ GUARDED_BY(fs_.names_lock);
  // Counts down, as a listing goes from the newest name to the oldest and does not find what is made while it goes on (Linux:
  // fs/libfs.c, simple_offset_dir_operations). Above are the positions of a layer below.
  static constexpr u64 kOldestCookie = (u64{1} << 40) - 2;
  u64 next_cookie_ GUARDED_BY(fs_.names_lock) = kOldestCookie;

 private:
  u64 attribute_bytes() const REQUIRES(lock_);
};

// Open regular files and directories of these inodes.
class MemoryFile final : public File {
 public:
  MemoryFile(Path path, u32 flags) : File(std::move(path), flags) {}
  Result<u64> seek(Task& task, i64 offset, int whence) override;
  Result<void> sync(Task&, bool data_only) override { return node().sync(data_only); }
  Result<void> allocate(u32 mode, u64 offset, u64 length) override { return node().allocate(mode, offset, length); }
  Result<MappingSource> mapping() override;
  Result<i64> control(Task& task, u32 command, u64 argument) override;
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override {
    return node().flags_ioctl(task, command, argument);
  }
  u32 call_flags(Moves direction) const override;
  bool can_be_direct() const override { return (path().mount->flags() & kMountInternal) == 0; }

 protected:
  bool appends() const override { return true; }
  Result<usize> try_read(Task& task, UserBuffer& to, u64* position) override;
  Result<usize> try_write(Task& task, UserBuffer& from, u64* position) override;

 private:
  MemoryInode& node() const { return static_cast<MemoryInode&>(inode()); }
};

class MemoryDirectory final : public File {
 public:
  MemoryDirectory(Path path, u32 flags) : File(std::move(path), flags) {}
  Result<void> read_directory(Task& task, u64& position, const DirectorySink& sink) override;
  Result<u64> seek(Task& task, i64 offset, int whence) override;
  Result<void> sync(Task&, bool) override { return success; }
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override {
    return static_cast<MemoryInode&>(inode()).flags_ioctl(task, command, argument);
  }
  u32 call_flags(Moves) const override { return abi::rwf_hipri; }

 protected:
  Result<usize> try_read(Task&, UserBuffer&, u64*) override { return Errno::eisdir; }

 private:
  Ref<MemoryInode::Listing> listing_;  // under position_lock(), which getdents holds
};

}  // namespace limen
