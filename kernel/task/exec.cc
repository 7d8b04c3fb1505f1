#include "kernel/task/exec.h"
#include "kernel/task/answers.h"

#include <algorithm>
#include <optional>

#include "abi/fanotify.h"
#include "abi/fcntl.h"
#include "abi/prctl.h"
#include "abi/resource.h"
#include "host/random.h"
#include "kernel/cred/change.h"
#include "kernel/cred/exec.h"
#include "kernel/cred/keys.h"
#include "kernel/ipc/futex.h"
#include "kernel/kernel.h"
#include "kernel/landlock/access.h"
#include "kernel/mm/mm.h"
#include "kernel/ptrace/tracing.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/call_work.h"
#include "kernel/task/elf.h"
#include "kernel/task/exec_stack.h"
#include "kernel/task/exit.h"
#include "kernel/task/namespaces.h"
#include "kernel/task/rseq.h"
#include "kernel/task/usage.h"
#include "kernel/time/cpu_time.h"
#include "kernel/time/time_namespace.h"
#include "kernel/time/timers.h"
#include "kernel/time/vdso.h"
#include "kernel/vfs/fd_table.h"
#include "kernel/vfs/notify.h"
#include "kernel/vfs/program_file.h"

namespace limen {
namespace {

constexpr usize kHeaderBytes = 256;      // Linux: BINPRM_BUF_SIZE
constexpr int kMostInterpreters = 5;     // the program and four scripts around it; then ELOOP
constexpr u64 kStackSlack = 128 * 1024;  // arguments may always have this much

// A program file, found and permitted.
struct Program {
  Path path;
  ProgramFile file;
  Attributes attributes;
};

Result<Program> open_program(Task& task, i32 dirfd, const std::string& path, u32 flags) {
  WalkFlags walk_flags;
  walk_flags.follow = (flags & abi::at_symlink_nofollow) == 0;
  walk_flags.allow_empty = (flags & abi::at_empty_path) != 0;
  Program program;
  program.path = TRY(walk(task, dirfd, path, walk_flags));
  program.attributes = TRY(program.path.inode().attributes());
  if (program.attributes.is_symlink()) return Errno::eloop;
  if (!program.attributes.is_regular()) return Errno::eacces;
  if ((program.path.mount->flags() & kMountNoExec) != 0) return Errno::eacces;
  TRY(check_permission(task, program.path, 1));
  TRY(landlock::may_execute(task, program.path));
  TRY(ask_listeners(task, program.path, abi::fan_open_exec_perm));
  TRY(ask_listeners(task, program.path, abi::fan_open_perm));
  Ref<File> file = TRY(program.path.inode().open(task, program.path, abi::o_rdonly));
  program.file = TRY(ProgramFile::of(std::move(file)));
  notify_inode(program.path, abi::in_open | abi::fan_open_exec);
  return program;
}

// The "#!" line as Linux reads it: an interpreter and at most one argument, which may hold spaces.
struct ScriptLine {
  std::string interpreter;
  std::optional<std::string> argument;
};

Result<ScriptLine> parse_script(std::string_view head) {
  head.remove_prefix(2);
  const usize newline = head.find('\n');
  const bool truncated = newline == std::string_view::npos && head.size() == kHeaderBytes - 2;
  std::string_view line = head.substr(0, newline);
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && (blank(line.back()) || line.back() == '\0')) line.remove_suffix(1);
  const usize end = line.find_first_of(" \t");
  // A name that was cut off would name another program.
  if (line.empty() || (truncated && end == std::string_view::npos)) return Errno::enoexec;
  ScriptLine script{std::string(line.substr(0, end)), std::nullopt};
  if (end == std::string_view::npos) return script;
  std::string_view argument = line.substr(end);
  while (!argument.empty() && blank(argument.front())) argument.remove_prefix(1);
  if (!argument.empty()) script.argument = std::string(argument);
  return script;
}

// What the program is called by, for a script's argv, AT_EXECFN and comm. Linux: alloc_bprm.
std::string file_name(const ExecRequest& request) {
  const std::string& path = request.path;
  if (request.dirfd < 0 || (!path.empty() && path.front() == '/')) return path;
  return "/dev/fd/" + std::to_string(request.dirfd) + (path.empty() ? "" : "/" + path);
}

// A script is opened by its interpreter again, which cannot be by a descriptor that execve closes.
Result<void> check_script_stays_open(Task& task, const ExecRequest& request) {
  if (request.dirfd < 0 || (!request.path.empty() && request.path.front() == '/')) return success;
  const Result<FdFlags> flags = task.files().flags(Fd(request.dirfd));
  return flags.ok() && *flags == FdFlags::close_on_exec ? Errno::enoent : Result<void>();
}

// Follows scripts to the ELF program that runs; argv grows as the scripts say.
Result<ElfImage> find_image(Task& task, ExecRequest& request, Program& program) {
  i32 dirfd = request.dirfd;
  std::string path = request.path, script_path = file_name(request);
  u32 flags = request.flags;
  for (int depth = 0; depth <= kMostInterpreters; ++depth) {
    if (depth > 0) request.missing_interpreter = path;
    program = TRY(open_program(task, dirfd, path, flags));
    request.missing_interpreter.clear();
    u8 head[kHeaderBytes] = {};
    const usize n = TRY(program.file.file()->read_kernel(task, head, 0));
    if (n < 2 || head[0] != '#' || head[1] != '!') return read_elf(task, program.file.file());
    const ScriptLine script = TRY(parse_script(std::string_view(reinterpret_cast<const char*>(head), n)));
    if (depth == 0) TRY(check_script_stays_open(task, request));
    // argv[0] gives way to: interpreter, its argument, the script's own path.
    std::vector<std::string> argv{script.interpreter};
    if (script.argument) argv.push_back(*script.argument);
    argv.push_back(script_path);
    if (!request.argv.empty()) argv.insert(argv.end(), request.argv.begin() + 1, request.argv.end());
    request.argv = std::move(argv);
    dirfd = abi::at_fdcwd.raw(), path = script_path = script.interpreter, flags = 0;
  }
  return Errno::eloop;
}

Result<void> check_argument_space(Task& task, const ExecRequest& request) {
  usize bytes = 0;
  for (const auto* strings : {&request.argv, &request.envp}) {
    for (const std::string& s : *strings) bytes += s.size() + 1 + sizeof(u64);
  }
  const u64 stack = task.group().limit(abi::rlimit_stack).soft;
  const u64 most = std::max<u64>(std::min<u64>(stack / 4, 6 * 1024 * 1024), kStackSlack);
  return bytes > most ? Errno::e2big : Result<void>();
}

// A fresh address space with the program in it, and a thread at its first instruction.
struct NewProgram {
  Ref<Mm> mm;
  std::unique_ptr<platform::GuestThread> cpu;
};

u64 random_below(u64 pages) {
  u64 n = 0;
  host::fill_random(std::span(reinterpret_cast<u8*>(&n), sizeof n));
  return n % pages * kPageSize;
}

// Where a position-independent main program goes: two thirds up, randomised. Linux: ELF_ET_DYN_BASE, of an address space a little
// higher than ours, so that a program without randomisation is at 0x555555554000, as users of gdb know it.
u64 program_base(Task& task, Mm::Placement placement) {
  constexpr u64 kLinuxBase = ((u64{1} << 47) - kPageSize) / 3 * 2, kRandomPages = u64{1} << 28;
  const u64 ceiling = task.kernel().platform().guest_ceiling();
  const u64 base = page_floor(kLinuxBase + kRandomPages * kPageSize < ceiling ? kLinuxBase : ceiling / 3 * 2);
  return base + (placement == Mm::Placement::fixed ? 0 : random_below(kRandomPages));
}

// The ELF interpreter that the program names. elibbad for what is no program, eio for what is too short for one.
Result<ElfImage> open_loader(Task& task, ExecRequest& request, const std::string& name) {
  request.missing_interpreter = name;
  const Program program = TRY(open_program(task, abi::at_fdcwd.raw(), name, 0));
  request.missing_interpreter.clear();
  if (program.attributes.size < sizeof(abi::Elf64Ehdr)) return Errno::eio;
  Result<ElfImage> loader = read_elf(task, program.file.file());
  if (loader.is(Errno::enoexec)) return Errno::elibbad;
  return loader;
}

Result<NewProgram> build(Task& task, ExecRequest& request, const ElfImage& image, ProgramFile file,
                         const Credentials& cred, bool secure) {
  NewProgram fresh;
  const bool fixed =
      (task.personality & abi::addr_no_randomize) != 0 || !task.kernel().settings().randomize_va_space.on();
  const Mm::Placement placement = fixed ? Mm::Placement::fixed : Mm::Placement::random;
  fresh.mm = TRY(Mm::create(task.kernel(), placement));
  Mm& mm = *fresh.mm;
  std::optional<ElfImage> interpreter;
  if (!image.interpreter.empty()) interpreter = TRY(open_loader(task, request, image.interpreter));
  const GuestAddr stack_top = TRY(mm.map_stack(task, task.group().limit(abi::rlimit_stack).soft, placement));
  const bool is_loader = image.is_position_independent() && image.interpreter.empty();
  const LoadedElf main =
      TRY(map_elf(task, mm, image, image.is_position_independent() && !is_loader ? program_base(task, placement) : 0));
  LoadedElf loader;
  if (interpreter) loader = TRY(map_elf(task, mm, *interpreter, 0));

  // The heap starts behind the program; behind a loader that runs by itself there may be no room, so it goes where programs go.
  constexpr u64 kHeapRandomPages = 0x2000;
  const u64 heap = is_loader ? program_base(task, placement) : page_ceil(main.end);
  mm.set_brk_start(GuestAddr(heap + (fixed ? 0 : random_below(kHeapRandomPages))));

  MmLayout layout;
  layout.start_code = main.start_code, layout.end_code = main.end_code;
  layout.start_data = main.start_data, layout.end_data = main.end_data;
  layout.start_brk = heap;
  layout.vdso = TRY(map_vdso(task.kernel(), mm));
  const FirstStack stack{.argv = request.argv,
                         .envp = request.envp,
                         .executable = file_name(request),
                         .top = stack_top.raw(),
                         .program_entry = main.entry,
                         .program_headers = main.headers,
                         .program_header_count = image.header.e_phnum,
                         .interpreter_base = interpreter ? loader.bias : 0,
                         .vdso = layout.vdso,
                         .secure = secure,
                         .credentials = cred};
  u8 random[16];
  host::fill_random(random);
  platform::Context context;
  context.regs.rsp = TRY(write_first_stack(mm, stack, random, layout));
  context.regs.rip = interpreter ? loader.entry : main.entry;
  mm.set_layout(std::move(layout));
  mm.set_executable(std::move(file));
  mm.settle();
  fresh.cpu = TRY(mm.space().new_thread());
  fresh.cpu->load_context(context);
  return fresh;
}

// Every sibling leaves; then this task is the leader, with the leader's number. Linux: fs/exec.c:de_thread.
Result<void> become_only_thread(Task& task) {
  ThreadGroup& group = task.group();
  std::vector<Ref<Task>> siblings;
  {
    MutexGuard guard(group.lock);
    if (group.exiting || group.exec_task != nullptr) return Errno::eagain;
    group.exec_task = &task;
    for (const auto& [tid, member] : group.members) {
      if (member.get() != &task) siblings.push_back(member);
    }
  }
  for (const Ref<Task>& sibling : siblings) sibling->doom();
  const Result<void> alone = task.block_killable(group.members_changed, [&]() -> Result<void> {
    MutexGuard guard(group.lock);
    return group.members.size() == 1 ? Result<void>() : Errno::eagain;
  });
  WriteGuard tree(task.kernel().process_tree);
  if (alone.ok() && !task.is_leader()) {
    // Its tracer hears of it as this task, which takes its number.
    const Ref<Task> old_leader = group.leader();
    if (old_leader && old_leader->tracing->traced()) unlink_tracee(*old_leader);
  }
  MutexGuard guard(group.lock);
  group.exec_task = nullptr;
  TRY(alone);
  for (const Ref<ThreadGroup>& child : group.children) child->parent_tid = group.pid();
  task.exit_signal = sig::chld;
  if (task.is_leader()) return success;
  const Ref<Task> self(&task);
  PidNamespace& pids = *task.kernel().pids;
  pids.remove_task(task.tid());
  group.members.clear();
  task.assume_tid(group.pid());
  group.members[task.tid()] = self;
  group.leader_ = self;
  pids.add(self);
  return success;
}

// What does not survive execve (execve(2), "Effect on process attributes").
void forget_old_program(Task& task, const ExecRequest& request, Ref<const Credentials> cred) {
  task.set_handlers(task.handlers().clone());
  task.handlers().reset_for_exec();
  task.altstack = Task::AltStack{};
  exit_robust_list(task);
  clear_child_tid_wake(task);
  leave_rseq(task);
  task.restart_.reset();
  forget_timers(task);
  task.call_work.fetch_and(~call_work::dispatch);
  task.exec_ran = true;
  // Linux: commit_creds, begin_new_exec.
  const bool gains = (cred->permitted & ~task.credentials().permitted) != 0;
  const bool is_plain = cred->euid == cred->uid && cred->egid == cred->gid && !gains;
  task.group().dumpable = is_plain ? 1 : static_cast<u8>(task.kernel().settings().suid_dumpable);
  if (!is_plain) {
    task.parent_death_signal = Signal(0);
    task.personality &= ~u32{abi::per_clear_on_setid};
  }
  task.set_credentials(std::move(cred));
  const std::string name = file_name(request);
  task.set_name(name.substr(name.rfind('/') + 1));  // npos + 1 is 0
}

// Linux: do_execveat_common. A user that setuid(2) took over its limit may have come below it again.
Result<void> check_process_limit(Task& task) {
  const bool passed = std::exchange(task.process_limit_passed, false) && passes_process_limit(task, 0);
  return passed ? Errno::eagain : Result<void>();
}

// The old address space goes: what it used is kept.
void change_program(Task& task, NewProgram fresh) {
  settle_cpu_time(task);
  const u64 peak = peak_resident_kib(task);
  {
    MutexGuard guard(task.group().lock);
    task.group().ended.peak_resident_kib = std::max(task.group().ended.peak_resident_kib, peak);
  }
  task.set_cpu(std::move(fresh.cpu));
  drop_keys_for_exec(task);
  fresh.mm->user = task.group().pid().raw();
  // The first program of a sandbox has none before it.
  if (const Ref<Mm> old = task.mm_ref()) fresh.mm->settings.inherit(old->settings);
  if (!task.namespaces().time_children->is_first()) {
    Namespaces namespaces = task.namespaces();
    enter_time_of_children(namespaces, *fresh.mm);
    task.set_namespaces(std::move(namespaces));
  }
  task.set_mm(std::move(fresh.mm));
  if (task.tracing->traced()) show_own_text(task);
  publish_answers(task);
  start_cpu_time_after_exec(task.group());
}

// When all else is changed: by the end of a pipe others know that the new program is there. Linux: fs/exec.c:begin_new_exec.
void close_descriptors(Task& task) {
  if (task.files().ref_count() > 1) task.set_files(task.files().clone());
  task.files().close_on_exec(task);
}

}  // namespace

Result<void> exec(Task& task, ExecRequest& request) {
  TRY(check_process_limit(task));
  Program program;
  const ElfImage image = TRY(find_image(task, request, program));
  bool secure = false;
  Ref<const Credentials> cred = TRY(credentials_for_exec(task, program.path, program.attributes, secure));
  if (request.argv.empty()) request.argv.emplace_back();  // Linux 5.18: never an empty argv
  TRY(check_argument_space(task, request));
  NewProgram fresh = TRY(build(task, request, image, std::move(program.file), *cred, secure));
  // The point of no return.
  TRY(become_only_thread(task));
  forget_old_program(task, request, std::move(cred));
  change_program(task, std::move(fresh));
  close_descriptors(task);
  if (task.vfork_done) task.vfork_done->tell(), task.vfork_done.reset();
  return success;
}

namespace {

Result<i64> exec_from_guest(Task& task, i32 dirfd, UserPath path, UserStrings argv, UserStrings envp, u32 flags) {
  constexpr usize kMostBytes = 8 * 1024 * 1024;
  ExecRequest request;
  request.dirfd = dirfd;
  request.flags = flags;
  request.path = TRY(path.read(task));
  if (request.path.empty() && (flags & abi::at_empty_path) == 0) return Errno::enoent;
  request.argv = TRY(argv.read(task, kMostBytes));
  request.envp = TRY(envp.read(task, kMostBytes));
  // Would it run? Nothing of the program is looked at. Linux: bprm_execve.
  if ((flags & abi::at_execve_check) != 0) {
    TRY(check_argument_space(task, request));
    (void)TRY(open_program(task, dirfd, request.path, flags));
    return 0;
  }
  const Pid old_tid = task.tid();
  TRY(exec(task, request));

  task.keep_registers();
  if (Observer* observer = task.kernel().options().observer.get()) observer->program_started(task, old_tid);
  trace_exec(task, old_tid);
  return 0;
}

}  // namespace

Result<i64> sys_execve(Task& task, UserPath path, UserStrings argv, UserStrings envp) {
  return exec_from_guest(task, abi::at_fdcwd.raw(), path, argv, envp, 0);
}

Result<i64> sys_execveat(Task& task, DirFd dirfd, UserPath path, UserStrings argv, UserStrings envp, AtFlags flags) {
  if (flags.unknown(abi::at_empty_path | abi::at_symlink_nofollow | abi::at_execve_check) != 0) return Errno::einval;
  return exec_from_guest(task, dirfd.raw(), path, argv, envp, flags.raw());
}

}  // namespace limen
