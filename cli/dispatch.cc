// From words to options: CLI11 parses, we decide where options end and how errors read.
#include <algorithm>
#include <numeric>

#include "cli/command.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr MakeCommand kCommands[] = {make_run,     make_trace,  make_stat,       make_profile, make_syscalls,
                                     make_explain, make_doctor, make_completion, make_man};

size_t edits(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

[[noreturn]] void unknown_option(const std::string& word, const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string flag = word.substr(0, word.find('='));
  const std::string_view near = nearest(flag, names);
  throw UsageError(
      "no option '" + flag + "'" +
      (near.empty() ? "; see 'limen " + app.get_name() + " --help'" : "; did you mean '" + std::string(near) + "'?"));
}

struct Split {
  std::vector<std::string> options;
  std::vector<std::string> operands;
  bool begins_with_separator = false;
};

// Sorts `words` into options with their values and operands, so that no operand is ever taken for an option.
Split split(const CLI::App& app, std::vector<std::string> words, Operands operands) {
  Split out;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i];
    const bool is_option = word.size() > 1 && word[0] == '-' && word != "--";
    if (!is_option) {
      if (word == "--" || operands == Operands::end_of_options) {
        out.begins_with_separator = word == "--" && out.operands.empty();
        out.operands.insert(out.operands.end(), words.begin() + static_cast<long>(i) + (word == "--" ? 1 : 0),
                            words.end());
        return out;
      }
      out.operands.push_back(word);
      continue;
    }
    const bool is_long = word.starts_with("--");
    const std::string name = is_long ? word.substr(0, word.find('=')) : word.substr(0, 2);
    const CLI::Option* option = app.get_option_no_throw(name);
    if (!option) unknown_option(word, app);
    const bool takes_value = option->get_expected_max() > 0;
    const bool has_value = is_long ? word.find('=') != std::string::npos : word.size() > 2;
    // "--decode-fds" and "--decode-fds=path" both: a flag that has a value when none is given.
    if (has_value && is_long && option->check_fname(name.substr(2))) {
      out.options.push_back(word);
      continue;
    }
    if (has_value && !takes_value) {
      if (is_long) throw UsageError("option '" + name + "' takes no value; give '" + name + "' alone");
      // "-tt" is "-t -t", "-Tyo FILE" is "-T -y -o FILE".
      const std::string next = "-" + word.substr(2, 1);
      if (word[2] == '-' || app.get_option_no_throw(next) == nullptr)
        throw UsageError("option '" + name + "' takes no value; give it alone");
      out.options.push_back(name);
      words.insert(words.begin() + static_cast<long>(i) + 1, "-" + word.substr(2));
      continue;
    }
    out.options.push_back(word);
    if (!takes_value || has_value) continue;
    if (i + 1 == words.size()) {
      throw UsageError("option '" + name + "' needs a value: " + name + " " + option->get_type_name());
    }
    // Joined, so that a value which begins with a dash stays a value.
    if (is_long) {
      out.options.back() += '=' + words[++i];
    } else {
      out.options.back() += words[++i];
    }
  }
  return out;
}

void configure(CLI::App& app, Command& command) {
  app.name(std::string(command.text().name));
  app.set_help_flag("-h,--help", "print this help")->group("Help");
  command.declare(app);
}

}  // namespace

std::span<const MakeCommand> all_commands() { return kCommands; }

std::unique_ptr<Command> find_command(std::string_view name) {
  for (const MakeCommand make : kCommands) {
    std::unique_ptr<Command> command = make();
    if (command->text().name == name) return command;
  }
  return nullptr;
}

std::vector<std::string_view> nearest_names(std::string_view word, std::span<const std::string> names) {
  constexpr size_t kMostEdits = 2, kMostNames = 3, kLeastPart = 3;
  std::vector<std::pair<size_t, std::string_view>> found;
  for (const std::string& name : names) {
    const size_t n = edits(word, name);
    if (n <= kMostEdits && n < name.size()) {
      found.emplace_back(n, name);
    } else if (word.size() >= kLeastPart && name.find(word) != std::string::npos) {
      found.emplace_back(kMostEdits + 1, name);
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string_view> out;
  for (const auto& [n, name] : found) {
    if (out.size() < kMostNames) out.push_back(name);
  }
  return out;
}

std::string_view nearest(std::string_view word, std::span<const std::string> names) {
  const std::vector<std::string_view> near = nearest_names(word, names);
  return near.empty() || edits(word, near[0]) > 2 ? std::string_view() : near[0];
}

std::vector<OptionText> options_of(Command& command) {
  CLI::App app;
  configure(app, command);
  std::vector<OptionText> out;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty() || option->get_lnames().empty()) continue;  // hidden
    OptionText row;
    if (!option->get_snames().empty()) row.short_name = option->get_snames()[0];
    row.long_name = option->get_lnames()[0];
    if (option->get_expected_max() > 0) row.value = option->get_type_name();
    row.help = option->get_description();
    row.group = option->get_group();
    out.push_back(std::move(row));
  }
  // CLI11 puts --help first.
  if (!out.empty() && out.front().long_name == "help") std::rotate(out.begin(), out.begin() + 1, out.end());
  return out;
}

int dispatch(Command& command, const std::vector<std::string>& words) {
  try {
    CLI::App app;
    configure(app, command);
    Split parts = split(app, words, command.operands());
    std::reverse(parts.options.begin(), parts.options.end());
    app.parse(parts.options);
    if (parts.begins_with_separator) command.words_are_a_program();
    return command.run(parts.operands);
  } catch (const CLI::CallForHelp&) {
    return write_out(help_page(command, terminal_width(1))) ? 0 : kExitLimenFailed;
  } catch (const std::exception& error) {
    report_error(command.text().name, error.what());
    return kExitLimenFailed;
  }
}

}  // namespace limen::cli
