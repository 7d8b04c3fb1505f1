// inotify_init(2), inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2). Source: fs/notify/inotify/inotify_user.c.
#include "kernel/ipc/inotify.h"

#include "abi/fcntl.h"
#include "abi/poll.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/vfs/anon.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

Result<Ref<InotifyFile>> group_file(Task& task, Fd fd) {
  const Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  auto* const group = dynamic_cast<InotifyFile*>(file.get());
  if (group == nullptr) return Errno::einval;
  return Ref<InotifyFile>(group);
}

}  // namespace

Result<i64> sys_inotify_init1(Task& task, InotifyFlags flags) {
  if (flags.unknown(abi::in_cloexec | abi::in_nonblock) != 0) return Errno::einval;
  Ref<InotifyGroup> group = TRY(InotifyGroup::create(task));
  Ref<File> file = make_ref<InotifyFile>(anon_path(task, "anon_inode:inotify", 0600),
                                         (flags.raw() & abi::in_nonblock) | abi::o_rdonly, std::move(group));
  const FdFlags fd_flags = flags.has(abi::in_cloexec) ? FdFlags::close_on_exec : FdFlags::none;
  const Fd fd = TRY(task.files().install(task, std::move(file), fd_flags));
  return fd.raw();
}

Result<i64> sys_inotify_init(Task& task) { return sys_inotify_init1(task, InotifyFlags()); }

Result<i64> sys_inotify_add_watch(Task& task, Fd fd, UserPath path, InotifyMask mask) {
  constexpr u32 kKnown = abi::in_all_events | abi::in_unmount | abi::in_q_overflow | abi::in_ignored | abi::in_onlydir |
                         abi::in_dont_follow | abi::in_excl_unlink | abi::in_mask_add | abi::in_mask_create |
                         abi::in_isdir | abi::in_oneshot;
  if ((mask.raw() & kKnown) == 0) return Errno::einval;
  (void)TRY(task.files().get(fd));
  if (mask.has(abi::in_mask_add | abi::in_mask_create)) return Errno::einval;
  const Ref<InotifyFile> file = TRY(group_file(task, fd));
  const std::string name = TRY(path.read(task));
  WalkFlags how;
  how.follow = !mask.has(abi::in_dont_follow);
  how.must_be_directory = mask.has(abi::in_onlydir);
  const Path place = TRY(walk(task, abi::at_fdcwd.raw(), name, how));
  TRY(check_permission(task, place, 4));
  const i32 number = TRY(file->group().watch(place, mask.raw()));
  return number;
}

Result<i64> sys_inotify_rm_watch(Task& task, Fd fd, int wd) {
  const Ref<InotifyFile> file = TRY(group_file(task, fd));
  TRY(file->group().remove(wd));
  return 0;
}

}  // namespace limen
