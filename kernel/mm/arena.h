// The arena: all memory that a guest can write, as pages of one file that the kernel has mapped too (platform.h).
//
// Pages are reference-counted: fork shares them, a tmpfs file and its mappings share them. A page whose last reference goes
// is recycled warm inside the sandbox or given back to the host; the caller has proved before that no guest mapping
// of it is left (invariant 6: Space::apply returned, or the process is dead).
// Charged: the sum of granted pages never exceeds the sandbox's memory limit (enomem).
// Locks: rank `arena`.
#pragma once

#include <map>
#include <vector>

#include "base/lock.h"
#include "base/result.h"
#include "platform/platform.h"

namespace limen {

struct ArenaRange {
  u64 offset = 0;  // in the arena, whole pages
  u64 length = 0;
};

class Arena {
 public:
  Arena(platform::Platform& platform, u64 limit_bytes);

  // A contiguous, zeroed range with one reference on each page. Sparse: costs memory only where touched. enomem.
  Result<ArenaRange> allocate(u64 length);
  void ref(ArenaRange range);
  void unref(ArenaRange range);      // proved unmapped where this is the last reference
  u32 references(u64 offset) const;  // of one page: 1 means that a copy-on-write owner may write in place
  u8* at(u64 offset) { return platform_.arena_base() + offset; }  // copy by platform::safe_copy

  u64 limit() const { return limit_; }
  u64 granted() const;   // bytes with an owner
  u64 resident() const;  // bytes that were touched, as far as known

 private:
  platform::Platform& platform_;
  const u64 limit_;
  mutable Mutex lock_{LockRank::arena};
  // Free ranges: offset -> length, and per-page reference counts (kernel/mm/arena.cc).
  std::map<u64, u64> free_ GUARDED_BY(lock_);
  std::vector<u32> references_ GUARDED_BY(lock_);
  u64 granted_ GUARDED_BY(lock_) = 0;
};

}  // namespace limen
