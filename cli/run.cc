// limen run: a program on Limen's own kernel.
#include <unistd.h>

#include "cli/audit.h"
#include "cli/command.h"
#include "cli/run_options.h"
#include "cli/start.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr Example kRunExamples[] = {
    {"limen run -- python3 untrusted.py", "no network, no writing, no secrets"},
    {"limen run --volume $PWD:$PWD:rw -- make", "may write here, and nowhere else"},
    {"limen run --user 0 -- sh -c 'touch /etc/x'", "root of its own sandbox, and of nothing else"},
    {"limen run --seccomp profile.json -- ./job", "only the system calls that the profile allows"},
    {"limen run --memory 512M --timeout 30s -- ./job", "within limits"},
};

constexpr CommandText kRunText = {
    .name = "run",
    .summary = "run a program on Limen's own kernel",
    .operands = "[--] CMD [ARG…]",
    .description =
        "Runs CMD so that every system call it makes is answered by Limen's kernel, in another process, and not by "
        "the host's. CMD sees the host's files read-only, with a memory layer of its own above them: what it writes "
        "is gone when it ends. It starts in the current directory, as the current user, with no network but its own "
        "loopback and no view of the host's processes.",
    .examples = kRunExamples,
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
  const CommandText& text() const override { return kRunText; }
  Operands operands() const override { return Operands::end_of_options; }

  void declare(CLI::App& app) override {
    declare_run_options(app, o_, ShortNames::yes);
    app.add_option("--audit", audit_, "add a line of JSON to FILE for each event that matters to security")
        ->type_name("FILE")
        ->group("Insight");
  }

  int run(const std::vector<std::string>& words) override {
    Plan plan = build_plan(o_, words, environ);
    if (audit_.empty()) return start_sandbox(plan);
    std::string command;
    for (const std::string& word : words) command += (command.empty() ? "" : " ") + word;
    AuditLog log(audit_, command);
    plan.recorder = AuditLog::options();
    return start_sandbox(plan, [&](int events_fd) { return log.read(events_fd); });
  }

 private:
  std::string audit_;
  RunOptions o_;
};

}  // namespace

std::unique_ptr<Command> make_run() { return std::make_unique<Run>(); }

}  // namespace limen::cli
