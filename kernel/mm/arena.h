// The arena: all memory that a guest can write, as pages of one file that the kernel has mapped too (platform.h).
//
//   const ArenaRange r = TRY(arena.allocate(length));   // zeroed, one reference on each page
//   ... map it, share it (ref), and when it is proved unmapped:
//   arena.unref(r);
//
// Pages are reference-counted: fork shares them, a tmpfs file and its mappings share them. A page whose last reference goes
// is recycled warm inside the sandbox or given back to the host; the caller has proved before that no guest mapping
// of it is left (invariant 6: Space::apply returned, or the process is dead).
// Charged: the sum of granted pages never exceeds the sandbox's memory limit (enomem). Warm pages that nobody owns count
// against the limit only until an owner wants the room.
// Locks: rank `arena`; never held while pages are zeroed or the host is asked.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/lock.h"
#include "base/result.h"
#include "kernel/settings.h"
#include "platform/platform.h"

namespace limen {

struct ArenaRange {
  u64 offset = 0;  // in the arena, whole pages
  u64 length = 0;
  u64 end() const { return offset + length; }
  bool operator==(const ArenaRange&) const = default;
};

class Arena {
 public:
  static constexpr u64 kAnywhere = ~u64{0};
  // Zeroed, or whatever a former owner left: only for a caller who overwrites each page before any guest sees it.
  enum class Fill : u8 { zeroed, stale };
  struct Grant {
    ArenaRange range;
    bool warm = false;   // resident: to map them present costs little, and saves their faults
    bool stale = false;  // asked for Fill::stale, and some pages hold old bytes
  };

  // `largest_mapping`: what one private mapping may ask for at most, where that is more than the limit.
  Arena(platform::Platform& platform, u64 limit_bytes, u64 largest_mapping = 0);
  ~Arena();

  // A contiguous, zeroed range with one reference on each page. Sparse: costs memory only where touched. enomem.
  // `near`: the offset that would let the host merge this range with a neighbour, taken where it is free.
  Result<ArenaRange> allocate(u64 length, u64 near = kAnywhere);
  Result<Grant> allocate_as(u64 length, u64 near, Fill fill);
  void ref(ArenaRange range);
  void unref(ArenaRange range);      // proved unmapped where this is the last reference
  u32 references(u64 offset) const;  // of one page: 1 means that a copy-on-write owner may write in place
  // How many pages from the range's start (or, backwards, from its end) have exactly one reference.
  u64 sole_pages(ArenaRange range) const;
  u64 sole_pages_backwards(ArenaRange range) const;
  // The pages read as zero afterwards and cost nothing until touched; mappings and references stay (MADV_DONTNEED, MADV_REMOVE).
  void reset(ArenaRange range) { platform_.arena_discard(range.offset, range.length); }
  // Which pages were touched, one byte for each, as mincore(2). Where the host does not tell: all of them.
  void residency(ArenaRange range, u8* pages) const;
  // Gives the warm pages back to the host (idle, memory pressure).
  void trim();
  u8* at(u64 offset) { return platform_.arena_base() + offset; }  // copy by platform::safe_copy

  // platform::Platform::arena_write.
  Result<usize> write(u64 offset, std::span<const std::span<u8>> from) { return platform_.arena_write(offset, from); }

  MemorySettings settings;
  // What private writable memory of all address spaces could become at most (/proc/meminfo: Committed_AS), and what it may be where
  // vm.overcommit_memory is 2: no bound else.
  std::atomic<u64> committed{0};
  u64 commit_limit() const;
  bool may_commit(u64 more) const;
  u64 limit() const { return limit_; }
  u64 largest_mapping() const { return largest_mapping_; }
  u64 granted() const;   // bytes with an owner
  u64 resident() const;  // bytes that were touched, as far as known: granted and warm ones

  // Numbers for objects that need an identity for as long as the sandbox lives: address spaces, page stores.
  u64 next_id() { return next_id_.fetch_add(1, std::memory_order_relaxed); }

 private:
  // Reference counts of 16 MiB of the arena; exists while one of its pages has an owner.
  static constexpr u64 kChunkPages = 4096;
  struct Chunk {
    u32 owned = 0;
    u32 counts[kChunkPages] = {};
  };
  using Free = std::map<u64, u64>;  // offset -> length, never two that touch

  static bool take(Free& from, u64 offset, u64 length);
  static void put(Free& to, u64 offset, u64 length);
  u64 find_cold(u64 length) REQUIRES(lock_);
  u64 find_warm(u64 length) const REQUIRES(lock_);
  u32& count(u64 page) REQUIRES(lock_);
  void own(ArenaRange range) REQUIRES(lock_);
  void release(ArenaRange range) EXCLUDES(lock_);
  std::vector<ArenaRange> take_excess_warm(u64 bound) REQUIRES(lock_);
  void give_back(const std::vector<ArenaRange>& ranges) EXCLUDES(lock_);

  platform::Platform& platform_;
  const u64 limit_;
  const u64 largest_mapping_;
  const u64 warm_bound_;
  std::atomic<u64> next_id_{1};
  mutable Mutex lock_{LockRank::arena};
  Free cold_ GUARDED_BY(lock_);  // never touched, or given back
  Free warm_ GUARDED_BY(lock_);  // resident, with stale bytes: zeroed when they find an owner
  u64 warm_bytes_ GUARDED_BY(lock_) = 0;
  u64 cursor_ GUARDED_BY(lock_) = 0;  // where the next cold range is looked for: leaves room to grow behind the last
  std::vector<std::unique_ptr<Chunk>> chunks_ GUARDED_BY(lock_);
  u64 granted_ GUARDED_BY(lock_) = 0;
};

}  // namespace limen
