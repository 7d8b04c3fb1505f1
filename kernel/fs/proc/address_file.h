// Files of /proc/PID whose positions are a task's addresses, or count them: `mem`, `pagemap`.
#pragma once

#include "abi/fcntl.h"
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

}  // namespace limen
