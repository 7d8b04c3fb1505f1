// memfd_create(2): a file of a tmpfs that is mounted nowhere. Source: mm/memfd.c.
#include <mutex>

#include "abi/fcntl.h"
#include "kernel/fs/tmpfs/memory_fs.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

// The one mount of all memfds. It is made on first use, when the kernel's lock of such things is free again: that reads the clock.
class MemfdMount final : public RefCounted {
 public:
  explicit MemfdMount(Kernel& kernel) : kernel_(kernel) {}
  const Ref<Mount>& mount() {
    std::call_once(made_, [this] {
      MemoryFilesystem::Options o;
      o.bytes = kernel_.options().limits.memory;
      o.inodes = o.bytes / kPageSize;
      auto fs = make_ref<MemoryFilesystem>(kernel_, o);
      mount_ = make_ref<Mount>(fs, make_ref<Dentry>(nullptr, "", fs->root()), u32{kMountInternal}, "tmpfs");
    });
    return mount_;
  }

 private:
  Kernel& kernel_;
  std::once_flag made_;
  Ref<Mount> mount_;
};

}  // namespace

Result<i64> sys_memfd_create(Task& task, UserString name, MemfdFlags flags) {
  constexpr u32 kKnown = abi::mfd_cloexec | abi::mfd_allow_sealing | abi::mfd_noexec_seal | abi::mfd_exec;
  constexpr usize kNameMax = 255 - 6;  // "memfd:"
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  if (flags.has(abi::mfd_exec | abi::mfd_noexec_seal)) return Errno::einval;
  const std::string text = TRY(name.read(task, kNameMax + 1, Errno::einval));
  FdReservation fd = TRY(task.files().reserve(task));
  Kernel& kernel = task.kernel();
  const Ref<RefCounted> single =
      kernel.single_or(Kernel::Single::memfd_mount, [&] { return Ref<RefCounted>(make_ref<MemfdMount>(kernel)); });
  const Ref<Mount>& mount = static_cast<MemfdMount&>(*single).mount();
  const bool noexec = flags.any(abi::mfd_noexec_seal);
  NewInode what;
  what.mode = abi::s_ifreg | (noexec ? 0666 : 0777);
  what.uid = task.credentials().fsuid, what.gid = task.credentials().fsgid;
  Ref<Inode> inode = TRY(mount->root()->inode()->create_unnamed(what));
  auto& node = static_cast<MemoryInode&>(*inode);
  if (noexec)
    node.set_first_seals(abi::f_seal_exec);
  else if (flags.any(abi::mfd_allow_sealing))
    node.set_first_seals(0);
  Ref<Dentry> dentry = make_ref<Dentry>(nullptr, "/memfd:" + text, inode);
  dentry->set_deleted();
  Ref<File> file = TRY(inode->open(task, Path(mount, std::move(dentry)), abi::o_rdwr | abi::o_largefile));
  const i64 number = fd.number().raw();
  fd.publish(std::move(file), flags.any(abi::mfd_cloexec) ? FdFlags::close_on_exec : FdFlags::none);
  return number;
}

}  // namespace limen
