// name_to_handle_at(2), open_by_handle_at(2). Source: fs/fhandle.c.
#include "abi/fcntl.h"
#include "abi/mount.h"
#include "kernel/syscalls/common.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/thread_group.h"
#include "kernel/vfs/handles.h"
#include "kernel/vfs/mount_words.h"

namespace limen {
namespace {

Result<HandleUse> use_of(AtFlags flags) {
  constexpr u32 kKnown = abi::at_symlink_follow | abi::at_empty_path | abi::at_handle_fid |
                         abi::at_handle_mnt_id_unique | abi::at_handle_connectable;
  if (flags.unknown(kKnown) != 0) return Errno::einval;
  if (!flags.has(abi::at_handle_connectable))
    return flags.has(abi::at_handle_fid) ? HandleUse::compare : HandleUse::open;
  // A descriptor may be of a file without a place.
  if (flags.has(abi::at_handle_fid) || flags.has(abi::at_empty_path)) return Errno::einval;
  return HandleUse::place;
}

Result<void> tell_mount(Task& task, GuestAddr to, const Mount& mount, bool unique) {
  if (unique) return UserOut<u64>(to).write(task, unique_id(mount));
  return UserOut<i32>(to).write(task, static_cast<i32>(mount.id()));
}

// Whoever may mount a filesystem, or bind what `top` shows, gets at its directories anyway: as far as it may search what lies above them.
enum class Reach : u8 { anything, searchable, searchable_beneath };

// Linux: may_decode_fh.
Result<Reach> may_decode(Task& task, const Path& top, u32 flags) {
  const Credentials& creds = task.credentials();
  if (creds.capable(Capability::dac_read_search)) return Reach::anything;
  if ((flags & abi::o_directory) == 0) return Errno::eperm;
  Reach reach = Reach::searchable;
  if (!creds.has_capability(top.mount->filesystem()->user_ns.get(), Capability::sys_admin)) {
    const MountNamespace& mounts = *task.namespaces().mount;
    const bool may_bind = mounts.has(*top.mount) && may_mount(task) && !mounts.hides_beneath(top);
    if (!may_bind) return Errno::eperm;
    reach = Reach::searchable_beneath;
  }
  return creds.capable_here(Capability::dac_read_search) ? Result<Reach>(reach) : Errno::eperm;
}

// Linux: vfs_dentry_acceptable.
Result<void> check_reach(const Credentials& creds, const Path& top, const Ref<Dentry>& found, Reach reach) {
  if (reach == Reach::anything) return success;
  const u32 type = TRY(found->inode()->file_type());
  if (type != abi::s_ifdir) return Errno::estale;
  Ref<Dentry> at = found;
  while (at != top.dentry) {
    Ref<Dentry> up = at->parent();
    if (!up) break;
    const Attributes attributes = TRY(up->inode()->recent_attributes());
    if (!check_permission(creds, *up->inode(), attributes, 1).ok()) return Errno::estale;
    at = std::move(up);
  }
  return reach == Reach::searchable || at == top.dentry ? success : Result<void>(Errno::estale);
}

Result<Path> place_of(Task& task, Fd fd) {
  if (fd.raw() == abi::at_fdcwd.raw()) return task.fs().cwd();
  const Ref<File> file = TRY(file_of(task, fd));
  if (!file->has_inode()) return Errno::ebadf;
  return file->path();
}

}  // namespace

Result<i64> sys_name_to_handle_at(Task& task, DirFd dirfd, UserPath path, UserInOut<abi::FileHandle> handle,
                                  UserOut<i32> mount_id, AtFlags flags) {
  const HandleUse use = TRY(use_of(flags));
  const std::string name = TRY(path.read(task));
  WalkFlags how;
  how.follow = flags.has(abi::at_symlink_follow);
  how.allow_empty = flags.has(abi::at_empty_path);
  const Path place = TRY(walk(task, dirfd.raw(), name, how));
  const EncodedHandle made = TRY(encode_handle(place.inode(), place.dentry, use));
  abi::FileHandle head = TRY(handle.read(task));
  if (head.handle_bytes > abi::max_handle_sz) return Errno::einval;
  const bool fits = made.bytes.size() <= head.handle_bytes;
  head.handle_bytes = static_cast<u32>(made.bytes.size());
  head.handle_type = fits ? made.type : abi::fileid_invalid;
  TRY(tell_mount(task, mount_id.addr(), *place.mount, flags.has(abi::at_handle_mnt_id_unique)));
  TRY(handle.write(task, head));
  if (!fits) return Errno::eoverflow;
  TRY(copy_to_user(task, handle.addr() + sizeof head, made.bytes.data(), made.bytes.size()));
  return 0;
}

Result<i64> sys_open_by_handle_at(Task& task, Fd mount_fd, UserInOut<abi::FileHandle> handle, OpenFlags flags) {
  const abi::FileHandle head = TRY(handle.read(task));
  if (head.handle_bytes > abi::max_handle_sz || head.handle_bytes == 0) return Errno::einval;
  constexpr i32 kUserFlags = ~0xffff, kKnownFlags = abi::fileid_is_connectable | abi::fileid_is_dir;
  if (head.handle_type < 0 || (head.handle_type & kUserFlags & ~kKnownFlags) != 0) return Errno::einval;
  const Path top = TRY(place_of(task, mount_fd));
  const Reach reach = TRY(may_decode(task, top, flags.raw()));
  std::vector<u8> bytes(head.handle_bytes);
  TRY(copy_from_user(task, bytes.data(), handle.addr() + sizeof head, bytes.size()));
  Ref<Dentry> found = TRY(decode_handle(*top.mount, head.handle_type & ~kUserFlags, bytes));
  TRY(check_reach(task.credentials(), top, found, reach));
  FdReservation fd = TRY(task.files().reserve(task));
  Ref<File> file = TRY(open_place(task, Path(top.mount, std::move(found)), flags.raw(), 0));
  const Fd number = fd.number();
  fd.publish(std::move(file), cloexec_if(flags.has(abi::o_cloexec)));
  return number.raw();
}

}  // namespace limen
