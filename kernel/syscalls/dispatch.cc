#include <algorithm>
#include <array>
#include <utility>

#include "base/heap.h"
#include "kernel/kernel.h"
#include "kernel/mm/userfault_file.h"
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

// Calls that end, let go or say something: they go on when the kernel holds all that it may hold for its guests.
constexpr auto kLetsGo = [] {
  std::array<bool, kSyscallEnd> table{};
  constexpr std::string_view kNames[] = {
      "read",         "readv",           "recvfrom",       "recvmsg",   "write",      "writev",
      "close",        "close_range",     "munmap",         "exit",      "exit_group", "execve",
      "execveat",     "wait4",           "waitid",         "kill",      "tkill",      "tgkill",
      "rt_sigaction", "rt_sigreturn",    "rt_sigprocmask", "unlink",    "unlinkat",   "rmdir",
      "removexattr",  "futex",           "sched_yield",    "nanosleep", "ftruncate",  "timer_delete",
      "epoll_wait",   "clock_nanosleep", "epoll_pwait",    "poll",      "getpid",     "shutdown",
      "umount2",      "set_tid_address"};
#define SYSCALL(name, x64, i386, arm64, families, level, reason, ...) \
  for (const std::string_view known : kNames) {                       \
    if (known == #name) table[x64] = true;                            \
  }
#define ABSENT(...)
#include "abi/syscalls.def"
#undef SYSCALL
#undef ABSENT
  return table;
}();

// Objects have limits of their own; this one holds for all of them together. As Linux with a memory cgroup's limit of
// kernel memory: ENOMEM.
bool holds_too_much(const Kernel& kernel) {
  constexpr u64 kLeast = 64 << 20;
  return heap_in_use() > std::max(kLeast, kernel.options().limits.memory / 2);
}

// userfaultfd(2): a call that met a page which a program is to bring has failed and left no trace; so it begins again when the page is
// there, or after a signal.
bool wait_for_page(Task& task, Result<i64>& result) {
  const std::optional<FaultOutcome> met = take_userfault();
  if (!result.is(Errno::efault) || !wait_for_user(task, *met)) return false;
  if (!task.signal_pending()) return true;
  result = Errno::erestartnointr;
  return false;
}

}  // namespace

Result<i64> dispatch(Task& task, u64 nr, const u64 (&args)[6]) {
  nr = static_cast<u32>(nr);  // Linux: an int. A filter has judged no more of it either
  if (nr >= kSyscallEnd || !kEntries[nr].exists) [[unlikely]]
    return Errno::enosys;
  if (const auto& broken = task.kernel().options().mutation; broken && broken->nr == nr) [[unlikely]]
    return broken->result < 0 ? Result<i64>(static_cast<Errno>(-broken->result)) : Result<i64>(broken->result);
  if (holds_too_much(task.kernel()) && !kLetsGo[nr]) [[unlikely]]
    return Errno::enomem;
  const Handler handler = kHandlers[nr];
  if (handler == nullptr || kEntries[nr].partial) [[unlikely]]
    task.kernel().met_missing(*find_syscall(Arch::x86_64, static_cast<i64>(nr)));
  if (handler == nullptr) return kEntries[nr].error;
  Result<i64> result = handler(task, args);
  while (has_met_userfault()) [[unlikely]] {
      if (!wait_for_page(task, result)) return result;
      result = handler(task, args);
    }
  return result;
}

}  // namespace limen
