// The table of system calls in words: what `limen syscalls` and `limen explain` both say of a row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "abi/syscalls.h"

namespace limen::cli {

struct NamedArch {
  Arch arch;
  std::string_view name;
};
inline constexpr NamedArch kArches[] = {{Arch::x86_64, "x86_64"}, {Arch::i386, "i386"}, {Arch::aarch64, "aarch64"}};
// "x86_64", "x86-64", "i386", "aarch64", "arm64"; UsageError for others.
Arch parse_arch(std::string_view word);

i32 number_on(const SyscallRow& row, Arch arch);  // -1: it has no such call
std::string number_text(i32 number);              // "-" for none
std::vector<std::string> family_names(Family set);
std::string level_text(const SyscallRow& row);    // "full", "partial", "absent"
std::string support_text(const SyscallRow& row);  // "absent (ENOSYS)"

// The call of this name, or of this number on `arch`. Null: there is none.
const SyscallRow* find_call(std::string_view word, Arch arch);
// "no system call 'opnat' on x86_64; did you mean 'openat'?"
std::string no_such_call(std::string_view word, Arch arch);

}  // namespace limen::cli
