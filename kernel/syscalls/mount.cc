// mount(2), umount2(2), pivot_root(2). Mounts of a sandbox are its own: there is no propagation, so MS_SHARED and its kin succeed
// and change nothing. Source: fs/namespace.c:path_mount.
#include <charconv>

#include "abi/fcntl.h"
#include "abi/mount.h"
#include "kernel/fs/tmpfs/memory_fs.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr u64 kPropagation = abi::ms_shared | abi::ms_private | abi::ms_slave | abi::ms_unbindable;

u32 mount_flags(u64 flags) {
  constexpr u64 kKept =
      abi::ms_rdonly | abi::ms_nosuid | abi::ms_nodev | abi::ms_noexec | abi::ms_noatime | abi::ms_nodiratime;
  u32 kept = static_cast<u32>(flags & kKept);
  if ((flags & (abi::ms_noatime | abi::ms_strictatime)) == 0) kept |= kMountRelatime;
  return kept;
}

// A number with an optional suffix k, m or g; of "50%", that share of `whole`.
Result<u64> size_option(std::string_view text, u64 whole) {
  u64 n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc()) return Errno::einval;
  const std::string_view suffix(end, static_cast<usize>(text.data() + text.size() - end));
  if (suffix.empty()) return n;
  if (suffix == "%" && n <= 100) return whole / 100 * n;
  const u32 shift = suffix == "k" || suffix == "K"   ? 10
                    : suffix == "m" || suffix == "M" ? 20
                    : suffix == "g" || suffix == "G" ? 30
                                                     : 0;
  if (shift == 0 || n > (~u64{0} >> shift)) return Errno::einval;
  return n << shift;
}

Result<u32> number_option(std::string_view text, int base) {
  u32 n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n, base);
  if (error != std::errc() || end != text.data() + text.size()) return Errno::einval;
  return n;
}

// tmpfs(5): size, nr_blocks, nr_inodes, mode, uid, gid. Others are einval, as there.
Result<MemoryFilesystem::Options> tmpfs_options(Task& task, std::string_view text) {
  const u64 memory = task.kernel().options().limits.memory;
  MemoryFilesystem::Options options;
  options.bytes = memory / 2;
  options.inodes = options.bytes / kPageSize;
  options.uid = task.credentials().fsuid, options.gid = task.credentials().fsgid;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    const usize equals = one.find('=');
    const std::string_view key = one.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : one.substr(equals + 1);
    if (key == "size") {
      options.bytes = TRY(size_option(value, memory));
    } else if (key == "nr_inodes") {
      options.inodes = TRY(size_option(value, options.inodes));
    } else if (key == "mode" || key == "uid" || key == "gid") {
      const u32 number = TRY(number_option(value, key == "mode" ? 8 : 10));
      if (key == "mode") options.root_mode = number & 07777;
      if (key == "uid") options.uid = Uid(number);
      if (key == "gid") options.gid = Gid(number);
    } else if (!key.empty()) {
      return Errno::einval;
    }
  }
  options.bytes = options.bytes == 0 ? memory : std::min(options.bytes, memory);
  options.inodes = options.inodes == 0 ? memory / kPageSize : std::min(options.inodes, memory / kPageSize);
  return options;
}

Result<void> mount_new(Task& task, const Path& where, const std::string& type, const std::string& source,
                       const std::string& data, u64 flags) {
  MountNamespace& mounts = *task.namespaces().mount;
  if (type == "tmpfs" || type == "ramfs") {
    const MemoryFilesystem::Options options = TRY(tmpfs_options(task, data));
    TRY(mounts.mount(where, make_ref<MemoryFilesystem>(task.kernel(), options), mount_flags(flags), source));
    return success;
  }
  // proc, sysfs, devpts, ...: there is one of each in a sandbox, and it may be seen in more places.
  for (const Ref<Mount>& mount : mounts.list()) {
    const bool own = type == "proc" || type == "sysfs" || type == "devpts" || type == "devtmpfs" || type == "mqueue" ||
                     type == "cgroup2";
    if (!own || mount->filesystem()->type_name() != type) continue;
    TRY(mounts.bind(where, Path(mount, mount->root()), mount_flags(flags)));
    return success;
  }
  return Errno::enodev;
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
  if (!task.credentials().capable(Capability::sys_admin)) return Errno::eperm;
  MountNamespace& mounts = *task.namespaces().mount;
  if ((bits & abi::ms_remount) != 0) {
    TRY(mounts.remount(where, mount_flags(bits)));
  } else if ((bits & abi::ms_bind) != 0) {
    const Path what = TRY(walk(task, abi::at_fdcwd.raw(), source_name));
    TRY(mounts.bind(where, what, what.mount->flags()));
  } else if ((bits & kPropagation) != 0) {
    if (where.dentry != where.mount->root()) return Errno::einval;
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
  const Path where = TRY(walk(task, abi::at_fdcwd.raw(), name, how));
  if (!task.credentials().capable(Capability::sys_admin)) return Errno::eperm;
  if (where.dentry != where.mount->root()) return Errno::einval;
  // MNT_EXPIRE marks an idle mount first; the second call takes it away. A mark that nobody removes is the same as none.
  if (flags.any(abi::mnt_expire)) return Errno::eagain;
  TRY(task.namespaces().mount->unmount(where, flags.raw()));
  return 0;
}

Result<i64> sys_pivot_root(Task& task, UserPath new_root, UserPath put_old) {
  if (!task.credentials().capable(Capability::sys_admin)) return Errno::eperm;
  WalkFlags how;
  how.must_be_directory = true;
  const std::string new_name = TRY(new_root.read(task));
  const std::string old_name = TRY(put_old.read(task));
  const Path fresh = TRY(walk(task, abi::at_fdcwd.raw(), new_name, how));
  const Path put = TRY(walk(task, abi::at_fdcwd.raw(), old_name, how));
  const Path old = task.fs().root();
  TRY(task.namespaces().mount->pivot_root(fresh, put, old));
  // Linux: chroot_fs_refs: whoever stood in the old root stands in the new one.
  std::vector<Ref<Task>> tasks;
  {
    ReadGuard guard(task.kernel().process_tree);
    tasks = task.namespaces().pid->tasks();
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
