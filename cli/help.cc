// The pages that people read: --help, man pages. All made from what the commands declare.
#include <unistd.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr std::string_view kTagline = "a Linux kernel in user space: run a program, and answer its system calls here";

std::string flag_column(const OptionText& option) {
  std::string out = option.short_name.empty() ? "    " : "-" + option.short_name + ", ";
  out += "--" + option.long_name;
  if (!option.value.empty()) out += " " + option.value;
  return out;
}

std::vector<std::string> groups_of(const std::vector<OptionText>& options) {
  std::vector<std::string> groups;
  for (const OptionText& option : options) {
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  }
  return groups;
}

std::vector<std::string_view> split_at(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + separator.size(), text.size()));
  }
  return out;
}

std::string spaces(int n) { return std::string(static_cast<size_t>(n), ' '); }

// "12  what it means" -> {"12", "what it means"}
std::pair<std::string, std::string> status_row(std::string_view line) {
  const size_t gap = line.find("  ");
  if (gap == std::string_view::npos) return {"", std::string(line)};
  return {std::string(line.substr(0, gap)), std::string(line.substr(gap + 2))};
}

std::string options_section(const std::vector<OptionText>& options, const Palette& palette, int width) {
  constexpr int kColumn = 30;
  std::string out;
  for (const std::string& group : groups_of(options)) {
    out += "\n" + palette.bold(group + ":") + "\n";
    for (const OptionText& option : options) {
      if (option.group != group) continue;
      const std::string flag = flag_column(option);
      out += "  " + pad(flag, kColumn - 4);
      out += static_cast<int>(flag.size()) > kColumn - 4 ? "\n" + spaces(kColumn) : "  ";
      out += wrap(option.help, width, kColumn) + "\n";
    }
  }
  return out;
}

// roff: a leading dot or quote would be a request, a backslash an escape, a dash a hyphen.
std::string roff(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool line_start = i == 0 || text[i - 1] == '\n';
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (text.substr(i).starts_with("…")) {
      out += "...";
      i += std::string_view("…").size() - 1;
    } else {
      out += c;
    }
  }
  return out;
}

std::string roff_command_page(Command& command) {
  const CommandText& text = command.text();
  std::string out = ".SH SYNOPSIS\n.B limen " + roff(text.name) + "\n[\\fIOPTION\\fR...] " + roff(text.operands) + "\n";
  out += ".SH DESCRIPTION\n";
  for (const std::string_view paragraph : split_at(text.description, "\n\n")) out += roff(paragraph) + "\n.PP\n";
  const std::vector<OptionText> options = options_of(command);
  out += ".SH OPTIONS\n";
  for (const std::string& group : groups_of(options)) {
    out += ".SS " + group + "\n";
    for (const OptionText& option : options) {
      if (option.group != group) continue;
      out += ".TP\n";
      if (!option.short_name.empty()) out += "\\fB\\-" + option.short_name + "\\fR, ";
      out += "\\fB" + roff("--" + option.long_name) + "\\fR";
      if (!option.value.empty()) out += " \\fI" + roff(option.value) + "\\fR";
      out += "\n" + roff(option.help) + "\n";
    }
  }
  if (!text.exit_status.empty()) {
    out += ".SH EXIT STATUS\n";
    for (const std::string_view line : split_at(text.exit_status, "\n")) {
      const auto [code, meaning] = status_row(line);
      out += code.empty() ? roff(meaning) + "\n" : ".TP\n.B " + roff(code) + "\n" + roff(meaning) + "\n";
    }
  }
  if (!text.examples.empty()) {
    out += ".SH EXAMPLES\n";
    for (const Example& example : text.examples) {
      out += ".TP\n.B " + roff(example.command) + "\n" + roff(example.does) + "\n";
    }
  }
  return out + ".SH SEE ALSO\n.BR limen (1)\n";
}

std::string roff_main_page() {
  std::string out = ".SH SYNOPSIS\n.B limen\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n.SH COMMANDS\n";
  std::string see_also;
  for (const MakeCommand make : all_commands()) {
    const CommandText& text = make()->text();
    if (text.summary.empty()) continue;
    out += ".TP\n.BR limen\\-" + roff(text.name) + " (1)\n" + roff(text.summary) + "\n";
    see_also += (see_also.empty() ? "" : ",\n") + (".BR limen\\-" + roff(text.name) + " (1)");
  }
  out += ".SH OPTIONS\n.TP\n.B \\-\\-version\nversion, licence, and whether this host is fit for Limen\n";
  out += ".TP\n.B \\-\\-licences\nthe notices of the work of others that the executable contains\n";
  out += ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nthe list of commands; after a command, its own help\n";
  out += ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nif set and not empty, nothing is coloured\n";
  return out + ".SH SEE ALSO\n" + see_also + "\n";
}

}  // namespace

std::string help_page(Command& command, int width) {
  const Palette palette = Palette::for_stream(STDOUT_FILENO);
  const CommandText& text = command.text();
  const std::string name = "limen " + std::string(text.name);
  std::string out = palette.bold(name + ":") + " " + std::string(text.summary) + "\n\n";
  out += palette.bold("Usage:") + " " + name + " [OPTION…]";
  out += (text.operands.empty() ? "" : " ") + std::string(text.operands) + "\n";
  for (const std::string_view paragraph : split_at(text.description, "\n\n"))
    out += "\n" + wrap(paragraph, width, 0) + "\n";
  out += options_section(options_of(command), palette, width);
  if (!text.exit_status.empty()) {
    out += "\n" + palette.bold("Exit status:") + "\n";
    for (const std::string_view line : split_at(text.exit_status, "\n")) {
      const auto [code, meaning] = status_row(line);
      out += "  " + (code.empty() ? meaning : pad(code, 5) + "  " + meaning) + "\n";
    }
  }
  if (!text.examples.empty()) {
    out += "\n" + palette.bold("Examples:") + "\n";
    for (const Example& example : text.examples) {
      out += "  " + pad(example.command, 46) + "  " + std::string(example.does) + "\n";
    }
  }
  return out;
}

std::string main_help_page(int) {
  const Palette palette = Palette::for_stream(STDOUT_FILENO);
  std::string out = palette.bold("limen:") + " " + std::string(kTagline) + "\n\n";
  out += palette.bold("Usage:") + " limen COMMAND [OPTION…] [ARGUMENT…]\n\n" + palette.bold("Commands:") + "\n";
  for (const MakeCommand make : all_commands()) {
    const CommandText& text = make()->text();
    if (!text.summary.empty()) out += "  " + pad(text.name, 12) + std::string(text.summary) + "\n";
  }
  out += "\n" + palette.bold("Options:") + "\n";
  out += "  --version   version, licence, and whether this host is fit for Limen\n";
  out += "  --licences  the notices of the work of others that this executable contains\n";
  out += "  -h, --help  this help; after a command, its own\n\n";
  out += palette.bold("Start with:") + "\n";
  out += "  limen run -- ls -la      a program, in a sandbox\n";
  out += "  limen doctor             what this host offers\n";
  out += "  limen run --help         every option of a command\n";
  return out;
}

std::string man_page(Command* command) {
  const std::string name = command ? "limen\\-" + roff(command->text().name) : "limen";
  std::string upper = name;
  for (char& c : upper) c = (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  const std::string_view summary = command ? command->text().summary : kTagline;
  std::string out = ".\\\" Made by `limen man`; edit the texts in cli/ instead.\n";
  out += ".TH " + upper + " 1 \"\" \"Limen " LIMEN_VERSION "\" \"User Commands\"\n";
  out += ".SH NAME\n" + name + " \\- " + roff(summary) + "\n";
  return out + (command ? roff_command_page(*command) : roff_main_page());
}

}  // namespace limen::cli
