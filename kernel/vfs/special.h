// What open(2) of an inode gives that is neither a file nor a directory. The objects live elsewhere: FIFOs in kernel/ipc/pipe.cc,
// devices in kernel/fs/dev; a filesystem needs only these two names.
#pragma once

#include "base/ref.h"
#include "base/result.h"
#include "kernel/vfs/attributes.h"

namespace limen {

class File;
class Task;
struct Path;

Result<Ref<File>> open_fifo(Task& task, const Path& path, u32 flags);                   // may block (fifo(7))
Result<Ref<File>> open_device(Task& task, const Path& path, Device device, u32 flags);  // enxio

}  // namespace limen
