// The one error vocabulary: Linux's errno values, spelled as in errno(3), lower case
// because the host's <errno.h> owns the upper-case names as macros.
// Source: include/uapi/asm-generic/errno-base.h, errno.h; include/linux/errno.h (512 on).
#pragma once

#include <cstdint>
#include <string_view>

namespace limen {

// Each row: X(enumerator, number, text of strerror(3)).
#define LIMEN_ERRNOS(X)                                                       \
  X(eperm, 1, "Operation not permitted")                                      \
  X(enoent, 2, "No such file or directory")                                   \
  X(esrch, 3, "No such process")                                              \
  X(eintr, 4, "Interrupted system call")                                      \
  X(eio, 5, "Input/output error")                                             \
  X(enxio, 6, "No such device or address")                                    \
  X(e2big, 7, "Argument list too long")                                       \
  X(enoexec, 8, "Exec format error")                                          \
  X(ebadf, 9, "Bad file descriptor")                                          \
  X(echild, 10, "No child processes")                                         \
  X(eagain, 11, "Resource temporarily unavailable")                           \
  X(enomem, 12, "Cannot allocate memory")                                     \
  X(eacces, 13, "Permission denied")                                          \
  X(efault, 14, "Bad address")                                                \
  X(enotblk, 15, "Block device required")                                     \
  X(ebusy, 16, "Device or resource busy")                                     \
  X(eexist, 17, "File exists")                                                \
  X(exdev, 18, "Invalid cross-device link")                                   \
  X(enodev, 19, "No such device")                                             \
  X(enotdir, 20, "Not a directory")                                           \
  X(eisdir, 21, "Is a directory")                                             \
  X(einval, 22, "Invalid argument")                                           \
  X(enfile, 23, "Too many open files in system")                              \
  X(emfile, 24, "Too many open files")                                        \
  X(enotty, 25, "Inappropriate ioctl for device")                             \
  X(etxtbsy, 26, "Text file busy")                                            \
  X(efbig, 27, "File too large")                                              \
  X(enospc, 28, "No space left on device")                                    \
  X(espipe, 29, "Illegal seek")                                               \
  X(erofs, 30, "Read-only file system")                                       \
  X(emlink, 31, "Too many links")                                             \
  X(epipe, 32, "Broken pipe")                                                 \
  X(edom, 33, "Numerical argument out of domain")                             \
  X(erange, 34, "Numerical result out of range")                              \
  X(edeadlk, 35, "Resource deadlock avoided")                                 \
  X(enametoolong, 36, "File name too long")                                   \
  X(enolck, 37, "No locks available")                                         \
  X(enosys, 38, "Function not implemented")                                   \
  X(enotempty, 39, "Directory not empty")                                     \
  X(eloop, 40, "Too many levels of symbolic links")                           \
  X(enomsg, 42, "No message of desired type")                                 \
  X(eidrm, 43, "Identifier removed")                                          \
  X(enostr, 60, "Device not a stream")                                        \
  X(enodata, 61, "No data available")                                         \
  X(etime, 62, "Timer expired")                                               \
  X(enolink, 67, "Link has been severed")                                     \
  X(eproto, 71, "Protocol error")                                             \
  X(ebadmsg, 74, "Bad message")                                               \
  X(eoverflow, 75, "Value too large for defined data type")                   \
  X(ebadfd, 77, "File descriptor in bad state")                               \
  X(elibbad, 80, "Accessing a corrupted shared library")                      \
  X(eilseq, 84, "Invalid or incomplete multibyte or wide character")          \
  X(eusers, 87, "Too many users")                                             \
  X(enotsock, 88, "Socket operation on non-socket")                           \
  X(edestaddrreq, 89, "Destination address required")                         \
  X(emsgsize, 90, "Message too long")                                         \
  X(eprototype, 91, "Protocol wrong type for socket")                         \
  X(enoprotoopt, 92, "Protocol not available")                                \
  X(eprotonosupport, 93, "Protocol not supported")                            \
  X(esocktnosupport, 94, "Socket type not supported")                         \
  X(eopnotsupp, 95, "Operation not supported")                                \
  X(epfnosupport, 96, "Protocol family not supported")                        \
  X(eafnosupport, 97, "Address family not supported by protocol")             \
  X(eaddrinuse, 98, "Address already in use")                                 \
  X(eaddrnotavail, 99, "Cannot assign requested address")                     \
  X(enetdown, 100, "Network is down")                                         \
  X(enetunreach, 101, "Network is unreachable")                               \
  X(econnaborted, 103, "Software caused connection abort")                    \
  X(econnreset, 104, "Connection reset by peer")                              \
  X(enobufs, 105, "No buffer space available")                                \
  X(eisconn, 106, "Transport endpoint is already connected")                  \
  X(enotconn, 107, "Transport endpoint is not connected")                     \
  X(eshutdown, 108, "Cannot send after transport endpoint shutdown")          \
  X(etoomanyrefs, 109, "Too many references: cannot splice")                  \
  X(etimedout, 110, "Connection timed out")                                   \
  X(econnrefused, 111, "Connection refused")                                  \
  X(ehostdown, 112, "Host is down")                                           \
  X(ehostunreach, 113, "No route to host")                                    \
  X(ealready, 114, "Operation already in progress")                           \
  X(einprogress, 115, "Operation now in progress")                            \
  X(estale, 116, "Stale file handle")                                         \
  X(edquot, 122, "Disk quota exceeded")                                       \
  X(ecanceled, 125, "Operation canceled")                                     \
  X(enokey, 126, "Required key not available")                                \
  X(ekeyexpired, 127, "Key has expired")                                      \
  X(ekeyrevoked, 128, "Key has been revoked")                                 \
  X(eownerdead, 130, "Owner died")                                            \
  X(enotrecoverable, 131, "State not recoverable")                            \
  /* Never seen by a guest: how an interrupted call wants to go on          \
     (kernel/signal/deliver.cc turns them into EINTR or a restart). */ \
  X(erestartsys, 512, "Interrupted; restart if SA_RESTART")                   \
  X(erestartnointr, 513, "Interrupted; always restart")                       \
  X(erestartnohand, 514, "Interrupted; restart if no handler ran")            \
  X(enoioctlcmd, 515, "No ioctl command")                                     \
  X(erestart_restartblock, 516, "Interrupted; restart by restart_syscall")

enum class Errno : int32_t {
#define LIMEN_ERRNO_ENUM(name, number, text) name = number,
  LIMEN_ERRNOS(LIMEN_ERRNO_ENUM)
#undef LIMEN_ERRNO_ENUM
};

// "ENOENT" and "No such file or directory"; for numbers outside the table
// "E???" and "Unknown error".
std::string_view errno_name(Errno e);
std::string_view errno_text(Errno e);

}  // namespace limen
