#include "kernel/trace/errors.h"

#include <algorithm>
#include <array>
#include <vector>

#include "abi/errors.h"
#include "abi/syscalls.h"

namespace limen {
namespace {

using enum Errno;

// What a caller that makes no mistake may meet, since it depends on others, on devices, on limits and on what there is. The rest of
// what abi/errors.def lists (EBADF, EFAULT, EINVAL...) tells of a call that was wrong: that is for the program's own tests.
constexpr Errno kOfTheWorld[] = {
    eintr,     eio,         enospc,       edquot,   epipe,      eagain,        enomem,     emfile,
    enfile,    eacces,      enoent,       eperm,    ebusy,      erofs,         exdev,      eexist,
    etxtbsy,   e2big,       efbig,        enobufs,  enodata,    econnrefused,  econnreset, econnaborted,
    etimedout, enetunreach, ehostunreach, enotconn, eaddrinuse, eaddrnotavail, eopnotsupp, enotempty};

std::vector<Errno> errors_of(const SyscallRow& row) {
  std::vector<Errno> errors;
  for (const ErrorCause& cause : syscall_facts(row).errors) {
    const bool known = std::find(errors.begin(), errors.end(), cause.error) != errors.end();
    if (!known && std::find(std::begin(kOfTheWorld), std::end(kOfTheWorld), cause.error) != std::end(kOfTheWorld))
      errors.push_back(cause.error);
  }
  return errors;
}

}  // namespace

std::span<const Errno> possible_errors(u64 nr) {
  static const auto by_number = [] {
    std::array<std::vector<Errno>, kSyscallEnd> table;
    for (const SyscallRow& row : syscall_rows()) {
      if (row.x86_64 >= 0) table[static_cast<usize>(row.x86_64)] = errors_of(row);
    }
    return table;
  }();
  return nr < kSyscallEnd ? std::span<const Errno>(by_number[nr]) : std::span<const Errno>();
}

}  // namespace limen
