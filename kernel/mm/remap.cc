// mremap(2). Linux: mm/mremap.c.
#include <algorithm>

#include "kernel/mm/address_space.h"

namespace limen {

Result<u64> AddressSpace::remap(const RemapRequest& r, const MmLimits& limits) {
  const u64 old_end = r.from + r.old_length;
  if (old_end < r.from || old_end > bounds_.ceiling) return Errno::efault;
  if (r.fixed || r.keep_old) {  // of MREMAP_DONTUNMAP, `to` is a hint, and judged as a place
    if ((r.to & kPageMask) != 0 || r.new_length > bounds_.ceiling || r.to > bounds_.ceiling - r.new_length)
      return Errno::einval;
    if (r.to < old_end && r.from < r.to + r.new_length) return Errno::einval;
    if (r.fixed && r.to < bounds_.floor) return Errno::eperm;
  }
  const auto it = vma_at(r.from);
  if (it == vmas_.end() || (it->second.flags & kVmaIsland) != 0) return Errno::efault;
  const u64 vma_start = it->first;
  const Vma& vma = it->second;
  if ((vma.flags & kVmaSealed) != 0) return Errno::eperm;
  if (r.old_length == 0 && !vma.shared()) return Errno::einval;
  if (r.keep_old && (vma.object || vma.shared())) return Errno::einval;
  if (vmas_.size() + 4 > arena_.settings.max_map_count) return Errno::enomem;

  const bool moves_anyway = r.fixed || r.keep_old;
  if (!moves_anyway && r.new_length <= r.old_length) {
    if (r.new_length < r.old_length) TRY(unmap(r.from + r.new_length, old_end));
    return r.from;
  }
  if (old_end > vma.end) return Errno::efault;
  if (r.new_length > r.old_length && (vma.flags & kVmaSpecial) != 0) return Errno::efault;
  if (r.fixed) {
    TRY(unmap(r.to, r.to + r.new_length));
  } else if (!r.keep_old && r.old_length != 0 && old_end == vma.end) {
    const bool grown = TRY(grow_in_place(vma_start, r.new_length - r.old_length, limits));
    if (grown) return r.from;
  }
  if (!r.may_move) return Errno::enomem;
  u64 to = r.to;
  if (!r.fixed) {
    const MapRequest where{.addr = r.keep_old ? r.to : 0, .length = r.new_length};
    to = TRY(place(where));
  }
  RemapRequest rest = r;
  if (r.fixed && r.old_length > r.new_length) {
    TRY(unmap(r.from + r.new_length, old_end));
    rest.old_length = r.new_length;
  }
  return move(rest, to, vma_at(r.from)->first, limits);  // unmapping may have cut it
}

Result<bool> AddressSpace::grow_in_place(u64 vma_start, u64 delta, const MmLimits& limits) {
  const Vma& vma = vma_at(vma_start)->second;
  const u64 end = vma.end;
  if (delta > bounds_.ceiling - end) return false;
  const auto next = vmas_.lower_bound(end);
  if (next != vmas_.end() && start_with_gap(next->first, next->second) < end + delta) return false;
  MapRequest like{.addr = end, .length = delta, .prot = vma.prot, .flags = vma.flags, .object = vma.object};
  TRY(check_limits(like, 0, 0, limits));
  if ((vma.flags & kVmaLocked) != 0 && locked_bytes_ + delta > limits.locked) return Errno::eagain;
  Vma more = vma;
  more.end = end + delta;
  if (more.object) more.offset += end - vma_start;
  TRY(establish(end, std::move(more), Eagerness::usual));
  return true;
}

// The pages go with their references: for a moment the host maps them twice, in one address space, which is no new owner.
Result<u64> AddressSpace::move(const RemapRequest& r, u64 to, u64 vma_start, const MmLimits& limits) {
  TRY(unpatch(r.from, r.from + r.old_length));
  const Vma old = vma_at(vma_start)->second;
  const u64 from = r.from, from_end = r.from + r.old_length, to_end = to + r.new_length;
  MapRequest like{.addr = to, .length = r.new_length, .prot = old.prot, .flags = old.flags, .object = old.object};
  const u64 leaves = r.keep_old ? 0 : r.old_length;
  const bool is_data = old.copies() && (old.prot & platform::kProtWrite) != 0;
  TRY(check_limits(like, leaves, is_data ? leaves : 0, limits));
  if ((old.flags & kVmaLocked) != 0 && locked_bytes_ - leaves + r.new_length > limits.locked) return Errno::eagain;

  Vma moved = old;
  moved.end = to_end;
  moved.userfault = {},
  moved.flags &= ~(kVmaUserMissing | kVmaUserWriteProtect);  // as without UFFD_FEATURE_EVENT_REMAP
  if (moved.object) moved.offset += from - vma_start;
  account(to, moved, true);  // before its pages are mapped there
  Plan plan;
  cut_extent(from);
  cut_extent(from_end);
  std::vector<std::pair<u64, Extent>> carried;
  for (auto it = extents_.lower_bound(from); it != extents_.end() && it->first < from_end; ++it) {
    Extent extent = it->second;
    const u64 at = to + (it->first - from);
    extent.end = to + (it->second.end - from);
    extent.host = Extent::kUnmapped;
    extent.held = false;
    if (extent.mappable()) {
      extent.host = extent.host_protection();
      plan.orders.map(at, extent);
    }
    carried.emplace_back(at, std::move(extent));
  }
  Result<void> done = success;
  if (r.new_length > r.old_length) done = back(plan, to + r.old_length, to_end, to, moved, Eagerness::usual);
  if (done.ok() && !carried.empty()) plan.orders.unmap(from, r.old_length);
  if (done.ok()) {
    // On failure the carried pages still belong to the old extents, which say honestly that the host maps them, or not.
    done = commit(plan, to, to_end);
    if (!done.ok() && !carried.empty()) {
      const std::vector<std::pair<u64, Extent>> none;
      abandon(none, from, from_end);
    }
  } else {
    drop(plan.extents);  // never ordered
  }
  account(to, moved, false);
  if (!done.ok()) {
    merge_extents(from, from_end);
    return done.error();
  }
  extents_.erase(extents_.lower_bound(from), extents_.lower_bound(from_end));
  if (r.keep_old) {
    // MREMAP_DONTUNMAP: the old range stays, empty.
  } else {
    erase_vmas(from, from_end);
  }
  insert_vma(to, std::move(moved));
  for (auto& [at, extent] : carried) insert_extent(at, std::move(extent));
  adopt(plan);
  return to;
}

}  // namespace limen
