#include "abi/fcntl.h"
#include "kernel/fs/dev/devices.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

constexpr u64 kMagic = 0x01021994;  // TMPFS_MAGIC: devtmpfs tells the same

class DeviceNode final : public PseudoInode {
 public:
  DeviceNode(PseudoFilesystem& fs, u32 permissions, Device device)
      : PseudoInode(fs, abi::s_ifchr | permissions), device_(device) {}
  Result<Attributes> attributes() override {
    Attributes a = TRY(PseudoInode::attributes());
    a.rdev = device_;
    return a;
  }
  Result<Ref<File>> open(Task& task, const Path& path, u32 flags) override {
    return open_device(task, path, device_, flags);
  }
  Result<void> change(const AttributeChange& change) override {
    return change.size ? Result<void>() : Errno::eperm;  // O_TRUNC on a device means nothing
  }

 private:
  const Device device_;
};

struct NodeRow {
  const char* name;
  u32 permissions;
  Device device;
};
constexpr NodeRow kNodes[] = {
    {"null", 0666, {1, 3}},   {"zero", 0666, {1, 5}},    {"full", 0666, {1, 7}},
    {"random", 0666, {1, 8}}, {"urandom", 0666, {1, 9}}, {"tty", 0666, {5, 0}},
};
struct LinkRow {
  const char* name;
  const char* target;
};
constexpr LinkRow kLinks[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

}  // namespace

Ref<Filesystem> make_devfs(Kernel&) {
  Ref<PseudoFilesystem> fs = make_ref<PseudoFilesystem>("devtmpfs", kMagic);
  Ref<FixedDirectory> root = make_ref<FixedDirectory>(*fs, abi::s_ifdir | 0755);
  for (const NodeRow& row : kNodes) root->put(row.name, make_ref<DeviceNode>(*fs, row.permissions, row.device));
  for (const LinkRow& row : kLinks) {
    const std::string target = row.target;
    root->put(row.name, make_ref<PseudoLink>(*fs, [target](Task&) -> Result<std::string> { return target; }));
  }
  for (const char* name : {"pts", "shm"}) root->put(name, make_ref<FixedDirectory>(*fs, abi::s_ifdir | 0755));
  fs->set_root(root);
  return fs;
}

}  // namespace limen
