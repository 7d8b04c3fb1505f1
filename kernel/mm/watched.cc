// Memory whose faults a program resolves: userfaultfd(2). Linux: mm/userfaultfd.c, fs/userfaultfd.c:userfaultfd_register.
#include <algorithm>

#include "kernel/mm/address_space.h"

namespace limen {
namespace {

constexpr u32 kWatched = kVmaUserMissing | kVmaUserWriteProtect;

bool can_be_watched(const Vma& vma) {
  return !vma.object && !vma.shared() && (vma.flags & (kVmaSpecial | kVmaIsland)) == 0;
}

bool is_zero(const u8* page) {
  return std::all_of(page, page + kPageSize, [](u8 byte) { return byte == 0; });
}

}  // namespace

Result<void> AddressSpace::check_watched(u64 start, u64 end, const Userfault& who, u32 flags) const {
  for (u64 at = start; at < end;) {
    const auto vma = find_vma(at);
    if (vma == vmas_.end() || vma->second.userfault.get() != &who) return Errno::enoent;
    if ((flags & ~vma->second.flags) != 0) return Errno::enoent;
    at = vma->second.end;
  }
  return success;
}

Result<void> AddressSpace::check_watchable(u64 start, u64 end, const Userfault& who) const {
  auto vma = find_vma(start);
  if (vma == vmas_.end()) vma = vmas_.upper_bound(start);
  if (vma == vmas_.end() || vma->first >= end) return Errno::einval;
  for (; vma != vmas_.end() && vma->first < end; ++vma) {
    const bool is_others = vma->second.userfault && vma->second.userfault.get() != &who;
    if (is_others || !can_be_watched(vma->second)) return Errno::einval;
  }
  return success;
}

Result<void> AddressSpace::watch(u64 start, u64 end, const Ref<Userfault>& who, u32 flags) {
  const auto first = vma_from(start);
  if (first == vmas_.end() || first->first >= end) return Errno::einval;
  for (auto it = first; it != vmas_.end() && it->first < end; ++it) {
    if (!can_be_watched(it->second)) return Errno::einval;
    if (it->second.userfault && it->second.userfault != who) return Errno::ebusy;
  }
  if (vmas_.size() + 2 > arena_.settings.max_map_count) return Errno::enomem;
  if ((flags & kVmaUserMissing) != 0) TRY(drop_untouched(start, end));
  cut_vma(start);
  cut_vma(end);
  for (auto it = vmas_.lower_bound(start); it != vmas_.end() && it->first < end; ++it) {
    if (it->second.userfault && (it->second.flags & flags) == flags) continue;  // in this way already
    it->second.userfault = who;
    it->second.flags = (it->second.flags & ~kWatched) | flags;
  }
  merge_vmas(start, end);
  return success;
}

Result<void> AddressSpace::unwatch(u64 start, u64 end, const Userfault* who) {
  TRY(hold(start, end, Hold::no));
  cut_vma(start);
  cut_vma(end);
  for (auto it = vmas_.lower_bound(start); it != vmas_.end() && it->first < end; ++it) {
    if (!it->second.userfault || (who != nullptr && it->second.userfault.get() != who)) continue;
    it->second.userfault = {};
    it->second.flags &= ~kWatched;
  }
  merge_vmas(start, end);
  return success;
}

// The host maps nothing of it while the pages are looked at, so that no touch is lost; who touches one waits for our lock.
Result<void> AddressSpace::drop_untouched(u64 start, u64 end) {
  Plan plan;
  plan.orders.unmap(start, end - start);
  TRY(commit(plan, start, end));
  mark_unmapped(start, end);
  std::vector<u64> untouched;
  for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < end; ++it) {
    const Extent& extent = it->second;
    if (!extent.owns_pages()) continue;
    std::vector<u8> resident((extent.end - it->first) / kPageSize);
    arena_.residency({extent.offset, extent.end - it->first}, resident.data());
    for (usize i = 0; i < resident.size(); ++i) {
      if ((resident[i] & 1) == 0 || is_zero(arena_.at(extent.offset + i * kPageSize)))
        untouched.push_back(it->first + i * kPageSize);
    }
  }
  for (usize i = 0; i < untouched.size();) {
    const u64 from = untouched[i];
    u64 to = from;
    while (i < untouched.size() && untouched[i] == to) to += kPageSize, ++i;
    drop(take_extents(from, to));  // proof: commit
  }
  Orders orders;
  for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < end; ++it) {
    if (it->second.mappable()) orders.map(it->first, it->second);
  }
  if (!apply(orders).ok()) return success;  // by faults, then
  for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < end; ++it) {
    if (it->second.mappable()) it->second.host = it->second.host_protection();
  }
  return success;
}

Result<void> AddressSpace::provide(u64 addr, std::span<const u8> bytes, Hold how) {
  const auto vma = vma_at(addr);
  if (vma == vmas_.end() || !vma->second.userfault) return Errno::enoent;
  if (extent_at(addr) != extents_.end()) return Errno::eexist;
  const Arena::Fill fill = bytes.empty() ? Arena::Fill::zeroed : Arena::Fill::stale;
  const Result<Arena::Grant> grant = arena_.allocate_as(kPageSize, near_for(addr, addr + kPageSize), fill);
  if (!grant.ok()) return Errno::enomem;
  const u64 offset = grant->range.offset;
  if (!bytes.empty() && platform::safe_copy(arena_.at(offset), bytes.data(), kPageSize) != kPageSize) {
    arena_.unref(grant->range);  // no guest saw it
    return Errno::enomem;
  }
  Extent page{.end = addr + kPageSize, .offset = offset, .prot = vma->second.prot, .held = how == Hold::yes};
  return replace(addr, std::move(page), !bytes.empty()) == Resolution::resolved ? Result<void>() : Errno::enomem;
}

// What is not there yet is not held: as on Linux without UFFD_FEATURE_WP_UNPOPULATED.
Result<void> AddressSpace::hold(u64 start, u64 end, Hold how) {
  cut_extent(start);
  cut_extent(end);
  Plan plan;
  const bool held = how == Hold::yes;
  const auto changes = [&](const Extent& extent) { return extent.owns_pages() && extent.held != held; };
  for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < end; ++it) {
    if (!changes(it->second)) continue;
    Extent changed = it->second;
    changed.held = held;
    if (changed.host != Extent::kUnmapped && changed.host != changed.host_protection())
      plan.orders.protect(it->first, changed.end - it->first, changed.host_protection());
  }
  TRY(commit(plan, start, end));
  for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < end; ++it) {
    if (!changes(it->second)) continue;
    it->second.held = held;
    if (it->second.host != Extent::kUnmapped) it->second.host = it->second.host_protection();
  }
  merge_extents(start, end);
  return success;
}

bool AddressSpace::waits_for_user(u64 addr, Access access) const {
  const auto vma = find_vma(addr);
  if (vma == vmas_.end() || !vma->second.userfault) return false;
  const auto extent = find_extent(addr);
  if (extent == extents_.end()) return (vma->second.flags & kVmaUserMissing) != 0;
  return extent->second.held && (access == Access::write || access == Access::forced_write);
}

}  // namespace limen
