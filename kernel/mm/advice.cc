// madvise(2), mincore(2), mlock(2), mseal(2), names of anonymous memory, and what a store takes away.
#include <algorithm>

#include "abi/mman.h"
#include "kernel/mm/address_space.h"

namespace limen {
namespace {

// A fork flag, a dump flag: what an advice only writes down. False: the advice is of another kind.
bool remembered(int advice, u32& set, u32& clear) {
  switch (advice) {
    case abi::madv_dontfork:
      set = kVmaDontFork;
      return true;
    case abi::madv_dofork:
      clear = kVmaDontFork;
      return true;
    case abi::madv_wipeonfork:
      set = kVmaWipeOnFork;
      return true;
    case abi::madv_keeponfork:
      clear = kVmaWipeOnFork;
      return true;
    case abi::madv_dontdump:
      set = kVmaDontDump;
      return true;
    case abi::madv_dodump:
      clear = kVmaDontDump;
      return true;
    default:
      return false;
  }
}

// What is lost by it cannot be had again. Linux: mm/madvise.c:is_discard.
bool discards(int advice) {
  switch (advice) {
    case abi::madv_free:
    case abi::madv_dontneed:
    case abi::madv_dontneed_locked:
    case abi::madv_remove:
    case abi::madv_dontfork:
    case abi::madv_wipeonfork:
    case abi::madv_guard_install:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<void> AddressSpace::check_mapped(u64 start, u64 end) const {
  for (u64 at = start; at < end;) {
    const auto vma = find_vma(at);
    if (vma == vmas_.end()) return Errno::enomem;
    at = vma->second.end;
  }
  return success;
}

// Linux: mm/madvise.c:madvise_walk_vmas: goes on past holes and says ENOMEM at the end; other errors end it.
Result<void> AddressSpace::advise(u64 start, u64 end, int advice) {
  Result<void> verdict = success;
  for (u64 at = start; at < end;) {
    const auto it = vma_from(at);
    if (it == vmas_.end() || it->first >= end) return Errno::enomem;
    if (it->first > at) verdict = Errno::enomem;
    const u64 from = std::max(at, it->first), to = std::min(end, it->second.end);
    at = to;
    const Vma& vma = it->second;
    // Who could not write it does not empty it. Linux: can_madvise_modify.
    const bool kept = (vma.flags & kVmaSealed) != 0 && !vma.shared() && (vma.prot & platform::kProtWrite) == 0;
    if (kept && discards(advice)) return Errno::eperm;
    u32 set = 0, clear = 0;
    if (remembered(advice, set, clear)) {
      if (advice == abi::madv_wipeonfork && (vma.object || vma.shared())) return Errno::einval;
      if (advice == abi::madv_dofork && (vma.flags & kVmaSpecial) != 0) return Errno::einval;
      if (vmas_.size() + 2 > arena_.settings.max_map_count) return Errno::enomem;
      Vma changed = vma;
      if (changed.object) changed.offset += from - it->first;
      changed.end = to;
      changed.flags = (changed.flags & ~clear) | set;
      account(from, changed, true);
      erase_vmas(from, to);
      account(from, changed, false);
      insert_vma(from, std::move(changed));
      continue;
    }
    switch (advice) {
      case abi::madv_dontneed:
      case abi::madv_dontneed_locked:
        if (advice == abi::madv_dontneed && (vma.flags & kVmaLocked) != 0) return Errno::einval;
        TRY(discard_private(from, to, vma));
        break;
      case abi::madv_free:
        if (vma.object || vma.shared() || (vma.flags & kVmaLocked) != 0) return Errno::einval;
        // The pages may keep their bytes: giving them back now would only cost the next touch.
        break;
      case abi::madv_remove: {
        if ((vma.flags & kVmaLocked) != 0) return Errno::einval;
        if (!vma.object) return Errno::einval;
        if (!vma.shared() || (vma.may & platform::kProtWrite) == 0) return Errno::eacces;
        if (vma.object->store() == nullptr) return Errno::eopnotsupp;
        break;  // Mm punches the hole, without the lock
      }
      case abi::madv_guard_install:
        if ((vma.flags & (kVmaSpecial | kVmaLocked)) != 0) return Errno::einval;
        TRY(install_guard(from, to, vma));
        break;
      case abi::madv_guard_remove:
        if ((vma.flags & kVmaSpecial) != 0) return Errno::einval;
        remove_guard(from, to);
        break;
      case abi::madv_cold:
      case abi::madv_pageout:
        if ((vma.flags & (kVmaSpecial | kVmaLocked)) != 0) return Errno::einval;
        break;
      default:
        break;  // hints
    }
  }
  return verdict;
}

// MADV_GUARD_INSTALL: what was there goes, and a touch is SIGSEGV; the VMA stays whole. Linux: madvise_guard_install.
Result<void> AddressSpace::install_guard(u64 start, u64 end, const Vma& vma) {
  const u8 prot = vma.prot;
  const auto first = extent_from(start);
  if (first != extents_.end() && first->first < end) {
    Orders orders;
    orders.unmap(start, end - start);
    const Result<void> done = apply(orders);
    if (!done.ok()) return done.is(Errno::esrch) ? Errno::enomem : done;  // nothing was changed
    drop(take_extents(start, end));                                       // proof: the order above
  }
  insert_extent(start, Extent{.end = end, .offset = start, .prot = prot, .guard = true});
  return success;
}

void AddressSpace::remove_guard(u64 start, u64 end) {
  cut_extent(start);
  cut_extent(end);
  for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < end;) {
    it = it->second.guard ? extents_.erase(it) : std::next(it);
  }
  merge_extents(start, end);
}

// MADV_DONTNEED of private memory: pages of our own are emptied in place; others are taken out and come again by faults.
Result<void> AddressSpace::discard_private(u64 start, u64 end, const Vma& vma) {
  if (vma.shared()) return success;
  const bool anonymous = !vma.object;
  cut_extent(start);
  cut_extent(end);
  Plan plan;
  std::vector<ArenaRange> emptied;
  std::vector<u64> gone;
  for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < end; ++it) {
    const Extent& extent = it->second;
    if (!extent.owns_pages()) continue;
    const ArenaRange range{extent.offset, extent.end - it->first};
    if (anonymous && !extent.cow && !vma.userfault) {
      emptied.push_back(range);
      continue;
    }
    plan.orders.unmap(it->first, range.length);
    gone.push_back(it->first);
  }
  TRY(commit(plan, start, end));
  for (const ArenaRange range : emptied) arena_.reset(range);
  for (const u64 at : gone) {
    const auto it = extents_.find(at);
    const ArenaRange range{it->second.offset, it->second.end - at};
    extents_.erase(it);
    arena_.unref(range);  // proof: commit
  }
  merge_extents(start, end);
  return success;
}

Result<void> AddressSpace::residency(u64 start, u64 end, std::vector<u8>& pages) {
  TRY(check_mapped(start, end));
  pages.assign((end - start) / kPageSize, 0);
  for (auto it = extent_from(start); it != extents_.end() && it->first < end; ++it) {
    const u64 from = std::max(it->first, start), to = std::min(it->second.end, end);
    u8* out = pages.data() + (from - start) / kPageSize;
    if (it->second.file) {
      std::fill_n(out, (to - from) / kPageSize, u8{1});
    } else if (it->second.owns_pages()) {
      arena_.residency({it->second.offset + (from - it->first), to - from}, out);
      for (u64 i = 0; i < (to - from) / kPageSize; ++i) out[i] &= 1;
    }
  }
  return success;
}

u64 AddressSpace::resident_bytes(u64 start, u64 end) const {
  u64 sum = 0;
  auto it = extents_.upper_bound(start);
  if (it != extents_.begin() && std::prev(it)->second.end > start) --it;
  for (; it != extents_.end() && it->first < end; ++it) {
    if (!it->second.guard) sum += std::min(it->second.end, end) - std::max(it->first, start);
  }
  return sum;
}

Result<void> AddressSpace::lock(u64 start, u64 end, bool locked, bool populate_too, const MmLimits& limits) {
  TRY(check_mapped(start, end));
  if (locked) {
    u64 already = 0;
    for (auto it = vma_from(start); it != vmas_.end() && it->first < end; ++it) {
      if ((it->second.flags & kVmaLocked) != 0) already += std::min(it->second.end, end) - std::max(it->first, start);
    }
    if (locked_bytes_ - already + (end - start) > limits.locked) return Errno::enomem;
  }
  if (vmas_.size() + cuts_needed(start, end) > arena_.settings.max_map_count + 1) return Errno::enomem;
  cut_vma(start);
  cut_vma(end);
  for (auto it = vmas_.lower_bound(start); it != vmas_.end() && it->first < end; ++it) {
    if ((it->second.flags & kVmaSpecial) != 0) continue;
    Vma changed = it->second;
    changed.flags = locked ? changed.flags | kVmaLocked : changed.flags & ~kVmaLocked;
    account(it->first, changed, true);
    account(it->first, it->second, false);
    it->second.flags = changed.flags;
  }
  merge_vmas(start, end);
  if (!locked || !populate_too) return success;
  switch (populate(start, end, Access::read)) {
    case Resolution::resolved:
    case Resolution::no_access:
      return success;  // what cannot be accessed is locked all the same
    default:
      return Errno::enomem;
  }
}

Resolution AddressSpace::populate(u64 start, u64 end, Access access) {
  for (u64 at = start; at < end;) {
    auto extent = extent_at(at);
    const bool writes = access == Access::write;
    if (extent == extents_.end() || (writes && (extent->second.cow || extent->second.file)) ||
        extent->second.host != extent->second.host_protection() || extent->second.prot == 0) {
      const Resolution resolution = resolve(at, access);
      if (resolution != Resolution::resolved) return resolution;
      extent = extent_at(at);
      if (extent == extents_.end()) return Resolution::no_memory;
    } else if (writes && (extent->second.prot & platform::kProtWrite) == 0) {
      return Resolution::no_access;
    }
    const u64 to = std::min(extent->second.end, end);
    // A look makes a page of the arena present, where there is room for it.
    for (u64 page = at; extent->second.owns_pages() && page < to; page += kPageSize) {
      u8 byte = 0;
      const u8* there = arena_.at(extent->second.offset + (page - extent->first));
      if (platform::safe_copy(&byte, there, 1) != 1) return Resolution::no_memory;
    }
    at = to;
  }
  return Resolution::resolved;
}

Result<void> AddressSpace::name_anonymous(u64 start, u64 end, const std::string& name) {
  const Result<void> mapped = check_mapped(start, end);
  if (vmas_.size() + 2 > arena_.settings.max_map_count) return Errno::enomem;
  for (auto it = vma_from(start); it != vmas_.end() && it->first < end; ++it) {
    if (it->second.object && it->second.object->file()) return Errno::ebadf;
  }
  cut_vma(start);
  cut_vma(end);
  for (auto it = vmas_.lower_bound(start); it != vmas_.end() && it->first < end; ++it) it->second.name = name;
  merge_vmas(start, end);
  return mapped;
}

Result<void> AddressSpace::seal(u64 start, u64 end) {
  TRY(check_mapped(start, end));
  if (vmas_.size() + 2 > arena_.settings.max_map_count) return Errno::enomem;
  cut_vma(start);
  cut_vma(end);
  for (auto it = vmas_.lower_bound(start); it != vmas_.end() && it->first < end; ++it) it->second.flags |= kVmaSealed;
  merge_vmas(start, end);
  return success;
}

// Where this VMA maps pages of the run: not copies of its own.
void AddressSpace::find_store_pages(u64 vma_start, const Vma& vma, const StoreRun& run,
                                    std::vector<std::pair<u64, u64>>& ranges) {
  const u64 first = vma.offset / kPageSize, last = first + (vma.end - vma_start) / kPageSize;
  const u64 from = std::max(first, run.first), to = std::min(last, run.first + run.range.length / kPageSize);
  if (from >= to) return;
  const u64 low = vma_start + (from - first) * kPageSize, high = vma_start + (to - first) * kPageSize;
  for (auto it = extent_from(low); it != extents_.end() && it->first < high; ++it) {
    const u64 start = std::max(low, it->first), end = std::min(it->second.end, high);
    const u64 of_store = run.range.offset + ((start - vma_start) / kPageSize + first - run.first) * kPageSize;
    if (it->second.owns_pages() && it->second.offset + (start - it->first) == of_store) ranges.emplace_back(start, end);
  }
}

// Linux: unmap_mapping_range. Copies that this space made of private pages stay, but beyond a file's new end.
void AddressSpace::unmap_store_pages(const PageStore& store, std::span<const StoreRun> dropped, u64 cut) {
  std::vector<std::pair<u64, u64>> ranges;
  for (const auto& [vma_start, vma] : vmas_) {
    if (!vma.object || vma.object->store() != &store) continue;
    const u64 first = vma.offset / kPageSize, last = first + (vma.end - vma_start) / kPageSize;
    if (cut < last) {
      const u64 low = vma_start + (std::max(cut, first) - first) * kPageSize;
      for (auto it = extent_from(low); it != extents_.end() && it->first < vma.end; ++it) {
        if (it->second.owns_pages()) ranges.emplace_back(std::max(low, it->first), std::min(it->second.end, vma.end));
      }
    }
    for (const StoreRun& run : dropped) {
      if (run.first < cut) find_store_pages(vma_start, vma, run, ranges);
    }
  }
  if (ranges.empty()) return;
  Orders orders;
  for (const auto& [start, end] : ranges) orders.unmap(start, end - start);
  const bool proved = apply(orders).ok();
  if (!proved) space_.kill();
  for (const auto& [start, end] : ranges) {
    if (proved) {
      drop(take_extents(start, end));  // proof
    } else {
      doom(take_extents(start, end));
    }
  }
}

}  // namespace limen
