// open_tree(2), move_mount(2), fsopen(2), fsconfig(2), fsmount(2), fspick(2), mount_setattr(2), open_tree_attr(2).
#include <algorithm>

#include "abi/fcntl.h"
#include "abi/mount.h"
#include "kernel/kernel.h"
#include "kernel/landlock/access.h"
#include "kernel/mm/address_space.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/fs_context.h"
#include "kernel/vfs/mount_words.h"
#include "kernel/vfs/new_mount.h"

namespace limen {
namespace {

FdFlags fd_flags(bool close_on_exec) { return close_on_exec ? FdFlags::close_on_exec : FdFlags::none; }

Result<Path> place(Task& task, DirFd dirfd, UserPath path, bool follow, bool may_be_empty) {
  const std::string name = TRY(path.read(task));
  WalkFlags how;
  how.follow = follow;
  how.allow_empty = may_be_empty;
  return walk(task, dirfd.raw(), name, how);
}

bool is_root(const Path& path) { return path.dentry == path.mount->root(); }

// MOUNT_ATTR_* as a mount's flags, but for the bits of access times.
constexpr u64 kSimple = abi::mount_attr_rdonly | abi::mount_attr_nosuid | abi::mount_attr_nodev |
                        abi::mount_attr_noexec | abi::mount_attr_nodiratime | abi::mount_attr_nosymfollow;
u32 simple_flags(u64 attr) {
  u32 flags = static_cast<u32>(attr & (kMountReadOnly | kMountNoSuid | kMountNoDev | kMountNoExec));
  if ((attr & abi::mount_attr_nodiratime) != 0) flags |= kMountNoDirAtime;
  return flags;
}

Result<u32> atime_flags(u64 attr) {
  switch (attr & abi::mount_attr__atime) {
    case abi::mount_attr_relatime:
      return u32{kMountRelatime};
    case abi::mount_attr_noatime:
      return u32{kMountNoAtime};
    case abi::mount_attr_strictatime:
      return u32{0};
    default:
      return Errno::einval;
  }
}

Result<abi::MountAttr> read_attr(Task& task, UserIn<abi::MountAttr> attr, usize size) {
  if (size > kPageSize) return Errno::e2big;
  if (size < sizeof(abi::MountAttr)) return Errno::einval;
  return attr.read_sized(task, size);
}

// The flags of a mount after a change. Linux: build_mount_kattr.
Result<u32> changed_flags(const abi::MountAttr& attr, u32 old) {
  constexpr u64 kKnown = kSimple | abi::mount_attr__atime;
  constexpr u64 kPropagation = abi::ms_unbindable | abi::ms_private | abi::ms_slave | abi::ms_shared;
  if ((attr.propagation & ~kPropagation) != 0 || (attr.propagation & (attr.propagation - 1)) != 0) return Errno::einval;
  if (((attr.attr_set | attr.attr_clr) & abi::mount_attr_idmap) != 0) return Errno::einval;  // no id-mapped mounts
  if (((attr.attr_set | attr.attr_clr) & ~kKnown) != 0) return Errno::einval;
  u32 flags = (old & ~simple_flags(attr.attr_clr)) | simple_flags(attr.attr_set);
  if ((attr.attr_clr & abi::mount_attr__atime) != 0) {
    if ((attr.attr_clr & abi::mount_attr__atime) != abi::mount_attr__atime) return Errno::einval;
    const u32 atime = TRY(atime_flags(attr.attr_set));
    flags = (flags & ~(kMountNoAtime | kMountRelatime)) | atime;
  } else if ((attr.attr_set & abi::mount_attr__atime) != 0) {
    return Errno::einval;
  }
  return flags;
}

bool changes_nothing(const abi::MountAttr& attr) {
  return attr.attr_set == 0 && attr.attr_clr == 0 && attr.propagation == 0;
}

// All or nothing of the flags, and then the propagation. Linux: do_mount_setattr.
Result<void> change_tree(Task& task, const Path& top, const abi::MountAttr& attr, bool recursive) {
  const auto depth = recursive ? MountNamespace::Depth::all : MountNamespace::Depth::one;
  MountNamespace& mounts = *task.namespaces().mount;
  if (attr.attr_set != 0 || attr.attr_clr != 0)
    TRY(mounts.change_flags(top, depth, [&attr](u32 old) { return changed_flags(attr, old); }));
  if (attr.propagation != 0) TRY(mounts.set_propagation(top, propagation_of(attr.propagation), depth));
  return success;
}

// A descriptor of `path`: of the place itself, or of a mount of it that is nowhere yet.
Result<Ref<File>> open_tree_file(Task& task, DirFd dirfd, UserPath path, u32 flags) {
  constexpr u32 kKnown = abi::open_tree_clone | abi::open_tree_cloexec | abi::at_empty_path | abi::at_no_automount |
                         abi::at_recursive | abi::at_symlink_nofollow;
  if ((flags & ~kKnown) != 0) return Errno::einval;
  const bool clones = (flags & abi::open_tree_clone) != 0;
  if ((flags & abi::at_recursive) != 0 && !clones) return Errno::einval;
  if (clones && !may_mount(task)) return Errno::eperm;
  const Path at =
      TRY(place(task, dirfd, path, (flags & abi::at_symlink_nofollow) == 0, (flags & abi::at_empty_path) != 0));
  if (!clones) return Ref<File>(make_ref<MountFile>(at, abi::o_path));
  const auto depth = (flags & abi::at_recursive) != 0 ? MountNamespace::Depth::all : MountNamespace::Depth::one;
  Ref<MountNamespace> tree = TRY(task.namespaces().mount->detached_copy(at, depth));
  const Ref<Mount> top = tree->list().front();
  return Ref<File>(make_ref<MountFile>(Path(top, top->root()), abi::o_path, std::move(tree)));
}

Result<Ref<FsContextFile>> context_of(Task& task, Fd fd) {
  const Ref<File> file = TRY(file_of(task, fd));
  Ref<FsContextFile> context = ref_cast<FsContextFile>(file);
  return context ? Result<Ref<FsContextFile>>(std::move(context)) : Result<Ref<FsContextFile>>(Errno::einval);
}

// Which of key, value and aux a command takes.
Result<void> check_shape(u32 cmd, bool key, bool value, int aux) {
  constexpr int kMostBinary = 1024 * 1024;
  bool right = false;
  switch (cmd) {
    case abi::fsconfig_set_flag:
      right = key && !value && aux == 0;
      break;
    case abi::fsconfig_set_string:
      right = key && value && aux == 0;
      break;
    case abi::fsconfig_set_binary:
      right = key && value && aux > 0 && aux <= kMostBinary;
      break;
    case abi::fsconfig_set_path:
    case abi::fsconfig_set_path_empty:
      right = key && value && (aux == abi::at_fdcwd.raw() || aux >= 0);
      break;
    case abi::fsconfig_set_fd:
      right = key && !value && aux >= 0;
      break;
    case abi::fsconfig_cmd_create:
    case abi::fsconfig_cmd_reconfigure:
      right = !key && !value && aux == 0;
      break;
    default:
      return Errno::eopnotsupp;
  }
  return right ? Result<void>() : Errno::einval;
}

}  // namespace

Result<i64> sys_open_tree(Task& task, DirFd dirfd, UserPath path, u32 flags) {
  Ref<File> file = TRY(open_tree_file(task, dirfd, path, flags));
  const Fd fd = TRY(task.files().install(task, std::move(file), fd_flags((flags & abi::open_tree_cloexec) != 0)));
  return fd.raw();
}

Result<i64> sys_open_tree_attr(Task& task, DirFd dirfd, UserPath path, u32 flags, UserIn<abi::MountAttr> attr,
                               usize size) {
  if (attr.is_null() && size != 0) return Errno::einval;
  Ref<File> file = TRY(open_tree_file(task, dirfd, path, flags));
  if (!attr.is_null()) {
    const abi::MountAttr given = TRY(read_attr(task, attr, size));
    if (!changes_nothing(given)) {
      if (!may_mount(task)) return Errno::eperm;
      if (!is_root(file->path())) return Errno::einval;
      TRY(change_tree(task, file->path(), given, (flags & abi::at_recursive) != 0));
    }
  }
  const Fd fd = TRY(task.files().install(task, std::move(file), fd_flags((flags & abi::open_tree_cloexec) != 0)));
  return fd.raw();
}

Result<i64> sys_move_mount(Task& task, DirFd from_dirfd, UserPath from_path, DirFd to_dirfd, UserPath to_path,
                           u32 flags) {
  constexpr u32 kKnown = 0x377;  // MOVE_MOUNT__MASK
  const bool beneath = (flags & abi::move_mount_beneath) != 0, joins = (flags & abi::move_mount_set_group) != 0;
  if (!may_mount(task)) return Errno::eperm;
  if ((flags & ~kKnown) != 0 || (beneath && joins)) return Errno::einval;
  const Path to = TRY(place(task, to_dirfd, to_path, (flags & abi::move_mount_t_symlinks) != 0,
                            (flags & abi::move_mount_t_empty_path) != 0));
  const Path from = TRY(place(task, from_dirfd, from_path, (flags & abi::move_mount_f_symlinks) != 0,
                              (flags & abi::move_mount_f_empty_path) != 0));
  TRY(landlock::may_change_mounts(task));
  MountNamespace& mounts = *task.namespaces().mount;
  if (joins) {
    TRY(mounts.join_group(from, to));
  } else {
    TRY(mounts.move(from, to, beneath ? MountNamespace::Layer::beneath : MountNamespace::Layer::top));
  }
  return 0;
}

Result<i64> sys_fsopen(Task& task, UserString fsname, u32 flags) {
  if (!may_mount(task)) return Errno::eperm;
  if ((flags & ~abi::fsopen_cloexec) != 0) return Errno::einval;
  const std::string name = TRY(fsname.read(task, kPageSize, Errno::einval));
  if (!is_mountable(task, name)) return Errno::enodev;
  Ref<File> file = make_ref<FsContextFile>(anon_path(task, "anon_inode:[fscontext]", 0600), name, Path());
  const Fd fd = TRY(task.files().install(task, std::move(file), fd_flags((flags & abi::fsopen_cloexec) != 0)));
  return fd.raw();
}

Result<i64> sys_fspick(Task& task, DirFd dirfd, UserPath path, u32 flags) {
  constexpr u32 kKnown =
      abi::fspick_cloexec | abi::fspick_symlink_nofollow | abi::fspick_no_automount | abi::fspick_empty_path;
  if (!may_mount(task)) return Errno::eperm;
  if ((flags & ~kKnown) != 0) return Errno::einval;
  const Path at =
      TRY(place(task, dirfd, path, (flags & abi::fspick_symlink_nofollow) == 0, (flags & abi::fspick_empty_path) != 0));
  if (!is_root(at)) return Errno::einval;
  const std::string type(at.mount->filesystem()->type_name());
  Ref<File> file = make_ref<FsContextFile>(anon_path(task, "anon_inode:[fscontext]", 0600), type, at);
  const Fd fd = TRY(task.files().install(task, std::move(file), fd_flags((flags & abi::fspick_cloexec) != 0)));
  return fd.raw();
}

Result<i64> sys_fsconfig(Task& task, Fd fd, u32 cmd, UserString key, UserAddr value, int aux) {
  if (fd.raw() < 0) return Errno::einval;
  TRY(check_shape(cmd, !key.is_null(), !value.is_null(), aux));
  const Ref<FsContextFile> context = TRY(context_of(task, fd));
  std::string name;
  if (!key.is_null()) name = TRY(key.read(task, 256, Errno::einval));
  switch (cmd) {
    case abi::fsconfig_set_flag:
      TRY(context->set_flag(name));
      return 0;
    case abi::fsconfig_set_string: {
      std::string text = TRY(UserString(value).read(task, 256, Errno::einval));
      TRY(context->set_string(name, std::move(text)));
      return 0;
    }
    case abi::fsconfig_cmd_create:
      if (!may_mount(task)) return Errno::eperm;
      TRY(context->create(task));
      return 0;
    case abi::fsconfig_cmd_reconfigure:
      TRY(landlock::may_change_mounts(task));
      if (!may_mount(task)) return Errno::eperm;
      TRY(context->reconfigure(task));
      return 0;
    default:
      return Errno::einval;  // no filesystem here takes blobs, paths or descriptors
  }
}

Result<i64> sys_fsmount(Task& task, Fd fsfd, u32 flags, u32 attr_flags) {
  if (!may_mount(task)) return Errno::eperm;
  if ((flags & ~abi::fsmount_cloexec) != 0) return Errno::einval;
  if ((attr_flags & ~(kSimple | abi::mount_attr__atime)) != 0) return Errno::einval;
  const u32 atime = TRY(atime_flags(attr_flags));
  const Ref<FsContextFile> context = TRY(context_of(task, fsfd));
  FdReservation fd = TRY(task.files().reserve(task));
  const Path root = TRY(context->take_root());
  const u32 read_only = context->read_only() ? u32{kMountReadOnly} : 0;
  const Ref<Mount> mount = make_ref<Mount>(root.mount->filesystem(), root.dentry,
                                           simple_flags(attr_flags) | atime | read_only, root.mount->source());
  Ref<MountNamespace> tree = task.namespaces().mount->detached(mount);
  const i64 number = fd.number().raw();
  fd.publish(make_ref<MountFile>(Path(mount, root.dentry), abi::o_path, std::move(tree)),
             fd_flags((flags & abi::fsmount_cloexec) != 0));
  return number;
}

Result<i64> sys_mount_setattr(Task& task, DirFd dirfd, UserPath path, AtFlags flags, UserIn<abi::MountAttr> attr,
                              usize size) {
  constexpr u32 kKnown = abi::at_empty_path | abi::at_recursive | abi::at_symlink_nofollow | abi::at_no_automount;
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  if (size > kPageSize) return Errno::e2big;
  if (size < sizeof(abi::MountAttr)) return Errno::einval;
  if (!may_mount(task)) return Errno::eperm;
  const abi::MountAttr given = TRY(read_attr(task, attr, size));
  if (changes_nothing(given)) return 0;
  TRY(changed_flags(given, 0));
  const Path at = TRY(place(task, dirfd, path, !flags.any(abi::at_symlink_nofollow), flags.any(abi::at_empty_path)));
  if (!is_root(at)) return Errno::einval;
  TRY(change_tree(task, at, given, flags.any(abi::at_recursive)));
  return 0;
}

}  // namespace limen
