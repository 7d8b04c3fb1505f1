// One class for each subcommand, one list of them all. The options that a command declares (CLI11) and the text
// that it gives are the only source of its parsing, its --help, its man page and its completion.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limen::cli {

struct Example {
  std::string_view command;
  std::string_view does;
};

struct CommandText {
  std::string_view name;
  std::string_view summary;      // "run a program on Limen's own kernel"
  std::string_view operands;     // "[--] CMD [ARG…]"
  std::string_view description;  // paragraphs, separated by "\n\n"
  std::span<const Example> examples;
  std::string_view exit_status;  // one row for each line: "124  the timeout was reached"
};

// What follows a command's options.
enum class Operands : unsigned char {
  anywhere,        // options and operands may be mixed
  end_of_options,  // the first operand and everything after it belong to another program
};

class Command {
 public:
  virtual ~Command() = default;
  virtual const CommandText& text() const = 0;
  virtual Operands operands() const { return Operands::anywhere; }
  // Adds the options; their values land in members.
  virtual void declare(CLI::App& app) = 0;
  // A "--" stood before all operands: they are a program, whatever its name.
  virtual void words_are_a_program() {}
  // `words`: the operands. Returns limen's exit status; throws UsageError.
  virtual int run(const std::vector<std::string>& words) = 0;
};

std::unique_ptr<Command> make_run();
std::unique_ptr<Command> make_trace();
std::unique_ptr<Command> make_stat();
std::unique_ptr<Command> make_profile();
std::unique_ptr<Command> make_syscalls();
std::unique_ptr<Command> make_explain();
std::unique_ptr<Command> make_doctor();
std::unique_ptr<Command> make_completion();
std::unique_ptr<Command> make_man();

using MakeCommand = std::unique_ptr<Command> (*)();
// In the order in which help lists them. Commands whose summary is empty are not listed.
std::span<const MakeCommand> all_commands();
std::unique_ptr<Command> find_command(std::string_view name);  // null: no such command

// The name nearest to `word` (at most two edits away), for "did you mean"; empty if none is near.
std::string_view nearest(std::string_view word, std::span<const std::string> names);
// At most three of them, the nearest first; then those that contain `word`.
std::vector<std::string_view> nearest_names(std::string_view word, std::span<const std::string> names);

// One option as help, man page and completion show it.
struct OptionText {
  std::string short_name;  // "v", or empty
  std::string long_name;   // "volume"
  std::string value;       // "HOST:GUEST[:ro|rw]"; empty: a flag
  std::string help;
  std::string group;
};
// The visible options of `command`, --help last.
std::vector<OptionText> options_of(Command& command);

// Parses `words` (without "limen NAME"), prints help when asked, runs. Returns limen's exit status.
int dispatch(Command& command, const std::vector<std::string>& words);

// The pages.
std::string help_page(Command& command, int width);
std::string main_help_page(int width);
std::string version_page();              // version, licence, the host's fitness in one line
std::string_view licence_page();         // the notices of what is linked into the executable
std::string man_page(Command* command);  // roff; null: limen(1)
std::string completion_script(std::string_view shell);

}  // namespace limen::cli
