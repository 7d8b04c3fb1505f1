#include "kernel/vfs/new_mount.h"

#include <algorithm>
#include <charconv>

#include "abi/fcntl.h"
#include "kernel/fs/proc/procfs.h"
#include "kernel/fs/tmpfs/memory_fs.h"
#include "kernel/ipc/mqueue.h"
#include "kernel/ipc/sysv.h"
#include "kernel/kernel.h"
#include "kernel/net/endpoint.h"

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
      if (key == "uid") options.uid = TRY(task.credentials().kernel_id(Uid(number)));
      if (key == "gid") options.gid = TRY(task.credentials().kernel_id(Gid(number)));
    } else if (!key.empty()) {
      return Errno::einval;
    }
  }
  options.bytes = options.bytes == 0 ? memory : std::min(options.bytes, memory);
  options.inodes = options.inodes == 0 ? memory / kPageSize : std::min(options.inodes, memory / kPageSize);
  return options;
}

bool is_memory(std::string_view type) { return type == "tmpfs" || type == "ramfs"; }

// /proc of the task's own pid namespace: the one that is mounted already, or a new one. enomem.
Result<Ref<Filesystem>> procfs_of(Task& task) {
  const Ref<PidNamespace>& pids = task.namespaces().pid;
  const Ref<PidNamespace> wanted = pids->is_first() ? Ref<PidNamespace>() : pids;
  for (const Ref<Mount>& mount : task.namespaces().mount->list()) {
    const Ref<Filesystem>& fs = mount->filesystem();
    if (fs->type_name() == "proc" && pids_shown_by(*fs) == wanted) return fs;
  }
  Ref<Filesystem> fresh = make_procfs(task.kernel(), wanted);
  fresh->user_ns = pids->owner();
  return fresh;
}

// sysfs, devpts, ...: there is one of each in a sandbox, and it may be seen in more places.
Ref<Filesystem> existing(Task& task, std::string_view type) {
  if (type == "mqueue") return ipc_of(task).mqueues->filesystem();
  const bool shared = type == "sysfs" || type == "devpts" || type == "devtmpfs" || type == "cgroup2";
  if (!shared) return {};
  const auto found_in = [type](const MountNamespace& tree) -> Ref<Filesystem> {
    for (const Ref<Mount>& mount : tree.list()) {
      if (mount->filesystem()->type_name() == type) return mount->filesystem();
    }
    return {};
  };
  if (Ref<Filesystem> here = found_in(*task.namespaces().mount)) return here;
  // Unmounted here: as the first process has it.
  Ref<Task> first;
  {
    ReadGuard tree(task.kernel().process_tree);
    first = task.kernel().pids->find(Pid(1));
  }
  const Ref<MountNamespace> tree = first ? first->namespaces_ref().mount : Ref<MountNamespace>();
  return tree ? found_in(*tree) : Ref<Filesystem>();
}

// Whose root may mount it. Linux: FS_USERNS_MOUNT, mount_capable.
Result<void> check_may_make(Task& task, std::string_view type) {
  const Credentials& own = task.credentials();
  const Namespaces& all = task.namespaces();
  bool may = false;
  if (type == "proc") {
    may = own.capable_in(*all.pid, Capability::sys_admin);
  } else if (type == "sysfs") {
    may = own.capable_in(*all.net, Capability::sys_admin);
  } else if (type == "mqueue") {
    may = own.capable_in(*all.ipc, Capability::sys_admin);
  } else if (type == "devtmpfs") {
    may = own.capable(Capability::sys_admin);
  } else {
    may = own.capable_here(Capability::sys_admin);
  }
  return may ? Result<void>() : Errno::eperm;
}

}  // namespace

bool is_mountable(Task& task, std::string_view type) {
  return is_memory(type) || type == "proc" || existing(task, type);
}

Result<Path> make_mountable(Task& task, std::string_view type, std::string_view options, u32 flags,
                            std::string source) {
  if (!is_mountable(task, type)) return Errno::enodev;
  TRY(check_may_make(task, type));
  Ref<Filesystem> fs = existing(task, type);
  if (type == "proc") {
    fs = TRY(procfs_of(task));
  } else if (is_memory(type)) {
    const MemoryFilesystem::Options wanted = TRY(tmpfs_options(task, options));
    fs = make_ref<MemoryFilesystem>(task.kernel(), wanted);
    if (!task.credentials().in_first_namespace()) fs->user_ns = task.credentials().user_ns;
  }
  // What a more privileged namespace covers is not to be had by a fresh mount. Linux: mount_too_revealing.
  const bool tells_of_the_system = type == "proc" || type == "sysfs";
  const bool is_own = !task.namespaces().mount->owner();
  if (tells_of_the_system && !is_own && !task.namespaces().mount->shows_whole(type, flags)) return Errno::eperm;
  const Ref<Dentry> root = make_ref<Dentry>(nullptr, "", fs->root());
  return Path(make_ref<Mount>(fs, root, flags, std::move(source)), root);
}

}  // namespace limen
