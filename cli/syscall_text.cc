#include "cli/syscall_text.h"

#include <algorithm>
#include <charconv>

#include "cli/command.h"
#include "cli/terminal.h"

namespace limen::cli {
namespace {

struct NamedFamily {
  Family family;
  std::string_view name;
};
constexpr NamedFamily kFamilies[] = {
    {Family::desc, "desc"},     {Family::file, "file"},     {Family::process, "process"}, {Family::network, "network"},
    {Family::memory, "memory"}, {Family::ipc, "ipc"},       {Family::signal, "signal"},   {Family::creds, "creds"},
    {Family::stat, "stat"},     {Family::statfs, "statfs"}, {Family::clock, "clock"},     {Family::misc, "misc"},
};

std::string_view name_of(Arch arch) {
  for (const NamedArch& a : kArches) {
    if (a.arch == arch) return a.name;
  }
  return {};
}

}  // namespace

Arch parse_arch(std::string_view word) {
  if (word == "x86-64") return Arch::x86_64;
  if (word == "arm64") return Arch::aarch64;
  for (const NamedArch& a : kArches) {
    if (a.name == word) return a.arch;
  }
  throw UsageError("--arch '" + std::string(word) + "': there are x86_64, i386 and aarch64");
}

i32 number_on(const SyscallRow& row, Arch arch) {
  return arch == Arch::i386 ? row.i386 : arch == Arch::aarch64 ? row.aarch64 : row.x86_64;
}

std::string number_text(i32 number) { return number < 0 ? "-" : std::to_string(number); }

std::vector<std::string> family_names(Family set) {
  std::vector<std::string> out;
  for (const NamedFamily& f : kFamilies) {
    if (in_family(set, f.family)) out.emplace_back(f.name);
  }
  return out;
}

std::string level_text(const SyscallRow& row) {
  return row.support == Support::full ? "full" : row.support == Support::partial ? "partial" : "absent";
}

std::string support_text(const SyscallRow& row) {
  if (row.support != Support::absent) return level_text(row);
  return "absent (" + std::string(errno_name(row.error)) + ")";
}

const SyscallRow* find_call(std::string_view word, Arch arch) {
  i32 number = -1;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool by_number = error == std::errc() && end == word.data() + word.size() && number >= 0;
  return by_number ? find_syscall(arch, number) : find_syscall(word);
}

std::string no_such_call(std::string_view word, Arch arch) {
  std::vector<std::string> names;
  for (const SyscallRow& row : syscall_rows()) names.emplace_back(row.name);
  const std::vector<std::string_view> near = nearest_names(word, names);
  std::string out = "no system call '" + std::string(word) + "' on " + std::string(name_of(arch));
  if (near.empty()) return out + "; 'limen syscalls' lists all";
  out += "; did you mean ";
  for (usize i = 0; i < near.size(); ++i) {
    out += (i == 0 ? "'" : i + 1 == near.size() ? " or '" : ", '") + std::string(near[i]) + "'";
  }
  return out + "?";
}

}  // namespace limen::cli
