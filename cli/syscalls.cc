// limen syscalls: the table, as people and scripts read it. Made from abi/syscalls.def alone.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/errno.h"
#include "cli/command.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr Example kExamples[] = {
    {"limen syscalls", "the whole table"},
    {"limen syscalls openat", "one call, by name"},
    {"limen syscalls --arch i386 5", "one call, by its number on an architecture"},
    {"limen syscalls --json | jq '.[].name'", "for scripts"},
};

constexpr CommandText kText = {
    .name = "syscalls",
    .summary = "print the table of system calls: numbers, parameters, support",
    .operands = "[NAME|NUMBER]",
    .description =
        "Prints each system call of the current Linux table: its number on each architecture, how Limen supports it "
        "(full, partial with what is missing, absent with the errno that a program gets), and its parameters.",
    .examples = kExamples,
    .exit_status = "0  printed\n1  no such call",
};

struct Row {
  const char* name;
  int x86_64;
  int i386;
  int aarch64;
  const char* families;
  const char* level;
  const char* reason;
  Errno error;  // absent: what a program gets
  const char* parameters;
};

constexpr Row kRows[] = {
#if __has_include("abi/syscalls.def")
#define SYSCALL(name, x86_64, i386, aarch64, families, level, reason, ...) \
  {#name, x86_64, i386, aarch64, #families, #level, reason, Errno{}, #__VA_ARGS__},
#define ABSENT(name, x86_64, i386, aarch64, families, error, reason, ...) \
  {#name, x86_64, i386, aarch64, #families, "absent", reason, Errno::error, #__VA_ARGS__},
#include "abi/syscalls.def"
#undef SYSCALL
#undef ABSENT
#else
    {"", -1, -1, -1, "", "", "", Errno{}, ""},
#endif
};

int number_on(const Row& row, std::string_view arch) {
  return arch == "i386" ? row.i386 : arch == "aarch64" ? row.aarch64 : row.x86_64;
}

std::string number_text(int number) { return number < 0 ? "-" : std::to_string(number); }

std::string support_text(const Row& row) {
  std::string out = row.level;
  if (row.error != Errno{}) out += " (" + std::string(errno_name(row.error)) + ")";
  return out;
}

std::string table(const std::vector<const Row*>& rows, const std::string& arch) {
  const Palette palette = Palette::for_stream(STDOUT_FILENO);
  std::string out = palette.bold(pad("NUMBER", 8) + pad("NAME", 26) + pad("SUPPORT", 18) + "PARAMETERS; REASON") + "\n";
  for (const Row* row : rows) {
    const std::string support = pad(support_text(*row), 18);
    const std::string_view level = row->level;
    out += pad(number_text(number_on(*row, arch)), 8) + pad(row->name, 26);
    out += level == "full"      ? palette.green(support)
           : level == "partial" ? palette.yellow(support)
                                : palette.red(support);
    out += "(" + std::string(row->parameters) + ")" + (row->reason[0] ? "; " : "") + row->reason + "\n";
  }
  return out;
}

std::string one(const Row& row) {
  std::string out = std::string(row.name) + "(" + row.parameters + ")\n";
  out += "  support     " + support_text(row) + (row.reason[0] ? ": " : "") + row.reason + "\n";
  out += "  families    " + std::string(row.families) + "\n";
  out += "  number      x86_64 " + number_text(row.x86_64) + ", i386 " + number_text(row.i386) + ", aarch64 " +
         number_text(row.aarch64) + "\n";
  return out;
}

std::string json(const std::vector<const Row*>& rows) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Row* row : rows) {
    nlohmann::ordered_json numbers;
    const std::pair<const char*, int> all[] = {{"x86_64", row->x86_64}, {"i386", row->i386}, {"aarch64", row->aarch64}};
    for (const auto& [arch, number] : all) {
      if (number >= 0) {
        numbers[arch] = number;
      } else {
        numbers[arch] = nullptr;
      }
    }
    nlohmann::ordered_json item = {{"name", row->name},         {"numbers", numbers},
                                   {"support", row->level},     {"reason", row->reason},
                                   {"families", row->families}, {"parameters", row->parameters}};
    if (row->error != Errno{}) item["errno"] = errno_name(row->error);
    out.push_back(std::move(item));
  }
  return out.dump(2) + "\n";
}

class Syscalls : public Command {
 public:
  const CommandText& text() const override { return kText; }
  void declare(CLI::App& app) override {
    app.add_option("--arch", arch_, "numbers of this architecture: x86_64 (default), i386 or aarch64")
        ->type_name("ARCH")
        ->group("Output");
    app.add_flag("--json", json_, "print JSON")->group("Output");
  }
  int run(const std::vector<std::string>& words) override {
    if (words.size() > 1) throw UsageError("one name or number at a time");
    if (arch_ != "x86_64" && arch_ != "i386" && arch_ != "aarch64") {
      throw UsageError("--arch '" + arch_ + "': there are x86_64, i386 and aarch64");
    }
    const std::vector<const Row*> rows = select(words.empty() ? "" : words[0]);
    if (rows.empty()) return not_found(words[0]);
    const bool single = !words.empty() && rows.size() == 1;
    return write_out(json_ ? json(rows) : single ? one(*rows[0]) : table(rows, arch_)) ? 0 : kExitLimenFailed;
  }

 private:
  std::vector<const Row*> select(std::string_view word) const {
    int number = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool by_number = !word.empty() && error == std::errc() && end == word.data() + word.size() && number >= 0;
    std::vector<const Row*> out;
    for (const Row& row : kRows) {
      const bool here = number_on(row, arch_) >= 0;
      if (word.empty() ? here : by_number ? number_on(row, arch_) == number : word == row.name) out.push_back(&row);
    }
    std::stable_sort(out.begin(), out.end(), [&](const Row* a, const Row* b) {
      return static_cast<unsigned>(number_on(*a, arch_)) < static_cast<unsigned>(number_on(*b, arch_));
    });
    return out;
  }

  int not_found(const std::string& word) const {
    std::vector<std::string> names;
    for (const Row& row : kRows) names.emplace_back(row.name);
    const std::string_view near = nearest(word, names);
    report_error("syscalls",
                 "no system call '" + word + "' on " + arch_ +
                     (near.empty() ? "; 'limen syscalls' lists all" : "; did you mean '" + std::string(near) + "'?"));
    return 1;
  }

  std::string arch_ = "x86_64";
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_syscalls() { return std::make_unique<Syscalls>(); }

}  // namespace limen::cli
