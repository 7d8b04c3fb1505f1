// The wrappers made from host_calls.def:
//
//   const int fd = static_cast<int>(TRY(host::call::memfd_create("arena", MFD_CLOEXEC)));
//
// Each returns what the system call returns, or its errno. EINTR is an error like any other. No wrapper is a
// cancellation point, allocates or locks.
#pragma once

#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <csignal>
#include <type_traits>

#include "base/result.h"
#include "base/types.h"
#include "gate/wire/layout.h"
#include "host/rules.h"

// Newer than Debian 12's headers (Linux 6.6).
#define LIMEN_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)

namespace limen::host {

// The bare instruction: a negative errno on failure.
inline long raw_syscall(long nr, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

namespace detail {
template <typename T>
long as_long(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<long>(value);
  } else if constexpr (std::is_null_pointer_v<T>) {
    return 0;
  } else {
    static_assert(std::is_integral_v<T> || std::is_enum_v<T>);
    return static_cast<long>(value);
  }
}

inline Result<i64> checked(long result) {
  if (result < 0 && result >= -4095) return static_cast<Errno>(-result);
  return static_cast<i64>(result);
}
}  // namespace detail

namespace call {
#define HOST_CALL(name, arguments, reason)                                  \
  template <typename... A>                                                  \
  Result<i64> name(A... a) {                                                \
    using namespace rules;                                                  \
    constexpr rules::Args kArgs = arguments;                                \
    static_assert(sizeof...(A) == kArgs.count, "see host_calls.def");       \
    return detail::checked(raw_syscall(SYS_##name, detail::as_long(a)...)); \
  }
#define HOST_ALSO(name, arguments, reason)
#define HOST_LIBC(name, arguments, reason)
#include "host/host_calls.def"
#undef HOST_CALL
#undef HOST_ALSO
#undef HOST_LIBC
}  // namespace call

}  // namespace limen::host
