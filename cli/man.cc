// limen man: the man pages, made from the same texts as --help.
#include "cli/command.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr Example kManExamples[] = {
    {"limen man > limen.1", "the main page"},
    {"limen man run | man -l -", "read a command's page without installing it"},
};

constexpr CommandText kManText = {
    .name = "man",
    .summary = "print a man page",
    .operands = "[COMMAND]",
    .description = "Prints limen(1), or the page of one command, as roff for man(1).",
    .examples = kManExamples,
    .exit_status = "",
};

class Man : public Command {
 public:
  const CommandText& text() const override { return kManText; }
  void declare(CLI::App&) override {}
  int run(const std::vector<std::string>& words) override {
    if (words.size() > 1) throw UsageError("one command at a time; 'limen man' alone prints limen(1)");
    if (words.empty()) return write_out(man_page(nullptr)) ? 0 : kExitLimenFailed;
    const std::unique_ptr<Command> command = find_command(words[0]);
    if (!command) throw UsageError("no command '" + words[0] + "'; 'limen --help' lists them");
    return write_out(man_page(command.get())) ? 0 : kExitLimenFailed;
  }
};

}  // namespace

std::unique_ptr<Command> make_man() { return std::make_unique<Man>(); }

}  // namespace limen::cli
