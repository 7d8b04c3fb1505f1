#include "kernel/fs/proc/task_text.h"

#include <fmt/format.h>

#include "abi/mman.h"
#include "abi/resource.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr u64 kTicksPerNs = 10'000'000;  // USER_HZ = 100

struct Family {
  i32 parent = 0, group = 0, session = 0;
};
Family family_of(Task& task) {
  ReadGuard tree(task.kernel().process_tree);
  ThreadGroup& g = task.group();
  Family f;
  if (g.parent != nullptr) f.parent = g.parent->pid().raw();
  if (g.process_group) f.group = g.process_group->id.raw(), f.session = g.process_group->session->id.raw();
  return f;
}

usize threads_of(Task& task) {
  MutexGuard guard(task.group().lock);
  return std::max<usize>(1, task.group().members.size());
}

MmUsage usage_of(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  return mm ? mm->usage() : MmUsage{};
}

// Guest memory as text, at most as much as Linux shows in one read's worth of pages.
Result<std::string> guest_bytes(Task& task, u64 from, u64 to) {
  constexpr u64 kMost = 2 * 1024 * 1024;
  const Ref<Mm> mm = task.mm_ref();
  if (!mm || to <= from) return std::string();
  std::string text(std::min(to - from, kMost), '\0');
  text.resize(mm->copy_in(text.data(), GuestAddr(from), text.size()));
  return text;
}

std::string maps_line(const MapsLine& line, Task& task) {
  const auto bit = [&](u64 prot, char c) { return (line.prot & prot) != 0 ? c : '-'; };
  std::string name = line.name;
  u64 inode = 0;
  Device device;
  if (line.file) {
    if (line.file->has_inode()) name = path_name(task, line.file->path());
    if (const Result<Attributes> a = line.file->attributes(); a.ok()) inode = a->inode, device = a->device;
  }
  std::string text = fmt::format("{:08x}-{:08x} {}{}{}{} {:08x} {:02x}:{:02x} {}", line.start, line.end,
                                 bit(abi::prot_read, 'r'), bit(abi::prot_write, 'w'), bit(abi::prot_exec, 'x'),
                                 line.shared ? 's' : 'p', line.offset, device.major, device.minor, inode);
  if (!name.empty()) text = fmt::format("{:<72} {}", text, name);
  return text + "\n";
}

std::string limit_text(u64 value) { return value == ~u64{0} ? "unlimited" : std::to_string(value); }

std::string escaped(std::string_view name) {  // mangle(): " \t\n\\#"
  std::string out;
  for (const char c : name) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\' || c == '#') {
      out += fmt::format("\\{:03o}", c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string mount_flags(const Mount& mount) {
  std::string text = (mount.flags() & kMountReadOnly) != 0 ? "ro" : "rw";
  if ((mount.flags() & kMountNoSuid) != 0) text += ",nosuid";
  if ((mount.flags() & kMountNoDev) != 0) text += ",nodev";
  if ((mount.flags() & kMountNoExec) != 0) text += ",noexec";
  return text + ",relatime";
}

std::string mountpoint_name(Task& task, const Mount& mount) {
  const Path at = task.namespaces().mount->mountpoint_of(mount);
  return at ? path_name(task, at) : "/";
}

}  // namespace

TaskState state_of(Task& task) {
  {
    ReadGuard tree(task.kernel().process_tree);
    if (task.group().is_zombie) return {'Z', "zombie"};
  }
  {
    MutexGuard guard(task.group().lock);
    if (task.group().stopped) return {'T', "stopped"};
    if (!task.group().members.contains(task.tid())) return {'Z', "zombie"};
  }
  return task.is_parked() ? TaskState{'S', "sleeping"} : TaskState{'R', "running"};
}

Result<std::string> proc_auxv(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  if (!mm) return std::string();
  const std::vector<u8> auxv = mm->layout().auxv;
  return std::string(auxv.begin(), auxv.end());
}

Result<std::string> proc_cgroup(Task&) { return std::string("0::/\n"); }

Result<std::string> proc_cmdline(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  if (!mm) return std::string();
  const MmLayout layout = mm->layout();
  return guest_bytes(task, layout.arg_start, layout.arg_end);
}

Result<std::string> proc_environ(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  if (!mm) return std::string();
  const MmLayout layout = mm->layout();
  return guest_bytes(task, layout.env_start, layout.env_end);
}

Result<std::string> proc_io(Task&) {
  return std::string(
      "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
}

Result<std::string> proc_limits(Task& task) {
  struct Row {
    const char* name;
    u32 resource;
    const char* unit;
  };
  static constexpr Row kRows[] = {
      {"Max cpu time", abi::rlimit_cpu, "seconds"},         {"Max file size", abi::rlimit_fsize, "bytes"},
      {"Max data size", abi::rlimit_data, "bytes"},         {"Max stack size", abi::rlimit_stack, "bytes"},
      {"Max core file size", abi::rlimit_core, "bytes"},    {"Max resident set", abi::rlimit_rss, "bytes"},
      {"Max processes", abi::rlimit_nproc, "processes"},    {"Max open files", abi::rlimit_nofile, "files"},
      {"Max locked memory", abi::rlimit_memlock, "bytes"},  {"Max address space", abi::rlimit_as, "bytes"},
      {"Max file locks", abi::rlimit_locks, "locks"},       {"Max pending signals", abi::rlimit_sigpending, "signals"},
      {"Max msgqueue size", abi::rlimit_msgqueue, "bytes"}, {"Max nice priority", abi::rlimit_nice, ""},
      {"Max realtime priority", abi::rlimit_rtprio, ""},    {"Max realtime timeout", abi::rlimit_rttime, "us"},
  };
  std::string text = fmt::format("{:<25} {:<20} {:<20} {:<10}\n", "Limit", "Soft Limit", "Hard Limit", "Units");
  for (const Row& row : kRows) {
    const ResourceLimit limit = task.group().limit(row.resource);
    text += fmt::format("{:<25} {:<20} {:<20} {:<10}\n", row.name, limit_text(limit.soft), limit_text(limit.hard),
                        row.unit);
  }
  return text;
}

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
    text += maps_line(line, task);
    text += fmt::format(
        "Size:           {:8} kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\nRss:            {:8} kB\n",
        (line.end - line.start) / 1024, line.resident / 1024);
  }
  return text;
}

Result<std::string> proc_mounts(Task& task) {
  std::string text;
  for (const Ref<Mount>& mount : task.namespaces().mount->list()) {
    const std::string options = mount->filesystem()->mount_options();
    text += fmt::format("{} {} {} {}{}{} 0 0\n", escaped(mount->source()), escaped(mountpoint_name(task, *mount)),
                        mount->filesystem()->type_name(), mount_flags(*mount), options.empty() ? "" : ",", options);
  }
  return text;
}

Result<std::string> proc_mountinfo(Task& task) {
  std::string text;
  u32 parent = 0;
  for (const Ref<Mount>& mount : task.namespaces().mount->list()) {
    const Device device = mount->filesystem()->device();
    const std::string options = mount->filesystem()->mount_options();
    text += fmt::format("{} {} {}:{} / {} {} - {} {} {}{}{}\n", mount->id(), parent, device.major, device.minor,
                        escaped(mountpoint_name(task, *mount)), mount_flags(*mount), mount->filesystem()->type_name(),
                        escaped(mount->source()), (mount->flags() & kMountReadOnly) != 0 ? "ro" : "rw",
                        options.empty() ? "" : ",", options);
    if (parent == 0) parent = mount->id();
  }
  return text;
}

Result<std::string> proc_oom_score(Task&) { return std::string("0\n"); }
Result<std::string> proc_personality(Task&) { return std::string("00000000\n"); }
Result<std::string> proc_wchan(Task&) { return std::string("0"); }

Result<std::string> proc_stat(Task& task) {
  const Family family = family_of(task);
  const MmUsage usage = usage_of(task);
  const Ref<Mm> mm = task.mm_ref();
  const MmLayout layout = mm ? mm->layout() : MmLayout{};
  ChildTimes waited;
  {
    ReadGuard tree(task.kernel().process_tree);
    waited = task.group().waited_children;
  }
  const Ref<SignalHandlers> handlers = task.handlers_ref();
  u64 ignored = 0, caught = 0;
  for (int s = 1; handlers && s <= 31; ++s) {
    const u64 handler = handlers->get(Signal(s)).handler;
    if (handler == 1) ignored |= u64{1} << (s - 1);
    if (handler > 1) caught |= u64{1} << (s - 1);
  }
  return fmt::format(
      "{} ({}) {} {} {} {} 0 -1 4194304 0 0 0 0 {} {} {} {} {} {} {} 0 {} {} {} {} {} {} {} 0 0 {} {} {} {} 0 0 0 17 0 "
      "0 0 0 0 0 "
      "{} {} {} {} {} {} {} 0\n",
      task.tid().raw(), task.name(), state_of(task).letter, family.parent, family.group, family.session,
      task.user_ns.load() / kTicksPerNs, task.system_ns.load() / kTicksPerNs, waited.user_ns / kTicksPerNs,
      waited.system_ns / kTicksPerNs, 20 + task.nice, task.nice, threads_of(task), task.start_time_ns / kTicksPerNs,
      usage.virtual_bytes, usage.resident_bytes / kPageSize, ~u64{0}, layout.start_code, layout.end_code,
      layout.start_stack, 0, task.blocked().bits() & 0x7fffffff, ignored, caught, layout.start_data, layout.end_data,
      layout.start_brk, layout.arg_start, layout.arg_end, layout.env_start, layout.env_end);
}

Result<std::string> proc_statm(Task& task) {
  const MmUsage u = usage_of(task);
  return fmt::format("{} {} {} {} 0 {} 0\n", u.virtual_bytes / kPageSize, u.resident_bytes / kPageSize,
                     u.shared_bytes / kPageSize, u.text_bytes / kPageSize, (u.data_bytes + u.stack_bytes) / kPageSize);
}

Result<std::string> proc_status(Task& task) {
  const TaskState state = state_of(task);
  const Family family = family_of(task);
  const Ref<const Credentials> c = task.credentials_ref();
  const MmUsage u = usage_of(task);
  std::string groups;
  for (const Gid g : c->groups) groups += fmt::format("{} ", g.raw());
  const Ref<FsContext> fs = task.fs_ref();
  const Ref<FdTable> files = task.files_ref();
  std::string text = fmt::format(
      "Name:\t{}\nUmask:\t{:04o}\nState:\t{} ({})\nTgid:\t{}\nNgid:\t0\nPid:\t{}\nPPid:\t{}\nTracerPid:\t0\n"
      "Uid:\t{}\t{}\t{}\t{}\nGid:\t{}\t{}\t{}\t{}\nFDSize:\t{}\nGroups:\t{}\nNStgid:\t{}\nNSpid:\t{}\nNSpgid:\t{}"
      "\nNSsid:\t{}\n",
      task.name(), fs ? fs->umask() : 0, state.letter, state.word, task.group().pid().raw(), task.tid().raw(),
      family.parent, c->uid.raw(), c->euid.raw(), c->suid.raw(), c->fsuid.raw(), c->gid.raw(), c->egid.raw(),
      c->sgid.raw(), c->fsgid.raw(), files ? std::max<usize>(64, files->list().size()) : 0, groups,
      task.group().pid().raw(), task.tid().raw(), family.group, family.session);
  text += fmt::format(
      "VmPeak:\t{:8} kB\nVmSize:\t{:8} kB\nVmLck:\t{:8} kB\nVmHWM:\t{:8} kB\nVmRSS:\t{:8} kB\nVmData:\t{:8} "
      "kB\nVmStk:\t{:8} kB\n"
      "VmExe:\t{:8} kB\nThreads:\t{}\n",
      u.virtual_bytes / 1024, u.virtual_bytes / 1024, u.locked_bytes / 1024, u.peak_resident_bytes / 1024,
      u.resident_bytes / 1024, u.data_bytes / 1024, u.stack_bytes / 1024, u.text_bytes / 1024, threads_of(task));
  u64 pending = 0, shared = 0, ignored = 0, caught = 0;
  {
    MutexGuard guard(task.signal_lock());
    pending = task.pending.set().bits(), shared = task.group().shared_pending.set().bits();
  }
  const Ref<SignalHandlers> handlers = task.handlers_ref();
  for (int s = 1; handlers && s <= kSignalMax; ++s) {
    const u64 handler = handlers->get(Signal(s)).handler;
    if (handler == 1) ignored |= u64{1} << (s - 1);
    if (handler > 1) caught |= u64{1} << (s - 1);
  }
  const u64 cpus = (u64{1} << task.kernel().options().limits.cpus) - 1;
  text += fmt::format(
      "SigQ:\t0/{}\nSigPnd:\t{:016x}\nShdPnd:\t{:016x}\nSigBlk:\t{:016x}\nSigIgn:\t{:016x}\nSigCgt:\t{:016x}\n"
      "CapInh:\t{:016x}\nCapPrm:\t{:016x}\nCapEff:\t{:016x}\nCapBnd:\t{:016x}\nCapAmb:\t{:016x}\nNoNewPrivs:\t{}"
      "\nSeccomp:\t0\n"
      "Seccomp_filters:\t0\nCpus_allowed:\t{:x}\nCpus_allowed_list:\t0-{}\nvoluntary_ctxt_switches:\t0\n"
      "nonvoluntary_ctxt_switches:\t0\n",
      task.group().limit(abi::rlimit_sigpending).soft, pending, shared, task.blocked().bits(), ignored, caught,
      c->inheritable, c->permitted, c->effective, c->bounding, c->ambient, c->no_new_privs ? 1 : 0, cpus,
      task.kernel().options().limits.cpus - 1);
  return text;
}

}  // namespace limen
