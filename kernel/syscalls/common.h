// What handlers of several files do alike.
#pragma once

#include "kernel/kernel.h"
#include "kernel/task/task.h"
#include "kernel/vfs/fd_table.h"

namespace limen {

// The file of a call that works on data: ebadf for O_PATH too.
inline Result<Ref<File>> file_of(Task& task, Fd fd) {
  Ref<File> file = TRY(task.files().get(fd));
  if (file->is_path_only()) return Errno::ebadf;
  return file;
}

// RLIMIT_FSIZE: efbig, and SIGXFSZ, where a file would become longer. Linux: inode_newsize_ok.
Result<void> check_size_limit(Task& task, u64 size);

inline constexpr FdFlags cloexec_if(bool on) { return on ? FdFlags::close_on_exec : FdFlags::none; }

// Who may change the tree of mounts. Linux: may_mount.
inline bool may_mount(Task& task) {
  const Namespaces& all = task.namespaces();
  return task.credentials().capable_in(*all.mount, Capability::sys_admin);
}

}  // namespace limen
