// Landlock for the kernel process: whatever it may be made to ask for, the host opens nothing for it outside the
// directories that it was given, and writes nothing outside those that are writable. Seccomp says which calls; this says
// which files, sockets and processes.
//
//   restrict_files({{root.fd(), Reach::read}, {volume.fd(), Reach::read_write}});   // before the first thread starts
//
// Where the host has no Landlock (before Linux 5.13, or not enabled) this is enosys or eopnotsupp, and seccomp holds alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace limen::host {

enum class Reach : u8 { read, read_write };

struct ReachableTree {
  std::string path;  // absolute, on the host; a directory or a file
  Reach reach = Reach::read;
};

// Before Linux 5.19 also where a tree is writable: its renames would not work.
// Restricts this thread and all that it will start. What is open already stays usable; files in memory are not concerned.
// Sets no_new_privs. A path that cannot be opened is left out: then nothing beneath it can be opened later either.
Result<void> restrict_files(std::span<const ReachableTree> trees);

// The version of the host's Landlock; enosys, eopnotsupp.
Result<int> landlock_version();

}  // namespace limen::host
