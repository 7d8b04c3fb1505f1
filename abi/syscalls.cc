#include "abi/syscalls.h"

#include <algorithm>
#include <array>

namespace limen {
namespace {

constexpr auto make_rows() {
  using enum Family;
  using enum Support;
  return std::to_array<SyscallRow>({
#define SYSCALL(name, x86_64, i386, aarch64, families, level, reason, ...) \
  {#name, x86_64, i386, aarch64, families, level, Errno{}, reason, #__VA_ARGS__},
#define ABSENT(name, x86_64, i386, aarch64, families, errno_, reason, ...) \
  {#name, x86_64, i386, aarch64, families, absent, Errno::errno_, reason, #__VA_ARGS__},
#include "abi/syscalls.def"
  });
}

constexpr auto kRows = make_rows();

constexpr i32 number(const SyscallRow& row, Arch arch) {
  switch (arch) {
    case Arch::x86_64:
      return row.x86_64;
    case Arch::i386:
      return row.i386;
    case Arch::aarch64:
      return row.aarch64;
  }
  return -1;
}

constexpr i16 kNoRow = -1;
using Index = std::array<i16, kSyscallEnd>;

// Row of each number. A number out of range is undefined behaviour and so does not compile.
constexpr Index make_index(Arch arch) {
  Index index{};
  index.fill(kNoRow);
  for (usize i = 0; i < kRows.size(); i++) {
    i32 nr = number(kRows[i], arch);
    if (nr >= 0) index[static_cast<usize>(nr)] = static_cast<i16>(i);
  }
  return index;
}

// Each number that a row names leads back to that row.
constexpr bool numbers_unique(Arch arch, const Index& index) {
  for (usize i = 0; i < kRows.size(); i++) {
    i32 nr = number(kRows[i], arch);
    if (nr >= 0 && index[static_cast<usize>(nr)] != static_cast<i16>(i)) return false;
  }
  return true;
}

constexpr bool reasons_given() {
  return std::ranges::all_of(kRows,
                             [](const SyscallRow& r) { return (r.support == Support::full) == r.reason.empty(); });
}

constexpr Index kX86_64 = make_index(Arch::x86_64);
constexpr Index kI386 = make_index(Arch::i386);
constexpr Index kAarch64 = make_index(Arch::aarch64);
static_assert(numbers_unique(Arch::x86_64, kX86_64), "abi/syscalls.def: an x86_64 number stands twice");
static_assert(numbers_unique(Arch::i386, kI386), "abi/syscalls.def: an i386 number stands twice");
static_assert(numbers_unique(Arch::aarch64, kAarch64), "abi/syscalls.def: an aarch64 number stands twice");
static_assert(std::ranges::is_sorted(kRows, {}, &SyscallRow::x86_64), "abi/syscalls.def: sort by the x86_64 number");
static_assert(reasons_given(), "abi/syscalls.def: a full row has no reason, every other has one");

const Index& index_of(Arch arch) {
  switch (arch) {
    case Arch::i386:
      return kI386;
    case Arch::aarch64:
      return kAarch64;
    case Arch::x86_64:
      break;
  }
  return kX86_64;
}

}  // namespace

std::span<const SyscallRow> syscall_rows() { return kRows; }

const SyscallRow* find_syscall(Arch arch, i64 nr) {
  if (nr < 0 || nr >= kSyscallEnd) return nullptr;
  i16 row = index_of(arch)[static_cast<usize>(nr)];
  return row == kNoRow ? nullptr : &kRows[static_cast<usize>(row)];
}

const SyscallRow* find_syscall(std::string_view name) {
  auto it = std::ranges::find(kRows, name, &SyscallRow::name);
  return it == kRows.end() ? nullptr : &*it;
}

SyscallParam syscall_param(const SyscallRow& row, usize index) {
  std::string_view rest = row.params;
  while (!rest.empty()) {
    usize depth = 0, end = 0;
    for (; end < rest.size() && (depth > 0 || rest[end] != ','); end++) {
      if (rest[end] == '<') depth++;
      if (rest[end] == '>') depth--;
    }
    std::string_view one = rest.substr(0, end);
    if (index-- == 0) {
      usize space = one.rfind(' ');
      return {one.substr(0, space), one.substr(space + 1)};
    }
    rest.remove_prefix(std::min(rest.size(), end + 2));  // ", "
  }
  return {};
}

}  // namespace limen
