// The platform that runs guests in host processes ("stubs") under seccomp.
#pragma once

#include "host/handle.h"
#include "platform/platform.h"

namespace limen::platform {

struct Options {
  // Size of the arena's address range. Sparse: only touched pages cost memory.
  u64 arena_size = u64{256} << 30;
  // A file on the sandbox's own sized tmpfs to hold the arena, at least arena_size long and sealed against
  // shrinking or reachable by nobody else. Without it: a memory file.
  host::Handle arena_file;
  // Prepared guest processes that are kept waiting.
  u32 ready_stubs = 2;
  // A file whose first page every guest's process has, read-only, at LIMEN_PUBLIC_PAGE (gate/wire/time_page.h); -1: none, and no
  // answers of time and names. It stays open.
  int public_page = -1;
  // Whether guests may come through patched sites (platform/patch.h); else every call is a trap.
  bool patching = true;
};

// Must be called early, while the process has one thread, and by a thread that never ends while the platform is in
// use: guest processes die with it. Installs the safe_copy handler. Errors: those of fork, mmap, memfd_create;
// enosys when the host lacks FSGSBASE or seccomp's user notification.
Result<std::unique_ptr<Platform>> make_stub_platform(Options options = {});

}  // namespace limen::platform
