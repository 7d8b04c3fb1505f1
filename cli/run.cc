// limen run: a program on Limen's own kernel.
#include <unistd.h>

#include "cli/command.h"
#include "cli/plan_build.h"
#include "cli/start.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr Example kExamples[] = {
    {"limen run -- python3 untrusted.py", "no network, no writing, no secrets"},
    {"limen run --volume $PWD:$PWD:rw -- make", "may write here, and nowhere else"},
    {"limen run --user 0 -- sh -c 'touch /etc/x'", "root of its own sandbox, and of nothing else"},
    {"limen run --seccomp profile.json -- ./job", "only the system calls that the profile allows"},
    {"limen run --memory 512M --timeout 30s -- ./job", "within limits"},
};

constexpr CommandText kText = {
    .name = "run",
    .summary = "run a program on Limen's own kernel",
    .operands = "[--] CMD [ARG…]",
    .description =
        "Runs CMD so that every system call it makes is answered by Limen's kernel, in another process, and not by "
        "the host's. CMD sees the host's files read-only, with a memory layer of its own above them: what it writes "
        "is gone when it ends. It starts in the current directory, as the current user, with no network but its own "
        "loopback and no view of the host's processes.",
    .examples = kExamples,
    .exit_status =
        "CMD's own, and:\n"
        "124  --timeout was reached\n"
        "125  Limen itself failed; the reason is on standard error\n"
        "126  CMD is there but cannot be executed\n"
        "127  CMD was not found\n"
        "137  CMD was killed; also when it ran out of --memory\n"
        "128+N  CMD was ended by signal N",
};

class Run : public Command {
 public:
  const CommandText& text() const override { return kText; }
  Operands operands() const override { return Operands::end_of_options; }

  void declare(CLI::App& app) override {
    const auto value = [&](const char* names, std::string& to, const char* type, const char* help, const char* group) {
      app.add_option(names, to, help)->type_name(type)->group(group);
    };
    const auto values = [&](const char* names, std::vector<std::string>& to, const char* type, const char* help,
                            const char* group) {
      app.add_option(names, to, help)->type_name(type)->group(group)->allow_extra_args(false);
    };
    value("--root", o_.root, "DIR", "host directory that becomes the guest's / (default: the host's own)", "Files");
    values("-v,--volume", o_.volumes, "HOST:GUEST[:ro|rw]", "show host path HOST at GUEST, read-only unless rw",
           "Files");
    value("-w,--workdir", o_.workdir, "DIR", "start in DIR (default: the current directory)", "Files");
    values("--hide", o_.hide, "PATH", "make PATH look absent, besides the usual places of keys, tokens and histories",
           "Files");
    app.add_flag("--show-secrets", o_.show_secrets, "do not hide those usual places")->group("Files");
    values("-e,--env", o_.env, "KEY[=VALUE]", "set a variable; without a value, pass the caller's", "Identity");
    app.add_flag("--clear-env", o_.clear_env, "start with no environment but --env's")->group("Identity");
    value("--hostname", o_.hostname, "NAME", "the sandbox's host name (default: the host's)", "Identity");
    value("-u,--user", o_.user, "UID[:GID]", "run as this user of the sandbox; 0 is its root", "Identity");
    value("-m,--memory", o_.memory, "SIZE", "memory and file space together (default: half of the host's)", "Limits");
    value("--pids", o_.pids, "N", "processes and threads (default: 4096)", "Limits");
    value("--files", o_.files, "N", "open files of a process (default: the caller's limit)", "Limits");
    value("-t,--timeout", o_.timeout, "TIME", "end the sandbox after TIME: 10, 1.5s, 500ms, 2m, 1h", "Limits");
    value("--net", o_.net, "MODE", "network: none (loopback and Unix sockets of its own)", "Limits");
    value("--seccomp", o_.seccomp, "PROFILE",
          "allow only the calls that PROFILE allows: JSON, in Docker's and OCI's format", "Limits");
    value("--log", o_.log_file, "FILE", "write what Limen has to say to FILE (default: standard error)", "Insight");
    value("--log-level", o_.log_level, "LEVEL", "error, warning, info or debug (default: warning; with --log, info)",
          "Insight");
    app.add_flag("--report-missing", o_.report_missing, "at the end, name the absent and partial calls that were met")
        ->group("Insight");
    app.add_flag("--no-patch", o_.no_patch, "leave the text of programs as it is: each system call is a trap")
        ->group("Insight");
    value("--stats-json", o_.stats_json, "FILE", "write the kernel's counters to FILE at the end", "Insight");
    value("--mutate", o_.mutate, "NAME:ERRNO", "answer a call wrongly, for tests of the tests", "");
  }

  int run(const std::vector<std::string>& words) override { return start_sandbox(build_plan(o_, words, environ)); }

 private:
  RunOptions o_;
};

}  // namespace

std::unique_ptr<Command> make_run() { return std::make_unique<Run>(); }

}  // namespace limen::cli
