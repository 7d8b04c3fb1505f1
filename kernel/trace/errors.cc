#include "kernel/trace/errors.h"

#include <array>
#include <string_view>
#include <vector>

#include "abi/syscalls.h"

namespace limen {
namespace {

using enum Errno;

struct Row {
  std::vector<Errno> errors;
  std::vector<std::string_view> calls;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      {{eintr, eio, eagain}, {"read", "readv", "preadv", "preadv2"}},
      {{eintr, eio}, {"pread64"}},
      {{eintr, eio, enospc, edquot, epipe}, {"write", "writev"}},
      {{eintr, eio, enospc, edquot}, {"pwrite64", "pwritev", "pwritev2"}},
      {{eacces, enoent, emfile, enfile, enomem, eintr}, {"open", "openat", "openat2"}},
      {{enospc, eacces, emfile, enfile, enomem}, {"creat"}},
      {{eintr, eio, enospc}, {"close"}},
      {{eio, enospc, edquot}, {"fsync", "fdatasync", "sync_file_range", "syncfs", "msync"}},
      {{eacces, enoent, enomem},
       {"stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "statfs"}},
      {{enomem}, {"fstat", "fstatfs"}},
      {{enomem}, {"mmap", "brk", "mremap", "mprotect", "mlock", "mlockall", "madvise", "munmap"}},
      {{emfile, enfile},
       {"pipe", "pipe2", "dup", "dup3", "eventfd2", "eventfd", "timerfd_create", "signalfd4", "inotify_init1"}},
      {{ebusy, eintr, emfile}, {"dup2"}},
      {{emfile, enfile, enomem}, {"epoll_create", "epoll_create1", "memfd_create"}},
      {{enomem, enospc}, {"epoll_ctl", "inotify_add_watch"}},
      {{eintr},
       {"epoll_wait", "epoll_pwait", "epoll_pwait2", "nanosleep", "clock_nanosleep", "rt_sigtimedwait", "wait4",
        "waitid", "flock", "semop", "semtimedop"}},
      {{eintr, enomem}, {"poll", "ppoll", "select", "pselect6"}},
      {{eagain, enomem}, {"fork", "vfork", "clone", "clone3"}},
      {{enoent, eacces, e2big, enomem, etxtbsy, eio}, {"execve", "execveat"}},
      {{emfile, enfile, enobufs, enomem}, {"socket", "socketpair"}},
      {{econnrefused, etimedout, enetunreach, eintr}, {"connect"}},
      {{econnaborted, eintr, emfile, enfile, enomem}, {"accept", "accept4"}},
      {{eaddrinuse, eacces}, {"bind", "listen"}},
      {{eintr, econnreset, enobufs, epipe, enomem}, {"sendto", "sendmsg", "sendmmsg"}},
      {{eintr, econnreset, enomem, eagain}, {"recvfrom", "recvmsg", "recvmmsg"}},
      {{enobufs, enomem}, {"setsockopt", "getsockopt", "getsockname", "getpeername"}},
      {{eacces, enospc, edquot, erofs, eexist, enomem},
       {"mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "link", "linkat"}},
      {{eacces, ebusy, erofs, enoent, eio}, {"unlink", "unlinkat", "rmdir"}},
      {{eacces, enospc, erofs, exdev, ebusy}, {"rename", "renameat", "renameat2"}},
      {{eacces, eio, enoent, enomem}, {"chdir", "fchdir", "readlink", "readlinkat", "getdents64", "getcwd"}},
      {{eperm, erofs, eio, enomem},
       {"chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "utimensat"}},
      {{eintr, eio, enospc, efbig}, {"ftruncate", "truncate", "fallocate"}},
      {{eio, enomem, eintr, enospc}, {"sendfile", "splice", "copy_file_range", "tee", "vmsplice"}},
      {{eintr, eagain, enosys}, {"getrandom"}},
      {{enodata, eopnotsupp, erange}, {"getxattr", "lgetxattr", "fgetxattr"}},
      {{enospc, edquot, eopnotsupp, eperm}, {"setxattr", "lsetxattr", "fsetxattr"}},
      {{enomem, enospc, eacces}, {"shmget", "semget", "msgget", "shmat"}},
      {{eagain, eintr, enomem}, {"msgsnd", "mq_timedsend", "timer_create"}},
      {{eperm, eagain},
       {"setuid", "setgid", "setresuid", "setresgid", "setgroups", "prlimit64", "setrlimit", "setpriority"}},
  };
  return table;
}

}  // namespace

std::span<const Errno> possible_errors(u64 nr) {
  static const auto by_number = [] {
    std::array<std::span<const Errno>, kSyscallEnd> table{};
    for (const Row& row : rows()) {
      for (const std::string_view name : row.calls) table[static_cast<usize>(find_syscall(name)->x86_64)] = row.errors;
    }
    return table;
  }();
  return nr < kSyscallEnd ? by_number[nr] : std::span<const Errno>();
}

}  // namespace limen
