// limen profile: a seccomp profile of what a program asks for; and what profiles say.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>

#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/reader.h"
#include "cli/run_options.h"
#include "cli/start.h"
#include "cli/terminal.h"
#include "kernel/filter/profile.h"
#include "oci/seccomp_profile.h"
#include "oci/used_calls.h"
#include "trace/print.h"

namespace limen::cli {
namespace {

constexpr Example kProfileExamples[] = {
    {"limen profile -o p.json -- ./job", "which calls ./job needs"},
    {"limen profile --args --merge p.json -o p.json -- ./job --other", "and those of another run; arguments, too"},
    {"limen profile explain p.json", "which program and stack of which run needed each rule"},
    {"limen profile diff old.json new.json", "what one allows and the other does not"},
    {"limen profile check p.json -- ./job", "what would be refused"},
};

constexpr CommandText kProfileText = {
    .name = "profile",
    .summary = "write a seccomp profile of the calls that a program makes",
    .operands = "-- CMD [ARG…] | diff A B | explain P | check P -- CMD [ARG…]",
    .description =
        "Runs CMD as 'limen run' does and writes a seccomp profile, in Docker's and OCI's format, that allows the "
        "calls which it and its children made, and answers all others with ENOSYS. 'limen run --seccomp' takes it. "
        "Each rule's comment names the run, the programs that needed it, and the stack of each one's first call.\n\n"
        "'diff' prints what only one of two profiles allows ('-' A, '+' B). 'explain' prints each rule with where it "
        "comes from. "
        "'check' runs CMD, refuses nothing, and names on standard error what P would have refused.\n\n"
        "A profile knows what ran: paths of the program that no run took may need more. A clock that is read through "
        "the vDSO "
        "is no call here, and may be one elsewhere.",
    .examples = kProfileExamples,
    .exit_status =
        "CMD's own, as for 'limen run', and:\n"
        "1    diff: they differ; check: something would be refused\n"
        "125  Limen itself failed, a profile makes no sense, or the output cannot be written",
};

// Arguments that decide what a call is: one rule for each value that was seen.
struct TellingArgument {
  std::string_view call;
  u32 arg;
  u64 mask;
};
constexpr u64 kInt = 0xffff'ffff;  // the kernel looks at the lower half of the register
constexpr TellingArgument kTelling[] = {
    {"personality", 0, kInt}, {"clone", 0, ~u64{0}},   {"unshare", 0, ~u64{0}}, {"setns", 1, kInt},
    {"socket", 0, kInt},      {"socketpair", 0, kInt}, {"ioctl", 1, kInt},      {"prctl", 0, kInt},
    {"fcntl", 1, kInt},       {"arch_prctl", 0, kInt}, {"ptrace", 0, ~u64{0}},  {"seccomp", 0, kInt},
    {"keyctl", 0, kInt},      {"bpf", 0, kInt},
};

// runc (1.1) loads a profile in a process of its own making, which goes on in Go until it becomes the program: what that needs, and
// what Go's runtime may do at any moment. crun (1.8) needs nothing but execve.
constexpr std::string_view kRunc[] = {
    "close",        "fcntl",          "fstatfs",     "getdents64", "newfstatat",  "openat", "read",   "write",
    "futex",        "epoll_ctl",      "epoll_pwait", "nanosleep",  "sched_yield", "getpid", "gettid", "tgkill",
    "rt_sigreturn", "rt_sigprocmask", "sigaltstack", "mmap",       "munmap",      "madvise"};

// Of each call that is entered.
class Collector final : public trace::Follower {
 public:
  Collector(oci::UsedCalls& used, std::string run, bool args, trace::Output& out)
      : used_(used), run_(std::move(run)), args_(args), out_(out) {}
  void finish() override {
    for (const auto& [call, programs] : seen_) {
      for (const auto& [program, use] : programs) used_.add(call, run_, program, use);
    }
    out_.write(0, used_.to_json());
    for (const u64 nr : unnamed_)
      report_error("profile", fmt::format("warning: call {} has no name: no rule for it", nr));
  }

 protected:
  void on_entry(trace::Thread& thread, u64) override {
    const trace::Call& call = thread.call;
    constexpr usize kMost = 4096;  // of what a guest can make different
    if (call.row == nullptr) {
      if (unnamed_.size() < 16) unnamed_.insert(call.nr);
      return;
    }
    oci::UsedCall used{.name = std::string(call.row->name)};
    const auto* telling = std::ranges::find(kTelling, call.row->name, &TellingArgument::call);
    if (args_ && telling != std::end(kTelling)) {
      used.arg = telling->arg;
      used.mask = telling->mask, used.value = call.args[telling->arg] & telling->mask;
      if (!seen_.contains(used) && seen_.size() >= kMost) used = {.name = used.name};
    }
    auto& programs = seen_[used];
    oci::UsedCalls::Use& use =
        programs[programs.contains(thread.name) || programs.size() < 64 ? thread.name : std::string("others")];
    ++use.calls;
    if (use.stack.empty()) use.stack = places(call.seen);
  }

 private:
  // "libc.so.6 openat", innermost first.
  static std::vector<std::string> places(const trace::Seen& seen) {
    std::vector<std::string> out;
    for (const trace::Seen::Frame& frame : seen.stack()) {
      const std::string_view file = frame.path.substr(frame.path.rfind('/') + 1);
      out.push_back(
          fmt::format("{} {}", file,
                      frame.name.empty() ? fmt::format("+{:#x}", frame.at.offset) : trace::readable_name(frame.name)));
    }
    return out;
  }

  oci::UsedCalls& used_;
  const std::string run_;
  const bool args_;
  trace::Output& out_;
  std::map<oci::UsedCall, oci::UsedCalls::Programs> seen_;
  std::set<u64> unnamed_;
};

// What a profile would refuse.
class Checker final : public trace::Follower {
 public:
  explicit Checker(SeccompProfile profile) : program_(make_ref<ProfileProgram>(std::move(profile))) {}
  void finish() override {
    for (const auto& [call, who] : refused_) {
      report_error("profile", fmt::format("{} would be refused to {} ({} times): {}", call.first, call.second,
                                          who.count, who.why));
    }
    if (refused_.empty()) report_error("profile", "nothing would be refused");
  }
  bool refuses() const { return !refused_.empty(); }

 protected:
  void on_entry(trace::Thread& thread, u64) override {
    const trace::Call& call = thread.call;
    abi::SeccompData data{};
    data.nr = static_cast<i32>(call.nr);
    data.arch = kAuditArchX86_64;
    data.instruction_pointer = call.ip;
    std::copy(call.args.begin(), call.args.end(), std::begin(data.args));
    const u32 action = program_->run(data) & abi::seccomp_ret_action_full;
    if (action == abi::seccomp_ret_allow || action == abi::seccomp_ret_log) return;
    constexpr usize kMost = 1024;
    const std::pair key(trace::call_name(call), thread.name);
    if (!refused_.contains(key) && refused_.size() >= kMost) return;
    Refused& r = refused_[key];
    if (r.count++ == 0) r.why = program_->explain(data);
  }

 private:
  static constexpr u32 kAuditArchX86_64 = 0xc000003e;
  struct Refused {
    u64 count = 0;
    std::string why;
  };
  const Ref<ProfileProgram> program_;
  std::map<std::pair<std::string, std::string>, Refused> refused_;
};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

class Profile : public Command {
 public:
  const CommandText& text() const override { return kProfileText; }
  Operands operands() const override { return Operands::end_of_options; }
  void words_are_a_program() override { program_ = true; }

  void declare(CLI::App& app) override {
    app.add_option("-o,--output", output_,
                   "write to FILE (default: standard output; what CMD writes there goes to standard error then)")
        ->type_name("FILE")
        ->group("Profile");
    app.add_flag("--args", args_, "rules for the values of telling arguments, too: ioctl, socket, prctl, clone, …")
        ->group("Profile");
    app.add_option("--merge", merge_, "allow what this profile allows, too; may be given again")
        ->type_name("FILE")
        ->group("Profile")
        ->allow_extra_args(false);
    app.add_flag("--no-stacks", no_stacks_, "do not say where in a program a call was first made")->group("Profile");
    app.add_flag("--for-runc", for_runc_, "allow what runc itself calls, too, after it has loaded the profile")
        ->group("Profile");
    declare_run_options(app, o_, ShortNames::no);
  }

  int run(const std::vector<std::string>& words) override {
    if (words.empty()) throw UsageError("which program? limen profile [OPTIONS] -- CMD [ARG…]");
    if (program_) return record(words);
    if (words[0] == "diff" && words.size() == 3) return diff(words[1], words[2]);
    if (words[0] == "explain" && words.size() == 2) return explain(words[1]);
    if (words[0] == "check" && words.size() > 3 && words[2] == "--")
      return check(words[1], std::vector(words.begin() + 3, words.end()));
    throw UsageError("'" + joined(words) + "' is neither '-- CMD', 'diff A B', 'explain P' nor 'check P -- CMD'");
  }

 private:
  int record(const std::vector<std::string>& words) {
    oci::UsedCalls used;
    for (const std::string& file : merge_) used.read_file(file);
    if (for_runc_) {
      for (const std::string_view name : kRunc) used.add({.name = std::string(name)}, "--for-runc", "runc", {1});
    }
    Plan plan = build_plan(o_, words, environ);
    plan.asked_by = kProfileText.name;
    plan.recorder = recorder();
    if (!no_stacks_) {
      plan.recorder->capture.stacks = CaptureOptions::Stacks::first;
      if (args_) tell_apart(*plan.recorder);
    }
    const int out = output_.empty() ? own_standard_output() : open_output_file(output_, Append::no);
    return start_sandbox(plan, [&](int events_fd) {
      trace::Output output(out);
      Collector collector(used, joined(words), args_, output);
      return read_events("profile", events_fd, collector, output, OpensFiles::no);
    });
  }

  int check(const std::string& file, const std::vector<std::string>& words) {
    o_.seccomp = file;  // read as for 'limen run', but asked only afterwards
    Plan plan = plan_of_check(words);
    plan.asked_by = kProfileText.name;
    SeccompProfile profile = std::move(*plan.seccomp);
    plan.seccomp.reset();
    plan.recorder = recorder();
    return start_sandbox(plan, [&](int events_fd) {
      trace::Output nothing(STDERR_FILENO);
      Checker checker(std::move(profile));
      const int status = read_events("profile", events_fd, checker, nothing, OpensFiles::no);
      return status != 0 ? status : checker.refuses() ? 1 : 0;
    });
  }

  // The profile alone stands there: what CMD writes to standard output goes to standard error.
  static int own_standard_output() {
    const int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
      throw UsageError("standard output is closed; give --output FILE");
    return out;
  }

  // A profile here is no option.
  Plan plan_of_check(const std::vector<std::string>& words) {
    try {
      return build_plan(o_, words, environ);
    } catch (const UsageError& error) {
      const std::string_view what = error.what(), option = "--seccomp ";
      if (!what.starts_with(option)) throw;
      throw UsageError(std::string(what.substr(option.size())));
    }
  }

  static RecorderOptions recorder() {
    RecorderOptions options;
    options.capture.memory = false;
    return options;
  }

  // Calls with another value of a telling argument are of another kind, with a stack of their own.
  static void tell_apart(RecorderOptions& options) {
    for (const TellingArgument& telling : kTelling) {
      const auto nr = static_cast<usize>(find_syscall(telling.call)->x86_64);
      options.telling[nr] = {static_cast<u8>(telling.arg), telling.mask};
    }
  }

  static int diff(const std::string& a, const std::string& b) {
    oci::UsedCalls left, right;
    left.read_file(a), right.read_file(b);
    std::string out;
    for (const auto& [call, runs] : left.calls()) {
      if (!right.calls().contains(call)) out += "- " + oci::words_of(call) + "\n";
    }
    for (const auto& [call, runs] : right.calls()) {
      if (!left.calls().contains(call)) out += "+ " + oci::words_of(call) + "    (" + oci::words_of(runs) + ")\n";
    }
    return !write_out(out) ? kExitLimenFailed : out.empty() ? 0 : 1;
  }

  // A line for the run, one for each of its programs, one for each place of its stack.
  static std::string words_of(const std::string& run, const oci::UsedCalls::Programs& programs) {
    std::string out = "    " + run + "\n";
    for (const auto& [program, use] : programs) {
      out += fmt::format("        {} {}\n", program, use.calls == 1 ? "once" : fmt::format("{} times", use.calls));
      for (const std::string& place : use.stack) out += "            " + place + "\n";
    }
    return out;
  }

  static int explain(const std::string& file) {
    oci::UsedCalls used;
    used.read_file(file);
    std::string out;
    for (const auto& [call, runs] : used.calls()) {
      out += oci::words_of(call) + "\n";
      for (const auto& [run, programs] : runs) out += words_of(run, programs);
    }
    return write_out(out) ? 0 : kExitLimenFailed;
  }

  RunOptions o_;
  std::string output_;
  std::vector<std::string> merge_;
  bool args_ = false, for_runc_ = false, no_stacks_ = false, program_ = false;
};

}  // namespace

std::unique_ptr<Command> make_profile() { return std::make_unique<Profile>(); }

}  // namespace limen::cli
