#include <array>
#include <utility>

#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

// The registers of one call as the typed parameters of its handler.
template <auto Function>
struct Thunk;
template <typename... Params, Result<i64> (*Function)(Task&, Params...)>
struct Thunk<Function> {
  static Result<i64> call(Task& task, const u64 (&args)[6]) {
    static_assert(sizeof...(Params) <= 6);
    return with_indices(task, args, std::index_sequence_for<Params...>{});
  }
  template <usize... I>
  static Result<i64> with_indices(Task& task, [[maybe_unused]] const u64 (&args)[6], std::index_sequence<I...>) {
    return Function(task, from_register<Params>(args[I])...);
  }
};

constexpr SyscallRow kRows[] = {
#define SYSCALL(name, x64, i386, arm64, families, level, reason, ...)                                            \
  {#name, x64, i386, arm64, SupportLevel::level, Errno::enosys, reason, "" #__VA_ARGS__, &Thunk<&sys_##name>::call},
#define ABSENT(name, x64, i386, arm64, families, error, reason, ...) \
  {#name, x64, i386, arm64, SupportLevel::absent, Errno::error, reason, "" #__VA_ARGS__, nullptr},
#include "abi/syscalls.def"
#undef SYSCALL
#undef ABSENT
};

constexpr usize kMostNumbers = 512;

// Number -> index + 1 in kRows; a duplicate number does not compile.
constexpr auto kByNumber = [] {
  std::array<u16, kMostNumbers> table{};
  for (usize i = 0; i < std::size(kRows); ++i) {
    const i32 nr = kRows[i].x86_64;
    if (nr < 0) continue;
    if (table[static_cast<usize>(nr)] != 0) __builtin_trap();  // two rows have one number: not a constant expression
    table[static_cast<usize>(nr)] = static_cast<u16>(i + 1);
  }
  return table;
}();

}  // namespace

std::span<const SyscallRow> syscall_rows() { return kRows; }

const SyscallRow* syscall_row(u64 nr) {
  if (nr >= kMostNumbers || kByNumber[nr] == 0) return nullptr;
  return &kRows[kByNumber[nr] - 1];
}

Result<i64> dispatch(Task& task, u64 nr, const u64 (&args)[6]) {
  const SyscallRow* row = syscall_row(nr);
  if (row == nullptr) return Errno::enosys;
  if (row->level != SupportLevel::full) [[unlikely]] task.kernel().met_missing(*row);
  if (row->handler == nullptr) return row->errno_if_absent;
  return row->handler(task, args);
}

}  // namespace limen
