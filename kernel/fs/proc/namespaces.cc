// /proc/PID/ns: a link for each namespace of a process, to a file that stands for it. Source: namespaces(7), fs/nsfs.c.
#include <fmt/format.h>

#include "abi/fcntl.h"
#include "kernel/fs/proc/task_files.h"
#include "kernel/kernel.h"

namespace limen {
namespace {

// There is one namespace of each kind in a sandbox; the numbers are those of Linux's first ones.
struct Row {
  const char* name;
  const char* kind;
  u32 number;
};
constexpr Row kRows[] = {
    {"cgroup", "cgroup", 0xeffffffb}, {"ipc", "ipc", 0xefffffff},
    {"mnt", "mnt", 0xf0000001},       {"net", "net", 0xf0000000},
    {"pid", "pid", 0xeffffffc},       {"pid_for_children", "pid", 0xeffffffc},
    {"time", "time", 0xeffffffa},     {"time_for_children", "time", 0xeffffffa},
    {"user", "user", 0xeffffffd},     {"uts", "uts", 0xeffffffe},
};

std::string text_of(const Row& row) { return fmt::format("{}:[{}]", row.kind, row.number); }

// nsfs: mounted nowhere; its files can be opened and told apart, and hold nothing to read.
class NamespaceFiles final : public RefCounted {
 public:
  NamespaceFiles()
      : fs_(make_ref<PseudoFilesystem>("nsfs", kMagic)),
        root_(make_ref<Dentry>(nullptr, "", make_ref<FixedDirectory>(*fs_, abi::s_ifdir | 0555))),
        mount_(make_ref<Mount>(fs_, root_, u32{kMountInternal}, "nsfs")) {
    const auto nothing = [](Task&) -> Result<std::string> { return Errno::einval; };
    for (const Row& row : kRows) {
      Ref<Inode> inode =
          make_ref<PseudoText>(*fs_, abi::s_ifreg | 0444, nothing, nullptr, PseudoOwner{}, u64{row.number});
      files_.try_emplace(row.number, make_ref<Dentry>(nullptr, text_of(row), std::move(inode)));
    }
  }
  Path path_of(u32 number) const { return Path(mount_, files_.at(number)); }

 private:
  static constexpr u64 kMagic = 0x6e736673;  // NSFS_MAGIC
  const Ref<PseudoFilesystem> fs_;
  const Ref<Dentry> root_;
  const Ref<Mount> mount_;
  std::map<u32, Ref<Dentry>> files_;
};

}  // namespace

Ref<RefCounted> make_namespace_files() { return make_ref<NamespaceFiles>(); }

Ref<Inode> make_namespaces(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  const PseudoOwner owner = owner_of(*task);
  const auto* files = static_cast<const NamespaceFiles*>(fs.companion());
  Ref<FixedDirectory> dir =
      make_ref<FixedDirectory>(fs, abi::s_ifdir | 0511, owner, proc_inode(task->tid(), scope, "ns"));
  for (const Row& row : kRows) {
    auto target = [task, &row](Task& reader) -> Result<std::string> {
      TRY(may_inspect(reader, *task));
      return text_of(row);
    };
    auto magic = [task, &row, files](Task& reader) -> Result<Path> {
      TRY(may_inspect(reader, *task));
      return files->path_of(row.number);
    };
    dir->put(row.name, make_ref<PseudoLink>(fs, target, magic, 0777, owner,
                                            proc_inode(task->tid(), scope, std::string("ns/") + row.name)));
  }
  return dir;
}

}  // namespace limen
