#include "cli/explain.h"

#include "base/errno.h"
#include "cli/terminal.h"
#include "kernel/task/elf.h"

namespace limen::cli {
namespace {

// Why, in the user's terms; the status is a shell's for a program that did not start.
std::string start_advice(const Plan& plan, const Kernel::StartProblem& problem, Errno error) {
  const std::string& name = plan.command.front();
  const bool is_path = name.find('/') != std::string::npos;
  switch (error) {
    case Errno::enoent:
      return is_path ? "give a path that exists in the sandbox" : "it is in no directory of the guest's PATH";
    case Errno::eacces:
      return "it must be a file that this user may execute (chmod +x)";
    case Errno::enoexec:
      return "it is neither an x86-64 program nor a script that begins with #!";
    case Errno::eloop:
      return "symbolic links or interpreters lead back to themselves";
    case Errno::e2big:
      return "arguments and environment are longer than the sandbox's stack limit allows";
    case Errno::enomem:
      return "give it more with --memory";
    default:
      return problem.about == Kernel::StartProblem::About::program && is_path ? "check the path" : "";
  }
}

}  // namespace

int explain_start(const Plan& plan, const Kernel::StartProblem& problem, Errno error) {
  using About = Kernel::StartProblem::About;
  const std::string why(errno_text(error));
  if (problem.about == About::workdir) {
    report_error(plan.asked_by, "--workdir '" + problem.name + "': " + why + "; give a directory that the guest has");
    return kExitLimenFailed;
  }
  std::string text = plan.command.front() + ": ";
  if (error == Errno::elibbad) {
    text += "its interpreter is no x86-64 program; check the file that it names";
  } else if (problem.about == About::interpreter) {
    text += "its interpreter '" + problem.name + "': " + why + "; the sandbox needs that file as well";
  } else {
    const std::string advice = start_advice(plan, problem, error);
    text += why + (advice.empty() ? "" : "; ") + advice;
  }
  report_error(plan.asked_by, text);
  const bool absent = error == Errno::enoent || error == Errno::enotdir;
  const bool short_of_means = error == Errno::enomem || error == Errno::eagain;
  return absent ? kExitNotFound : short_of_means ? kExitLimenFailed : kExitNotExecutable;
}

}  // namespace limen::cli
