// limen syscalls: the table, as people and scripts read it. Made from abi/syscalls.def alone.
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "abi/syscalls.h"
#include "cli/command.h"
#include "cli/syscall_text.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

constexpr Example kSyscallsExamples[] = {
    {"limen syscalls", "the whole table"},
    {"limen syscalls openat", "one call, by name"},
    {"limen syscalls --arch i386 5", "one call, by its number on an architecture"},
    {"limen syscalls --json | jq '.[].name'", "for scripts"},
};

constexpr CommandText kSyscallsText = {
    .name = "syscalls",
    .summary = "print the table of system calls: numbers, parameters, support",
    .operands = "[NAME|NUMBER]",
    .description =
        "Prints each system call of the current Linux table: its number on each architecture, how Limen supports it "
        "(full, partial with what is missing, absent with the errno that a program gets), and its parameters.",
    .examples = kSyscallsExamples,
    .exit_status = "0  printed\n1  no such call",
};

std::string reason_after(std::string_view separator, const SyscallRow& row) {
  return row.reason.empty() ? "" : std::string(separator) + std::string(row.reason);
}

std::string table(const std::vector<const SyscallRow*>& rows, Arch arch) {
  const Palette palette = Palette::for_stream(STDOUT_FILENO);
  std::string out =
      palette.bold(pad("NUMBER", 8) + pad("NAME", 26) + pad("SUPPORT", 20) + "(PARAMETERS); REASON") + "\n";
  for (const SyscallRow* row : rows) {
    const std::string support = pad(support_text(*row), 20);
    out += pad(number_text(number_on(*row, arch)), 8) + pad(row->name, 26);
    out += row->support == Support::full      ? palette.green(support)
           : row->support == Support::partial ? palette.yellow(support)
                                              : palette.red(support);
    out += "(" + std::string(row->params) + ")" + reason_after("; ", *row) + "\n";
  }
  const auto count = [&](Support support) {
    const auto n = std::count_if(rows.begin(), rows.end(), [&](const SyscallRow* r) { return r->support == support; });
    return std::to_string(n);
  };
  out += palette.bold(std::to_string(rows.size()) + " calls: " + count(Support::full) + " full, " +
                      count(Support::partial) + " partial, " + count(Support::absent) + " absent") +
         "\n";
  return out;
}

std::string one(const SyscallRow& row) {
  std::string out = std::string(row.name) + "(" + std::string(row.params) + ")\n";
  out += "  support     " + support_text(row) + reason_after(": ", row) + "\n  families   ";
  for (const std::string& name : family_names(row.families)) out += " " + name;
  out += "\n  numbers    ";
  for (const auto& [arch, name] : kArches) out += " " + std::string(name) + " " + number_text(number_on(row, arch));
  return out + "\n";
}

std::string json(const std::vector<const SyscallRow*>& rows) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const SyscallRow* row : rows) {
    nlohmann::ordered_json item = {{"name", row->name}};
    for (const auto& [arch, name] : kArches) {
      const i32 number = number_on(*row, arch);
      item["numbers"][std::string(name)] =
          number < 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(number);
    }
    item["support"] = level_text(*row);
    if (row->support == Support::absent) item["errno"] = errno_name(row->error);
    item["reason"] = row->reason;
    item["families"] = family_names(row->families);
    item["parameters"] = nlohmann::ordered_json::array();
    for (usize i = 0; !syscall_param(*row, i).name.empty(); ++i) {
      const SyscallParam parameter = syscall_param(*row, i);
      item["parameters"].push_back({{"name", parameter.name}, {"type", parameter.type}});
    }
    out.push_back(std::move(item));
  }
  return out.dump(2) + "\n";
}

class Syscalls : public Command {
 public:
  const CommandText& text() const override { return kSyscallsText; }
  void declare(CLI::App& app) override {
    app.add_option("--arch", arch_, "numbers of this architecture: x86_64 (default), i386 or aarch64")
        ->type_name("ARCH")
        ->group("Output");
    app.add_flag("--json", json_, "print JSON")->group("Output");
  }
  int run(const std::vector<std::string>& words) override {
    if (words.size() > 1) throw UsageError("one name or number at a time");
    const Arch arch = parse_arch(arch_);
    const std::vector<const SyscallRow*> rows = select(words.empty() ? "" : words[0], arch);
    if (rows.empty()) {
      report_error("syscalls", no_such_call(words[0], arch));
      return 1;
    }
    const bool single = !words.empty() && rows.size() == 1;
    return write_out(json_ ? json(rows) : single ? one(*rows[0]) : table(rows, arch)) ? 0 : kExitLimenFailed;
  }

 private:
  // All calls that `arch` has; or the one of a name, or of a number.
  static std::vector<const SyscallRow*> select(std::string_view word, Arch arch) {
    if (!word.empty()) {
      const SyscallRow* row = find_call(word, arch);
      return row != nullptr ? std::vector{row} : std::vector<const SyscallRow*>();
    }
    std::vector<const SyscallRow*> out;
    for (const SyscallRow& row : syscall_rows()) {
      if (number_on(row, arch) >= 0) out.push_back(&row);
    }
    std::stable_sort(out.begin(), out.end(), [&](const SyscallRow* a, const SyscallRow* b) {
      return static_cast<u32>(number_on(*a, arch)) < static_cast<u32>(number_on(*b, arch));
    });
    return out;
  }

  std::string arch_ = "x86_64";
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_syscalls() { return std::make_unique<Syscalls>(); }

}  // namespace limen::cli
