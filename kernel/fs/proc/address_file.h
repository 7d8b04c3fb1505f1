// Files of /proc/PID whose positions are a task's addresses, or count them: `mem`, `pagemap`.
#pragma once

#include "abi/fcntl.h"
#include "kernel/fs/proc/task_files.h"
#include "kernel/vfs/file.h"

namespace limen {

class AddressFile : public File {
 public:
  using File::File;

  // SEEK_SET and SEEK_CUR; einval for others. An address may have its highest bit set: no position is negative.
  // Linux: fs/proc/base.c:mem_lseek.
  Result<u64> seek(Task&, i64 offset, int whence) final {
    MutexGuard guard(position_lock());
    if (static_cast<u32>(whence) == abi::seek_set) {
      set_position(static_cast<u64>(offset));
    } else if (static_cast<u32>(whence) == abi::seek_cur) {
      set_position(position() + static_cast<u64>(offset));
    } else {
      return Errno::einval;
    }
    return position();
  }
};

// The inode of such a file: for who may inspect the task.
class AddressInode final : public PseudoInode {
 public:
  using Open = Ref<File> (*)(const Path& path, u32 flags, Ref<Task> task);
  AddressInode(PseudoFilesystem& fs, u32 permissions, Ref<Task> task, u64 inode, Open open)
      : PseudoInode(fs, abi::s_ifreg | permissions, owner_of(*task), inode), task_(std::move(task)), open_(open) {}
  Result<Ref<File>> open(Task& reader, const Path& path, u32 flags) override {
    TRY(may_inspect(reader, *task_));
    return open_(path, flags, task_);
  }

 private:
  const Ref<Task> task_;
  const Open open_;
};

}  // namespace limen
