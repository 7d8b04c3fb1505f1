#include "kernel/vfs/anon.h"

#include <atomic>

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "kernel/kernel.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/file.h"

namespace limen {
namespace {

class AnonInode final : public Inode {
 public:
  AnonInode(Filesystem& fs, Attributes attributes, AnonReopen reopen)
      : fs_(fs), reopen_(std::move(reopen)), attributes_(attributes) {}
  Filesystem& filesystem() override { return fs_; }
  Result<Attributes> attributes() override {
    MutexGuard guard(lock_);
    return attributes_;
  }
  Result<void> change(const AttributeChange& change) override {
    if (change.size) return reopen_ ? success : Result<void>(Errno::einval);  // O_TRUNC
    MutexGuard guard(lock_);
    change.apply_to(attributes_);
    return success;
  }
  Result<Ref<File>> open(Task&, const Path& path, u32 flags) override {
    return reopen_ ? reopen_(path, flags) : Errno::enxio;
  }

 private:
  Filesystem& fs_;
  const AnonReopen reopen_;
  Mutex lock_{LockRank::inode};
  Attributes attributes_ GUARDED_BY(lock_);
};

class AnonFilesystem final : public Filesystem {
 public:
  AnonFilesystem(std::string_view type, i64 magic) : type_(type), magic_(magic), device_(next_anonymous_device()) {}
  std::string_view type_name() const override { return type_; }
  Device device() const override { return device_; }
  Ref<Inode> root() override { return make(abi::s_ifdir | 0555, Uid(0), Gid(0), {}, nullptr); }
  Result<FilesystemStatus> status() override {
    FilesystemStatus status;
    status.magic = static_cast<u64>(magic_);
    return status;
  }
  Ref<Inode> make(u32 mode, Uid uid, Gid gid, TimeStamp now, AnonReopen reopen) {
    Attributes a;
    a.device = device_;
    a.inode = next_inode_.fetch_add(1, std::memory_order_relaxed);
    a.mode = mode;
    a.uid = uid, a.gid = gid;
    a.atime = a.mtime = a.ctime = a.btime = now;
    return make_ref<AnonInode>(*this, a, std::move(reopen));
  }

 private:
  const std::string_view type_;
  const i64 magic_;
  const Device device_;
  std::atomic<u64> next_inode_{1};
};

// The mounts of no namespace, one for each kind that Linux has.
class AnonMounts final : public RefCounted {
 public:
  struct Place {
    Place(std::string_view type, i64 magic, u32 flags = kMountNoExec)
        : fs(make_ref<AnonFilesystem>(type, magic)),
          mount(make_ref<Mount>(fs, make_ref<Dentry>(nullptr, "", fs->root()), kMountInternal | flags, "none")) {}
    Ref<AnonFilesystem> fs;
    Ref<Mount> mount;
  };
  Place& of(std::string_view name) {
    if (name.starts_with("pipe:")) return pipes_;
    if (name.starts_with("socket:")) return sockets_;
    if (name.starts_with("/SYSV")) return segments_;
    return others_;
  }

 private:
  Place pipes_{"pipefs", abi::pipefs_magic};
  Place sockets_{"sockfs", abi::sockfs_magic};
  Place segments_{"tmpfs", abi::tmpfs_magic, 0};  // shmat(2): their files may be executable
  Place others_{"anon_inodefs", abi::anon_inode_fs_magic};
};

Path make_path(Kernel& kernel, std::string_view name, u32 mode, Uid uid, Gid gid, AnonReopen reopen) {
  const Ref<RefCounted> single =
      kernel.single_or(Kernel::Single::anonymous_mounts, [] { return Ref<RefCounted>(make_ref<AnonMounts>()); });
  AnonMounts::Place& place = static_cast<AnonMounts&>(*single).of(name);
  const TimeStamp now = TimeStamp::from_ns(kernel.clock().realtime_ns());
  Ref<Inode> inode = place.fs->make(mode, uid, gid, now, std::move(reopen));
  std::string text(name);
  if (text.ends_with(':')) text += "[" + std::to_string(inode->attributes()->inode) + "]";
  return Path{place.mount, make_ref<Dentry>(nullptr, std::move(text), std::move(inode))};
}

}  // namespace

Path anon_path(Task& task, std::string_view name, u32 mode, AnonReopen reopen) {
  const Credentials& creds = task.credentials();
  return make_path(task.kernel(), name, mode, creds.fsuid, creds.fsgid, std::move(reopen));
}

Path anon_path(Kernel& kernel, std::string_view name, u32 mode, AnonReopen reopen) {
  return make_path(kernel, name, mode, Uid(0), Gid(0), std::move(reopen));
}

}  // namespace limen
