// mmap(2), munmap(2), mprotect(2), brk(2). Linux: mm/mmap.c, mm/mprotect.c.
#include <algorithm>

#include "kernel/mm/address_space.h"

namespace limen {
namespace {

constexpr u64 kLowCeiling = 0x80000000;  // MAP_32BIT: the first 2 GiB
constexpr u64 kLowFloor = 0x40000000;

bool counts_as_data(const Vma& vma) {
  return vma.copies() && (vma.prot & platform::kProtWrite) != 0 && (vma.flags & kVmaGrowsDown) == 0;
}

}  // namespace

Result<u64> AddressSpace::place(const MapRequest& r) const {
  const u64 top = bounds_.ceiling;
  if (r.length > top) return Errno::enomem;
  if (r.fixed) {
    if ((r.addr & kPageMask) != 0) return Errno::einval;
    if (r.addr > top - r.length) return Errno::enomem;
    if (r.addr < bounds_.floor) return Errno::eperm;
    if (r.no_replace && bytes_mapped(r.addr, r.addr + r.length) != 0) return Errno::eexist;
    return r.addr;
  }
  const auto is_free = [&](u64 at) {
    const auto next = vmas_.upper_bound(at);
    const bool free_above = next == vmas_.end() || at + r.length <= start_with_gap(next->first, next->second);
    return free_above && find_vma(at) == vmas_.end();
  };
  const u64 hint = r.addr == 0 ? 0 : std::max(page_ceil(r.addr), bounds_.floor);
  const u64 below = r.low ? kLowCeiling : top;
  if (hint != 0 && r.length <= below && hint <= below - r.length && is_free(hint)) return hint;
  if (r.low) {
    const u64 at = find_gap(r.length, std::max(kLowFloor, bounds_.floor), kLowCeiling);
    return at != 0 ? Result<u64>(at) : Errno::enomem;
  }
  if (const u64 at = find_gap(r.length, bounds_.floor, bounds_.mmap_base); at != 0) return at;
  if (const u64 at = find_gap(r.length, bounds_.floor, top); at != 0) return at;
  return Errno::enomem;
}

// Linux: may_expand_vm, the map count, and the heuristic that refuses what could never be backed.
Result<void> AddressSpace::check_limits(const MapRequest& r, u64 replaced, u64 data_replaced,
                                        const MmLimits& limits) const {
  if (vmas_.size() >= arena_.settings.max_map_count) return Errno::enomem;
  if (virtual_bytes_ - replaced + r.length > limits.address_space) return Errno::enomem;
  const Vma like{.end = r.length, .prot = r.prot, .flags = r.flags, .object = r.object};
  if (counts_as_data(like)) {
    if (data_bytes_ - data_replaced + r.length > limits.data) return Errno::enomem;
    const bool guesses = arena_.settings.overcommit_memory == MemorySettings::guess;
    const bool hopeless = !r.object && (r.flags & kVmaNoReserve) == 0 && r.length > arena_.largest_mapping();
    if (guesses && hopeless) return Errno::enomem;
    if (r.length > data_replaced && !arena_.may_commit(r.length - data_replaced)) return Errno::enomem;
  }
  return success;
}

Result<u64> AddressSpace::map(const MapRequest& r, const MmLimits& limits) {
  const u64 start = TRY(place(r));
  const u64 end = start + r.length;
  if (r.fixed) TRY(clear_islands(start, end));
  stack_limit_ = limits.stack, address_limit_ = limits.address_space;
  u64 replaced = 0, data_replaced = 0;
  for (auto it = vma_from(start); r.fixed && it != vmas_.end() && it->first < end; ++it) {
    if ((it->second.flags & kVmaSealed) != 0) return Errno::eperm;
    const u64 bytes = std::min(it->second.end, end) - std::max(it->first, start);
    replaced += bytes;
    if (counts_as_data(it->second)) data_replaced += bytes;
  }
  TRY(check_limits(r, replaced, data_replaced, limits));
  Vma vma{.end = end,
          .prot = r.prot,
          .may = r.may,
          .flags = r.flags,
          .object = r.object,
          .offset = r.offset,
          .name = r.name};
  TRY(establish(start, std::move(vma), r.populate ? Eagerness::all : Eagerness::usual, r.may_wait && !r.populate));
  map_known_patches(start);
  if (!mappings_wait_) (void)settle().ok();  // the patches; without them calls trap
  return start;
}

// A new VMA with what backs it, over whatever was there.
Result<void> AddressSpace::establish(u64 start, Vma vma, Eagerness eagerness, bool asked_to_wait) {
  const u64 end = vma.end;
  const bool waits = asked_to_wait && can_wait(start, vma);
  // An object must know its mapper before pages of it are mapped (PageStore::discard).
  account(start, vma, true);
  Plan plan;
  Result<void> backed = back(plan, start, end, start, vma, eagerness);
  const auto old = extent_from(start);
  const bool had_extents = old != extents_.end() && old->first < end;
  if (backed.ok() && waits) {
    for (auto& [at, extent] : plan.extents) extent.host = Extent::kUnmapped;
    let_wait(start, end);
    mappings_wait_ = true;
  } else if (backed.ok()) {
    const bool covers = plan.extents.size() == 1 && plan.extents[0].first == start && plan.extents[0].second.end == end;
    if (had_extents && !covers) {
      // The old mapping goes first; new pages are laid over the hole.
      Orders orders;
      orders.unmap(start, end - start);
      orders.append(plan.orders);
      plan.orders = std::move(orders);
    }
    backed = commit(plan, start, end);
  } else {
    drop(plan.extents);  // never ordered
  }
  if (!backed.ok()) {
    account(start, vma, false);
    return backed.is(Errno::esrch) ? Errno::enomem : backed;
  }
  if (had_extents) drop(take_extents(start, end));  // proof: replaced or unmapped by the orders above, or never mapped
  erase_vmas(start, end);
  const Vma counted = vma;
  insert_vma(start, std::move(vma));
  account(start, counted, false);  // last: a store must not lose sight of its mapper
  adopt(plan);
  return success;
}

Result<void> AddressSpace::unmap(u64 start, u64 end) {
  TRY(clear_islands(start, end));
  if (vmas_.size() + cuts_needed(start, end) > arena_.settings.max_map_count + 1) return Errno::enomem;
  for (auto it = vma_from(start); it != vmas_.end() && it->first < end; ++it) {
    if ((it->second.flags & kVmaSealed) != 0) return Errno::eperm;
  }
  return unmap_range(start, end);
}

Result<void> AddressSpace::unmap_range(u64 start, u64 end) {
  const auto first = extent_from(start);
  if (first != extents_.end() && first->first < end) {
    u64 from = std::max(first->first, start), to = from;
    bool mapped = false;
    for (auto it = first; it != extents_.end() && it->first < end; ++it) {
      to = std::min(it->second.end, end);
      mapped = mapped || it->second.host != Extent::kUnmapped;
    }
    if (mapped) {
      Orders orders;
      orders.unmap(from, to - from);
      const Result<void> done = apply(orders);
      if (done.is(Errno::esrch)) {
        // Dying: the mapping may still be there for a moment, so its pages stay ours until the process is dead.
        doom(take_extents(start, end));
      } else if (!done.ok()) {
        return done;  // nothing was changed
      }
    }
    drop(take_extents(start, end));  // proof: the order above
  }
  erase_vmas(start, end);
  return success;
}

Result<void> AddressSpace::protect(u64 start, u64 end, u8 prot, const MmLimits& limits) {
  TRY(clear_islands(start, end));
  // As Linux does it VMA by VMA: what stands before the first that refuses is changed.
  Result<void> verdict = success;
  u64 stop = start;
  for (auto it = vma_from(start); stop < end; ++it) {
    if (it == vmas_.end() || it->first > stop) {
      verdict = Errno::enomem;
      break;
    }
    const Vma& vma = it->second;
    if ((prot & ~vma.may) != 0) {
      verdict = Errno::eacces;
      break;
    }
    if ((vma.flags & kVmaSealed) != 0) {
      verdict = Errno::eperm;
      break;
    }
    const u64 bytes = std::min(vma.end, end) - stop;
    Vma like = vma;
    like.prot = prot;
    const bool becomes_data = counts_as_data(like) && !counts_as_data(vma);
    if (becomes_data && (data_bytes_ + bytes > limits.data || !arena_.may_commit(bytes))) {
      verdict = Errno::enomem;
      break;
    }
    stop = std::min(vma.end, end);
  }
  if (stop > start) {
    if (vmas_.size() + cuts_needed(start, stop) > arena_.settings.max_map_count + 1) return Errno::enomem;
    TRY(protect_range(start, stop, prot));
  }
  return verdict;
}

Result<void> AddressSpace::protect_range(u64 start, u64 end, u8 prot) {
  Plan plan;
  for (auto it = vma_from(start); it != vmas_.end() && it->first < end; ++it) {
    Vma changed = it->second;
    changed.prot = prot;
    const u64 from = std::max(it->first, start), to = std::min(changed.end, end);
    u64 at = from;
    for (auto e = extent_from(from); at < to; ++e) {
      const bool none_left = e == extents_.end() || e->first >= to;
      const u64 hole_end = none_left ? to : std::max(e->first, at);
      if (hole_end > at) {
        const Result<void> backed = back(plan, at, hole_end, it->first, changed, Eagerness::usual);
        if (!backed.ok()) {
          drop(plan.extents);  // never ordered
          return backed;
        }
      }
      if (none_left) break;
      const u64 piece_end = std::min(e->second.end, to), piece = std::max(e->first, at);
      Extent target = e->second;
      target.prot = prot;
      if (e->second.host != Extent::kUnmapped && e->second.host != target.host_protection()) {
        plan.orders.protect(piece, piece_end - piece, target.host_protection());
      }
      at = piece_end;
    }
  }
  TRY(commit(plan, start, end));
  cut_extent(start);
  cut_extent(end);
  for (auto e = extents_.lower_bound(start); e != extents_.end() && e->first < end; ++e) {
    e->second.prot = prot;
    if (e->second.host != Extent::kUnmapped) e->second.host = e->second.host_protection();
  }
  adopt(plan);
  merge_extents(start, end);
  cut_vma(start);
  cut_vma(end);
  for (auto it = vmas_.lower_bound(start); it != vmas_.end() && it->first < end; ++it) {
    Vma changed = it->second;
    changed.prot = prot;
    account(it->first, changed, true);  // first: a store must not lose sight of its mapper
    account(it->first, it->second, false);
    it->second.prot = prot;
  }
  merge_vmas(start, end);
  return success;
}

u64 AddressSpace::brk(u64 wanted, const MmLimits& limits) {
  if (wanted < brk_start_ || brk_start_ == 0) return brk_;
  if (limits.data != kNoLimit && wanted - brk_start_ > limits.data) return brk_;
  const u64 old_end = page_ceil(brk_), new_end = page_ceil(wanted);
  if (new_end < wanted || new_end > bounds_.ceiling) return brk_;
  if (new_end < old_end) {
    if (!unmap(new_end, old_end).ok()) return brk_;
  } else if (new_end > old_end) {
    const auto next = vma_from(old_end);
    if (next != vmas_.end() && start_with_gap(next->first, next->second) < new_end + kPageSize) return brk_;
    const MapRequest grow{.addr = old_end,
                          .length = new_end - old_end,
                          .prot = platform::kProtRead | platform::kProtWrite,
                          .flags = default_lock_flags(),
                          .fixed = true};
    if (!map(grow, limits).ok()) return brk_;
  }
  brk_ = wanted;
  return brk_;
}

}  // namespace limen
