// Paths for files that have no name in any directory: pipes, sockets, eventfd, memfd. They are in a mount of no
// namespace, have an inode of their own that fstat(2) can tell of, and a name for /proc/PID/fd.
//
//   Path path = anon_path(task, "pipe:", abi::s_ififo | 0600);                 // "pipe:[123]", 123 being its inode
//   Path path = anon_path(task, "anon_inode:[eventpoll]", 0600);
//
// A name that ends in ':' gets the inode number in brackets. The inode belongs to the caller's fsuid and fsgid.
// `reopen` answers open(2) of /proc/PID/fd/N, after the permission check; without it that is ENXIO, as for sockets. It must not
// hold the file, which holds the inode. Nothing blocks or fails. Source: fs/pipe.c, net/socket.c, fs/anon_inodes.c (d_dname).
#pragma once

#include <functional>
#include <string_view>

#include "kernel/vfs/path.h"

namespace limen {

class File;
class Kernel;
class Task;

using AnonReopen = std::function<Result<Ref<File>>(const Path& path, u32 flags)>;
Path anon_path(Task& task, std::string_view name, u32 mode, AnonReopen reopen = nullptr);
// Owned by root: made by the kernel itself.
Path anon_path(Kernel& kernel, std::string_view name, u32 mode, AnonReopen reopen = nullptr);

}  // namespace limen
