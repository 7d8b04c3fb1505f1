#include "cli/audit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "abi/fcntl.h"
#include "base/errno.h"
#include "cli/reader.h"
#include "cli/terminal.h"
#include "kernel/trace/observer.h"
#include "trace/filter.h"
#include "trace/json.h"
#include "trace/names.h"

namespace limen::cli {
namespace {

using trace::Call;
using trace::Thread;

// Written to the audit only where they found no room, since most of what programs do is this.
constexpr std::string_view kWrites =
    "write,pwrite64,writev,pwritev,pwritev2,sendfile,copy_file_range,splice,fsync,fdatasync,msync,close,io_submit,"
    "setxattr,lsetxattr,fsetxattr";

// Which calls make an event of which kind, and by which errors; no error named: every call does.
struct Watched {
  std::string_view event;
  std::string_view calls;
  std::vector<Errno> errors;
};
const std::vector<Watched>& watched() {
  using enum Errno;
  static const std::vector<Watched> table = {
      {"exec", "execve,execveat", {}},
      {"connect", "connect", {}},
      {"open", "open,openat,openat2,creat", {eacces, eperm, erofs}},
      {"credentials", "setuid,setgid,setreuid,setregid,setresuid,setresgid,setfsuid,setfsgid,setgroups,capset", {}},
      {"ptrace", "ptrace,process_vm_readv,process_vm_writev,pidfd_getfd", {}},
      {"mount",
       "mount,umount2,pivot_root,chroot,unshare,setns,move_mount,open_tree,open_tree_attr,fsopen,fsconfig,fsmount,"
       "fspick,"
       "mount_setattr",
       {}},
      {"module", "init_module,finit_module,delete_module,kexec_load,kexec_file_load", {}},
      {"bpf", "bpf,perf_event_open", {}},
      {"limit", "fork,vfork,clone,clone3", {eagain, enomem}},
      {"limit",
       "open,openat,openat2,creat,socket,socketpair,pipe,pipe2,dup,dup2,dup3,fcntl,accept,accept4,eventfd,eventfd2,"
       "epoll_create,epoll_create1,memfd_create,timerfd_create,signalfd,signalfd4,inotify_init,inotify_init1,pidfd_"
       "open,"
       "mkdir,mkdirat,mknod,mknodat,symlink,symlinkat,link,linkat,rename,renameat,renameat2,truncate,ftruncate,"
       "fallocate",
       {emfile, enfile, enospc, edquot, efbig}},
      {"limit", kWrites, {enospc, edquot}},
      {"limit", "mmap,mremap,mprotect,mlock,mlock2,mlockall,shmget", {enomem, eagain, enospc}},
  };
  return table;
}

// By number: the rows of watched() that name it.
const std::array<std::vector<const Watched*>, kSyscallEnd>& by_number() {
  static const auto table = [] {
    std::array<std::vector<const Watched*>, kSyscallEnd> out;
    for (const Watched& w : watched()) {
      const trace::CallSet calls = trace::parse_calls(w.calls);
      for (usize nr = 0; nr < kSyscallEnd; ++nr) {
        if (calls[nr]) out[nr].push_back(&w);
      }
    }
    return out;
  }();
  return table;
}

// A tracer makes thousands of requests; who begins to be traced is what matters.
bool is_detail(const Call& call) {
  constexpr u64 kPtrace = 101, kTraceMe = 0, kAttach = 16, kSeize = 0x4206;
  return call.nr == kPtrace && call.args[0] != kTraceMe && call.args[0] != kAttach && call.args[0] != kSeize;
}

std::string_view event_of(const Call& call) {
  if ((call.touched & Observer::refused) != 0) return "refused";
  if (call.nr >= kSyscallEnd || is_detail(call)) return {};
  for (const Watched* w : by_number()[call.nr]) {
    const bool counts =
        w->errors.empty() ||
        (call.failed() && std::ranges::find(w->errors, static_cast<Errno>(-call.value)) != w->errors.end());
    if (counts) return w->event;
  }
  return {};
}

std::string time_text(u64 realtime_ns) {
  const std::time_t seconds = static_cast<std::time_t>(realtime_ns / 1'000'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, realtime_ns / 1000 % 1'000'000);
}

constexpr trace::DecodeOptions kDecode = {.string_bytes = 256, .files = trace::DecodeOptions::paths};

}  // namespace

AuditLog::AuditLog(const std::string& file, std::string_view command)
    : file_(file), fd_(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw UsageError("--audit " + file + ": " + std::strerror(errno) + "; give a file that can be written");
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const u64 ns = static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
  const std::string line = fmt::format("{{\"time\":\"{}\",\"event\":\"start\",\"command\":{}}}\n", time_text(ns),
                                       trace::json_string(command));
  if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw UsageError("--audit " + file + ": " + std::strerror(errno) + "; nothing was started");
  }
}

RecorderOptions AuditLog::options() {
  RecorderOptions options;
  options.capture.string_bytes = kDecode.string_bytes;
  options.capture.files = true;
  options.unknown_calls = false;
  options.calls_without_room = trace::parse_calls(kWrites);
  for (usize nr = 0; nr < kSyscallEnd; ++nr) {
    options.calls[nr] = !by_number()[nr].empty() && !options.calls_without_room[nr];
  }
  return options;
}

int AuditLog::read(int events_fd) {
  trace::Output nothing(STDERR_FILENO);  // lines are written one by one, so that a full disk does not end the run
  return read_events("run", events_fd, *this, nothing, OpensFiles::no);
}

void AuditLog::write(std::string line) {
  line += "}\n";
  if (broken_) return;
  // A part of a line that fits would be no JSON; the one after it begins a new one.
  const ssize_t n = ::write(fd_, line.data(), line.size());
  if (n == static_cast<ssize_t>(line.size())) return;
  broken_ = true;
  const std::string why = n < 0 ? std::strerror(errno) : std::strerror(ENOSPC);
  report_error("run", "warning: --audit " + file_ + ": " + why + "; the run goes on without an audit");
}

std::string AuditLog::head(std::string_view event, const Thread& thread, u64 realtime_ns) const {
  const auto known = who_.find(thread.tid);
  const Who who = known == who_.end() ? Who{} : known->second;
  return fmt::format("{{\"time\":\"{}\",\"event\":\"{}\",\"pid\":{},\"tid\":{},\"ppid\":{},\"uid\":{},\"command\":{}",
                     time_text(realtime_ns), event, thread.pid, thread.tid, who.ppid, who.euid,
                     trace::json_string(who.command));
}

void AuditLog::take(const trace::EventView& view) {
  // Who it is, from the kernel's own records; before the record itself is looked at.
  if (view.head.kind == event::Kind::started) {
    const auto started = view.as<event::Started>();
    const auto maker = who_.find(started.maker);
    Who who = maker == who_.end() ? Who{} : maker->second;
    if (who.pid != view.head.pid) who.ppid = who.pid;  // a process, not one more thread
    who.pid = view.head.pid;
    who.euid = started.euid;
    who_[view.head.tid] = std::move(who);
  }
  if (view.head.kind == event::Kind::program) {
    const auto program = view.as<event::Program>();
    Who who = who_[program.old_tid];
    who_.erase(program.old_tid);
    who.euid = program.euid;
    who_[view.head.tid] = std::move(who);
  }
  const bool refused = view.head.kind == event::Kind::exit && (view.head.flags & Observer::refused) != 0;
  const auto thread = threads().find(view.head.tid);
  const bool has_entry = thread != threads().end() && thread->second.in_call;
  if (refused && !has_entry && thread != threads().end()) {
    const auto exit = view.as<event::Exit>();
    const SyscallRow* row = find_syscall(Arch::x86_64, static_cast<i64>(exit.nr));
    std::string line = head("refused", thread->second, realtime_ns(view.head.time_ns));
    line +=
        fmt::format(",\"call\":{},\"result\":{}",
                    trace::json_string(row != nullptr ? std::string(row->name) : std::to_string(exit.nr)), exit.value);
    if (exit.value < 0 && exit.value >= -4095)
      line += fmt::format(",\"error\":\"{}\"", errno_name(static_cast<Errno>(-exit.value)));
    write(std::move(line));
  }
  Follower::take(view);
  if (view.head.kind == event::Kind::ended) who_.erase(view.head.tid);
}

// As who it is known: by the program that it was when it made the call.
void AuditLog::on_entry(Thread& thread, u64) { who_[thread.tid].command = thread.name; }

void AuditLog::on_exit(Thread& thread, u64 ns) {
  const std::string_view event = event_of(thread.call);
  if (!event.empty()) call(event, thread, ns);
  follow_ids(thread.call, who_[thread.tid]);
}

void AuditLog::call(std::string_view event, Thread& thread, u64 ns) {
  Call& call = thread.call;
  std::string line = head(event, thread, realtime_ns(ns));
  line += ",\"call\":" + trace::json_string(trace::call_name(call)) + ",\"arguments\":{";
  bool first = true;
  for (const trace::Argument& a : trace::arguments(call, kDecode)) {
    line += fmt::format("{}\"{}\":{}", first ? "" : ",", a.name,
                        trace::json_string(a.text && trace::is_utf8(*a.text) ? *a.text : a.shown));
    first = false;
  }
  line += fmt::format("}},\"result\":{}", call.value);
  if (call.failed()) line += fmt::format(",\"error\":\"{}\"", errno_name(static_cast<Errno>(-call.value)));
  write(std::move(line));
}

// A change that succeeded, by Linux's rules; -1 leaves an id as it is.
void AuditLog::follow_ids(const Call& call, Who& who) {
  if (!call.left || call.value != 0 || call.row == nullptr) return;
  const bool one = call.row->name == "setuid";
  if (!one && call.row->name != "setreuid" && call.row->name != "setresuid") return;
  const u32 euid = static_cast<u32>(call.args[one ? 0 : 1]);
  if (euid != ~u32{0}) who.euid = euid;
}

void AuditLog::on_signal(Thread& thread, u64 ns, const abi::SigInfo& info) {
  constexpr i32 kSigsys = 31, kSysSeccomp = 1;
  if (info.signo != kSigsys || info.code != kSysSeccomp) return;
  who_[thread.tid].command = thread.name;
  write(head("refused", thread, realtime_ns(ns)) + ",\"signal\":\"SIGSYS\"");
}

void AuditLog::on_ended(Thread& thread, u64 ns, i32 wait_status, bool) {
  const i32 signal = wait_status & 0x7f;
  if (signal == 0 || thread.tid != thread.pid) return;
  who_[thread.tid].command = thread.name;
  write(head("killed", thread, realtime_ns(ns)) + ",\"signal\":" + trace::json_string(trace::signal_name(signal)));
}

}  // namespace limen::cli
