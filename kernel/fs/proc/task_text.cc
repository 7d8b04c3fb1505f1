#include "kernel/fs/proc/task_text.h"

#include <fmt/format.h>

#include "abi/mman.h"
#include "abi/resource.h"
#include "kernel/filter/seccomp.h"
#include "kernel/fs/tty/terminal.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/task/scheduling.h"
#include "kernel/task/usage.h"
#include "kernel/time/cpu_time.h"
#include "kernel/time/time_namespace.h"
#include "kernel/vfs/fd_table.h"

namespace limen {
namespace {

constexpr u64 kTicksPerNs = 10'000'000;  // USER_HZ = 100

struct Relatives {
  i32 parent = 0, group = 0, session = 0, tracer = 0;
  u32 terminal = 0;     // tty_nr
  i32 foreground = -1;  // tpgid
};
Relatives family_of(Task& task, const PidNamespace& pids) {
  ReadGuard tree(task.kernel().process_tree);
  ThreadGroup& g = task.group();
  Relatives f;
  if (const Ref<Task>& tracer = task.tracing->tracer) f.tracer = pids.number_of(tracer->group().pid());
  if (g.parent != nullptr) f.parent = pids.number_of(g.parent->pid());
  if (g.process_group)
    f.group = pids.number_of(g.process_group->id), f.session = pids.number_of(g.process_group->session->id);
  if (const Ref<Terminal> terminal = ref_cast<Terminal>(g.terminal)) {
    const Device d = terminal->device();
    f.terminal = (d.minor & 0xff) | d.major << 8 | (d.minor & ~0xffu) << 12;
    f.foreground = terminal->foreground_id();
    if (f.foreground > 0) f.foreground = pids.number_of(Pid(f.foreground));
  }
  return f;
}

usize threads_of(Task& task) {
  MutexGuard guard(task.group().lock);
  return std::max<usize>(1, task.group().members.size());
}

MmUsage memory_of(Task& task) {
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

std::string limit_text(u64 value) { return value == ~u64{0} ? "unlimited" : std::to_string(value); }

}  // namespace

TaskState state_of(Task& task) {
  {
    ReadGuard tree(task.kernel().process_tree);
    if (task.group().is_zombie) return {'Z', "zombie"};
  }
  {
    MutexGuard guard(task.tracing->lock);
    if (task.tracing->stopped && !task.tracing->listening) return {'t', "tracing stop"};
  }
  {
    MutexGuard guard(task.group().lock);
    if (task.group().stopped && task.tracing->takes_group_stop()) return {'T', "stopped"};
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

// The three last are of block devices, of which there are none.
std::string io_text(const Usage& usage) {
  return fmt::format(
      "rchar: {}\nwchar: {}\nsyscr: {}\nsyscw: {}\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n",
      usage.bytes_read, usage.bytes_written, usage.reads, usage.writes);
}

// With the children that were waited for. Linux: kernel/exit.c:wait_task_zombie.
Result<std::string> proc_io(Task& task) {
  Usage usage = usage_of(task.group());
  ReadGuard tree(task.kernel().process_tree);
  usage.add(task.group().waited_children);
  return io_text(usage);
}

Result<std::string> proc_thread_io(Task& task) { return io_text(usage_of(std::as_const(task))); }

// Linux: fs/proc/base.c:proc_pid_syscall.
Result<std::string> proc_syscall(Task& task) {
  const std::optional<Task::Sleep> sleep = task.asleep_in();
  if (!sleep) return std::string("running\n");
  if (sleep->nr < 0) return fmt::format("-1 {:#x} {:#x}\n", sleep->sp, sleep->ip);
  const auto& a = sleep->args;
  return fmt::format("{} {:#x} {:#x} {:#x} {:#x} {:#x} {:#x} {:#x} {:#x}\n", sleep->nr, a[0], a[1], a[2], a[3], a[4],
                     a[5], sleep->sp, sleep->ip);
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

Result<std::string> proc_oom_score(Task&) { return std::string("0\n"); }
Result<std::string> proc_personality(Task& task) { return fmt::format("{:08x}\n", task.personality.load()); }
Result<std::string> proc_wchan(Task&) { return std::string("0"); }

namespace {

std::string stat_line(Task& task, CpuTime time, const ProcReader& reader) {
  const Relatives family = family_of(task, reader.pids);
  const MmUsage usage = memory_of(task);
  const Ref<Mm> mm = task.mm_ref();
  const MmLayout layout = mm ? mm->layout() : MmLayout{};
  const int nice = scheduling_of(task).nice;
  Usage waited;
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
      "{} ({}) {} {} {} {} {} {} 4194304 0 0 0 0 {} {} {} {} {} {} {} 0 {} {} {} {} {} {} {} 0 0 {} {} {} {} 0 0 0 17 "
      "0 "
      "0 0 0 0 0 "
      "{} {} {} {} {} {} {} 0\n",
      reader.pids.number_of(task.tid()), task.name(), state_of(task).letter, family.parent, family.group,
      family.session, family.terminal, family.foreground, time.user_ns / kTicksPerNs, time.system_ns / kTicksPerNs,
      waited.user_ns / kTicksPerNs, waited.system_ns / kTicksPerNs, 20 + nice, nice, threads_of(task),
      seen_time(reader.task, TimerClock::boottime, task.start_time_ns) / kTicksPerNs, usage.virtual_bytes,
      usage.resident_bytes / kPageSize, ~u64{0}, layout.start_code, layout.end_code, layout.start_stack, 0,
      task.blocked_now().bits() & 0x7fffffff, ignored, caught, layout.start_data, layout.end_data, layout.start_brk,
      layout.arg_start, layout.arg_end, layout.env_start, layout.env_end);
}

}  // namespace

Result<std::string> proc_stat(Task& task, const ProcReader& reader) {
  return stat_line(task, cpu_time(task.group()), reader);
}
Result<std::string> proc_thread_stat(Task& task, const ProcReader& reader) {
  return stat_line(task, cpu_time(task), reader);
}
Result<std::string> proc_schedstat(Task& task) { return fmt::format("{} 0 0\n", cpu_time(task).total()); }
Result<std::string> proc_oom_adj(Task& task) {
  return fmt::format("{}\n", task.group().oom_score_adj.load() * 17 / 1000);
}
Result<std::string> proc_cpuset(Task&) { return std::string("/\n"); }
Result<std::string> proc_no_audit_id(Task&) { return std::string("4294967295"); }  // loginuid, sessionid: no audit

Result<std::string> proc_children(Task& task, const ProcReader& reader) {
  std::string text;
  if (!task.is_leader()) return text;
  ReadGuard tree(task.kernel().process_tree);
  for (const Ref<ThreadGroup>& child : task.group().children)
    text += fmt::format("{} ", reader.pids.number_of(child->pid()));
  return text;
}

namespace {

// "0-3,7".
std::string cpu_list(u64 mask) {
  std::string text;
  for (u32 cpu = 0; cpu < 64; ++cpu) {
    if ((mask >> cpu & 1) == 0) continue;
    u32 last = cpu;
    while (last + 1 < 64 && (mask >> (last + 1) & 1) != 0) ++last;
    text += (text.empty() ? "" : ",") + std::to_string(cpu) + (last != cpu ? "-" + std::to_string(last) : "");
    cpu = last;
  }
  return text;
}

// Nothing once the memory is gone: that is how ps(1) knows a zombie from a process.
std::string memory_status(Task& task) {
  const Ref<Mm> mm = task.mm_ref();
  if (!mm) return "";
  const MmUsage u = mm->usage();
  std::string text;
  const auto row = [&text](const char* name, u64 bytes) { text += fmt::format("{}:\t{:8} kB\n", name, bytes / 1024); };
  row("VmPeak", u.virtual_bytes), row("VmSize", u.virtual_bytes), row("VmLck", u.locked_bytes), row("VmPin", 0);
  row("VmHWM", u.peak_resident_bytes), row("VmRSS", u.resident_bytes);
  row("RssAnon", u.resident_bytes - u.shared_bytes), row("RssFile", u.shared_bytes), row("RssShmem", 0);
  row("VmData", u.data_bytes), row("VmStk", u.stack_bytes), row("VmExe", u.text_bytes), row("VmLib", 0);
  row("VmPTE", 0), row("VmSwap", 0), row("HugetlbPages", 0);
  return text + "CoreDumping:\t0\nTHP_enabled:\t0\nuntag_mask:\t0xffffffffffffffff\n";
}

}  // namespace

namespace {

// A number in the namespace of the mount and in those below it, down to the task's own. Linux: task_state's NSpid.
std::string numbers_of(Task& task, Pid id, const PidNamespace& from) {
  std::vector<i32> numbers;
  for (const PidNamespace* at = &task.pid_namespace();; at = at->parent().get()) {
    numbers.push_back(at->number_of(id));
    if (at == &from || at->is_first()) break;
  }
  std::string text;
  for (usize i = numbers.size(); i-- > 0;) text += fmt::format("\t{}", numbers[i]);
  return text;
}

}  // namespace

Result<std::string> proc_status(Task& task, const ProcReader& reader) {
  const TaskState state = state_of(task);
  const Relatives family = family_of(task, reader.pids);
  Pid process_group, session;
  {
    ReadGuard tree(task.kernel().process_tree);
    if (const Ref<ProcessGroup>& group = task.group().process_group)
      process_group = group->id, session = group->session->id;
  }
  const auto seen = [&reader](auto id) { return reader.cred.seen(id); };
  const Ref<const Credentials> c = task.credentials_ref();
  std::string groups;
  for (const Gid g : c->groups) groups += fmt::format("{} ", seen(g));
  const Ref<FsContext> fs = task.fs_ref();
  const Ref<FdTable> files = task.files_ref();
  std::string text = fmt::format(
      "Name:\t{}\nUmask:\t{:04o}\nState:\t{} ({})\nTgid:\t{}\nNgid:\t0\nPid:\t{}\nPPid:\t{}\nTracerPid:\t{}\n"
      "Uid:\t{}\t{}\t{}\t{}\nGid:\t{}\t{}\t{}\t{}\nFDSize:\t{}\nGroups:\t{}\nNStgid:{}\nNSpid:{}\nNSpgid:{}"
      "\nNSsid:{}\nKthread:\t0\n",
      task.name(), fs ? fs->umask() : 0, state.letter, state.word, reader.pids.number_of(task.group().pid()),
      reader.pids.number_of(task.tid()), family.parent, family.tracer, seen(c->uid), seen(c->euid), seen(c->suid),
      seen(c->fsuid), seen(c->gid), seen(c->egid), seen(c->sgid), seen(c->fsgid),
      files ? std::max<usize>(64, files->list().size()) : 0, groups, numbers_of(task, task.group().pid(), reader.pids),
      numbers_of(task, task.tid(), reader.pids), numbers_of(task, process_group, reader.pids),
      numbers_of(task, session, reader.pids));
  text += memory_status(task);
  text += fmt::format("Threads:\t{}\n", threads_of(task));
  u64 pending = 0, shared = 0, ignored = 0, caught = 0;
  {
    MutexGuard guard(task.signal_lock());
    task.group().signal_lock.assert_held();  // the same one
    pending = task.pending.set().bits(), shared = task.group().shared_pending.set().bits();
  }
  const Ref<SignalHandlers> handlers = task.handlers_ref();
  for (int s = 1; handlers && s <= kSignalMax; ++s) {
    const u64 handler = handlers->get(Signal(s)).handler;
    if (handler == 1) ignored |= u64{1} << (s - 1);
    if (handler > 1) caught |= u64{1} << (s - 1);
  }
  const Ref<Filter> filters = [&] {
    MutexGuard guard(task.group().lock);
    return task.seccomp->filter_ref();
  }();
  const u64 cpus = task.kernel().options().limits.all_cpus() & task.affinity.load();
  text += fmt::format(
      "SigQ:\t0/{}\nSigPnd:\t{:016x}\nShdPnd:\t{:016x}\nSigBlk:\t{:016x}\nSigIgn:\t{:016x}\nSigCgt:\t{:016x}\n"
      "CapInh:\t{:016x}\nCapPrm:\t{:016x}\nCapEff:\t{:016x}\nCapBnd:\t{:016x}\nCapAmb:\t{:016x}\nNoNewPrivs:\t{}"
      "\nSeccomp:\t{}\n"
      "Seccomp_filters:\t{}\nSpeculation_Store_Bypass:\tunknown\nSpeculationIndirectBranch:\tunknown\nCpus_allowed:\t{:"
      "x}\nCpus_allowed_list:\t{}\nMems_allowed:\t1\nMems_allowed_list:\t0\n"
      "voluntary_ctxt_switches:\t0\n"
      "nonvoluntary_ctxt_switches:\t0\n",
      task.group().limit(abi::rlimit_sigpending).soft, pending, shared, task.blocked_now().bits(), ignored, caught,
      c->inheritable, c->permitted, c->effective, c->bounding, c->ambient, task.no_new_privs ? 1 : 0,
      static_cast<int>(task.seccomp->mode()), filters ? filters->count() : 0, cpus, cpu_list(cpus));
  return text;
}

}  // namespace limen
