// /proc/PID/{maps,smaps,smaps_rollup,statm}: what an address space maps. Source: proc(5), fs/proc/task_mmu.c.
#include <fmt/format.h>

#include "abi/mman.h"
#include "kernel/fs/proc/task_text.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/namei.h"

namespace limen {
namespace {

constexpr usize kNameColumn = 73;

std::string name_of(Task& task, const MapsLine& line) {
  if (!line.file || !line.file->has_inode()) return line.name;
  const Ref<FsContext> fs = task.fs_ref();
  const Ref<MountNamespace> mounts = task.namespaces_ref().mount;
  if (!fs) return line.name;
  std::string name;
  for (const char c : path_name(fs->root(), *mounts, line.file->path())) {
    if (c == '\n') {
      name += "\\012";
    } else {
      name += c;
    }
  }
  return name;
}

std::string maps_line(const MapsLine& line, Task& task) {
  const auto bit = [&](u64 prot, char c) { return (line.prot & prot) != 0 ? c : '-'; };
  u64 inode = 0;
  Device device;
  if (line.file) {
    if (const Result<Attributes> a = line.file->attributes(); a.ok()) inode = a->inode, device = a->device;
  }
  std::string text = fmt::format("{:08x}-{:08x} {}{}{}{} {:08x} {:02x}:{:02x} {} ", line.start, line.end,
                                 bit(abi::prot_read, 'r'), bit(abi::prot_write, 'w'), bit(abi::prot_exec, 'x'),
                                 line.shared ? 's' : 'p', line.offset, device.major, device.minor, inode);
  const std::string name = name_of(task, line);
  if (name.empty()) return text + "\n";
  if (text.size() < kNameColumn) text.resize(kNameColumn, ' ');
  return text + name + "\n";
}

// What smaps tells, in bytes. Pages of a file that nobody may write are clean; all others count as dirty.
struct Figures {
  u64 size = 0, resident = 0, shared_clean = 0, shared_dirty = 0, private_clean = 0, private_dirty = 0, anonymous = 0;
  void add(const MapsLine& line) {
    size += line.end - line.start, resident += line.resident;
    const bool dirty = !line.file || (line.prot & abi::prot_write) != 0;
    u64& kind = line.shared ? (dirty ? shared_dirty : shared_clean) : (dirty ? private_dirty : private_clean);
    kind += line.resident;
    if (!line.file) anonymous += line.resident;
  }
};

std::string row(const char* name, u64 bytes) {
  return fmt::format("{:<16}{:8} kB\n", std::string(name) + ":", bytes / 1024);
}

std::string figures_text(const Figures& f, std::string_view more = "") {
  std::string text =
      row("Rss", f.resident) + row("Pss", f.resident) + row("Pss_Dirty", f.shared_dirty + f.private_dirty);
  text += more;
  text += row("Shared_Clean", f.shared_clean) + row("Shared_Dirty", f.shared_dirty);
  text += row("Private_Clean", f.private_clean) + row("Private_Dirty", f.private_dirty);
  text += row("Referenced", f.resident) + row("Anonymous", f.anonymous) + row("KSM", 0);
  for (const char* none : {"LazyFree", "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped", "Shared_Hugetlb",
                           "Private_Hugetlb", "Swap", "SwapPss", "Locked"}) {
    text += row(none, 0);
  }
  return text;
}

std::string vm_flags(const MapsLine& line) {
  std::string text = "VmFlags:";
  if ((line.prot & abi::prot_read) != 0) text += " rd";
  if ((line.prot & abi::prot_write) != 0) text += " wr";
  if ((line.prot & abi::prot_exec) != 0) text += " ex";
  if (line.shared) text += " sh";
  text += " mr mw me";
  if (line.name == "[stack]") text += " gd";
  if (!line.shared) text += " ac";
  return text + " \n";
}

}  // namespace

Result<std::string> proc_maps(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  std::string text;
  if (!mm) return text;
  for (const MapsLine& line : mm->maps()) text += maps_line(line, task);
  return text;
}

Result<std::string> proc_smaps(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  std::string text;
  if (!mm) return text;
  for (const MapsLine& line : mm->maps()) {
    Figures figures;
    figures.add(line);
    text += maps_line(line, task) + row("Size", figures.size) + row("KernelPageSize", kPageSize) +
            row("MMUPageSize", kPageSize) + figures_text(figures) + "THPeligible:           0\n" + vm_flags(line);
  }
  return text;
}

Result<std::string> proc_smaps_rollup(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  if (!mm) return Errno::esrch;
  const std::vector<MapsLine> lines = mm->maps();
  Figures figures;
  for (const MapsLine& line : lines) figures.add(line);
  const u64 start = lines.empty() ? 0 : lines.front().start, end = lines.empty() ? 0 : lines.back().end;
  std::string text = fmt::format("{:08x}-{:08x} ---p 00000000 00:00 0 ", start, end);
  text.resize(kNameColumn, ' ');
  const std::string more =
      row("Pss_Anon", figures.anonymous) + row("Pss_File", figures.resident - figures.anonymous) + row("Pss_Shmem", 0);
  return text + "[rollup]\n" + figures_text(figures, more);
}

Result<std::string> proc_statm(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  const MmUsage u = mm ? mm->usage() : MmUsage{};
  return fmt::format("{} {} {} {} 0 {} 0\n", u.virtual_bytes / kPageSize, u.resident_bytes / kPageSize,
                     u.shared_bytes / kPageSize, u.text_bytes / kPageSize, (u.data_bytes + u.stack_bytes) / kPageSize);
}

}  // namespace limen
