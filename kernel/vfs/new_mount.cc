#include "kernel/vfs/new_mount.h"

#include <algorithm>
#include <charconv>

#include "abi/fcntl.h"
#include "kernel/fs/tmpfs/memory_fs.h"
#include "kernel/ipc/mqueue.h"
#include "kernel/ipc/sysv.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

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

bool is_memory(std::string_view type) { return type == "tmpfs" || type == "ramfs"; }

// proc, sysfs, devpts, ...: there is one of each in a sandbox, and it may be seen in more places.
Ref<Filesystem> existing(Task& task, std::string_view type) {
  if (type == "mqueue") return ipc_of(task).mqueues->filesystem();
  const bool shared = type == "proc" || type == "sysfs" || type == "devpts" || type == "devtmpfs" || type == "cgroup2";
  if (!shared) return {};
  for (const Ref<Mount>& mount : task.namespaces().mount->list()) {
    if (mount->filesystem()->type_name() == type) return mount->filesystem();
  }
  return {};
}

}  // namespace

bool is_mountable(Task& task, std::string_view type) { return is_memory(type) || existing(task, type); }

Result<Path> make_mountable(Task& task, std::string_view type, std::string_view options, u32 flags,
                            std::string source) {
  Ref<Filesystem> fs = existing(task, type);
  if (is_memory(type)) {
    const MemoryFilesystem::Options wanted = TRY(tmpfs_options(task, options));
    fs = make_ref<MemoryFilesystem>(task.kernel(), wanted);
  }
  if (!fs) return Errno::enodev;
  const Ref<Dentry> root = make_ref<Dentry>(nullptr, "", fs->root());
  return Path(make_ref<Mount>(fs, root, flags, std::move(source)), root);
}

}  // namespace limen
