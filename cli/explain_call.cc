// limen explain: all that is known of a call, offline. Made from abi/syscalls.def and abi/errors.def.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "abi/errors.h"
#include "cli/command.h"
#include "cli/syscall_text.h"
#include "cli/terminal.h"
#include "trace/decode.h"

namespace limen::cli {
namespace {

constexpr Example kExplainExamples[] = {
    {"limen explain openat", "numbers, registers, parameters, errors and when they happen"},
    {"limen explain --arch aarch64 56", "a call by its number on an architecture"},
    {"limen explain --json read write | jq '.[].errors'", "for scripts"},
};

constexpr CommandText kExplainText = {
    .name = "explain",
    .summary = "explain a system call: numbers, registers, parameters, errors",
    .operands = "CALL…",
    .description =
        "Tells of each CALL, a name or a number, what Linux promises and what Limen does: its number and the registers "
        "of "
        "its arguments on each architecture, its parameters and the flags or commands that they may hold, since which "
        "Linux it is there, the classes of strace that "
        "it is "
        "in, its manual page, which errors it gives and when, and how far Limen supports it. Needs no network.",
    .examples = kExplainExamples,
    .exit_status = "0    printed\n125  no such call",
};

struct Convention {
  Arch arch;
  std::string_view instruction, number, result;
  std::array<std::string_view, 6> arguments;
  std::string_view changed;
};
constexpr Convention kConventions[] = {
    {Arch::x86_64, "syscall", "rax", "rax", {"rdi", "rsi", "rdx", "r10", "r8", "r9"}, "rcx and r11"},
    {Arch::i386, "int 0x80", "eax", "eax", {"ebx", "ecx", "edx", "esi", "edi", "ebp"}, ""},
    {Arch::aarch64, "svc #0", "x8", "x0", {"x0", "x1", "x2", "x3", "x4", "x5"}, ""},
};
// In 32-bit x86 the first calls with many arguments take the address of a block of them.
constexpr std::string_view kBlockOnI386[] = {"mmap", "select"};
// In 32-bit x86 these parameters are of 64 bits, and take two registers, the low half first. (Others are as wide as a register.)
constexpr std::pair<std::string_view, std::string_view> kWideOnI386[] = {
    {"pread64", "offset"},         {"pwrite64", "offset"},        {"readahead", "offset"}, {"fadvise64", "offset"},
    {"sync_file_range", "offset"}, {"sync_file_range", "nbytes"}, {"fallocate", "offset"}, {"fallocate", "len"},
    {"fanotify_mark", "mask"},     {"lookup_dcookie", "cookie"},
};

struct Argument {
  SyscallParam param;
  std::string registers;  // "rdi", "ecx:edx"; the block's: "ebx[0]"
};

std::vector<Argument> arguments_on(const SyscallRow& row, const Convention& c) {
  std::vector<Argument> out;
  for (usize i = 0; !syscall_param(row, i).name.empty(); ++i) out.push_back({syscall_param(row, i), {}});
  // tls and child_tid stand the other way round everywhere but on x86-64.
  if (row.name == "clone" && c.arch != Arch::x86_64) std::swap(out[3], out[4]);
  const bool i386 = c.arch == Arch::i386;
  const bool block = i386 && std::ranges::find(kBlockOnI386, row.name) != std::end(kBlockOnI386);
  usize next = 0;
  for (Argument& a : out) {
    if (block) {
      a.registers = "ebx[" + std::to_string(next++) + "]";
      continue;
    }
    a.registers = c.arguments[next++];
    if (i386 && std::ranges::find(kWideOnI386, std::pair(row.name, a.param.name)) != std::end(kWideOnI386))
      a.registers += ":" + std::string(c.arguments[next++]);
  }
  return out;
}

std::string registers_of(const SyscallRow& row, const Convention& c, std::string_view parameter) {
  for (const Argument& a : arguments_on(row, c)) {
    if (a.param.name == parameter) return a.registers;
  }
  return "-";
}

using Conventions = std::vector<const Convention*>;

std::string page_of(const SyscallFacts& facts) { return facts.page == "-" ? "" : std::string(facts.page) + "(2)"; }

class Page {
 public:
  Page(const SyscallRow& row, const Conventions& conventions)
      : row_(row), facts_(syscall_facts(row)), conventions_(conventions) {}

  std::string text() {
    out_ = palette_.bold(row_.name) + "(" + std::string(row_.params) + ")\n";
    line("support", support_text(row_) + (row_.reason.empty() ? "" : ": " + std::string(row_.reason)));
    line("since", "Linux " + std::string(facts_.since));
    line("manual", page_of(facts_).empty() ? "no page is known" : page_of(facts_));
    std::string classes;
    for (const std::string& name : family_names(row_.families)) classes += (classes.empty() ? "%" : " %") + name;
    line("classes", classes);
    registers();
    words();
    errors();
    return std::move(out_);
  }

 private:
  void line(std::string_view head, std::string_view text) {
    out_ += "  " + pad(head, 10) + wrap(text, width_, 12) + "\n";
  }

  template <typename Cell>
  void cells(std::string_view head, std::string_view type, Cell&& cell) {
    std::string text = "  " + pad(head, name_width_) + pad(type, type_width_);
    for (const Convention* c : conventions_) text += pad(number_on(row_, c->arch) < 0 ? "-" : cell(*c), 10);
    out_ += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }

  void registers() {
    for (usize i = 0; !syscall_param(row_, i).name.empty(); ++i) {
      name_width_ = std::max(name_width_, static_cast<int>(syscall_param(row_, i).name.size()) + 2);
      type_width_ = std::max(type_width_, static_cast<int>(syscall_param(row_, i).type.size()) + 2);
    }
    std::string heads;
    for (const Convention* c : conventions_) {
      const auto* named = std::ranges::find(kArches, c->arch, &NamedArch::arch);
      heads += pad(named->name, 10);
    }
    out_ += "\n  " +
            palette_.bold(pad("", name_width_ + type_width_) + heads.substr(0, heads.find_last_not_of(' ') + 1)) + "\n";
    cells("number", "", [&](const Convention& c) { return number_text(number_on(row_, c.arch)); });
    cells("made by", "", [](const Convention& c) { return std::string(c.instruction); });
    cells("number in", "", [](const Convention& c) { return std::string(c.number); });
    for (usize i = 0; !syscall_param(row_, i).name.empty(); ++i) {
      const SyscallParam p = syscall_param(row_, i);
      cells(p.name, p.type, [&](const Convention& c) { return registers_of(row_, c, p.name); });
    }
    cells("result in", "", [](const Convention& c) { return std::string(c.result); });
    for (const Convention* c : conventions_) {
      if (!c->changed.empty()) line("", "the instruction changes " + std::string(c->changed));
    }
  }

  void words() {
    for (usize i = 0; !syscall_param(row_, i).name.empty(); ++i) {
      std::string list;
      for (const std::string_view word : trace::parameter_words(row_, i))
        list += (list.empty() ? "" : " ") + std::string(word);
      if (!list.empty())
        out_ += "\n  " + palette_.bold(syscall_param(row_, i).name) + "\n    " + wrap(list, width_, 4) + "\n";
    }
  }

  void errors() {
    out_ += "\n";
    if (facts_.errors.empty()) {
      out_ += "  no errors: it cannot fail\n";
      return;
    }
    out_ += "  " + palette_.bold("errors") + " (a result from -4095 to -1 is the negative number)\n";
    for (const ErrorCause& cause : facts_.errors) {
      out_ += "  " + pad(errno_name(cause.error), 17) + wrap(cause.when, width_, 19) + "\n";
    }
  }

  const SyscallRow& row_;
  const SyscallFacts& facts_;
  const Conventions& conventions_;
  const Palette palette_ = Palette::for_stream(STDOUT_FILENO);
  const int width_ = terminal_width(STDOUT_FILENO);
  int name_width_ = 12, type_width_ = 2;
  std::string out_;
};

nlohmann::ordered_json json_of(const SyscallRow& row, const Conventions& conventions) {
  const SyscallFacts& facts = syscall_facts(row);
  nlohmann::ordered_json item = {{"name", row.name}, {"support", level_text(row)}, {"reason", row.reason}};
  if (row.support == Support::absent) item["errno"] = errno_name(row.error);
  item["since"] = facts.since;
  item["page"] = page_of(facts).empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(page_of(facts));
  item["classes"] = family_names(row.families);
  item["parameters"] = nlohmann::ordered_json::array();
  for (usize i = 0; !syscall_param(row, i).name.empty(); ++i) {
    const SyscallParam p = syscall_param(row, i);
    item["parameters"].push_back({{"name", p.name}, {"type", p.type}});
    if (const auto words = trace::parameter_words(row, i); !words.empty()) item["parameters"].back()["words"] = words;
  }
  item["architectures"] = nlohmann::ordered_json::object();
  for (const Convention* c : conventions) {
    const std::string name(std::ranges::find(kArches, c->arch, &NamedArch::arch)->name);
    if (number_on(row, c->arch) < 0) {
      item["architectures"][name] = nullptr;
      continue;
    }
    nlohmann::ordered_json arguments = nlohmann::ordered_json::object();
    for (const Argument& a : arguments_on(row, *c)) arguments[std::string(a.param.name)] = a.registers;
    item["architectures"][name] = {{"number", number_on(row, c->arch)},
                                   {"instruction", c->instruction},
                                   {"number_in", c->number},
                                   {"arguments_in", arguments},
                                   {"result_in", c->result}};
  }
  item["errors"] = nlohmann::ordered_json::array();
  for (const ErrorCause& cause : facts.errors) {
    item["errors"].push_back(
        {{"errno", errno_name(cause.error)}, {"number", static_cast<i32>(cause.error)}, {"when", cause.when}});
  }
  return item;
}

class Explain : public Command {
 public:
  const CommandText& text() const override { return kExplainText; }
  void declare(CLI::App& app) override {
    app.add_option("--arch", arch_, "this architecture alone, and its numbers: x86_64, i386 or aarch64")
        ->type_name("ARCH")
        ->group("Output");
    app.add_flag("--json", json_, "print JSON")->group("Output");
  }
  int run(const std::vector<std::string>& words) override {
    if (words.empty()) throw UsageError("which call? Give a name or a number; 'limen syscalls' lists all");
    const Arch arch = arch_.empty() ? Arch::x86_64 : parse_arch(arch_);
    Conventions conventions;
    for (const Convention& c : kConventions) {
      if (arch_.empty() || c.arch == arch) conventions.push_back(&c);
    }
    std::vector<const SyscallRow*> rows;
    for (const std::string& word : words) {
      rows.push_back(find_call(word, arch));
      if (rows.back() == nullptr) throw UsageError(no_such_call(word, arch));
    }
    return write_out(json_ ? json(rows, conventions) : pages(rows, conventions)) ? 0 : kExitLimenFailed;
  }

 private:
  static std::string json(const std::vector<const SyscallRow*>& rows, const Conventions& conventions) {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (const SyscallRow* row : rows) out.push_back(json_of(*row, conventions));
    return out.dump(2) + "\n";
  }
  static std::string pages(const std::vector<const SyscallRow*>& rows, const Conventions& conventions) {
    std::string out;
    for (const SyscallRow* row : rows) out += (out.empty() ? "" : "\n") + Page(*row, conventions).text();
    return out;
  }

  std::string arch_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_explain() { return std::make_unique<Explain>(); }

}  // namespace limen::cli
