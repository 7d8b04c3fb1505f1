<<<<<<< HEAD
// Paths for files that have no name in any directory: pipes, sockets, eventfd, memfd. They are in a mount of no
// namespace, have an inode of their own that fstat(2) can tell of, and a name for /proc/PID/fd.
//
//   Path path = anon_path(task, "pipe:", abi::s_ififo | 0600);                 // "pipe:[123]", 123 being its inode
//   Path path = anon_path(task, "anon_inode:[eventpoll]", 0600);
//
// A name that ends in ':' gets the inode number in brackets. The inode belongs to the caller's fsuid and fsgid.
// Nothing blocks or fails. Source: fs/pipe.c, net/socket.c, fs/anon_inodes.c (d_dname).
=======
// Names for files that have none: pipes, sockets, event descriptors. Each call makes a new inode, whose number is in
// the name where Linux puts it there ("pipe:[123]"); a name in brackets ("[eventfd]") is shown as anon_inode:[eventfd].
>>>>>>> d706136 (Pipes, poll and select, futexes, event descriptors)
#pragma once

#include <string_view>

#include "kernel/vfs/path.h"

namespace limen {

class Kernel;
<<<<<<< HEAD
class Task;

Path anon_path(Task& task, std::string_view name, u32 mode);
Path anon_path(Kernel& kernel, std::string_view name, u32 mode);  // owned by root: made by the kernel itself
=======

// `mode` is S_IF* and permissions.
Path anon_path(Kernel& kernel, std::string_view name, u32 mode);
>>>>>>> d706136 (Pipes, poll and select, futexes, event descriptors)

}  // namespace limen
