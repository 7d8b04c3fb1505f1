#include "kernel/fs/proc/nsfs.h"

#include <fmt/format.h>

#include "abi/fcntl.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/kernel.h"
#include "kernel/mm/user_ptr.h"
#include "kernel/task/namespaces.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr u64 kNsfsMagic = 0x6e736673;                                                              // NSFS_MAGIC
enum : u32 { kGetUserNs = 0xb701, kGetParent = 0xb702, kGetType = 0xb703, kGetOwnerUid = 0xb704 };  // NS_GET_*

class NamespaceFile final : public File {
 public:
  NamespaceFile(Path path, u32 flags, Ref<Namespace> what) : File(std::move(path), flags), what_(std::move(what)) {}
  const Ref<Namespace>& what() const { return what_; }
  Result<usize> try_read(Task&, UserBuffer&, u64*) override { return Errno::einval; }
  Result<usize> try_write(Task&, UserBuffer&, u64*) override { return Errno::einval; }
  Result<i64> ioctl(Task& task, u32 command, u64 argument) override;

 private:
  const Ref<Namespace> what_;
};

class NamespaceInode final : public PseudoInode {
 public:
  NamespaceInode(PseudoFilesystem& fs, Ref<Namespace> what)
      : PseudoInode(fs, abi::s_ifreg | 0444, {}, what->number()), what_(std::move(what)) {}
  Result<Ref<File>> open(Task&, const Path& path, u32 flags) override {
    return Ref<File>(make_ref<NamespaceFile>(path, flags, what_));
  }

 private:
  const Ref<Namespace> what_;
};

class Nsfs final : public RefCounted {
 public:
  Nsfs()
      : fs(make_ref<PseudoFilesystem>("nsfs", kNsfsMagic)),
        mount(make_ref<Mount>(fs, make_ref<Dentry>(nullptr, "", make_ref<FixedDirectory>(*fs, abi::s_ifdir | 0555)),
                              u32{kMountInternal}, "nsfs")) {}
  const Ref<PseudoFilesystem> fs;
  const Ref<Mount> mount;
};

// Null stands for the first user namespace, where every chain of owners ends.
Ref<UserNamespace> owner_or_first(Task& task, const Namespace& of) {
  if (of.owner()) return of.owner();
  Ref<UserNamespace> at = task.credentials().user_ns;
  while (at && at->owner()) at = Ref<UserNamespace>(at->owner());
  return at;
}

// Linux: ns_get_owner, pidns_get_parent: only what lies at or below the caller's own is told.
Result<Ref<Namespace>> relative(Task& task, Namespace& what, bool wants_parent) {
  const bool of_user = what.kind() == NamespaceKind::user;
  if (!wants_parent || of_user) {
    if (of_user && what.is_first()) return Errno::eperm;
    Ref<UserNamespace> owner = owner_or_first(task, what);
    if (!owner->is_within(task.credentials().user_ns.get())) return Errno::eperm;
    return Ref<Namespace>(owner);
  }
  if (what.kind() != NamespaceKind::pid) return Errno::einval;
  const Ref<PidNamespace>& parent = static_cast<PidNamespace&>(what).parent();
  if (!parent || !parent->is_within(task.pid_namespace())) return Errno::eperm;
  return Ref<Namespace>(parent);
}

Result<i64> NamespaceFile::ioctl(Task& task, u32 command, u64 argument) {
  switch (command) {
    case kGetUserNs:
    case kGetParent: {
      Ref<Namespace> found = TRY(relative(task, *what_, command == kGetParent));
      const Path path = path_of_namespace(task.kernel(), std::move(found));
      Ref<File> file = TRY(path.inode().open(task, path, abi::o_rdonly));
      const Fd fd = TRY(task.files().install(task, std::move(file), FdFlags::close_on_exec));
      return fd.raw();
    }
    case kGetType:
      return static_cast<i64>(clone_flag(what_->kind()));
    case kGetOwnerUid: {
      if (what_->kind() != NamespaceKind::user) return Errno::einval;
      const u32 uid = task.credentials().seen(static_cast<UserNamespace&>(*what_).maker());
      TRY(UserOut<u32>(GuestAddr(argument)).write(task, uid));
      return 0;
    }
    default:
      return Errno::enotty;
  }
}

}  // namespace

std::string name_of_namespace(const Namespace& what) {
  constexpr const char* kNames[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
  return fmt::format("{}:[{}]", kNames[static_cast<usize>(what.kind())], what.number());
}

Path path_of_namespace(Kernel& kernel, Ref<Namespace> what) {
  const Ref<RefCounted> single =
      kernel.single_or(Kernel::Single::nsfs, [] { return Ref<RefCounted>(make_ref<Nsfs>()); });
  const auto& nsfs = static_cast<const Nsfs&>(*single);
  const std::string name = name_of_namespace(*what);
  return {nsfs.mount, make_ref<Dentry>(nullptr, name, make_ref<NamespaceInode>(*nsfs.fs, std::move(what)))};
}

Ref<Namespace> namespace_of_file(File& file) {
  const auto* opened = dynamic_cast<NamespaceFile*>(&file);
  return opened == nullptr ? Ref<Namespace>() : opened->what();
}

}  // namespace limen
