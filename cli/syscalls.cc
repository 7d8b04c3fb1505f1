// limen syscalls: the table, as people and scripts read it. Made from abi/syscalls.def alone.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "abi/syscalls.h"
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

struct NamedFamily {
  Family family;
  std::string_view name;
};
constexpr NamedFamily kFamilies[] = {
    {Family::desc, "desc"},     {Family::file, "file"},     {Family::process, "process"}, {Family::network, "network"},
    {Family::memory, "memory"}, {Family::ipc, "ipc"},       {Family::signal, "signal"},   {Family::creds, "creds"},
    {Family::stat, "stat"},     {Family::statfs, "statfs"}, {Family::clock, "clock"},     {Family::misc, "misc"},
};
constexpr std::pair<Arch, std::string_view> kArches[] = {
    {Arch::x86_64, "x86_64"}, {Arch::i386, "i386"}, {Arch::aarch64, "aarch64"}};

std::vector<std::string> family_names(Family set) {
  std::vector<std::string> out;
  for (const NamedFamily& f : kFamilies) {
    if (in_family(set, f.family)) out.emplace_back(f.name);
  }
  return out;
}

i32 number_on(const SyscallRow& row, Arch arch) {
  return arch == Arch::i386 ? row.i386 : arch == Arch::aarch64 ? row.aarch64 : row.x86_64;
}

std::string number_text(i32 number) { return number < 0 ? "-" : std::to_string(number); }

std::string level_text(const SyscallRow& row) {
  return row.support == Support::full ? "full" : row.support == Support::partial ? "partial" : "absent";
}

std::string support_text(const SyscallRow& row) {
  if (row.support != Support::absent) return level_text(row);
  return "absent (" + std::string(errno_name(row.error)) + ")";
}

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
  const CommandText& text() const override { return kText; }
  void declare(CLI::App& app) override {
    app.add_option("--arch", arch_, "numbers of this architecture: x86_64 (default), i386 or aarch64")
        ->type_name("ARCH")
        ->group("Output");
    app.add_flag("--json", json_, "print JSON")->group("Output");
  }
  int run(const std::vector<std::string>& words) override {
    if (words.size() > 1) throw UsageError("one name or number at a time");
    const auto* found =
        std::find_if(std::begin(kArches), std::end(kArches), [&](auto& a) { return a.second == arch_; });
    if (found == std::end(kArches)) throw UsageError("--arch '" + arch_ + "': there are x86_64, i386 and aarch64");
    const Arch arch = found->first;
    const std::vector<const SyscallRow*> rows = select(words.empty() ? "" : words[0], arch);
    if (rows.empty()) return not_found(words[0]);
    const bool single = !words.empty() && rows.size() == 1;
    return write_out(json_ ? json(rows) : single ? one(*rows[0]) : table(rows, arch)) ? 0 : kExitLimenFailed;
  }

 private:
  // All calls that `arch` has; or those of a name, or of a number.
  static std::vector<const SyscallRow*> select(std::string_view word, Arch arch) {
    i32 number = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool by_number = !word.empty() && error == std::errc() && end == word.data() + word.size() && number >= 0;
    std::vector<const SyscallRow*> out;
    for (const SyscallRow& row : syscall_rows()) {
      const i32 here = number_on(row, arch);
      if (word.empty() ? here >= 0 : by_number ? here == number : word == row.name) out.push_back(&row);
    }
    std::stable_sort(out.begin(), out.end(), [&](const SyscallRow* a, const SyscallRow* b) {
      return static_cast<u32>(number_on(*a, arch)) < static_cast<u32>(number_on(*b, arch));
    });
    return out;
  }

  int not_found(const std::string& word) const {
    std::vector<std::string> names;
    for (const SyscallRow& row : syscall_rows()) names.emplace_back(row.name);
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
