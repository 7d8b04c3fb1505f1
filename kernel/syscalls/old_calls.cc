// Calls that history left: ustat(2), sysfs(2).
#include <array>
#include <string_view>

#include "abi/stat.h"
#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"

namespace limen {
namespace {

// What mount(2) and the kernel itself know, in the order of /proc/filesystems.
constexpr std::array<std::string_view, 11> kFilesystems = {
    "sysfs", "tmpfs", "proc", "cgroup2", "devtmpfs", "pipefs", "sockfs", "devpts", "overlay", "mqueue", "anon_inodefs"};

}  // namespace

Result<i64> sys_ustat(Task& task, DevNumber dev, UserOut<abi::UStat> buf) {
  // A dev_t as new_decode_dev reads it.
  const u32 raw = dev.raw();
  const Device wanted{(raw & 0xfff00) >> 8, (raw & 0xff) | (raw >> 12 & 0xfff00)};
  for (const Ref<Mount>& mount : task.namespaces().mount->list()) {
    if (mount->filesystem()->device() != wanted) continue;
    const FilesystemStatus status = TRY(mount->filesystem()->status());
    abi::UStat told{};
    told.f_tfree = static_cast<i32>(status.blocks_free);
    told.f_tinode = status.files_free;
    TRY(buf.write(task, told));
    return 0;
  }
  return Errno::einval;
}

Result<i64> sys_sysfs(Task& task, int option, u64 arg1, u64 arg2) {
  switch (option) {
    case 1: {  // a name's index
      const std::string name = TRY(UserString(GuestAddr(arg1)).read(task, 4096, Errno::enametoolong));
      for (usize i = 0; i < kFilesystems.size(); ++i) {
        if (kFilesystems[i] == name) return static_cast<i64>(i);
      }
      return Errno::einval;
    }
    case 2: {  // an index's name
      const u32 index = static_cast<u32>(arg1);
      if (index >= kFilesystems.size()) return Errno::einval;
      const std::string name(kFilesystems[index]);
      TRY(copy_to_user(task, GuestAddr(arg2), name.c_str(), name.size() + 1));
      return 0;
    }
    case 3:
      return static_cast<i64>(kFilesystems.size());
    default:
      return Errno::einval;
  }
}

}  // namespace limen
