// getxattr(2), setxattr(2), listxattr(2), removexattr(2) and their kin. Source: xattr(7), fs/xattr.c:xattr_permission.
#include "abi/xattr.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "abi/fcntl.h"
#include "abi/limits.h"
#include "abi/poll.h"
#include "kernel/cred/exec.h"
#include "kernel/mm/page_store.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/notify.h"

namespace limen {
namespace {

enum class Use : u8 { read, write };

Result<std::string> read_name(Task& task, const UserString& name) {
  std::string text = TRY(name.read(task, abi::xattr_name_max + 1, Errno::erange));
  if (text.empty()) return Errno::erange;
  return text;
}

Result<void> check_xattr(Task& task, const Path& path, std::string_view name, Use use) {
  const Credentials& creds = task.credentials();
  const Attributes attributes = TRY(path.inode().recent_attributes());
  if (use == Use::write) TRY(want_write(path));
  const Errno denied = use == Use::write ? Errno::eperm : Errno::enodata;
  for (const std::string_view prefix :
       {abi::xattr_trusted_prefix, abi::xattr_security_prefix, abi::xattr_user_prefix}) {
    if (name == prefix) return Errno::einval;  // nothing behind it
  }
  if (name.starts_with(abi::xattr_trusted_prefix)) {
    return creds.capable(Capability::sys_admin) ? success : Result<void>(denied);
  }
  if (name.starts_with(abi::xattr_security_prefix)) {
    const Capability needed = name == abi::xattr_capability_name ? Capability::setfcap : Capability::sys_admin;
    return use == Use::read || creds.capable(needed) ? success : Result<void>(Errno::eperm);
  }
  if (!name.starts_with(abi::xattr_user_prefix)) return Errno::eopnotsupp;
  if (!attributes.is_regular() && !attributes.is_directory()) return denied;
  if (use == Use::write && attributes.is_directory() && (attributes.mode & abi::s_isvtx) != 0 &&
      !is_owner_or_capable(creds, attributes)) {
    return Errno::eperm;
  }
  return check_permission(task, path, use == Use::write ? 2 : 4);
}

Result<Path> path_of(Task& task, const UserPath& path, bool follow) {
  const std::string name = TRY(path.read(task));
  WalkFlags flags;
  flags.follow = follow;
  return walk(task, abi::at_fdcwd.raw(), name, flags);
}

Result<Path> path_of(Task& task, Fd fd) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  if (!file->has_inode()) return Errno::eopnotsupp;
  return file->path();
}

// The *at calls: AT_EMPTY_PATH with an empty path means the descriptor itself.
Result<Path> path_of(Task& task, DirFd dirfd, const UserPath& path, AtFlags flags) {
  if (flags.unknown(abi::at_symlink_nofollow | abi::at_empty_path) != 0) return Errno::einval;
  const bool may_be_empty = flags.any(abi::at_empty_path);
  std::string name;
  if (!may_be_empty || !path.is_null()) name = TRY(path.read(task));
  if (name.empty() && may_be_empty && dirfd.raw() != abi::at_fdcwd.raw()) return path_of(task, Fd(dirfd.raw()));
  WalkFlags how;
  how.follow = !flags.any(abi::at_symlink_nofollow);
  how.allow_empty = may_be_empty;
  return walk(task, dirfd.raw(), name, how);
}

Result<abi::XattrArgs> read_args(Task& task, UserIn<abi::XattrArgs> args, usize size) {
  if (size < sizeof(abi::XattrArgs)) return Errno::einval;
  if (size > kPageSize) return Errno::e2big;
  return args.read_sized(task, size);
}

std::optional<AclKind> acl_kind(std::string_view name) {
  if (name == abi::acl_access_name) return AclKind::access;
  if (name == abi::acl_default_name) return AclKind::inherited;
  return std::nullopt;
}

// Linux: vfs_set_acl, set_posix_acl. Null takes it away; XATTR_CREATE and its kin are not looked at.
Result<void> set_list(Task& task, const Path& path, AclKind kind, const Ref<const Acl>& list) {
  TRY(want_write(path));
  Inode& inode = path.inode();
  const Attributes attributes = TRY(inode.attributes());
  if (attributes.is_symlink()) return Errno::eopnotsupp;
  TRY(inode.acl(kind));  // eopnotsupp
  if (kind == AclKind::inherited && !attributes.is_directory()) return list ? Result<void>(Errno::eacces) : success;
  const Credentials& creds = task.credentials();
  if (!is_owner_or_capable(creds, attributes)) return Errno::eperm;
  if (list) TRY(list->check());
  const bool keeps_setgid =
      creds.in_group(attributes.gid) || creds.capable_over(attributes.uid, attributes.gid, Capability::fsetid);
  TRY(inode.set_acl(kind, list, !keeps_setgid));
  notify_inode(path, abi::in_attrib);
  return success;
}

// Everybody who reaches a file may read its list.
Result<std::vector<u8>> get_list(Task& task, const Path& path, AclKind kind) {
  const Attributes attributes = TRY(path.inode().recent_attributes());
  if (attributes.is_symlink()) return Errno::eopnotsupp;
  const Ref<const Acl> list = TRY(path.inode().acl(kind));
  if (!list) return Errno::enodata;
  return list->bytes(task.credentials());
}

Result<i64> set(Task& task, const Result<Path>& path, const UserString& name, UserBytes<In> value, usize size,
                XattrFlags flags) {
  if (!path.ok()) return path.error();
  constexpr u32 kKnown = abi::xattr_create | abi::xattr_replace;
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  const std::string text = TRY(read_name(task, name));
  if (size > abi::xattr_size_max) return Errno::e2big;
  std::vector<u8> bytes(size);
  TRY(copy_from_user(task, bytes.data(), value.addr(), size));
  if (size != 0 && text == abi::xattr_capability_name) TRY(FileCapabilities::parse(bytes, nullptr));
  if (const std::optional<AclKind> kind = acl_kind(text)) {
    Ref<const Acl> given;
    if (size != 0) given = TRY(Acl::parse(task.credentials(), bytes));
    TRY(set_list(task, *path, *kind, given));
    return 0;
  }
  TRY(check_xattr(task, *path, text, Use::write));
  TRY(path->inode().set_xattr(text, std::move(bytes), flags.raw()));
  notify_inode(*path, abi::in_attrib);
  return 0;
}

Result<i64> get(Task& task, const Result<Path>& path, const UserString& name, UserBytes<Out> value, usize size) {
  if (!path.ok()) return path.error();
  const std::string text = TRY(read_name(task, name));
  std::vector<u8> bytes;
  if (const std::optional<AclKind> kind = acl_kind(text)) {
    bytes = TRY(get_list(task, *path, *kind));
  } else {
    TRY(check_xattr(task, *path, text, Use::read));
    bytes = TRY(path->inode().get_xattr(text));
  }
  if (size == 0) return static_cast<i64>(bytes.size());
  if (bytes.size() > size) return Errno::erange;
  TRY(copy_to_user(task, value.addr(), bytes.data(), bytes.size()));
  return static_cast<i64>(bytes.size());
}

Result<i64> list(Task& task, const Result<Path>& path, UserBytes<Out> out, usize size) {
  if (!path.ok()) return path.error();
  const std::vector<std::string> names = TRY(path->inode().list_xattr());
  const bool sees_trusted = task.credentials().capable(Capability::sys_admin);
  std::string all;
  for (const AclKind kind : {AclKind::access, AclKind::inherited}) {
    const Result<Ref<const Acl>> acl = path->inode().acl(kind);
    if (!acl.ok() || !*acl) continue;
    all.append(kind == AclKind::access ? abi::acl_access_name : abi::acl_default_name).push_back('\0');
  }
  for (const std::string& name : names) {
    if (name.starts_with(abi::xattr_trusted_prefix) && !sees_trusted) continue;
    all.append(name).push_back('\0');
  }
  if (size == 0) return static_cast<i64>(all.size());
  if (all.size() > size) return Errno::erange;
  if (all.size() > abi::xattr_list_max) return Errno::e2big;
  TRY(copy_to_user(task, out.addr(), all.data(), all.size()));
  return static_cast<i64>(all.size());
}

Result<i64> remove(Task& task, const Result<Path>& path, const UserString& name) {
  if (!path.ok()) return path.error();
  const std::string text = TRY(read_name(task, name));
  if (const std::optional<AclKind> kind = acl_kind(text)) {
    TRY(set_list(task, *path, *kind, Ref<const Acl>()));
    return 0;
  }
  TRY(check_xattr(task, *path, text, Use::write));
  TRY(path->inode().remove_xattr(text));
  notify_inode(*path, abi::in_attrib);
  return 0;
}

}  // namespace

Result<i64> sys_setxattr(Task& task, UserPath path, UserString name, UserBytes<In> value, usize size,
                         XattrFlags flags) {
  return set(task, path_of(task, path, true), name, value, size, flags);
}
Result<i64> sys_lsetxattr(Task& task, UserPath path, UserString name, UserBytes<In> value, usize size,
                          XattrFlags flags) {
  return set(task, path_of(task, path, false), name, value, size, flags);
}
Result<i64> sys_fsetxattr(Task& task, Fd fd, UserString name, UserBytes<In> value, usize size, XattrFlags flags) {
  return set(task, path_of(task, fd), name, value, size, flags);
}
Result<i64> sys_getxattr(Task& task, UserPath path, UserString name, UserBytes<Out> value, usize size) {
  return get(task, path_of(task, path, true), name, value, size);
}
Result<i64> sys_lgetxattr(Task& task, UserPath path, UserString name, UserBytes<Out> value, usize size) {
  return get(task, path_of(task, path, false), name, value, size);
}
Result<i64> sys_fgetxattr(Task& task, Fd fd, UserString name, UserBytes<Out> value, usize size) {
  return get(task, path_of(task, fd), name, value, size);
}
Result<i64> sys_listxattr(Task& task, UserPath path, UserBytes<Out> out, usize size) {
  return list(task, path_of(task, path, true), out, size);
}
Result<i64> sys_llistxattr(Task& task, UserPath path, UserBytes<Out> out, usize size) {
  return list(task, path_of(task, path, false), out, size);
}
Result<i64> sys_flistxattr(Task& task, Fd fd, UserBytes<Out> out, usize size) {
  return list(task, path_of(task, fd), out, size);
}
Result<i64> sys_removexattr(Task& task, UserPath path, UserString name) {
  return remove(task, path_of(task, path, true), name);
}
Result<i64> sys_lremovexattr(Task& task, UserPath path, UserString name) {
  return remove(task, path_of(task, path, false), name);
}
Result<i64> sys_fremovexattr(Task& task, Fd fd, UserString name) { return remove(task, path_of(task, fd), name); }

Result<i64> sys_setxattrat(Task& task, DirFd dirfd, UserPath path, AtFlags flags, UserString name,
                           UserIn<abi::XattrArgs> args, usize size) {
  const abi::XattrArgs given = TRY(read_args(task, args, size));
  return set(task, path_of(task, dirfd, path, flags), name, UserBytes<In>(given.value), given.size,
             XattrFlags(given.flags));
}
Result<i64> sys_getxattrat(Task& task, DirFd dirfd, UserPath path, AtFlags flags, UserString name,
                           UserIn<abi::XattrArgs> args, usize size) {
  const abi::XattrArgs given = TRY(read_args(task, args, size));
  if (given.flags != 0) return Errno::einval;
  return get(task, path_of(task, dirfd, path, flags), name, UserBytes<Out>(given.value), given.size);
}
Result<i64> sys_listxattrat(Task& task, DirFd dirfd, UserPath path, AtFlags flags, UserBytes<Out> out, usize size) {
  return list(task, path_of(task, dirfd, path, flags), out, size);
}
Result<i64> sys_removexattrat(Task& task, DirFd dirfd, UserPath path, AtFlags flags, UserString name) {
  return remove(task, path_of(task, dirfd, path, flags), name);
}

}  // namespace limen
