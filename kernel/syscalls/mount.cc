// mount(2), umount2(2), pivot_root(2).
// Source: fs/namespace.c:path_mount.
#include "abi/mount.h"
#include "abi/fcntl.h"
#include "kernel/kernel.h"
#include "kernel/landlock/access.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/mount_words.h"
#include "kernel/vfs/new_mount.h"

namespace limen {
namespace {

constexpr u64 kPropagation = abi::ms_shared | abi::ms_private | abi::ms_slave | abi::ms_unbindable;

constexpr u64 kAtime = abi::ms_noatime | abi::ms_nodiratime | abi::ms_relatime | abi::ms_strictatime;

MountNamespace::Depth depth_of(u64 flags) {
  return (flags & abi::ms_rec) != 0 ? MountNamespace::Depth::all : MountNamespace::Depth::one;
}

u32 mount_flags(u64 flags) {
  constexpr u64 kKept =
      abi::ms_rdonly | abi::ms_nosuid | abi::ms_nodev | abi::ms_noexec | abi::ms_noatime | abi::ms_nodiratime;
  u32 kept = static_cast<u32>(flags & kKept);
  if ((flags & (abi::ms_noatime | abi::ms_strictatime)) == 0) kept |= kMountRelatime;
  return kept;
}

Result<void> mount_new(Task& task, const Path& where, const std::string& type, const std::string& source,
                       const std::string& data, u64 flags) {
  const Path what = TRY(make_mountable(task, type, data, mount_flags(flags), source));
  TRY(task.namespaces().mount->bind(where, what, mount_flags(flags)));
  return success;
}

// A remount that says nothing of access times keeps them. Of the filesystem itself, it is for who made that.
Result<void> remount(Task& task, const Path& where, u64 flags) {
  u32 wanted = mount_flags(flags);
  constexpr u32 kTimes = kMountNoAtime | kMountNoDirAtime | kMountRelatime;
  if ((flags & kAtime) == 0) wanted = (wanted & ~kTimes) | (where.mount->flags() & kTimes);
  const UserNamespace* owner = where.mount->filesystem()->user_ns.get();
  const bool of_filesystem = (flags & abi::ms_bind) == 0;
  if (of_filesystem && !task.credentials().has_capability(owner, Capability::sys_admin)) return Errno::eperm;
  return task.namespaces().mount->remount(where, wanted);
}

Result<std::string> optional_string(Task& task, GuestAddr addr, Errno too_long) {
  if (addr.is_null()) return std::string();
  return string_from_user(task, addr, kPageSize, too_long);
}

}  // namespace

Result<i64> sys_mount(Task& task, UserString source, UserPath target, UserString type, MountFlags flags,
                      UserAddr data) {
  u64 bits = flags.raw();
  if ((bits & abi::ms_mgc_msk) == abi::ms_mgc_val) bits &= ~abi::ms_mgc_msk;
  const std::string type_name = TRY(optional_string(task, type.addr(), Errno::einval));
  const std::string source_name = TRY(optional_string(task, source.addr(), Errno::einval));
  const bool is_new = (bits & (abi::ms_remount | abi::ms_bind | abi::ms_move | kPropagation)) == 0;
  const std::string options = TRY(optional_string(task, is_new ? data : GuestAddr(), Errno::einval));
  const std::string target_name = TRY(target.read(task));
  const Path where = TRY(walk(task, abi::at_fdcwd.raw(), target_name));
  TRY(landlock::may_change_mounts(task));
  if (!may_mount(task)) return Errno::eperm;
  MountNamespace& mounts = *task.namespaces().mount;
  if ((bits & abi::ms_remount) != 0) {
    TRY(remount(task, where, bits));
  } else if ((bits & abi::ms_bind) != 0) {
    const Path what = TRY(walk(task, abi::at_fdcwd.raw(), source_name));
    TRY(mounts.bind_copy(where, what, depth_of(bits)));
  } else if ((bits & kPropagation) != 0) {
    const u64 kind = bits & kPropagation;
    if ((kind & (kind - 1)) != 0 || (bits & ~(kPropagation | abi::ms_rec | abi::ms_silent)) != 0) return Errno::einval;
    TRY(mounts.set_propagation(where, propagation_of(kind), depth_of(bits)));
  } else if ((bits & abi::ms_move) != 0) {
    const Path what = TRY(walk(task, abi::at_fdcwd.raw(), source_name));
    TRY(mounts.move(what, where));
  } else {
    if (type.is_null()) return Errno::einval;
    TRY(mount_new(task, where, type_name, source_name, options, bits));
  }
  return 0;
}

Result<i64> sys_umount2(Task& task, UserPath target, UmountFlags flags) {
  constexpr u32 kKnown = abi::mnt_force | abi::mnt_detach | abi::mnt_expire | abi::umount_nofollow;
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  if (flags.any(abi::mnt_expire) && flags.any(abi::mnt_force | abi::mnt_detach)) return Errno::einval;
  const std::string name = TRY(target.read(task));
  WalkFlags how;
  how.follow = !flags.any(abi::umount_nofollow);
  how.keeps_expiry = flags.any(abi::mnt_expire);
  const Path where = TRY(walk(task, abi::at_fdcwd.raw(), name, how));
  TRY(landlock::may_change_mounts(task));
  if (!may_mount(task)) return Errno::eperm;
  if (where.dentry != where.mount->root()) return Errno::einval;
  TRY(task.namespaces().mount->unmount(where, flags.raw()));
  return 0;
}

Result<i64> sys_pivot_root(Task& task, UserPath new_root, UserPath put_old) {
  if (!may_mount(task)) return Errno::eperm;
  WalkFlags how;
  how.must_be_directory = true;
  const std::string new_name = TRY(new_root.read(task));
  const std::string old_name = TRY(put_old.read(task));
  const Path fresh = TRY(walk(task, abi::at_fdcwd.raw(), new_name, how));
  const Path put = TRY(walk(task, abi::at_fdcwd.raw(), old_name, how));
  TRY(landlock::may_change_mounts(task));
  const Path old = task.fs().root();
  TRY(task.namespaces().mount->pivot_root(fresh, put, old));
  // Linux: chroot_fs_refs: whoever stood in the old root stands in the new one.
  std::vector<Ref<Task>> tasks;
  {
    ReadGuard guard(task.kernel().process_tree);
    tasks = task.kernel().pids->tasks();
  }
  for (const Ref<Task>& each : tasks) {
    const Ref<FsContext> fs = each->fs_ref();
    if (!fs) continue;
    if (fs->root() == old) fs->set_root(fresh);
    if (fs->cwd() == old) fs->set_cwd(fresh);
  }
  return 0;
}

}  // namespace limen
