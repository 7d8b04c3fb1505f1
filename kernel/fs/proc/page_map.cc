#include "kernel/fs/proc/page_map.h"

#include <fmt/format.h>

#include <algorithm>

#include "abi/fcntl.h"
#include "kernel/fs/proc/address_file.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"

namespace limen {
namespace {

constexpr u64 kEntrySize = 8;
constexpr u64 kMostPages = 4096;  // in one read
constexpr u64 kPresent = u64{1} << 63, kOfFileOrShared = u64{1} << 61;
constexpr u64 kLastPage = (u64{1} << 47) / kPageSize - 1;  // TASK_SIZE

std::vector<u64> entries_of(Mm& mm, u64 first, u64 count) {
  std::vector<u64> entries(count);
  const u64 from = first * kPageSize, to = (first + count) * kPageSize;
  for (const MapsLine& line : mm.maps()) {
    const u64 start = std::max(line.start, from), end = std::min(line.end, to);
    if (start >= end) continue;
    const Result<std::vector<u8>> there = mm.mincore(GuestAddr(start), end - start);
    if (!there.ok()) continue;  // it was unmapped meanwhile
    const u64 what = kPresent | (line.shared || line.file ? kOfFileOrShared : 0);
    for (usize i = 0; i < there->size(); ++i) {
      if (((*there)[i] & 1) != 0) entries[(start - from) / kPageSize + i] = what;
    }
  }
  return entries;
}

class PageMapFile final : public AddressFile {
 public:
  PageMapFile(Path path, u32 flags, Ref<Task> target)
      : AddressFile(std::move(path), flags), target_(std::move(target)) {}

 protected:
  Result<usize> try_read(Task&, UserBuffer& to, u64* position) override {
    if (*position % kEntrySize != 0 || to.remaining() % kEntrySize != 0) return Errno::einval;
    const Ref<Mm> mm = target_->mm_ref();
    const u64 first = *position / kEntrySize;
    if (!mm || first >= kLastPage) return usize{0};
    const u64 count = std::min({u64{to.remaining()} / kEntrySize, kMostPages, kLastPage - first});
    const std::vector<u64> entries = entries_of(*mm, first, count);
    const usize n =
        TRY(to.copy_out(std::span(reinterpret_cast<const u8*>(entries.data()), entries.size() * kEntrySize)));
    *position += n;
    return n;
  }

 private:
  const Ref<Task> target_;
};

std::string name_of(const MapsLine& line) { return fmt::format("{:x}-{:x}", line.start, line.end); }

// The file that is mapped under that name of map_files; enoent.
Result<Ref<File>> mapped_file(Task& task, std::string_view name) {
  const Ref<Mm> mm = task.mm_ref();
  if (!mm) return Errno::enoent;
  for (const MapsLine& line : mm->maps()) {
    if (line.file && line.file->has_inode() && name_of(line) == name) return line.file;
  }
  return Errno::enoent;
}

class MapFiles final : public PseudoDirectory {
 public:
  MapFiles(PseudoFilesystem& fs, Ref<Task> task, u64 inode)
      : PseudoDirectory(fs, abi::s_ifdir | 0500, owner_of(*task), inode), task_(std::move(task)) {}

  bool still_valid(std::string_view, const Inode*) override { return false; }

  Result<Ref<Inode>> lookup(std::string_view name) override {
    const Ref<File> file = TRY(mapped_file(*task_, name));
    const auto get = [task = task_, name = std::string(name)](Task& reader) -> Result<Path> {
      TRY(may_inspect(reader, *task));
      const Ref<File> mapped = TRY(mapped_file(*task, name));
      return mapped->path();
    };
    auto target = [get](Task& reader) -> Result<std::string> {
      const Path path = TRY(get(reader));
      return path_name(reader, path);
    };
    // Linux: proc_map_files_get_link.
    auto magic = [get](Task& reader) -> Result<Path> {
      const Credentials& own = reader.credentials();
      if (!own.capable(Capability::sys_admin) && !own.capable(Capability::checkpoint_restore)) return Errno::eperm;
      return get(reader);
    };
    const u32 permissions = (file->readable() ? 0400 : 0) | (file->writable() ? 0200 : 0);
    constexpr u64 kSize = 64;
    return Ref<Inode>(make_ref<PseudoLink>(pseudo(), target, magic, permissions, owner_, inode_of(name), kSize));
  }

  Result<std::vector<Entry>> list(Task& reader) override {
    TRY(may_inspect(reader, *task_));
    std::vector<Entry> entries;
    const Ref<Mm> mm = task_->mm_ref();
    if (!mm) return entries;
    for (const MapsLine& line : mm->maps()) {
      if (!line.file || !line.file->has_inode()) continue;
      std::string name = name_of(line);
      const u64 inode = inode_of(name);
      entries.push_back({std::move(name), inode, abi::s_iflnk >> 12});
    }
    return entries;
  }

 private:
  u64 inode_of(std::string_view name) const {
    return proc_inode(task_->tid(), TaskScope::process, "map_files/" + std::string(name));
  }
  const Ref<Task> task_;
};

}  // namespace

Ref<Inode> make_page_map(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  const auto open = [](const Path& path, u32 flags, Ref<Task> target) -> Ref<File> {
    return make_ref<PageMapFile>(path, flags, std::move(target));
  };
  return make_ref<AddressInode>(fs, 0400u, task, proc_inode(task->tid(), scope, "pagemap"), open);
}

Ref<Inode> make_map_files(PseudoFilesystem& fs, const Ref<Task>& task, TaskScope scope) {
  return make_ref<MapFiles>(fs, task, proc_inode(task->tid(), scope, "map_files"));
}

}  // namespace limen
