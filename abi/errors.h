// What abi/errors.def knows beyond a row of abi/syscalls.def: since when a call is there, its page of the manual, and which errors
// Linux gives when. Nothing here blocks or allocates.
//
//   for (const ErrorCause& cause : syscall_facts(row).errors) print(errno_name(cause.error), cause.when);
#pragma once

#include <span>
#include <string_view>

#include "abi/syscalls.h"

namespace limen {

struct ErrorCause {
  Errno error;
  std::string_view when;
};

struct SyscallFacts {
  std::string_view name;
  std::string_view since;  // the first Linux that had it: "2.6.16"
  std::string_view page;   // of section 2 of the manual; "-": none is known
  std::span<const ErrorCause> errors;
};

const SyscallFacts& syscall_facts(const SyscallRow& row);  // a row of syscall_rows()

}  // namespace limen
