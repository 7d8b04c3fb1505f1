// /dev: a tmpfs with the nodes that a sandbox has, as devtmpfs is one. Its root may make, change and remove names there.
#include <algorithm>

#include "abi/fcntl.h"
#include "kernel/fs/dev/devices.h"
#include "kernel/fs/tmpfs/memory_fs.h"
#include "kernel/kernel.h"
#include "kernel/vfs/dentry.h"

namespace limen {
namespace {

struct NodeRow {
  const char* name;
  u32 permissions;
  Device device;
};
constexpr NodeRow kNodes[] = {
    {"null", 0666, {1, 3}},    {"zero", 0666, {1, 5}}, {"full", 0666, {1, 7}},    {"random", 0666, {1, 8}},
    {"urandom", 0666, {1, 9}}, {"tty", 0666, {5, 0}},  {"console", 0600, {5, 1}},
};
struct LinkRow {
  const char* name;
  const char* target;
};
constexpr LinkRow kLinks[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

constexpr std::string_view kTypeName = "devtmpfs";

}  // namespace

Result<Path> device_node(const MountNamespace& mounts, Device device) {
  const auto* row = std::ranges::find_if(kNodes, [device](const NodeRow& r) { return r.device == device; });
  if (row == std::end(kNodes)) return Errno::enxio;
  for (const Ref<Mount>& mount : mounts.list()) {
    if (mount->filesystem()->type_name() != kTypeName) continue;
    Ref<Dentry> name = TRY(DentryCache::lookup(mount->root(), row->name));
    return Path(mount, std::move(name));
  }
  return Errno::enxio;
}

Ref<Filesystem> make_devfs(Kernel& kernel) {
  constexpr u64 kBytes = u64{4} << 20;
  MemoryFilesystem::Options options;
  options.type = kTypeName;
  options.bytes = kBytes, options.inodes = kBytes / kPageSize;
  options.root_mode = 0755;
  Ref<MemoryFilesystem> fs = make_ref<MemoryFilesystem>(kernel, options);
  const Ref<Inode> root = fs->root();
  const auto make = [&](const char* name, u32 mode, Device device, std::string_view target) {
    NewInode what;
    what.mode = mode, what.rdev = device, what.symlink = target;
    (void)root->create(name, what).ok();  // room for all of them was made above
  };
  for (const NodeRow& row : kNodes) make(row.name, abi::s_ifchr | row.permissions, row.device, "");
  for (const LinkRow& row : kLinks) make(row.name, abi::s_iflnk | 0777, {}, row.target);
  for (const char* name : {"pts", "shm"}) make(name, abi::s_ifdir | 0755, {}, "");
  return fs;
}

}  // namespace limen
