// The first mount tree of a sandbox, made before the kernel process locks itself down.
//
// Beneath everything the overlay of a host directory; over it tmpfs on /tmp, /run and /dev/shm, the volumes, and whatever filesystems the
// caller brings (/proc, /sys, /dev). Places that are not there are made in the memory layer.
// Fails with the host's errno for a directory that cannot be opened.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernel/vfs/hidden_names.h"
#include "kernel/vfs/path.h"

namespace limen {

class Kernel;

struct MountPlan {
  struct VolumePlan {
    std::string host;   // absolute, symlinks resolved: a directory or a file
    std::string guest;  // absolute
    bool writable = false;
  };
  struct FilesystemPlan {
    std::string guest;
    Ref<Filesystem> filesystem;
    u32 flags = 0;  // kMount*
    std::string source;
  };
  std::string root = "/";  // host directory
  std::vector<VolumePlan> volumes;
  std::vector<std::string> hidden;         // guest paths
  std::vector<std::string> hidden_absent;  // guest paths where nothing is; cheaper than `hidden`
  std::vector<HiddenNames> hidden_names;   // the same where a directory's own names tell it; cheaper still
  std::vector<std::string> tmpfs = {"/tmp", "/run", "/dev/shm"};
  std::string start;  // where the first process starts: the host's directory shows even beneath one of the tmpfs
  std::vector<FilesystemPlan> filesystems;  // mounted first: they may hold places of the others
  std::vector<std::string> unchanging = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc"};  // on the host
};

struct Mounts {
  Ref<MountNamespace> space;
  bool start_is_there = true;  // MountPlan::start is a directory
};

Result<Mounts> make_mounts(Kernel& kernel, const MountPlan& plan);

}  // namespace limen
