// limen: the command. Finds the subcommand and hands over; everything else stands in its own file.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

int unknown_command(const std::string& word) {
  std::vector<std::string> names;
  for (MakeCommand make : all_commands()) names.emplace_back(make()->text().name);
  const bool option = word.starts_with("-");
  std::string text = (option ? "no option '" : "no command '") + word + "'";
  const std::string_view near = nearest(word, names);
  if (!near.empty()) text += "; did you mean '" + std::string(near) + "'?";
  if (near.empty() && !option) text += "; to run a program: limen run -- " + word;
  if (near.empty() && option) text += "; see 'limen --help'";
  report_error("", text);
  return kExitLimenFailed;
}

int print(std::string_view page) { return write_out(page) ? 0 : kExitLimenFailed; }

int limen_main(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::fputs(main_help_page(terminal_width(2)).c_str(), stderr);
    return kExitLimenFailed;
  }
  const std::string& first = words[0];
  if (first == "--version" || first == "-V") return print(version_page());
  if (first == "--licences") return print(licence_page());
  if (first == "--help" || first == "-h" || (first == "help" && words.size() == 1)) {
    return print(main_help_page(terminal_width(1)));
  }
  const bool help = first == "help";
  const std::string& name = help ? words[1] : first;
  const std::unique_ptr<Command> command = find_command(name);
  if (!command) return unknown_command(name);
  if (help) return print(help_page(*command, terminal_width(1)));
  return dispatch(*command, {words.begin() + 1, words.end()});
}

}  // namespace
}  // namespace limen::cli

int main(int argc, char** argv) {
  int status = limen::cli::kExitLimenFailed;
  try {
    status = limen::cli::limen_main({argv + 1, argv + (argc > 0 ? argc : 1)});
  } catch (const std::exception& error) {
    limen::cli::report_error("", error.what());
  }
  std::fflush(nullptr);
  _exit(status);  // destructors have nothing to do here that the host does not do faster
}
