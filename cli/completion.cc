// limen completion: what a shell needs to complete commands and options, made from what the commands declare.
#include <algorithm>

#include "cli/command.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr Example kCompletionExamples[] = {
    {"source <(limen completion bash)", "for this shell"},
    {"limen completion zsh > ~/.zfunc/_limen", "for every zsh, with ~/.zfunc in fpath"},
};

constexpr CommandText kCompletionText = {
    .name = "completion",
    .summary = "print the completion of a shell",
    .operands = "bash|zsh",
    .description = "Prints a script that teaches the shell to complete Limen's commands and options.",
    .examples = kCompletionExamples,
    .exit_status = "",
};

enum class ValueKind { file, directory, command, words, free };

// What kind of value an option takes, by the name that help gives it.
ValueKind kind_of(const OptionText& option) {
  if (option.value.empty()) return ValueKind::free;
  if (option.value == "DIR") return ValueKind::directory;
  if (option.value == "FILE" || option.value == "PATH" || option.value.starts_with("HOST:")) return ValueKind::file;
  if (option.value == "LEVEL" || option.value == "MODE" || option.value == "ARCH" || option.value == "FORMAT" ||
      option.value == "STYLE")
    return ValueKind::words;
  return ValueKind::free;
}

std::string words_of(const OptionText& option) {
  if (option.value == "LEVEL") return "error warning info debug";
  if (option.value == "FORMAT") return "text json perfetto html";
  if (option.value == "STYLE") return "abbrev raw verbose";
  if (option.value == "ARCH") return "x86_64 i386 aarch64";
  return "none";
}

std::string bash_command(Command& command) {
  std::string flags;
  std::string cases;
  std::string takes;
  for (const OptionText& option : options_of(command)) {
    std::string names = "--" + option.long_name;
    flags += (flags.empty() ? "" : " ") + names;
    if (option.value.empty()) continue;
    if (!option.short_name.empty()) names += "|-" + option.short_name;
    takes += (takes.empty() ? "" : "|") + names;
    switch (kind_of(option)) {
      case ValueKind::directory:
        cases += "        " + names + ") compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n";
        break;
      case ValueKind::file:
        cases += "        " + names + ") compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n";
        break;
      case ValueKind::words:
        cases += "        " + names + ") COMPREPLY=($(compgen -W '" + words_of(option) + "' -- \"$cur\")); return ;;\n";
        break;
      case ValueKind::command:
      case ValueKind::free:
        cases += "        " + names + ") return ;;\n";
        break;
    }
  }
  std::string out = "    " + std::string(command.text().name) + ")\n";
  if (command.operands() == Operands::end_of_options) {
    // Past the options stands another program's command line: complete that.
    out += "      local i=2\n      while ((i < COMP_CWORD)); do\n        case ${COMP_WORDS[i]} in\n";
    out += "          --) _command_offset $((i + 1)); return ;;\n";
    if (!takes.empty()) out += "          " + takes + ") ((i += 2)) ;;\n";
    out += "          -*) ((i += 1)) ;;\n          *) _command_offset \"$i\"; return ;;\n        esac\n      done\n";
  }
  if (!cases.empty()) out += "      case $prev in\n" + cases + "      esac\n";
  std::string operands;
  if (command.text().name == "completion") operands = "bash zsh";
  if (command.text().name == "man") operands = "$commands";
  out += "      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '" + flags + "' -- \"$cur\")); return; fi\n";
  if (!operands.empty()) out += "      COMPREPLY=($(compgen -W \"" + operands + "\" -- \"$cur\"))\n";
  if (command.operands() == Operands::end_of_options) out += "      COMPREPLY=($(compgen -c -- \"$cur\"))\n";
  return out + "      ;;\n";
}

std::string bash_script() {
  std::string names;
  std::string bodies;
  for (const MakeCommand make : all_commands()) {
    const std::unique_ptr<Command> command = make();
    names += (names.empty() ? "" : " ") + std::string(command->text().name);
    bodies += bash_command(*command);
  }
  return "# bash completion of limen; made by `limen completion bash`.\n"
         "_limen() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local commands='" +
         names +
         "'\n"
         "  COMPREPLY=()\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    COMPREPLY=($(compgen -W \"$commands --version --licences --help\" -- \"$cur\"))\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         bodies +
         "  esac\n"
         "}\n"
         "complete -F _limen limen\n";
}

std::string zsh_quote(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':') {
      (out += '\\') += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string zsh_command(Command& command) {
  std::string out = "    " + std::string(command.text().name) + ")\n      _arguments -s -S \\\n";
  for (const OptionText& option : options_of(command)) {
    std::string action;
    if (!option.value.empty()) {
      action = ":" + zsh_quote(option.value) + ":";
      if (kind_of(option) == ValueKind::directory) action += "_directories";
      if (kind_of(option) == ValueKind::file) action += "_files";
      if (kind_of(option) == ValueKind::words) action += "(" + words_of(option) + ")";
    }
    const std::string tail = "[" + zsh_quote(option.help) + "]" + action + "' \\\n";
    out += "        '*--" + option.long_name + (option.value.empty() ? "" : "=") + tail;
    if (!option.short_name.empty()) out += "        '*-" + option.short_name + (option.value.empty() ? "" : "+") + tail;
  }
  if (command.operands() == Operands::end_of_options) return out + "        '*::program:_normal'\n      ;;\n";
  if (command.text().name == "completion") return out + "        '1:shell:(bash zsh)'\n      ;;\n";
  return out + "        '*:argument:'\n      ;;\n";
}

std::string zsh_script() {
  std::string names;
  std::string bodies;
  for (const MakeCommand make : all_commands()) {
    const std::unique_ptr<Command> command = make();
    names += "    '" + std::string(command->text().name) + ":" + zsh_quote(command->text().summary) + "'\n";
    bodies += zsh_command(*command);
  }
  return "#compdef limen\n"
         "# zsh completion of limen; made by `limen completion zsh`.\n"
         "_limen() {\n"
         "  local -a commands\n"
         "  commands=(\n" +
         names +
         "  )\n"
         "  if ((CURRENT == 2)); then\n"
         "    _describe -t commands 'limen command' commands\n"
         "    return\n"
         "  fi\n"
         "  local command=$words[2]\n"
         "  shift words\n"
         "  ((CURRENT--))\n"
         "  case $command in\n" +
         bodies +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _limen ]]; then _limen \"$@\"; else compdef _limen limen; fi\n";
}

class Completion : public Command {
 public:
  const CommandText& text() const override { return kCompletionText; }
  void declare(CLI::App&) override {}
  int run(const std::vector<std::string>& words) override {
    if (words.size() != 1) throw UsageError("name the shell: limen completion bash, or limen completion zsh");
    return write_out(completion_script(words[0])) ? 0 : kExitLimenFailed;
  }
};

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  throw UsageError("no completion for '" + std::string(shell) + "'; there are bash and zsh");
}

std::unique_ptr<Command> make_completion() { return std::make_unique<Completion>(); }

}  // namespace limen::cli
