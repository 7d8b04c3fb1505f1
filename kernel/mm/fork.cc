// fork(2): the child shares every private page copy-on-write. Linux: mm/memory.c:copy_page_range.
#include <algorithm>

#include "kernel/mm/address_space.h"

namespace limen {
namespace {

// What both go on writing at once: the parent keeps these pages, the child gets copies, and neither faults. That is so around the
// stack pointer, and where the host writes; and after an earlier fork, where a process got pages of its own by a write, it is
// going to write again.
constexpr u64 kHotBelow = 2 * kPageSize, kHotAbove = 2 * kPageSize;
constexpr u64 kHotWhole = 8 * kPageSize;
constexpr u64 kHotPiece = 64 << 10,
              kHotTotal = 512 << 10;  // larger ones were taken over whole, not written page by page

bool inherited(const Vma& vma) { return (vma.flags & kVmaDontFork) == 0; }

}  // namespace

Result<void> AddressSpace::fork_into(AddressSpace& child, u64 stack_pointer) {
  if (!arena_.may_commit(data_bytes_)) return Errno::enomem;
  const Hot hot = find_hot(stack_pointer);
  child.brk_start_ = brk_start_, child.brk_ = brk_;
  child.islands_ = islands_;
  child.stack_limit_ = stack_limit_, child.address_limit_ = address_limit_;
  // Stores learn of the child before it has any of their pages.
  for (const auto& [start, vma] : vmas_) {
    if (!inherited(vma)) continue;
    Vma copy = vma;
    copy.flags &=
        ~(kVmaLocked | kVmaUserMissing | kVmaUserWriteProtect);  // not inherited: mlock(2), ioctl_userfaultfd(2)
    copy.userfault = {};
    child.account(start, copy, true);
    child.vmas_.emplace_hint(child.vmas_.end(), start, std::move(copy));
  }
  // Nobody writes a shared page from here on: apply() returned.
  TRY(write_protect_private(hot));
  Orders orders;
  Result<void> shared = success;
  for (const auto& [start, vma] : vmas_) {
    if (!inherited(vma) || (vma.flags & kVmaWipeOnFork) != 0) continue;
    shared = share_with(child, start, vma, hot, orders);
    if (!shared.ok()) break;
  }
  merge_extents(0, bounds_.ceiling);
  TRY(shared);
  TRY(child.apply(orders));
  child.merge_vmas(0, bounds_.ceiling);
  child.merge_extents(0, bounds_.ceiling);
  return success;
}

bool AddressSpace::pin(u64 start, u64 length) {
  if (start > bounds_.ceiling - length) return false;
  const u64 from = page_floor(start), to = page_ceil(start + length);
  if (populate(from, to, Access::write) != Resolution::resolved) return false;
  count_pins(from, to, 1);
  return true;
}

void AddressSpace::unpin(u64 start, u64 length) { count_pins(page_floor(start), page_ceil(start + length), -1); }

void AddressSpace::count_pins(u64 from, u64 to, i32 by) {
  for (u64 page = from; page < to; page += kPageSize) {
    const auto at = pins_.try_emplace(page, 0).first;
    at->second += static_cast<u32>(by);
    if (at->second == 0) pins_.erase(at);
  }
}

AddressSpace::Hot AddressSpace::find_hot(u64 stack_pointer) {
  const u64 sp = page_floor(stack_pointer);
  u64 from = 0, to = 0;
  if (const auto stack = find_vma(sp); stack_pointer != 0 && stack != vmas_.end()) {
    from = std::max(stack->first, sp - std::min(sp, kHotBelow)), to = std::min(stack->second.end, sp + kHotAbove);
    cut_extent(from);
    cut_extent(to);
  }
  // Small extents are copied whole: no more pieces for the host.
  const auto is_pinned = [&](u64 start, u64 end) {
    const auto pin = pins_.lower_bound(start);
    return pin != pins_.end() && pin->first < end;
  };
  for (const auto& [page, count] : pins_) {
    const auto at = find_extent(page);
    if (at == extents_.end() || at->second.end - at->first <= kHotWhole) continue;
    cut_extent(page);
    cut_extent(page + kPageSize);
  }
  Hot hot, written;
  u64 total = 0;
  bool forked_before = false;
  for (const auto& [start, vma] : vmas_) {
    if (!vma.copies() || !inherited(vma) || (vma.flags & kVmaWipeOnFork) != 0) continue;
    cut_extent(start);
    cut_extent(vma.end);
    for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < vma.end; ++it) {
      const u64 length = it->second.end - it->first;
      if (!it->second.owns_pages()) continue;
      if (it->second.cow) {
        forked_before |= !vma.object;
      } else if ((it->first >= from && it->second.end <= to) || is_pinned(it->first, it->second.end)) {
        hot.push_back(it->first);
      } else if ((it->second.prot & platform::kProtWrite) != 0 && length <= kHotPiece && total + length <= kHotTotal) {
        total += length;
        written.push_back(it->first);
      }
    }
  }
  if (forked_before) hot.insert(hot.end(), written.begin(), written.end());
  std::sort(hot.begin(), hot.end());
  return hot;
}

Result<void> AddressSpace::write_protect_private(const Hot& hot) {
  Orders orders;
  std::vector<Extent*> changed;
  for (const auto& [start, vma] : vmas_) {
    if (!vma.copies() || !inherited(vma) || (vma.flags & kVmaWipeOnFork) != 0) continue;
    for (auto it = extents_.lower_bound(start); it != extents_.end() && it->first < vma.end; ++it) {
      Extent& extent = it->second;
      const bool writable = extent.host == Extent::kUncertain ||
                            (extent.host != Extent::kUnmapped && (extent.host & platform::kProtWrite) != 0);
      if (!extent.owns_pages() || !writable || std::binary_search(hot.begin(), hot.end(), it->first)) continue;
      const u8 readable =
          extent.prot == 0 ? u8{0} : static_cast<u8>((extent.prot | platform::kProtRead) & ~platform::kProtWrite);
      orders.protect(it->first, extent.end - it->first, readable);
      changed.push_back(&extent);
    }
  }
  const Result<void> done = apply(orders);
  for (Extent* extent : changed) {
    extent->cow = true;  // also where the order failed: a write then finds that the page has one owner
    extent->host = done.ok() ? extent->host_protection() : Extent::kUncertain;
  }
  return done.is(Errno::esrch) ? Errno::enomem : done;
}

// What backs one VMA, in the child too; references first, orders for the child's own batch.
Result<void> AddressSpace::share_with(AddressSpace& child, u64 vma_start, const Vma& vma, const Hot& hot,
                                      Orders& orders) {
  for (auto it = extent_from(vma_start); it != extents_.end() && it->first < vma.end; ++it) {
    Extent& extent = it->second;
    const u64 start = std::max(it->first, vma_start);
    Extent copy = extent;
    copy.end = std::min(extent.end, vma.end);
    copy.offset += start - it->first;
    const ArenaRange range{copy.offset, copy.end - start};
    bool populate = false;
    if (!extent.owns_pages()) {
      // A clean file, a guard: nothing to count.
    } else if (vma.copies() && !extent.cow && std::binary_search(hot.begin(), hot.end(), start)) {
      const Arena::Grant grant = TRY(arena_.allocate_as(range.length, Arena::kAnywhere, Arena::Fill::stale));
      copy_contents(range, grant);
      copy.offset = grant.range.offset;
      populate = true;
    } else {
      // Private, read-only until now: the child's and ours from here on.
      if (vma.copies()) extent.cow = copy.cow = true;
      arena_.ref(range);
    }
    copy.host = Extent::kUnmapped;
    copy.held = false;
    if (copy.mappable()) {
      copy.host = copy.host_protection();
      orders.map(start, copy, populate);
    }
    child.extents_.emplace_hint(child.extents_.end(), start, std::move(copy));
  }
  return success;
}

}  // namespace limen
