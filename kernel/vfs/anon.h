// Paths for files that have no name in any directory: pipes, sockets, eventfd, memfd. They are in a mount of no
// namespace, have an inode of their own that fstat(2) can tell of, and a name for /proc/PID/fd.
//
//   Path path = anon_path(task, "pipe:", abi::s_ififo | 0600);                 // "pipe:[123]", 123 being its inode
//   Path path = anon_path(task, "anon_inode:[eventpoll]", 0600);
//
// A name that ends in ':' gets the inode number in brackets. The inode belongs to the caller's fsuid and fsgid.
// Nothing blocks or fails. Source: fs/pipe.c, net/socket.c, fs/anon_inodes.c (d_dname).
#pragma once

#include <string_view>

#include "kernel/vfs/path.h"

namespace limen {

class Kernel;
class Task;

Path anon_path(Task& task, std::string_view name, u32 mode);
Path anon_path(Kernel& kernel, std::string_view name, u32 mode);  // owned by root: made by the kernel itself

}  // namespace limen
