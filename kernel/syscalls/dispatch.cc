#include <array>
#include <utility>

#include "kernel/kernel.h"
#include "kernel/syscalls/syscalls.h"
#include "kernel/task/task.h"

namespace limen {
namespace {

using Handler = Result<i64> (*)(Task& task, const u64 (&args)[6]);

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

// Handlers by x86-64 number; null where absent.
constexpr auto kHandlers = [] {
  std::array<Handler, kSyscallEnd> table{};
#define SYSCALL(name, x64, i386, arm64, families, level, reason, ...) table[x64] = &Thunk<&sys_##name>::call;
#define ABSENT(...)
#include "abi/syscalls.def"
#undef SYSCALL
#undef ABSENT
  return table;
}();

// What dispatch must know of a number without a handler, or with a partial one.
struct Entry {
  bool exists = false;
  bool partial = false;
  Errno error{};
};
constexpr auto kEntries = [] {
  constexpr bool full = false, partial = true;
  std::array<Entry, kSyscallEnd> table{};
#define SYSCALL(name, x64, i386, arm64, families, level, reason, ...) table[x64] = {true, level, Errno{}};
#define ABSENT(name, x64, i386, arm64, families, error, reason, ...) \
  if (x64 >= 0) table[x64 < 0 ? 0 : x64] = {true, false, Errno::error};
#include "abi/syscalls.def"
#undef SYSCALL
#undef ABSENT
  (void)full, (void)partial;
  return table;
}();

}  // namespace

Result<i64> dispatch(Task& task, u64 nr, const u64 (&args)[6]) {
  if (nr >= kSyscallEnd || !kEntries[nr].exists) [[unlikely]]
    return Errno::enosys;
  const Handler handler = kHandlers[nr];
  if (handler == nullptr || kEntries[nr].partial) [[unlikely]]
    task.kernel().met_missing(*find_syscall(Arch::x86_64, static_cast<i64>(nr)));
  if (handler == nullptr) return kEntries[nr].error;
  return handler(task, args);
}

}  // namespace limen
