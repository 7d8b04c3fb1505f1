// The rows of abi/syscalls.def as data: for `limen syscalls`, the names in profiles, filters and traces.
// Dispatch includes the .def itself. Nothing here blocks or allocates.
//
//   if (const SyscallRow* row = find_syscall(Arch::x86_64, nr)) name = row->name;
#pragma once

#include <span>
#include <string_view>

#include "base/errno.h"
#include "base/types.h"

namespace limen {

enum class Arch : u8 { x86_64, i386, aarch64 };

// strace's classes of calls: a call may be in several.
enum class Family : u32 {
  desc = 1u << 0,     // takes or makes a file descriptor
  file = 1u << 1,     // takes a path
  process = 1u << 2,  // process life cycle and scheduling
  network = 1u << 3,
  memory = 1u << 4,
  ipc = 1u << 5,  // System V, POSIX queues, futexes
  signal = 1u << 6,
  creds = 1u << 7,   // user and group ids, capabilities
  stat = 1u << 8,    // stat and its variants
  statfs = 1u << 9,  // statfs and its variants
  clock = 1u << 10,
  misc = 1u << 11,
};
constexpr Family operator|(Family a, Family b) {
  return static_cast<Family>(static_cast<u32>(a) | static_cast<u32>(b));
}
constexpr bool in_family(Family set, Family f) { return (static_cast<u32>(set) & static_cast<u32>(f)) != 0; }

enum class Support : u8 { absent, partial, full };

struct SyscallRow {
  std::string_view name;
  i32 x86_64;  // -1: this architecture has no call of this name
  i32 i386;
  i32 aarch64;
  Family families;
  Support support;
  Errno error;              // what an absent call answers; of the others, Errno{}
  std::string_view reason;  // why not full; "" for full
  std::string_view params;  // "Fd fd, UserBytes<Out> buf, usize count"
};

inline constexpr i32 kSyscallEnd = 472;  // one past the highest number of any architecture

std::span<const SyscallRow> syscall_rows();  // in the order of x86_64 numbers
const SyscallRow* find_syscall(Arch arch, i64 nr);
const SyscallRow* find_syscall(std::string_view name);

// One parameter out of SyscallRow::params: {"UserBytes<Out>", "buf"}. Empty past the last.
struct SyscallParam {
  std::string_view type;
  std::string_view name;
};
SyscallParam syscall_param(const SyscallRow& row, usize index);

}  // namespace limen
